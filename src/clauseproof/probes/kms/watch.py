"""Watches both sides of a revocation: the key service and the vendor's data path, asked without a break."""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from clauseproof.facts.datapath import DataPath
from clauseproof.facts.drills import Answer, End, Lane, Sample, Span
from clauseproof.facts.drillshape import DrillShape
from clauseproof.model.errors import RestoreFailed, Unreachable
from clauseproof.model.look import Look
from clauseproof.model.units import spell
from clauseproof.probes.datapath import DataPathReader
from clauseproof.probes.kms.acting import STEP_S, Done, must_go_on
from clauseproof.probes.kms.lanes import Poller
from clauseproof.probes.kms.story import Story
from clauseproof.probes.record import Reading

TELL_EVERY_S = 5.0


@dataclass
class Watch:
    """The lanes of one run's part of a drill.

    Attributes:
        target: the key, for people.
        ask: opens our canary once.
        earlier: what an earlier run's part left; None where there was none.
    """

    target: str
    ask: Callable[[], Reading]
    path: DataPath | None
    shape: DrillShape
    look: Look
    earlier: Story | None
    _told: float = field(default=0.0)

    def __post_init__(self) -> None:
        every_s = self.shape.poll_every.total_seconds()
        self.kms = Poller(Lane.KMS, self.ask, self.look.clock, every_s)
        self.lanes = [self.kms]
        self.reader: DataPathReader | None = None
        if self.path is not None:
            self.reader = DataPathReader(self.path, self.look)
            self.lanes.append(Poller(Lane.VENDOR, self.reader.read, self.look.clock, every_s))

    def first(self) -> None:
        """Ask as often as a change takes, before the lanes run.

        Before anything is touched both sides must serve: Unreachable if one does not. In the middle of a drill they
        may say what they like: the time for waiting may be over already, and this look is what it then ends with.
        """
        if self.reader is not None and self.earlier is None:
            self.reader.open()
        elif self.reader is not None and self.earlier is not None:
            self.reader.reopen(self.earlier.addresses, self.earlier.skipped, self.earlier.first)
        for lane in self.lanes:
            for _ in range(self.shape.confirmations):
                must_go_on(self.look)
                reading = lane.once()
                if self.earlier is None and reading.outcome is not Answer.SERVED:
                    raise Unreachable(
                        f"before the drill of {self.target} the {_NAMES[lane.lane]} did not serve: {reading.code}",
                        "the key was not touched; make both serve steadily, then run again",
                    )

    @contextmanager
    def running(self, zero: Callable[[], float]) -> Iterator[None]:
        """Ask both sides for the length of the block. What was seen is kept even where the way back failed."""
        for lane in self.lanes:
            lane.start()
        try:
            yield
        except RestoreFailed:
            self._keep(zero())
            raise
        finally:
            self.stop()

    def stop(self) -> None:
        """Ask no more."""
        for lane in self.lanes:
            lane.stop()

    def wait(self, wanted: Answer, since: Done, limit: timedelta, share_s: float = math.inf) -> End:
        """Until both sides steadily give an answer, or until something else ends it, such as this run's share."""
        until = since.sent + limit.total_seconds()
        leave = self.look.clock() + share_s
        while True:
            if all(lane.steady(wanted, since.sent, self.shape.confirmations) for lane in self.lanes):
                return End.SETTLED
            if self.look.stopping():
                return End.INTERRUPTED
            if self.look.clock() >= until:
                return End.GAVE_UP
            if wanted is Answer.REFUSED and self.kms.blind():
                return End.BLIND
            if self.look.clock() >= leave:
                return End.LEFT
            self._tell(wanted, since, limit)
            time.sleep(STEP_S)

    def samples(self, zero: float) -> tuple[Sample, ...]:
        """All answers, those of earlier runs included, in the order asked."""
        before = () if self.earlier is None else self.earlier.samples
        return tuple(sorted((*before, *self._own(zero)), key=lambda sample: sample.t_s))

    def spans(self, zero: float) -> tuple[Span, ...]:
        """When the sides were asked, those of earlier runs included."""
        own, before = self._own(zero), () if self.earlier is None else self.earlier.watched
        return (
            *before,
            Span(from_s=min(sample.t_s for sample in own), until_s=max(sample.answered_s for sample in own)),
        )

    def _own(self, zero: float) -> list[Sample]:
        return [sample for lane in self.lanes for sample in lane.samples(zero)]

    def _tell(self, wanted: Answer, since: Done, limit: timedelta) -> None:
        now = self.look.clock()
        if now - self._told < TELL_EVERY_S:
            return
        self._told = now
        past = spell(timedelta(seconds=max(1, round(now - since.sent))))
        off = f"DISABLED for {past}, enabled again after {spell(limit)} at most"
        on = f"ENABLED for {past}, watched until all serves again, {spell(limit)} at most"
        self.look.tell(f"revocation of {self.look.subject}: {off if wanted is Answer.REFUSED else on}")

    def _keep(self, zero: float) -> None:
        """Never raises: a full disk must not hide that the key is still disabled."""
        lines = "\n".join(sample.model_dump_json() for sample in self._own(zero))
        try:
            self.look.artifact(lines.encode())
        except Exception as error:  # noqa: BLE001 (told, and outranked by RestoreFailed)
            self.look.tell(f"the timeline of the drill could not be kept: {type(error).__name__}")


_NAMES = {Lane.KMS: "key service", Lane.VENDOR: "vendor's data path"}
