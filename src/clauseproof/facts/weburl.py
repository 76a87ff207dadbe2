"""URLs that a profile may name: https, or http on this machine."""

import ipaddress
from typing import Annotated
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, Field


def is_loopback(host: str) -> bool:
    """Whether a host is this machine by its very name: `localhost`, 127.0.0.0/8, ::1."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def split_url(url: str) -> SplitResult:
    """The parts of an http(s) URL; ValueError where it names no host, a port that is none, or carries a password."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or any(ord(c) <= 32 or ord(c) == 127 for c in url):
        raise ValueError(f"{url!r} is no URL; write for example https://api.example.com/v1")
    if parts.username is not None or parts.password is not None:
        raise ValueError("a URL carries no user name or password; use a header with ${env:NAME}")
    if parts.port == 0:
        raise ValueError(f"{url!r} names port 0")
    return parts


def check_url(url: str) -> str:
    """The URL itself; ValueError unless it is https, or http to this machine."""
    parts = split_url(url)
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        raise ValueError(f"{url!r} is not encrypted; http is allowed to 127.0.0.1, ::1 and localhost only")
    return url


WebUrl = Annotated[str, Field(max_length=2048), AfterValidator(check_url)]
"""An https URL, or an http URL of this machine; without user name and password."""
