"""Asks one side the same question at a steady pace, in a thread of its own, so that a slow side delays no other."""

import threading
from collections.abc import Callable
from dataclasses import dataclass

from clauseproof.facts.drills import Answer, Lane, Sample
from clauseproof.probes.record import Reading

BLIND_AFTER = 5
"""Unclear answers in a row after which a key service counts as lost."""


@dataclass(frozen=True)
class Tick:
    """One question and its answer, by the look's clock."""

    asked: float
    answered: float
    reading: Reading


class Poller:
    """One lane of a drill.

    Attributes:
        ticks: all answers so far, in order.
    """

    def __init__(self, lane: Lane, ask: Callable[[], Reading], clock: Callable[[], float], every_s: float) -> None:
        self.lane = lane
        self.ticks: list[Tick] = []
        self._ask = ask
        self._clock = clock
        self._every_s = every_s
        self._ended = threading.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name=f"lane:{lane}", daemon=True)

    def once(self) -> Reading:
        """Ask now, in the caller's thread; only before `start`."""
        asked = self._clock()
        reading = self._ask()
        self.ticks.append(Tick(asked, self._clock(), reading))
        return reading

    def start(self) -> None:
        """Begin to ask."""
        self._thread.start()

    def stop(self) -> None:
        """Ask no more, and wait for the question under way."""
        self._ended.set()
        self._thread.join()

    def steady(self, outcome: Answer, since: float, times: int) -> bool:
        """Whether the last `times` questions, all asked after `since`, were answered with `outcome`."""
        self.raise_failure()
        last = self.ticks[-times:]
        return len(last) == times and all(t.asked >= since and t.reading.outcome is outcome for t in last)

    def blind(self) -> bool:
        """Whether nothing clear came back for some time."""
        last = self.ticks[-BLIND_AFTER:]
        return len(last) == BLIND_AFTER and all(tick.reading.outcome is Answer.UNCLEAR for tick in last)

    def raise_failure(self) -> None:
        """What broke in the lane's thread breaks the drill."""
        if self._failure is not None:
            raise self._failure

    def samples(self, zero: float) -> list[Sample]:
        """All answers, with times in seconds from `zero`."""
        return [sample(self.lane, tick, zero) for tick in self.ticks]

    def _run(self) -> None:
        try:
            due = self._clock()
            while not self._ended.is_set():
                self.once()
                due = max(due + self._every_s, self._clock())
                self._ended.wait(due - self._clock())
        except BaseException as error:  # noqa: BLE001 (raised again where the drill waits)
            self._failure = error


def sample(lane: Lane, tick: Tick, zero: float) -> Sample:
    """A tick as the facts keep it; microseconds are enough."""
    return Sample(
        lane=lane,
        t_s=round(tick.asked - zero, 6),
        took_s=round(tick.answered - tick.asked, 6),
        outcome=tick.reading.outcome,
        code=tick.reading.code,
        digest=tick.reading.digest,
    )
