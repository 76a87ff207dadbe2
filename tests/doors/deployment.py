"""A user's own folder: one check file that brings its own subject, facts, probes and checks, a profile, a contract."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

CLAUSEPROOF = str(Path(sys.executable).with_name("clauseproof"))

CHECKS = '''
"""Queues: how far behind they are."""

import time
from collections.abc import Iterator
from typing import ClassVar

from clauseproof import (
    All, Assurance, Case, Claim, Denied, Facts, Finding, Look, Permission, Subject, broken, check, holds, note, probe,
)


class Queue(Subject):
    """A queue and its lag in seconds, or a word for what goes wrong."""

    key: ClassVar[str] = "queue"
    queue: str


class Lag(Facts):
    """How far behind a queue is."""

    kind = "own.lag"
    ceiling = Assurance.OBSERVED
    lag_s: float


class Depth(Facts):
    """How deep a queue is; needs leave to look."""

    kind = "own.depth"
    ceiling = Assurance.OBSERVED
    depth: int


@probe(permission=Permission.CONNECT, deadline_s=60)
def lag(queue: Queue, look: Look) -> Lag:
    """Reads the lag."""
    if queue.queue == "denied":
        raise Denied("reading the lag was denied", "grant queue:ReadLag")
    while queue.queue == "endless" and not look.stopping():
        time.sleep(0.05)
    return Lag(lag_s=float(queue.queue) if queue.queue != "endless" else 0)


@probe(permission=Permission.SCAN)
def depth(queue: Queue) -> Depth:
    """Counts the messages."""
    return Depth(depth=3)


class QueueLag(Claim):
    """The queue is at most so many seconds behind."""

    within_s: float


@check("queue-lag")
def queue_lag(claim: QueueLag, lag: Lag) -> Iterator[Finding]:
    """Compares the lag with the clause's limit."""
    if lag.lag_s > claim.within_s:
        yield broken(f"{lag.lag_s:g} s behind, at most {claim.within_s:g} s were promised")
    else:
        yield holds(f"{lag.lag_s:g} s behind")


class QueueDepth(Claim):
    """The queue is not deeper than that."""

    most: int = 10


@check("queue-depth")
def queue_depth(claim: QueueDepth, depth: Depth) -> Iterator[Finding]:
    """Needs a scan."""
    yield holds(f"{depth.depth} deep")


class AllLags(Claim):
    """All queues together are at most so far behind."""

    within_s: float


@check("all-lags")
def all_lags(claim: AllLags, lags: All[Lag], case: Case) -> Iterator[Finding]:
    """Adds them up."""
    yield note(f"on {case.now:%Y-%m-%d}")
    if sum(seen.facts.lag_s for seen in lags) <= claim.within_s:
        yield holds("together in time")
'''

TEST = """
import pytest


@pytest.mark.clause("Q 3", words="told")
def test_the_operator_is_told(profile):
    assert profile.vendor == "Queue Ltd"


@pytest.mark.clause("Q 3")
def test_the_operator_sleeps():
    pytest.skip("nobody was there to look")


def test_of_no_clause():
    assert True
"""

PROFILE = """
buyer: Acme GmbH
vendor: Queue Ltd
contract:
  - {id: Q, file: contract.md}
subjects:
  fast: {queue: "1.5"}
  slow: {queue: "90"}
  shut: {queue: denied}
clauses:
  - id: Q 1
    title: In time
    promise: "Every queue is at most 60 seconds behind."
    tier: 1
    claims:
      - queue-lag: {where: [fast, slow, shut], within_s: 60, words: at most 60 seconds behind}
      - all-lags: {where: [fast, slow], within_s: 100}
  - id: Q 2
    title: Not too deep
    promise: "No queue holds more than ten messages."
    tier: 2
    claims:
      - queue-depth: {where: fast}
    untested:
      - {words: ten messages, because: the limit cannot be seen}
  - id: Q 3
    title: Told
    promise: "The operator is told of every delay."
    tier: 3
  - id: Q 4
    title: Night
    promise: "Queues rest at night."
    tier: 3
"""

CONTRACT = """
# Queue contract

1. Every queue is at most 60 seconds behind.
2. No queue holds more than ten messages.
3. The operator is told of every delay.
4. Queues rest at night.
"""


def write(folder: Path, profile: str = PROFILE, *, tests: bool = True) -> Path:
    """Lay the folder out; returns the profile's path."""
    (folder / "checks").mkdir(parents=True)
    (folder / "profiles").mkdir()
    (folder / "checks" / "queues.py").write_text(CHECKS)
    if tests:
        (folder / "checks" / "test_people.py").write_text(TEST)
    (folder / "profiles" / "contract.md").write_text(CONTRACT)
    path = folder / "profiles" / "queues.yaml"
    path.write_text(profile)
    return path


def environment(home: Path) -> dict[str, str]:
    """A child's environment: its own home, no colours."""
    return {**os.environ, "CLAUSEPROOF_HOME": str(home), "NO_COLOR": "1", "COLUMNS": "120"}


def clauseproof(folder: Path, *words: str | Path) -> "subprocess.CompletedProcess[str]":
    """Run the command line in a folder."""
    command = [CLAUSEPROOF, *map(str, words)]
    return subprocess.run(
        command, cwd=folder, env=environment(folder / "home"), capture_output=True, text=True, timeout=120, check=False
    )


def pytest_door(folder: Path, *words: str | Path) -> "subprocess.CompletedProcess[str]":
    """Run pytest in a folder."""
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--rootdir", str(folder), *map(str, words)]
    return subprocess.run(
        command, cwd=folder, env=environment(folder / "home"), capture_output=True, text=True, timeout=120, check=False
    )


def verdicts(run: Path) -> dict[tuple[str, str, str, str | None], tuple[Any, ...]]:
    """What both doors must agree on, by clause, claim, subjects and words."""
    found = json.loads((run / "results.json").read_text())["verdicts"]
    return {
        (v["clause"], v["claim"], ",".join(v["subjects"]), v["words"]): (
            v["verdict"],
            v["assurance"],
            [finding["outcome"] for finding in v["findings"]],
        )
        for v in found
    }
