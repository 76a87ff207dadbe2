"""A drill killed at whichever point: `clauseproof restore` brings the key back, enabled and usable.

Points are counted by running each drill once, so that a new step is covered by itself.
"""

import signal
from pathlib import Path

import pytest

from clauseproof.engine.journal import open_entries
from tests.support.keys import journal, restore_all
from tests.support.killing import Killed, kill_all
from tests.support.services import DRILLS, QUICK, SERVICES, looking, points_of

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(("name", "drill"), DRILLS)
def test_killed_at_any_point_the_key_is_brought_back_by_restore(name: str, drill: str, tmp_path: Path) -> None:
    service = SERVICES[name]
    with service.double() as double:
        points = points_of(service, drill, double, tmp_path)
        keys = {n: service.seed(double) for n in range(1, len(points) + 1)}
        killed = [Killed(service.subject(double, key, drill=QUICK), tmp_path / str(n), n) for n, key in keys.items()]
        assert kill_all(name, drill, killed) == [-signal.SIGKILL] * len(points)
        seen = []
        for point, one, key in zip(points, killed, keys.values(), strict=True):
            seen.append((point, service.dark(double, key), restore_all(one.state)))
            assert service.as_before(double, key), point
            assert open_entries(one.state) == (), point
    assert [closed for point, _, closed in seen if point == "journal written"] == [1]
    if drill == "revocation":
        assert ("key disabled", True, 1) in seen, "the kills did reach a dark key"


@pytest.mark.parametrize("name", SERVICES)
def test_with_a_vendor_the_points_are_the_same(name: str, tmp_path: Path) -> None:
    service, passed = SERVICES[name], list[str]()
    with service.double() as double:
        alone = points_of(service, "revocation", double, tmp_path / "alone")
        key = service.seed(double)
        with service.vendor(double, key) as path:
            subject = service.subject(double, key, data_path=path, drill=QUICK)
            service.drills["revocation"](subject, looking(), journal(tmp_path / "both", on_point=passed.append))
    assert passed == alone
