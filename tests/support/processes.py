"""Programs of this machine as servers on loopback, each a process of its own: found, waited for, ended."""

import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

Process = subprocess.Popen[bytes]
PATIENCE_S = 20.0

_SYSTEM = "/usr/sbin:/usr/bin:/sbin:/bin"
_POLL_S = 0.02
_END_S = 10.0
_LAST_WORDS = 2000


def program(name: str, package: str) -> str:
    """The path of a program; skips where it is not installed."""
    found = shutil.which(name) or shutil.which(name, path=_SYSTEM)
    if found is None:
        pytest.skip(f"{name} is not installed (Debian: apt-get install {package})")
    return found


def free_port(address: str = "127.0.0.1") -> int:
    """A port that nobody listens on at an address."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.create_server((address, 0), family=family) as free:
        return int(free.getsockname()[1])


def begin(command: Sequence[str | Path], words: Path, **more: Any) -> Process:
    """A process that says its words into a file; `more` as for `subprocess.Popen`."""
    with words.open("wb") as file:
        more = {"stdin": subprocess.DEVNULL, "stdout": file, "stderr": file, **more}
        return subprocess.Popen([str(part) for part in command], **more)


def wait_for(process: Process, words: Path, ready: Callable[[], bool], *, until: float | None = None) -> None:
    """Return when it is ready; fail with its last words where it ends before that, or time does.

    `until` is a moment of `time.monotonic`; PATIENCE_S from now unless given.
    """
    until = time.monotonic() + PATIENCE_S if until is None else until
    while not ready():
        if process.poll() is not None or time.monotonic() >= until:
            pytest.fail(f"{process.args!r} did not start: {words.read_text(errors='replace')[-_LAST_WORDS:]}")
        time.sleep(_POLL_S)


def listens(address: str, port: int) -> bool:
    """Whether a connection is taken there now."""
    try:
        socket.create_connection((address, port), timeout=1).close()
    except OSError:
        return False
    return True


def end(process: Process) -> None:
    """Have it end, and see that it does."""
    process.terminate()
    try:
        process.wait(_END_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextmanager
def running(command: Sequence[str | Path], folder: Path, port: int, *addresses: str) -> Iterator[None]:
    """A server for the length of the block, which begins when it listens at all of its addresses."""
    words = folder / f"words-{port}"
    process = begin(command, words)
    try:
        for address in addresses or ("127.0.0.1",):
            wait_for(process, words, partial(listens, address, port))
        yield
    finally:
        end(process)
