"""A proxy that leads to the vendor, as a profile names it."""

import enum
from dataclasses import dataclass
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, model_validator

from clauseproof.facts.host import SHOWN, read_host
from clauseproof.model.frozen import Frozen
from clauseproof.model.secret import SecretRef

_HOW = "write http://HOST:PORT or socks5://HOST:PORT"


class Scheme(enum.StrEnum):
    """How a proxy is asked for a tunnel."""

    HTTP = "http"
    """By the method CONNECT (RFC 9110, section 9.3.6), in the clear."""
    SOCKS5 = "socks5"
    """RFC 1928."""


@dataclass(frozen=True)
class Proxy:
    """Where a proxy listens and how it is asked; `host` is a name or an address."""

    scheme: Scheme
    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"


def parse_proxy(text: str) -> Proxy:
    """Read `http://HOST:PORT` or `socks5://HOST:PORT`; a ValueError never repeats a user name or password."""
    scheme, _, rest = text.strip().partition("://")
    if "@" in text:
        raise ValueError("a secret never stands in a profile: name proxy_user and proxy_password beside the proxy")
    shown = text[:SHOWN]
    if scheme not in list(Scheme) or not rest.isprintable() or " " in rest:
        raise ValueError(f"{shown!r} is no proxy that is spoken to here; {_HOW}")
    try:
        parts = urlsplit(f"//{rest}")
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise ValueError(f"{shown!r} is no proxy: {error}; {_HOW}") from error
    if not host or not port or parts.path not in ("", "/") or parts.query or parts.fragment:
        raise ValueError(f"{shown!r} is no proxy: {_HOW}")
    return Proxy(Scheme(scheme), read_host(host, shown), port)


ProxyUrl = Annotated[str, AfterValidator(lambda text: str(parse_proxy(text)))]
"""A proxy in a profile."""


class Proxied(Frozen):
    """What may have to be reached through a proxy.

    Attributes:
        proxy: `http://HOST:PORT` (by the method CONNECT) or `socks5://HOST:PORT`: the way to what cannot be reached
            directly.
        proxy_user, proxy_password: by reference (`${env:PROXY_PASSWORD}`); both or neither.
    """

    proxy: ProxyUrl | None = None
    proxy_user: SecretRef | None = None
    proxy_password: SecretRef | None = None

    @model_validator(mode="after")
    def _login_makes_sense(self) -> Self:
        if (self.proxy_user is None) != (self.proxy_password is None):
            raise ValueError("proxy_user and proxy_password go together: name both or neither")
        if self.proxy_user is not None and self.proxy is None:
            raise ValueError("proxy_user and proxy_password are for a proxy, and no proxy is named")
        return self
