"""Sends one hello to one address and waits until its answer is decided: the only sockets of the prober.

Every connection is one question. To one address at most `AT_ONCE` are open at a time and at most `PER_SECOND` are made
in a second, whatever subjects share it; over all addresses at most `OPEN` are open, so that a fleet fits into the
file descriptors of a process.
"""

import asyncio
import contextlib
import os
import socket
import weakref
from dataclasses import dataclass
from typing import NamedTuple

from clauseproof.probes.hello.answer import Answer, Flight
from clauseproof.probes.hello.received import NotOffered, Talk

AT_ONCE = 6
PER_SECOND = 10
OPEN = 400
PATIENCE_S = 6.0
"""From the start of a connection to its answer."""
PLAIN_PATIENCE_S = 15.0
"""The same where a plain protocol comes first: mail servers let their clients wait."""
_CHUNK = 16 * 1024
_IDLE_PACES = 1024


class Target(NamedTuple):
    """An address and a port."""

    address: str
    port: int

    @property
    def family(self) -> socket.AddressFamily:
        """IPv4 or IPv6."""
        return socket.AF_INET6 if ":" in self.address else socket.AF_INET


@dataclass(frozen=True)
class NoConnection:
    """No connection was made, and why."""

    why: str
    late: bool


@dataclass(frozen=True)
class NoStart:
    """The plain protocol did not come to where TLS begins, and why."""

    why: str


class Heard(NamedTuple):
    """What came of one question; `began_s` and `ended_s` by the loop's clock."""

    answer: Answer | NoConnection | NoStart
    began_s: float
    ended_s: float


async def ask(target: Target, flight: Flight, talk: Talk | None, ends_s: float) -> Heard:
    """Connect, come to where TLS begins, send the hello, read until there is an answer; all by `ends_s` at the latest.

    Times are the running loop's.
    """
    loop = asyncio.get_running_loop()
    async with _traffic(loop).slot(target.address, loop.time()):
        began_s = loop.time()
        patience_s = PATIENCE_S if talk is None else PLAIN_PATIENCE_S
        with socket.socket(target.family, socket.SOCK_STREAM) as connection:
            connection.setblocking(False)
            answer = await _ask(connection, target, flight, talk, min(began_s + patience_s, ends_s))
        return Heard(answer, began_s, loop.time())


async def _ask(
    connection: socket.socket, target: Target, flight: Flight, talk: Talk | None, ends_s: float
) -> Answer | NoConnection | NoStart:
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout_at(ends_s):
            await loop.sock_connect(connection, (target.address, target.port))
    except TimeoutError:
        return NoConnection("no connection in time", late=True)
    except OSError as error:
        return NoConnection(_words(error), late=False)
    failure = await _start(connection, talk, ends_s) if talk is not None else None
    return failure or await _answer(connection, flight, ends_s)


async def _start(connection: socket.socket, talk: Talk, ends_s: float) -> NoStart | None:
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout_at(ends_s):
            send = next(talk)
            while True:
                if send:
                    await loop.sock_sendall(connection, send)
                data = await loop.sock_recv(connection, _CHUNK)
                if not data:
                    return NoStart("the server closed the connection before TLS")
                send = talk.send(data)
    except StopIteration:
        return None
    except NotOffered as error:
        return NoStart(str(error))
    except TimeoutError:
        return NoStart("the server did not come to TLS in time")
    except OSError as error:
        return NoStart(_words(error))


async def _answer(connection: socket.socket, flight: Flight, ends_s: float) -> Answer:
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout_at(ends_s):
            with contextlib.suppress(OSError):  # what came before the connection broke can still be read
                await loop.sock_sendall(connection, flight.hello.encode())
            while True:
                data = await loop.sock_recv(connection, _CHUNK)
                answer = flight.feed(data) if data else flight.ended()
                if answer is not None:
                    return answer
    except TimeoutError:
        return flight.timed_out()
    except OSError:
        return flight.ended(reset=True)


def _words(error: OSError) -> str:
    return os.strerror(error.errno) if error.errno else type(error).__name__  # asyncio's own words name the address


class _Pace:
    """How often one address may be connected to: a bucket of tokens, and room for a few at once."""

    def __init__(self, now_s: float) -> None:
        self.room = asyncio.Semaphore(AT_ONCE)
        self.users = 0
        self._tokens = float(PER_SECOND)
        self._at_s = now_s

    def wait_s(self, now_s: float) -> float:
        """Take a token; the seconds to wait until it is there."""
        self._fill(now_s)
        self._tokens -= 1
        return max(0.0, -self._tokens / PER_SECOND)

    def idle(self, now_s: float) -> bool:
        """Whether nobody uses it and its bucket is full."""
        self._fill(now_s)
        return not self.users and self._tokens >= PER_SECOND

    def _fill(self, now_s: float) -> None:
        self._tokens = min(float(PER_SECOND), self._tokens + (now_s - self._at_s) * PER_SECOND)
        self._at_s = now_s


class _Slot:
    """The right to one connection to an address, for as long as its block runs."""

    def __init__(self, pace: _Pace, everywhere: asyncio.Semaphore) -> None:
        self._pace, self._everywhere = pace, everywhere

    async def __aenter__(self) -> None:
        self._pace.users += 1
        try:
            await self._turn()
        except BaseException:
            self._pace.users -= 1
            raise

    async def __aexit__(self, *error: object) -> None:
        self._everywhere.release()
        self._pace.room.release()
        self._pace.users -= 1

    async def _turn(self) -> None:
        await self._pace.room.acquire()
        try:
            wait_s = self._pace.wait_s(asyncio.get_running_loop().time())
            if wait_s:
                await asyncio.sleep(wait_s)
            await self._everywhere.acquire()
        except BaseException:
            self._pace.room.release()
            raise


class _Traffic:
    """All connections of one event loop."""

    def __init__(self) -> None:
        self._open = asyncio.Semaphore(OPEN)
        self._paces: dict[str, _Pace] = {}

    def slot(self, address: str, now_s: float) -> _Slot:
        """A connection to an address, once its turn comes."""
        if address not in self._paces:
            if len(self._paces) >= _IDLE_PACES:
                self._paces = {known: pace for known, pace in self._paces.items() if not pace.idle(now_s)}
            self._paces[address] = _Pace(now_s)
        return _Slot(self._paces[address], self._open)


_loops: "weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, _Traffic]" = weakref.WeakKeyDictionary()


def _traffic(loop: asyncio.AbstractEventLoop) -> _Traffic:
    if loop not in _loops:
        _loops[loop] = _Traffic()
    return _loops[loop]
