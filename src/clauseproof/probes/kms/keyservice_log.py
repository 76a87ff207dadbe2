"""Reads the log of a buyer's key service. Whoever calls the service writes parts of it, so nothing in it is trusted.

Sizes, lines and nesting are bounded; a line without its one clear meaning is counted, with the reason, and says
nothing. A line that is dated later than now is one of these: it would make any log look complete.
"""

import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from clauseproof.facts.drills import Answer
from clauseproof.facts.keyfetches import Caller, Fetch, FetchLog, Unread
from clauseproof.facts.keyservice import FetchedKey, ServiceLog
from clauseproof.model.look import Look
from clauseproof.probes.record import found_at, spelled_at
from clauseproof.strictjson import decode

MOST_BYTES = 20 * 1024 * 1024
MOST_LINES = 200_000
LONGEST_LINE = 64 * 1024
LONGEST_NAME = 200
MOST_CALLERS = 100
NEWEST = 50

FIRST_GLANCE = 1024 * 1024
"""Bytes of a log in which its newest line is looked for."""

_FIRST_PAUSE_S = 0.1

_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)")
_SECONDS, _MILLISECONDS = (946_684_800, 4_102_444_800), (946_684_800_000, 4_102_444_800_000)
"""The years 2000 to 2100 since 1970, so far apart that no number can mean both."""


def read_log(key: FetchedKey, look: Look) -> tuple[FetchLog, tuple[Fetch, ...]]:
    """The log as it is now, and in its order every fetch of the key.

    Raises Unreachable and EvidenceRejected for the file as a whole.
    """
    return parse(look.read_file(key.log.file, MOST_BYTES), key, datetime.now(UTC))


def read_until(
    moment: datetime, patience: timedelta, key: FetchedKey, look: Look, mark: Callable[[], object] = lambda: None
) -> tuple[FetchLog, tuple[Fetch, ...]]:
    """The log once it has a line that is later than `moment`, or `patience` is over; see `read_log`.

    `mark` is called before each further look: a fetch of our own, of which the log must then have a line. Each look
    waits twice as long as the one before. Looks that only wait are no evidence, and the run keeps the last one alone.
    """
    until, pause_s, tail = look.clock() + patience.total_seconds(), _FIRST_PAUSE_S, _Tail(key)
    while not tail.reaches(moment, look) and look.clock() < until and not look.stopping():
        time.sleep(max(0.0, min(pause_s, until - look.clock())))
        pause_s *= 2
        mark()
    return read_log(key, look)


@dataclass
class _Tail:
    """The end of a log that grows.

    Attributes:
        read: how many bytes of it were looked at, up to the end of a line.
    """

    key: FetchedKey
    read: int | None = None

    def reaches(self, moment: datetime, look: Look) -> bool:
        """Whether what was appended since the last look has a line that is later than `moment`."""
        data = look.peek_file(self.key.log.file, MOST_BYTES)
        rotated = self.read is None or self.read > len(data)
        start = max(0, len(data) - FIRST_GLANCE) if rotated else self.read
        self.read = data.rfind(b"\n") + 1
        newest_at = parse(data[start:], self.key, datetime.now(UTC))[0].newest_at
        return newest_at is not None and newest_at > moment


def parse(data: bytes, key: FetchedKey, now: datetime) -> tuple[FetchLog, tuple[Fetch, ...]]:
    """See `read_log`; pure."""
    lines = [(number, raw) for number, raw in enumerate(data.split(b"\n"), 1) if raw.strip()]
    tally = _Tally(key, now)
    for number, raw in lines[-MOST_LINES:]:
        tally.take(number, raw)
    if lines and not data.endswith(b"\n"):
        tally.forgive(lines[-1][0])
    return tally.log(len(lines)), tuple(tally.fetches)


class _Unreadable(Exception):
    """A line has no one clear meaning; the argument says why, in words of ours."""


@dataclass
class _Tally:
    key: FetchedKey
    now: datetime
    others: int = 0
    first_at: datetime | None = None
    newest_at: datetime | None = None
    fetches: list[Fetch] = field(default_factory=list)
    _unread: list[tuple[int, str]] = field(default_factory=list)

    def take(self, number: int, raw: bytes) -> None:
        """Count one line in."""
        try:
            at, fetch = _read(number, raw, self.key, self.now)
        except _Unreadable as reason:
            self._unread.append((number, str(reason)))
            return
        self.first_at = at if self.first_at is None else min(at, self.first_at)
        self.newest_at = at if self.newest_at is None else max(at, self.newest_at)
        if fetch is None:
            self.others += 1
        else:
            self.fetches.append(fetch)

    def forgive(self, number: int) -> None:
        """A last line without its end is being written; if it cannot be read, that says nothing."""
        self._unread = [entry for entry in self._unread if entry[0] != number]

    def log(self, lines: int) -> FetchLog:
        callers = tuple(_callers(self.fetches, self.key.vendor))
        shown = sorted(callers, key=lambda caller: (not caller.vendor, not caller.served))
        kept = {caller.name for caller in shown[:MOST_CALLERS]}
        return FetchLog(
            file=self.key.log.file,
            lines=lines,
            skipped=max(0, lines - MOST_LINES),
            unread=tuple(self._reasons()),
            others=self.others,
            read_at=self.now,
            first_at=self.first_at,
            newest_at=self.newest_at,
            callers=tuple(caller for caller in callers if caller.name in kept),
            further=sum(c.served + c.refused + c.unclear for c in shown[MOST_CALLERS:]),
            newest=tuple(sorted(self.fetches, key=lambda fetch: (fetch.at, fetch.line), reverse=True)[:NEWEST]),
        )

    def _reasons(self) -> Iterator[Unread]:
        last = {reason: number for number, reason in self._unread}
        for reason, count in Counter(reason for _, reason in self._unread).items():
            yield Unread(reason=reason, lines=count, last=last[reason])


def _callers(fetches: list[Fetch], vendor: tuple[str, ...]) -> Iterator[Caller]:
    by_name: dict[str, list[Fetch]] = {}
    for fetch in fetches:
        by_name.setdefault(fetch.caller, []).append(fetch)
    for name, own in by_name.items():
        served, refused, unclear = ([fetch for fetch in own if fetch.outcome is outcome] for outcome in Answer)
        yield Caller(
            name=name,
            vendor=name in vendor,
            served=len(served),
            refused=len(refused),
            unclear=len(unclear),
            first=min(own, key=_when),
            newest=max(own, key=_when),
            newest_served=max(served, key=_when, default=None),
            newest_unclear=max(unclear, key=_when, default=None),
        )


def _when(fetch: Fetch) -> tuple[datetime, int]:
    return fetch.at, fetch.line


def _read(number: int, raw: bytes, key: FetchedKey, now: datetime) -> tuple[datetime, Fetch | None]:
    """When a line was written, and the fetch it tells of if that is one of the key; _Unreadable with a reason."""
    shape, document = key.log, _document(raw)
    at = _time(document, shape)
    if at > now + shape.clocks_within:
        raise _Unreadable("a date that has not come yet")
    asked_for = spelled_at(document, shape.key)
    if asked_for is None:
        raise _Unreadable("no key")
    if asked_for != key.named:  # whatever it is: callers ask for what they like
        return at, None
    word = _text(document, shape.outcome, "outcome")
    caller = _text(document, shape.caller, "caller")
    return at, Fetch(line=number, at=at, caller=caller, outcome=_outcome(word, shape), word=word)


def _document(raw: bytes) -> Any:
    if len(raw) > LONGEST_LINE:
        raise _Unreadable(f"longer than {LONGEST_LINE // 1024} KiB")
    try:
        document = decode(raw)
    except ValueError:
        raise _Unreadable("no JSON, or one with two readings, or too deep") from None
    if not isinstance(document, dict):
        raise _Unreadable("no JSON object")
    return document


def _time(document: Any, shape: ServiceLog) -> datetime:
    try:
        value = found_at(document, shape.time)
    except (LookupError, TypeError):
        raise _Unreadable("no time") from None
    try:
        if isinstance(value, str) and _RFC3339.fullmatch(value):
            return datetime.fromisoformat(value.upper()).astimezone(UTC)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return _since_1970(value)
    except (ValueError, OverflowError):
        pass
    raise _Unreadable("a time that is neither RFC 3339 with a zone nor seconds or milliseconds since 1970")


def _since_1970(value: float) -> datetime:
    for (first, last), unit in ((_SECONDS, 1), (_MILLISECONDS, 1000)):
        if first <= value < last:
            return datetime.fromtimestamp(value / unit, UTC)
    raise ValueError(value)


def _text(document: Any, pointer: str, what: str) -> str:
    text = spelled_at(document, pointer)
    if text is None:
        raise _Unreadable(f"no {what}")
    if len(text) > LONGEST_NAME:
        raise _Unreadable(f"the {what} is too long")
    if not text.isprintable():
        raise _Unreadable(f"the {what} has control characters")
    return text


def _outcome(word: str, shape: ServiceLog) -> Answer:
    said = word.casefold()
    if said in {served.casefold() for served in shape.served}:
        return Answer.SERVED
    return Answer.REFUSED if said in {refused.casefold() for refused in shape.refused} else Answer.UNCLEAR
