"""Whatever happens at whichever point of a drill on Key Vault, every version ends as it was.

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
from clauseproof.sandbox.kms.azure import AzureKeyVaultDouble, KeySeed
from clauseproof.sandbox.kms.faults import EVERY, Faults
from tests.support.azurekeys import DRILLS, azure_key, azure_look, flags, usable, vendor
from tests.support.keys import FAST, day, journal, restore_all

QUICK = {**FAST, "confirmations": 2, "recover_within": "1 s", "give_up_after": "1 s"}
REPOSITORY = Path(__file__).parents[3]
OFF_BEFORE = 2

Mishap = Callable[[AzureKeyVaultDouble, threading.Event], None]

names = (f"key-{n}" for n in itertools.count())


@pytest.fixture
def double() -> Iterator[AzureKeyVaultDouble]:
    with AzureKeyVaultDouble() as running:
        yield running


def seeded(double: AzureKeyVaultDouble) -> tuple[str, str]:
    """A key of three versions, the second of which was off long before us: its name and its identifier."""
    name, past = next(names), (day("2026-03-01"), day("2026-06-01"))
    seed = KeySeed(name=name, created=day("2026-01-01"), rotations=past, disabled=frozenset({OFF_BEFORE}))
    return name, double.seed_key(seed)


def as_before(double: AzureKeyVaultDouble, name: str) -> bool:
    """Whether every version but the one that was off is enabled, and the key wraps and unwraps."""
    return flags(double, name)[:3] == [True, False, True] and all(flags(double, name)[3:]) and usable(double, name)


def points_of(drill: str, double: AzureKeyVaultDouble, state: Path) -> list[str]:
    """The names of the points that one undisturbed drill passes."""
    passed: list[str] = []
    key = azure_key(double, seeded(double)[1], drill=QUICK)
    DRILLS[drill](key, azure_look(), journal(state, on_point=passed.append))
    assert len(passed) > 8
    return passed


@pytest.mark.slow
@pytest.mark.parametrize("drill", DRILLS)
def test_killed_at_any_point_the_key_is_brought_back_by_restore(
    drill: str, double: AzureKeyVaultDouble, tmp_path: Path
) -> None:
    points = points_of(drill, double, tmp_path)
    seen: list[tuple[str, bool, int]] = []

    def kill_at(n: int) -> None:
        (name, identifier), state = seeded(double), tmp_path / str(n)
        key = azure_key(double, identifier, drill=QUICK).model_dump_json(by_alias=True)
        words = [sys.executable, "-m", "tests.support.azurekeys", drill, key, state, n]
        ended = subprocess.run([str(word) for word in words], cwd=REPOSITORY, timeout=60)
        assert ended.returncode == -signal.SIGKILL, points[n - 1]
        dark = not any(flags(double, name))
        seen.append((points[n - 1], dark, restore_all(state)))
        assert as_before(double, name), points[n - 1]
        assert open_entries(state) == ()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(kill_at, range(1, len(points) + 1)))
    assert [closed for point, _, closed in seen if point == "journal written"] == [1]
    if drill == "revocation":
        assert ("key disabled", True, 1) in seen, "the kills did reach a dark key"


def stop(double: AzureKeyVaultDouble, told: threading.Event) -> None:
    """What SIGINT and SIGTERM come to inside a run."""
    told.set()


def lose_network(double: AzureKeyVaultDouble, told: threading.Event) -> None:
    double.bend(reset_calls=EVERY)


def expire(double: AzureKeyVaultDouble, told: threading.Event) -> None:
    double.bend(expired_credentials=True)


@pytest.mark.slow
@pytest.mark.parametrize("mishap", [stop, lose_network, expire])
@pytest.mark.parametrize("drill", DRILLS)
def test_a_mishap_at_any_point_leaves_the_key_usable_or_its_way_back_open(
    drill: str, mishap: Mishap, double: AzureKeyVaultDouble, tmp_path: Path
) -> None:
    points = points_of(drill, double, tmp_path)

    def strike_at(n: int) -> None:
        told, state, left = threading.Event(), tmp_path / str(n), [n]
        with AzureKeyVaultDouble() as own:
            name, identifier = seeded(own)

            def at_point(point: str) -> None:
                left[0] -= 1
                if left[0] == 0:
                    mishap(own, told)

            key = azure_key(own, identifier, drill=QUICK)
            try:
                DRILLS[drill](key, azure_look(stopping=told.is_set), journal(state, on_point=at_point))
            except RestoreFailed:
                assert len(open_entries(state)) == 1, points[n - 1]
            except ClauseproofError:
                assert open_entries(state) == (), points[n - 1]
            own.faults = Faults()
            assert open_entries(state) or as_before(own, name), points[n - 1]
            restore_all(state)
            assert as_before(own, name), points[n - 1]

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(strike_at, range(1, len(points) + 1)))


def test_with_a_vendor_the_points_are_the_same(double: AzureKeyVaultDouble, tmp_path: Path) -> None:
    alone = points_of("revocation", double, tmp_path / "alone")
    (name, identifier), passed = seeded(double), list[str]()
    with vendor(double, name) as path:
        key = azure_key(double, identifier, data_path=path, drill=QUICK)
        DRILLS["revocation"](key, azure_look(), journal(tmp_path / "both", on_point=passed.append))
    assert passed == alone
