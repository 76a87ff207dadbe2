"""Defects of TLS servers that have names, tried by the messages that show them."""

import enum
from typing import ClassVar

from clauseproof.facts.tls import TlsVersion
from clauseproof.model.assurance import Assurance
from clauseproof.model.facts import Facts
from clauseproof.model.frozen import Frozen
from clauseproof.model.unseen import Unseen


class Weakness(enum.StrEnum):
    """What is tried. All but early data belong to versions before TLS 1.3."""

    HEARTBLEED = "Heartbleed"
    """A heartbeat that claims more bytes than it has is answered with the server's memory (CVE-2014-0160)."""
    CCS_INJECTION = "CCS injection"
    """A ChangeCipherSpec before any key is agreed takes effect (CVE-2014-0224)."""
    ROBOT = "ROBOT"
    """Answers tell right from wrong PKCS #1 padding, so that RSA key exchange can be decrypted (CVE-2017-13099)."""
    INSECURE_RENEGOTIATION = "insecure renegotiation"
    """A handshake is not bound to the one before it (CVE-2009-3555, RFC 5746)."""
    CLIENT_RENEGOTIATION = "renegotiation by clients"
    """A client may ask for handshakes without end, which costs the server more than the client."""
    COMPRESSION = "compression"
    """TLS compression, by which lengths betray secrets (CRIME, CVE-2012-4929)."""
    FALLBACK_SCSV = "missing downgrade protection"
    """An older version than could be agreed is accepted from a client that says so (RFC 7507)."""
    EARLY_DATA = "early data"
    """Data in the first flight of TLS 1.3, which can be replayed (RFC 8446, appendix E.5)."""


class Result(enum.StrEnum):
    """What one try showed."""

    PRESENT = "present"
    ABSENT = "absent"
    UNCLEAR = "unclear"
    """The try did not come as far as the question, or the answer can mean something else."""


class Try(Frozen):
    """One try.

    Attributes:
        named: whether the server name was sent.
        said: what the server did, or what went wrong; printable, at most 200 characters.
    """

    result: Result
    named: bool
    said: str


class Trial(Frozen):
    """All tries of one weakness, oldest first; what was present once was tried again.

    Attributes:
        version: the version of TLS in which it was tried.
    """

    weakness: Weakness
    version: TlsVersion
    tries: tuple[Try, ...]

    @property
    def result(self) -> Result:
        """Present where two tries showed it; absent where a try with the server name did and none spoke against it."""
        found = sum(one.result is Result.PRESENT for one in self.tries)
        if found:
            return Result.PRESENT if found > 1 else Result.UNCLEAR
        absent = any(one.result is Result.ABSENT and one.named for one in self.tries)
        return Result.ABSENT if absent else Result.UNCLEAR


class Tried(Frozen):
    """What was tried at one address.

    Attributes:
        newest: the newest version in which a handshake succeeded.
        older: the newest such version before TLS 1.3; None where there was none, so that only early data was tried.
        trials: those that there was time for.
        answered: whether a handshake succeeded after the last trial. Otherwise the address may have stopped talking
            to us in between, and what was absent may have been a refusal to talk.
    """

    newest: TlsVersion
    older: TlsVersion | None
    trials: tuple[Trial, ...]
    answered: bool

    def trial(self, weakness: Weakness) -> Trial | None:
        """The trial of a weakness, if there was one."""
        return next((trial for trial in self.trials if trial.weakness is weakness), None)


class AddressWeaknesses(Frozen):
    """What was tried at an address, or why nothing was."""

    address: str
    tried: Tried | Unseen


class Weaknesses(Facts):
    """Named defects of every address.

    Attributes:
        server_name: the name sent in the hello (SNI).
        engine: the program that tried, with its version.
        missing: addresses that exist or may exist and were not looked at, and why.
    """

    kind: ClassVar[str] = "tls.weaknesses"
    ceiling: ClassVar[Assurance] = Assurance.OBSERVED

    host: str
    port: int
    server_name: str
    engine: str
    per_address: tuple[AddressWeaknesses, ...]
    missing: tuple[Unseen, ...]
