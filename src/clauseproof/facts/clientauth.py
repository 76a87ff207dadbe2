"""What an endpoint's addresses do with a client that shows no certificate, and with one that shows an accepted one."""

import enum
from typing import ClassVar

from clauseproof.model.assurance import Assurance
from clauseproof.model.facts import Facts
from clauseproof.model.frozen import Frozen
from clauseproof.model.unseen import Unseen


class Admission(enum.StrEnum):
    """How far a client came."""

    ANSWERED = "answered"
    """An HTTP response came back; its status says whether the client was let in."""
    OTHER_ANSWER = "answered, in no HTTP"
    ALERT = "refused by an alert"
    """In the handshake, or in its place after it, as TLS 1.3 has it (RFC 8446, section 4.4.2.4)."""
    CLOSED = "a closed or reset connection"
    UNCLEAR = "no answer that decides"
    """Silence, no connection, or a handshake that failed on our side."""


class Attempt(Frozen):
    """One client's request.

    Attributes:
        status: of an HTTP response.
        detail: the alert's name, or the network's own words; printable, at most 200 characters.
    """

    admission: Admission
    status: int | None
    detail: str


class AddressAdmission(Frozen):
    """One address: attempts without a certificate and with one, in turn.

    `with_certificate` is None where the profile names no certificate.
    """

    address: str
    without: tuple[Attempt, ...]
    with_certificate: tuple[Attempt, ...] | None


class ClientAuth(Facts):
    """What becomes of clients with and without a certificate.

    Attributes:
        name: the host asked for.
        page: the path asked for.
        certificate: the client certificate shown, DER; None where the profile names none.
        why_none: why no certificate was shown although the profile names one.
        missing: addresses that exist or may exist and were not looked at, and why.
    """

    kind: ClassVar[str] = "tls.client-auth"
    ceiling: ClassVar[Assurance] = Assurance.OBSERVED

    name: str
    port: int
    page: str
    certificate: bytes | None
    why_none: Unseen | None
    per_address: tuple[AddressAdmission, ...]
    missing: tuple[Unseen, ...]
