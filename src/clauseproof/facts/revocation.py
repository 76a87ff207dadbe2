"""What says that a certificate was revoked: responses that a server staples, and lists that the buyer has."""

from typing import ClassVar

from clauseproof.model.assurance import Assurance
from clauseproof.model.facts import Facts
from clauseproof.model.frozen import Frozen
from clauseproof.model.unseen import Unseen


class AddressStaples(Frozen):
    """The distinct OCSP responses (RFC 6960, DER) that an address stapled over all looks; empty where it did not."""

    address: str
    responses: tuple[bytes, ...] | Unseen


class Staples(Facts):
    """OCSP responses that came with the handshake (RFC 6066, section 8), unjudged.

    Attributes:
        looks: handshakes made with each address, at most.
        missing: addresses that exist or may exist and were not looked at, and why.
    """

    kind: ClassVar[str] = "tls.staples"
    ceiling: ClassVar[Assurance] = Assurance.OBSERVED

    host: str
    port: int
    server_name: str
    looks: int
    per_address: tuple[AddressStaples, ...]
    missing: tuple[Unseen, ...]


class RevocationList(Frozen):
    """A certificate revocation list (RFC 5280, section 5) as its file is, by its name in the profile."""

    name: str
    content: bytes


class RevocationLists(Facts):
    """The lists that the profile names for an endpoint, unjudged; an Unseen for each that could not be read."""

    kind: ClassVar[str] = "tls.crls"
    ceiling: ClassVar[Assurance] = Assurance.OBSERVED

    lists: tuple[RevocationList | Unseen, ...]
