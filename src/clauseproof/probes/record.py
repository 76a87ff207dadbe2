"""Is this answer the record? Pure: bytes and a status in, a reading out."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from clauseproof.facts.datapath import DataPath
from clauseproof.facts.drills import Answer

_ABOUT_THE_REQUEST = frozenset({401, 407, 408, 425, 429})
_ABOUT_A_GATEWAY = frozenset({502, 504})


@dataclass(frozen=True)
class Reading:
    """What one read gave; see `Answer` for what counts as served and as refused."""

    outcome: Answer
    code: str | None
    digest: str | None = None


class Record:
    """Tells the record from anything else a data path may answer.

    Attributes:
        first: SHA-256 of the value that the first read gave and every later one must give; None where none is needed.
    """

    def __init__(self, path: DataPath) -> None:
        self.first: str | None = None
        self._sentinel = path.expect_sentinel
        self._pointer = path.json_pointer

    def judge(self, status: int, body: bytes | None) -> Reading:
        """Served where the record is there, whatever the status says; else by the status, see `Answer`."""
        code = f"HTTP {status}"
        if body is None:
            return Reading(Answer.UNCLEAR, f"{code}, longer than 1 MiB or compressed")
        digest = f"sha256:{hashlib.sha256(body).hexdigest()}"
        good = 200 <= status < 300
        if self._is_record(body, learn=good):
            return Reading(Answer.SERVED, None if good else code, digest)
        if good:
            return Reading(Answer.REFUSED, f"{code} without the record", digest)
        if status < 400 or status in _ABOUT_THE_REQUEST or status in _ABOUT_A_GATEWAY:
            return Reading(Answer.UNCLEAR, code, digest)
        return Reading(Answer.REFUSED, code, digest)

    def _is_record(self, body: bytes, *, learn: bool) -> bool:
        if self._pointer is None:
            return self._sentinel is not None and any(form in body for form in _forms(self._sentinel))
        value = value_at(body, self._pointer)
        if value is None:
            return False
        if self._sentinel is not None:
            return self._sentinel in value
        if self.first is None and learn:
            self.first = hashlib.sha256(value.encode()).hexdigest()
        return self.first == hashlib.sha256(value.encode()).hexdigest()


def _forms(sentinel: str) -> set[bytes]:
    """The sentinel as text carries it, and as JSON may escape it."""
    return {
        sentinel.encode(),
        json.dumps(sentinel)[1:-1].encode(),
        json.dumps(sentinel, ensure_ascii=False)[1:-1].encode(),
    }


def value_at(body: bytes, pointer: str) -> str | None:
    """The value at an RFC 6901 pointer: a string as it is, anything else as compact JSON; None where there is none."""
    try:
        return spelled_at(json.loads(body), pointer)
    except (ValueError, RecursionError):
        return None


def spelled_at(document: Any, pointer: str) -> str | None:
    """The same of JSON that is read already."""
    try:
        value = found_at(document, pointer)
    except (LookupError, TypeError):
        return None
    if value is None:
        return None
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, separators=(",", ":"))


def found_at(document: Any, pointer: str) -> Any:
    """What stands at an RFC 6901 pointer in JSON that is read already; LookupError where nothing does."""
    for step in pointer.split("/")[1:]:
        document = _step(document, step.replace("~1", "/").replace("~0", "~"))
    return document


def _step(value: Any, step: str) -> Any:
    if isinstance(value, dict):
        return value[step]
    if isinstance(value, list) and step.isascii() and step.isdigit() and (step == "0" or step[0] != "0"):
        return value[int(step)]
    raise LookupError(step)


def combine(readings: Iterable[Reading]) -> Reading:
    """One reading of several addresses: served if one serves, refused only if all refuse."""
    every = list(readings)
    for outcome in (Answer.SERVED, Answer.UNCLEAR, Answer.REFUSED):
        deciding = [reading for reading in every if reading.outcome is outcome]
        if deciding:
            return Reading(outcome, codes(deciding) or None, deciding[0].digest)
    return Reading(Answer.UNCLEAR, "no address")


def codes(readings: Iterable[Reading]) -> str:
    """What was answered, each code once."""
    return ", ".join(dict.fromkeys(reading.code for reading in readings if reading.code))
