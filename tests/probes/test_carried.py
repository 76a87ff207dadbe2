"""A connection through a passage, as the HTTP library is given it: nothing but TLS is ever read from it."""

import asyncio
import socket
import ssl
from pathlib import Path

import pytest

from clauseproof.model.pace import Pace
from clauseproof.probes.carried import _Line
from clauseproof.probes.passage import Passage
from tests.support.certificates import authority, leaf
from tests.support.tls import listening
from tests.support.web import https, response

NAME = "api.crm.example"
ROOT = authority("Root")
REFUSAL = response(403)


async def read_first(port: int) -> bytes:
    """What the library reads first, where time passes before it begins TLS."""
    line = _Line(Passage(NAME, port, None, None, Pace()), "127.0.0.1", asyncio.get_running_loop().time() + 5)
    led = await line.connect_tcp(NAME, port)
    await asyncio.sleep(0.05)
    stream = await led.start_tls(ssl.create_default_context(cadata=ROOT.pem.decode()), NAME)
    await stream.write(b"GET / HTTP/1.1\r\n\r\n")
    try:
        return await stream.read(4096)
    finally:
        await stream.aclose()


def test_what_comes_before_tls_is_not_taken_for_what_tls_brought(tmp_path: Path) -> None:
    vendor = https(leaf(ROOT, NAME).write(tmp_path), REFUSAL)

    def slipped_in(here: socket.socket) -> None:
        here.sendall(response(200, body=b"our record"))
        vendor(here)

    with listening(slipped_in) as port, pytest.raises(ssl.SSLError):
        asyncio.run(read_first(port))
    with listening(vendor) as port:
        assert REFUSAL.startswith(asyncio.run(read_first(port)))
