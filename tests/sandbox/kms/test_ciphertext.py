import pytest
from hypothesis import given
from hypothesis import strategies as st

from clauseproof.sandbox.kms.ciphertext import Ciphertext
from clauseproof.sandbox.kms.secret import Undecryptable

names = st.text(max_size=60)


@given(names, names, st.binary())
def test_a_frame_survives_the_way_through_bytes(key: str, material: str, sealed: bytes) -> None:
    frame = Ciphertext(key, material, sealed)
    assert Ciphertext.from_bytes(frame.to_bytes()) == frame


@given(st.binary(max_size=600))
def test_foreign_bytes_are_undecryptable_or_a_frame_and_never_anything_else(blob: bytes) -> None:
    try:
        frame = Ciphertext.from_bytes(blob)
    except Undecryptable:
        return
    assert frame.to_bytes() == blob


def test_a_frame_cut_inside_a_name_is_undecryptable() -> None:
    blob = Ciphertext("key", "material", b"").to_bytes()
    with pytest.raises(Undecryptable):
        Ciphertext.from_bytes(blob[:-1])


def test_a_name_too_long_for_its_length_byte_is_refused() -> None:
    with pytest.raises(ValueError, match="255 bytes"):
        Ciphertext("k" * 256, "material", b"")
