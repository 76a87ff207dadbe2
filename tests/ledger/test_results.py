"""`results.json`, as scripts read it."""

from clauseproof.ledger.results import results
from clauseproof.model.assurance import Assurance
from clauseproof.model.finding import Finding, Outcome
from clauseproof.model.verdict import Ruling
from tests.ledger.runs import clause, record, verdict, waiver

HOLDS = Finding(Outcome.HOLDS, "the lamp is lit", "", Assurance.OBSERVED)
BROKEN = Finding(Outcome.BROKEN, "the lamp is dark", "", Assurance.OBSERVED)


def test_the_run_is_described_as_the_design_says() -> None:
    assert results(record(), [])["run"] == {
        "id": "20261124T090000Z-0001",
        "started": "2026-11-24T09:00:00Z",
        "finished": "2026-11-24T09:00:03Z",
        "complete": True,
        "clauseproof": record().clauseproof,
        "profile_sha256": record().profile.sha256,
        "operator": "A. Ito, Acme GmbH",
        "vantages": ["local"],
        "permission": ["connect", "own-account"],
    }


def test_a_run_that_never_ended_has_no_end() -> None:
    assert results(record(finished=None, complete=False), [])["run"]["finished"] is None


def test_untested_words_and_clauses_without_claims_are_listed_in_the_order_of_the_contract() -> None:
    assert results(record(), [verdict("hall", HOLDS)])["untested"] == [
        {"clause": "C 1", "words": "in every room", "because": "the cellar is locked"},
        {"clause": "C 2", "words": None, "because": "no claim in the profile"},
    ]


def test_a_clause_that_a_plain_test_proves_is_not_without_claims() -> None:
    proven = verdict("hall", HOLDS, replayable=False)
    by_test = record(profile=record().profile.model_copy(update={"clauses": (clause(1),)}))
    assert results(by_test, [proven])["untested"] == []
    assert len(results(by_test, [])["untested"]) == 1


def test_the_summary_counts_every_ruling_and_those_that_do_not_occur() -> None:
    waived = verdict("cellar", BROKEN, ruling=Ruling.WAIVED, waiver=waiver(), waived_from=Ruling.NOT_SATISFIED)
    given = [verdict("hall", HOLDS), verdict("attic", BROKEN), verdict("porch", BROKEN), waived, verdict("roof")]
    assert results(record(), given)["summary"] == {
        "satisfied": 1,
        "not-satisfied": 2,
        "inconclusive": 1,
        "waived": 1,
        "not-tested": 0,
    }


def test_verdicts_stand_in_the_order_they_were_given() -> None:
    given = [verdict(name, HOLDS) for name in ("b", "a", "c")]
    assert [each["subjects"] for each in results(record(), given)["verdicts"]] == [["b"], ["a"], ["c"]]
