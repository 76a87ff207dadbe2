"""Killed at whichever point of leaving a drill or of going on with one, the key is brought back by restore.

Points are counted by running each part once, so that a new step is covered by itself.
"""

import signal
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from clauseproof.engine.journal import left_entries, open_entries
from clauseproof.facts.drills import End
from clauseproof.sandbox.kms.faults import Faults
from tests.support.keys import journal, restore_all
from tests.support.killing import Killed, kill_all
from tests.support.services import QUICK, SERVICES, Service, Subject, looking

pytestmark = pytest.mark.slow

LEAVES = {**QUICK, "per_run": "100 ms", "give_up_after": "5 min"}
ENDS = {**QUICK, "give_up_after": "300 ms"}


class Part(NamedTuple):
    """One run of a drill: how many have left it before, how it looks, how it ends."""

    before: int
    drill: dict[str, object]
    end: End


PARTS = {
    "leave": Part(0, LEAVES, End.LEFT),
    "go on and leave again": Part(1, LEAVES, End.LEFT),
    "go on and end": Part(1, ENDS, End.GAVE_UP),
}


def prepared(service: Service, double: Any, key: str, part: Part, state: Path) -> Subject:
    """A key as the runs before have left it."""
    for _ in range(part.before):
        service.drills["revocation"](service.subject(double, key, drill=LEAVES), looking(), journal(state))
    return service.subject(double, key, drill=part.drill)


def points_of(service: Service, double: Any, part: Part, state: Path) -> list[str]:
    """The names of the points that the part passes undisturbed."""
    passed: list[str] = []
    subject = prepared(service, double, service.seed(double), part, state)
    drill: Any = service.drills["revocation"](subject, looking(), journal(state, on_point=passed.append))
    assert drill.dark_end is part.end
    return passed


@pytest.mark.parametrize("part", PARTS.values(), ids=PARTS)
@pytest.mark.parametrize("name", SERVICES)
def test_killed_at_any_point_the_key_is_brought_back_by_restore(name: str, part: Part, tmp_path: Path) -> None:
    service, reached = SERVICES[name], dict[str, tuple[bool, bool]]()
    with service.double() as double:
        # Shown as disabled and served all the same, so that each run's share is over before the dark.
        double.faults = Faults(ignores_disable=True)
        points = points_of(service, double, part, tmp_path / "count")
        keys = [service.seed(double) for _ in points]
        killed = [
            Killed(prepared(service, double, key, part, tmp_path / str(n)), tmp_path / str(n), n)
            for n, key in enumerate(keys, 1)
        ]
        assert kill_all(name, "revocation", killed) == [-signal.SIGKILL] * len(points)
        for point, one, key in zip(points, killed, keys, strict=True):
            dark, left = service.dark(double, key), left_entries(one.state)
            assert len(open_entries(one.state)) + len(left) == 1 or not dark, point
            reached[point] = (dark, bool(left))
            restore_all(one.state)
            assert service.as_before(double, key), point
            assert (open_entries(one.state), left_entries(one.state)) == ((), ()), point
    if part.end is End.LEFT:
        assert (reached["story written"], reached["left"]) == ((True, False), (True, True))
    if part.before:
        assert reached["before taking over"] == (True, True)
        assert reached["while taking over"] == reached["taken over"] == (True, False)
