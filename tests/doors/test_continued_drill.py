"""One revocation drill over several processes and both doors, to the end."""

import json
import re
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from clauseproof.doors.assembly import prepare
from clauseproof.facts.keys import AwsKey
from clauseproof.sandbox.kms.aws import BUYER_ACCESS_KEY, AwsKmsDouble, KeySeed
from tests.doors.deployment import clauseproof, pytest_door
from tests.support.keys import TOKEN, state_of, usable, vendor

HOW_TO = Path(__file__).parents[2] / "profiles" / "README.md"
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
    drill: {{poll_every: 50 ms, give_up_after: {most}, per_run: 300 ms, recover_within: 10 s}}
clauses:
  - id: DPA 5.1
    title: Revocation
    promise: Vendor shall lose access within 15 minutes.
    tier: 1
    claims:
      - revocation-drill: {{where: [data-key], dark_within: 15 min}}
"""


@pytest.fixture(autouse=True)
def _buyer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", BUYER_ACCESS_KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "any secret will do")
    monkeypatch.setenv("TOKEN", TOKEN)


@pytest.fixture
def double() -> Iterator[AwsKmsDouble]:
    with AwsKmsDouble() as running:
        yield running


def write(folder: Path, double: AwsKmsDouble, arn: str, path: dict[str, Any], most: str) -> Path:
    (folder / "dpa.md").write_text("Vendor shall lose access within 15 minutes.")
    profile = folder / "p.yaml"
    profile.write_text(PROFILE.format(arn=arn, kms=double.url, path=json.dumps(path), most=most))
    return profile


def revocation(run: Path) -> dict[str, Any]:
    lines = map(json.loads, (run / "observations.jsonl").read_text().splitlines())
    (facts,) = [line["facts"] for line in lines if line["kind"] == "keys.revocation"]
    return dict(facts)


def ruling(run: Path) -> str:
    (verdict,) = json.loads((run / "results.json").read_text())["verdicts"]
    return str(verdict["verdict"])


@pytest.mark.slow
def test_a_drill_that_one_process_leaves_is_completed_by_another_at_the_other_door(
    double: AwsKmsDouble, tmp_path: Path
) -> None:
    arn, forgets = double.seed_key(KeySeed()), [0.0]
    with vendor(double, arn, keep_s=3600, clock=lambda: time.monotonic() + forgets[0]) as path:
        profile = write(tmp_path, double, arn, path, "5 min")
        first = clauseproof(tmp_path, "run", profile, "--drills", "--out", "first")
        assert first.returncode == 6, first.stderr
        assert state_of(double, arn) == "Disabled"
        without = clauseproof(tmp_path, "run", profile, "--out", "without")
        forgets[0] = 3600
        second = pytest_door(tmp_path, "--profile", profile, "--drills", "--out", "second")
    assert second.returncode == 0, second.stdout
    assert usable(double, arn)
    assert [ruling(tmp_path / run) for run in ("first", "without", "second")] == [
        "inconclusive", "not-tested", "satisfied",
    ]  # fmt: skip
    for told in (first.stdout, (tmp_path / "first" / "report.html").read_text()):
        assert "This run left the key data-key disabled" in " ".join(told.split())
    for ended in (first, without):
        assert f"STILL CHANGED: {arn} is Disabled for a drill that was left to a later run" in ended.stderr
        assert "To end it now: clauseproof restore" in ended.stderr
    assert "STILL CHANGED" not in second.stdout + second.stderr
    before, after = revocation(tmp_path / "first"), revocation(tmp_path / "second")
    assert after["samples"][: len(before["samples"])] == before["samples"]
    assert [after["dark_end"], len(after["watched"]), after["disable"]] == ["settled", 2, before["disable"]]
    assert "nobody watched" in (tmp_path / "second" / "report.html").read_text()
    (story,) = {file.name for file in (tmp_path / "first/artifacts/sha256").iterdir()} & {
        file.name for file in (tmp_path / "second/artifacts/sha256").iterdir() if b"samples" in file.read_bytes()
    }
    assert story, "what one process handed to the other lies in both runs"
    for folder in ("first", "second"):
        assert clauseproof(tmp_path, "verify", folder).returncode == 0


@pytest.mark.slow
def test_what_is_overdue_is_ended_by_restore_and_stops_the_drills_of_other_runs(
    double: AwsKmsDouble, tmp_path: Path
) -> None:
    arn, other = double.seed_key(KeySeed()), double.seed_key(KeySeed())
    with vendor(double, arn, keep_s=3600) as path:
        profile = write(tmp_path, double, arn, path, "1 s")
        clauseproof(tmp_path, "run", profile, "--drills", "--out", "first")
        assert state_of(double, arn) == "Disabled"
        (tmp_path / "other").mkdir()
        time.sleep(1)
        another = write(tmp_path / "other", double, other, path, "5 min")
        refused = clauseproof(tmp_path, "run", another, "--drills", "--out", "refused")
    assert refused.returncode == 2
    assert "which is over, and this run does not go on with it" in refused.stderr
    assert not (tmp_path / "refused").exists()
    without = clauseproof(tmp_path, "run", another, "--out", "without")
    assert without.returncode == 7, "a key that should be back is not, whoever looks"
    mistaken = clauseproof(tmp_path, "run", another, "--only", "nothing")
    assert mistaken.returncode == 2
    at_the_door = pytest_door(tmp_path, "--profile", another, "--out", "door")
    assert at_the_door.returncode == 7
    for told in (without.stderr, mistaken.stderr, at_the_door.stdout):
        assert "which is OVERDUE. To end it now: clauseproof restore" in " ".join(told.split())
    restored = clauseproof(tmp_path, "restore")
    assert restored.returncode == 0
    assert f"restored {arn} to Enabled; the drill that was left to a later run ends with it" in restored.stderr
    assert usable(double, arn)
    assert "nothing to restore" in clauseproof(tmp_path, "restore").stderr


def test_the_example_of_the_how_to_is_accepted(tmp_path: Path) -> None:
    (example,) = re.findall(
        r"^```yaml\n(subjects:\n[^`]*per_run:.*?)^```", HOW_TO.read_text(), re.DOTALL | re.MULTILINE
    )
    (tmp_path / "dpa.md").write_text("Vendor shall lose access within 15 minutes.")
    head, _, rest = PROFILE.format(arn="", kms="", path="", most="").partition("subjects:\n")
    (tmp_path / "p.yaml").write_text(f"{head}{example}clauses:{rest.partition('clauses:')[2]}")
    key = prepare(tmp_path / "p.yaml").profile.subjects["data-key"]
    assert isinstance(key, AwsKey)
    assert (key.drill.per_run, key.drill.give_up_after) == (timedelta(minutes=30), timedelta(hours=26))
