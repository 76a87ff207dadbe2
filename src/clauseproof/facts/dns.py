"""What the resolvers say about an endpoint's name."""

import enum
from typing import ClassVar, Literal

from clauseproof.model.assurance import Assurance
from clauseproof.model.facts import Facts
from clauseproof.model.frozen import Frozen
from clauseproof.model.unseen import Unseen

RecordType = Literal["A", "AAAA"]

BY_PROXY = "by the proxy"
"""Stands for the one address that a proxy looks up by itself; which it is, is not known here."""


class Outcome(enum.StrEnum):
    """What became of one question to one resolver (RFC 1035, section 4.1.1; RFC 2308)."""

    ANSWERED = "answered"
    NO_DATA = "no data"
    """The name exists and has no record of this type."""
    NO_NAME = "no such name"
    """NXDOMAIN."""
    SERVER_FAILURE = "server failure"
    """SERVFAIL, or another error of the resolver's."""
    REFUSED = "refused"
    TIMED_OUT = "timed out"
    UNREACHABLE = "unreachable"
    MALFORMED = "malformed"

    @property
    def definite(self) -> bool:
        """Whether the resolver said what there is, be it nothing."""
        return self in (Outcome.ANSWERED, Outcome.NO_DATA, Outcome.NO_NAME)


class Answer(Frozen):
    """One resolver's answer for one record type.

    Attributes:
        addresses: at most 64, in the order of the answer.
        aliases: names that the CNAME chain led to, in order.
        ttl_s: the smallest time to live of the chain, seconds; None without an answer.
        detail: the resolver's or the network's own words about a failure.
    """

    type: RecordType
    outcome: Outcome
    addresses: tuple[str, ...]
    aliases: tuple[str, ...]
    ttl_s: int | None
    detail: str


class View(Frozen):
    """What one resolver (`ADDRESS:PORT`) says. Split views differ on purpose, so none is dropped."""

    resolver: str
    answers: tuple[Answer, ...]


class Origin(enum.StrEnum):
    """Where the addresses come from."""

    RESOLVERS = "resolvers"
    PROFILE = "profile"
    """The profile fixes them; nobody was asked."""
    LITERAL = "literal"
    """The endpoint names an address itself."""
    PROXY = "proxy"
    """The proxy looks the name up; nobody was asked."""


class Address(Frozen):
    """One address of the endpoint.

    Attributes:
        address: an IP address, or `BY_PROXY`.
        reach: `public`, `private`, `loopback`, `link-local`, `multicast` or `reserved` (RFC 6890); `unknown` where only
            the proxy knows the address.
        withheld: why no look may go there; None where looks may.
    """

    address: str
    reach: str
    withheld: Unseen | None


class Resolution(Facts):
    """The addresses of an endpoint, and who said so.

    Attributes:
        views: one per resolver; empty where nobody was asked.
        addresses: the union over all resolvers, IPv4 first.
        gaps: addresses may exist that these are not: a question that nobody answered, a name without addresses.
    """

    kind: ClassVar[str] = "dns.resolution"
    ceiling: ClassVar[Assurance] = Assurance.OBSERVED

    host: str
    origin: Origin
    views: tuple[View, ...]
    addresses: tuple[Address, ...]
    gaps: tuple[Unseen, ...]

    @property
    def reachable(self) -> tuple[str, ...]:
        """The addresses that looks may go to."""
        return tuple(a.address for a in self.addresses if a.withheld is None)

    @property
    def missing(self) -> tuple[Unseen, ...]:
        """Every address that exists, or may exist, and is not among the reachable ones: the reasons."""
        return (*self.gaps, *(a.withheld for a in self.addresses if a.withheld is not None))
