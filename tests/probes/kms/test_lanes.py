"""Asking at a steady pace, in a thread of its own."""

import threading
import time
from collections.abc import Iterator

import pytest

from clauseproof.facts.drills import Answer, Lane
from clauseproof.probes.kms.lanes import BLIND_AFTER, Poller
from clauseproof.probes.record import Reading

SERVED, REFUSED, UNCLEAR = (Reading(answer, None) for answer in Answer)


def poller(*readings: Reading) -> Poller:
    """Answers in this order; after them, the thread has nothing more to say."""
    line: Iterator[Reading] = iter(readings)
    return Poller(Lane.KMS, lambda: next(line), time.monotonic, 0.001)


def asked(*readings: Reading) -> Poller:
    made = poller(*readings)
    for _ in readings:
        made.once()
    return made


def test_steady_means_as_often_in_a_row_as_asked_for_and_since_then() -> None:
    lane = asked(SERVED, REFUSED, REFUSED)
    assert lane.steady(Answer.REFUSED, since=0.0, times=2)
    assert not lane.steady(Answer.REFUSED, since=0.0, times=3)
    assert not lane.steady(Answer.REFUSED, since=lane.ticks[-1].asked, times=2)
    assert not asked(REFUSED, UNCLEAR, REFUSED).steady(Answer.REFUSED, since=0.0, times=2)
    assert not asked().steady(Answer.REFUSED, since=0.0, times=1)


def test_blind_means_nothing_clear_for_some_time() -> None:
    assert asked(*[UNCLEAR] * BLIND_AFTER).blind()
    assert not asked(*[UNCLEAR] * (BLIND_AFTER - 1)).blind()
    assert not asked(*[UNCLEAR] * BLIND_AFTER, SERVED).blind()


def test_what_breaks_in_the_thread_breaks_the_drill() -> None:
    reached = threading.Event()

    def broken() -> Reading:
        reached.set()
        raise LookupError("a defect")

    lane = Poller(Lane.KMS, broken, time.monotonic, 0.001)
    lane.start()
    assert reached.wait(10)
    lane.stop()
    with pytest.raises(LookupError, match="a defect"):
        lane.steady(Answer.SERVED, since=0.0, times=1)


def test_a_slow_answer_delays_only_its_own_lane() -> None:
    release = threading.Event()

    def slow() -> Reading:
        release.wait(10)
        return SERVED

    stuck, quick = (
        Poller(Lane.VENDOR, slow, time.monotonic, 0.001),
        Poller(Lane.KMS, lambda: SERVED, time.monotonic, 0.001),
    )
    stuck.start()
    quick.start()
    while len(quick.ticks) < 20:
        time.sleep(0.001)
    assert stuck.ticks == []
    release.set()
    stuck.stop()
    quick.stop()
