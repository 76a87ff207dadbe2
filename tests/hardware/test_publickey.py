"""The key in question, in whatever form it was handed in."""

import contextlib

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from clauseproof import EvidenceRejected
from clauseproof.hardware.publickey import read_public_key, spki_sha256

KEY = ec.generate_private_key(ec.SECP256R1())
DIGEST = spki_sha256(KEY.public_key())
REQUEST = x509.CertificateSigningRequestBuilder(x509.Name([])).sign(KEY, hashes.SHA256())


@pytest.mark.parametrize("encoding", [Encoding.PEM, Encoding.DER])
def test_a_bare_public_key_is_read(encoding: Encoding) -> None:
    key = read_public_key(KEY.public_key().public_bytes(encoding, PublicFormat.SubjectPublicKeyInfo), "key")
    assert (key.source, key.algorithm, key.spki_sha256) == ("public key", "EC secp256r1", DIGEST)


@pytest.mark.parametrize("encoding", [Encoding.PEM, Encoding.DER])
def test_the_key_of_a_certificate_request_is_read(encoding: Encoding) -> None:
    key = read_public_key(REQUEST.public_bytes(encoding), "key.csr")
    assert (key.source, key.spki_sha256) == ("certificate request", DIGEST)


@pytest.mark.parametrize("encoding", [Encoding.PEM, Encoding.DER])
def test_a_request_that_its_own_key_did_not_sign_is_refused(encoding: Encoding) -> None:
    other = ec.generate_private_key(ec.SECP256R1())
    of_other = x509.CertificateSigningRequestBuilder(x509.Name([])).sign(other, hashes.SHA256())
    forged = of_other.public_bytes(Encoding.DER).replace(_point(other), _point(KEY))
    if encoding is Encoding.PEM:
        forged = x509.load_der_x509_csr(forged).public_bytes(Encoding.PEM)
    with pytest.raises(EvidenceRejected, match=r"^key\.csr: the request's own signature does not verify"):
        read_public_key(forged, "key.csr")


def test_edwards_keys_are_named() -> None:
    key = ed25519.Ed25519PrivateKey.generate().public_key()
    data = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    assert read_public_key(data, "key").algorithm == "Ed25519"


def test_a_file_with_two_keys_is_refused() -> None:
    with pytest.raises(EvidenceRejected, match="does not say which key is meant"):
        read_public_key(REQUEST.public_bytes(Encoding.PEM) * 2, "key.csr")


def test_anything_else_is_refused_showing_how_it_begins() -> None:
    with pytest.raises(EvidenceRejected, match=r"it begins with \\u001b\[2Jhello"):
        read_public_key(b"\x1b[2Jhello", "key")


def test_a_large_file_is_refused() -> None:
    with pytest.raises(EvidenceRejected, match="65537 bytes, more than"):
        read_public_key(bytes(65537), "key")


@given(st.binary(max_size=1000))
def test_any_bytes_are_read_or_rejected(data: bytes) -> None:
    for form in (data, b"-----BEGIN PUBLIC KEY-----\n" + data, b"-----BEGIN CERTIFICATE-----\n" + data):
        with contextlib.suppress(EvidenceRejected):
            read_public_key(form, "key")


def _point(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
