"""Certificates that strict verifiers accept: cryptography's web profile and OpenSSL."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from clauseproof.sandbox.pki import Authority, Leaf

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
ROOT = Authority.root("Example Root CA", now=NOW)
LEAF = ROOT.subordinate("Example Issuing CA").issue(
    ["api.crm.example", "files.crm.example"], start=NOW - timedelta(days=30), end=NOW + timedelta(days=60)
)


def verify(leaf: Leaf, name: str, at: datetime = NOW) -> list[x509.Certificate]:
    own, *others = x509.load_pem_x509_certificates(leaf.chain)
    store = Store([ROOT.certificate])
    return PolicyBuilder().store(store).time(at).build_server_verifier(x509.DNSName(name)).verify(own, others)


@pytest.mark.parametrize("name", ["api.crm.example", "files.crm.example"])
def test_the_chain_leads_to_the_root_for_every_name(name: str) -> None:
    assert len(verify(LEAF, name)) == 3


def test_another_name_is_refused() -> None:
    with pytest.raises(VerificationError, match="no matching subjectAltName"):
        verify(LEAF, "app.crm.example")


def test_the_certificate_ends_when_it_was_told_to() -> None:
    with pytest.raises(VerificationError, match="not valid at validation time"):
        verify(LEAF, "api.crm.example", NOW + timedelta(days=61))


def test_alternative_names_are_not_critical() -> None:
    own = x509.load_pem_x509_certificates(LEAF.chain)[0]
    assert not own.extensions.get_extension_for_class(x509.SubjectAlternativeName).critical


def test_the_server_does_not_send_the_root() -> None:
    assert ROOT.certificate not in x509.load_pem_x509_certificates(LEAF.chain)
