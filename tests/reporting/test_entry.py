"""One clause: the worst of its verdicts, what was seen, what would settle it, what nobody tested."""

from datetime import UTC, date, datetime

from clauseproof.model.assurance import Assurance
from clauseproof.model.finding import Finding, Outcome
from clauseproof.model.unseen import Reason, Unseen
from clauseproof.model.verdict import Because, Ruling, WaiverNote
from clauseproof.reporting.entry import Entry, Gap, entry
from tests.reporting.support import Script, finding

PROMISE = "TLS 1.3 or higher shall be used for every connection."
WORDS = "TLS 1.3 or higher"
DENIED = Unseen(reason=Reason.DENIED, text="AWS refused it", remedy="allow kms:GetKeyPolicy")


def clause(*verdicts: tuple[str, tuple[Finding, ...]], floor: Assurance = Assurance.STATED, **of: object) -> Entry:
    """An entry with a verdict per (subject, findings)."""
    script = Script()
    script.clause("DPA 4.2", "Transit", PROMISE, ("tls-floor", tuple(s for s, _ in verdicts), WORDS, {}), floor=floor)
    for subject, findings in verdicts:
        script.verdict("DPA 4.2", "tls-floor", (subject,), WORDS, *findings, **of)  # type: ignore[arg-type]
    return entry(script.clauses[0], script.verdicts)


def holds(text: str, assurance: Assurance = Assurance.OBSERVED, until: str = "") -> Finding:
    return finding(Outcome.HOLDS, text, assurance, until=until)


def broken(text: str, assurance: Assurance = Assurance.OBSERVED) -> Finding:
    return finding(Outcome.BROKEN, text, assurance)


def unknown(text: str) -> Finding:
    return finding(Outcome.UNKNOWN, text, None)


def test_a_clause_is_as_good_as_the_worst_of_its_verdicts() -> None:
    one = clause(("a", (holds("kept"),)), ("b", (broken("not kept"),)), ("c", (unknown("?"),)))
    assert one.ruling is Ruling.NOT_SATISFIED
    assert [verdict.subjects for verdict in one.verdicts] == [("b",), ("c",), ("a",)]


def test_untested_is_worse_than_waived_and_waived_than_satisfied() -> None:
    note = WaiverNote("M. Roy", "soon", date(2027, 1, 1), expired=False)
    script = Script()
    script.clause("C 1", "", PROMISE)
    kept = script.verdict("C 1", "k", ("a",), None, holds("kept"))
    waived = script.verdict("C 1", "k", ("b",), None, broken("no"), waiver=note)
    skipped = script.verdict("C 1", "k", ("c",), None, unknown("?"), because=Because.PERMISSION)
    rulings = [entry(script.clauses[0], some).ruling for some in ([kept, waived], [waived, skipped], [skipped, kept])]
    assert rulings == [Ruling.WAIVED, Ruling.NOT_TESTED, Ruling.NOT_TESTED]


def test_a_contradiction_is_as_strong_as_its_strongest_proof() -> None:
    one = clause(("a", (broken("x", Assurance.VOUCHED),)), ("b", (broken("y", Assurance.PROVEN),)))
    assert one.assurance is Assurance.PROVEN


def test_consistency_is_as_strong_as_its_weakest_proof() -> None:
    one = clause(("a", (holds("x", Assurance.VOUCHED),)), ("b", (holds("y", Assurance.PROVEN),)))
    assert one.assurance is Assurance.VOUCHED


def test_an_undecided_clause_has_no_proof_where_one_of_its_verdicts_has_none() -> None:
    one = clause(("a", (holds("x"), unknown("?"))), ("b", (unknown("?"),)))
    assert (one.ruling, one.assurance) == (Ruling.INCONCLUSIVE, None)


def test_what_was_seen_comes_worst_first_and_equal_sentences_once() -> None:
    one = clause(("a", (holds("fine"), broken("bad"))), ("b", (broken("bad"), unknown("?"))))
    assert [(told.text, told.subjects) for told in one.seen] == [("bad", ("a", "b")), ("?", ("b",)), ("fine", ("a",))]


def test_what_a_finding_is_about_is_said_unless_its_text_says_it() -> None:
    texts = [
        finding(Outcome.BROKEN, "accepted TLS 1.2", Assurance.OBSERVED, about="192.0.2.7"),
        finding(Outcome.BROKEN, "192.0.2.8 accepted TLS 1.2", Assurance.OBSERVED, about="192.0.2.8"),
    ]
    one = clause(("a", tuple(texts)))
    assert [told.text for told in one.seen] == ["192.0.2.7: accepted TLS 1.2", "192.0.2.8 accepted TLS 1.2"]


def test_the_name_of_one_side_of_a_drill_is_not_put_before_its_sentence() -> None:
    notes = [
        finding(Outcome.NOTE, "It refused", None, about="kms"),
        finding(Outcome.NOTE, "It hung", None, about="api"),
    ]
    one = clause(("api", tuple(notes)))
    assert [told.text for told in one.seen] == ["It refused", "api: It hung"]


def test_an_unseen_look_gives_its_reason_and_apart_from_it_what_settles_it() -> None:
    one = clause(("a", (unknown(DENIED.sentence),)))
    assert [told.text for told in one.seen] == ["AWS refused it"]
    assert one.settled_by == ("allow kms:GetKeyPolicy",)


def test_proof_below_the_floor_is_settled_by_stronger_proof() -> None:
    one = clause(("a", (holds("he says so", Assurance.STATED),)), floor=Assurance.REPORTED)
    assert one.ruling is Ruling.INCONCLUSIVE
    assert one.settled_by == ("bring proof that is reported or stronger (the infrastructure provider’s control plane)",)


def test_a_clause_without_claims_was_not_tested_and_says_why() -> None:
    script = Script()
    script.clause("DPA 7.1", "Notice", "Vendor shall notify Customer.", untested={"notify": "only they know"})
    one = entry(script.clauses[0], ())
    assert (one.ruling, one.why_not) == (Ruling.NOT_TESTED, ("no claim in the profile",))
    assert one.gaps == (Gap("notify", None, "only they know"),)


def test_words_of_a_claim_that_was_not_tested_stay_bare_and_are_listed() -> None:
    one = clause(("a", (unknown(DENIED.sentence),)), because=Because.PERMISSION)
    assert [passage.ruling for passage in one.passages] == [None]
    assert one.gaps == (Gap(WORDS, "tls-floor", "AWS refused it", "allow kms:GetKeyPolicy"),)
    assert one.seen == ()


def test_a_claim_left_out_says_so() -> None:
    one = clause(("a", ()), because=Because.LEFT_OUT)
    assert one.why_not == ("left out by --only",)


def test_words_under_a_waiver_are_marked_as_waived() -> None:
    note = WaiverNote("M. Roy", "soon", date(2027, 1, 1), expired=False)
    one = clause(("a", (broken("no"),)), waiver=note)
    assert [passage.ruling for passage in one.passages] == [Ruling.WAIVED, None]
    assert one.waivers == (note,)


def test_an_expired_waiver_is_shown_and_waives_nothing() -> None:
    note = WaiverNote("M. Roy", "soon", date(2026, 1, 1), expired=True)
    one = clause(("a", (broken("no"),)), waiver=note)
    assert (one.ruling, one.waivers) == (Ruling.NOT_SATISFIED, (note,))


def test_it_holds_until_the_first_of_its_findings_ends() -> None:
    one = clause(("a", (holds("x", until="2027-02-01"), holds("y", until="2027-01-14"))), ("b", (holds("z"),)))
    assert one.until == datetime(2027, 1, 14, tzinfo=UTC)


def test_evidence_is_listed_once_that_of_the_worst_verdict_first() -> None:
    one = clause(
        ("a", (finding(Outcome.HOLDS, "x", Assurance.OBSERVED, "sha256:1", "sha256:2"),)),
        ("b", (finding(Outcome.BROKEN, "y", Assurance.OBSERVED, "sha256:2", "sha256:3"),)),
    )
    assert one.evidence == ("sha256:2", "sha256:3", "sha256:1")


def test_a_tested_claim_without_words_is_named() -> None:
    script = Script()
    script.clause("C 1", "", PROMISE)
    script.verdict("C 1", "hsts", ("a",), None, holds("kept"))
    assert entry(script.clauses[0], script.verdicts).wordless == ("hsts",)


def test_a_claim_that_a_killed_run_never_judged_is_not_passed_over() -> None:
    script = Script()
    script.clause("DPA 4.2", "Transit", PROMISE, ("tls-floor", ("a", "b"), WORDS, {}), ("hsts", ("a",), None, {}))
    script.verdict("DPA 4.2", "tls-floor", ("a",), WORDS, holds("kept"))
    one = entry(script.clauses[0], script.verdicts)
    assert one.ruling is Ruling.NOT_TESTED
    assert [(gap.claim, gap.because) for gap in one.gaps] == [
        ("tls-floor", "the run ended before this was judged"),
        ("hsts", "the run ended before this was judged"),
    ]


def test_a_contradiction_counts_even_where_the_rest_was_never_judged() -> None:
    script = Script()
    script.clause("DPA 4.2", "Transit", PROMISE, ("tls-floor", ("a", "b"), WORDS, {}))
    script.verdict("DPA 4.2", "tls-floor", ("a",), WORDS, broken("not kept"))
    assert entry(script.clauses[0], script.verdicts).ruling is Ruling.NOT_SATISFIED
