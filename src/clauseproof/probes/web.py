"""Asks an endpoint's addresses for one page, with TLS and without, as any client may."""

import asyncio
import re
import ssl
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

from clauseproof.facts.dns import Resolution
from clauseproof.facts.endpoint import Endpoint
from clauseproof.facts.web import AddressPages, AddressPlain, Heard, Page, Pages, Plain, PlainAnswers
from clauseproof.model.errors import EvidenceRejected, LookFailed, TimedOut, Unknowable, Unreachable
from clauseproof.model.look import Look
from clauseproof.model.marks import probe
from clauseproof.model.permission import Permission
from clauseproof.model.unseen import Unseen
from clauseproof.probes.chain import looking_context
from clauseproof.probes.hello.received import printable
from clauseproof.probes.http import Fetch, Head
from clauseproof.probes.passage import only_directly
from clauseproof.probes.visit import End, Errand, Target, Visit, visit

LOOKS = 2
"""Requests to each address, one after the other: a contradiction must be seen twice."""
MOST_FIELDS = 8
"""Strict-Transport-Security fields kept of one response; clients read the first."""
_TEXT = re.compile(rb"[\t\r\n\x20-\x7e]{4,}")

T = TypeVar("T")


@probe(permission=Permission.CONNECT, deadline_s=60)
async def pages(endpoint: Endpoint, names: Resolution, look: Look) -> Pages:
    """The heads of two responses over TLS from every address; certificates are not verified here.

    Raises:
        Unknowable: a proxy leads there, and may answer itself; or a plain protocol comes before TLS.
    """
    only_directly(endpoint, "pages are asked for only directly")
    only_web(endpoint)

    async def one(address: str) -> AddressPages:
        return AddressPages(address=address, looks=tuple([await _page(address, endpoint, look) for _ in range(LOOKS)]))

    return Pages(
        name=endpoint.name,
        port=endpoint.port,
        page=endpoint.page,
        per_address=await every(names.reachable, one),
        missing=names.missing,
    )


@probe(permission=Permission.CONNECT, deadline_s=90)
async def plain_answers(endpoint: Endpoint, names: Resolution, look: Look) -> PlainAnswers:
    """What every address answers, twice, to a request without TLS: on the endpoint's port and on that of plain HTTP.

    Raises:
        Unknowable: a proxy leads there, and may answer itself; or a plain protocol comes before TLS.
    """
    only_directly(endpoint, "what it answers without TLS is looked at only directly")
    only_web(endpoint)

    async def one(address: str) -> AddressPlain:
        on = {
            port: tuple([await _plain(address, port, endpoint, look) for _ in range(LOOKS)])
            for port in (endpoint.port, endpoint.http_port)
        }
        return AddressPlain(address=address, endpoint_port=on[endpoint.port], http_port=on[endpoint.http_port])

    return PlainAnswers(
        name=endpoint.name,
        port=endpoint.port,
        http_port=endpoint.http_port,
        page=endpoint.page,
        per_address=await every(names.reachable, one),
        missing=names.missing,
    )


def only_web(endpoint: Endpoint) -> None:
    """Unknowable where a plain protocol comes before TLS: these looks speak HTTP."""
    if endpoint.starttls is not None:
        raise Unknowable(
            f"{endpoint.host} port {endpoint.port} begins in the clear, with {endpoint.starttls}, and is no web site",
            "make this claim about an endpoint where TLS begins at once; for mail there is the claim starttls",
        )


async def every(addresses: Iterable[str], one: Callable[[str], Awaitable[T]]) -> tuple[T, ...]:
    """One look at each address, all at once."""
    return tuple(await asyncio.gather(*(one(address) for address in addresses)))


async def _page(address: str, endpoint: Endpoint, look: Look) -> Page | Unseen:
    fetch = Fetch(endpoint.name, endpoint.port, endpoint.page, secure=True)
    errand = Errand(tls=web_context(), send=fetch.request, enough=fetch.feed)
    seen = await visit(Target(address, endpoint.port, endpoint.sni), errand, look)
    if fetch.head is None:
        return no_response(f"{address} port {endpoint.port}", seen, fetch).unseen()
    return Page(
        status=fetch.head.status,
        location=fetch.head.first("location"),
        transport_security=fetch.head.all("strict-transport-security")[:MOST_FIELDS],
    )


def web_context() -> ssl.SSLContext:
    """A client that looks and trusts nobody, and says that it speaks HTTP/1.1."""
    context = looking_context()
    context.set_alpn_protocols(["http/1.1"])
    return context


def no_response(where: str, seen: Visit, fetch: Fetch) -> LookFailed:
    """Why a visit over TLS gave no HTTP response."""
    if seen.blocked is not None:
        return seen.blocked
    up = "check that it is up and reachable from here"
    if seen.received:
        return EvidenceRejected(f"{where} answered with something that is no HTTP: {fetch.fault or seen.end.value}")
    if seen.end in (End.SILENCE, End.NOTHING):
        return TimedOut(f"{where} did not answer in time", up)
    words = f": {seen.words}" if seen.words else ""
    if seen.end in (End.REFUSED, End.NO_WAY, End.RESET, End.CLOSED):
        return Unreachable(f"{where}: {seen.end.value}{words}", up)
    return EvidenceRejected(f"{where}: {seen.end.value}{words}", "check that it speaks TLS on this port")


async def _plain(address: str, port: int, endpoint: Endpoint, look: Look) -> Plain:
    fetch = Fetch(endpoint.name, port, endpoint.page, secure=False)
    seen = await visit(Target(address, port, None), Errand(send=fetch.request, enough=fetch.feed), look)
    if fetch.head is not None:
        return _answered(fetch.head)
    return Plain(heard=_heard(seen), status=None, location=None, detail=_detail(seen))


def _answered(head: Head) -> Plain:
    return Plain(heard=Heard.HTTP, status=head.status, location=head.first("location"), detail="")


_ENDS = {
    End.REFUSED: Heard.REFUSED,
    End.NOTHING: Heard.NOTHING,
    End.NO_WAY: Heard.NO_WAY,
    End.CLOSED: Heard.CLOSED,
    End.RESET: Heard.RESET,
    End.SILENCE: Heard.SILENCE,
}


def _heard(seen: Visit) -> Heard:
    """What a reply is that is no HTTP."""
    data = seen.received
    if data[:1] in (b"\x15", b"\x16") and data[1:2] == b"\x03":  # RFC 8446, section 5.1: alert, handshake
        return Heard.TLS
    if data:
        return Heard.TEXT if _TEXT.fullmatch(data[:80]) else Heard.BYTES
    return _ENDS.get(seen.end, Heard.CLOSED)


def _detail(seen: Visit) -> str:
    return (printable(seen.received) if seen.received else seen.words)[:120]
