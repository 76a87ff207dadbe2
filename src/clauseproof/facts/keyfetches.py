"""Who fetched a key from the buyer's key service, as its log has it; and a read of the vendor's beside it."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from pydantic import AwareDatetime
from pydantic_core import to_json

from clauseproof.facts.drills import Answer
from clauseproof.model.assurance import Assurance
from clauseproof.model.facts import Facts
from clauseproof.model.frozen import Frozen


class Fetch(Frozen):
    """One line about the key.

    Attributes:
        line: its number in the file, from 1.
        outcome: `UNCLEAR` where the log's own word is neither of those for served nor of those for refused.
        word: the log's own word.
    """

    line: int
    at: AwareDatetime
    caller: str
    outcome: Answer
    word: str


class Caller(Frozen):
    """Everything that one caller asked for.

    Attributes:
        vendor: whether the profile says that it is the vendor's.
        newest: the last fetch by the log's own dates, whatever came of it.
    """

    name: str
    vendor: bool
    served: int
    refused: int
    unclear: int
    first: Fetch
    newest: Fetch
    newest_served: Fetch | None
    newest_unclear: Fetch | None


class Unread(Frozen):
    """Lines that could not be read, for one reason; `last` is the number of the last of them."""

    reason: str
    lines: int
    last: int


class FetchLog(Frozen):
    """The log as it was read.

    Attributes:
        lines: of the file, empty ones left out; skipped: the oldest ones, beyond what is read.
        others: lines about other keys.
        read_at: when the file was read, by our clock.
        first_at, newest_at: of all lines that could be read, by the log's own dates; None where there is none.
        callers: of this key, in the order of their first line, at most 100; the vendor's are kept before others, and
            then those that were served.
        further: fetches by callers beyond these.
        newest: fetches of this key, newest first, at most 50.
    """

    file: str
    lines: int
    skipped: int
    unread: tuple[Unread, ...]
    others: int
    read_at: AwareDatetime
    first_at: AwareDatetime | None
    newest_at: AwareDatetime | None
    callers: tuple[Caller, ...]
    further: int
    newest: tuple[Fetch, ...]

    @property
    def by_vendor(self) -> tuple[Caller, ...]:
        """The callers that are the vendor's."""
        return tuple(caller for caller in self.callers if caller.vendor)

    @property
    def fetches(self) -> int:
        """How many lines are about the key."""
        return self.further + sum(caller.served + caller.refused + caller.unclear for caller in self.callers)

    @property
    def asked_last(self) -> Fetch | None:
        """The newest fetch by the vendor, whatever came of it; None where it never asked."""
        return max((caller.newest for caller in self.by_vendor), key=lambda fetch: fetch.at, default=None)


class Fetches(Facts):
    """The log of the buyer's key service, about one key. It is the buyer's word about the buyer's own service."""

    kind = "keys.fetches"
    ceiling = Assurance.REPORTED

    target: str
    log: FetchLog


class Cache(Facts):
    """A record was read through the vendor, and afterwards the log was read until it had come to that moment.

    Attributes:
        asked_at, answered_at: of the read, which gave the record, by our clock.
        before: the vendor's newest fetch that was served and is dated no later than the answer, by the log's clock.
        after: its first that was served and is dated later.
        addresses: those of the data path that gave it; skipped: those that did not, each with the reason.
        clocks_within_s: by how much the log's clock may differ from ours, as the profile says.
        marked: whether we fetched the key ourselves after the read, so that the log has a line that is later.
        ours: how the log names us; None where the profile does not say.
    """

    kind = "keys.cache"
    version = 2
    ceiling = Assurance.REPORTED

    target: str
    asked_at: AwareDatetime
    answered_at: AwareDatetime
    before: Fetch | None
    after: Fetch | None
    addresses: tuple[str, ...]
    skipped: tuple[str, ...]
    clocks_within_s: float
    marked: bool
    ours: str | None
    log: FetchLog

    @classmethod
    def upgrade(cls, written: int, data: dict[str, Any]) -> dict[str, Any]:
        """Version 1 kept the newest fetches only; ValueError where more came after the read than it kept."""
        if written != 1:
            return super().upgrade(written, data)
        log, answered_at = (
            FetchLog.model_validate_json(to_json(data["log"])),
            datetime.fromisoformat(data["answered_at"]),
        )
        names = {caller.name for caller in log.by_vendor}
        kept = [fetch for fetch in log.newest if fetch.caller in names and fetch.outcome is Answer.SERVED]
        newest = [caller.newest_served for caller in log.by_vendor if caller.newest_served is not None]
        before, after = around(answered_at, [*kept, *newest])
        if after is not None and log.fetches > len(log.newest) and around(answered_at, kept)[0] is None:
            return super().upgrade(written, data)
        return {**data, "before": before, "after": after}


def around(moment: datetime, fetches: Iterable[Fetch]) -> tuple[Fetch | None, Fetch | None]:
    """The last fetch that is dated no later than a moment, and the first that is dated later."""
    by_time = sorted(fetches, key=lambda fetch: (fetch.at, fetch.line))
    before = [fetch for fetch in by_time if fetch.at <= moment]
    return before[-1] if before else None, next(iter(by_time[len(before) :]), None)
