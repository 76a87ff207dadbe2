"""A mishap at whichever point of a drill: the key stays usable, or its way back stays open for `clauseproof restore`.

Points are counted by running each drill once, so that a new step is covered by itself.
"""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from clauseproof.engine.journal import open_entries
from clauseproof.model.errors import ClauseproofError, RestoreFailed
from clauseproof.sandbox.kms.faults import EVERY, Faults
from tests.support.keys import journal, restore_all
from tests.support.services import DRILLS, QUICK, SERVICES, Service, looking, points_of

pytestmark = pytest.mark.slow

Mishap = Callable[[Any, threading.Event], None]


def sigint_or_sigterm(double: Any, told: threading.Event) -> None:
    """What both come to inside a run; the signals themselves are in test_signals.py."""
    told.set()


def network_lost(double: Any, told: threading.Event) -> None:
    double.bend(reset_calls=EVERY)


def credentials_expired(double: Any, told: threading.Event) -> None:
    double.bend(expired_credentials=True)


def strike(service: Service, drill: str, mishap: Mishap, n: int, state: Path) -> None:
    """Have the mishap at the n-th point of a drill of its own."""
    told, left = threading.Event(), [n]
    with service.double() as double:
        key = service.seed(double)

        def at_point(point: str) -> None:
            left[0] -= 1
            if left[0] == 0:
                mishap(double, told)

        subject = service.subject(double, key, drill=QUICK)
        try:
            service.drills[drill](subject, looking(stopping=told.is_set), journal(state, on_point=at_point))
        except RestoreFailed:
            assert len(open_entries(state)) == 1
        except ClauseproofError:
            assert open_entries(state) == ()
        assert left[0] <= 0
        double.faults = Faults()
        assert open_entries(state) or service.as_before(double, key)
        restore_all(state)
        assert service.as_before(double, key)


@pytest.mark.parametrize("mishap", [sigint_or_sigterm, network_lost, credentials_expired])
@pytest.mark.parametrize(("name", "drill"), DRILLS)
def test_a_mishap_at_any_point_leaves_the_key_usable_or_its_way_back_open(
    name: str, drill: str, mishap: Mishap, tmp_path: Path
) -> None:
    service = SERVICES[name]
    with service.double() as double:
        points = points_of(service, drill, double, tmp_path)

    def strike_at(n: int) -> None:
        try:
            strike(service, drill, mishap, n, tmp_path / str(n))
        except AssertionError as error:
            raise AssertionError(f"at the point: {points[n - 1]}") from error

    with ThreadPoolExecutor(len(points)) as pool:  # most of them wait
        list(pool.map(strike_at, range(1, len(points) + 1)))
