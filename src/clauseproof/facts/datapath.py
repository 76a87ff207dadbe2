"""The vendor's data path: one HTTP request that gives a known record back for as long as the vendor can read it."""

from typing import Annotated, Literal, Self
from urllib.parse import unquote, unquote_plus

from pydantic import Field, model_validator

from clauseproof.facts.httprequest import HttpRequest
from clauseproof.facts.identity import Identity
from clauseproof.facts.proxy import Proxied

Pointer = Annotated[str, Field(max_length=512, pattern=r"^(/([^~]|~[01])*)?$")]
"""An RFC 6901 pointer."""


class DataPath(Proxied, HttpRequest):
    """How to read one of the buyer's own records through the vendor.

    The record is the buyer's: put a sentence no one else would write into it, and expect that sentence back; the
    request itself must not hold it. Where only `json_pointer` is given, the value found there by the first read is the
    one that every later read must give.

    Attributes:
        url: https, or http on this machine. Redirects are not followed.
        headers: sent as they are; secrets by reference, a whole value each (`${env:X}` with X="Bearer ...").
        body: sent with POST, as it is; name its content type among the headers.
        expect_sentinel: text of the record, looked for in the body, or at `json_pointer` if that is given.
        json_pointer: RFC 6901 pointer to the value that proves the read, such as `/contact/note`.
        timeout: for one whole read: name, connection, headers and body.
        address: connect here instead of resolving the host; TLS still verifies the host's name.
        private_addresses: whether the host's name may lead to private or loopback addresses; see `Endpoint`.
        proxy: `http://HOST:PORT` (by the method CONNECT) or `socks5://HOST:PORT`: the way to a host that cannot be
            reached directly. It looks the name up, where no `address` is given. The proxy may answer itself, so only
            https is read through it, and only public authorities are trusted, not those of `network.ca_file`.
        client: the certificate with which a client is accepted, where the host asks for one.
    """

    method: Literal["GET", "POST"] = "GET"
    expect_sentinel: str | None = Field(default=None, min_length=8, max_length=1024)
    json_pointer: Pointer | None = None
    client: Identity | None = None

    @model_validator(mode="after")
    def _proves_something(self) -> Self:
        if not self.url.startswith("https:") and (self.proxy or self.client):
            raise ValueError("a proxy or a client certificate is for https only; without TLS anybody could answer")
        if self.expect_sentinel is None and self.json_pointer is None:
            raise ValueError("name expect_sentinel, json_pointer or both: what proves that the record was read?")
        if self.expect_sentinel is not None and self.expect_sentinel in self._told():
            raise ValueError("the request holds expect_sentinel itself, which any error page may repeat")
        return self

    def _told(self) -> str:
        """All that an answer could repeat without having read anything."""
        plain = [value for value in self.headers.values() if isinstance(value, str)]
        return "\n".join((self.url, unquote_plus(self.url), unquote(self.url), self.body or "", *plain))
