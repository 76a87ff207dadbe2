"""YubiHSM 2 attestations made here: what they say, and each promise bent."""

import contextlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from clauseproof import EvidenceRejected
from clauseproof.hardware import yubihsm
from clauseproof.hardware.publickey import spki_sha256
from clauseproof.hardware.x509chain import read_anchors
from clauseproof.hardware.yubihsm import KeyAttestation, Origin
from clauseproof.sandbox.attestation import (
    EXPORTABLE_UNDER_WRAP,
    IMPORTED,
    OID,
    SIGN_ATTESTATION,
    SIGN_ECDSA,
    WRAPPED,
    Attestation,
    Authority,
    make_attestation,
    make_device,
)

NOW = datetime(2026, 11, 24, tzinfo=UTC)
KEY = ec.generate_private_key(ec.SECP256R1())
DEVICE = make_device(now=NOW, serial=4711)
attest = partial(DEVICE.attest, KEY.public_key())


def judge(made: Attestation, *, root: bytes | None = None, at: datetime = NOW) -> KeyAttestation:
    chain = [(f"chain-{number}.pem", data) for number, data in enumerate(made.chain)]
    anchors = read_anchors(root or made.root, "root.pem", "given by the test")
    return yubihsm.verify(("key.pem", made.attestation), chain, at=at, anchors=anchors)


def test_a_genuine_attestation_yields_its_facts() -> None:
    seen = judge(attest(label="tenant key", object_id=0x1234))
    assert (seen.serial, seen.firmware, seen.object_id, seen.label) == (4711, "2.4.0", 0x1234, "tenant key")
    assert seen.origin == {Origin.GENERATED}
    assert (seen.capabilities, seen.domains) == (("sign-ecdsa",), (1,))
    assert (seen.algorithm, seen.public_key_sha256) == ("EC secp256r1", spki_sha256(KEY.public_key()))
    assert seen.chain[1:] == ("CN=YubiHSM Attestation (4711)", "CN=Example HSM Sub-CA", "CN=Example HSM Root CA")
    assert seen.exportable is False
    assert seen.unknown_capabilities == ()
    assert len(seen.steps) == 4


def test_an_exportable_key_is_seen_as_such() -> None:
    assert judge(attest(capabilities=SIGN_ECDSA | EXPORTABLE_UNDER_WRAP)).exportable is True


def test_an_imported_key_is_seen_as_such() -> None:
    assert judge(attest(origin=IMPORTED)).origin == {Origin.IMPORTED}


def test_a_key_brought_in_under_wrap_is_seen_as_such() -> None:
    assert judge(attest(origin=IMPORTED | WRAPPED)).origin == {Origin.IMPORTED, Origin.WRAPPED}


def test_a_capability_of_a_newer_firmware_is_kept_by_number() -> None:
    assert judge(attest(capabilities=SIGN_ECDSA | 1 << 60)).unknown_capabilities == ("bit 60",)


def test_all_known_capabilities_have_the_numbers_of_the_vendor() -> None:
    named = judge(attest(capabilities=(1 << 56) - 1)).capabilities
    assert named == yubihsm.CAPABILITIES
    assert {n: named[n] for n in (0, 12, 16, 34, 46, 55)} == {
        0: "get-opaque",
        12: "export-wrapped",
        16: "exportable-under-wrap",
        34: "sign-attestation-certificate",
        46: "change-authentication-key",
        55: "delete-public-wrap-key",
    }


def test_the_chain_may_stand_in_the_attestations_own_file() -> None:
    made = attest()
    bundle = replace(made, attestation=made.attestation + b"".join(made.chain), chain=())
    assert judge(bundle).serial == 4711


def test_without_anchors_of_ones_own_only_yubicos_root_is_trusted() -> None:
    made = attest()
    with pytest.raises(EvidenceRejected, match="is not a trusted root"):
        yubihsm.verify(("key.pem", made.attestation), [("c", b"".join(made.chain))], at=NOW)


def test_step_1_another_makers_root_is_refused() -> None:
    with pytest.raises(EvidenceRejected, match="is not a trusted root"):
        judge(attest(), root=make_device(now=NOW).above[-1].pem)


def test_step_1_the_chain_of_another_device_of_the_same_number_is_refused() -> None:
    mine, other = attest(), make_device(now=NOW, serial=4711).attest(KEY.public_key())
    with pytest.raises(
        EvidenceRejected, match=r"^key\.pem: its signature does not verify with the key of chain-0\.pem"
    ):
        judge(replace(mine, chain=other.chain), root=other.root)


def test_step_1_the_devices_certificate_in_the_attestations_place_is_no_attestation() -> None:
    made = attest()
    swapped = replace(made, attestation=made.chain[0], chain=(made.attestation, *made.chain[1:]))
    with pytest.raises(EvidenceRejected, match=f"^chain-1.pem: .*lacks {OID}.2"):
        judge(swapped)


def test_step_1_an_expired_intermediate_is_refused() -> None:
    device = make_device(now=NOW, intermediate_until=NOW + timedelta(days=30))
    made = device.attest(KEY.public_key())
    assert judge(made).not_after == NOW + timedelta(days=30)
    with pytest.raises(EvidenceRejected, match=r"expired at 2026-12-24"):
        judge(made, at=NOW + timedelta(days=31))


def test_step_1_an_attested_key_cannot_attest_another() -> None:
    signer = attest(capabilities=SIGN_ECDSA | SIGN_ATTESTATION)
    leaf = x509.load_pem_x509_certificate(signer.attestation)
    outside = ec.generate_private_key(ec.SECP256R1())
    forged = replace(DEVICE, authority=Authority(KEY, leaf)).attest(outside.public_key())
    chain = (signer.attestation, *signer.chain)
    with pytest.raises(EvidenceRejected, match=r"^chain-0\.pem: .*do not make it an authority"):
        judge(replace(forged, chain=chain))


def test_step_2_an_attestation_that_names_another_device_is_refused() -> None:
    with pytest.raises(EvidenceRejected, match=r"^key\.pem: speaks of device 4712, and device 4711 signed it"):
        judge(attest(altered={f"{OID}.2": b"\x02\x02\x12\x68"}))


def test_step_2_a_key_that_the_owner_loaded_for_attesting_is_refused() -> None:
    own = DEVICE.above[0].issue("Own attestation key", KEY, path_length=0)
    made = replace(DEVICE, authority=own).attest(KEY.public_key())
    with pytest.raises(EvidenceRejected, match=r"^chain-0\.pem: .*is no device's own certificate"):
        judge(made)


def test_step_3_an_authority_is_not_an_attested_key() -> None:
    below = DEVICE.authority.issue("x", KEY, path_length=0, extensions={f"{OID}.2": b"\x02\x02\x12\x67"})
    with pytest.raises(EvidenceRejected, match=r"^key\.pem: is an authority's certificate"):
        judge(replace(attest(), attestation=below.pem))


@pytest.mark.parametrize("field", ["1", "2", "3", "4", "5", "6", "9"])
def test_step_3_an_attestation_that_lacks_an_extension_is_refused(field: str) -> None:
    with pytest.raises(EvidenceRejected, match=rf"^key\.pem, extension {OID}\.{field}: is missing"):
        judge(attest(altered={f"{OID}.{field}": None}))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("1", b"\x04\x04\2\4\0\0"),
        ("2", b"\x02\x05\x01\0\0\0\0"),
        ("3", b"\x03\x03\0\0\1"),
        ("4", b"\x03\x02\0\1"),
        ("5", b"\x03\x08\0\0\0\0\0\0\0\0"),
        ("5", b"\x04\x08\0\0\0\0\0\0\0\x80"),
        ("6", b"\x02\x03\x01\0\0"),
        ("9", b"\x0c\x01\xff"),
        ("9", b"\x0c\x29" + b"a" * 41),
    ],
)
def test_step_3_a_value_of_another_type_or_size_is_refused(field: str, value: bytes) -> None:
    with pytest.raises(EvidenceRejected, match=rf"^key\.pem, extension {OID}\.{field}: "):
        judge(attest(altered={f"{OID}.{field}": value}))


def test_step_3_bytes_behind_a_value_are_refused() -> None:
    with pytest.raises(
        EvidenceRejected, match=rf"extension {OID}\.3: the length says 2 bytes of content, and 3 follow"
    ):
        judge(attest(altered={f"{OID}.3": b"\x03\x02\0\1\0"}))


@pytest.mark.parametrize("origin", [0x00, 0x03, 0x10, 0x13])
def test_step_4_an_origin_that_is_neither_or_both_is_refused(origin: int) -> None:
    with pytest.raises(EvidenceRejected, match=f"origin {origin:#04x} is not one of generated and imported"):
        judge(attest(origin=origin))


def test_step_4_an_origin_with_unknown_bits_is_refused() -> None:
    with pytest.raises(EvidenceRejected, match="origin 0x05 has bits that have no meaning"):
        judge(attest(origin=0x05))


def test_a_label_that_would_steer_a_terminal_is_escaped() -> None:
    assert judge(attest(label="\x1b[2J\u202eyek")).label == "\\u001b[2J\\u202eyek"


def test_many_files_of_many_certificates_are_refused() -> None:
    made = attest()
    with pytest.raises(EvidenceRejected, match="more than 10 certificates in all"):
        judge(replace(made, chain=(b"".join(made.chain),) * 4))


ATTESTATION = attest()
DER = x509.load_pem_x509_certificate(ATTESTATION.attestation).public_bytes(Encoding.DER)


@given(st.integers(0, len(DER) - 1), st.integers(1, 255))
def test_no_changed_byte_survives(position: int, change: int) -> None:
    changed = bytearray(DER)
    changed[position] ^= change
    with pytest.raises(EvidenceRejected):
        judge(replace(ATTESTATION, attestation=bytes(changed)))


@given(st.integers(0, len(DER) - 1))
def test_no_truncated_attestation_survives(length: int) -> None:
    with pytest.raises(EvidenceRejected):
        judge(replace(ATTESTATION, attestation=DER[:length]))


@given(st.binary(max_size=500), st.lists(st.binary(max_size=200), max_size=3))
def test_any_bytes_are_rejected(attestation: bytes, chain: Sequence[bytes]) -> None:
    with pytest.raises(EvidenceRejected):
        judge(Attestation(attestation, tuple(chain), ATTESTATION.root))


@given(st.sampled_from("1234569"), st.binary(max_size=60))
def test_any_value_that_a_device_signs_is_read_or_rejected(field: str, value: bytes) -> None:
    with contextlib.suppress(EvidenceRejected):
        judge(attest(altered={f"{OID}.{field}": value}))


def test_the_sandboxs_short_form_makes_one_chain() -> None:
    assert judge(make_attestation(KEY.public_key(), now=NOW)).exportable is False
    assert judge(make_attestation(KEY.public_key(), now=NOW, exportable=True)).exportable is True
    assert judge(make_attestation(KEY.public_key(), now=NOW, imported=True)).origin == {Origin.IMPORTED}
