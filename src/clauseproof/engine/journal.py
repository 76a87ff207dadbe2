"""The way back from a drill, written before anything is touched, so that another process can take it.

Each open change is one file in the state directory, outside every run. It is created exclusively and fsynced,
directory included, before the change is made, and removed after the way back was taken and verified. A process killed
at any point between leaves the file, and `restore_all` takes the way back from it. Taking a way back twice must be
harmless, because a process may die between taking it and removing the file.
"""

import contextlib
import hashlib
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from clauseproof.model.drill import Undo
from clauseproof.model.errors import ClauseproofError, RestoreFailed

Undoes = Mapping[str, Callable[[Undo], None]]


class JournalOpen(ClauseproofError):
    """A change of an earlier drill has not been taken back yet."""


class JournalEntry(Undo):
    """An `Undo` on disk, with the folders of checks that know its way back."""

    checks: tuple[str, ...]


@dataclass(frozen=True)
class FileJournal:
    """A journal of one file per open change.

    Attributes:
        state: the directory; made on first use with mode 0700.
        undoes: the ways back by kind.
        checks: folders of checks beyond the built-in ones, for `restore` in another process.
        on_point: called with the name of every point passed; tests kill the process there.
    """

    state: Path
    undoes: Undoes
    checks: tuple[str, ...] = ()
    on_point: Callable[[str], None] = field(default=lambda name: None)

    def point(self, name: str) -> None:
        """Pass a point."""
        self.on_point(name)

    @contextlib.contextmanager
    def change(self, undo: Undo) -> Iterator[None]:
        """Write the way back, run the body, take the way back, close the entry; JournalOpen if one is open."""
        if undo.kind not in self.undoes:
            raise ClauseproofError(f"nobody knows the way back {undo.kind} of {undo.target}; it was not touched")
        path = self._path(undo)
        self.point("before the journal")
        try:
            self._write(path, undo)
        except OSError as error:
            text = f"no way back can be written to {self.state} ({error.strerror}); {undo.target} was not touched"
            raise ClauseproofError(text, "set CLAUSEPROOF_HOME to a folder of yours") from error
        self.point("journal written")
        try:
            yield
            self.point("before the way back")
        finally:
            self.undoes[undo.kind](undo)
            self.point("way back taken")
            _remove(path)
            self.point("journal closed")

    def _path(self, undo: Undo) -> Path:
        return self.state / f"{hashlib.sha256(undo.target.encode()).hexdigest()[:32]}.json"

    def _write(self, path: Path, undo: Undo) -> None:
        self.state.mkdir(mode=0o700, parents=True, exist_ok=True)
        entry = JournalEntry(**undo.model_dump(), checks=self.checks)
        draft = path.with_suffix(f".{os.getpid()}.draft")
        try:
            with draft.open("x") as file:
                file.write(entry.model_dump_json())
                file.flush()
                os.fsync(file.fileno())
            os.link(draft, path)
        except FileExistsError as error:
            raise JournalOpen(
                f"{undo.target} is still changed by an earlier drill, or another run drills it now",
                "wait for the other run, or run: clauseproof restore",
            ) from error
        finally:
            draft.unlink(missing_ok=True)
        _sync(self.state)


def open_entries(state: Path) -> tuple[Path, ...]:
    """The files of changes not taken back yet."""
    return tuple(sorted(state.glob("*.json"))) if state.is_dir() else ()


def read_entry(path: Path) -> JournalEntry:
    """One open change; RestoreFailed naming the file if it cannot be read."""
    try:
        return JournalEntry.model_validate_json(path.read_bytes())
    except (OSError, ValueError) as error:
        raise RestoreFailed(f"the journal entry {path} cannot be read: {error}", "mend the change by hand") from error


def restore(path: Path, undoes: Undoes) -> Undo:
    """Take the way back of one open change and close it; RestoreFailed leaves it open."""
    entry = read_entry(path)
    way_back = undoes.get(entry.kind)
    if way_back is None:
        raise RestoreFailed(
            f"nobody knows the way back {entry.kind} of {entry.target}", "load the check file that made it"
        )
    way_back(entry)
    _remove(path)
    return entry


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)
    _sync(path.parent)


def _sync(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
