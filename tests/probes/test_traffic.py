"""How many connections to one address there are at once and in a second."""

import asyncio

import pytest

from clauseproof.model.errors import ClauseproofError
from clauseproof.model.pace import Pace
from clauseproof.probes import traffic


def turns(gate: traffic._Gate, count: int, now_s: float) -> list[float]:
    """When the next few connections begin, all asked for at once."""
    return [round(now_s + gate.wait_s(now_s), 6) for _ in range(count)]


def test_no_second_has_more_connections_than_the_default_allows() -> None:
    begun = turns(traffic._Gate(Pace()), 3 * traffic.PER_SECOND, 100.0)
    assert begun == [100.0] * 10 + [101.0] * 10 + [102.0] * 10


def test_no_second_has_more_connections_than_the_run_allows() -> None:
    gate = traffic._Gate(Pace(per_second=2))
    assert [*turns(gate, 1, 100.0), *turns(gate, 1, 100.9), *turns(gate, 2, 100.95)] == [100.0, 100.9, 101.0, 101.9]


def test_the_run_says_how_many_are_open_at_once() -> None:
    async def most(pace: Pace) -> int:
        now, seen = [0], [0]

        async def one() -> None:
            async with traffic.slot("127.0.0.1", pace):
                now[0] += 1
                seen[0] = max(seen[0], *now)
                await asyncio.sleep(0)
                now[0] -= 1

        await asyncio.gather(*(one() for _ in range(9)))
        return seen[0]

    assert asyncio.run(most(Pace())) == traffic.AT_ONCE
    assert asyncio.run(most(Pace(at_once=1))) == 1


@pytest.mark.parametrize("limit", [0, -1, 1001])
def test_a_limit_that_is_none_is_refused(limit: int) -> None:
    with pytest.raises(ClauseproofError, match=f"{limit} is no limit"):
        Pace(at_once=limit)
    with pytest.raises(ClauseproofError, match=f"{limit} is no limit"):
        Pace(per_second=limit)


def test_a_connection_that_is_given_up_while_it_waits_leaves_its_place_to_others() -> None:
    async def story() -> list[bool]:
        loop_traffic = traffic._Traffic(Pace())
        holders = [loop_traffic.slot("127.0.0.1", 0.0) for _ in range(traffic.AT_ONCE)]
        for holder in holders:
            await holder.__aenter__()
        waiting = asyncio.create_task(loop_traffic.slot("127.0.0.1", 0.0).__aenter__())
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        for holder in holders:
            await holder.__aexit__(None, None, None)
        gate = loop_traffic._gates["127.0.0.1"]
        return [gate.room.locked(), gate.users == 0]

    assert asyncio.run(story()) == [False, True]


def test_an_address_is_forgotten_only_when_nothing_depends_on_it() -> None:
    gate = traffic._Gate(Pace())
    gate.wait_s(100.0)
    assert not gate.idle(100.0)
    assert gate.idle(101.0)
    gate.users = 1
    assert not gate.idle(101.0)
