"""Whatever happens at whichever point of a drill at a buyer's key service, the key ends on.

Points are counted by running the drill once, so that a new step is covered by itself.
"""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from clauseproof.engine.journal import open_entries
from clauseproof.model.errors import ClauseproofError, RestoreFailed
from clauseproof.probes.kms.keyservice_drills import revocation
from clauseproof.sandbox.kms.faults import EVERY, Faults
from tests.support.keys import FAST, journal, restore_all
from tests.support.keyservice import NAME, SECRETS, House, house, look

QUICK = {**FAST, "confirmations": 2, "recover_within": "1 s", "give_up_after": "1 s", "log_within": "100 ms"}
REPOSITORY = Path(__file__).parents[3]

Mishap = Callable[[House, threading.Event], None]


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)


def points_of(state: Path) -> list[str]:
    """The names of the points that one undisturbed drill passes."""
    passed: list[str] = []
    with house(state / "house") as made:
        revocation(made.key(drill=QUICK), look(), journal(state / "journal", on_point=passed.append))
    assert len(passed) > 8
    return passed


@pytest.mark.slow
def test_killed_at_any_point_the_key_is_brought_back_by_restore(tmp_path: Path) -> None:
    points = points_of(tmp_path)
    seen: list[tuple[str, bool, int]] = []

    def kill_at(n: int) -> None:
        folder = tmp_path / str(n)
        with house(folder) as made:
            key = made.key(drill=QUICK).model_dump_json(by_alias=True)
            words = [sys.executable, "-m", "tests.support.keyservice", key, folder / "journal", n]
            ended = subprocess.run([str(word) for word in words], cwd=REPOSITORY, timeout=60, env=dict(os.environ))
            assert ended.returncode == -signal.SIGKILL, points[n - 1]
            seen.append((points[n - 1], made.service.is_on(NAME), restore_all(folder / "journal")))
            assert made.service.is_on(NAME), points[n - 1]
            assert open_entries(folder / "journal") == ()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(kill_at, range(1, len(points) + 1)))
    assert [closed for point, _, closed in seen if point == "journal written"] == [1]
    assert ("key disabled", False, 1) in seen, "the kills did reach a key that is off"


def stop(made: House, told: threading.Event) -> None:
    """What SIGINT and SIGTERM come to inside a run."""
    told.set()


def lose_network(made: House, told: threading.Event) -> None:
    made.service.faults = Faults(reset_calls=EVERY)


def expire(made: House, told: threading.Event) -> None:
    made.service.faults = Faults(expired_credentials=True)


@pytest.mark.slow
@pytest.mark.parametrize("mishap", [stop, lose_network, expire])
def test_a_mishap_at_any_point_leaves_the_key_on_or_its_way_back_open(mishap: Mishap, tmp_path: Path) -> None:
    points = points_of(tmp_path)

    def strike_at(n: int) -> None:
        told, folder, left = threading.Event(), tmp_path / str(n), [n]
        with house(folder) as made:

            def at_point(point: str) -> None:
                left[0] -= 1
                if left[0] == 0:
                    mishap(made, told)

            try:
                revocation(
                    made.key(drill=QUICK), look(stopping=told.is_set), journal(folder / "journal", on_point=at_point)
                )
            except RestoreFailed:
                assert len(open_entries(folder / "journal")) == 1, points[n - 1]
            except ClauseproofError:
                assert open_entries(folder / "journal") == (), points[n - 1]
            made.service.faults = Faults()
            assert made.service.is_on(NAME) or open_entries(folder / "journal"), points[n - 1]
            restore_all(folder / "journal")
            assert made.service.is_on(NAME), points[n - 1]

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(strike_at, range(1, len(points) + 1)))
