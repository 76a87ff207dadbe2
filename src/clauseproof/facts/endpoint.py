"""An endpoint: a name or address and a port where somebody answers TLS."""

import functools
import ipaddress
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Self
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, Field, model_validator

from clauseproof.facts.host import SHOWN, is_address, read_host
from clauseproof.facts.identity import Identity
from clauseproof.facts.manner import Depth, StartTls
from clauseproof.facts.nameserver import Nameserver
from clauseproof.facts.proxy import Proxied
from clauseproof.model.subject import Subject

HTTPS_PORT = 443
MOST_CRLS = 8
"""The most revocation lists for one endpoint."""
MOST_RESOLVERS = 8
"""The most resolvers of an endpoint's own."""

_BEGIN_IN_THE_CLEAR = {
    "21": StartTls.FTP,
    "25": StartTls.SMTP,
    "110": StartTls.POP3,
    "143": StartTls.IMAP,
    "389": StartTls.LDAP,
    "587": StartTls.SMTP,
    "5222": StartTls.XMPP,
    "5432": StartTls.POSTGRES,
}


@dataclass(frozen=True)
class Authority:
    """Host (lower case, no brackets, no final dot) and port."""

    host: str
    port: int

    @property
    def literal(self) -> bool:
        """Whether the host is an address, not a name."""
        return is_address(self.host)


@functools.lru_cache(maxsize=1024)
def parse_endpoint(text: str) -> Authority:
    """Read `https://HOST[:PORT]` or `HOST:PORT`; ValueError says what is wrong with anything else."""
    shown = text if len(text) <= SHOWN else text[:SHOWN] + "…"
    try:
        parts = _split(text.strip())
        port = parts.port
    except ValueError as error:
        raise ValueError(f"{shown!r} is no endpoint: {error}") from error
    _only_an_authority(parts, shown)
    return Authority(read_host(parts.hostname or "", shown), HTTPS_PORT if port is None else port)


def _split(text: str) -> SplitResult:
    if not text.isprintable() or " " in text:
        raise ValueError("there is white space or a control character in it")
    if "://" in text:
        return urlsplit(text)
    parts = urlsplit(f"//{text}")
    if parts.port is None:
        raise ValueError("write https://HOST, https://HOST:PORT or HOST:PORT")
    return parts


def _only_an_authority(parts: SplitResult, shown: str) -> None:
    if parts.username is not None or parts.password is not None:
        raise ValueError("an endpoint carries no user name and no password: a secret never stands in a profile")
    if parts.scheme not in ("", "https"):
        raise ValueError(f"{shown!r} is no endpoint that speaks TLS: write https://HOST[:PORT] or HOST:PORT")
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        raise ValueError(f"{shown!r} names a page; an endpoint ends after the port")
    if parts.port == 0:
        raise ValueError(f"{shown!r}: port 0 is not a port")


def at(host: str, address: str) -> str:
    """`api.crm.example (192.0.2.7)`, for sentences; the address alone where that is the host, or there is none."""
    return address if host in ("", address) else f"{host} ({address})"


def _address(text: str) -> str:
    if not is_address(text.strip()):
        raise ValueError(f"{text[:SHOWN]!r} is no IP address; write one such as 192.0.2.7 or 2001:db8::7")
    return str(ipaddress.ip_address(text.strip()))


def _name(text: str) -> str:
    return read_host(text.strip(), text[:SHOWN])


class Endpoint(Proxied, Subject):
    """A TLS endpoint of the vendor's.

    Attributes:
        endpoint: `https://HOST[:PORT]` or `HOST:PORT`.
        addresses: look at exactly these addresses instead of asking for the name's; the observation says so.
        resolvers: ask these for the endpoint's name in place of `network.resolvers`.
        proxy: `http://HOST:PORT` (by the method CONNECT) or `socks5://HOST:PORT`: the way to an endpoint that cannot be
            reached directly. Only our own hellos and the look at the certificate go through it. Where neither
            `addresses` nor `resolvers` are given, the proxy looks the name up, and its own rules decide where that
            may lead.
        server_name: the name to ask for (SNI) and to expect in the certificate, where it is not the host.
        private_addresses: whether the name may lead to private or loopback addresses. Without it such an answer is
            recorded and not followed: a vendor's zone must not aim our looks at the buyer's own network.
        starttls: the plain protocol that is spoken before TLS: `smtp`, `imap`, `pop3`, `ldap`, `postgres`, `xmpp` or
            `ftp`. Without it `HOST:PORT` begins with the protocol that the port is known for (21 ftp, 25 and 587 smtp,
            110 pop3, 143 imap, 389 ldap, 5222 xmpp, 5432 postgres), and with TLS at any other; `https://HOST:PORT`
            begins with TLS at any port.
        depth: `full`, or `fast` for fleets: as few hellos to an address as will do, and no deep scan.
        crls: files with certificate revocation lists, relative to the profile, PEM or DER, by which its certificates
            are judged where no OCSP response is stapled.
        page: what a look that speaks HTTP asks for.
        http_port: where the same site may be spoken to without TLS, in order to be sent to https.
        client: the certificate with which a client is accepted, where the endpoint asks for one.
    """

    key: ClassVar[str] = "endpoint"

    endpoint: str
    addresses: tuple[Annotated[str, AfterValidator(_address)], ...] = ()
    resolvers: tuple[Nameserver, ...] = Field(default=(), max_length=MOST_RESOLVERS)
    server_name: Annotated[str, AfterValidator(_name)] | None = None
    private_addresses: bool = False
    starttls: StartTls | None = None
    depth: Depth = Depth.FULL
    crls: tuple[str, ...] = Field(default=(), max_length=MOST_CRLS)
    page: str = Field(default="/", max_length=1024, pattern=r"^/[!-~]*$")
    http_port: int = Field(default=80, ge=1, le=65535)
    client: Identity | None = None

    @model_validator(mode="before")
    @classmethod
    def _known_port(cls, data: Any) -> Any:
        """IANA's service names and port numbers."""
        if not isinstance(data, dict) or "starttls" in data or "://" in str(data.get("endpoint")):
            return data
        port = str(data.get("endpoint")).strip().rpartition(":")[2]
        return {**data, "starttls": _BEGIN_IN_THE_CLEAR[port]} if port in _BEGIN_IN_THE_CLEAR else data

    @model_validator(mode="after")
    def _readable(self) -> Self:
        parse_endpoint(self.endpoint)
        return self

    @property
    def host(self) -> str:
        """The name or address to connect to."""
        return parse_endpoint(self.endpoint).host

    @property
    def port(self) -> int:
        """The port; 443 where none is written."""
        return parse_endpoint(self.endpoint).port

    @property
    def literal(self) -> bool:
        """Whether the host is itself an address, so that no name is asked for."""
        return parse_endpoint(self.endpoint).literal

    @property
    def name(self) -> str:
        """The name that a certificate must be valid for: `server_name`, else the host."""
        return self.server_name or self.host

    @property
    def sni(self) -> str | None:
        """The server name to send; None for an address, which must not be sent (RFC 6066, section 3)."""
        return None if is_address(self.name) else self.name

    def files(self) -> tuple[str, ...]:
        """The revocation lists."""
        return self.crls

    def hosts(self) -> tuple[str, ...]:
        """The host, and the addresses that the profile fixes."""
        return (self.host, *self.addresses)
