"""What stands in a server's certificate beside names and dates."""

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import AuthorityInformationAccessOID
from hypothesis import given
from hypothesis import strategies as st

from clauseproof.hardware.certificate import read_certificate
from clauseproof.hardware.servercertificate import Key, KeyKind, details, key_of, out_of_order, signature_of
from clauseproof.model.errors import EvidenceRejected
from tests.support.certificates import Holder, authority, leaf, over_sha1
from tests.support.stamps import stamps

ROOT = authority()
CA = authority("Test CA", ROOT)
RSA = authority("RSA CA", ROOT, key=rsa.generate_private_key(65537, 2048))
NAME = "api.crm.example"
OCSP = x509.AccessDescription(AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier("http://ocsp.example"))


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (ec.generate_private_key(ec.SECP256R1()), Key(KeyKind.EC, 256, "EC secp256r1")),
        (ec.generate_private_key(ec.SECP384R1()), Key(KeyKind.EC, 384, "EC secp384r1")),
        (rsa.generate_private_key(65537, 3072), Key(KeyKind.RSA, 3072, "RSA 3072")),
    ],
)
def test_kind_and_size_of_the_key(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey, expected: Key) -> None:
    assert key_of(leaf(CA, NAME, key=key).certificate) == expected


def test_how_the_issuer_signed() -> None:
    assert signature_of(leaf(CA, NAME).certificate) == "ECDSA with SHA-256"
    assert signature_of(leaf(RSA, NAME).certificate) == "RSA with SHA-256"
    assert signature_of(read_certificate(over_sha1(leaf(RSA, NAME).chain[0]), "old").parsed) == "RSA with SHA-1"


def test_a_plain_certificate_has_nothing_more() -> None:
    plain = details(leaf(CA, NAME).certificate)
    assert (plain.scts, plain.logs, plain.must_staple, plain.asks) == (0, 0, False, False)


def test_timestamps_are_counted_with_their_logs() -> None:
    found = details(leaf(CA, NAME, more=[stamps(b"a", b"b", b"b")]).certificate)
    assert (found.scts, found.logs) == (3, 2)


def test_a_certificate_may_ask_for_a_stapled_response_and_name_a_responder() -> None:
    staple = x509.TLSFeature([x509.TLSFeatureType.status_request])
    asks = details(leaf(CA, NAME, more=[staple, x509.AuthorityInformationAccess([OCSP])]).certificate)
    assert (asks.must_staple, asks.asks) == (True, True)


def chain(*holders: Holder) -> list[bytes]:
    return [holder.chain[0] for holder in holders]


def test_a_chain_in_which_each_issued_the_one_before_is_in_order() -> None:
    own = leaf(CA, NAME)
    assert out_of_order(chain(own)) is None
    assert out_of_order(chain(own, CA)) is None
    assert out_of_order(chain(own, CA, ROOT)) is None


def test_the_first_certificate_that_did_not_issue_the_one_before_is_named() -> None:
    own = leaf(CA, NAME)
    assert out_of_order(chain(own, ROOT, CA)) == 2
    assert out_of_order(chain(own, CA, RSA)) == 3
    assert out_of_order(chain(own, own)) == 2
    assert out_of_order(chain(own, authority("Test CA", ROOT))) == 2


def test_bytes_that_are_no_certificate_have_no_order() -> None:
    with pytest.raises(EvidenceRejected, match="certificate 2"):
        out_of_order([*chain(leaf(CA, NAME)), b"\x30\x00"])


_DER = leaf(CA, NAME, more=[stamps(b"a")]).chain[0]


@given(st.integers(0, len(_DER) - 1), st.integers(1, 255))
def test_damaged_certificates_are_rejected_or_described_and_nothing_else(position: int, change: int) -> None:
    changed = bytearray(_DER)
    changed[position] ^= change
    try:
        found = details(read_certificate(bytes(changed), "damaged").parsed)
    except EvidenceRejected:
        return
    assert found.scts >= 0
