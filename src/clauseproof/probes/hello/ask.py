"""Sends one hello to one address and waits until its answer is decided.

Every connection is one question, and waits for its turn, see `clauseproof.probes.traffic`.
"""

import asyncio
import contextlib
import socket
from typing import NamedTuple

from clauseproof.probes.hello.answer import Answer, Flight
from clauseproof.probes.hop import NoStart
from clauseproof.probes.passage import NoConnection, Passage

PATIENCE_S = 6.0
"""From the start of a connection to its answer."""
PLAIN_PATIENCE_S = 15.0
"""The same where others speak before TLS: mail servers let their clients wait, and so do proxies."""
_CHUNK = 16 * 1024


class Heard(NamedTuple):
    """What came of one question; `began_s` and `ended_s` by the loop's clock."""

    answer: Answer | NoConnection | NoStart
    began_s: float
    ended_s: float


async def ask(passage: Passage, address: str, flight: Flight, ends_s: float) -> Heard:
    """Connect, come to where TLS begins, send the hello, read until there is an answer; all by `ends_s` at the latest.

    Times are the running loop's.
    """
    loop = asyncio.get_running_loop()
    async with passage.turn(address):
        began_s = loop.time()
        patience_s = PLAIN_PATIENCE_S if passage.plain_first else PATIENCE_S
        ends_s = min(began_s + patience_s, ends_s)
        with passage.open(address) as connection:
            failure = await passage.begin(connection, address, ends_s)
            answer = failure or await _answer(connection, flight, ends_s)
        return Heard(answer, began_s, loop.time())


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
