"""Tampering by somebody who can sign: the files no longer agree with each other, or with the recorded facts."""

import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from clauseproof.ledger.audit import Replay
from clauseproof.ledger.layout import OBSERVATIONS
from clauseproof.ledger.manifest import outcome
from clauseproof.ledger.read import LedgerReader
from clauseproof.ledger.results import results
from clauseproof.ledger.verdicts import verdict_data
from clauseproof.ledger.verification import ProblemKind, StepState, Verification
from clauseproof.ledger.verify import verify
from clauseproof.ledger.write import LedgerWriter
from clauseproof.model.assurance import Assurance
from clauseproof.model.errors import LedgerError
from clauseproof.model.finding import Finding, Outcome
from clauseproof.model.run import JudgedFrom
from clauseproof.model.verdict import Because, Ruling, Verdict
from clauseproof.strictjson import encode, pretty
from tests.ledger.runs import (
    CHECKS,
    NOW,
    Light,
    begin,
    clause,
    finished,
    new_signer,
    observation,
    record,
    replay,
    resign,
    waiver,
)

SIGNER = new_signer()
ABSENT = "sha256:" + "0" * 64


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A signed run in which the hall lamp was dark and the attic lamp lit."""
    finished(tmp_path / "run", SIGNER, lit=False)
    return tmp_path / "run"


def audited(run: Path, judge: Replay = replay, checks: Mapping[str, str] = CHECKS) -> Verification:
    return verify(run, SIGNER.public, judge, checks=checks)


def kinds(of: Verification) -> set[ProblemKind]:
    return {each.kind for each in of.problems}


def rewrite(run: Path, *verdicts: Verdict) -> None:
    """Put other verdicts into a run, sum them up everywhere, and sign: a forgery without a loose end."""
    lines = [encode(verdict_data(each)) + b"\n" for each in verdicts]
    (run / "verdicts.jsonl").write_bytes(b"".join(lines))
    of = LedgerReader.open(run).record
    (run / "results.json").write_bytes(pretty(results(of, verdicts)))
    resign(run, SIGNER, lambda stated: stated["predicate"].update(outcome(of, verdicts)))


def both(run: Path) -> tuple[Verdict, Verdict]:
    hall, attic = LedgerReader.open(run).verdicts()
    return hall, attic


def test_verdicts_that_the_recorded_facts_do_not_yield_are_detected(run: Path) -> None:
    hall, attic = both(run)
    lie = Finding(Outcome.HOLDS, "the lamp is lit", "", Assurance.OBSERVED, None, hall.findings[0].evidence)
    rewrite(run, replace(hall, ruling=Ruling.SATISFIED, findings=(lie,)), attic)
    assert verify(run, SIGNER.public).ok
    (problem,) = audited(run).problems
    assert (problem.kind, problem.about) == (ProblemKind.VERDICT_DIFFERS, "C 1 / lamp-lit / hall / lit at night")
    assert "recorded satisfied, judged again not-satisfied" in problem.text


def test_what_differs_is_named_also_where_only_judging_again_says_it(run: Path) -> None:
    def untested(directory: Path) -> Iterator[Verdict]:
        for each in replay(directory):
            yield replace(each, because=Because.PERMISSION)

    assert [problem.text.rpartition(" ")[2] for problem in audited(run, untested).problems] == ["because"] * 2


@pytest.mark.parametrize(
    "change",
    [{"text": "the lamp is quite lit"}, {"about": "bulb 7"}, {"assurance": Assurance.PROVEN}, {"until": NOW}],
    ids=lambda change: next(iter(change)),
)
def test_a_finding_made_to_say_more_than_the_facts_yield_is_detected(run: Path, change: dict[str, Any]) -> None:
    hall, attic = both(run)
    rewrite(run, hall, replace(attic, findings=(replace(attic.findings[0], **change),)))
    assert kinds(audited(run)) == {ProblemKind.VERDICT_DIFFERS}


def test_facts_changed_under_the_verdicts_are_detected(run: Path) -> None:
    path = run / OBSERVATIONS
    path.write_bytes(path.read_bytes().replace(b'{"lit":false}', b'{"lit":true }'))
    resign(run, SIGNER)
    assert {ProblemKind.VERDICT_DIFFERS, ProblemKind.EVIDENCE_MISSING} <= kinds(audited(run))


def test_a_verdict_left_out_of_a_whole_run_is_detected(run: Path) -> None:
    rewrite(run, both(run)[1])
    (problem,) = audited(run).problems
    assert problem.kind is ProblemKind.VERDICT_DIFFERS
    assert "not recorded" in problem.text


def test_a_verdict_too_many_is_detected(run: Path) -> None:
    hall, attic = both(run)
    rewrite(run, hall, attic, replace(attic, subjects=("cellar",)))
    (problem,) = audited(run).problems
    assert (problem.kind, problem.about) == (ProblemKind.VERDICT_DIFFERS, "C 1 / lamp-lit / cellar / lit at night")


def test_a_verdict_said_not_to_be_replayable_does_not_escape(run: Path) -> None:
    hall, attic = both(run)
    rewrite(run, replace(hall, ruling=Ruling.SATISFIED, replayable=False), attic)
    (problem,) = audited(run).problems
    assert "not recorded" in problem.text


def test_a_copied_outcome_is_told_and_not_judged_again(run: Path) -> None:
    by_test = replace(both(run)[1], claim="test_porch", replayable=False)
    rewrite(run, *both(run), by_test)
    found = audited(run)
    assert found.ok
    assert "1 copied, not replayable" in found.steps[8].note


def test_a_partial_run_may_lack_verdicts_that_judging_gives(tmp_path: Path) -> None:
    partial = record(complete=False)
    writer = LedgerWriter.create(tmp_path / "run", partial)
    writer.artifact(b"buyer: Acme GmbH\n")
    writer.artifact(b"The hall lamp shall be lit at night and in every room.")
    writer.observe(observation("hall", Light(lit=True)))
    writer.observe(observation("attic", Light(lit=True)))
    writer.verdict(next(replay(tmp_path / "run")))
    writer.finish(partial, SIGNER, None)
    assert audited(tmp_path / "run").ok


def other_judges(directory: Path) -> Iterator[Verdict]:
    for each in replay(directory):
        yield replace(each, ruling=Ruling.INCONCLUSIVE)


def test_other_check_files_are_reported_as_other_code_and_not_as_tampering(run: Path) -> None:
    found = audited(run, other_judges, checks={"lamp.py": "d" * 64})
    assert found.ok
    assert found.other_code == ("lamp.py",)
    assert "judged by other code (lamp.py), 2 come out otherwise" in found.steps[8].note


def test_a_check_file_that_is_not_here_any_more_is_other_code(run: Path) -> None:
    assert audited(run, checks={}).other_code == ("lamp.py",)


def test_another_version_of_clauseproof_is_other_code(tmp_path: Path) -> None:
    finished(tmp_path / "run", SIGNER, record(clauseproof="0.0.1"))
    found = audited(tmp_path / "run", other_judges)
    assert (found.ok, found.other_code) == (True, ("clauseproof 0.0.1",))


def test_the_same_code_that_judges_otherwise_is_tampering(run: Path) -> None:
    assert kinds(audited(run, other_judges)) == {ProblemKind.VERDICT_DIFFERS}


def test_judging_again_that_fails_is_a_problem_and_not_a_pass(run: Path) -> None:
    def fails(directory: Path) -> Iterator[Verdict]:
        raise LedgerError(f"no facts class for {directory.name}")

    def crashes(directory: Path) -> Iterator[Verdict]:
        raise KeyError(directory.name)

    assert kinds(audited(run, fails)) == {ProblemKind.NOT_REPLAYED}
    assert kinds(audited(run, crashes)) == {ProblemKind.NOT_REPLAYED}


def test_results_that_the_verdicts_do_not_give_are_detected(run: Path) -> None:
    written = json.loads((run / "results.json").read_bytes())
    written["verdicts"][0]["verdict"] = "satisfied"
    written["summary"] |= {"satisfied": 2, "not-satisfied": 0}
    (run / "results.json").write_bytes(json.dumps(written).encode())
    resign(run, SIGNER)
    (problem,) = audited(run).problems
    assert (problem.kind, problem.about) == (ProblemKind.RESULTS_DIFFER, "results.json")
    assert problem.text.endswith("summary, verdicts")


@pytest.mark.parametrize("content", [b"[]", b'{"more": 1}', b"{}"])
def test_results_of_another_shape_are_detected(run: Path, content: bytes) -> None:
    (run / "results.json").write_bytes(content)
    resign(run, SIGNER)
    assert kinds(audited(run)) == {ProblemKind.RESULTS_DIFFER}


def test_results_stuffed_with_more_than_there_is_to_say_are_refused_unparsed(run: Path) -> None:
    (run / "results.json").write_bytes((run / "results.json").read_bytes() + b" " * (2 << 20))
    resign(run, SIGNER)
    assert kinds(audited(run)) == {ProblemKind.UNREADABLE}


def test_a_statement_that_sums_up_other_verdicts_is_detected(run: Path) -> None:
    resign(run, SIGNER, lambda stated: stated["predicate"].update(result="PASSED"))
    (problem,) = audited(run).problems
    assert (problem.kind, problem.about) == (ProblemKind.RESULTS_DIFFER, "manifest.dsse.json")


@pytest.mark.parametrize("key", ["operator", "complete", "previous", "permission", "started"])
def test_a_statement_that_describes_the_run_otherwise_is_detected(run: Path, key: str) -> None:
    def describe(stated: dict[str, Any]) -> None:
        stated["predicate"]["configuration"][0]["annotations"]["clauseproof"][key] = "otherwise"

    resign(run, SIGNER, describe)
    (problem,) = audited(run).problems
    assert problem.kind is ProblemKind.BAD_STATEMENT
    assert problem.text.endswith(f": {key}")


def test_a_verdict_that_its_own_findings_contradict_is_detected_without_judging_again(run: Path) -> None:
    hall, attic = both(run)
    rewrite(run, replace(hall, ruling=Ruling.SATISFIED), attic)
    (problem,) = verify(run, SIGNER.public).problems
    assert problem.kind is ProblemKind.VERDICT_DIFFERS
    assert problem.text == "its findings give not-satisfied, not satisfied"


def test_a_verdict_below_the_floor_of_its_clause_is_detected(tmp_path: Path) -> None:
    profile = record().profile.model_copy(update={"clauses": (clause(1, floor=Assurance.PROVEN),)})
    finished(tmp_path / "run", SIGNER, record(profile=profile))
    assert kinds(verify(tmp_path / "run")) == {ProblemKind.VERDICT_DIFFERS}


@pytest.mark.parametrize("note", [None, waiver(expired=True)], ids=["no waiver", "an expired waiver"])
def test_a_verdict_waived_without_a_waiver_in_force_is_detected(run: Path, note: Any) -> None:
    hall, attic = both(run)
    rewrite(run, replace(hall, ruling=Ruling.WAIVED, waived_from=Ruling.NOT_SATISFIED, waiver=note), attic)
    assert kinds(verify(run, SIGNER.public)) == {ProblemKind.VERDICT_DIFFERS}


def test_a_waived_verdict_is_what_its_findings_give_without_the_waiver(run: Path) -> None:
    hall, attic = both(run)
    waived = replace(hall, ruling=Ruling.WAIVED, waiver=waiver(), waived_from=Ruling.INCONCLUSIVE)
    rewrite(run, waived, attic)
    assert kinds(verify(run, SIGNER.public)) == {ProblemKind.VERDICT_DIFFERS}
    rewrite(run, replace(waived, waived_from=Ruling.NOT_SATISFIED), attic)
    assert verify(run, SIGNER.public).ok


def test_a_verdict_on_a_clause_that_the_profile_does_not_have_is_detected(run: Path) -> None:
    hall, attic = both(run)
    rewrite(run, hall, replace(attic, clause="C 9"))
    assert ProblemKind.VERDICT_DIFFERS in kinds(verify(run, SIGNER.public))


def test_evidence_of_a_finding_that_is_not_in_the_run_is_detected(run: Path) -> None:
    hall, attic = both(run)
    rewrite(run, hall, replace(attic, findings=(replace(attic.findings[0], evidence=(ABSENT,)),)))
    assert (ProblemKind.EVIDENCE_MISSING, ABSENT) in {(e.kind, e.about) for e in verify(run, SIGNER.public).problems}


@pytest.mark.parametrize("given", [{"artifacts": (ABSENT,)}, {"inputs": (ABSENT,)}], ids=["artifact", "input"])
def test_evidence_of_an_observation_that_is_not_in_the_run_is_detected(tmp_path: Path, given: Any) -> None:
    writer = begin(tmp_path / "run")
    writer.observe(observation("cellar", Light(lit=True), **given))
    writer.finish(record(), SIGNER, None)
    (problem,) = verify(tmp_path / "run").problems
    assert (problem.kind, problem.about) == (ProblemKind.EVIDENCE_MISSING, ABSENT)


@pytest.mark.parametrize("given", [{"atlas": ABSENT}, {"files": {"contract.md": ABSENT}}, {"tls_anchors": (ABSENT,)}])
def test_a_file_that_the_run_says_it_kept_and_has_not_is_detected(tmp_path: Path, given: Any) -> None:
    finished(tmp_path / "run", SIGNER, record(**given))
    assert kinds(verify(tmp_path / "run")) == {ProblemKind.EVIDENCE_MISSING}


def test_two_observations_of_one_look_are_detected(run: Path) -> None:
    with (run / OBSERVATIONS).open("ab") as file:
        file.write(observation("hall", Light(lit=True)).encode() + b"\n")
    resign(run, SIGNER)
    assert ProblemKind.UNREADABLE in kinds(verify(run, SIGNER.public))


def test_an_observation_with_a_key_given_twice_is_detected(run: Path) -> None:
    path = run / OBSERVATIONS
    path.write_bytes(path.read_bytes().replace(b'{"lit":false}', b'{"lit":false,"lit":true}'))
    resign(run, SIGNER)
    found = audited(run)
    assert ProblemKind.UNREADABLE in kinds(found)
    assert found.steps[7].state is StepState.NOT_DONE


def test_problems_without_number_are_listed_up_to_two_hundred(run: Path) -> None:
    for number in range(300):
        (run / f"more-{number}").write_bytes(b"")
    assert len(verify(run, SIGNER.public).steps[0].problems) == 200


def chained(folder: Path, number: int, previous: str | None, **changes: Any) -> str:
    of = record(id=f"run-{number}", started=NOW + timedelta(hours=number), previous=previous, **changes)
    return finished(folder / f"run-{number}", SIGNER, of)


def test_an_older_run_presented_as_the_newest_is_detected(tmp_path: Path) -> None:
    first = chained(tmp_path, 1, None)
    chained(tmp_path, 2, first)
    (problem,) = verify(tmp_path / "run-1", newest_of=tmp_path).problems
    assert (problem.kind, problem.about) == (ProblemKind.NOT_NEWEST, "run-2")
    assert "follows the one verified" in problem.text


def test_the_newest_run_holds_and_finds_its_predecessor(tmp_path: Path) -> None:
    chained(tmp_path, 2, chained(tmp_path, 1, None))
    found = verify(tmp_path / "run-2", newest_of=tmp_path)
    assert found.ok
    assert found.steps[9].note == "its predecessor is here"


def test_a_predecessor_that_is_gone_is_told(tmp_path: Path) -> None:
    chained(tmp_path, 2, ABSENT)
    assert ABSENT in verify(tmp_path / "run-2", newest_of=tmp_path).steps[9].note


def test_a_later_run_is_detected_even_if_it_names_another_predecessor(tmp_path: Path) -> None:
    chained(tmp_path, 1, None)
    chained(tmp_path, 2, ABSENT)
    assert kinds(verify(tmp_path / "run-1", newest_of=tmp_path)) == {ProblemKind.NOT_NEWEST}


def test_a_run_without_a_manifest_is_followed_by_nobody(tmp_path: Path) -> None:
    chained(tmp_path, 1, None)
    begin(tmp_path / "killed", record(id="killed", started=NOW + timedelta(hours=2)))
    assert ProblemKind.NOT_NEWEST not in kinds(verify(tmp_path / "killed", newest_of=tmp_path))


def test_a_rejudgement_stands_beside_the_chain(tmp_path: Path) -> None:
    chained(tmp_path, 1, None)
    chained(tmp_path, 2, None, judged_from=JudgedFrom(run="run-1", manifest=None))
    assert verify(tmp_path / "run-1", newest_of=tmp_path).ok
    assert verify(tmp_path / "run-2", newest_of=tmp_path).steps[9].state is StepState.NOT_DONE


def test_verifying_imports_nothing_from_the_run(run: Path) -> None:
    for name in ("lamp.py", "conftest.py", "__init__.py"):
        (run / name).write_bytes(b"raise SystemExit('executed')")
    before, path = set(sys.modules), list(sys.path)
    assert not audited(run).ok
    assert not {name for name in set(sys.modules) - before if "lamp" in name or "conftest" in name}
    assert sys.path == path
