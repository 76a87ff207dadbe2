"""How an endpoint's addresses answer HTTP, with TLS and without."""

import enum
from typing import ClassVar

from clauseproof.model.assurance import Assurance
from clauseproof.model.facts import Facts
from clauseproof.model.frozen import Frozen
from clauseproof.model.unseen import Unseen


class Page(Frozen):
    """The head of one response over TLS. Redirects are not followed; the body is not read.

    Attributes:
        location: the Location field, at most 2,048 characters; None without one.
        transport_security: every Strict-Transport-Security field in the order of the response, as `location`.
    """

    status: int
    location: str | None
    transport_security: tuple[str, ...]


class AddressPages(Frozen):
    """What one address answered in each look."""

    address: str
    looks: tuple[Page | Unseen, ...]


class Pages(Facts):
    """Responses over TLS. The certificate is not judged here: it lies in `tls.chain`.

    Attributes:
        name: the host asked for.
        page: the path asked for.
        missing: addresses that exist or may exist and were not looked at, and why.
    """

    kind: ClassVar[str] = "web.pages"
    ceiling: ClassVar[Assurance] = Assurance.OBSERVED

    name: str
    port: int
    page: str
    per_address: tuple[AddressPages, ...]
    missing: tuple[Unseen, ...]


class Heard(enum.StrEnum):
    """What came back on a request without TLS."""

    HTTP = "an HTTP response"
    TLS = "TLS"
    """A record of TLS, such as an alert: nothing but TLS is spoken."""
    TEXT = "text"
    """Something else that people can read, such as the greeting of a mail server."""
    BYTES = "bytes of no known meaning"
    CLOSED = "a closed connection"
    RESET = "a reset connection"
    SILENCE = "silence"
    """The connection stood, and nothing came in time."""
    REFUSED = "a refused connection"
    """Nobody listens."""
    NOTHING = "no answer to the connection"
    """As where a firewall drops what is sent, here or there."""
    NO_WAY = "no way there"
    """This machine, or a router, knows no way to the address."""


class Plain(Frozen):
    """One request without TLS.

    Attributes:
        status, location: of an HTTP response; see `Page`.
        detail: the beginning of a text, or the network's own words; printable, at most 120 characters.
    """

    heard: Heard
    status: int | None
    location: str | None
    detail: str


class AddressPlain(Frozen):
    """What one address answers without TLS: on the endpoint's port, and where plain HTTP belongs. Oldest look first."""

    address: str
    endpoint_port: tuple[Plain, ...]
    http_port: tuple[Plain, ...]


class PlainAnswers(Facts):
    """Answers to HTTP requests that were sent without TLS.

    Attributes:
        name: the host asked for.
        port, http_port: the endpoint's port, and that of plain HTTP.
        page: the path asked for.
        missing: addresses that exist or may exist and were not looked at, and why.
    """

    kind: ClassVar[str] = "web.plain"
    ceiling: ClassVar[Assurance] = Assurance.OBSERVED

    name: str
    port: int
    http_port: int
    page: str
    per_address: tuple[AddressPlain, ...]
    missing: tuple[Unseen, ...]
