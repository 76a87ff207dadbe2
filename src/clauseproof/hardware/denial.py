"""What NSEC and NSEC3 records prove not to be there (RFC 4035, section 5.4; RFC 5155, section 8; RFC 6840, section 4).

The records given must have been verified: here they are only read. Hash iterations beyond `MOST_ITERATIONS` are not
worked off (RFC 9276, section 3.2; CVE-2023-50868), and such records prove nothing.
"""

import base64
import enum
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dns.name import Name

MOST_ITERATIONS = 150
MOST_RECORDS = 16
"""Records of either kind that are read from one response."""

Owned = tuple["Name", Any]
"""A record with its owner's name."""


class Cut(enum.Enum):
    """What is proven of a name that has no DS record."""

    UNSIGNED = "it is delegated, without a DS record"
    INSIDE = "it is no delegation"
    UNPROVEN = "nothing"


class Shown(enum.Enum):
    """How well something is shown not to be there."""

    PROVEN = "proven"
    OPTED_OUT = "in a gap that opts out"
    """An unsigned delegation may lie there all the same (RFC 5155, section 9.2)."""
    NOT = "not at all"


@dataclass(frozen=True)
class Denials:
    """The verified records of one response, of one zone."""

    zone: "Name"
    nsec: tuple[Owned, ...] = ()
    nsec3: tuple[Owned, ...] = ()

    def lacks(self, name: "Name", rdtype: int) -> Shown:
        """Whether it is shown that a question for the name and type has no answer, by wildcard neither."""
        return _best(_lacks(chain, name, rdtype) for chain in self._chains())

    def absent(self, name: "Name") -> Shown:
        """Whether it is shown that a next closer name does not exist, so that a wildcard may answer in its place."""
        return _best(Shown.NOT if chain.empty(name) else _in_gap(chain, name) for chain in self._chains())

    def cut(self, name: "Name") -> Cut:
        """What is proven of a name at which a DS record was asked for and none came."""
        cuts = (_cut(chain, name) for chain in self._chains())
        return next((cut for cut in cuts if cut is not Cut.UNPROVEN), Cut.UNPROVEN)

    def _chains(self) -> "Iterator[_Chain]":
        if self.nsec:
            yield _Nsec(self.zone, self.nsec[:MOST_RECORDS])
        if alike := tuple(_alike(self.nsec3[:MOST_RECORDS])):
            yield _Nsec3(self.zone, alike)


@dataclass
class _Chain(ABC):
    """Records of one kind: what stands at a name, and the gap that a name lies in."""

    zone: "Name"
    records: tuple[Owned, ...]

    @abstractmethod
    def at(self, name: "Name") -> Any:
        """The record of a name; None without one."""

    @abstractmethod
    def gap(self, name: "Name") -> Any:
        """The record of the gap in which a name would lie; None without one."""

    @abstractmethod
    def encloser(self, name: "Name") -> "Name | None":
        """The longest part of a name that is shown to exist."""

    def empty(self, name: "Name") -> bool:
        """Whether the name is an empty non-terminal: something stands below it and nothing at it."""
        return False


def _best(shown: Iterable[Shown]) -> Shown:
    return min(shown, key=list(Shown).index, default=Shown.NOT)


def _in_gap(chain: _Chain, name: "Name") -> Shown:
    gap = chain.gap(name)
    if gap is None:
        return Shown.NOT
    return Shown.OPTED_OUT if _opts_out(gap) else Shown.PROVEN


def _lacks(chain: _Chain, name: "Name", rdtype: int) -> Shown:
    import dns.name

    record = chain.at(name)
    if record is not None:
        return Shown.PROVEN if _free_of(record, rdtype) else Shown.NOT
    if chain.empty(name):
        return Shown.PROVEN
    encloser, closer = _enclosed(chain, name)
    if encloser is None:
        return Shown.NOT
    wildcard = dns.name.Name((b"*", *encloser.labels))
    record = chain.at(wildcard)
    free = _free_of(record, rdtype) if record is not None else chain.gap(wildcard) is not None
    return _in_gap(chain, closer) if free else Shown.NOT


def _free_of(record: Any, rdtype: int) -> bool:
    """Whether the record at a name says that it has no such type, speaking for the zone that would have it."""
    from dns.rdatatype import CNAME, DS, SOA

    types = _types(record)
    right_side = SOA not in types if rdtype == DS else not _delegates(types)
    return right_side and rdtype not in types and CNAME not in types


def _cut(chain: _Chain, name: "Name") -> Cut:
    from dns.rdatatype import DS, SOA

    record = chain.at(name)
    if record is not None:
        types = _types(record)
        if SOA in types or DS in types:
            return Cut.UNPROVEN  # the child's own record, or one that says there is a DS
        return Cut.UNSIGNED if _delegates(types) else Cut.INSIDE
    if chain.empty(name):
        return Cut.INSIDE
    _, closer = _enclosed(chain, name)
    gap = chain.gap(closer)
    if gap is None:
        return Cut.UNPROVEN
    return Cut.UNSIGNED if _opts_out(gap) else Cut.INSIDE


def _enclosed(chain: _Chain, name: "Name") -> "tuple[Name | None, Name]":
    """Closest encloser and next closer name (RFC 5155, section 1.3); the name itself where no encloser is shown."""
    encloser = chain.encloser(name)
    return encloser, name if encloser is None else name.split(len(encloser) + 1)[1]


def _types(record: Any) -> frozenset[int]:
    """The types in a record's bitmap (RFC 4034, section 4.1.2)."""
    return frozenset(
        window * 256 + 8 * index + bit
        for window, bitmap in record.windows
        for index, byte in enumerate(bitmap)
        for bit in range(8)
        if byte & (0x80 >> bit)
    )


def _delegates(types: frozenset[int]) -> bool:
    from dns.rdatatype import NS, SOA

    return NS in types and SOA not in types


def _leads_away(record: Any) -> bool:
    """Whether names below the record's own lie in another zone or are redirected, so that it cannot deny them."""
    from dns.rdatatype import DNAME

    types = _types(record)
    return _delegates(types) or DNAME in types


def _opts_out(record: Any) -> bool:
    """RFC 5155, section 6: unsigned delegations may lie in the gap. NSEC has no flags."""
    return bool(getattr(record, "flags", 0) & 1)


def _alike(records: Iterable[Owned]) -> Iterator[Owned]:
    """NSEC3 records with the parameters of the first, where these are ones that are worked off."""
    from dns.dnssectypes import NSEC3Hash

    first: tuple[int, int, bytes] | None = None
    for owner, record in records:
        parameters = (record.algorithm, record.iterations, record.salt)
        first = first or parameters
        known = record.algorithm == NSEC3Hash.SHA1 and record.iterations <= MOST_ITERATIONS
        if known and parameters == first:
            yield owner, record


class _Nsec(_Chain):
    """RFC 4034, section 4: names in canonical order, the last leading around to the apex."""

    def at(self, name: "Name") -> Any:
        return next((record for owner, record in self.records if owner == name), None)

    def gap(self, name: "Name") -> Any:
        return self._gap(name)[1]

    def encloser(self, name: "Name") -> "Name | None":
        owner, record = self._gap(name)
        if owner is None:
            return None
        shared: int = max(name.fullcompare(owner)[2], name.fullcompare(record.next)[2])
        return name.split(shared)[1]

    def empty(self, name: "Name") -> bool:
        record = self.gap(name)
        return record is not None and bool(record.next.is_subdomain(name))

    def _gap(self, name: "Name") -> "tuple[Name | None, Any]":
        for owner, record in self.records:
            before_next = name < record.next or record.next == self.zone
            below = name.is_subdomain(owner) and _leads_away(record)
            if name.is_subdomain(self.zone) and owner < name and before_next and not below:
                return owner, record
        return None, None


@dataclass
class _Nsec3(_Chain):
    """RFC 5155, section 3: hashes of names in order, the last leading around to the first."""

    _hashes: "dict[Name, bytes]" = field(default_factory=dict)

    def at(self, name: "Name") -> Any:
        wanted = self._hash(name)
        return next((record for owner, record in self.records if _hash_of(owner) == wanted), None)

    def gap(self, name: "Name") -> Any:
        wanted = self._hash(name)
        return next((record for owner, record in self.records if _between(owner, wanted, record.next)), None)

    def encloser(self, name: "Name") -> "Name | None":
        for labels in range(len(name) - 1, len(self.zone) - 1, -1):
            ancestor = name.split(labels)[1]
            record = self.at(ancestor)
            if record is not None:
                return None if _leads_away(record) else ancestor
        return None

    def _hash(self, name: "Name") -> bytes:
        from dns.dnssec import nsec3_hash

        if name not in self._hashes:
            _, first = self.records[0]
            self._hashes[name] = nsec3_hash(name, first.salt, first.iterations, first.algorithm).encode()
        return self._hashes[name]


def _hash_of(owner: "Name") -> bytes:
    return owner.labels[0].upper()


def _between(owner: "Name", wanted: bytes, following: bytes) -> bool:
    start, end = _hash_of(owner), base64.b32hexencode(following)
    return start < wanted < end if start < end else wanted > start or wanted < end
