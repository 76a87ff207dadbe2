"""From the record to verdicts: the fold, the ceilings, the gaps, the waivers, and judging again."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from clauseproof.model.assurance import Assurance
from clauseproof.model.claim import Claim
from clauseproof.model.finding import Outcome
from clauseproof.model.profile import Profile, Waiver
from clauseproof.model.verdict import Because, Ruling, Verdict
from tests.engine.house import AtLeast, Buggy, Counter, Either, Nothing, Proven, Scanned, Shaken, Sum
from tests.engine.support import judge, observe, profile, use


def one(made: Profile, tmp: Path) -> Verdict:
    plan, lines, _ = observe(made, tmp)
    (verdict,) = judge(plan, lines).verdicts()
    return verdict


def verdict_of(claim: Claim, kind: str, tmp: Path, counter: str = "4", floor: Assurance = Assurance.STATED) -> Verdict:
    return one(profile({"a": Counter(counter=counter)}, [use(kind, claim, "a")], floor=floor), tmp)


def test_what_holds_is_satisfied_as_strongly_as_its_facts(tmp_path: Path) -> None:
    verdict = verdict_of(AtLeast(least=3), "at-least", tmp_path)
    assert (verdict.ruling, verdict.assurance) == (Ruling.SATISFIED, Assurance.OBSERVED)


def test_what_is_broken_is_not_satisfied(tmp_path: Path) -> None:
    assert verdict_of(AtLeast(least=5), "at-least", tmp_path).ruling is Ruling.NOT_SATISFIED


def test_what_was_not_seen_is_inconclusive_with_what_would_settle_it(tmp_path: Path) -> None:
    verdict = verdict_of(AtLeast(least=5), "at-least", tmp_path, counter="denied")
    assert verdict.ruling is Ruling.INCONCLUSIVE
    assert verdict.findings[0].text == "reading was denied. To settle it: grant house:Read"


def test_no_finding_at_all_is_inconclusive(tmp_path: Path) -> None:
    verdict = verdict_of(Nothing(), "nothing", tmp_path)
    assert verdict.ruling is Ruling.INCONCLUSIVE
    assert "no proof is no pass" in verdict.findings[0].text


def test_a_finding_is_capped_at_the_ceiling_of_its_facts(tmp_path: Path) -> None:
    assert verdict_of(Proven(), "proven", tmp_path).assurance is Assurance.REPORTED


def test_a_proof_below_the_floor_of_the_clause_is_inconclusive(tmp_path: Path) -> None:
    verdict = verdict_of(Proven(), "proven", tmp_path, floor=Assurance.OBSERVED)
    assert (verdict.ruling, verdict.assurance) == (Ruling.INCONCLUSIVE, Assurance.REPORTED)
    assert verdict.findings[-1].text == "the proof is reported; the clause asks for observed or stronger"


def test_a_defect_of_a_check_is_inconclusive(tmp_path: Path) -> None:
    verdict = verdict_of(Buggy(), "buggy", tmp_path)
    assert verdict.ruling is Ruling.INCONCLUSIVE
    assert "ZeroDivisionError" in verdict.findings[0].text


def test_want_of_permission_is_not_tested(tmp_path: Path) -> None:
    verdict = verdict_of(Scanned(), "scanned", tmp_path)
    assert (verdict.ruling, verdict.because) == (Ruling.NOT_TESTED, Because.PERMISSION)


def test_a_drill_nobody_asked_for_is_not_tested(tmp_path: Path) -> None:
    verdict = verdict_of(Shaken(), "shaken", tmp_path)
    assert (verdict.ruling, verdict.because) == (Ruling.NOT_TESTED, Because.DRILL_NOT_ASKED)


def test_a_check_that_can_do_without_a_look_is_not_blocked_by_its_want(tmp_path: Path) -> None:
    verdict = verdict_of(Either(), "either", tmp_path)
    assert verdict.ruling is Ruling.SATISFIED
    assert verdict.findings[0].text == "counted"


def test_a_claim_on_two_subjects_gives_two_verdicts(tmp_path: Path) -> None:
    counters = {"a": Counter(counter="4"), "b": Counter(counter="1")}
    plan, lines, _ = observe(profile(counters, [use("at-least", AtLeast(least=3), "a", "b")]), tmp_path)
    rulings = {verdict.subjects: verdict.ruling for verdict in judge(plan, lines).verdicts()}
    assert rulings == {("a",): Ruling.SATISFIED, ("b",): Ruling.NOT_SATISFIED}


@pytest.mark.parametrize(("other", "ruling"), [("2", Ruling.SATISFIED), ("denied", Ruling.INCONCLUSIVE)])
def test_a_gap_in_all_facts_keeps_a_claim_open(other: str, ruling: Ruling, tmp_path: Path) -> None:
    counters = {"a": Counter(counter="4"), "b": Counter(counter=other)}
    verdict = one(profile(counters, [use("sum", Sum(least=4), "a", "b")]), tmp_path)
    assert (verdict.subjects, verdict.ruling) == (("a", "b"), ruling)
    assert "0 earlier, C 1, a,b" in [finding.text for finding in verdict.findings]


def test_each_finding_points_at_the_lines_it_rests_on(tmp_path: Path) -> None:
    verdict = verdict_of(AtLeast(least=3), "at-least", tmp_path)
    assert verdict.findings[0].evidence == (f"sha256:{1:064x}",)


def test_judging_again_gives_the_same_verdicts(tmp_path: Path) -> None:
    counters = {"a": Counter(counter="4"), "b": Counter(counter="denied")}
    claims = [use("at-least", AtLeast(least=3), "a", "b"), use("proven", Proven(), "a")]
    plan, lines, _ = observe(profile(counters, claims), tmp_path)
    assert list(judge(plan, lines).verdicts()) == list(judge(plan, lines).verdicts())


def waived(expires: str, when: datetime, tmp: Path, counter: str = "1") -> Verdict:
    waiver = Waiver(clause="C 1", reason="known", approver="B. Oss", expires=date.fromisoformat(expires))
    made = profile({"a": Counter(counter=counter)}, [use("at-least", AtLeast(least=3), "a")], waivers=(waiver,))
    plan, lines, _ = observe(made, tmp)
    return next(judge(plan, lines, when).verdicts())


def test_a_waiver_covers_until_the_end_of_its_day(tmp_path: Path) -> None:
    verdict = waived("2026-11-24", datetime(2026, 11, 24, 23, 59, tzinfo=UTC), tmp_path)
    assert (verdict.ruling, verdict.waived_from) == (Ruling.WAIVED, Ruling.NOT_SATISFIED)


def test_an_expired_waiver_waives_nothing_and_is_shown(tmp_path: Path) -> None:
    verdict = waived("2026-11-24", datetime(2026, 11, 25, tzinfo=UTC), tmp_path)
    assert verdict.ruling is Ruling.NOT_SATISFIED
    assert verdict.waiver is not None
    assert verdict.waiver.expired


def test_what_is_satisfied_needs_no_waiver(tmp_path: Path) -> None:
    assert waived("2026-11-24", datetime(2026, 11, 24, tzinfo=UTC), tmp_path, counter="9").waiver is None


def test_an_overlong_finding_is_shortened(tmp_path: Path) -> None:
    verdict = verdict_of(AtLeast(least=3), "at-least", tmp_path, counter="1" * 4000)
    assert all(len(finding.text) < 2100 for finding in verdict.findings)


def test_an_unknown_finding_keeps_a_broken_one_broken(tmp_path: Path) -> None:
    verdict = verdict_of(AtLeast(least=9), "at-least", tmp_path)
    assert verdict.findings[0].outcome is Outcome.BROKEN
