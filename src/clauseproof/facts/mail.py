"""A domain that takes mail: who takes it, and how mail gets there encrypted."""

import enum
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, AwareDatetime, Field

from clauseproof.facts.dns import Address, Outcome
from clauseproof.facts.endpoint import parse_endpoint
from clauseproof.facts.manner import Way
from clauseproof.facts.proxy import Proxied
from clauseproof.facts.zone import Sight
from clauseproof.model.assurance import Assurance
from clauseproof.model.facts import Facts
from clauseproof.model.frozen import Frozen
from clauseproof.model.subject import Subject
from clauseproof.model.unseen import Unseen


def _domain(text: str) -> str:
    if ":" in text or "/" in text:
        raise ValueError(f"{text[:80]!r} is no domain; write what stands behind the @, such as crm.example")
    authority = parse_endpoint(f"https://{text}")
    if authority.literal:
        raise ValueError(f"{text[:80]!r} is an address; write a domain such as crm.example")
    return authority.host


class MailDomain(Proxied, Subject):
    """A domain of the vendor's that takes mail.

    Through a proxy go the connections to mail servers and to the policy host. Resolvers are asked directly, for the
    addresses of these hosts too.

    Attributes:
        mail_domain: what stands behind the @ of its mail addresses.
        smtp_port: where its mail exchangers listen.
        policy_port: where the policy host of MTA-STS listens.
        private_addresses: whether these hosts may lead to private or loopback addresses; see `Endpoint`.
    """

    key: ClassVar[str] = "mail_domain"

    mail_domain: Annotated[str, AfterValidator(_domain)]
    smtp_port: int = Field(default=25, ge=1, le=65535)
    policy_port: int = Field(default=443, ge=1, le=65535)
    private_addresses: bool = False

    def hosts(self) -> tuple[str, ...]:
        """The domain. Its exchangers are the vendor's to name, and are only spoken to as any mail server does."""
        return (self.mail_domain,)


class Route(Frozen):
    """One MX record: preference, and host in lower case without its final dot; empty for "no mail" (RFC 7505)."""

    preference: int
    host: str


class MxView(Frozen):
    """What one resolver says of the domain's MX records."""

    resolver: str
    outcome: Outcome
    routes: tuple[Route, ...]
    detail: str


class Exchanger(Frozen):
    """A host that takes mail, with its addresses; `gaps` are those that may exist and are not among them."""

    host: str
    addresses: tuple[Address, ...]
    gaps: tuple[Unseen, ...]

    @property
    def reachable(self) -> tuple[str, ...]:
        """The addresses that looks may go to."""
        return tuple(one.address for one in self.addresses if one.withheld is None)

    @property
    def missing(self) -> tuple[Unseen, ...]:
        """Every address that exists, or may exist, and is not among the reachable ones: the reasons."""
        return (*self.gaps, *(one.withheld for one in self.addresses if one.withheld is not None))


class Exchangers(Facts):
    """The hosts that take mail for a domain.

    Attributes:
        implicit: no MX record exists, and mail goes to the domain's own addresses (RFC 5321, section 5.1).
        exchangers: the union over all resolvers.
        gaps: why there may be further ones.
    """

    kind: ClassVar[str] = "mail.exchangers"
    ceiling: ClassVar[Assurance] = Assurance.OBSERVED

    domain: str
    implicit: bool
    views: tuple[MxView, ...]
    exchangers: tuple[Exchanger, ...]
    gaps: tuple[Unseen, ...]


class Offer(enum.StrEnum):
    """What came of asking a mail server for TLS."""

    STARTED = "STARTTLS"
    """TLS began and its handshake was finished."""
    NOT_LISTED = "no STARTTLS"
    """The server lists what it can do, and STARTTLS is not in the list."""
    BROKEN = "a handshake that failed"


class Session(Frozen):
    """One connection to a mail server.

    Attributes:
        version, suite: of TLS; None where no handshake was finished.
        chain: the certificates presented, DER; empty where none were, or none that are kept.
        detail: why a handshake failed; printable.
    """

    offer: Offer
    version: str | None
    suite: str | None
    chain: tuple[bytes, ...]
    detail: str


class AddressSessions(Frozen):
    """What one address of one exchanger did in each look."""

    host: str
    address: str
    looks: tuple[Session | Unseen, ...]


class MailSessions(Facts):
    """What every address of every exchanger does when it is asked for TLS; certificates are judged later.

    Attributes:
        way: of the connections; through a proxy, the proxy may have answered in a mail server's place.
        missing: exchangers and addresses that exist or may exist and were not looked at, and why.
    """

    kind: ClassVar[str] = "mail.sessions"
    version: ClassVar[int] = 2
    ceiling: ClassVar[Assurance] = Assurance.OBSERVED

    domain: str
    port: int
    way: Way
    per_address: tuple[AddressSessions, ...]
    missing: tuple[Unseen, ...]

    @classmethod
    def upgrade(cls, written: int, data: dict[str, Any]) -> dict[str, Any]:
        """Version 1 knew one way."""
        return {**data, "way": Way.DIRECT} if written == 1 else super().upgrade(written, data)


class StsRecords(Frozen):
    """The TXT records at `_mta-sts`, as one resolver told them; in how many looks. Texts are cut off at 1,024."""

    resolver: str
    outcome: Outcome
    records: tuple[str, ...]
    detail: str
    times: int


class PolicyFile(Frozen):
    """One response of the policy host (RFC 8461, section 3.3). Redirects are not followed.

    Attributes:
        text: the policy; None where the response is no success, no UTF-8, incomplete or longer than 64 KiB.
        chain: the certificates presented, DER.
    """

    status: int
    content_type: str | None
    text: str | None
    chain: tuple[bytes, ...]


class AddressPolicy(Frozen):
    """What one address of the policy host answered in each look."""

    address: str
    looks: tuple[PolicyFile | Unseen, ...]


class StsPolicy(Facts):
    """The domain's MTA-STS: the record that announces a policy, and the policy.

    Attributes:
        host: the policy host.
        way: of the connections to it; the records were asked for directly.
        missing: addresses of it that exist or may exist and were not looked at, and why.
    """

    kind: ClassVar[str] = "mail.mta-sts"
    version: ClassVar[int] = 2
    ceiling: ClassVar[Assurance] = Assurance.OBSERVED

    domain: str
    host: str
    way: Way
    announced: tuple[StsRecords, ...]
    per_address: tuple[AddressPolicy, ...]
    missing: tuple[Unseen, ...]

    @classmethod
    def upgrade(cls, written: int, data: dict[str, Any]) -> dict[str, Any]:
        """Version 1 knew one way."""
        return {**data, "way": Way.DIRECT} if written == 1 else super().upgrade(written, data)


class DaneAnswers(Facts):
    """The responses from which MX, address and TLSA records can be proven, or not; see `zone.SignedAnswers`.

    Attributes:
        hosts: the exchangers; their TLSA records stand at `_PORT._tcp.HOST`.
        missing: why there may be further ones.
    """

    kind: ClassVar[str] = "mail.dane"
    ceiling: ClassVar[Assurance] = Assurance.PROVEN

    domain: str
    port: int
    hosts: tuple[str, ...]
    looks: int
    looked_at: AwareDatetime
    sights: tuple[Sight, ...]
    missing: tuple[Unseen, ...]
