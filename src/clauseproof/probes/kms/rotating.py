"""The rotation drill, the same for every provider: seal, rotate, see new material, open what was sealed before.

A rotation cannot be taken back. The journal's entry keeps two drills from one key, and its way back verifies that the
key is still as usable as before.
"""

import time
from dataclasses import dataclass, field
from datetime import timedelta
from typing import NamedTuple, Protocol

from clauseproof.facts.drills import Answer, Change, End, Lane, RotationDrill
from clauseproof.facts.drillshape import DrillShape
from clauseproof.model.drill import Journal, Undo
from clauseproof.model.errors import LookFailed, TimedOut, Unknowable, Unreachable
from clauseproof.model.look import Look
from clauseproof.probes.kms.acting import STEP_S, Done, act, must_be_free, must_go_on
from clauseproof.probes.kms.lanes import BLIND_AFTER, Tick, sample
from clauseproof.probes.record import Reading


class Opened(NamedTuple):
    """What decrypting gave, and the id of the material that did it, where the provider says."""

    reading: Reading
    material: str | None


class Progress(NamedTuple):
    """What the control plane shows: whether a rotation is under way, how many are listed, how many on demand."""

    underway: bool
    listed: int
    on_demand: int


class Rotatable(Protocol):
    """A key that can be rotated on demand. Methods raise LookFailed, `open` never."""

    target: str
    rotate_call: str
    budget: int | None

    def ready(self) -> str:
        """The state, if the key can be rotated; Unknowable otherwise."""

    def progress(self) -> Progress:
        """What the control plane shows now."""

    def seal(self) -> bytes:
        """Our canary, encrypted under the key."""

    def open(self, sealed: bytes) -> Opened:
        """Decrypt the canary: refused means that no material of the key opens it."""

    def rotate(self) -> None:
        """Ask for new material."""

    def still_usable(self, state: str, patience: timedelta) -> Undo:
        """The way back: there is nothing to undo, so it verifies `state`."""

    def lasting(self, used: int) -> tuple[str, ...]:
        """What the rotation leaves behind for good, after `used` rotations on demand."""


def rotate(key: Rotatable, shape: DrillShape, look: Look, journal: Journal) -> RotationDrill:
    """Run the drill. Raises LookFailed where it could not begin."""
    must_be_free(key.target, journal)
    state = key.ready()
    journal.point("key read")
    before = key.progress()
    _must_afford(key, before, shape)
    journal.point("budget read")
    old = key.seal()
    opened = key.open(old)
    if opened.reading.outcome is not Answer.SERVED:
        raise Unreachable(f"{key.target} does not open its own canary: {opened.reading.code}", "it was not rotated")
    journal.point("canary sealed")
    with journal.change(key.still_usable(state, shape.recover_within)):
        must_go_on(look)
        asked = _ask(key, look)
        journal.point("rotation asked for")
        watch = _Watch(key, shape, look, before, asked, opened.material)
        end = watch.wait()
        journal.point("rotation watched")
        old_reads = watch.open_old(old)
        journal.point("old canary opened")
    return watch.facts(end, old_reads)


def _must_afford(key: Rotatable, before: Progress, shape: DrillShape) -> None:
    if before.underway:
        raise Unknowable(f"a rotation of {key.target} is under way already", "run again when it is completed")
    if key.budget is not None and key.budget - before.on_demand - 1 < shape.rotations_kept:
        raise Unknowable(
            f"{key.target} has used {before.on_demand} of {key.budget} rotations on demand, which are all it has for "
            f"life; the drill leaves {shape.rotations_kept}",
            "lower drill.rotations_kept, or drill another key",
        )


def _ask(key: Rotatable, look: Look) -> Done:
    try:
        return act(look, key.rotate_call, key.rotate)
    except (Unreachable, TimedOut) as error:
        raise type(error)(
            f"{error.what}; whether {key.target} was rotated is not known", "look at the key's list of rotations"
        ) from error


@dataclass
class _Watch:
    """Looks on until new ciphertext is under new material and the control plane says so too."""

    key: Rotatable
    shape: DrillShape
    look: Look
    before: Progress
    asked: Done
    first: str | None
    material: str | None = None
    declared: float | None = None
    old_until: float | None = None
    changed: float | None = None
    last: Progress | None = None
    ended: float = 0.0
    _unclear: int = field(default=0)

    def wait(self) -> End:
        """Poll until both were seen, or the time is over."""
        until = self.asked.sent + self.shape.within_a_run.total_seconds()
        while True:
            self._poll()
            self.ended = self.look.clock()
            end = self._end(until)
            if end is not None:
                return end
            self._pause(min(until, self.look.clock() + self.shape.poll_every.total_seconds()))

    def _end(self, until: float) -> End | None:
        if self.declared is not None and (self.changed is not None or self.first is None):
            return End.SETTLED
        if self.look.stopping():
            return End.INTERRUPTED
        if self._unclear >= BLIND_AFTER:
            return End.BLIND
        return End.GAVE_UP if self.look.clock() >= until else None

    def _poll(self) -> None:
        try:
            self.last = self.key.progress()
            if self.declared is None and not self.last.underway and self.last.listed > self.before.listed:
                self.declared = self.look.clock()
            self._try_new_canary()
            self._unclear = 0
        except LookFailed as error:
            self._unclear += 1
            self.look.tell(error.what)

    def _try_new_canary(self) -> None:
        sent = self.look.clock()
        opened = self.key.open(self.key.seal())
        if opened.reading.outcome is not Answer.SERVED or opened.material is None:
            return
        self.material = opened.material
        if opened.material == self.first:
            self.old_until, self.changed = sent, None
        elif self.changed is None:
            self.changed = self.look.clock()

    def _pause(self, until: float) -> None:
        while self.look.clock() < until and not self.look.stopping():
            time.sleep(min(STEP_S, max(0.0, until - self.look.clock())))

    def open_old(self, old: bytes) -> list[Tick]:
        """Open what was sealed before the rotation; whatever is not served is looked at a second time."""
        ticks: list[Tick] = []
        while len(ticks) < 2 and not (ticks and ticks[0].reading.outcome is Answer.SERVED):
            sent = self.look.clock()
            reading = self.key.open(old).reading
            ticks.append(Tick(sent, self.look.clock(), reading))
        return ticks

    def facts(self, end: End, old_reads: list[Tick]) -> RotationDrill:
        """The timeline, with the moment the rotation's call was answered as 0."""
        zero = self.asked.answered
        last = self.last or self.before
        used = max(last.on_demand, self.before.on_demand + 1)
        return RotationDrill(
            target=self.key.target,
            rotate=self.asked.seen_from(zero),
            poll_every_s=self.shape.poll_every.total_seconds(),
            end=end,
            material_before=self.first,
            material_after=self.material,
            declared_after_s=_between(self.asked.sent, self.declared),
            changed=Change(
                old_until_s=max(0.0, _between(zero, self.old_until) or 0.0),
                new_after_s=_between(self.asked.sent, self.changed),
            ),
            looked_for_s=round(self.ended - zero, 6),
            old_reads=tuple(sample(Lane.KMS, tick, zero) for tick in old_reads),
            listed=last.listed > self.before.listed,
            used=None if self.key.budget is None else used,
            budget=self.key.budget,
            lasting=self.key.lasting(used),
        )


def _between(start: float, end: float | None) -> float | None:
    return None if end is None else round(end - start, 6)
