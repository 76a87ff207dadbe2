"""How many connections to one address there are at once and in a second."""

import asyncio
import threading
import time
from dataclasses import dataclass, field

import pytest

from clauseproof.model.errors import ClauseproofError, TimedOut
from clauseproof.model.pace import Pace
from clauseproof.probes import traffic


def turns(gate: traffic.Gate, count: int, now_s: float) -> list[float]:
    """When the next few connections begin, all asked for at once."""
    return [round(now_s + gate.wait_s(now_s), 6) for _ in range(count)]


def test_no_second_has_more_connections_than_the_default_allows() -> None:
    begun = turns(traffic.Gate(Pace()), 3 * traffic.PER_SECOND, 100.0)
    assert begun == [100.0] * 10 + [101.0] * 10 + [102.0] * 10


def test_no_second_has_more_connections_than_the_run_allows() -> None:
    gate = traffic.Gate(Pace(per_second=2))
    assert [*turns(gate, 1, 100.0), *turns(gate, 1, 100.9), *turns(gate, 2, 100.95)] == [100.0, 100.9, 101.0, 101.9]


@dataclass
class Counted:
    """How many connections are open, and the most there ever were."""

    now: int = 0
    most: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __enter__(self) -> None:
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)

    def __exit__(self, *error: object) -> None:
        with self.lock:
            self.now -= 1


async def on_the_loop(pace: Pace, counted: Counted) -> None:
    async with traffic.slot("127.0.0.1", pace):
        with counted:
            await asyncio.sleep(0.002)


def in_a_thread(pace: Pace, counted: Counted) -> None:
    for _ in range(10):
        with traffic.ThreadSlot("127.0.0.1", pace, 10), counted:
            time.sleep(0.001)


@pytest.mark.parametrize(("pace", "most"), [(Pace(per_second=1000), traffic.AT_ONCE), (Pace(1, 1000), 1)])
def test_looks_on_the_loop_and_in_threads_share_what_is_open_at_once(pace: Pace, most: int) -> None:
    counted = Counted()

    async def story() -> None:
        threads = [asyncio.to_thread(in_a_thread, pace, counted) for _ in range(8)]
        await asyncio.gather(*threads, *(on_the_loop(pace, counted) for _ in range(60)))

    asyncio.run(story())
    assert (counted.most, counted.now) == (most, 0)


def test_runs_do_not_wait_for_each_other() -> None:
    counted = Counted()

    async def story() -> None:
        await asyncio.gather(*(on_the_loop(Pace(1), counted) for _ in range(3)))

    asyncio.run(story())
    assert counted.most == 3


def test_a_thread_does_not_wait_for_ever() -> None:
    pace = Pace(1)
    late = pytest.raises(TimedOut, match=r"no time left to connect to 127\.0")
    with traffic.ThreadSlot("127.0.0.1", pace, 1), late, traffic.ThreadSlot("127.0.0.1", pace, 0.01):
        pass
    with traffic.ThreadSlot("127.0.0.1", pace, 0):
        pass


def test_a_scan_takes_turns_only_where_the_run_says_how_many() -> None:
    for pace, taken in ((Pace(), 0), (Pace(per_second=50), 3)):
        for _ in range(3):
            traffic.pause("127.0.0.1", pace)
        assert len(traffic.gate_of("127.0.0.1", pace)._begun_s) == taken


@pytest.mark.parametrize("limit", [0, -1, 1001])
def test_a_limit_that_is_none_is_refused(limit: int) -> None:
    with pytest.raises(ClauseproofError, match=f"{limit} is no limit"):
        Pace(at_once=limit)
    with pytest.raises(ClauseproofError, match=f"{limit} is no limit"):
        Pace(per_second=limit)


def test_a_connection_that_is_given_up_while_it_waits_leaves_its_place_to_others() -> None:
    pace = Pace()

    async def story() -> None:
        holders = [traffic.slot("127.0.0.1", pace) for _ in range(traffic.AT_ONCE)]
        for holder in holders:
            await holder.__aenter__()
        waiting = [asyncio.create_task(traffic.slot("127.0.0.1", pace).__aenter__()) for _ in range(2)]
        await asyncio.sleep(0)
        waiting[0].cancel()
        for holder in holders:
            await holder.__aexit__(None, None, None)
        waiting[1].cancel()  # after it was called
        await asyncio.gather(*waiting, return_exceptions=True)
        for holder in holders:
            await asyncio.wait_for(holder.__aenter__(), 5)

    asyncio.run(story())


def test_an_address_is_forgotten_only_when_nothing_depends_on_it() -> None:
    gate = traffic.Gate(Pace())
    gate.wait_s(100.0)
    assert not gate.idle(100.0)
    assert gate.idle(101.0)
    gate.enter(traffic.Waiter(lambda: None))
    assert not gate.idle(101.0)
    gate.leave()
    assert gate.idle(101.0)
