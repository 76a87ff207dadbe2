"""Servers as processes of their own on loopback, begun together and ended together."""

import os
import pwd
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

_PATIENCE_S = 20.0
_SYSTEM = "/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class Site:
    """Where one server is to be.

    Attributes:
        host: the name that clients know it by.
        http_port: another free port, for whatever is served without TLS.
        folder: its own, which every user of this machine may enter.
        pem: key and chain in one file, others: folder of more such files.
    """

    host: str
    address: str
    port: int
    http_port: int
    folder: Path
    pem: Path
    others: Path

    def write(self, name: str, text: str) -> Path:
        """A file in its folder."""
        path = self.folder / name
        path.write_text(text)
        return path

    def belongs_to(self, user: str | None) -> None:
        """Hand folder and files over to a user."""
        if user is not None:
            for path in (self.folder, *self.folder.iterdir()):
                shutil.chown(path, user)


Process = subprocess.Popen[bytes]
Start = Callable[[Site], Process]
"""Begins a server; skips with a plain reason where this machine has none."""


def program(name: str, package: str) -> str:
    """The path of a program; skips where it is not installed."""
    found = shutil.which(name) or shutil.which(name, path=_SYSTEM)
    if found is None:
        pytest.skip(f"{name} is not installed (Debian: apt-get install {package})")
    return found


def account(name: str) -> str | None:
    """The user to start a server as which root may not be: `name` where we are root, else None for ourselves."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam(name).pw_name
    except KeyError:
        pytest.skip(f"this machine has no user {name}")


def as_root(name: str) -> None:
    """Skip a server that only root can start."""
    if os.geteuid() != 0:
        pytest.skip(f"{name} starts as root only")


def begin(
    command: Sequence[str | Path], site: Site, *, user: str | None = None, python_path: Path | None = None
) -> Process:
    """A process whose words go to a file in the site's folder; `python_path` is for those in Python."""
    environment = {**os.environ, "PYTHONPATH": str(python_path)} if python_path else None
    with (site.folder / "words").open("wb") as words:
        return subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=words,
            stderr=words,
            cwd=site.folder,
            env=environment,
            user=user,
            start_new_session=True,
        )


class Park:
    """All servers of the table; leaving the `with` block ends each by its process id."""

    def __init__(self) -> None:
        self._began: list[tuple[Site, Process]] = []

    def __enter__(self) -> "Park":
        return self

    def __exit__(self, *error: object) -> None:
        with ExitStack() as stack:
            for site, process in self._began:
                stack.callback(_reap, process, site)
            for _, process in self._began:
                process.terminate()

    def start(self, site: Site, start: Start) -> None:
        """Begin a server without waiting for it."""
        self._began.append((site, start(site)))

    def wait(self) -> None:
        """Return when every server takes connections; fail with its words where one does not."""
        ends = time.monotonic() + _PATIENCE_S
        for site, process in self._began:
            if not _answers(site, process, ends):
                words = (site.folder / "words").read_text(errors="replace")[-2000:]
                pytest.fail(f"{site.host} at {site.address} did not start: {words}")


def _answers(site: Site, process: Process, ends: float) -> bool:
    while process.poll() is None and time.monotonic() < ends:
        try:
            socket.create_connection((site.address, site.port), timeout=1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return True
    return False


def _reap(process: Process, site: Site) -> None:
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def free_port(address: str) -> int:
    """A port that nobody listens on at an address."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.create_server((address, 0), family=family) as free:
        return int(free.getsockname()[1])
