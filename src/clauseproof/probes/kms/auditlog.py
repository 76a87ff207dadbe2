"""The drill's own calls in a provider's audit log: which are looked for, and for how long. The same for every provider.

Looked for are both acts, the last decryption that was served before them, and the first that was refused between them:
one call of each kind that a customer would want to read there. What has not happened is not looked for: a drill may
leave the key disabled to a later run.
"""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import combinations
from typing import NamedTuple, Protocol

from clauseproof.facts.drills import Act, Answer, Lane, Revocation, Sample
from clauseproof.facts.keylog import Entry, Own
from clauseproof.model.errors import Unknowable
from clauseproof.model.look import Look

OURS = "clauseproof/"
"""What our clients call themselves, and what the logs therefore write beside our calls."""
SLACK = timedelta(minutes=1)
"""How far the log's clock may be from ours."""
MOST_NEWEST = 50

_LOOKS = 60
_LONGEST_PAUSE_S = 15.0


class Names(NamedTuple):
    """What the provider's log calls what a drill does, and in which of its streams it lies."""

    disable: str
    enable: str
    decrypt: str
    acts: str
    uses: str


@dataclass(frozen=True)
class OwnCall:
    """A call of ours that the log should have.

    Attributes:
        call, error: as in the facts. A log may know the call by its first word only, and the error in other words.
    """

    call: str
    error: str | None
    stream: str
    sent: datetime
    answered: datetime

    @property
    def kind(self) -> tuple[str, str | None]:
        """What it shares with calls that the log may show under the same name."""
        return self.word, self.error

    @property
    def word(self) -> str:
        """The operation alone, such as `keyvault:KeyUpdate`."""
        return self.call.partition(" ")[0]

    @property
    def since(self) -> datetime:
        """From when on the log may date it."""
        return self.sent - SLACK

    @property
    def until(self) -> datetime:
        """Until when the log may date it."""
        return self.answered + SLACK

    def distance(self, entry: Entry) -> timedelta:
        """How far from the call an entry is dated."""
        return max(self.sent - entry.at, entry.at - self.answered, timedelta(0))


class AuditLog(Protocol):
    """A provider's log of one key."""

    def around(self, call: OwnCall) -> Iterable[Entry]:
        """Entries that may be this call: our own, with its name and its result, dated like it. Raises LookFailed.

        Unknowable where there are more than are read, see `too_many`.
        """


def too_many(call: OwnCall, target: str) -> Unknowable:
    """Where a log has more than is read: what was not read may be the call, so that nothing is missing."""
    return Unknowable(
        f"the log has more entries around our {call.call} of {call.sent:%Y-%m-%d %H:%M:%S} UTC about {target} than are "
        "read here",
        "look there by hand, or drill when the key is used less",
    )


def calls_of(drill: Revocation, names: Names) -> tuple[OwnCall, ...]:
    """What the log should have of a drill."""
    acts = ((drill.disable, names.disable), (drill.enable, names.enable))
    decryptions = (_decryption(drill, sample, names) for sample in _chosen(drill))
    return (*(_act(act, name, names.acts) for act, name in acts if act is not None), *decryptions)


def _chosen(drill: Revocation) -> Iterator[Sample]:
    kms = [sample for sample in drill.samples if sample.lane is Lane.KMS]
    yield from [s for s in kms if s.outcome is Answer.SERVED and s.answered_s < drill.disable.t_s][-1:]
    yield from [s for s in kms if s.outcome is Answer.REFUSED][:1]


def _decryption(drill: Revocation, sample: Sample, names: Names) -> OwnCall:
    sent = drill.disable.at + timedelta(seconds=sample.t_s - drill.disable.t_s)
    return OwnCall(names.decrypt, sample.code, names.uses, sent, sent + timedelta(seconds=sample.took_s))


def _act(act: Act, name: str, stream: str) -> OwnCall:
    return OwnCall(name, None, stream, act.at, act.at + timedelta(seconds=act.took_s))


def watch(log: AuditLog, calls: Sequence[OwnCall], within: timedelta, look: Look) -> tuple[Own, ...]:
    """Look for each call until all are found, or `within` is over. Raises LookFailed."""
    until = look.clock() + within.total_seconds()
    seen = [_not_yet(call) for call in calls]
    while True:
        seen = _looked(log, calls, seen)
        if look.clock() >= until or look.stopping() or all(own.entry for own in seen):
            return tuple(seen)
        time.sleep(max(0.0, min(_LONGEST_PAUSE_S, within.total_seconds() / _LOOKS, until - look.clock())))


def _not_yet(call: OwnCall) -> Own:
    return Own(
        call=call.call,
        error=call.error,
        stream=call.stream,
        at=call.answered,
        missing_until_s=0.0,
        found_after_s=None,
        entry=None,
    )


def _looked(log: AuditLog, calls: Sequence[OwnCall], before: Sequence[Own]) -> list[Own]:
    """One look. A call is looked for again as long as one of its name and result is missing: see `told_apart`."""
    open_ = {call.kind for call, own in zip(calls, before, strict=True) if own.entry is None}
    looks = {call: (_since(call.answered), frozenset(log.around(call))) for call in calls if call.kind in open_}
    found = told_apart({call: entries for call, (_, entries) in looks.items()})
    return [
        _updated(own, call, found[call], looks[call][0]) if call in looks else own
        for call, own in zip(calls, before, strict=True)
    ]


def _updated(own: Own, call: OwnCall, entry: Entry | None, asked_s: float) -> Own:
    if entry is None:
        return own.model_copy(update={"missing_until_s": asked_s, "found_after_s": None, "entry": None})
    return (
        own if entry == own.entry else own.model_copy(update={"found_after_s": _since(call.answered), "entry": entry})
    )


def told_apart(found: Mapping[OwnCall, frozenset[Entry]]) -> dict[OwnCall, Entry | None]:
    """One entry for each call, and never one for two, given the entries that may be each.

    A log may have both acts under the same name. Whose clock is ahead is not known, so that what tells the two apart is
    how far their entries lie from each other: only entries at least half as far apart as the acts are both of them.
    """
    chosen = {call: _nearest(call, entries) for call, entries in found.items()}
    by_time = sorted(found, key=lambda call: call.sent)
    for first, second in combinations(by_time, 2):
        if found[first] & found[second]:
            chosen |= _pair(first, second, found)
    return chosen


def _nearest(call: OwnCall, entries: frozenset[Entry]) -> Entry | None:
    return min(entries, key=call.distance, default=None)


def _pair(first: OwnCall, second: OwnCall, found: Mapping[OwnCall, frozenset[Entry]]) -> dict[OwnCall, Entry | None]:
    oldest = min(found[first], key=lambda entry: entry.at)
    newest = max(found[second], key=lambda entry: entry.at)
    if oldest != newest and newest.at - oldest.at >= (second.sent - first.answered) / 2:
        return {first: oldest, second: newest}
    near, other = sorted((first, second), key=lambda call: min(map(call.distance, found[call])))
    return {near: _nearest(near, found[near]), other: None}


def _since(moment: datetime) -> float:
    return round(max(0.0, (datetime.now(UTC) - moment).total_seconds()), 3)
