"""`openssl s_server` as a server that talks, which it cannot be together with `-www`."""

import contextlib
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.programs import _free_port, _wait_for


@contextmanager
def talking_s_server(pem: Path, *options: str) -> Iterator[int]:
    """A server on loopback that says something to every client, whatever it asks; gives its port."""
    program = shutil.which("openssl")
    if program is None:
        pytest.skip("openssl is not installed")
    port = _free_port()
    command = [program, "s_server", "-accept", f"127.0.0.1:{port}", "-cert", str(pem), "-key", str(pem), "-quiet"]
    process = subprocess.Popen(
        [*command, *options], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    done = threading.Event()
    talking = threading.Thread(target=_talk, args=(process, done))
    talking.start()
    try:
        _wait_for(port, process)
        yield port
    finally:
        done.set()
        talking.join()
        process.terminate()
        process.communicate(timeout=10)


def _talk(process: "subprocess.Popen[bytes]", done: threading.Event) -> None:
    assert process.stdin is not None
    with contextlib.suppress(OSError, ValueError):
        while not done.wait(0.05):
            process.stdin.write(b"hello\n")
            process.stdin.flush()
