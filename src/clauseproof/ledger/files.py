"""Reading and writing single files: bounded, without following links, whole or not at all."""

import contextlib
import hashlib
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from clauseproof.model.errors import LedgerError

_CHUNK = 1024 * 1024


def digest_of(data: bytes) -> str:
    """`sha256:` and the hex SHA-256 of some bytes."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


@contextlib.contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """A regular file for reading; LedgerError for a link, a device, a pipe, or what cannot be opened."""
    try:
        # Without O_NONBLOCK, opening a pipe that nobody writes to would wait for ever.
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise LedgerError(f"{path} cannot be opened: {error.strerror}") from error
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise LedgerError(f"{path} is no regular file")
    with os.fdopen(handle, "rb") as file:
        yield file


def read_bounded(path: Path, limit: int) -> bytes:
    """All bytes of a regular file; LedgerError if there are more than `limit`."""
    with opened(path) as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise LedgerError(f"{path} has more than {limit} bytes")
    return data


def sha256_bounded(path: Path, limit: int) -> str:
    """Hex SHA-256 of a regular file, in constant memory; LedgerError if it has more than `limit` bytes."""
    hasher, size = hashlib.sha256(), 0
    with opened(path) as file:
        while chunk := file.read(_CHUNK):
            size += len(chunk)
            if size > limit:
                raise LedgerError(f"{path} has more than {limit} bytes")
            hasher.update(chunk)
    return hasher.hexdigest()


def replace(path: Path, data: bytes) -> None:
    """Write a file whole and durably: a reader, or a run after a crash, sees the old bytes or all of the new ones."""
    put(path, data, durable=True)
    sync_directory(path.parent)


def put(path: Path, data: bytes, *, durable: bool) -> None:
    """Write a file whole; LedgerError, and no trace, if that fails. `durable` waits until its bytes are on disk."""
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                if durable:
                    os.fsync(file.fileno())
            Path(name).replace(path)
        finally:  # also after Ctrl-C: what is left over would keep the run from being signed
            Path(name).unlink(missing_ok=True)
    except OSError as error:
        raise LedgerError(
            f"{path} cannot be written: {error.strerror}", "free space or choose another folder"
        ) from error


def sync_directory(directory: Path) -> None:
    """Make the names in a directory durable."""
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
