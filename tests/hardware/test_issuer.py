"""The authority a certificate names."""

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from clauseproof.hardware.issuer import Issuer, issuer_of
from clauseproof.model.errors import EvidenceRejected
from tests.support.certificates import DAY, NOW, new_key


def issued_by(*attributes: tuple[x509.ObjectIdentifier, str]) -> bytes:
    key = new_key()
    name = x509.Name([x509.NameAttribute(oid, value) for oid, value in attributes])
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, NOW - DAY, NOW + DAY)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


def test_organisation_common_name_and_country_are_read() -> None:
    der = issued_by(
        (NameOID.COUNTRY_NAME, "de"), (NameOID.ORGANIZATION_NAME, "D-Trust GmbH"), (NameOID.COMMON_NAME, "D-TRUST CA 2")
    )
    issuer = issuer_of(der)
    assert issuer == Issuer(("D-Trust GmbH", "D-TRUST CA 2"), ("DE",))
    assert str(issuer) == "D-Trust GmbH / D-TRUST CA 2 (DE)"


def test_every_organisation_and_country_counts() -> None:
    der = issued_by(
        (NameOID.COUNTRY_NAME, "DE"),
        (NameOID.COUNTRY_NAME, "US"),
        (NameOID.ORGANIZATION_NAME, "One"),
        (NameOID.ORGANIZATION_NAME, "Two"),
    )
    assert issuer_of(der) == Issuer(("One", "Two"), ("DE", "US"))


def test_an_issuer_without_a_name_is_said_to_have_none() -> None:
    assert str(issuer_of(issued_by())) == "an issuer without a name"


def test_what_stands_in_a_name_is_shown_and_does_nothing() -> None:
    assert "\x1b" not in str(issuer_of(issued_by((NameOID.ORGANIZATION_NAME, "\x1b[2Jevil"))))


def test_bytes_that_are_no_certificate_are_rejected() -> None:
    with pytest.raises(EvidenceRejected):
        issuer_of(b"\x30\x00")
