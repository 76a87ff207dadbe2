"""Whatever happens at whichever point of a drill, the key ends enabled and usable.

Points are counted by running each drill once, so that a new step is covered by itself.
"""

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
from clauseproof.sandbox.kms.aws import AwsKmsDouble, KeySeed
from clauseproof.sandbox.kms.faults import EVERY, Faults
from tests.support.drilling import DRILLS
from tests.support.keys import FAST, aws_key, journal, look, restore_all, state_of, usable, vendor

QUICK = {**FAST, "confirmations": 2, "recover_within": "1 s", "give_up_after": "1 s"}
REPOSITORY = Path(__file__).parents[3]

Mishap = Callable[[AwsKmsDouble, threading.Event], None]


@pytest.fixture
def double() -> Iterator[AwsKmsDouble]:
    with AwsKmsDouble() as running:
        yield running


def points_of(drill: str, double: AwsKmsDouble, state: Path) -> list[str]:
    """The names of the points that one undisturbed drill passes."""
    passed: list[str] = []
    key = aws_key(double, double.seed_key(KeySeed()), drill=QUICK)
    DRILLS[drill](key, look(), journal(state, on_point=passed.append))
    assert len(passed) > 8
    return passed


@pytest.mark.slow
@pytest.mark.parametrize("drill", DRILLS)
def test_killed_at_any_point_the_key_is_brought_back_by_restore(
    drill: str, double: AwsKmsDouble, tmp_path: Path
) -> None:
    points = points_of(drill, double, tmp_path)
    seen: list[tuple[str, str, int]] = []

    def kill_at(n: int) -> None:
        arn, state = double.seed_key(KeySeed()), tmp_path / str(n)
        key = aws_key(double, arn, drill=QUICK)
        words = [sys.executable, "-m", "tests.support.drilling", drill, key.model_dump_json(by_alias=True), state, n]
        ended = subprocess.run([str(word) for word in words], cwd=REPOSITORY, timeout=60)
        assert ended.returncode == -signal.SIGKILL, points[n - 1]
        left = state_of(double, arn)
        seen.append((points[n - 1], left, restore_all(state)))
        assert usable(double, arn), points[n - 1]
        assert open_entries(state) == ()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(kill_at, range(1, len(points) + 1)))
    assert [closed for point, _, closed in seen if point == "journal written"] == [1]
    if drill == "revocation":
        assert ("key disabled", "Disabled", 1) in seen, "the kills did reach a disabled key"


def stop(double: AwsKmsDouble, told: threading.Event) -> None:
    """What SIGINT and SIGTERM come to inside a run."""
    told.set()


def lose_network(double: AwsKmsDouble, told: threading.Event) -> None:
    double.bend(reset_calls=EVERY)


def expire(double: AwsKmsDouble, told: threading.Event) -> None:
    double.bend(expired_credentials=True)


@pytest.mark.slow
@pytest.mark.parametrize("mishap", [stop, lose_network, expire])
@pytest.mark.parametrize("drill", DRILLS)
def test_a_mishap_at_any_point_leaves_the_key_usable_or_its_way_back_open(
    drill: str, mishap: Mishap, double: AwsKmsDouble, tmp_path: Path
) -> None:
    points = points_of(drill, double, tmp_path)

    def strike_at(n: int) -> None:
        told, state, left = threading.Event(), tmp_path / str(n), [n]
        with AwsKmsDouble() as own:
            arn = own.seed_key(KeySeed())

            def at_point(point: str) -> None:
                left[0] -= 1
                if left[0] == 0:
                    mishap(own, told)

            try:
                DRILLS[drill](
                    aws_key(own, arn, drill=QUICK), look(stopping=told.is_set), journal(state, on_point=at_point)
                )
            except RestoreFailed:
                assert len(open_entries(state)) == 1, points[n - 1]
            except ClauseproofError:
                assert open_entries(state) == (), points[n - 1]
            own.faults = Faults()
            assert state_of(own, arn) == "Enabled" or open_entries(state), points[n - 1]
            restore_all(state)
            assert usable(own, arn), points[n - 1]

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(strike_at, range(1, len(points) + 1)))


def test_with_a_vendor_the_points_are_the_same(double: AwsKmsDouble, tmp_path: Path) -> None:
    alone = points_of("revocation", double, tmp_path / "alone")
    arn, passed = double.seed_key(KeySeed()), list[str]()
    with vendor(double, arn) as path:
        key = aws_key(double, arn, data_path=path, drill=QUICK)
        DRILLS["revocation"](key, look(), journal(tmp_path / "both", on_point=passed.append))
    assert passed == alone
