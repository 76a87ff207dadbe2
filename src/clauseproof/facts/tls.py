"""What an endpoint's addresses do when they are spoken to in SSL and TLS."""

import enum
from typing import Any, ClassVar

from clauseproof.facts.manner import Way
from clauseproof.model.assurance import Assurance
from clauseproof.model.facts import Facts
from clauseproof.model.frozen import Frozen
from clauseproof.model.unseen import Unseen


class TlsVersion(enum.StrEnum):
    """Protocol versions. The names sort by age, so `TlsVersion.SSL3_0 < TlsVersion.TLS1_2`."""

    SSL2_0 = "SSL 2.0"
    SSL3_0 = "SSL 3.0"
    TLS1_0 = "TLS 1.0"
    TLS1_1 = "TLS 1.1"
    TLS1_2 = "TLS 1.2"
    TLS1_3 = "TLS 1.3"


class Answer(enum.StrEnum):
    """What a server does with all offers of one version.

    `protocol_version` alerts and their like refuse (RFC 8446, section 6.2). A connection closed without an alert is
    a refusal only beside a control that was accepted; silence never is one.
    """

    ACCEPTED = "accepted"
    """A ServerHello of that version came back for at least one suite."""
    REFUSED = "refused"
    """Every suite that is known for the version was answered by an alert that refuses it."""
    CLOSED = "closed without an alert"
    SILENT = "not answered in time"
    UNCLEAR = "unclear"
    """Something else came, such as an alert that can have other reasons, or nothing could be offered."""


class Reply(Frozen):
    """One kind of reply to the offers of a version, and how many offers had it."""

    said: str
    times: int


class Attempt(Frozen):
    """One look at one version.

    Attributes:
        suites: cipher suites accepted, by their IANA names.
        rest: how the offers of all other suites were answered, as clear as the least clear; None where there were no
            others, and in facts of the first version, which did not say.
        replies: what the other offers were answered with, at most eight kinds.
        engine: the program that offered, with its version.
    """

    answer: Answer
    suites: tuple[str, ...]
    rest: Answer | None
    replies: tuple[Reply, ...]
    engine: str

    @property
    def complete(self) -> bool:
        """Whether it is known of every suite offered that it is accepted or not; a closed connection refuses here,
        since the same look saw the version accepted."""
        return self.rest in (Answer.REFUSED, Answer.CLOSED) or (self.rest is None and not self.replies)


class VersionLooks(Frozen):
    """All looks at one version, oldest first: one, or two where the first could contradict a contract."""

    version: TlsVersion
    looks: tuple[Attempt, ...]

    @property
    def agreed(self) -> Answer | None:
        """The answer of all looks; None where they differ."""
        answers = {look.answer for look in self.looks}
        return answers.pop() if len(answers) == 1 else None


class AddressScan(Frozen):
    """What one address accepts: every version from SSL 2.0 to TLS 1.3, or why that was not seen."""

    address: str
    versions: tuple[VersionLooks, ...] | Unseen


class Scan(Facts):
    """Versions and cipher suites of every address, by trying each suite by itself.

    Attributes:
        server_name: the name sent in the hello (SNI).
        missing: addresses that exist or may exist and were not looked at, and why.
    """

    kind: ClassVar[str] = "tls.scan"
    version: ClassVar[int] = 2
    ceiling: ClassVar[Assurance] = Assurance.OBSERVED

    host: str
    port: int
    server_name: str
    per_address: tuple[AddressScan, ...]
    missing: tuple[Unseen, ...]

    @classmethod
    def upgrade(cls, written: int, data: dict[str, Any]) -> dict[str, Any]:
        """Version 1 did not say how the offers beside accepted ones were answered."""
        if written != 1:
            return super().upgrade(written, data)
        for address in data["per_address"]:
            for version in address["versions"] if isinstance(address["versions"], list) else ():
                for look in version["looks"]:
                    look["rest"] = None
        return data


class Served(Frozen):
    """A chain of certificates as the server sent it, DER, its own first; in how many of the looks it came."""

    chain: tuple[bytes, ...]
    times: int


class AddressChain(Frozen):
    """What one address presents: the distinct chains over all looks, or why none was seen."""

    address: str
    served: tuple[Served, ...] | Unseen


class Chain(Facts):
    """The certificates that every address presents.

    Attributes:
        name: the name that the certificate must be valid for.
        server_name: the name sent in the hello (SNI); None where none was, as for a bare address.
        looks: handshakes made with each address.
        missing: addresses that exist or may exist and were not looked at, and why.
    """

    kind: ClassVar[str] = "tls.chain"
    version: ClassVar[int] = 2
    ceiling: ClassVar[Assurance] = Assurance.OBSERVED

    name: str
    port: int
    server_name: str | None
    way: Way
    looks: int
    per_address: tuple[AddressChain, ...]
    missing: tuple[Unseen, ...]

    @classmethod
    def upgrade(cls, written: int, data: dict[str, Any]) -> dict[str, Any]:
        """Version 1 knew one way."""
        return {**data, "way": Way.DIRECT} if written == 1 else super().upgrade(written, data)
