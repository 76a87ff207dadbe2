"""Strict primitive DER values."""

import contextlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clauseproof import EvidenceRejected
from clauseproof.hardware import der


@given(st.integers(0, 2**32 - 1))
def test_an_integer_in_its_shortest_form_is_read_back(number: int) -> None:
    content = number.to_bytes(number.bit_length() // 8 + 1, "big")
    assert der.integer(bytes((2, len(content))) + content, "field", most=2**32 - 1) == number


@given(st.text(max_size=200))
def test_utf8_text_of_any_length_is_read_back(text: str) -> None:
    content = text.encode()
    size = len(content)
    length = (
        bytes((size,)) if size < 128 else b"\x81" + bytes((size,)) if size < 256 else b"\x82" + size.to_bytes(2, "big")
    )
    assert der.utf8(b"\x0c" + length + content, "field", most=800) == text


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "no INTEGER, which has tag 0x02, but nothing"),
        (b"\x04\x01\x05", "no INTEGER, which has tag 0x02, but 04"),
        (b"\x02", "not in its shortest definite form"),
        (b"\x02\x01", "the length says 1 bytes of content, and 0 follow"),
        (b"\x02\x01\x05\x00", "the length says 1 bytes of content, and 2 follow"),
        (b"\x02\x00", "the INTEGER is not in its shortest form"),
        (b"\x02\x02\x00\x05", "the INTEGER is not in its shortest form"),
        (b"\x02\x01\xff", "outside 0 to 65535"),
        (b"\x02\x03\x01\x00\x00", "outside 0 to 65535"),
        (b"\x02\x80\x05\x00\x00", "not in its shortest definite form"),
        (b"\x02\x81\x01\x05", "not in its shortest definite form"),
        (b"\x02\x82\x00\x80" + bytes(128), "not in its shortest definite form"),
        (b"\x02\x83\x01\x00\x00" + bytes(65536), "not in its shortest definite form"),
    ],
)
def test_a_malformed_integer_is_refused_with_its_reason(data: bytes, reason: str) -> None:
    with pytest.raises(EvidenceRejected, match=f"^a.pem, serial: .*{re.escape(reason)}"):
        der.integer(data, "a.pem, serial", most=0xFFFF)


def test_a_bit_string_with_unused_bits_is_refused() -> None:
    with pytest.raises(EvidenceRejected, match="does not consist of whole bytes"):
        der.bits(b"\x03\x02\x01\x02", "origin", length=1)


def test_a_bit_string_of_another_length_is_refused() -> None:
    with pytest.raises(EvidenceRejected, match="2 bytes of content where 1 are due"):
        der.bits(b"\x03\x03\x00\x00\x01", "origin", length=1)


def test_an_octet_string_of_another_length_is_refused() -> None:
    with pytest.raises(EvidenceRejected, match="2 bytes of content where 3 are due"):
        der.octets(b"\x04\x02\x02\x02", "firmware", length=3)


def test_text_that_is_not_utf8_is_refused_with_its_offset() -> None:
    with pytest.raises(EvidenceRejected, match="not UTF-8 at byte 1"):
        der.utf8(b"\x0c\x02a\xff", "label", most=40)


def test_text_longer_than_allowed_is_refused() -> None:
    with pytest.raises(EvidenceRejected, match="41 bytes, more than 40"):
        der.utf8(b"\x0c\x29" + b"a" * 41, "label", most=40)


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_rejected(data: bytes) -> None:
    for read in (
        lambda: der.integer(data, "f", most=2**32),
        lambda: der.bits(data, "f", length=1),
        lambda: der.octets(data, "f", length=3),
        lambda: der.utf8(data, "f", most=40),
    ):
        with contextlib.suppress(EvidenceRejected):
            read()
