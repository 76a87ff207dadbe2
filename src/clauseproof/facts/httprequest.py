"""One HTTP request that a profile describes: where it goes, what it carries, how long it may take."""

import ipaddress
import re
from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from clauseproof.facts.weburl import WebUrl, split_url
from clauseproof.model.frozen import Frozen
from clauseproof.model.secret import SecretRef
from clauseproof.model.units import Duration

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}")
_SECRET_HEADER = re.compile(
    r"authorization|(^|-)auth(-|$)|cookie|token|secret|passw|credential|session|(api|access|auth|functions|subscription)-?key"
)
"""What is part of the name of a header that proves who asks, by whatever service."""
_OURS = frozenset({"host", "connection", "content-length", "transfer-encoding", "accept-encoding", "expect", "upgrade"})


def _secret_or_plain(value: object) -> SecretRef | str:
    if isinstance(value, SecretRef):
        return value
    text = str(value)
    if "${" in text:
        return SecretRef.parse(text)
    if not (text.isascii() and text.isprintable()):
        raise ValueError("a header's value is printable ASCII")
    return text


HeaderValue = Annotated[SecretRef | str, BeforeValidator(_secret_or_plain)]
"""Text, or a whole value by reference such as `${env:CRM_AUTHORIZATION}`."""


def _address(value: str) -> str:
    return str(ipaddress.ip_address(value))


class HttpRequest(Frozen):
    """An HTTP request.

    Attributes:
        url: https, or http on this machine. Redirects are not followed.
        headers: sent as they are; secrets by reference, a whole value each (`${env:X}` with X="Bearer ...").
        body: sent as it is, never with GET; name its content type among the headers.
        timeout: for the whole exchange: name, connection, headers and body.
        address: connect here instead of resolving the host; TLS still verifies the host's name.
        private_addresses: whether the host's name may lead to private or loopback addresses; see `Endpoint`.
    """

    url: WebUrl
    method: Literal["GET", "POST", "PUT", "PATCH"] = "GET"
    headers: dict[str, HeaderValue] = Field(default_factory=dict, max_length=32)
    body: str | None = Field(default=None, max_length=65536)
    timeout: Duration = timedelta(seconds=10)
    address: Annotated[str, AfterValidator(_address)] | None = None
    private_addresses: bool = False

    @property
    def host(self) -> str:
        """The host of the URL, lower case, without brackets."""
        return split_url(self.url).hostname or ""

    @property
    def port(self) -> int:
        """The port; 443 or 80 where the URL names none."""
        parts = split_url(self.url)
        return parts.port or (443 if parts.scheme == "https" else 80)

    def asks_the_same_as(self, other: "HttpRequest") -> bool:
        """Whether whoever is asked cannot tell the two apart."""
        return all(getattr(self, part) == getattr(other, part) for part in ("url", "method", "headers", "body"))

    @model_validator(mode="after")
    def _can_be_sent(self) -> Self:
        if self.body is not None and self.method == "GET":
            raise ValueError("a GET has no body; write method: POST")
        if not 0.1 <= self.timeout.total_seconds() <= 60:
            raise ValueError("timeout lies between 0.1 s and 60 s")
        for name, value in self.headers.items():
            _check_header(name, value)
        return self


def _check_header(name: str, value: SecretRef | str) -> None:
    if not _TOKEN.fullmatch(name):
        raise ValueError(f"{name!r} is no header's name")
    if name.lower() in _OURS:
        raise ValueError(f"the header {name} is not the profile's to set")
    if _SECRET_HEADER.search(name.lower()) and not isinstance(value, SecretRef):
        raise ValueError(f"the header {name} is a secret; write ${{env:NAME}}")
