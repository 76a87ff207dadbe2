"""Killed at whichever point of leaving a drill or of going on with one, the key is brought back by restore.

Points are counted by running each part once, so that a new step is covered by itself.
"""

import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import pytest

from clauseproof.engine.journal import left_entries, open_entries
from clauseproof.facts.drills import End
from clauseproof.facts.keys import AwsKey
from clauseproof.probes.kms.aws_drills import revocation
from clauseproof.sandbox.kms.aws import AwsKmsDouble, KeySeed
from clauseproof.sandbox.kms.faults import Faults
from tests.support.keys import FAST, aws_key, journal, look, restore_all, state_of, usable

REPOSITORY = Path(__file__).parents[3]
LEAVES = {**FAST, "confirmations": 2, "per_run": "100 ms", "recover_within": "1 s"}
ENDS = {**FAST, "confirmations": 2, "give_up_after": "300 ms", "recover_within": "1 s"}


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


@pytest.fixture
def double() -> Iterator[AwsKmsDouble]:
    """A key service that shows the key as disabled and serves it, so that each run's share is over before the dark."""
    with AwsKmsDouble() as running:
        running.faults = Faults(ignores_disable=True)
        yield running


def prepared(double: AwsKmsDouble, part: Part, state: Path) -> AwsKey:
    """A key of its own, as the runs before have left it."""
    arn = double.seed_key(KeySeed())
    for _ in range(part.before):
        revocation(aws_key(double, arn, drill=LEAVES), look(), journal(state))
    return aws_key(double, arn, drill=part.drill)


@pytest.mark.slow
@pytest.mark.parametrize("name", PARTS)
def test_killed_at_any_point_the_key_is_brought_back_by_restore(
    name: str, double: AwsKmsDouble, tmp_path: Path
) -> None:
    part, points, seen = PARTS[name], list[str](), list[tuple[str, str, bool]]()
    counted = prepared(double, part, tmp_path / "count")
    drill = revocation(counted, look(), journal(tmp_path / "count", on_point=points.append))
    assert drill.dark_end is part.end

    def kill_at(n: int) -> None:
        state = tmp_path / str(n)
        key = prepared(double, part, state)
        words = [sys.executable, "-m", "tests.support.drilling", "revocation", key.model_dump_json(by_alias=True)]
        ended = subprocess.run([*words, str(state), str(n)], cwd=REPOSITORY, timeout=60)
        assert ended.returncode == -signal.SIGKILL, points[n - 1]
        disabled = state_of(double, key.arn) == "Disabled"
        ways_back = len(open_entries(state)) + len(left_entries(state))
        assert ways_back == 1 or not disabled, points[n - 1]
        seen.append((points[n - 1], state_of(double, key.arn), bool(left_entries(state))))
        restore_all(state)
        assert usable(double, key.arn), points[n - 1]
        assert (open_entries(state), left_entries(state)) == ((), ())
        shutil.rmtree(state, ignore_errors=True)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(kill_at, range(1, len(points) + 1)))
    reached = {point: (state, left) for point, state, left in seen}
    if part.end is End.LEFT:
        assert reached["story written"] == ("Disabled", False)
        assert reached["left"] == ("Disabled", True)
    if part.before:
        assert reached["before taking over"] == ("Disabled", True)
        assert reached["while taking over"] == ("Disabled", False)
        assert reached["taken over"] == ("Disabled", False)
