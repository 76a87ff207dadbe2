"""Whatever happens at whichever point of a drill on Cloud KMS, every version ends as it was.

Points are counted by running each drill once, so that a new step is covered by itself.
"""

import itertools
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from clauseproof.engine.journal import open_entries
from clauseproof.model.errors import ClauseproofError, RestoreFailed
from clauseproof.sandbox.kms.faults import EVERY, Faults
from clauseproof.sandbox.kms.google import GoogleKmsDouble, KeySeed, State
from tests.support.googledrilling import DRILLS
from tests.support.googlekeys import google_key, states_of, usable, vendor
from tests.support.keys import FAST, day, journal, look, restore_all

QUICK = {**FAST, "confirmations": 2, "recover_within": "1 s", "give_up_after": "1 s"}
REPOSITORY = Path(__file__).parents[3]
OFF_BEFORE = (2,)

Mishap = Callable[[GoogleKmsDouble, threading.Event], None]

ids = (f"key-{n}" for n in itertools.count())


@pytest.fixture
def double() -> Iterator[GoogleKmsDouble]:
    with GoogleKmsDouble() as running:
        yield running


def seeded(double: GoogleKmsDouble) -> str:
    """A key of three versions, the second of which was off long before us."""
    past = (day("2026-03-01"), day("2026-06-01"))
    states = dict.fromkeys(OFF_BEFORE, State.DISABLED)
    return double.seed_key(KeySeed(id=next(ids), created=day("2026-01-01"), rotations=past, states=states))


def points_of(drill: str, double: GoogleKmsDouble, state: Path) -> list[str]:
    """The names of the points that one undisturbed drill passes."""
    passed: list[str] = []
    key = google_key(double, seeded(double), drill=QUICK)
    DRILLS[drill](key, look(), journal(state, on_point=passed.append))
    assert len(passed) > 8
    return passed


@pytest.mark.slow
@pytest.mark.parametrize("drill", DRILLS)
def test_killed_at_any_point_the_key_is_brought_back_by_restore(
    drill: str, double: GoogleKmsDouble, tmp_path: Path
) -> None:
    points = points_of(drill, double, tmp_path)
    seen: list[tuple[str, bool, int]] = []

    def kill_at(n: int) -> None:
        name, state = seeded(double), tmp_path / str(n)
        key = google_key(double, name, drill=QUICK).model_dump_json(by_alias=True)
        words = [sys.executable, "-m", "tests.support.googledrilling", drill, key, state, n]
        ended = subprocess.run([str(word) for word in words], cwd=REPOSITORY, timeout=60)
        assert ended.returncode == -signal.SIGKILL, points[n - 1]
        dark = "ENABLED" not in states_of(double, name).values()
        seen.append((points[n - 1], dark, restore_all(state)))
        assert usable(double, name, OFF_BEFORE), points[n - 1]
        assert open_entries(state) == ()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(kill_at, range(1, len(points) + 1)))
    assert [closed for point, _, closed in seen if point == "journal written"] == [1]
    if drill == "revocation":
        assert ("key disabled", True, 1) in seen, "the kills did reach a dark key"


def stop(double: GoogleKmsDouble, told: threading.Event) -> None:
    """What SIGINT and SIGTERM come to inside a run."""
    told.set()


def lose_network(double: GoogleKmsDouble, told: threading.Event) -> None:
    double.bend(reset_calls=EVERY)


def expire(double: GoogleKmsDouble, told: threading.Event) -> None:
    double.bend(expired_credentials=True)


@pytest.mark.slow
@pytest.mark.parametrize("mishap", [stop, lose_network, expire])
@pytest.mark.parametrize("drill", DRILLS)
def test_a_mishap_at_any_point_leaves_the_key_usable_or_its_way_back_open(
    drill: str, mishap: Mishap, double: GoogleKmsDouble, tmp_path: Path
) -> None:
    points = points_of(drill, double, tmp_path)

    def strike_at(n: int) -> None:
        told, state, left = threading.Event(), tmp_path / str(n), [n]
        with GoogleKmsDouble() as own:
            name = seeded(own)

            def at_point(point: str) -> None:
                left[0] -= 1
                if left[0] == 0:
                    mishap(own, told)

            key = google_key(own, name, drill=QUICK)
            try:
                DRILLS[drill](key, look(stopping=told.is_set), journal(state, on_point=at_point))
            except RestoreFailed:
                assert len(open_entries(state)) == 1, points[n - 1]
            except ClauseproofError:
                assert open_entries(state) == (), points[n - 1]
            own.faults = Faults()
            assert open_entries(state) or usable(own, name, OFF_BEFORE), points[n - 1]
            restore_all(state)
            assert usable(own, name, OFF_BEFORE), points[n - 1]

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(strike_at, range(1, len(points) + 1)))


def test_with_a_vendor_the_points_are_the_same(double: GoogleKmsDouble, tmp_path: Path) -> None:
    alone = points_of("revocation", double, tmp_path / "alone")
    name, passed = seeded(double), list[str]()
    with vendor(double, name) as path:
        key = google_key(double, name, data_path=path, drill=QUICK)
        DRILLS["revocation"](key, look(), journal(tmp_path / "both", on_point=passed.append))
    assert passed == alone
