"""Real runs in the middle of a drill: signalled, killed, begun twice. The key comes back, at once or by `restore`."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from clauseproof.engine.outcome import INTERRUPTED, KEPT, OPEN, USAGE
from tests.support.keys import TOKEN
from tests.support.services import SERVICES, Service

pytestmark = pytest.mark.slow

PROFILE = """\
buyer: Acme GmbH
vendor: Example CRM Ltd
contract: [{{id: DPA, file: dpa.md}}]
permission:
  granted_by: J. Doe
  valid: {{from: 2020-01-01, to: 2099-12-31}}
  hosts: [127.0.0.0/8]
  allows: [drill]
subjects:
  data-key: {key}
clauses:
  - id: DPA 5.1
    title: Revocation
    promise: Vendor shall lose access within 15 minutes.
    tier: 1
    claims:
      - revocation-drill: {{where: [data-key], dark_within: 15 min}}
"""
DRILL = {"poll_every": "50 ms", "give_up_after": "2 min", "recover_within": "10 s"}
PATIENCE_S = 60

Run = subprocess.Popen[str]


class Deployment(NamedTuple):
    """A key in a double, whose vendor keeps plain data keys so long that a drill waits in the dark for minutes."""

    service: Service
    double: Any
    key: str
    folder: Path

    @property
    def dark(self) -> bool:
        return self.service.dark(self.double, self.key)

    @property
    def as_before(self) -> bool:
        return self.service.as_before(self.double, self.key)

    def clauseproof(self, *words: str) -> Run:
        """The command in a process of its own."""
        program = [sys.executable, "-c", "from clauseproof.cli import main; main()", *words]
        environment = {**os.environ, "TOKEN": TOKEN}
        return subprocess.Popen(
            program, cwd=self.folder, env=environment, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def run(self, out: str) -> Run:
        return self.clauseproof("run", "p.yaml", "--drills", "--out", out)

    def run_into_the_dark(self) -> Run:
        """A run that has disabled the key."""
        run = self.run("run")
        wait_for(lambda: self.dark or run.poll() is not None)
        assert run.poll() is None, run.communicate()
        return run


def wait_for(what: Callable[[], bool]) -> None:
    """Return once it is so."""
    ends = time.monotonic() + PATIENCE_S
    while not what():
        assert time.monotonic() < ends
        time.sleep(0.05)


def end(run: Run) -> str:
    """All that it said."""
    out, error = run.communicate(timeout=PATIENCE_S)
    return out + error


def revocations(folder: Path) -> list[dict[str, Any]]:
    """The timelines that runs in this folder have recorded."""
    lines = [line for path in folder.glob("*/observations.jsonl") for line in path.read_text().splitlines()]
    return [seen["facts"] for seen in map(json.loads, lines) if seen["kind"] == "keys.revocation" and "facts" in seen]


@pytest.fixture(params=SERVICES)
def deployment(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Deployment]:
    service = SERVICES[request.param]
    with service.double() as double:
        key = service.seed(double)
        with service.vendor(double, key, keep_s=600) as path:
            words = service.words(double, key) | {"data_path": path, "drill": DRILL}
            if "ca_file" in words:
                shutil.copy(words["ca_file"], tmp_path / "ca.pem")
                words["ca_file"] = "ca.pem"  # a profile names files beside it
            if "log" in words:
                words["log"]["file"] = os.path.relpath(words["log"]["file"], tmp_path)
            (tmp_path / "dpa.md").write_text("Vendor shall lose access within 15 minutes.")
            (tmp_path / "p.yaml").write_text(PROFILE.format(key=json.dumps(words)))
            yield Deployment(service, double, key, tmp_path)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_told_to_stop_the_run_enables_the_key_first_and_records_what_it_saw(
    deployment: Deployment, number: signal.Signals
) -> None:
    run = deployment.run_into_the_dark()
    run.send_signal(number)
    said = end(run)
    assert run.returncode == INTERRUPTED, said
    assert deployment.as_before
    (seen,) = revocations(deployment.folder)
    assert (seen["dark_end"], seen["state_after"]) == ("interrupted", seen["state_before"])
    assert "served" in {sample["outcome"] for sample in seen["samples"] if sample["lane"] == "kms"}


def test_killed_in_the_dark_the_key_is_brought_back_by_clauseproof_restore(deployment: Deployment) -> None:
    run = deployment.run_into_the_dark()
    run.kill()
    end(run)
    assert deployment.dark
    again = deployment.run("second")
    assert "clauseproof restore" in end(again)
    assert again.returncode == USAGE
    assert deployment.dark, "a run that refuses touches nothing"
    restoring = deployment.clauseproof("restore")
    assert deployment.key in end(restoring)
    assert restoring.returncode == KEPT
    assert deployment.as_before


def test_of_two_runs_started_at_once_on_one_key_the_second_refuses(deployment: Deployment) -> None:
    """It may notice early or late; whenever it does, it leaves the key to the first."""
    runs = [deployment.run("one"), deployment.run("two")]
    wait_for(lambda: any(run.poll() is not None for run in runs))
    second, first = sorted(runs, key=lambda run: run.poll() is None)
    assert first.poll() is None, end(first)
    said = end(second)
    assert second.returncode in (USAGE, OPEN), said
    wait_for(lambda: deployment.dark)
    first.send_signal(signal.SIGTERM)
    said = end(first)
    assert first.returncode == INTERRUPTED, said
    assert deployment.as_before
    assert len(revocations(deployment.folder)) == 1, "only one of them had a key to disable"
