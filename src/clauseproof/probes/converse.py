"""Holds the conversations of `clauseproof.probes.hello` over a socket."""

import asyncio
import os
import socket
from collections.abc import Generator
from typing import TypeVar

from clauseproof.probes.hello.received import NotOffered, Talk

_CHUNK = 16 * 1024

T = TypeVar("T")


async def hold(connection: socket.socket, talk: Generator[bytes, bytes, T], ends_s: float) -> T | None:
    """Hold a conversation to its end and return its result; None where the other side closed the connection.

    Raises:
        NotOffered: as the conversation does. TimeoutError, OSError.
    """
    loop = asyncio.get_running_loop()
    async with asyncio.timeout_at(ends_s):
        try:
            send = next(talk)
            while True:
                if send:
                    await loop.sock_sendall(connection, send)
                data = await loop.sock_recv(connection, _CHUNK)
                if not data:
                    return None
                send = talk.send(data)
        except StopIteration as done:
            result: T = done.value
            return result


def fed(talk: Talk, left: bytes) -> Generator[bytes, bytes, bool]:
    """A conversation that is given what has come already, where it begins by listening."""
    send = next(talk)
    if left and send:
        raise NotOffered(f"{len(left)} bytes came before anything was asked")
    try:
        while True:
            data = left or (yield send)
            left = b""
            send = talk.send(data)
    except StopIteration:
        return True


def words_of(error: OSError) -> str:
    """The network's words; asyncio's own name the address."""
    return os.strerror(error.errno) if error.errno else type(error).__name__
