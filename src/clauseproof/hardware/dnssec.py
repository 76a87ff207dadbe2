"""Which records a trust anchor of the DNS vouches for: recorded responses in, an opinion out; no I/O, no clock.

The chain is built upwards from the signatures that are there (RFC 4035, section 5; RFC 6840):

1. A record set is signed by its zone with a key of that zone, and the signature is valid at the time of the case.
2. The zone's key set is signed by a key of its own, which
3. a trust anchor names, or a DS record set of a zone above, for which 1 to 3 hold in turn.

That there is nothing is proven by NSEC or NSEC3 records in the same way. Where a signature is missing, the way is
walked downwards from the anchor to say where they end: an unsigned delegation is another thing than a bogus answer.

Everything comes from the vendor or from whoever stands between. Keys, signatures and aliases are bounded, so that no
set of them keeps a judge busy (CVE-2023-50387). What is wrong with the root itself is never laid at the vendor's door.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NoReturn

from clauseproof.hardware.denial import MOST_RECORDS, Cut, Denials, Shown
from clauseproof.hardware.dnsanchors import Anchors
from clauseproof.hardware.dnskeys import Fit, ends, fault_of, named_keys
from clauseproof.hardware.dnsopinion import Bogus, Insecure, Opinion, Secure, Undecided
from clauseproof.hardware.dnsreply import Reply
from clauseproof.hardware.rejection import printable

if TYPE_CHECKING:
    from dns.name import Name
    from dns.rdataset import Rdataset
    from dns.rrset import RRset

MOST_KEYS = 16
MOST_SIGNATURES = 8
"""Signatures tried over one record set."""
MOST_CHECKS = 128
"""Signatures checked for one opinion."""
MOST_ALIASES = 8

Responses = Mapping[tuple[str, str], bytes]
"""Responses in wire format by name (lower case, final dot) and type; what was not answered is absent."""


def judge_records(responses: Responses, name: str, rdtype: str, when: datetime, anchors: Anchors) -> Opinion:
    """Whether the records of a name and type are proven at a time by what a resolver answered."""
    import dns.exception
    import dns.name
    import dns.rdatatype

    try:
        return _Proof(responses, when, anchors).records(dns.name.from_text(name), dns.rdatatype.from_text(rdtype))
    except _Ruled as ruled:
        return ruled.opinion
    except dns.exception.DNSException as error:
        return Undecided(f"the responses about {printable(name)} cannot be read: {printable(error)}")


def judge_recorded(
    responses: Responses, name: str, rdtype: str, when: datetime, recorded: datetime, anchors: Anchors
) -> Opinion:
    """The same for responses of a known time: that their signatures do not reach to another is nobody's fault."""
    opinion = judge_records(responses, name, rdtype, when, anchors)
    if isinstance(opinion, Secure):
        return opinion
    then = judge_records(responses, name, rdtype, recorded, anchors)
    if isinstance(then, Secure):
        return Undecided(f"the signatures recorded on {recorded:%Y-%m-%d} are good until {then.until:%Y-%m-%d}")
    return opinion


class _Ruled(Exception):
    """The opinion is formed, and it is not Secure."""

    def __init__(self, opinion: Insecure | Bogus | Undecided) -> None:
        super().__init__(opinion.reason)
        self.opinion = opinion


@dataclass(frozen=True)
class _Trust:
    """How far a chain reaches: the zones it went through, and the first end of a signature on it."""

    zones: tuple[str, ...]
    until: datetime


@dataclass(frozen=True)
class _Keys:
    """A zone's proven keys."""

    zone: "Name"
    records: "Rdataset"
    trust: _Trust


@dataclass(frozen=True)
class _Vouched:
    """What names a zone's entry keys, and in which words."""

    by: tuple[Any, ...]
    words: str
    trust: _Trust


_ALWAYS = datetime.max.replace(tzinfo=UTC)


class _Proof:
    """One opinion in the making."""

    def __init__(self, responses: Responses, when: datetime, anchors: Anchors) -> None:
        self._responses = responses
        self._when = when
        self._anchors = anchors
        self._known: dict[Name, _Keys] = {}
        self._checks = 0

    def records(self, name: "Name", rdtype: int, aliases: int = 0) -> Secure:
        """The proven records; _Ruled where they are not."""
        from dns.rdatatype import CNAME

        reply = self._reply(name, rdtype)
        found = reply.find(name, rdtype)
        if found is not None:
            trust = self._signed(reply, found)
            return Secure(_text(name), tuple(sorted(r.to_text() for r in found)), trust.zones, trust.until)
        alias = reply.find(name, CNAME)
        if alias is None:
            return self._none(reply, name, rdtype)
        if reply.redirects() and reply.signatures(alias) is None:
            raise _undecided(f"{_shown(name)} lies below a DNAME record, which is not followed here")
        trust = self._signed(reply, alias)
        if aliases == MOST_ALIASES:
            raise _undecided(f"{_shown(name)} is an alias behind {MOST_ALIASES} others")
        target = self.records(alias[0].target, rdtype, aliases + 1)
        return Secure(target.name, target.records, target.zones, min(trust.until, target.until))

    def _reply(self, name: "Name", rdtype: int) -> Reply:
        wire = self._responses.get((_text(name), _kind(rdtype)))
        if wire is None:
            raise _undecided(f"which {_kind(rdtype)} records {_shown(name)} has was not told")
        return Reply.read(wire)

    def _none(self, reply: Reply, name: "Name", rdtype: int) -> Secure:
        speaker = reply.speaker(name)
        if speaker is None:
            self._unsigned(name, f"the empty answer about {_kind(rdtype)} records of {_shown(name)}")
        keys = self._keys(speaker)
        shown = self._denials(reply, keys).lacks(name, rdtype)
        if shown is Shown.OPTED_OUT:
            raise _opted_out(speaker, name)
        if shown is Shown.NOT:
            raise _bogus(f"{_shown(speaker)} does not prove that {_shown(name)} has no {_kind(rdtype)} record")
        return Secure(_text(name), (), keys.trust.zones, keys.trust.until)

    # Step 1: a record set and its signature

    def _signed(self, reply: Reply, found: "RRset") -> _Trust:
        """The chain that a set hangs on; _Ruled with what is wrong where no signature over it is good."""
        what = f"the {_kind(found.rdtype)} records of {_shown(found.name)}"
        signatures = reply.signatures(found)
        if signatures is None:
            self._unsigned(found.name, what)
        ruled: list[_Ruled] = []
        for signature in list(signatures)[:MOST_SIGNATURES]:
            try:
                return self._by(signature, reply, found, what)
            except _Ruled as fault:
                ruled.append(fault)
        raise _kindest(ruled)

    def _by(self, signature: Any, reply: Reply, found: "RRset", what: str) -> _Trust:
        from dns.rdatatype import DS

        signer = signature.signer
        if not found.name.is_subdomain(signer) or (found.rdtype == DS and signer == found.name):
            raise _bogus(f"{what} are signed by {_shown(signer)}, which has no say there")
        keys = self._keys(signer)
        self._check(found, signature, keys.zone, keys.records)
        if _expanded(found, signature):
            closer = found.name.split(signature.labels + 2)[1]
            shown = self._denials(reply, keys).absent(closer)
            if shown is Shown.OPTED_OUT:
                raise _opted_out(signer, closer)
            if shown is Shown.NOT:
                raise _bogus(f"{what} come from a wildcard, and nothing proves that it may stand in for them")
        return _Trust(keys.trust.zones, min(keys.trust.until, ends(signature)))

    def _check(self, found: "RRset", signature: Any, zone: "Name", keys: "Rdataset") -> None:
        """One signature, at the time of the case; _Ruled says what is wrong with it."""
        self._checks += 1
        if self._checks > MOST_CHECKS:
            raise _undecided(f"more than {MOST_CHECKS} signatures would have to be checked")
        fault = fault_of(found, signature, zone, keys, self._when)
        if fault is not None:
            text = f"the signature over the {_kind(found.rdtype)} records of {_shown(found.name)} {fault.words}"
            raise _bogus(text) if fault.known else _undecided(text)

    def _denials(self, reply: Reply, keys: _Keys) -> Denials:
        """The NSEC and NSEC3 records of a response that the zone signed under their own names."""
        from dns.rdatatype import NSEC

        good = [one for one in reply.denials()[:MOST_RECORDS] if self._is_own(reply, one, keys)]
        return Denials(
            keys.zone,
            nsec=tuple((one.name, one[0]) for one in good if one.rdtype == NSEC),
            nsec3=tuple((one.name, one[0]) for one in good if one.rdtype != NSEC),
        )

    def _is_own(self, reply: Reply, found: "RRset", keys: _Keys) -> bool:
        for signature in list(reply.signatures(found) or ())[:MOST_SIGNATURES]:
            if signature.signer != keys.zone or _expanded(found, signature):
                continue
            try:
                self._check(found, signature, keys.zone, keys.records)
            except _Ruled:
                continue
            return True
        return False

    # Steps 2 and 3: a zone and its keys

    def _keys(self, zone: "Name") -> _Keys:
        if zone not in self._known:
            try:
                self._known[zone] = self._proven_keys(zone)
            except _Ruled as ruled:
                if len(zone) == 1 and isinstance(ruled.opinion, Bogus):
                    text = f"{ruled.opinion.reason}: ask another resolver, or bring the trust anchors up to date"
                    raise _undecided(text) from ruled
                raise
        return self._known[zone]

    def _proven_keys(self, zone: "Name") -> _Keys:
        from dns.rdatatype import DNSKEY

        vouched = self._vouched(zone)
        reply = self._reply(zone, DNSKEY)
        found = reply.find(zone, DNSKEY)
        if found is None:
            raise _bogus(f"{_shown(zone)} shows no keys, though {vouched.words} name one")
        if len(found) > MOST_KEYS:
            raise _undecided(f"{_shown(zone)} shows {len(found)} keys, more than the {MOST_KEYS} that are read")
        fit, entry = named_keys(zone, found, vouched.by)
        if entry is None:
            text = f"none of the keys of {_shown(zone)} is one that {vouched.words} name"
            raise _bogus(text) if fit is Fit.OTHERS else _undecided(f"{text} with a digest known here")
        until = self._self_signed(zone, reply, found, entry)
        return _Keys(zone, found, _Trust((*vouched.trust.zones, _text(zone)), min(vouched.trust.until, until)))

    def _vouched(self, zone: "Name") -> _Vouched:
        from dns.rdatatype import DS

        if zone in self._anchors.by_zone:
            return _Vouched(self._anchors.by_zone[zone], "the trust anchors", _Trust((), _ALWAYS))
        self._anchor(zone)
        reply = self._reply(zone, DS)
        found = reply.find(zone, DS)
        if found is None:
            self._unsigned(zone, f"the keys of {_shown(zone)}")
        trust = self._signed(reply, found)
        return _Vouched(tuple(found), f"the DS records in {_shown(trust.zones[-1])}", trust)

    def _self_signed(self, zone: "Name", reply: Reply, found: "RRset", entry: "Rdataset") -> datetime:
        signatures = [one for one in reply.signatures(found) or () if one.signer == zone]
        if not signatures:
            raise _bogus(f"the DNSKEY records of {_shown(zone)} came without a signature of its own")
        ruled: list[_Ruled] = []
        for signature in signatures[:MOST_SIGNATURES]:
            try:
                self._check(found, signature, zone, entry)
            except _Ruled as fault:
                ruled.append(fault)
            else:
                return ends(signature)
        raise _kindest(ruled)

    # Where a signature is missing

    def _anchor(self, name: "Name") -> "Name":
        anchor = self._anchors.closest(name)
        if anchor is None:
            raise _undecided(f"no trust anchor is for {_shown(name)} or a zone above it")
        return anchor

    def _unsigned(self, name: "Name", what: str) -> NoReturn:
        """Walk from the anchor to a name that has no signature, and rule on where they end."""
        from dns.rdatatype import DS

        keys = self._keys(self._anchor(name))
        for child in _down(keys.zone, name):
            reply = self._reply(child, DS)
            found = reply.find(child, DS)
            if found is None:
                self._pass(child, keys, self._denials(reply, keys).cut(child))
            elif reply.signatures(found) is None:
                what = f"the DS records of {_shown(child)}"
                break
            else:
                keys = self._keys(child)
        raise _bogus(f"{what} came without a signature, though {_shown(keys.zone)} is signed")

    @staticmethod
    def _pass(child: "Name", keys: _Keys, cut: Cut) -> None:
        """A step on the way down, where no DS record is; _Ruled where signatures end with it."""
        zone, below = _shown(keys.zone), _shown(child)
        if cut is Cut.UNSIGNED:
            raise _Ruled(Insecure(f"{zone} delegates {below} without a DS record, and proves so", proven=True))
        if cut is Cut.UNPROVEN:
            text = f"{zone} has no DS record for {below}, and no signed proof of that"
            raise _Ruled(Insecure(text, proven=False))


def _bogus(reason: str) -> _Ruled:
    return _Ruled(Bogus(reason))


def _undecided(reason: str) -> _Ruled:
    return _Ruled(Undecided(reason))


def _opted_out(zone: "Name", name: "Name") -> _Ruled:
    text = f"{_shown(zone)} leaves open, and proves so, whether it delegates {_shown(name)} unsigned (NSEC3 opt-out)"
    return _Ruled(Insecure(text, proven=True))


def _kindest(ruled: list[_Ruled]) -> _Ruled:
    """The fault to show of several signatures: one that leaves it open, else the first."""
    return next((one for one in ruled if isinstance(one.opinion, Undecided)), ruled[0])


def _expanded(found: "RRset", signature: Any) -> bool:
    """Whether a wildcard was expanded to make the set (RFC 4034, section 3.1.3)."""
    return bool(signature.labels < len(found.name) - 1 - found.name.is_wild())


def _down(zone: "Name", name: "Name") -> "Iterator[Name]":
    """The names below a zone on the way down to a name, itself included."""
    for labels in range(len(zone) + 1, len(name) + 1):
        yield name.split(labels)[1]


def _text(name: "Name") -> str:
    return name.canonicalize().to_text()


def _shown(name: "Name | str") -> str:
    """A name for a sentence."""
    text = name if isinstance(name, str) else _text(name)
    return printable(text.rstrip(".")) or "the root"


def _kind(rdtype: int) -> str:
    import dns.rdatatype

    return dns.rdatatype.to_text(dns.rdatatype.RdataType.make(rdtype))
