"""Reads one record through the vendor's data path. The vendor is hostile: everything is bounded, little is kept.

The name is resolved here, by the profile's resolvers if it names any, and each address is asked by itself: the
connection goes to the address while the Host header and TLS (server name and verification) keep the URL's host. A
vendor serves for as long as one of its addresses does. Every read is a connection of its own; proxies and other
settings of the environment are not used, redirects are not followed, answers are not decompressed. What comes back
leaves this module as a digest and as whether it was the record.

Through a proxy that the profile names only public authorities are trusted: whoever shows a certificate of theirs for
the host is not the proxy, so that what is read through it was said by the vendor.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field

from clauseproof import __version__
from clauseproof.facts.datapath import DataPath
from clauseproof.facts.dns import BY_PROXY
from clauseproof.facts.drills import Answer
from clauseproof.facts.endpoint import Endpoint
from clauseproof.facts.httprequest import HttpRequest
from clauseproof.facts.proxy import Proxied
from clauseproof.facts.weburl import split_url
from clauseproof.model.errors import EvidenceRejected, LookFailed, TimedOut, Unreachable
from clauseproof.model.look import Look
from clauseproof.model.secret import SecretRef
from clauseproof.model.unseen import Unseen
from clauseproof.probes.carried import NotLed, carried
from clauseproof.probes.clientcert import show
from clauseproof.probes.dns import resolution
from clauseproof.probes.hop import Hop, hop_to
from clauseproof.probes.passage import Passage
from clauseproof.probes.record import Reading, Record, codes, combine
from clauseproof.probes.traffic import turn

MOST_BYTES = 1 << 20
MOST_ADDRESSES = 8
RESOLVE_AGAIN_S = 30.0

Trust = ssl.SSLContext | bool
"""What TLS is verified with; a bool where there is no TLS."""


@dataclass
class DataPathReader:
    """Reads the same record again and again. Not for several threads at once.

    Attributes:
        addresses: those that served when first asked; empty before `open`.
    """

    path: DataPath
    look: Look
    addresses: tuple[str, ...] = ()
    _silent: dict[str, str] = field(default_factory=dict, init=False)
    _resolved: tuple[str, ...] = field(default=(), init=False)
    _resolved_at: float = field(default=float("-inf"), init=False)
    _hop: Hop | None = field(default=None, init=False)
    _not_led: LookFailed | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self._record = Record(self.path)
        self._headers = headers_of(self.path, self.look)
        self._tls = trust_for(self.path, self.look, public_only=self.path.proxy is not None)
        if self.path.client is not None and isinstance(self._tls, ssl.SSLContext):
            show(self.path.client, self._tls, self.look)

    @property
    def skipped(self) -> tuple[str, ...]:
        """Addresses that did not serve when first asked, each with the reason; they are not asked again."""
        return tuple(f"{address}: {why}" for address, why in self._silent.items())

    def open(self) -> Reading:
        """The first read: finds the addresses that serve.

        Raises:
            Unreachable: none does. LookFailed: the proxy does not lead there.
        """
        readings = asyncio.run(self._read_each())
        serving = [address for address, reading in readings.items() if reading.outcome is Answer.SERVED]
        if not serving and self._not_led is not None:
            raise self._not_led
        if not serving:
            raise Unreachable(
                f"the data path {self.path.host} does not give the record: {codes(readings.values())}",
                "mend data_path (url, headers, expect_sentinel, json_pointer) until the record comes back",
            )
        self.addresses = tuple(serving)
        self._silent = {address: str(reading.code) for address, reading in readings.items() if address not in serving}
        return combine(readings.values())

    @property
    def first(self) -> str | None:
        """Digest of the value that every read must give, see `Record`."""
        return self._record.first

    def reopen(self, addresses: tuple[str, ...], skipped: tuple[str, ...], first: str | None) -> None:
        """Go on as another reader of the same path, which had these, would have."""
        self.addresses, self._record.first = addresses, first
        self._silent = {address: why for address, _, why in (entry.partition(": ") for entry in skipped)}

    def await_turns(self) -> None:
        """Wait until every address may be connected to again; for looks that read as fast as they may."""
        for address in self.addresses:
            turn(self.path.host if address == BY_PROXY else address, self.look.pace)

    def read(self) -> Reading:
        """Read once. Never raises for what the network or the vendor does: that is an unclear reading."""
        try:
            readings = asyncio.run(self._read_each())
        except (Unreachable, TimedOut) as error:
            return Reading(Answer.UNCLEAR, error.what)
        return combine(readings.values())

    async def _read_each(self) -> dict[str, Reading]:
        asked = [address for address in await self._current() if address not in self._silent]
        way = await self._way()
        readings = await asyncio.gather(*(self._read_from(address, way) for address in asked))
        return dict(zip(asked, readings, strict=True))

    async def _way(self) -> Passage:
        """The way there. A proxy's refusal of the login is remembered from one event loop to the next."""
        self._hop = await hop_to(self.path, self.look) if self._hop is None else self._hop.elsewhere()
        self.look.went_through(None if self._hop is None else str(self._hop.proxy))
        return Passage(self.path.host, self.path.port, None, self._hop, self.look.pace)

    async def _current(self) -> tuple[str, ...]:
        if self.look.clock() - self._resolved_at > RESOLVE_AGAIN_S:
            self._resolved = tuple(await resolve(self.path, self.look))
            self._resolved_at = self.look.clock()
        return self._resolved

    async def _read_from(self, address: str, way: Passage) -> Reading:
        import httpx

        try:
            async with asyncio.timeout(self.path.timeout.total_seconds()):
                status, body = await exchange(self.path, address, self._headers, self._tls, way)
        except (TimeoutError, httpx.TimeoutException):
            return Reading(Answer.UNCLEAR, "Timeout")
        except NotLed as error:
            self._not_led = way.failed(address, error.failure)
            return Reading(Answer.UNCLEAR, error.failure.why)
        except (httpx.HTTPError, OSError) as error:
            return Reading(Answer.UNCLEAR, kind_of(error))
        return self._record.judge(status, body)


async def exchange(
    request: HttpRequest, address: str, headers: dict[str, str], tls: Trust, way: Passage | None = None
) -> tuple[int, bytes | None]:
    """Status and body of one request to an address; the body is None where it is longer than allowed or compressed.

    Raises NotLed, other OSErrors and httpx's errors.
    """
    if way is not None and way.hop is not None and not isinstance(tls, bool):
        return await _through(request, address, headers, tls, way)
    import httpx

    parts = split_url(request.url)
    timeout_s = request.timeout.total_seconds()
    async with httpx.AsyncClient(verify=tls, trust_env=False, timeout=timeout_s) as client:
        built = client.build_request(
            request.method,
            httpx.URL(request.url).copy_with(host=address),
            headers=headers | {"host": parts.netloc},
            content=None if request.body is None else request.body.encode(),
            extensions={"sni_hostname": parts.hostname or ""},
        )
        response = await client.send(built, stream=True, follow_redirects=False)
        if response.headers.get("content-encoding", "identity").strip().lower() != "identity":
            return response.status_code, None
        return response.status_code, await _bounded(response.aiter_raw())


async def _through(
    request: HttpRequest, address: str, headers: dict[str, str], tls: ssl.SSLContext, way: Passage
) -> tuple[int, bytes | None]:
    """The same through a proxy, which httpx could not be kept from believing."""
    import httpcore

    try:
        async with carried(request, address, headers, tls, way) as response:
            coded = [value.strip().lower() for name, value in response.headers if name.lower() == b"content-encoding"]
            if any(value != b"identity" for value in coded):
                return response.status, None
            return response.status, await _bounded(response.aiter_stream())
    except (httpcore.NetworkError, httpcore.ProtocolError) as error:
        raise ConnectionError(type(error).__name__) from error


def headers_of(request: HttpRequest, look: Look) -> dict[str, str]:
    """What is sent, secrets opened. Raises Denied where one cannot be, EvidenceRejected where one fits no header."""
    return dict(_headers(request, look))


def _headers(path: HttpRequest, look: Look) -> Iterable[tuple[str, str]]:
    yield "user-agent", f"clauseproof/{__version__}"
    yield "accept-encoding", "identity"
    yield "connection", "close"
    for name, value in path.headers.items():
        text = look.reveal(value) if isinstance(value, SecretRef) else value
        if not (text.isascii() and text.isprintable()):
            raise EvidenceRejected(f"the header {name} of the data path holds characters that have no place in HTTP")
        yield name.lower(), text


async def _bounded(pieces: AsyncIterator[bytes]) -> bytes | None:
    body = bytearray()
    async for piece in pieces:
        body += piece
        if len(body) > MOST_BYTES:
            return None
    return bytes(body)


async def resolve(path: HttpRequest, look: Look) -> list[str]:
    """The addresses of a request, at most eight. Raises Unreachable where there is none that may be asked.

    An address that is not public is asked only where the profile says so: pinned, in the URL, or `private_addresses`.
    """
    proxy = path.proxy if isinstance(path, Proxied) else None
    if path.address is None and path.host == "localhost" and proxy is None:
        return ["127.0.0.1"]
    where = f"[{path.host}]:{path.port}" if ":" in path.host else f"{path.host}:{path.port}"
    pinned = () if path.address is None else (path.address,)
    named = Endpoint(endpoint=where, addresses=pinned, private_addresses=path.private_addresses, proxy=proxy)
    found = await resolution(named, look)
    addresses = [address.address for address in found.addresses if address.withheld is None]
    if not addresses:
        withheld = [address.withheld for address in found.addresses if address.withheld is not None]
        raise next((_unreachable(gap) for gap in (*withheld, *found.gaps)), Unreachable(f"{path.host} has no address"))
    return addresses[:MOST_ADDRESSES]


def _unreachable(gap: Unseen) -> Unreachable:
    return Unreachable(gap.text, gap.remedy.replace("the endpoint", "the data path"))


def trust_for(request: HttpRequest, look: Look, *, public_only: bool = False) -> Trust:
    """The public authorities, and the profile's own beside them unless only those count."""
    if not request.url.startswith("https:"):
        return True
    import certifi

    context = ssl.create_default_context(cafile=certifi.where())
    name = None if public_only else look.network.ca_file
    if name is not None:
        try:
            context.load_verify_locations(cadata=look.read_file(name, MOST_BYTES).decode())
        except (ssl.SSLError, ValueError) as error:
            raise EvidenceRejected(f"{name} holds no certificates in PEM form", "mend network.ca_file") from error
    return context


def kind_of(error: BaseException) -> str:
    """A word for what failed on the way; never the peer's text."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return "CertificateNotTrusted"
        cause = cause.__cause__ or cause.__context__
    return type(error).__name__
