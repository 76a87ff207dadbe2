"""Keys and signatures of DNS zones, one at a time (RFC 4034, sections 3 and 5)."""

import enum
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dns.name import Name
    from dns.rdataset import Rdataset
    from dns.rrset import RRset


class Fit(enum.Enum):
    """Whether keys are the ones that somebody named."""

    NAMED = "named"
    OTHERS = "others"
    UNKNOWN = "named by digests that are not known here"


@dataclass(frozen=True)
class Fault:
    """What is wrong with a signature, as the end of "the signature over the A records of ..."; `known` is False where
    its algorithm is one that cannot be checked here."""

    words: str
    known: bool = True


def named_keys(zone: "Name", keys: "RRset", by: Iterable[Any]) -> "tuple[Fit, Rdataset | None]":
    """The keys of a zone that DS or DNSKEY records name."""
    import dns.rdataset

    records = tuple(by)
    found = [key for key in keys if any(_names(zone, key, record) for record in records)]
    if found:
        return Fit.NAMED, dns.rdataset.from_rdata_list(keys.ttl, found)
    return (Fit.OTHERS if any(_can_read(record) for record in records) else Fit.UNKNOWN), None


def _can_read(record: Any) -> bool:
    from dns.dnssectypes import DSDigest

    return getattr(record, "digest_type", DSDigest.SHA256) in (DSDigest.SHA1, DSDigest.SHA256, DSDigest.SHA384)


def _names(zone: "Name", key: Any, record: Any) -> bool:
    import dns.dnssec
    import dns.exception
    import dns.rdatatype

    if record.rdtype == dns.rdatatype.DNSKEY:
        return bool(key == record)
    if (record.key_tag, record.algorithm) != (dns.dnssec.key_id(key), key.algorithm):
        return False
    try:
        return bool(dns.dnssec.make_ds(zone, key, record.digest_type, validating=True) == record)
    except (dns.exception.UnsupportedAlgorithm, dns.exception.DeniedByPolicy):
        return False


def fault_of(found: "RRset", signature: Any, zone: "Name", keys: "Rdataset", when: datetime) -> Fault | None:
    """What is wrong with one signature over a record set at a time; None where it is good."""
    import dns.dnssec
    import dns.exception

    try:
        dns.dnssec.validate_rrsig(found, signature, {zone: _for(found, keys)}, now=when.timestamp())
    except dns.exception.UnsupportedAlgorithm:
        return Fault(f"is of algorithm {int(signature.algorithm)}, which cannot be checked here", known=False)
    except dns.exception.ValidationFailure as error:
        return Fault(_words(signature, keys, str(error)))
    return None


def _for(found: "RRset", keys: "Rdataset") -> "Rdataset":
    """The keys that may sign a set: a revoked one signs its key set and nothing else (RFC 5011, section 2.1)."""
    import dns.rdataset
    from dns.rdatatype import DNSKEY
    from dns.rdtypes.dnskeybase import Flag

    if found.rdtype == DNSKEY:
        return keys
    good = [key for key in keys if not key.flags & Flag.REVOKE]
    return dns.rdataset.from_rdata_list(keys.ttl, good) if good else dns.rdataset.Rdataset(keys.rdclass, keys.rdtype)


def _words(signature: Any, keys: "Rdataset", said: str) -> str:
    import dns.dnssec

    if said == "expired":
        return f"expired on {ends(signature):%Y-%m-%d %H:%M} UTC"
    if said == "not yet valid":
        return f"is not valid before {datetime.fromtimestamp(signature.inception, UTC):%Y-%m-%d %H:%M} UTC"
    if signature.key_tag not in {dns.dnssec.key_id(key) for key in keys}:
        return f"is by key {signature.key_tag}, which is none of its zone's"
    return "does not fit them and its zone's keys"


def ends(signature: Any) -> datetime:
    """When a signature ends."""
    return datetime.fromtimestamp(signature.expiration, UTC)
