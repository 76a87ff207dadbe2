"""What an endpoint's addresses answer to a ClientHello: versions and groups, by what came back and by nothing else."""

import enum
from typing import Any, ClassVar

from clauseproof.facts.codepoints import Alert
from clauseproof.facts.manner import Depth, StartTls, Way
from clauseproof.facts.tls import AddressChain, Served, TlsVersion
from clauseproof.model.assurance import Assurance
from clauseproof.model.facts import Facts
from clauseproof.model.frozen import Frozen
from clauseproof.model.unseen import Unseen


class SuiteList(enum.StrEnum):
    """Which cipher suites a hello lists. Those other than `usual` list every group and signature scheme as well."""

    USUAL = "usual"
    """What deployed servers agree on."""
    WHOLE = "whole era"
    """All suites that the version can use."""
    PART_1 = "first part"
    """A third of them, for servers that dislike long hellos."""
    PART_2 = "second part"
    PART_3 = "third part"


class Reply(enum.StrEnum):
    """What came back."""

    HELLO = "ServerHello"
    RETRY = "HelloRetryRequest"
    """A ServerHello that chooses version, suite and group and asks for a key share (RFC 8446, section 4.1.4)."""
    ALERT = "alert"
    CLOSED = "closed"
    """The connection ended in order, without an alert."""
    RESET = "reset"
    SILENT = "silent"
    GARBAGE = "garbage"
    """Bytes that are no answer to the hello."""
    NO_START = "no STARTTLS"
    """The plain protocol, or a proxy, did not come to where TLS begins."""
    NO_CONNECTION = "no connection"


class Decision(enum.StrEnum):
    """What the exchanges show; an answer that could mean something else shows nothing."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNKNOWN = "unknown"


class Because(enum.StrEnum):
    """What decided; see `clauseproof.probes.hello.decide` for the rules."""

    HELLO = "a ServerHello chose it"
    VERSION_ALERT = "a protocol_version alert answered the offer"
    LOWER = "a ServerHello chose an older version"
    EXHAUSTED = "alerts answered every suite of its era, between accepted hellos"
    CLOSED = "the connection was closed on every suite of its era, between accepted hellos"
    RETRY = "a HelloRetryRequest asked for it"
    GROUP_ALERT = "an alert answered each hello without other groups, while others were accepted"


class Exchange(Frozen):
    """One hello on a connection of its own, and its answer.

    Attributes:
        offered: the newest version that the hello offers. TLS 1.3 is offered alone; an older one with everything
            before it (RFC 5246, appendix E.1).
        named: whether a server name was sent. SSL 3.0 has no extensions, so its hello carries none even where true.
        groups: the only groups offered, without key shares; None for a question about versions.
        at_s: seconds from the start of the look to the start of the connection; took_s: until the answer.
        version: of a ServerHello or HelloRetryRequest, as are the suite (IANA's name) and the group.
        alert: the alert's number.
        detail: what is wrong with an answer, or the network's own words; printable, at most 200 characters.
        raw: digest of the answer's bytes, kept where it is neither a ServerHello nor a refusal in so many words.
    """

    offered: TlsVersion
    named: bool
    suites: SuiteList
    groups: tuple[int, ...] | None
    at_s: float
    took_s: float
    reply: Reply
    version: TlsVersion | None
    suite: str | None
    group: int | None
    alert: int | None
    detail: str
    raw: str | None

    @property
    def accepted(self) -> TlsVersion | None:
        """The version that the server chose."""
        return self.version if self.reply is Reply.HELLO or self.reply is Reply.RETRY else None

    def refuses(self, version: TlsVersion) -> Because | None:
        """How it refuses a version that was offered in so many words; None where it does not, or may mean another."""
        if self.reply is Reply.ALERT and self.alert == Alert.PROTOCOL_VERSION:
            return Because.VERSION_ALERT
        return Because.LOWER if self.accepted and self.accepted < version else None


class VersionAnswer(Frozen):
    """What an address does with one version.

    Attributes:
        times: exchanges in which the server chose this version; a contradiction must be seen twice.
        covered_by: the offer that decided, where it was of a newer version and this one was not offered by itself.
    """

    version: TlsVersion
    decision: Decision
    because: Because | None
    times: int
    covered_by: TlsVersion | None


class GroupAnswer(Frozen):
    """What an address does with one named group in TLS 1.3; `decision` is None where it was not asked about."""

    group: int
    decision: Decision | None
    because: Because | None


class Nameless(Frozen):
    """The newest version up to TLS 1.2 that an address speaks to a client that sends no server name.

    Attributes:
        accepted: that version, and how often it was chosen; None where none was.
        certificate: the server's own certificate of that answer, DER, at most 16 KiB; None where none was read.
    """

    decision: Decision
    because: Because | None
    accepted: TlsVersion | None
    times: int
    certificate: bytes | None


class Answers(Frozen):
    """What one address said.

    Attributes:
        versions: SSL 3.0 to TLS 1.3, with the endpoint's server name where it has one.
        nameless: None where it was not asked: the endpoint has no name, or the look was a fast one.
        groups: those that were asked about, or chosen without.
        exchanges: all hellos in the order of their connections.
    """

    versions: tuple[VersionAnswer, ...]
    nameless: Nameless | None
    groups: tuple[GroupAnswer, ...]
    exchanges: tuple[Exchange, ...]


class AddressOffers(Frozen):
    """What one address said, or why nothing was heard; how many connections that took."""

    address: str
    answers: Answers | Unseen
    connections: int


class Offers(Facts):
    """Versions and groups that each address accepts, by ClientHellos of our own; no handshake is finished with them.

    Attributes:
        behind: what the addresses present in one handshake each, finished through the same proxy, since the proxy may
            answer in their place; None where the way is direct.
        server_name: the name sent in the hello (SNI); None for a bare address.
        starttls: the protocol that was spoken before TLS; None where TLS begins at once.
        engine: the program that asked, with its version.
        missing: addresses that exist or may exist and were not looked at, and why.
    """

    kind: ClassVar[str] = "tls.offers"
    version: ClassVar[int] = 2
    ceiling: ClassVar[Assurance] = Assurance.OBSERVED

    host: str
    port: int
    server_name: str | None
    starttls: StartTls | None
    way: Way
    depth: Depth
    engine: str
    per_address: tuple[AddressOffers, ...]
    behind: tuple[AddressChain, ...] | None
    missing: tuple[Unseen, ...]

    def shown(self, address: str) -> tuple[Served, ...] | Unseen | None:
        """What an address presented behind the proxy; None where nobody looked."""
        return next((one.served for one in self.behind or () if one.address == address), None)

    @classmethod
    def upgrade(cls, written: int, data: dict[str, Any]) -> dict[str, Any]:
        """Version 1 knew one way."""
        return {**data, "behind": None} if written == 1 else super().upgrade(written, data)
