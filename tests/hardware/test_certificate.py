"""Reading certificates: bounds, forms, faults."""

import base64
import contextlib
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from clauseproof import EvidenceRejected
from clauseproof.hardware.certificate import read_certificates
from clauseproof.sandbox.attestation import OID, make_attestation

NOW = datetime(2026, 11, 24, tzinfo=UTC)
MADE = make_attestation(ec.generate_private_key(ec.SECP256R1()).public_key(), now=NOW)
DER = base64.b64decode("".join(MADE.attestation.decode().splitlines()[1:-1]))


def pem(der: bytes) -> bytes:
    return b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(der) + b"-----END CERTIFICATE-----\n"


def test_a_certificate_reads_the_same_in_pem_and_in_der() -> None:
    [from_pem], [from_der] = read_certificates(MADE.attestation, "a"), read_certificates(DER, "a")
    assert from_pem.sha256 == from_der.sha256
    assert from_pem.subject == "CN=YubiHSM Attestation id:0x0042"
    assert from_pem.private[f"{OID}.6"] == b"\x02\x01\x42"


def test_text_around_pem_blocks_is_skipped() -> None:
    bundle = b"Subject: whoever\n" + MADE.attestation + b"\nand its issuer\n" + MADE.chain[0]
    assert [c.where for c in read_certificates(bundle, "bundle.pem")] == ["bundle.pem", "bundle.pem, certificate 2"]


def test_a_file_without_certificates_is_refused() -> None:
    with pytest.raises(EvidenceRejected, match=r"^notes\.txt: no certificate in it"):
        read_certificates(b"see attachment", "notes.txt")


def test_a_truncated_pem_file_is_refused_with_the_offset() -> None:
    with pytest.raises(EvidenceRejected, match=r"^a\.pem: the certificate that begins at byte 2 has no end"):
        read_certificates(b"\n\n" + MADE.attestation[:400], "a.pem")


def test_a_block_that_is_no_base64_is_refused() -> None:
    with pytest.raises(EvidenceRejected, match="is no base64"):
        read_certificates(MADE.attestation.replace(b"\nM", b"\n*", 1), "a.pem")


def test_bytes_behind_the_certificate_are_refused() -> None:
    for data in (DER + b"\0", pem(DER + b"\0")):
        with pytest.raises(EvidenceRejected, match=r"no readable X\.509 certificate: .*ExtraData"):
            read_certificates(data, "a.der")


def test_an_extension_that_stands_twice_is_refused_by_name() -> None:
    domains, origin = bytes.fromhex("060a2b0601040182c40a0404"), bytes.fromhex("060a2b0601040182c40a0403")
    assert DER.count(domains) == 1
    with pytest.raises(EvidenceRejected, match=rf"extension {OID}\.3 stands in it twice"):
        read_certificates(DER.replace(domains, origin), "a.der")


def test_unused_bits_in_the_signature_are_refused() -> None:
    [read] = read_certificates(DER, "a.der")
    loose = bytearray(DER)
    loose[-len(read.parsed.signature) - 1] = 1
    with pytest.raises(EvidenceRejected, match=r"the signature is not a BIT STRING of whole bytes|InvalidValue"):
        read_certificates(bytes(loose), "a.der")


def test_a_large_certificate_is_refused_before_it_is_parsed() -> None:
    for data in (b"\x30" + bytes(64 * 1024), pem(b"\x30" + bytes(64 * 1024))):
        with pytest.raises(EvidenceRejected, match="65537 bytes, more than the 65536"):
            read_certificates(data, "a.der")


def test_a_large_file_is_refused() -> None:
    with pytest.raises(EvidenceRejected, match="1048577 bytes, more than"):
        read_certificates(b" " * (1024 * 1024 + 1), "a.pem")


def test_an_eleventh_certificate_is_refused() -> None:
    assert len(read_certificates(MADE.root * 10, "a.pem")) == 10
    with pytest.raises(EvidenceRejected, match="more than 10 certificates"):
        read_certificates(MADE.root * 11, "a.pem")


@given(st.binary(max_size=2000))
def test_any_bytes_are_read_or_rejected(data: bytes) -> None:
    for form in (data, b"\x30" + data, pem(data)):
        with contextlib.suppress(EvidenceRejected):
            read_certificates(form, "a")


@given(st.integers(0, len(DER) - 1), st.integers(1, 255))
def test_a_certificate_with_one_changed_byte_is_read_or_rejected(position: int, change: int) -> None:
    changed = bytearray(DER)
    changed[position] ^= change
    with contextlib.suppress(EvidenceRejected):
        read_certificates(bytes(changed), "a")
