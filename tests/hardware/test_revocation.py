"""What OCSP responses and revocation lists prove, and every reason why one proves nothing."""

import contextlib
from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from hypothesis import given
from hypothesis import strategies as st

from clauseproof.hardware.certificate import read_certificate
from clauseproof.hardware.revocation import Standing, Word, judge_list, judge_response
from clauseproof.model.errors import EvidenceRejected
from tests.support.certificates import DAY, NOW, Holder, authority, leaf, over_sha1
from tests.support.revocation import COMPROMISED, HELD, POINT, REVOKED, UNKNOWN, crl, points, responder, response

ROOT = authority()
CA = authority("Test CA", ROOT)
OTHER = authority("Other CA", ROOT)
LEAF = leaf(CA, "api.crm.example", more=[points(POINT)])
RSA = authority("RSA CA", ROOT, key=rsa.generate_private_key(65537, 2048))
OF_RSA = leaf(RSA, "api.crm.example")
NEIGHBOUR = leaf(CA, "web.crm.example")
SECOND = timedelta(seconds=1)


def stapled(der: bytes, holder: Holder = LEAF, issuer: Holder = CA, days: float = 0) -> Word:
    return judge_response(der, holder.certificate, issuer.certificate, NOW + days * DAY)


def listed(data: bytes, holder: Holder = LEAF, issuer: Holder = CA, days: float = 0) -> Word:
    return judge_list(data, "ca.crl", holder.certificate, issuer.certificate, NOW + days * DAY)


# OCSP


def test_the_issuers_own_word_is_good_until_the_next_is_due() -> None:
    assert stapled(response(LEAF, CA)) == Word(Standing.GOOD, None, "", NOW + 3 * DAY)


def test_a_revocation_is_told_with_its_day_and_reason() -> None:
    word = stapled(response(LEAF, CA, REVOKED))
    assert (word.standing, word.since, word.reason) == (Standing.REVOKED, NOW - 5 * DAY, "keyCompromise")


def test_a_revocation_stays_although_the_response_is_old() -> None:
    assert stapled(response(LEAF, CA, REVOKED), days=300).standing is Standing.REVOKED


def test_a_hold_counts_no_longer_than_the_response() -> None:
    der = response(LEAF, CA, REVOKED, reason=HELD)
    assert stapled(der).standing is Standing.REVOKED
    with pytest.raises(EvidenceRejected, match="it speaks of"):
        stapled(der, days=300)


def test_before_it_was_revoked_it_was_good() -> None:
    der = response(LEAF, CA, REVOKED, since=NOW - 9 * DAY, revoked=NOW - DAY)
    assert stapled(der, days=-2).standing is Standing.GOOD
    assert stapled(der).standing is Standing.REVOKED


@pytest.mark.parametrize("days", [-1.01, 3.01, 400])
def test_a_response_of_another_time_proves_nothing(days: float) -> None:
    with pytest.raises(EvidenceRejected, match="it speaks of"):
        stapled(response(LEAF, CA), days=days)


def test_a_response_that_does_not_say_until_when_proves_nothing() -> None:
    with pytest.raises(EvidenceRejected, match="until when"):
        stapled(response(LEAF, CA, until=None))


def test_a_response_about_another_certificate_proves_nothing() -> None:
    with pytest.raises(EvidenceRejected, match="another certificate"):
        stapled(response(NEIGHBOUR, CA))
    with pytest.raises(EvidenceRejected, match="another certificate"):
        stapled(response(LEAF, OTHER), issuer=CA)


def test_a_responder_that_the_issuer_appointed_speaks_for_it() -> None:
    appointed = responder(CA)
    der = response(LEAF, CA, signer=appointed, carries=[appointed.certificate])
    assert stapled(der).standing is Standing.GOOD


@pytest.mark.parametrize(
    "signer",
    [responder(CA, appointed=False), responder(OTHER), responder(CA, until=NOW - SECOND), NEIGHBOUR],
    ids=["not appointed", "of another issuer", "expired", "another certificate of the issuer's"],
)
def test_nobody_else_speaks_for_the_issuer(signer: Holder) -> None:
    der = response(LEAF, CA, signer=signer, carries=[signer.certificate])
    with pytest.raises(EvidenceRejected, match="neither the issuer signed it nor a responder"):
        stapled(der)


def test_a_responder_whose_certificate_is_not_there_is_nobody() -> None:
    with pytest.raises(EvidenceRejected, match="neither the issuer"):
        stapled(response(LEAF, CA, signer=responder(CA)))


def test_a_signature_over_sha_1_proves_nothing() -> None:
    for judge, data in ((stapled, response(OF_RSA, RSA)), (listed, crl(RSA))):
        with pytest.raises(EvidenceRejected, match="sha1"):
            judge(over_sha1(data), OF_RSA, RSA)


def test_a_responder_that_does_not_know_the_certificate_proves_nothing() -> None:
    with pytest.raises(EvidenceRejected, match="does not know the certificate"):
        stapled(response(LEAF, CA, UNKNOWN))


def test_a_response_that_is_an_error_proves_nothing() -> None:
    der = ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.TRY_LATER).public_bytes(Encoding.DER)
    with pytest.raises(EvidenceRejected, match="its status is try_later"):
        stapled(der)


def test_an_rsa_issuer_is_believed_as_well() -> None:
    assert stapled(response(OF_RSA, RSA), OF_RSA, RSA).standing is Standing.GOOD
    assert listed(crl(RSA), OF_RSA, RSA).standing is Standing.GOOD


@given(st.binary(max_size=400))
def test_any_bytes_are_rejected(data: bytes) -> None:
    for judge in (stapled, listed):
        with pytest.raises(EvidenceRejected):
            judge(data)


_GOOD = response(LEAF, CA)


@given(st.integers(0, len(_GOOD) - 1), st.integers(1, 255))
def test_a_response_with_one_changed_byte_never_says_more(position: int, change: int) -> None:
    changed = bytearray(_GOOD)
    changed[position] ^= change
    with contextlib.suppress(EvidenceRejected):
        assert stapled(bytes(changed)) == stapled(_GOOD)


# Lists


def test_a_certificate_that_is_not_on_the_list_is_good_until_the_next_is_due() -> None:
    assert listed(crl(CA, NEIGHBOUR)) == Word(Standing.GOOD, None, "", NOW + 3 * DAY)


def test_a_certificate_on_the_list_is_revoked() -> None:
    word = listed(crl(CA, NEIGHBOUR, LEAF))
    assert (word.standing, word.since, word.reason) == (Standing.REVOKED, NOW - 5 * DAY, "keyCompromise")
    assert listed(crl(CA, LEAF, reason=None)).reason == ""
    assert listed(crl(CA, LEAF), days=300).standing is Standing.REVOKED


def test_a_list_in_pem_reads_the_same() -> None:
    pem = x509.load_der_x509_crl(crl(CA, LEAF)).public_bytes(Encoding.PEM)
    assert listed(pem) == listed(crl(CA, LEAF))


@pytest.mark.parametrize("days", [-1.01, 3.01])
def test_a_list_of_another_time_proves_nothing(days: float) -> None:
    with pytest.raises(EvidenceRejected, match="it speaks of"):
        listed(crl(CA), days=days)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (crl(OTHER, LEAF), "it is the list of CN=Other CA, not of the issuer"),
        (crl(CA, signer=OTHER), "the issuer did not sign it"),
    ],
)
def test_a_list_that_the_issuer_did_not_make_proves_nothing(data: bytes, says: str) -> None:
    with pytest.raises(EvidenceRejected, match=says):
        listed(data)


def part(**more: Any) -> x509.IssuingDistributionPoint:
    """Which part of all revocations a list has."""
    asked: dict[str, Any] = {
        "full_name": None,
        "relative_name": None,
        "only_contains_user_certs": False,
        "only_contains_ca_certs": False,
        "only_some_reasons": None,
        "indirect_crl": False,
        "only_contains_attribute_certs": False,
    }
    return x509.IssuingDistributionPoint(**asked | more)


@pytest.mark.parametrize(
    "extension",
    [part(full_name=[POINT]), part(only_contains_user_certs=True)],
    ids=["of its own point", "for servers and clients"],
)
def test_a_part_of_the_list_that_covers_the_certificate_speaks_of_it(extension: x509.ExtensionType) -> None:
    assert listed(crl(CA, LEAF, more=[extension])).standing is Standing.REVOKED
    assert listed(crl(CA, more=[extension])).standing is Standing.GOOD


@pytest.mark.parametrize(
    ("extension", "says"),
    [
        (part(full_name=[x509.UniformResourceIdentifier("http://crl.example/2.crl")]), "another distribution point"),
        (part(only_contains_ca_certs=True), "other certificates than a server's"),
        (part(indirect_crl=True), "other certificates than a server's"),
        (part(only_some_reasons=frozenset({COMPROMISED})), "some reasons only"),
        (x509.DeltaCRLIndicator(7), "a delta"),
        (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00"), "extension 1.2.3.4"),
    ],
)
def test_a_part_of_the_list_that_does_not_cover_it_proves_nothing(extension: x509.ExtensionType, says: str) -> None:
    with pytest.raises(EvidenceRejected, match=says):
        listed(crl(CA, more=[extension]))


def test_an_issuer_that_may_not_sign_lists_is_not_believed() -> None:
    holder = leaf(NEIGHBOUR, "api.crm.example")
    with pytest.raises(EvidenceRejected, match="did not sign"):
        listed(crl(NEIGHBOUR), holder, NEIGHBOUR)


@pytest.mark.filterwarnings("error")
def test_odd_serial_numbers_are_compared_without_a_warning() -> None:
    der, serial = LEAF.chain[0], LEAF.certificate.serial_number
    size = serial.bit_length() // 8 + 1
    plain = serial.to_bytes(size, "big")
    odd = read_certificate(der.replace(plain, b"\xff\x00" + plain[2:]), "odd").parsed
    with pytest.raises(EvidenceRejected, match="another certificate"):
        judge_response(response(LEAF, CA), odd, CA.certificate, NOW)
