"""A proxy on the way to the vendor: found, logged in to, led through."""

import asyncio
import socket
import weakref
from dataclasses import dataclass, field, replace

from clauseproof.facts.proxy import Proxied, Proxy, parse_proxy
from clauseproof.model.errors import Denied, Unreachable
from clauseproof.model.look import Look
from clauseproof.model.unseen import Reason
from clauseproof.probes.converse import hold, words_of
from clauseproof.probes.hello.received import LoginRefused, NotOffered
from clauseproof.probes.hello.tunnel import LONGEST_NAME, Login, tunnel


@dataclass(frozen=True)
class NoStart:
    """The conversation did not come to where TLS begins: why, what would help, and whether it ended at the proxy."""

    why: str
    reason: Reason = Reason.UNREADABLE
    remedy: str = "check the endpoint's starttls; where TLS begins at once, write https://HOST:PORT"
    at_proxy: bool = False


@dataclass
class Hop:
    """A proxy that was found.

    Attributes:
        refusal: what became of the login, where it was refused. It is not tried a second time: proxies lock accounts
            after a few failures. Until it was accepted once, it is tried on one connection at a time.
    """

    proxy: Proxy
    address: str
    login: Login | None
    refusal: NoStart | None = None
    accepted: bool = False
    _alone: asyncio.Lock = field(default_factory=asyncio.Lock)

    def elsewhere(self) -> "Hop":
        """The same hop for another event loop; what became of the login stays known."""
        return replace(self, _alone=asyncio.Lock())

    async def lead(self, connection: socket.socket, host: str, port: int, ends_s: float) -> bytes | NoStart:
        """Come through the proxy, on a connection to it; what the other side has sent already, or why not."""
        if self.login is None or self.accepted:
            return await self._converse(connection, host, port, ends_s)
        try:
            async with asyncio.timeout_at(ends_s):
                await self._alone.acquire()
        except TimeoutError:
            return _LATE_PROXY
        try:
            return self.refusal or await self._converse(connection, host, port, ends_s)
        finally:
            self._alone.release()

    async def _converse(self, connection: socket.socket, host: str, port: int, ends_s: float) -> bytes | NoStart:
        try:
            led = await hold(connection, tunnel(self.proxy.scheme, host, port, self.login), ends_s)
        except LoginRefused as error:
            self.refusal = _at_proxy(error)
            return self.refusal
        except NotOffered as error:
            self.accepted = error.reason is not Reason.UNREADABLE
            return _at_proxy(error)
        except TimeoutError:
            return _LATE_PROXY
        except OSError as error:
            return NoStart(f"the proxy: {words_of(error)}", Reason.UNREACHABLE, CHECK_PROXY, at_proxy=True)
        self.accepted = led is not None
        return NoStart("the proxy closed the connection", Reason.UNREACHABLE, CHECK_PROXY, True) if led is None else led


CHECK_PROXY = "check that the proxy is up and reachable from here"
_LATE_PROXY = NoStart("the proxy did not open a tunnel in time", Reason.DEADLINE, CHECK_PROXY, at_proxy=True)


def _at_proxy(error: NotOffered) -> NoStart:
    return NoStart(str(error), error.reason, error.remedy or CHECK_PROXY, at_proxy=True)


async def hop_to(place: Proxied, look: Look) -> Hop | None:
    """The proxy that leads to a place, one for all looks of a run; None where it is reached directly.

    The proxy's name is resolved by this machine, IPv4 first.

    Raises:
        Unreachable: the proxy's name leads nowhere. Denied: its user name or password cannot be opened or used.
    """
    if place.proxy is None:
        return None
    proxy, login = parse_proxy(place.proxy), _login(place, look)
    known = _hops.setdefault(asyncio.get_running_loop(), {})
    if (proxy, login) not in known:
        address = await _resolved(proxy, look)
        known.setdefault((proxy, login), Hop(proxy, address, login))
    return known[proxy, login]


async def _resolved(proxy: Proxy, look: Look) -> str:
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(look.remaining_s()):
            found = await loop.getaddrinfo(proxy.host, proxy.port, type=socket.SOCK_STREAM)
    except (TimeoutError, OSError) as error:
        raise Unreachable(f"the proxy {proxy} has no address", "correct the proxy in the profile") from error
    return str(min(found, key=lambda one: one[0] is not socket.AF_INET)[4][0])


def _login(place: Proxied, look: Look) -> Login | None:
    if place.proxy_user is None or place.proxy_password is None:
        return None
    login = Login(look.reveal(place.proxy_user).encode(), look.reveal(place.proxy_password).encode())
    if b":" in login.user or not all(0 < len(part) <= LONGEST_NAME for part in (login.user, login.password)):
        raise Denied(
            f"the user name or password for {place.proxy} cannot be told to a proxy",
            f"a user name has no colon, and both have 1 to {LONGEST_NAME} bytes",
        )
    return login


_hops: "weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, dict[tuple[Proxy, Login | None], Hop]]" = (
    weakref.WeakKeyDictionary()
)
