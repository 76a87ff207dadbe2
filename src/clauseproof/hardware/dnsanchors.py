"""Trust anchors of DNSSEC: what is believed of a zone's keys without proof (RFC 4033, section 2)."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from clauseproof.hardware.rejection import printable, rejected

if TYPE_CHECKING:
    from dns.name import Name

IANA = b"""\
. IN DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D
. IN DS 38696 8 2 683D2D0ACB8C9B712A1948B27F741219298D0A450D612C483AF444A4C0FB2B16
"""
"""The root's keys of 2017 and 2024, from https://data.iana.org/root-anchors/root-anchors.xml, as a master file."""
MOST_BYTES = 256 * 1024

_REMEDY = "write DS or DNSKEY records as a master file has them, such as: . IN DS 20326 8 2 E06D44B8..."


@dataclass(frozen=True)
class Anchors:
    """DS and DNSKEY records by the zone they are for."""

    by_zone: "Mapping[Name, tuple[Any, ...]]"

    def closest(self, name: "Name") -> "Name | None":
        """The lowest zone at or above a name that an anchor is for (RFC 6840, appendix C)."""
        return max((zone for zone in self.by_zone if name.is_subdomain(zone)), key=len, default=None)


@functools.lru_cache(maxsize=8)
def read_anchors(files: tuple[bytes, ...]) -> Anchors:
    """Anchors of files with DS or DNSKEY records; EvidenceRejected for anything else, and where there are none."""
    found: dict[Name, list[Any]] = {}
    for data in files:
        for zone, record in _records(data):
            found.setdefault(zone, []).append(record)
    if not found:
        raise rejected("the trust anchors for DNSSEC", "there are none", "name some in anchors.dnssec of the profile")
    return Anchors({zone: tuple(records) for zone, records in found.items()})


def _records(data: bytes) -> "list[tuple[Name, Any]]":
    import dns.exception
    import dns.rdatatype
    import dns.zonefile

    if len(data) > MOST_BYTES:
        raise rejected("the trust anchors for DNSSEC", f"{len(data)} bytes, more than {MOST_BYTES}", _REMEDY)
    try:
        sets = dns.zonefile.read_rrsets(data.decode(), rdclass=None, default_ttl=0)
    except (dns.exception.DNSException, ValueError) as error:
        raise rejected("the trust anchors for DNSSEC", printable(error), _REMEDY) from error
    strange = [one for one in sets if one.rdtype not in (dns.rdatatype.DS, dns.rdatatype.DNSKEY)]
    if strange:
        kind = dns.rdatatype.to_text(strange[0].rdtype)
        raise rejected("the trust anchors for DNSSEC", f"a {kind} record is no anchor", _REMEDY)
    return [(one.name, record) for one in sets for record in one]
