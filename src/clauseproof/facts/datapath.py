"""The vendor's data path: one HTTP request that gives a known record back for as long as the vendor can read it."""

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
_SECRET_HEADERS = frozenset({"authorization", "proxy-authorization", "cookie", "x-api-key", "api-key", "x-auth-token"})
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


class DataPath(Frozen):
    """How to read one of the buyer's own records through the vendor.

    The record is the buyer's: put a sentence no one else would write into it, and expect that sentence back. Where
    only `json_pointer` is given, the value found there by the first read is the one that every later read must give.

    Attributes:
        url: https, or http on this machine. Redirects are not followed.
        headers: sent as they are; secrets by reference, a whole value each (`${env:X}` with X="Bearer ...").
        body: sent with POST, as it is; name its content type among the headers.
        expect_sentinel: text of the record, looked for in the body, or at `json_pointer` if that is given.
        json_pointer: RFC 6901 pointer to the value that proves the read, such as `/contact/note`.
        timeout: for one whole read: name, connection, headers and body.
        address: connect here instead of resolving the host; TLS still verifies the host's name.
        private_addresses: whether the host's name may lead to private or loopback addresses; see `Endpoint`.
    """

    url: WebUrl
    method: Literal["GET", "POST"] = "GET"
    headers: dict[str, HeaderValue] = Field(default_factory=dict, max_length=32)
    body: str | None = Field(default=None, max_length=65536)
    expect_sentinel: str | None = Field(default=None, min_length=8, max_length=1024)
    json_pointer: str | None = Field(default=None, max_length=512, pattern=r"^(/([^~]|~[01])*)?$")
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

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.expect_sentinel is None and self.json_pointer is None:
            raise ValueError("name expect_sentinel, json_pointer or both: what proves that the record was read?")
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
    if name.lower() in _SECRET_HEADERS and not isinstance(value, SecretRef):
        raise ValueError(f"the header {name} is a secret; write ${{env:NAME}}")
