"""Who fetched a key from the buyer's key service, as its log has it; and a read of the vendor's beside it."""

from pydantic import AwareDatetime

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
        callers: of this key, in the order of their first line, at most 100, the vendor's always among them.
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
    def served_last(self) -> Fetch | None:
        """The newest fetch by the vendor that was served; None where none was."""
        served = [caller.newest_served for caller in self.by_vendor if caller.newest_served is not None]
        return max(served, key=lambda fetch: fetch.at, default=None)

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
        addresses: those of the data path that gave it; skipped: those that did not, each with the reason.
        clocks_within_s: by how much the log's clock may differ from ours, as the profile says.
        marked: whether we fetched the key ourselves after the read, so that the log has a line that is later.
        ours: how the log names us; None where the profile does not say.
    """

    kind = "keys.cache"
    ceiling = Assurance.REPORTED

    target: str
    asked_at: AwareDatetime
    answered_at: AwareDatetime
    addresses: tuple[str, ...]
    skipped: tuple[str, ...]
    clocks_within_s: float
    marked: bool
    ours: str | None
    log: FetchLog
