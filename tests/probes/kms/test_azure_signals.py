"""Real signals to a real run in the middle of a drill on Key Vault: the versions come back, at once or by `restore`."""

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

from clauseproof.sandbox.kms.azure import AzureKeyVaultDouble, KeySeed
from tests.support.azurekeys import TOKEN_NAME, flags, usable, vendor
from tests.support.keys import TOKEN, day

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
    key: {identifier}
    connect_to: {place}
    ca_file: ca.pem
    token: ${{env:{token}}}
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
BEFORE, DARK = [False, True], [False, False]


@pytest.fixture
def double() -> Iterator[AzureKeyVaultDouble]:
    with AzureKeyVaultDouble() as running:
        yield running


@pytest.fixture
def identifier(double: AzureKeyVaultDouble) -> str:
    made = (day("2026-06-01"),)
    return double.seed_key(KeySeed(name="cmk", created=day("2026-01-01"), rotations=made, disabled=frozenset({1})))


def command(*words: str, folder: Path) -> "subprocess.Popen[str]":
    program = [sys.executable, "-c", "from clauseproof.cli import main; main()", *words]
    environment = {**os.environ, "TOKEN": TOKEN}
    return subprocess.Popen(
        program, cwd=folder, env=environment, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def drilling(
    double: AzureKeyVaultDouble, identifier: str, path: dict[str, Any], folder: Path
) -> "subprocess.Popen[str]":
    """A run of its own that has disabled the key, and waits for a vendor that will not lose access."""
    (folder / "dpa.md").write_text("Vendor shall lose access within 15 minutes.")
    (folder / "ca.pem").write_bytes(double.ca_file.read_bytes())
    host, port = double.address
    words = {"identifier": identifier, "place": f"{host}:{port}", "token": TOKEN_NAME, "path": json.dumps(path)}
    (folder / "p.yaml").write_text(PROFILE.format(**words))
    run = command("run", "p.yaml", "--drills", "--out", "run", folder=folder)
    for _ in range(600):
        if flags(double) == DARK:
            return run
        if run.poll() is not None:
            break
        time.sleep(0.05)
    run.kill()
    raise AssertionError(run.communicate())


@pytest.mark.slow
def test_told_to_stop_the_run_enables_the_key_first_and_records_what_it_saw(
    double: AzureKeyVaultDouble, identifier: str, tmp_path: Path
) -> None:
    with vendor(double, keep_s=600) as path:
        run = drilling(double, identifier, path, tmp_path)
        run.send_signal(signal.SIGTERM)
        _, error = run.communicate(timeout=60)
    assert run.returncode == 130, error
    assert flags(double) == BEFORE
    assert usable(double)
    lines = (tmp_path / "run" / "observations.jsonl").read_text().splitlines()
    (seen,) = [line["facts"] for line in map(json.loads, lines) if line["kind"] == "keys.revocation"]
    assert (seen["dark_end"], seen["state_after"]) == ("interrupted", seen["state_before"])
    assert seen["state_before"].startswith("1 of 2 versions enabled (")


@pytest.mark.slow
def test_killed_in_the_dark_the_key_is_brought_back_by_clauseproof_restore(
    double: AzureKeyVaultDouble, identifier: str, tmp_path: Path
) -> None:
    with vendor(double, keep_s=600) as path:
        run = drilling(double, identifier, path, tmp_path)
        run.kill()
        run.communicate(timeout=60)
        assert flags(double) == DARK
        again = command("run", "p.yaml", "--drills", "--out", "second", folder=tmp_path)
        _, refused = again.communicate(timeout=60)
    assert again.returncode == 2
    assert "clauseproof restore" in refused
    restoring = command("restore", folder=tmp_path)
    out, error = restoring.communicate(timeout=60)
    assert restoring.returncode == 0, error
    assert identifier in out + error
    assert flags(double) == BEFORE
    assert usable(double)
