"""The way back from a drill, written before anything is touched, so that another process can take it.

Each open change is one file in the state directory, outside every run. It is created exclusively and fsynced,
directory included, before the change is made, and removed after the way back was taken and verified. A process killed
at any point between leaves the file, and `restore` takes the way back from it. Taking a way back twice must be
harmless, because a process may die between taking it and removing the file.

A change that a run leaves to a later one keeps its file under another name, `.left` for `.json`. The one that is
renamed holds all that the later run needs, and a run takes it over by making the first name again, which only one of
several can. A process killed between leaves one of the two names, or both for the same file.
"""

import contextlib
import hashlib
import os
import secrets as random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from clauseproof.model.drill import Change, Left, Undo
from clauseproof.model.errors import ClauseproofError, RestoreFailed

Undoes = Mapping[str, Callable[[Undo], None]]

_OPEN, _LEFT = ".json", ".left"


class JournalOpen(ClauseproofError):
    """A change of an earlier drill has not been taken back yet."""


class JournalEntry(Undo):
    """An `Undo` on disk, with the folders of checks that know its way back."""

    checks: tuple[str, ...]


class LeftEntry(JournalEntry, Left):
    """A `Left` on disk; also while a later run goes on with it."""


_ENTRY: TypeAdapter[LeftEntry | JournalEntry] = TypeAdapter(LeftEntry | JournalEntry)


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
    def change(self, undo: Undo) -> Iterator[Change]:
        """Write the way back, run the body, take the way back, close the entry; JournalOpen if one is open or left."""
        self._must_know(undo)
        path = self._path(undo.target)
        self.point("before the journal")
        try:
            self._create(path, undo)
        except OSError as error:
            text = f"no way back can be written to {self.state} ({error.strerror}); {undo.target} was not touched"
            raise ClauseproofError(text, "set CLAUSEPROOF_HOME to a folder of yours") from error
        self.point("journal written")
        with self._until_closed(path, undo) as change:
            yield change

    def left(self, target: str) -> Left | None:
        """The change of a target that an earlier run has left; RestoreFailed where its file cannot be read."""
        path = self._path(target).with_suffix(_LEFT)
        return read_left(path) if path.exists() else None

    @contextlib.contextmanager
    def resume(self, left: Left) -> Iterator[Change]:
        """Take a left change over; JournalOpen where it is not there any more as it was read."""
        self._must_know(left)
        path = self._path(left.target)
        self.point("before taking over")
        _take_over(path, left, self.point)
        self.point("taken over")
        with self._until_closed(path, left) as change:
            yield change

    @contextlib.contextmanager
    def _until_closed(self, path: Path, undo: Undo) -> Iterator[Change]:
        change = _OpenChange(self, path, undo)
        try:
            yield change
            if not change.left:
                self.point("before the way back")
        finally:
            if not change.left:
                _take_back(self.undoes[undo.kind], undo)
                self.point("way back taken")
                _close(path)
                self.point("journal closed")

    def _must_know(self, undo: Undo) -> None:
        if undo.kind not in self.undoes:
            raise ClauseproofError(f"nobody knows the way back {undo.kind} of {undo.target}; it was not touched")

    def _path(self, target: str) -> Path:
        return self.state / f"{hashlib.sha256(target.encode()).hexdigest()[:32]}{_OPEN}"

    def _create(self, path: Path, undo: Undo) -> None:
        self.state.mkdir(mode=0o700, parents=True, exist_ok=True)
        _refuse_left(path, undo)
        with _draft(path, JournalEntry(**_way_back(undo), checks=self.checks)) as draft:
            try:
                os.link(draft, path)
            except FileExistsError as error:
                raise _in_use(undo) from error
        try:
            _refuse_left(path, undo)  # one that was left since
        except ClauseproofError:
            path.unlink(missing_ok=True)
            raise
        _sync(self.state)


@dataclass
class _OpenChange:
    """A change whose file is open.

    Attributes:
        left: whether the file is somebody else's by now.
    """

    journal: FileJournal
    path: Path
    undo: Undo
    left: bool = False

    def leave(self, by: str, state: str, due: datetime, story: str) -> None:
        """Write all that a later run needs into the file, then give it its other name."""
        entry = LeftEntry(
            **_way_back(self.undo),
            checks=self.journal.checks,
            by=by,
            state=state,
            at=datetime.now(UTC),
            due=due,
            story=story,
        )
        try:
            with _draft(self.path, entry) as draft:
                draft.replace(self.path)
            _sync(self.path.parent)
            self.journal.point("story written")
            self.path.rename(self.path.with_suffix(_LEFT))
        except OSError as error:
            text = f"the drill of {self.undo.target} could not be left to a later run ({error.strerror})"
            raise ClauseproofError(text, "make room in CLAUSEPROOF_HOME, and drill again") from error
        self.left = True
        with contextlib.suppress(OSError):  # the entry is found by either of its names
            _sync(self.path.parent)
        self.journal.point("left")


def open_entries(state: Path) -> tuple[Path, ...]:
    """The files of changes under way or not taken back yet."""
    return tuple(sorted(state.glob(f"*{_OPEN}"))) if state.is_dir() else ()


def left_entries(state: Path) -> tuple[Path, ...]:
    """The files of changes that a run has left to a later one."""
    found = sorted(state.glob(f"*{_LEFT}")) if state.is_dir() else []
    return tuple(path for path in found if not _same(path, path.with_suffix(_OPEN)))


def read_entry(path: Path) -> JournalEntry:
    """One open change, a LeftEntry where it was ever left; RestoreFailed naming the file if it cannot be read."""
    try:
        return _ENTRY.validate_json(path.read_bytes())
    except (OSError, ValueError) as error:
        raise RestoreFailed(f"the journal entry {path} cannot be read: {error}", "mend the change by hand") from error


def read_left(path: Path) -> LeftEntry:
    """One left change; RestoreFailed naming the file if it cannot be read."""
    entry = read_entry(path)
    if not isinstance(entry, LeftEntry):
        raise RestoreFailed(f"the journal entry {path} holds no drill that was left", "run clauseproof restore")
    return entry


def restore(path: Path, undoes: Undoes) -> JournalEntry:
    """Take the way back of one change, open or left, and close it; RestoreFailed leaves it open."""
    entry = read_entry(path)
    way_back = undoes.get(entry.kind)
    if way_back is None:
        raise RestoreFailed(
            f"nobody knows the way back {entry.kind} of {entry.target}", "load the check file that made it"
        )
    if isinstance(entry, LeftEntry) and path.suffix == _LEFT:
        path = path.with_suffix(_OPEN)
        _take_over(path, entry, lambda name: None)
    _take_back(way_back, entry)
    _close(path)
    return entry


def _take_back(way_back: Callable[[Undo], None], undo: Undo) -> None:
    """RestoreFailed whatever goes wrong: nothing else says that something is not in its own state."""
    try:
        way_back(undo)
    except RestoreFailed:
        raise
    except Exception as error:
        what = f"the way back of {undo.target} to {undo.prior} failed: {type(error).__name__}: {str(error)[:300]}"
        remedy = error.what_to_do if isinstance(error, ClauseproofError) else ""
        raise RestoreFailed(what, remedy or "run clauseproof restore, or mend the change by hand") from error


def _take_over(path: Path, left: Left, point: Callable[[str], None]) -> None:
    """Give a left change its first name again; JournalOpen where somebody else has, or it changed since it was read."""
    other = path.with_suffix(_LEFT)
    try:
        os.link(other, path)
    except (FileExistsError, FileNotFoundError) as error:
        raise _in_use(left) from error
    found = read_left(path)
    if (found.at, found.story) != (left.at, left.story):
        path.unlink()
        raise _in_use(left)
    point("while taking over")
    other.unlink()
    _sync(path.parent)


def _refuse_left(path: Path, undo: Undo) -> None:
    other = path.with_suffix(_LEFT)
    if other.exists():
        raise JournalOpen(
            read_left(other).sentence, "let that drill go on with --drills, or end it now: clauseproof restore"
        )


def _in_use(undo: Undo) -> JournalOpen:
    return JournalOpen(
        f"{undo.target} is still changed by an earlier drill, or another run drills it now",
        "wait for the other run, or run: clauseproof restore",
    )


def _way_back(undo: Undo) -> dict[str, Any]:
    return {name: getattr(undo, name) for name in Undo.model_fields}


@contextlib.contextmanager
def _draft(path: Path, entry: JournalEntry) -> Iterator[Path]:
    """An entry on disk under a name that nobody looks for."""
    draft = path.with_suffix(f".{random.token_hex(8)}.draft")  # no process number: in a container it is always the same
    try:
        with draft.open("x") as file:
            file.write(entry.model_dump_json())
            file.flush()
            os.fsync(file.fileno())
        yield draft
    finally:
        draft.unlink(missing_ok=True)


def _close(path: Path) -> None:
    other = path.with_suffix(_LEFT)
    if _same(path, other):
        other.unlink()
    path.unlink(missing_ok=True)
    _sync(path.parent)


def _same(path: Path, other: Path) -> bool:
    """Whether two names mean one file: a process died while it took a left change over."""
    try:
        return path.samefile(other)
    except OSError:
        return False


def _sync(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
