"""A proxy that leads to an endpoint, as a profile names it."""

import enum
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator

from clauseproof.facts.host import SHOWN, read_host

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
    if "@" in rest:
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
