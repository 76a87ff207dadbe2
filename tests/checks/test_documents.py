"""audit-report: what a report's own text must say, through the check, and through the probe with real files."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from checks.documents import AuditReport, audit_report
from clauseproof import Assurance, Case, Finding, Look, Outcome, Reason, Unseen
from clauseproof.facts.documents import Document, Report, ReportType, Stated
from clauseproof.model.profile import Clause, Place
from clauseproof.model.verdict import Ruling, fold
from clauseproof.probes.documents import report
from clauseproof.sandbox.pdf import write_pdf

NOW = datetime(2026, 11, 24, tzinfo=UTC)
CLAUSE = Clause("DPA 8.1", "Audit", "A SOC 2 Type II report.", 2, (), Place("p.yaml", 1, 1))
SOC2, ISO = ReportType.SOC2_TYPE_II, ReportType.ISO_27001
CLAIM = AuditReport(type=SOC2, covers=("Example CRM", "eu-central-1"))
TITLE = "System and Organization Controls (SOC) 2 Type 2 Report for the period July 1, 2025 to June 30, 2026."
SCOPE = "The scope of this report is the Example CRM platform. It is hosted in eu-central-1 (Frankfurt)."
CERTIFICATE = "Certificate ISO/IEC 27001:2022. Scope: Example CRM, operated in eu-central-1. Valid until 30 June 2027."
JUNE_30 = date(2026, 6, 30)


def document(*pages: str, stated: Stated = Stated(type=SOC2, period_end=JUNE_30), cut: bool = False) -> Report:  # noqa: B008
    return Report(name="report.pdf", sha256="ab" * 32, size=4711, pages=pages, cut=cut, stated=stated)


def judge(seen: Report, claim: AuditReport = CLAIM, at: datetime = NOW) -> list[Finding]:
    return list(audit_report(claim, seen, Case(at, CLAUSE, {})))


def ruling(findings: Iterable[Finding]) -> Ruling:
    return fold(findings, Assurance.STATED)[0]


def said(findings: Iterable[Finding], outcome: Outcome) -> str:
    return "\n".join(finding.text for finding in findings if finding.outcome is outcome)


def test_a_current_report_that_names_product_and_region_is_satisfied_and_vouched() -> None:
    findings = judge(document(TITLE, SCOPE))
    assert fold(findings, Assurance.STATED) == (Ruling.SATISFIED, Assurance.VOUCHED)
    assert "names Example CRM on page 2: The scope of this report is the Example CRM platform." in said(
        findings, Outcome.HOLDS
    )


def test_the_digest_is_noted() -> None:
    assert f"4711 bytes, SHA-256 {'ab' * 32}" in said(judge(document(TITLE, SCOPE)), Outcome.NOTE)


@pytest.mark.parametrize(
    ("end", "at", "verdict"),
    [
        (date(2026, 6, 30), datetime(2027, 6, 30, 23, 59, tzinfo=UTC), Ruling.SATISFIED),
        (date(2026, 6, 30), datetime(2027, 7, 1, tzinfo=UTC), Ruling.NOT_SATISFIED),
        (date(2024, 2, 29), datetime(2025, 2, 28, 23, 59, tzinfo=UTC), Ruling.SATISFIED),
        (date(2024, 2, 29), datetime(2025, 3, 1, tzinfo=UTC), Ruling.NOT_SATISFIED),
    ],
)
def test_a_report_is_current_for_whole_months_after_its_period(end: date, at: datetime, verdict: Ruling) -> None:
    title = f"SOC 2 Type II. For the period 2023-01-01 to {end}."
    assert ruling(judge(document(title, SCOPE, stated=Stated(period_end=end)), at=at)) is verdict


def test_a_report_says_until_when_it_is_current() -> None:
    untils = {finding.until for finding in judge(document(TITLE, SCOPE))}
    assert untils == {None, datetime(2027, 7, 1, tzinfo=UTC)}
    assert "report.pdf is current until 2027-06-30: its period" in said(judge(document(TITLE, SCOPE)), Outcome.HOLDS)


def test_a_clause_decides_how_old_a_report_may_be() -> None:
    strict = CLAIM.model_copy(update={"within_months": 4})
    findings = judge(document(TITLE, SCOPE), strict)
    assert ruling(findings) is Ruling.NOT_SATISFIED
    assert said(findings, Outcome.BROKEN) == (
        "report.pdf is out of date since 2026-10-31: its period ended on 2026-06-30, "
        "and the clause accepts it for 4 months after that"
    )


def test_an_expired_report_is_not_satisfied_though_the_profile_says_nothing_of_its_period() -> None:
    old = "SOC 2 Type II report for the period July 1, 2023 to June 30, 2024."
    assert ruling(judge(document(old, SCOPE, stated=Stated()))) is Ruling.NOT_SATISFIED


def test_a_profile_that_makes_a_report_younger_is_contradicted_by_the_report() -> None:
    old = "SOC 2 Type II report for the period July 1, 2023 to June 30, 2024."
    findings = judge(document(old, SCOPE))
    assert ruling(findings) is Ruling.NOT_SATISFIED
    assert "names 2024-06-30 as the end of its period" in said(findings, Outcome.BROKEN)


def test_another_period_in_a_report_with_unreadable_pages_is_inconclusive() -> None:
    old = "SOC 2 Type II report. The previous one was for the period July 1, 2023 to June 30, 2024."
    findings = judge(document(old, SCOPE, ""))
    assert ruling(findings) is Ruling.INCONCLUSIVE
    assert "does not name 2026-06-30, which the profile gives" in said(findings, Outcome.UNKNOWN)


def test_a_period_that_only_the_profile_knows_is_inconclusive() -> None:
    findings = judge(document("SOC 2 Type II report.", SCOPE))
    assert ruling(findings) is Ruling.INCONCLUSIVE
    assert "does not name 2026-06-30" in said(findings, Outcome.UNKNOWN)


def test_a_day_that_the_report_names_without_calling_it_a_period_is_accepted() -> None:
    assert ruling(judge(document("SOC 2 Type II, 07/01/2025 to 06/30/2026", SCOPE))) is Ruling.SATISFIED


def test_several_periods_and_no_word_from_the_profile_are_inconclusive() -> None:
    both = TITLE + " The previous report was for the period July 1, 2024 to June 30, 2025."
    findings = judge(document(both, SCOPE, stated=Stated()))
    assert ruling(findings) is Ruling.INCONCLUSIVE
    assert "names 2025-06-30, 2026-06-30" in said(findings, Outcome.UNKNOWN)
    assert ruling(judge(document(both, SCOPE))) is Ruling.SATISFIED


def test_a_period_that_is_not_over_is_inconclusive() -> None:
    assert ruling(judge(document(TITLE, SCOPE), at=datetime(2026, 6, 30, 12, tzinfo=UTC))) is Ruling.INCONCLUSIVE


@pytest.mark.parametrize(
    "title",
    ["SOC 2® Type II", "SOC2 Type 2", "Type 2 SOC 2 Report", "SOC 2 - TYPE II", "Controls (SOC) 2 Report - Type II"],
)
def test_the_type_is_recognised_in_the_ways_auditors_write_it(title: str) -> None:
    assert ruling(judge(document(f"{title}. Period 1 July 2025 to 30 June 2026.", SCOPE))) is Ruling.SATISFIED


def test_a_type_i_report_is_not_satisfied() -> None:
    findings = judge(document("SOC 2 Type I Report. Period 1 July 2025 to 30 June 2026.", SCOPE))
    assert ruling(findings) is Ruling.NOT_SATISFIED
    assert "calls itself SOC 2 Type I" in said(findings, Outcome.BROKEN)


def test_a_type_i_report_that_promises_a_type_ii_report_is_inconclusive() -> None:
    text = "SOC 2 Type I Report. A SOC 2 Type II report will follow. Period 1 July 2025 to 30 June 2026."
    assert ruling(judge(document(text, SCOPE))) is Ruling.INCONCLUSIVE


def test_a_document_that_does_not_say_what_it_is_is_inconclusive() -> None:
    pages = ["Whitepaper. Period 1 July 2025 to 30 June 2026.", *["Filler."] * 4, "SOC 2 Type II", SCOPE]
    assert ruling(judge(document(*pages))) is Ruling.INCONCLUSIVE


def test_another_type_in_the_profile_than_the_clause_asks_for_is_not_satisfied() -> None:
    findings = judge(document(TITLE, SCOPE, stated=Stated(type=ISO, period_end=JUNE_30)))
    assert ruling(findings) is Ruling.NOT_SATISFIED
    assert "is given as ISO 27001; the clause asks for SOC 2 Type II" in said(findings, Outcome.BROKEN)


def test_a_report_that_nowhere_names_the_region_is_not_satisfied() -> None:
    findings = judge(document(TITLE, "The scope is the Example CRM platform in us-east-1."))
    assert ruling(findings) is Ruling.NOT_SATISFIED
    assert said(findings, Outcome.BROKEN) == "report.pdf nowhere names eu-central-1"


def test_a_scope_in_the_profile_that_the_report_does_not_know_is_not_satisfied() -> None:
    stated = Stated(type=SOC2, period_end=JUNE_30, scope=("Example Mail",))
    findings = judge(document(TITLE, SCOPE, stated=stated))
    assert ruling(findings) is Ruling.NOT_SATISFIED
    assert said(findings, Outcome.BROKEN) == "report.pdf nowhere names Example Mail"


def test_a_region_named_only_as_excluded_is_inconclusive() -> None:
    text = "The scope is Example CRM. The region eu-central-1 is excluded from the scope."
    findings = judge(document(TITLE, text))
    assert ruling(findings) is Ruling.INCONCLUSIVE
    assert "only where it speaks of exclusions, on page 2: The region eu-central-1" in said(findings, Outcome.UNKNOWN)


@pytest.mark.parametrize("cut", [True, False])
def test_what_is_not_found_in_a_part_of_the_document_is_inconclusive(cut: bool) -> None:
    pages = (TITLE, "Example CRM") if cut else (TITLE, "Example CRM", "")
    findings = judge(document(*pages, cut=cut))
    assert ruling(findings) is Ruling.INCONCLUSIVE
    assert ("that was recorded" if cut else "without text: page 3") in said(findings, Outcome.UNKNOWN)


def test_a_certificate_is_current_until_its_last_day() -> None:
    claim = AuditReport(type=ISO, covers=("Example CRM", "eu-central-1"))
    seen = document(CERTIFICATE, stated=Stated(type=ISO, period_end=date(2027, 6, 30)))
    assert fold(judge(seen, claim), Assurance.STATED) == (Ruling.SATISFIED, Assurance.VOUCHED)
    assert ruling(judge(seen, claim, at=datetime(2027, 6, 30, 23, 59, tzinfo=UTC))) is Ruling.SATISFIED
    assert ruling(judge(seen, claim, at=datetime(2027, 7, 1, tzinfo=UTC))) is Ruling.NOT_SATISFIED


def test_a_document_without_readable_text_is_inconclusive() -> None:
    blind = document().model_copy(
        update={"pages": Unseen(reason=Reason.UNREADABLE, text="the PDF is encrypted", remedy="save the PDF anew")}
    )
    findings = judge(blind)
    assert ruling(findings) is Ruling.INCONCLUSIVE
    assert "the PDF is encrypted. To settle it: save the PDF anew" in said(findings, Outcome.UNKNOWN)


def test_text_of_the_document_cannot_steer_a_terminal_through_a_finding() -> None:
    findings = judge(document(TITLE, "Example CRM \x1b[2J in eu-central-1"))
    assert "\x1b" not in said(findings, Outcome.HOLDS)
    assert "\\u001b[2J" in said(findings, Outcome.HOLDS)


def test_dates_at_the_end_of_time_are_survived() -> None:
    title = "SOC 2 Type II for the period 2025-07-01 to 9999-12-31, and period ended 2199-12-31."
    assert ruling(judge(document(title, SCOPE, stated=Stated()))) is Ruling.INCONCLUSIVE


@pytest.mark.parametrize(
    ("name", "region", "verdict"),
    [("soc2.pdf", "eu-central-1", Ruling.SATISFIED), ("soc2.md", "us-east-1", Ruling.NOT_SATISFIED)],
)
def test_a_file_on_disk_becomes_a_verdict(tmp_path: Path, name: str, region: str, verdict: Ruling) -> None:
    text = [TITLE, f"The scope of this report is the Example CRM platform in {region}."]
    data = write_pdf(text, title="Report") if name.endswith("pdf") else "\n\n".join(text).encode()
    (tmp_path / name).write_bytes(data)
    look = Look(read_file=lambda asked, limit: (tmp_path / asked).read_bytes())
    subject = Document(document=name, type=SOC2, period_end=JUNE_30)
    recorded = report(subject, look).model_dump(mode="json")
    assert ruling(judge(Report.load(1, recorded))) is verdict


def test_a_pdf_of_noise_on_disk_is_inconclusive(tmp_path: Path) -> None:
    (tmp_path / "soc2.pdf").write_bytes(b"%PDF-1.7\n" + bytes(range(256)) * 9)
    look = Look(read_file=lambda asked, limit: (tmp_path / asked).read_bytes())
    assert ruling(judge(report(Document(document="soc2.pdf"), look))) is Ruling.INCONCLUSIVE
