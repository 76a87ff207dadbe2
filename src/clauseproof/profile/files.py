"""Where a profile's files come from: the folder it lies in, or the copies a run kept."""

import hashlib
import os
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from clauseproof.model.errors import EvidenceRejected, Unreachable
from clauseproof.profile.problem import quote


class Files(Protocol):
    """Reads files by the names a profile gives them."""

    def read(self, name: str, limit: int) -> bytes:
        """The bytes of a file.

        Unreachable if there is none, EvidenceRejected if it is no regular file of at most `limit` bytes.
        """


class DiskFiles:
    """Regular files beside a profile. A name may climb (`../contract/msa.pdf`) and may be a link to a regular file."""

    def __init__(self, base: Path) -> None:
        self._base = base

    def read(self, name: str, limit: int) -> bytes:
        """The bytes of a file; see `Files`."""
        shown = quote(name)
        if not name or "\0" in name or Path(name).is_absolute():
            raise EvidenceRejected(f"{shown} is no path relative to the profile", "write a relative path")
        try:
            return _read_regular(self._base / name, shown, limit)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise Unreachable(f"there is no file {shown}", "paths are relative to the profile") from error
        except OSError as error:
            raise Unreachable(f"{shown} cannot be read: {error.strerror}", "make it a readable file") from error


def _read_regular(path: Path, shown: str, limit: int) -> bytes:
    _must_be_regular(path.stat(), shown, limit)
    # Looked at again once it is open, and opened without waiting: it may have become a pipe in between.
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
        _must_be_regular(os.fstat(file.fileno()), shown, limit)
        data = file.read(limit + 1)
    if len(data) > limit:
        raise _too_large(shown, limit)
    return data


def _must_be_regular(status: os.stat_result, shown: str, limit: int) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise EvidenceRejected(f"{shown} is a folder", "name a file in it")
    if not stat.S_ISREG(status.st_mode):
        raise EvidenceRejected(f"{shown} is a device, pipe or socket", "name a regular file")
    if status.st_size > limit:
        raise _too_large(shown, limit)


def _too_large(shown: str, limit: int) -> EvidenceRejected:
    return EvidenceRejected(f"{shown} is larger than {limit:,} bytes", "name a smaller file")


class RecordedFiles:
    """The copies of a run: `digests` gives `sha256:<hex>` by name, `open_artifact` the bytes of a digest."""

    def __init__(self, digests: Mapping[str, str], open_artifact: Callable[[str], bytes]) -> None:
        self._digests = digests
        self._open_artifact = open_artifact

    def read(self, name: str, limit: int) -> bytes:
        """The bytes of a copy; see `Files`. A copy that is not what was read then is rejected."""
        digest = self._digests.get(name)
        if digest is None:
            raise Unreachable(f"the run kept no copy of {quote(name)}", "judge beside the profile's own files")
        data = self._open_artifact(digest)
        if sha256(data) != digest:
            raise EvidenceRejected(f"the run's copy of {quote(name)} has changed", "get the run from its source again")
        if len(data) > limit:
            raise _too_large(quote(name), limit)
        return data


def sha256(data: bytes) -> str:
    """The digest of bytes as ledger and profile write it: `sha256:<hex>`."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"
