"""Signed zones and the server that answers for them, bent one promise at a time."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import dns.dnssec
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdataset
import dns.rdatatype
import dns.rrset
import dns.zone
from cryptography.hazmat.primitives.asymmetric import ec
from dns.dnssectypes import Algorithm, DSDigest
from dns.rdtypes.ANY.DNSKEY import DNSKEY

from clauseproof.facts.endpoint import Endpoint
from clauseproof.facts.zone import SignedAnswers
from clauseproof.model.look import Look
from clauseproof.model.profile import Network
from clauseproof.probes.zone import signed_answers
from tests.support.dns import NameServer

NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)
SIGNED_UNTIL = NOW + 14 * DAY

RRSIG, NSEC, NSEC3, DS = dns.rdatatype.RRSIG, dns.rdatatype.NSEC, dns.rdatatype.NSEC3, dns.rdatatype.DS


@dataclass
class Signer:
    """A zone's key, for signing everything (a combined signing key, ECDSA P-256)."""

    flags: int = 257
    private: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    @property
    def key(self) -> DNSKEY:
        return dns.dnssec.make_dnskey(self.private.public_key(), Algorithm.ECDSAP256SHA256, flags=self.flags)

    def ds(self, zone: str) -> str:
        """The DS record that a parent, or an anchor file, has for it."""
        return str(dns.dnssec.make_ds(zone, self.key, DSDigest.SHA256))


@dataclass
class Zone:
    """One zone: its records in master-file form, relative to its origin; signed unless `signed` is False.

    Attributes:
        ends: when its signatures end.
        ds: whether the zone above has a DS record for it.
        nsec3: proves what is not there by NSEC3; `opt_out` lets unsigned delegations lie in the gaps.
        bend: changes the zone after it was signed.
    """

    origin: str
    records: str = ""
    signed: bool = True
    begins: datetime = NOW - DAY
    ends: datetime = SIGNED_UNTIL
    ds: bool = True
    nsec3: bool = False
    opt_out: bool = False
    bend: Callable[[dns.zone.Zone], None] = lambda zone: None
    signer: Signer = field(default_factory=Signer)


@dataclass
class SignedServer(NameServer):
    """Answers for all zones at once, as a resolver would, with signatures and proofs where DNSSEC is asked for."""

    records: Mapping[str, list[str]] = field(default_factory=dict)
    zones: dict[dns.name.Name, dns.zone.Zone] = field(default_factory=dict)
    strips: bool = False
    """Whether signatures are dropped, as by a forwarder that knows no DNSSEC."""

    def _fill(self, response: dns.message.Message, name: dns.name.Name, kind: str) -> None:
        zone = self._zone(name, kind)
        if zone is None:
            response.set_rcode(dns.rcode.REFUSED)
            return
        rdtype = dns.rdatatype.from_text(kind)
        for type_ in (rdtype, dns.rdatatype.CNAME):
            if self._add(response.answer, zone, name, type_):
                alias = zone.get_rdataset(name, type_) if type_ != rdtype else None
                if alias and not self.terse and self._zone(alias[0].target, kind):
                    self._fill(response, alias[0].target, kind)
                return
        wildcard = dns.name.Name((b"*", *name.labels[1:]))
        node = zone.get_node(name)
        if node is None and self._expand(response, zone, wildcard, name, rdtype):
            return
        if node is None and not any(other.is_subdomain(name) for other in zone.nodes):
            response.set_rcode(dns.rcode.NXDOMAIN)
        self._add(response.authority, zone, zone.origin or name, dns.rdatatype.SOA)
        for owner in _proof(zone, name):
            self._add(response.authority, zone, owner, NSEC)
            self._add(response.authority, zone, owner, NSEC3)

    def _zone(self, name: dns.name.Name, kind: str) -> dns.zone.Zone | None:
        """The deepest zone that has the name; of a DS record, that above it."""
        fits = [origin for origin in self.zones if name.is_subdomain(origin)]
        if kind == "DS":
            fits = [origin for origin in fits if origin != name]
        return self.zones[max(fits, key=len)] if fits else None

    def _add(
        self, section: list[dns.rrset.RRset], zone: dns.zone.Zone, name: dns.name.Name, rdtype: dns.rdatatype.RdataType
    ) -> bool:
        found = zone.get_rrset(name, rdtype)
        if found is None:
            return False
        section.append(found)
        signatures = zone.get_rrset(name, RRSIG, rdtype)
        if signatures is not None and not self.strips:
            section.append(signatures)
        return True

    def _expand(
        self,
        response: dns.message.Message,
        zone: dns.zone.Zone,
        wildcard: dns.name.Name,
        name: dns.name.Name,
        rdtype: dns.rdatatype.RdataType,
    ) -> bool:
        start = len(response.answer)
        if not self._add(response.answer, zone, wildcard, rdtype):
            return False
        for one in response.answer[start:]:
            copy = dns.rrset.from_rdata_list(name, one.ttl, list(one))
            if one.covers:
                copy.covers = one.covers
            response.answer[response.answer.index(one)] = copy
        for owner in _proof(zone, name):
            self._add(response.authority, zone, owner, NSEC)
            self._add(response.authority, zone, owner, NSEC3)
        return True


def _proof(zone: dns.zone.Zone, name: dns.name.Name) -> list[dns.name.Name]:
    """Owners of every NSEC and NSEC3 record of the zone: small zones prove all they can."""
    return [owner for owner, node in zone.nodes.items() for one in node.rdatasets if one.rdtype in (NSEC, NSEC3)]


def signed_server(*zones: Zone, **moods: str) -> SignedServer:
    """A server for zones, which are signed and delegated to one another; the first is the one anchors are for."""
    made: dict[dns.name.Name, dns.zone.Zone] = {}
    for zone in sorted(zones, key=lambda zone: -len(dns.name.from_text(zone.origin))):
        made[dns.name.from_text(zone.origin)] = _build(zone, [one for one in zones if _parent(one, zones) is zone])
    return SignedServer(zones=made, moods=moods)


def anchor(zone: Zone) -> bytes:
    """The trust anchor for a zone, as an anchor file has it."""
    return f"{zone.origin} IN DS {zone.signer.ds(zone.origin)}\n".encode()


def _parent(zone: Zone, zones: Iterable[Zone]) -> Zone | None:
    name = dns.name.from_text(zone.origin)
    above = [z for z in zones if z is not zone and name.is_subdomain(dns.name.from_text(z.origin))]
    return max(above, key=lambda z: len(dns.name.from_text(z.origin)), default=None)


def _build(zone: Zone, children: Iterable[Zone]) -> dns.zone.Zone:
    lines = ["@ 300 IN SOA ns.invalid. host.invalid. 1 3600 600 86400 60", "@ 300 IN NS ns.invalid.", zone.records]
    for child in children:
        lines.append(f"{child.origin} 300 IN NS ns.invalid.")
        if child.ds and child.signed:
            lines.append(f"{child.origin} 300 IN DS {child.signer.ds(child.origin)}")
    made = dns.zone.from_text("\n".join(lines) + "\n", origin=zone.origin, relativize=False)
    if zone.signed:
        _sign(made, zone)
    zone.bend(made)
    return made


def _sign(made: dns.zone.Zone, zone: Zone) -> None:
    keys: list[tuple[Any, DNSKEY]] = [(zone.signer.private, zone.signer.key)]
    dns.dnssec.sign_zone(made, keys=keys, inception=zone.begins, expiration=zone.ends)
    if zone.nsec3:
        _to_nsec3(made, zone)


def _to_nsec3(made: dns.zone.Zone, zone: Zone) -> None:
    """NSEC3 records in place of NSEC ones (RFC 5155, section 7.1), no salt, one iteration."""
    types: dict[dns.name.Name, set[dns.rdatatype.RdataType]] = {}
    for name, node in list(made.nodes.items()):
        node.delete_rdataset(dns.rdataclass.IN, NSEC)
        node.delete_rdataset(dns.rdataclass.IN, RRSIG, NSEC)
        types[name] = {one.rdtype for one in node.rdatasets}
        for labels in range(len(made.origin or ()) + 1, len(name)):
            types.setdefault(name.split(labels)[1], set())
    if zone.opt_out:
        types = {n: t for n, t in types.items() if not (dns.rdatatype.NS in t and not t & {DS, dns.rdatatype.SOA})}
    hashed = sorted((dns.dnssec.nsec3_hash(name, b"", 1, 1), here) for name, here in types.items())
    for (own, here), (following, _) in zip(hashed, hashed[1:] + hashed[:1], strict=True):
        add_signed(made, zone, f"{own}.{zone.origin}".replace("..", "."), _nsec3(here, following, zone.opt_out))


def _nsec3(types: set[dns.rdatatype.RdataType], following: str, opt_out: bool) -> dns.rdata.Rdata:
    shown = " ".join(dns.rdatatype.to_text(t) for t in sorted(types))
    return dns.rdata.from_text("IN", "NSEC3", f"1 {int(opt_out)} 1 - {following} {shown}")


def add_signed(made: dns.zone.Zone, zone: Zone, name: str, record: dns.rdata.Rdata) -> None:
    """Put a record into a signed zone with a signature by the zone's key."""
    found = dns.rrset.from_rdata(dns.name.from_text(name), 60, record)
    signature = sign(found, zone)
    node = made.find_node(found.name, create=True)
    node.replace_rdataset(dns.rdataset.from_rdata(60, record))
    rdataset = dns.rdataset.from_rdata(60, signature)
    rdataset.covers = found.rdtype
    node.replace_rdataset(rdataset)


def sign(found: dns.rrset.RRset, zone: Zone) -> dns.rdata.Rdata:
    """A signature over a set by a zone's key."""
    origin = dns.name.from_text(zone.origin)
    return dns.dnssec.sign(
        found, zone.signer.private, origin, zone.signer.key, inception=zone.begins, expiration=zone.ends
    )


def drop(name: str, rdtype: str, covers: str = "NONE") -> Callable[[dns.zone.Zone], None]:
    """A bend that removes a set, or the signatures over one (`drop(name, "RRSIG", "A")`)."""

    def bend(made: dns.zone.Zone) -> None:
        made.delete_rdataset(dns.name.from_text(name), rdtype, covers)

    return bend


def replace(name: str, rdtype: str, *records: str) -> Callable[[dns.zone.Zone], None]:
    """A bend that puts other records into a set and leaves the signatures as they were."""

    def bend(made: dns.zone.Zone) -> None:
        made.replace_rdataset(dns.name.from_text(name), dns.rdataset.from_text("IN", rdtype, 300, *records))

    return bend


def all_of(*bends: Callable[[dns.zone.Zone], None]) -> Callable[[dns.zone.Zone], None]:
    def bend(made: dns.zone.Zone) -> None:
        for one in bends:
            one(made)

    return bend


def look(*servers: NameServer) -> Look:
    """A look whose profile names these resolvers."""
    return Look(network=Network(resolvers=tuple(server.text for server in servers)))


def answers_about(name: str, *servers: NameServer) -> SignedAnswers:
    """What the probe sees of a name."""
    return asyncio.run(signed_answers(Endpoint(endpoint=f"https://{name}"), look(*servers)))
