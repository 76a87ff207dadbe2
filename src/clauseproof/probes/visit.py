"""One connection to one address: plain or TLS, at once or after a plain protocol; a few bytes out, bounded bytes back.

Nothing is verified, nothing is followed, and what goes wrong is no error: a visit says how it ended. TLS runs over
buffers of ours, because what a server said before it broke the connection, such as why, must still be read.
"""

import asyncio
import contextlib
import enum
import os
import socket
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import NamedTuple

from clauseproof.model.errors import EvidenceRejected, LookFailed
from clauseproof.model.look import Look
from clauseproof.probes.chain import bounded, unverified
from clauseproof.probes.hello.received import NotOffered, Talk
from clauseproof.probes.passage import Passage

MOST_BYTES = 512 * 1024
"""Bytes taken from one connection, handshake included."""
PATIENCE_S = 8.0
"""From the start of a connection to its end."""
_CHUNK = 16 * 1024


class End(enum.Enum):
    """How a visit ended."""

    ENOUGH = "enough was read"
    REFUSED = "connection refused"
    NOTHING = "no answer to the connection"
    NO_WAY = "no way there"
    NO_TUNNEL = "the proxy did not lead there"
    NOT_OFFERED = "the plain protocol did not come to TLS"
    FAILED = "the handshake failed"
    ALERT = "an alert after the handshake"
    CLOSED = "connection closed"
    RESET = "connection reset"
    SILENCE = "no answer in time"
    TOO_LONG = "more than is read"


class Target(NamedTuple):
    """An address, a port, and the server name to send (SNI), None to send none; `passage` where a proxy leads there."""

    address: str
    port: int
    server_name: str | None
    passage: Passage | None = None


@dataclass(frozen=True)
class Errand:
    """What to do at a target.

    Attributes:
        talk: the plain conversation that leads to TLS.
        tls: how to speak TLS; None for plain bytes.
        send: what to send once connected.
        enough: is given what is received, and at last nothing, and says whether to leave.
    """

    talk: Talk | None = None
    tls: ssl.SSLContext | None = None
    send: bytes = b""
    enough: Callable[[bytes], bool] = lambda data: True


@dataclass
class Visit:
    """What came of it.

    Attributes:
        words: the network's, OpenSSL's or the plain protocol's own; printable, at most 200 characters.
        received: everything that came; where TLS was spoken, inside it.
        chain: the certificates presented, DER; empty where none were, or none that are kept.
        version, suite: of TLS; None where no handshake was finished.
        failure: the plain protocol's error.
        blocked: the error of a look that no proxy led there.
    """

    end: End = End.ENOUGH
    words: str = ""
    received: bytes = b""
    chain: tuple[bytes, ...] = ()
    version: str | None = None
    suite: str | None = None
    failure: NotOffered | None = None
    blocked: LookFailed | None = None


async def visit(target: Target, errand: Errand, look: Look, patience_s: float | None = None) -> Visit:
    """Go there once its turn comes, and leave within the patience, or when the look's time is over."""
    made = Visit()
    way = target.passage or Passage(target.address, target.port, None, None, look.pace)
    async with way.turn(target.address):
        with way.open(target.address) as connection:
            made.end = End.NOTHING
            ends_s = asyncio.get_running_loop().time() + min(patience_s or PATIENCE_S, look.remaining_s())
            try:
                async with asyncio.timeout_at(ends_s):
                    await _visit(_Wire(connection, ends_s), target, errand, made)
            except TimeoutError:
                made.end = made.end if made.end is End.NOTHING else End.SILENCE
    return made


class _TooLong(Exception):
    """The server sends more than is taken."""


@dataclass
class _Wire:
    """A socket that stops taking bytes at a limit, and does not mind that nobody takes ours.

    Attributes:
        left: what has come already, behind a proxy's own answer.
    """

    connection: socket.socket
    ends_s: float
    left: bytes = b""
    taken: int = 0

    async def reach(self, target: Target, made: Visit) -> bool:
        """Connect; whether it came to the target and not only to a proxy."""
        if target.passage is None or target.passage.hop is None:
            await asyncio.get_running_loop().sock_connect(self.connection, (target.address, target.port))
            return True
        led = await target.passage.reach(self.connection, target.address, self.ends_s)
        if isinstance(led, bytes):
            self.left = led
            return True
        made.end, made.blocked = End.NO_TUNNEL, target.passage.failed(target.address, led)
        return False

    async def send(self, data: bytes) -> None:
        with contextlib.suppress(OSError):  # what came before the connection broke can still be read
            await asyncio.get_running_loop().sock_sendall(self.connection, data)

    async def receive(self) -> bytes:
        data, self.left = self.left, b""
        if not data:
            data = await asyncio.get_running_loop().sock_recv(self.connection, _CHUNK)
        self.taken += len(data)
        if self.taken > MOST_BYTES:
            raise _TooLong
        return data


async def _visit(wire: _Wire, target: Target, errand: Errand, made: Visit) -> None:
    try:
        if not await wire.reach(target, made):
            return
        made.end = End.SILENCE
        await _speak(wire, target, errand, made)
    except NotOffered as error:
        made.end, made.words, made.failure = End.NOT_OFFERED, str(error), error
    except _TooLong:
        made.end = End.TOO_LONG
    except TimeoutError:  # the network's own, earlier than ours
        raise
    except ConnectionRefusedError:
        made.end = End.REFUSED
    except ssl.SSLError as error:
        made.end = End.FAILED if made.version is None else End.ALERT
        made.words = (error.reason or type(error).__name__).replace("_", " ").lower()[:200]
    except OSError as error:
        made.end = End.RESET if isinstance(error, ConnectionError) else End.NO_WAY
        made.words = os.strerror(error.errno) if error.errno else type(error).__name__


async def _speak(wire: _Wire, target: Target, errand: Errand, made: Visit) -> None:
    if errand.talk is not None and not await _converse(wire, errand.talk):
        made.end = End.CLOSED
    elif errand.tls is None:
        await wire.send(errand.send)
        await _read(wire.receive, errand, made)
    else:
        session = _Session(wire, errand.tls, target.server_name)
        if not await session.handshake():
            made.end = End.CLOSED
            return
        session.describe(made, target)
        await session.send(errand.send)
        await _read(session.receive, errand, made)


async def _converse(wire: _Wire, talk: Talk) -> bool:
    """Hold the plain conversation; whether it came to TLS before the connection was closed."""
    try:
        send = next(talk)
        while True:
            if send:
                await wire.send(send)
            data = await wire.receive()
            if not data:
                return False
            send = talk.send(data)
    except StopIteration:
        return True


async def _read(receive: Callable[[], Awaitable[bytes]], errand: Errand, made: Visit) -> None:
    if not errand.send:
        made.end = End.ENOUGH
        return
    while True:
        data = await receive()
        made.received += data
        enough = errand.enough(data)
        if enough or not data:
            made.end = End.ENOUGH if data else End.CLOSED
            return


class _Session:
    """TLS over a wire."""

    def __init__(self, wire: _Wire, context: ssl.SSLContext, server_name: str | None) -> None:
        self._wire = wire
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=server_name)

    async def handshake(self) -> bool:
        """Whether it was finished before the connection was closed; SSLError where the two do not agree."""
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                if not await self._more():
                    return False
            else:
                await self._flush()
                return True

    async def send(self, data: bytes) -> None:
        if data:
            self._tls.write(data)
            await self._flush()

    async def receive(self) -> bytes:
        """What comes next; nothing at the end of the connection."""
        while True:
            try:
                return self._tls.read(_CHUNK)
            except ssl.SSLWantReadError:
                if not await self._more():
                    return b""
            except ssl.SSLZeroReturnError:
                return b""

    def describe(self, made: Visit, target: Target) -> None:
        """Note what was agreed and presented."""
        cipher = self._tls.cipher()
        made.version, made.suite = self._tls.version(), cipher[0] if cipher else None
        with contextlib.suppress(EvidenceRejected):
            made.chain = bounded(unverified(self._tls), target.address)

    async def _more(self) -> bool:
        await self._flush()
        data = await self._wire.receive()
        self._incoming.write(data)
        return bool(data)

    async def _flush(self) -> None:
        if self._outgoing.pending:
            await self._wire.send(self._outgoing.read())
