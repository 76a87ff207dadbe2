"""The revocation drill, the same for every provider: disable, watch both sides go dark, enable, watch them come back.

Steps, each followed by a point of the journal at which the process may die: read the key's state; seal a canary;
read a baseline on both lanes; write the way back; disable; wait for darkness; enable; wait for light; let the journal
verify the way back and close; read the state again. The lanes are asked without a break from the baseline to the end.

Where the profile gives a run only its share of the dark time (`per_run`), a run whose share is over leaves the key
disabled and its entry in the journal. A later run of the drill finds that: it sees that the key is still as it was
left, asks both sides, takes the entry over, and waits on. A run that cannot go on leaves it to the next one, unless
the drill's time is over: then the way back is taken at once.

No run leaves a key disabled beyond the last day of the profile's permission: a drill that may last longer than that
ends with its first run, or at that moment.
"""

import math
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Protocol

from clauseproof.facts.datapath import DataPath
from clauseproof.facts.drills import Act, Answer, End, Revocation, lane_times
from clauseproof.facts.drillshape import MOST_RUNS, DrillShape
from clauseproof.model.drill import Change, Journal, Left, Undo
from clauseproof.model.errors import LookFailed, Unknowable
from clauseproof.model.look import Look
from clauseproof.probes.kms.acting import Done, NotBegun, act, must_go_on
from clauseproof.probes.kms.story import Story, record_of
from clauseproof.probes.kms.watch import Watch
from clauseproof.probes.record import Reading

WAY_BACK_CALL = "way back"
"""The act that enabled the key where our own call had failed: somewhere between its two ends."""


class Revocable(Protocol):
    """A key that can be disabled and enabled. Methods raise LookFailed, `open` never.

    Attributes:
        canary: the fingerprint of what our canary holds, see `acting.fingerprint`.
    """

    target: str
    disable_call: str
    enable_call: str
    canary: str

    def state(self) -> str:
        """The provider's word for the key's state."""

    def ready(self) -> str:
        """The state, if the key can be drilled; Unknowable otherwise."""

    def seal(self) -> bytes:
        """Our canary, encrypted under the key."""

    def open(self, sealed: bytes) -> Reading:
        """Decrypt the canary once: refused means the provider's specific word for a key that is off."""

    def disable(self) -> None:
        """Turn the key off."""

    def enable(self) -> None:
        """Turn the key on."""

    def undo(self, state: str, sealed: bytes, patience: timedelta) -> Undo:
        """The way back to `state`, retried for `patience`."""

    def resume(self, undo: Undo, canary: str) -> None:
        """Be the hand that wrote this way back, and whose canary has this fingerprint."""


def revoke(key: Revocable, path: DataPath | None, shape: DrillShape, look: Look, journal: Journal) -> Revocation:
    """Run the drill, or go on with the one of this key that an earlier run has left.

    Raises LookFailed where it could not begin, RestoreFailed where the way back failed.
    """
    left = journal.left(key.target)
    with _over_in_time(left, look, journal):
        begun = (
            _begun(key, path, shape, look, journal)
            if left is None
            else _taken_up(left, key, path, shape, look, journal)
        )
        begun.watch.first()
        journal.point("baseline read")
    with begun.watch.running(begun.zero):
        begun.change()
    journal.point("lanes stopped")
    return begun.facts()


def _begun(key: Revocable, path: DataPath | None, shape: DrillShape, look: Look, journal: Journal) -> "_Drill":
    state = key.ready()
    journal.point("key read")
    sealed = key.seal()
    journal.point("canary sealed")
    watch = Watch(key.target, lambda: key.open(sealed), path, shape, look, None)
    return _Drill(key, watch, journal, state, sealed, shape.give_up_after, None)


def _taken_up(
    left: Left, key: Revocable, path: DataPath | None, shape: DrillShape, look: Look, journal: Journal
) -> "_Drill":
    story = Story.of(left, path)
    key.resume(left, story.canary)
    state = key.state()
    journal.point("key read")
    if state != left.state:
        _end(left, state, look, journal)
    watch = Watch(key.target, lambda: key.open(story.sealed), path, shape, look, story)
    limit = min(shape.give_up_after, left.due - story.disable.at)
    return _Drill(key, watch, journal, story.state_before, story.sealed, limit, left, _since(story.disable, look))


def _since(disable: Act, look: Look) -> Done:
    """What another process did, by this one's clock."""
    ago_s = (datetime.now(UTC) - disable.at).total_seconds()
    sent = look.clock() - ago_s
    return Done(disable.call, disable.at, sent, sent + disable.took_s)


def _end(left: Left, state: str, look: Look, journal: Journal) -> None:
    """Close what an earlier run has left: somebody changed the key since, and nobody knows when."""
    with journal.resume(left):
        look.artifact(left.story.encode())
        raise _ended_by_others(f"{left.target} was {left.state} when the drill was left to this run", state)


def _ended_by_others(before: str, state: str) -> Unknowable:
    what = f"{before} and is {state} now: somebody else ended the drill, and what was seen until then decides nothing"
    return Unknowable(what, "drill again")


@contextmanager
def _over_in_time(left: Left | None, look: Look, journal: Journal) -> Iterator[None]:
    """Take the way back where this run cannot go on with a drill whose time is over."""
    try:
        yield
    except Exception:
        if left is None or datetime.now(UTC) < left.due or journal.left(left.target) != left:
            raise
        with journal.resume(left):
            look.tell(f"revocation of {look.subject}: its time is over and this run cannot go on; ENABLED again")
            look.artifact(left.story.encode())
            raise


@dataclass
class _Drill:
    """One run's part of the drill.

    Attributes:
        limit: the longest dark time.
        left: what the part before has left; None where this is the first.
        state_left: the key's state where this part leaves it disabled.
    """

    key: Revocable
    watch: Watch
    journal: Journal
    state: str
    sealed: bytes
    limit: timedelta
    left: Left | None
    disabled: Done | None = None
    enabled: Done | None = None
    dark_end: End = End.INTERRUPTED
    light_end: End = End.INTERRUPTED
    state_left: str | None = None

    def __post_init__(self) -> None:
        self.look, self.shape = self.watch.look, self.watch.shape

    def zero(self) -> float:
        """Second 0 of the timeline by the look's clock: the disabling call was answered."""
        return self.disabled.answered if self.disabled is not None else self.look.clock()

    def change(self) -> None:
        """From the journal's entry to its end, or to where it is left."""
        with self._entry() as change:
            since = self._disable()
            self.dark_end = self._wait_for_dark(since)
            if self.dark_end is End.LEFT and self._leave(change, since):
                return
            self.journal.point("dark")
            self._enable()
            self.journal.point("key enabled")
            self._see_light()
            self.journal.point("light")
            leaving = act(self.look, WAY_BACK_CALL, lambda: None)
        if self.enabled is None:
            self.enabled = replace(leaving, answered=self.look.clock())
            self._see_light()

    def facts(self) -> Revocation:
        """The timeline, with the moment the disabling call was answered as 0."""
        left = self.state_left is not None
        if self.disabled is None or (self.enabled is None and not left):
            raise NotBegun(f"the drill of {self.look.subject} changed nothing and has no timeline")
        if not left:
            self.disabled.must_be_timed(self.look)
        zero, agreed, reader = self.zero(), self.shape.confirmations, self.watch.reader
        samples, watched = self.watch.samples(zero), self.watch.spans(zero)
        disable = self.disabled.seen_from(zero)
        enable = None if self.enabled is None else self.enabled.seen_from(zero)
        asked = [poller.lane for poller in self.watch.lanes]
        return Revocation(
            target=self.key.target,
            disable=disable,
            enable=enable,
            poll_every_s=self.shape.poll_every.total_seconds(),
            give_up_after_s=self.limit.total_seconds(),
            confirmations=agreed,
            dark_end=self.dark_end,
            light_end=None if left else self.light_end,
            left_until=self.disabled.at + self.limit if left else None,
            watched=watched,
            lanes=tuple(lane_times(samples, lane, disable, enable, agreed, watched) for lane in asked),
            samples=samples,
            addresses=reader.addresses if reader else (),
            skipped=reader.skipped if reader else (),
            state_before=self.state,
            state_after=self.state_left if left else self._state_after(),
        )

    def _entry(self) -> AbstractContextManager[Change]:
        if self.left is not None:
            return self.journal.resume(self.left)
        return self.journal.change(self.key.undo(self.state, self.sealed, self.shape.recover_within))

    def _disable(self) -> Done:
        if self.disabled is None:
            must_go_on(self.look)
            self.disabled = act(self.look, self.key.disable_call, self.key.disable)
            self.journal.point("key disabled")
        elif self.left is not None:
            self.look.artifact(self.left.story.encode())
            self.journal.point("story kept")
        return self.disabled

    def _wait_for_dark(self, since: Done) -> End:
        share_s = math.inf if self.shape.per_run is None else self.shape.per_run.total_seconds()
        return self.watch.wait(Answer.REFUSED, since, self.limit, min(share_s, self._permitted_s()))

    def _permitted_s(self) -> float:
        until = self.look.permitted_until
        return math.inf if until is None else (until - datetime.now(UTC)).total_seconds()

    def _may_leave(self, due: datetime) -> bool:
        """Whether a later run may go on until the drill is due; notes why not."""
        until = self.look.permitted_until
        if self.shape.per_run is None or (until is not None and due > until):
            self.dark_end = End.PERMISSION_OVER
            self.look.tell(f"revocation of {self.look.subject}: ends, since the permission would end before it")
        elif self.watch.earlier is not None and len(self.watch.earlier.watched) + 1 >= MOST_RUNS:
            self.dark_end = End.GAVE_UP
            self.look.tell(f"revocation of {self.look.subject}: ends, since {MOST_RUNS} runs took part")
        else:
            return True
        return False

    def _must_be_off(self, state: str) -> None:
        """Unknowable where somebody else enabled the key meanwhile: no later run could tell since when."""
        refused = any(tick.reading.outcome is Answer.REFUSED for tick in self.watch.kms.ticks)
        if (refused and state == self.state) or (self.left is not None and state != self.left.state):
            raise _ended_by_others(f"{self.key.target} was disabled by the drill", state)

    def _leave(self, change: Change, since: Done) -> bool:
        """Leave the key disabled to a later run; False where that cannot be, and the drill ends."""
        due = since.at + self.limit
        if not self._may_leave(due):
            return False
        try:
            state = self.key.state()
        except LookFailed:
            self.dark_end = End.BLIND
            return False
        self.journal.point("state read")
        self._must_be_off(state)
        since.must_be_timed(self.look)
        self.watch.stop()
        if self.look.stopping():
            self.dark_end = End.INTERRUPTED
            return False
        story = self._story(since).model_dump_json()
        self.look.artifact(story.encode())
        change.leave(Revocation.kind, state, due, story)
        self.state_left = state
        self.look.tell(
            f"revocation of {self.look.subject}: LEFT DISABLED to a later run, until {due:%Y-%m-%d %H:%M} UTC"
        )
        return True

    def _story(self, since: Done) -> Story:
        zero, reader = self.zero(), self.watch.reader
        return Story(
            state_before=self.state,
            sealed=self.sealed,
            canary=self.key.canary,
            path=record_of(self.watch.path),
            first=reader.first if reader else None,
            addresses=reader.addresses if reader else (),
            skipped=reader.skipped if reader else (),
            disable=since.seen_from(zero),
            samples=self.watch.samples(zero),
            watched=self.watch.spans(zero),
        )

    def _enable(self) -> None:
        try:
            self.enabled = act(self.look, self.key.enable_call, self.key.enable)
        except LookFailed as error:
            self.look.tell(f"{error.what}; the way back is tried next")

    def _see_light(self) -> None:
        if self.enabled is not None:
            self.light_end = self.watch.wait(Answer.SERVED, self.enabled, self.shape.recover_within)
            served = "and serving again, as before" if self.light_end is End.SETTLED else "and not seen to serve again"
            self.look.tell(f"revocation of {self.look.subject}: ENABLED {served}")

    def _state_after(self) -> str | None:
        try:
            return self.key.state()
        except LookFailed:
            return None
