"""Servers as processes of their own on loopback, begun together and ended together."""

import os
import pwd
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from tests.support import processes
from tests.support.processes import Process


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


Start = Callable[[Site], Process]
"""Begins a server; skips with a plain reason where this machine has none."""


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
    words = site.folder / "words"
    return processes.begin(command, words, cwd=site.folder, env=environment, user=user, start_new_session=True)


class Park:
    """All servers of the table; leaving the `with` block ends each by its process id."""

    def __init__(self) -> None:
        self._began: list[tuple[Site, Process]] = []

    def __enter__(self) -> "Park":
        return self

    def __exit__(self, *error: object) -> None:
        for _, process in self._began:
            process.terminate()
        for _, process in self._began:
            processes.end(process)

    def start(self, site: Site, start: Start) -> None:
        """Begin a server without waiting for it."""
        self._began.append((site, start(site)))

    def wait(self) -> None:
        """Return when every server takes connections; fail with its words where one does not."""
        until = time.monotonic() + processes.PATIENCE_S
        for site, process in self._began:
            answers = partial(processes.listens, site.address, site.port)
            processes.wait_for(process, site.folder / "words", answers, until=until)
