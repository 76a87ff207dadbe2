"""The revocation drill, the same for every provider: disable, watch both sides go dark, enable, watch them come back.

Steps, each followed by a point of the journal at which the process may die: read the key's state; seal a canary;
read a baseline on both lanes; write the way back; disable; wait for darkness; enable; wait for light; let the journal
verify the way back and close; read the state again. The lanes are asked without a break from the baseline to the end.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Protocol

from clauseproof.facts.datapath import DataPath
from clauseproof.facts.drills import Answer, End, Lane, Revocation, lane_times
from clauseproof.facts.drillshape import DrillShape
from clauseproof.model.drill import Journal, Undo
from clauseproof.model.errors import LookFailed, RestoreFailed, Unreachable
from clauseproof.model.look import Look
from clauseproof.model.units import spell
from clauseproof.probes.datapath import DataPathReader
from clauseproof.probes.kms.acting import STEP_S, Done, NotBegun, act, must_go_on
from clauseproof.probes.kms.lanes import Poller
from clauseproof.probes.record import Reading

TELL_EVERY_S = 5.0
WAY_BACK_CALL = "way back"
"""The act that enabled the key where our own call had failed: somewhere between its two ends."""


class Revocable(Protocol):
    """A key that can be disabled and enabled. Methods raise LookFailed, `open` never."""

    target: str
    disable_call: str
    enable_call: str

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


def revoke(key: Revocable, path: DataPath | None, shape: DrillShape, look: Look, journal: Journal) -> Revocation:
    """Run the drill. Raises LookFailed where it could not begin, RestoreFailed where the way back failed."""
    state = key.ready()
    journal.point("key read")
    sealed = key.seal()
    journal.point("canary sealed")
    drill = _Drill(key, path, shape, look, journal, sealed)
    drill.baseline()
    journal.point("baseline read")
    with drill.lanes_running():
        drill.change(key.undo(state, sealed, shape.recover_within))
    journal.point("lanes stopped")
    return drill.facts(state)


@dataclass
class _Drill:
    key: Revocable
    path: DataPath | None
    shape: DrillShape
    look: Look
    journal: Journal
    sealed: bytes
    disabled: Done | None = None
    enabled: Done | None = None
    dark_end: End = End.INTERRUPTED
    light_end: End = End.INTERRUPTED
    _told: float = field(default=0.0)

    def __post_init__(self) -> None:
        every_s = self.shape.poll_every.total_seconds()
        self.kms = Poller(Lane.KMS, lambda: self.key.open(self.sealed), self.look.clock, every_s)
        self.lanes = [self.kms]
        self.reader: DataPathReader | None = None
        if self.path is not None:
            self.reader = DataPathReader(self.path, self.look)
            self.lanes.append(Poller(Lane.VENDOR, self.reader.read, self.look.clock, every_s))

    def baseline(self) -> None:
        """Both sides serve, several times over, before anything is touched; Unreachable if one does not."""
        if self.reader is not None:
            self.reader.open()
        for lane in self.lanes:
            for _ in range(self.shape.confirmations):
                must_go_on(self.look)
                reading = lane.once()
                if reading.outcome is not Answer.SERVED:
                    raise Unreachable(
                        f"before the drill of {self.key.target} the {_NAMES[lane.lane]} did not serve: {reading.code}",
                        "the key was not touched; make both serve steadily, then run again",
                    )

    @contextmanager
    def lanes_running(self) -> Iterator[None]:
        """Ask both sides for the length of the block. What was seen is kept even where the way back failed."""
        for lane in self.lanes:
            lane.start()
        try:
            yield
        except RestoreFailed:
            self._keep_timeline()
            raise
        finally:
            for lane in self.lanes:
                lane.stop()

    def change(self, undo: Undo) -> None:
        """From the journal's entry to its end."""
        with self.journal.change(undo):
            must_go_on(self.look)
            self.disabled = act(self.look, self.key.disable_call, self.key.disable)
            self.journal.point("key disabled")
            self.dark_end = self._wait(Answer.REFUSED, self.disabled, self.shape.give_up_after)
            self.journal.point("dark")
            self._enable()
            self.journal.point("key enabled")
            self._see_light()
            self.journal.point("light")
            leaving = act(self.look, WAY_BACK_CALL, lambda: None)
        if self.enabled is None:
            self.enabled = replace(leaving, answered=self.look.clock())
            self._see_light()

    def facts(self, state: str) -> Revocation:
        """The timeline, with the moment the disabling call was answered as 0."""
        if self.disabled is None or self.enabled is None:
            raise NotBegun(f"the drill of {self.look.subject} changed nothing and has no timeline")
        zero = self.disabled.answered
        samples = tuple(sorted((s for lane in self.lanes for s in lane.samples(zero)), key=lambda s: s.t_s))
        disable = self.disabled.seen_from(zero)
        enable = self.enabled.seen_from(zero)
        times = (lane_times(samples, p.lane, disable, enable, self.shape.confirmations) for p in self.lanes)
        return Revocation(
            target=self.key.target,
            disable=disable,
            enable=enable,
            poll_every_s=self.shape.poll_every.total_seconds(),
            give_up_after_s=self.shape.give_up_after.total_seconds(),
            confirmations=self.shape.confirmations,
            dark_end=self.dark_end,
            light_end=self.light_end,
            lanes=tuple(times),
            samples=samples,
            addresses=self.reader.addresses if self.reader else (),
            skipped=self.reader.skipped if self.reader else (),
            state_before=state,
            state_after=self._state_after(),
        )

    def _enable(self) -> None:
        try:
            self.enabled = act(self.look, self.key.enable_call, self.key.enable)
        except LookFailed as error:
            self.look.tell(f"{error.what}; the way back is tried next")

    def _see_light(self) -> None:
        if self.enabled is not None:
            self.light_end = self._wait(Answer.SERVED, self.enabled, self.shape.recover_within)
            served = "and serving again, as before" if self.light_end is End.SETTLED else "and not seen to serve again"
            self.look.tell(f"revocation of {self.look.subject}: ENABLED {served}")

    def _wait(self, wanted: Answer, since: Done, limit: timedelta) -> End:
        until = since.sent + limit.total_seconds()
        while True:
            if all(lane.steady(wanted, since.sent, self.shape.confirmations) for lane in self.lanes):
                return End.SETTLED
            if self.look.stopping():
                return End.INTERRUPTED
            if self.look.clock() >= until:
                return End.GAVE_UP
            if wanted is Answer.REFUSED and self.kms.blind():
                return End.BLIND
            self._tell(wanted, since, limit)
            time.sleep(STEP_S)

    def _tell(self, wanted: Answer, since: Done, limit: timedelta) -> None:
        now = self.look.clock()
        if now - self._told < TELL_EVERY_S:
            return
        self._told = now
        past = spell(timedelta(seconds=max(1, round(now - since.sent))))
        off = f"DISABLED for {past}, enabled again after {spell(limit)} at most"
        on = f"ENABLED for {past}, watched until all serves again, {spell(limit)} at most"
        self.look.tell(f"revocation of {self.look.subject}: {off if wanted is Answer.REFUSED else on}")

    def _state_after(self) -> str | None:
        try:
            return self.key.state()
        except LookFailed:
            return None

    def _keep_timeline(self) -> None:
        """Never raises: a full disk must not hide that the key is still disabled."""
        zero = self.disabled.answered if self.disabled else self.look.clock()
        lines = "\n".join(s.model_dump_json() for lane in self.lanes for s in lane.samples(zero))
        try:
            self.look.artifact(lines.encode())
        except Exception as error:  # noqa: BLE001 (told, and outranked by RestoreFailed)
            self.look.tell(f"the timeline of the drill could not be kept: {type(error).__name__}")


_NAMES = {Lane.KMS: "key service", Lane.VENDOR: "vendor's data path"}
