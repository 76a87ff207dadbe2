"""The files of a run directory, by name, and how large each may be."""

import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from clauseproof.model.errors import LedgerError

RUN = "run.json"
OBSERVATIONS = "observations.jsonl"
VERDICTS = "verdicts.jsonl"
RESULTS = "results.json"
MANIFEST = "manifest.dsse.json"
REPORT = "report.html"
ARTIFACTS = "artifacts/sha256"

REQUIRED = (RUN, OBSERVATIONS, VERDICTS, RESULTS)
"""What every signed run has; artifacts and the report depend on the run."""

MIB = 1024 * 1024
MAX_LINE = 16 * MIB
MAX_LINES = 1_000_000
MAX_ARTIFACT = 64 * MIB
MAX_ENTRIES = 100_000
_LIMITS = {
    RUN: 16 * MIB,
    OBSERVATIONS: 2048 * MIB,
    VERDICTS: 128 * MIB,
    RESULTS: 256 * MIB,
    MANIFEST: 32 * MIB,
    REPORT: 256 * MIB,
}

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_ARTIFACT = re.compile(r"artifacts/sha256/[0-9a-f]{64}")


class EntryKind(Enum):
    """What a directory entry is, links not followed."""

    FILE = "file"
    DIRECTORY = "directory"
    OTHER = "link, device, pipe or socket"


@dataclass(frozen=True, slots=True)
class Entry:
    """Something found in a run directory; `name` is relative to it, with `/`."""

    name: str
    kind: EntryKind
    size: int


def is_digest(text: str) -> bool:
    """Whether a text is `sha256:` and 64 lower-case hex digits."""
    return _DIGEST.fullmatch(text) is not None


def artifact_name(digest: str) -> str:
    """Where an artifact lies, relative to the run directory; LedgerError if the digest is none."""
    if not is_digest(digest):
        raise LedgerError(f"{digest[:100]!a} is no digest", "write sha256: and 64 lower-case hex digits")
    return f"{ARTIFACTS}/{digest.removeprefix('sha256:')}"


def limit_of(name: str) -> int | None:
    """The most bytes a file of that name may have; None if a run directory has no file of that name."""
    return MAX_ARTIFACT if _ARTIFACT.fullmatch(name) else _LIMITS.get(name)


def walk(directory: Path) -> Iterator[Entry]:
    """Everything in a run directory, links not followed; LedgerError beyond 100,000 entries.

    Only the folders of a run directory are entered: any other is one entry, whatever it holds.
    """
    count = 0
    for folder in ("", "artifacts", ARTIFACTS):
        for entry in _entries(directory, folder):
            count += 1
            if count > MAX_ENTRIES:
                raise LedgerError(f"{directory} has more than {MAX_ENTRIES} entries", "a run directory never has")
            if entry.kind is not EntryKind.DIRECTORY or entry.name not in ("artifacts", ARTIFACTS):
                yield entry


def _entries(directory: Path, folder: str) -> Iterator[Entry]:
    parts = folder.split("/") if folder else []
    steps = [directory.joinpath(*parts[:i]) for i in range(1, len(parts) + 1)]
    if any(step.is_symlink() or not step.is_dir() for step in steps):
        return
    try:
        with os.scandir(directory / folder) as found:
            for item in found:
                yield _entry(folder, item)
    except OSError as error:
        raise LedgerError(f"{directory / folder} cannot be listed: {error.strerror}") from error


def _entry(folder: str, item: os.DirEntry[str]) -> Entry:
    name = f"{folder}/{item.name}" if folder else item.name
    status = item.stat(follow_symlinks=False)
    if stat.S_ISREG(status.st_mode):
        return Entry(name, EntryKind.FILE, status.st_size)
    return Entry(name, EntryKind.DIRECTORY if stat.S_ISDIR(status.st_mode) else EntryKind.OTHER, 0)
