"""pytest and the command line give the same results, for a folder of the user's own."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.doors.deployment import CLAUSEPROOF, PROFILE, clauseproof, environment, pytest_door, verdicts, write

IN_TIME = "at most 60 seconds behind"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One deployment, run through both doors."""
    folder = tmp_path_factory.mktemp("own")
    write(folder)
    ran = clauseproof(folder, "run", "profiles/queues.yaml", "--out", "by-command")
    assert ran.returncode == 1, ran.stderr
    ran = pytest_door(folder, "checks", "--profile", "profiles/queues.yaml", "--out", "by-pytest")
    assert ran.returncode == 1, ran.stdout + ran.stderr
    return folder


def test_both_doors_give_the_same_results(folder: Path) -> None:
    assert verdicts(folder / "by-command") == verdicts(folder / "by-pytest")


def test_every_ruling_is_as_expected(folder: Path) -> None:
    found = {key: ruling for key, (ruling, _, _) in verdicts(folder / "by-command").items()}
    assert found == {
        ("Q 1", "queue-lag", "fast", IN_TIME): "satisfied",
        ("Q 1", "queue-lag", "slow", IN_TIME): "not-satisfied",
        ("Q 1", "queue-lag", "shut", IN_TIME): "inconclusive",
        ("Q 1", "all-lags", "fast,slow", None): "satisfied",
        ("Q 2", "queue-depth", "fast", None): "not-tested",
        ("Q 3", "test:test_the_operator_is_told", "", "told"): "satisfied",
        ("Q 3", "test:test_the_operator_sleeps", "", None): "inconclusive",
    }


def test_what_nobody_tests_is_listed(folder: Path) -> None:
    untested = json.loads((folder / "by-command" / "results.json").read_text())["untested"]
    assert {"clause": "Q 4", "words": None, "because": "no claim in the profile"} in untested
    assert {"clause": "Q 2", "words": "ten messages", "because": "the limit cannot be seen"} in untested


@pytest.mark.parametrize("run", ["by-command", "by-pytest"])
def test_a_run_verifies_with_the_users_own_checks(folder: Path, run: str) -> None:
    verified = clauseproof(folder, "verify", run, "--checks", "checks")
    assert verified.returncode == 0, verified.stdout
    assert "key found in the file" in verified.stdout


def test_an_older_run_is_not_the_newest_and_names_its_predecessor(folder: Path) -> None:
    newest = [
        clauseproof(folder, "verify", run, "--checks", "checks", "--newest") for run in ("by-command", "by-pytest")
    ]
    assert "not the newest" in newest[0].stdout
    named = json.loads((folder / "by-pytest" / "run.json").read_text())["previous"]
    assert named is not None
    assert named in newest[0].stdout


def test_judging_again_gives_the_same_verdicts(folder: Path) -> None:
    judged = clauseproof(folder, "judge", "by-command", "--checks", "checks", "--out", "again")
    assert judged.returncode == 1, judged.stderr
    assert verdicts(folder / "again") == verdicts(folder / "by-command")
    assert clauseproof(folder, "verify", "again", "--checks", "checks").returncode == 0


def test_judging_again_by_another_contract_gives_other_verdicts(folder: Path) -> None:
    (folder / "profiles" / "loose.yaml").write_text(PROFILE.replace("within_s: 60,", "within_s: 600,"))
    clauseproof(folder, "judge", "by-command", "--profile", "profiles/loose.yaml", "--out", "loose")
    changed = {
        key for key, value in verdicts(folder / "loose").items() if verdicts(folder / "by-command")[key] != value
    }
    assert changed == {("Q 1", "queue-lag", "slow", IN_TIME)}


def test_pytest_shows_each_claim_as_an_item_and_looks_at_nothing(folder: Path) -> None:
    shown = pytest_door(folder, "checks", "--profile", "profiles/queues.yaml", "--collect-only", "-q", "--out", "never")
    assert "queue-lag[Q 1-slow]" in shown.stdout
    assert "all-lags[Q 1-fast,slow]" in shown.stdout
    assert not (folder / "never").exists()


def test_selection_restricts_what_is_looked_at(folder: Path) -> None:
    pytest_door(folder, "checks", "--profile", "profiles/queues.yaml", "--out", "chosen", "-k", "fast and queue-lag")
    looked = [json.loads(line) for line in (folder / "chosen" / "observations.jsonl").read_text().splitlines()]
    assert [(line["kind"], line["subject"]) for line in looked] == [("own.lag", "fast")]
    left_out = json.loads((folder / "chosen" / "results.json").read_text())["verdicts"]
    assert {verdict["because"] for verdict in left_out if verdict["verdict"] == "not-tested"} == {"left-out"}
    assert clauseproof(folder, "verify", "chosen", "--checks", "checks").returncode == 0


def test_only_restricts_the_command_line_the_same_way(folder: Path) -> None:
    ran = clauseproof(folder, "run", "profiles/queues.yaml", "--out", "only", "--only", "Q 2")
    assert ran.returncode == 6, ran.stderr
    looked = (folder / "only" / "observations.jsonl").read_text().splitlines()
    assert [json.loads(line)["kind"] for line in looked] == ["own.depth"]


def test_the_letters_of_pytest(folder: Path) -> None:
    ran = pytest_door(folder, "checks", "--profile", "profiles/queues.yaml", "--out", "letters", "-q")
    letters = "".join(line.split(" ")[0] for line in ran.stdout.splitlines()[:3] if "%" in line)
    assert sorted(letters.replace("s", "")) == sorted(".F?.n..")


def test_a_profile_error_is_a_usage_error_at_both_doors(folder: Path) -> None:
    (folder / "profiles" / "wrong.yaml").write_text(PROFILE.replace("queue-depth", "queue-dept"))
    line = next(n for n, text in enumerate(PROFILE.splitlines(), 1) if "queue-depth" in text)
    by_command = clauseproof(folder, "run", "profiles/wrong.yaml")
    by_pytest = pytest_door(folder, "checks", "--profile", "profiles/wrong.yaml")
    assert (by_command.returncode, by_pytest.returncode) == (2, 4)
    for said in (by_command.stderr, by_pytest.stderr):
        assert f"wrong.yaml:{line}:" in said
        assert "queue-depth" in said
        assert "Traceback" not in said


def test_a_jurisdiction_that_there_is_not_is_found_at_both_doors_before_anything_is_looked_at(folder: Path) -> None:
    datasets = "datasets:\n  contacts: {classification: PII, must_stay_in: EEU}\n"
    (folder / "profiles" / "law.yaml").write_text(PROFILE.replace("subjects:\n", f"{datasets}subjects:\n", 1))
    line = next(n for n, text in enumerate(PROFILE.splitlines(), 1) if text == "subjects:") + 1
    by_command = clauseproof(folder, "run", "profiles/law.yaml")
    by_pytest = pytest_door(folder, "checks", "--profile", "profiles/law.yaml")
    assert (by_command.returncode, by_pytest.returncode) == (2, 4)
    for said in (by_command.stderr, by_pytest.stderr):
        assert f"law.yaml:{line}:49: 'EEU' is no jurisdiction" in said
        assert "did you mean" in said


def test_a_wrong_signature_is_one_error_with_file_and_line(folder: Path, tmp_path: Path) -> None:
    path = write(tmp_path)
    file = tmp_path / "checks" / "queues.py"
    file.write_text(
        file.read_text().replace("def queue_lag(claim: QueueLag, lag: Lag)", "def queue_lag(claim: QueueLag, lag: int)")
    )
    line = next(n for n, text in enumerate(file.read_text().splitlines(), 1) if '@check("queue-lag")' in text)
    ran = clauseproof(tmp_path, "validate", path)
    assert ran.returncode == 2
    assert f"{file}:{line}" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_a_marked_test_of_an_unknown_clause_is_a_usage_error(tmp_path: Path) -> None:
    path = write(tmp_path)
    file = tmp_path / "checks" / "test_people.py"
    file.write_text(file.read_text().replace('"Q 3", words="told"', '"Q 9"'))
    ran = pytest_door(tmp_path, "checks", "--profile", path)
    assert ran.returncode == 4
    assert "the profile has no clause Q 9" in ran.stderr + ran.stdout


def test_distribution_by_pytest_is_refused(folder: Path) -> None:
    ran = pytest_door(folder, "checks", "--profile", "profiles/queues.yaml", "-n", "2", "--out", "distributed")
    assert ran.returncode == 4
    assert "leave out -n" in ran.stderr
    assert not (folder / "distributed").exists()


def test_claims_are_chosen_by_the_tier_of_their_clause(folder: Path) -> None:
    shown = pytest_door(
        folder, "checks", "--profile", "profiles/queues.yaml", "--collect-only", "-q", "-m", "tier2", "--out", "never"
    )
    assert "queue-depth[Q 2-fast]" in shown.stdout
    assert "queue-lag" not in shown.stdout


def test_the_junit_file_of_the_pytest_door_is_ours(folder: Path) -> None:
    words = ["checks", "--profile", "profiles/queues.yaml", "--out", "junit", "--junitxml", "junit.xml"]
    pytest_door(folder, *words)
    suites = ET.parse(folder / "junit.xml").getroot()
    cases = {case.get("name", ""): [child.tag for child in case] for case in suites.iter("testcase")}
    outcomes = {tag for tags in cases.values() for tag in tags}
    assert {"failure", "error", "skipped"} <= outcomes
    assert len(cases) == 8  # seven verdicts, and the clause that nobody tests


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_is_readable_verifiable_and_says_it_is_partial(number: int, tmp_path: Path) -> None:
    path = write(tmp_path, PROFILE.replace('slow: {queue: "90"}', "slow: {queue: endless}"), tests=False)
    out = tmp_path / "partial"
    command = [CLAUSEPROOF, "run", str(path), "--out", str(out)]
    with subprocess.Popen(command, env=environment(tmp_path / "home"), stderr=subprocess.PIPE, text=True) as process:
        while not (out / "observations.jsonl").exists() or (out / "observations.jsonl").read_text().count("\n") < 3:
            assert process.poll() is None, process.stderr.read() if process.stderr else ""
            time.sleep(0.05)
        process.send_signal(number)
        process.communicate(timeout=60)
    assert process.returncode == 130
    assert json.loads((out / "run.json").read_text())["complete"] is False
    found = {key[2]: ruling for key, (ruling, _, _) in verdicts(out).items() if key[1] == "queue-lag"}
    assert found == {"fast": "satisfied", "slow": "inconclusive", "shut": "inconclusive"}
    verified = clauseproof(tmp_path, "verify", out, "--checks", tmp_path / "checks")
    assert verified.returncode == 0, verified.stdout
    assert "partial" in verified.stdout


def test_ctrl_c_at_the_pytest_door_leaves_a_partial_run_too(tmp_path: Path) -> None:
    path = write(tmp_path, PROFILE.replace('slow: {queue: "90"}', "slow: {queue: endless}"), tests=False)
    out = tmp_path / "partial"
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--rootdir", str(tmp_path)]
    command += [str(tmp_path / "checks"), "--profile", str(path), "--out", str(out)]
    with subprocess.Popen(command, env=environment(tmp_path / "home"), stdout=subprocess.DEVNULL) as process:
        while not (out / "observations.jsonl").exists() or (out / "observations.jsonl").read_text().count("\n") < 3:
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        process.wait(timeout=60)
    assert process.returncode == 2
    assert json.loads((out / "run.json").read_text())["complete"] is False
    assert clauseproof(tmp_path, "verify", out, "--checks", tmp_path / "checks").returncode == 0


def test_a_run_killed_outright_keeps_what_it_saw(tmp_path: Path) -> None:
    path = write(tmp_path, PROFILE.replace('slow: {queue: "90"}', "slow: {queue: endless}"), tests=False)
    out = tmp_path / "killed"
    command = [CLAUSEPROOF, "run", str(path), "--out", str(out)]
    with subprocess.Popen(command, env=environment(tmp_path / "home"), stderr=subprocess.DEVNULL) as process:
        while not (out / "observations.jsonl").exists() or (out / "observations.jsonl").read_text().count("\n") < 3:
            time.sleep(0.05)
        process.kill()
    judged = clauseproof(tmp_path, "judge", out, "--checks", tmp_path / "checks")
    assert "satisfied" in judged.stdout
    assert clauseproof(tmp_path, "verify", out, "--checks", tmp_path / "checks").returncode == 1


def test_help_needs_no_heavy_library() -> None:
    code = "import sys\nfrom clauseproof.cli import app\nfrom typer.testing import CliRunner\n"
    code += "assert CliRunner().invoke(app, ['--help']).exit_code == 0\n"
    code += "heavy = {'boto3', 'sslyze', 'cryptography', 'httpx', 'jinja2', 'pytest', 'dns', 'google', 'azure'}\n"
    code += "sys.exit(len(heavy & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False, env=os.environ).returncode == 0


def test_a_run_brings_no_library_that_it_does_not_need(tmp_path: Path) -> None:
    path = write(tmp_path, tests=False)
    code = "import sys\nfrom pathlib import Path\nfrom clauseproof.doors.commands import run_profile\n"
    code += (
        "from clauseproof.doors.session import Wishes\nrun_profile(Path(sys.argv[1]), Wishes(out=Path(sys.argv[2])))\n"
    )
    code += "needless = {'azure', 'boto3', 'google', 'grpc', 'httpx', 'pytest', 'sslyze'} & set(sys.modules)\n"
    code += "assert not needless, needless"
    command = [sys.executable, "-c", code, str(path), str(tmp_path / "lean")]
    assert subprocess.run(command, check=False, env=environment(tmp_path / "home")).returncode == 0


def test_a_run_verifies_by_the_key_that_the_operator_hands_out(folder: Path) -> None:
    printed = clauseproof(folder, "key")
    (folder / "operator.pem").write_text(printed.stdout)
    verified = clauseproof(folder, "verify", "by-command", "--checks", "checks", "--key", "operator.pem")
    assert verified.returncode == 0, verified.stdout
    assert "Trust: pinned key" in verified.stdout
    assert printed.stderr.split()[-1] in verified.stdout


def test_a_run_signed_by_another_key_is_not_verified(folder: Path, tmp_path: Path) -> None:
    (folder / "stranger.pem").write_text(clauseproof(tmp_path, "key").stdout)
    verified = clauseproof(folder, "verify", "by-command", "--checks", "checks", "--key", "stranger.pem")
    assert verified.returncode == 1
    assert "NOT VERIFIED" in verified.stdout


@pytest.mark.parametrize(("form", "opening"), [("html", "<!doctype html"), ("junit", "<?xml"), ("csv", "clause")])
def test_a_run_is_reported_in_other_formats_and_never_into_itself(folder: Path, form: str, opening: str) -> None:
    reported = clauseproof(folder, "report", "by-command", "--format", form)
    assert reported.returncode == 0, reported.stderr
    assert reported.stdout.lstrip("\ufeff").lower().startswith(opening)
    refused = clauseproof(folder, "report", "by-command", "--format", form, "--out", "by-command/more")
    assert refused.returncode == 2
    assert "lies in the run" in refused.stderr
