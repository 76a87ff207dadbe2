"""The observations of a run by what they are of, read where they lie in the file."""

import os
import threading
import weakref
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel, ValidationError

from clauseproof.ledger.jsonlines import lines
from clauseproof.ledger.line import Line
from clauseproof.model.errors import LedgerError

Key = tuple[str, str, str]
"""Kind of facts, subject, vantage point: each look is made, and written, once."""


class Observations:
    """An index of offsets into `observations.jsonl`; a line's contents are read when asked for.

    The writer of a run gives its own, which grows with the run. Safe to use from several threads.
    """

    def __init__(self, path: Path, *, empty: bool = False) -> None:
        self.path = path
        self._spans: dict[Key, tuple[int, int]] | None = {} if empty else None
        self._lock = threading.Lock()
        self._handle: int | None = None

    def line(self, kind: str, subject: str, vantage: str) -> Line | None:
        """What was recorded of this look, None if nothing was; LedgerError if it cannot be read."""
        span = self._index().get((kind, subject, vantage))
        if span is None:
            return None
        return self.decode(os.pread(self._open(), span[1], span[0]), f"byte {span[0]}")

    def lines(self) -> Iterator[Line]:
        """All lines in the order they were written; LedgerError at the first that cannot be read."""
        for number, (_, raw) in enumerate(lines(self.path), 1):
            yield self.decode(raw, f"line {number}")

    def must_lack(self, key: Key) -> None:
        """LedgerError if there is a line for this look already."""
        if key in self._index():
            kind, subject, vantage = key
            raise LedgerError(
                f"{self.path}: {kind} of {subject} from {vantage} is recorded twice",
                "each look is made once, so that no verdict can choose between two",
            )

    def add(self, key: Key, offset: int, length: int) -> None:
        """Note a line that was written."""
        self._index()[key] = (offset, length)

    def decode(self, raw: bytes, where: str = "a line") -> Line:
        """Read the bytes of one line; LedgerError that says which and why it cannot be read."""
        try:
            return Line.decode(raw)
        except ValueError as error:
            raise LedgerError(f"{self.path}, {where}: {error}", _ADVICE) from error

    def _index(self) -> dict[Key, tuple[int, int]]:
        with self._lock:
            if self._spans is None:
                self._spans = self._scan()
            return self._spans

    def _scan(self) -> dict[Key, tuple[int, int]]:
        spans: dict[Key, tuple[int, int]] = {}
        for number, (offset, raw) in enumerate(lines(self.path), 1):
            try:
                head = _Head.model_validate_json(raw, strict=True)
            except ValidationError as error:
                raise LedgerError(f"{self.path}:{number} is no observation", _ADVICE) from error
            key = (head.kind, head.subject, head.vantage)
            if key in spans:
                raise LedgerError(f"{self.path}:{number}: {' of '.join(key[:2])!a} is recorded twice", _ADVICE)
            spans[key] = (offset, len(raw))
        return spans

    def _open(self) -> int:
        with self._lock:
            if self._handle is None:
                self._handle = os.open(self.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
                weakref.finalize(self, os.close, self._handle)
            return self._handle


class _Head(BaseModel):
    """The part of a line that says what it is of; the rest is checked when the line is read."""

    kind: str
    subject: str
    vantage: str


_ADVICE = "run `clauseproof verify` on the directory: it says whether the file was changed"
