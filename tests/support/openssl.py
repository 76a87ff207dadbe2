"""`openssl s_server`, with whatever options a test needs."""

import contextlib
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def s_server(pem: Path, *options: str, talks: bool = False) -> Iterator[int]:
    """A server on loopback, and whether it says something to every client; gives its port."""
    program = shutil.which("openssl")
    if program is None:
        pytest.skip("openssl is not installed (Debian: apt-get install openssl)")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    command = [program, "s_server", "-accept", f"127.0.0.1:{port}", "-cert", str(pem), "-key", str(pem), "-quiet"]
    process = subprocess.Popen(
        [*command, *options], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    done = threading.Event()
    talking = threading.Thread(target=_talk, args=(process, done))
    try:
        _wait_for(port, process)
        if talks:
            talking.start()
        yield port
    finally:
        done.set()
        process.terminate()
        process.communicate(timeout=10)
        if talking.ident:
            talking.join()


def _talk(process: "subprocess.Popen[bytes]", done: threading.Event) -> None:
    """What s_server reads it says to whoever is connected."""
    assert process.stdin is not None
    with contextlib.suppress(OSError, ValueError):
        while not done.wait(0.05):
            process.stdin.write(b"hello\n")
            process.stdin.flush()


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
    pytest.fail(f"openssl s_server did not start: {words.decode(errors='replace')}")
