"""The way to where TLS begins: directly or through a proxy, then past the plain protocol, if any."""

import asyncio
import socket
from dataclasses import dataclass

from clauseproof.facts.dns import BY_PROXY
from clauseproof.facts.endpoint import Endpoint
from clauseproof.facts.manner import StartTls, Way
from clauseproof.facts.proxy import Proxied
from clauseproof.model.errors import Denied, EvidenceRejected, LookFailed, TimedOut, Unknowable, Unreachable
from clauseproof.model.look import Look
from clauseproof.model.pace import Pace
from clauseproof.model.unseen import Reason
from clauseproof.probes.converse import fed, hold, words_of
from clauseproof.probes.hello.received import NotOffered
from clauseproof.probes.hello.starttls import conversation
from clauseproof.probes.hop import CHECK_PROXY, Hop, NoStart, hop_to
from clauseproof.probes.traffic import Slot, slot


@dataclass(frozen=True)
class NoConnection:
    """No connection was made, and why."""

    why: str
    late: bool


Failure = NoConnection | NoStart


@dataclass(frozen=True)
class Passage:
    """How connections to the addresses of a host are made."""

    host: str
    port: int
    starttls: StartTls | None
    hop: Hop | None
    pace: Pace

    @property
    def way(self) -> Way:
        """Directly, or through a proxy."""
        return Way.DIRECT if self.hop is None else Way.PROXY

    @property
    def plain_first(self) -> bool:
        """Whether others speak before TLS begins, and may let us wait."""
        return self.hop is not None or self.starttls is not None

    def turn(self, address: str) -> Slot:
        """The right to a connection to an address. A proxy carries those to all endpoints behind it."""
        return slot(self._beyond(address), self.pace)

    def where(self, address: str) -> str:
        """`192.0.2.7 port 443`, and through which proxy."""
        through = f" through {self.hop.proxy}" if self.hop is not None else ""
        return f"{self._beyond(address)} port {self.port}{through}"

    def open(self, address: str) -> socket.socket:
        """A socket for one connection; it does not block."""
        first = self._first(address)[0]
        made = socket.socket(socket.AF_INET6 if ":" in first else socket.AF_INET, socket.SOCK_STREAM)
        made.setblocking(False)
        return made

    async def begin(self, connection: socket.socket, address: str, ends_s: float) -> Failure | None:
        """Connect and come to where TLS begins, by `ends_s` of the running loop's clock; what failed, if anything."""
        led = await self.reach(connection, address, ends_s)
        return await self._start(connection, led, ends_s) if isinstance(led, bytes) else led

    async def reach(self, connection: socket.socket, address: str, ends_s: float) -> bytes | Failure:
        """Connect, through the proxy if there is one; what has come from there already, or what failed."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout_at(ends_s):
                await loop.sock_connect(connection, self._first(address))
        except TimeoutError:
            return NoConnection("no connection in time", late=True)
        except OSError as error:
            return NoConnection(words_of(error), late=False)
        if self.hop is None:
            return b""
        return await self.hop.lead(connection, self._beyond(address), self.port, ends_s)

    def failed(self, address: str, failure: Failure) -> LookFailed:
        """A failure as the error of a look at an address."""
        where = self.where(address)
        if isinstance(failure, NoConnection):
            whose = "the endpoint" if self.hop is None else "the proxy"
            return Unreachable(f"{where}: {failure.why}", f"check that {whose} is up and reachable from here")
        what = "was not reached" if failure.at_proxy else f"did not begin TLS by {self.starttls}"
        return _ERRORS[failure.reason](f"{where} {what}: {failure.why}"[:300], failure.remedy)

    def _first(self, address: str) -> tuple[str, int]:
        return (address, self.port) if self.hop is None else (self.hop.address, self.hop.proxy.port)

    def _beyond(self, address: str) -> str:
        return self.host if address == BY_PROXY else address

    async def _start(self, connection: socket.socket, left: bytes, ends_s: float) -> NoStart | None:
        """Past the plain protocol; `left` is what came from the server already."""
        if self.starttls is None:
            said = f"{len(left)} bytes came through the proxy before anything was sent"
            return NoStart(said, Reason.UNREADABLE, CHECK_PROXY, at_proxy=True) if left else None
        try:
            held = await hold(connection, fed(conversation(self.starttls, self.host), left), ends_s)
        except NotOffered as error:
            return NoStart(str(error))
        except TimeoutError:
            return NoStart("the server did not come to TLS in time")
        except OSError as error:
            return NoStart(words_of(error))
        return NoStart("the server closed the connection before TLS") if held is None else None


_ERRORS: dict[Reason, type[LookFailed]] = {
    Reason.DENIED: Denied,
    Reason.DEADLINE: TimedOut,
    Reason.UNREACHABLE: Unreachable,
    Reason.UNREADABLE: EvidenceRejected,
}


async def passage_to(endpoint: Endpoint, look: Look) -> Passage:
    """The way to an endpoint; the look notes which it is. Raises as `hop_to` does."""
    return await passage(endpoint, endpoint.host, endpoint.port, look, endpoint.starttls)


async def passage(place: Proxied, host: str, port: int, look: Look, starttls: StartTls | None = None) -> Passage:
    """The way to a host that a place names; the look notes which it is. Raises as `hop_to` does."""
    hop = await hop_to(place, look)
    look.went_through(None if hop is None else str(hop.proxy))
    return Passage(host, port, starttls, hop, look.pace)


def only_directly(endpoint: Endpoint, what: str) -> None:
    """Unknowable where an endpoint is reached through a proxy: only our own hellos and handshakes go that way."""
    if endpoint.proxy is not None:
        raise Unknowable(
            f"{endpoint.host} is reached through a proxy, and {what}", "look from where it is reached directly"
        )
