"""The provider's audit log of a key: is it kept, and are our own calls in it?"""

from typing import Any

from pydantic import AwareDatetime

from clauseproof.model.assurance import Assurance
from clauseproof.model.facts import Facts
from clauseproof.model.frozen import Frozen
from clauseproof.model.unseen import Unseen

EVENT_HISTORY = "event history"
"""The one stream of AWS CloudTrail that is read."""


class Entry(Frozen):
    """One call as the log has it.

    Attributes:
        call: the provider's name, such as `kms:Decrypt`.
        error: the provider's code where the call was refused.
        id: the provider's identifier of the entry.
        stream: which part of the log it lies in, such as Google's `data_access`.
    """

    call: str
    at: AwareDatetime
    error: str | None
    id: str
    stream: str


class Own(Frozen):
    """A call of the drill's own, and what became of it in the log.

    Attributes:
        call, error: as the drill made it and was answered.
        stream: the part of the log where it belongs.
        at: when it was answered.
        missing_until_s: the last look that did not find it was this long after `at`; 0 if the first one did.
        found_after_s: the look that found it was this long after `at`; None where none did.
    """

    call: str
    error: str | None
    stream: str
    at: AwareDatetime
    missing_until_s: float
    found_after_s: float | None
    entry: Entry | None


class Recording(Frozen):
    """What the provider's settings say of one stream.

    Attributes:
        policies: where the settings were read.
        on: whether the uses of the key are written down at all.
        exempt: principals whose uses are not.
    """

    stream: str
    policies: tuple[str, ...]
    on: bool
    exempt: tuple[str, ...]


class UsageLog(Facts):
    """The audit log of a key's uses.

    Attributes:
        target: the key, as the provider calls it.
        source: which log of the provider's.
        kept_days: how long the provider keeps it by itself; None where it does not say.
        newest: entries about the key, newest first, at most 50.
        own: the calls of this run's revocation drill.
        routed: streams that lie here only if the customer's own settings lead them here, and the looker may read them:
            one that is empty shows nothing.
        recording: None where the provider has no such setting, or it is not shown here.
    """

    kind = "keys.usage-log"
    version = 2
    ceiling = Assurance.OBSERVED

    target: str
    source: str
    kept_days: int | None
    newest: tuple[Entry, ...]
    own: tuple[Own, ...]
    routed: tuple[str, ...]
    recording: Recording | Unseen | None

    @classmethod
    def upgrade(cls, written: int, data: dict[str, Any]) -> dict[str, Any]:
        """Version 1 knew the event history of AWS and no other log."""
        if written != 1:
            return super().upgrade(written, data)
        own = [{**call, "entry": _in_history(call["entry"]), "stream": EVENT_HISTORY} for call in data["own"]]
        newest = [_in_history(entry) for entry in data["newest"]]
        return {**data, "own": own, "newest": newest, "routed": [], "recording": None}

    def silent(self, stream: str) -> bool:
        """Whether nothing at all was seen in a stream."""
        seen = (*self.newest, *(own.entry for own in self.own))
        return not any(entry is not None and entry.stream == stream for entry in seen)


def _in_history(entry: dict[str, Any] | None) -> dict[str, Any] | None:
    return entry and {**entry, "stream": EVENT_HISTORY}
