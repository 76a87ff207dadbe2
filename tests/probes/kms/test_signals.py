"""Real signals to a real run in the middle of a drill: the key comes back, at once or by `clauseproof restore`."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from clauseproof.sandbox.kms.aws import AwsKmsDouble, KeySeed
from tests.support.keys import TOKEN, state_of, usable, vendor

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
  data-key:
    key: "{arn}"
    endpoint_url: {kms}
    data_path: {path}
    drill: {{poll_every: 50 ms, give_up_after: 2 min, recover_within: 10 s}}
clauses:
  - id: DPA 5.1
    title: Revocation
    promise: Vendor shall lose access within 15 minutes.
    tier: 1
    claims:
      - revocation-drill: {{where: [data-key], dark_within: 15 min}}
"""


@pytest.fixture
def double() -> Iterator[AwsKmsDouble]:
    with AwsKmsDouble() as running:
        yield running


def command(*words: str, folder: Path) -> "subprocess.Popen[str]":
    program = [sys.executable, "-c", "from clauseproof.cli import main; main()", *words]
    environment = {**os.environ, "TOKEN": TOKEN}
    return subprocess.Popen(
        program, cwd=folder, env=environment, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def drilling(double: AwsKmsDouble, arn: str, path: dict[str, Any], folder: Path) -> "subprocess.Popen[str]":
    """A run of its own that has disabled the key, and waits for a vendor that will not lose access."""
    (folder / "dpa.md").write_text("Vendor shall lose access within 15 minutes.")
    (folder / "p.yaml").write_text(PROFILE.format(arn=arn, kms=double.url, path=json.dumps(path)))
    run = command("run", "p.yaml", "--drills", "--out", "run", folder=folder)
    for _ in range(600):
        if state_of(double, arn) == "Disabled":
            return run
        if run.poll() is not None:
            break
        time.sleep(0.05)
    run.kill()
    raise AssertionError(run.communicate())


def timeline(folder: Path) -> dict[str, Any]:
    lines = (folder / "run" / "observations.jsonl").read_text().splitlines()
    (facts,) = [line["facts"] for line in map(json.loads, lines) if line["kind"] == "keys.revocation"]
    return dict(facts)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_told_to_stop_the_run_enables_the_key_first_and_records_what_it_saw(
    double: AwsKmsDouble, tmp_path: Path, number: signal.Signals
) -> None:
    arn = double.seed_key(KeySeed())
    with vendor(double, arn, keep_s=600) as path:
        run = drilling(double, arn, path, tmp_path)
        run.send_signal(number)
        _, error = run.communicate(timeout=60)
    assert run.returncode == 130, error
    assert usable(double, arn)
    seen = timeline(tmp_path)
    assert (seen["dark_end"], seen["state_after"]) == ("interrupted", "Enabled")
    assert "served" in {sample["outcome"] for sample in seen["samples"] if sample["lane"] == "kms"}


@pytest.mark.slow
def test_killed_in_the_dark_the_key_is_brought_back_by_clauseproof_restore(
    double: AwsKmsDouble, tmp_path: Path
) -> None:
    arn = double.seed_key(KeySeed())
    with vendor(double, arn, keep_s=600) as path:
        run = drilling(double, arn, path, tmp_path)
        run.kill()
        run.communicate(timeout=60)
        assert state_of(double, arn) == "Disabled"
        again = command("run", "p.yaml", "--drills", "--out", "second", folder=tmp_path)
        _, refused = again.communicate(timeout=60)
    assert again.returncode == 2
    assert "clauseproof restore" in refused
    restoring = command("restore", folder=tmp_path)
    out, error = restoring.communicate(timeout=60)
    assert restoring.returncode == 0, error
    assert arn in out + error
    assert usable(double, arn)
