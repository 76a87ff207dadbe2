"""Sends one hello to one address and waits until its answer is decided: the only sockets of the prober.

Every connection is one question, and waits for its turn, see `clauseproof.probes.traffic`.
"""

import asyncio
import contextlib
import os
import socket
from dataclasses import dataclass
from typing import NamedTuple

from clauseproof.probes.hello.answer import Answer, Flight
from clauseproof.probes.hello.received import NotOffered, Talk
from clauseproof.probes.traffic import slot

PATIENCE_S = 6.0
"""From the start of a connection to its answer."""
PLAIN_PATIENCE_S = 15.0
"""The same where a plain protocol comes first: mail servers let their clients wait."""
_CHUNK = 16 * 1024


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
    async with slot(target.address):
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
    failure = await begin_tls(connection, talk, ends_s) if talk is not None else None
    return failure or await _answer(connection, flight, ends_s)


async def begin_tls(connection: socket.socket, talk: Talk, ends_s: float) -> NoStart | None:
    """Hold a plain conversation to where TLS begins, on a connection that does not block; None where it came there."""
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
