"""The authority that issued a certificate, by the name that stands in it."""

from collections.abc import Iterator
from dataclasses import dataclass

from cryptography.x509 import Name, ObjectIdentifier
from cryptography.x509.oid import NameOID

from clauseproof.hardware.certificate import read_certificate
from clauseproof.hardware.rejection import printable


@dataclass(frozen=True)
class Issuer:
    """What an issuer's name says: common names and organisations, and countries in capitals (ISO 3166-1 alpha-2)."""

    names: tuple[str, ...]
    countries: tuple[str, ...]

    def __str__(self) -> str:
        return f"{' / '.join(map(printable, self.names)) or 'an issuer without a name'}" + (
            f" ({', '.join(map(printable, self.countries))})" if self.countries else ""
        )


def issuer_of(der: bytes) -> Issuer:
    """The issuer that a certificate names, true or not; EvidenceRejected where it cannot be read."""
    name = read_certificate(der, "certificate 1").parsed.issuer
    return Issuer(
        names=tuple(_values(name, NameOID.ORGANIZATION_NAME, NameOID.COMMON_NAME)),
        countries=tuple(value.upper() for value in _values(name, NameOID.COUNTRY_NAME)),
    )


def _values(name: Name, *kinds: ObjectIdentifier) -> Iterator[str]:
    for kind in kinds:
        for attribute in name.get_attributes_for_oid(kind):
            if isinstance(attribute.value, str):
                yield attribute.value
