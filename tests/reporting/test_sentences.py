"""The sentences every format shares."""

from pathlib import Path

from clauseproof.model.assurance import Assurance
from clauseproof.model.finding import Outcome
from clauseproof.model.profile import ContractFile
from clauseproof.reporting.advice import steps
from clauseproof.reporting.dossier import Dossier
from clauseproof.reporting.sentences import bare, command, headline, lead, short
from tests.reporting.example import example
from tests.reporting.support import finding, simple

IN_FORCE = (ContractFile(id="DPA", file="dpa.md", status="in force"),)


def said(dossier: Dossier) -> str:
    return "".join(phrase.text for phrase in lead(dossier))


def heads(dossier: Dossier) -> dict[str, str]:
    return {one.clause.id: headline(one) for one in dossier.entries}


def test_one_sentence_counts_every_promise(tmp_path: Path) -> None:
    assert said(example().dossier(tmp_path / "run")) == (
        "Of 13 promises in the draft, 4 are contradicted, 2 are undecided, 2 were not tested, 1 is waived "
        "and 4 are consistent where tested."
    )


def test_no_contradiction_is_said_in_words(tmp_path: Path) -> None:
    dossier = simple("all fine", Outcome.HOLDS, contract=IN_FORCE).dossier(tmp_path / "run")
    assert said(dossier) == "Of the one promise in the contract, none is contradicted and 1 is consistent where tested."
    assert short(dossier) == "0 of 1 promise contradicted"


def test_a_headline_says_what_matters_for_its_verdict(tmp_path: Path) -> None:
    told = heads(example().dossier(tmp_path / "run"))
    assert told["DPA 4.2"] == "192.0.2.7, one of the two addresses of api.crm.example, accepted TLS 1.2"
    assert told["DPA 5.3"] == "allow kms:GetKeyPolicy and kms:ListGrants on data-key for the role clauseproof-reader"
    assert told["DPA 7.1"] == "no claim in the profile"
    assert told["DPA 9.4"] == "until 31 March 2027, by M. Roy, CISO: the logs move to the EU in March"
    assert told["DPA 4.3"].endswith(" (and 2 more)")


def test_promises_with_words_that_nobody_tested_are_known(tmp_path: Path) -> None:
    ids = [one.clause.id for one in bare(example().dossier(tmp_path / "run"))]
    assert ids == ["DPA 3.1", "DPA 3.4", "DPA 4.2", "DPA 4.3", "DPA 5.1", "DPA 5.4", "DPA 6.2"]


def test_a_command_can_be_pasted_into_a_shell(tmp_path: Path) -> None:
    dossier = simple(path="my profiles/$(reboot).yaml").dossier(tmp_path / "run")
    assert command(dossier, ["DPA 4.2"], drills=True) == (
        "clauseproof run 'my profiles/$(reboot).yaml' --drills --only 'DPA 4.2'"
    )


def test_next_steps_begin_with_the_contradictions(tmp_path: Path) -> None:
    found = steps(example().dossier(tmp_path / "run"))
    assert [step.text.split()[0] for step in found] == ["Put", "Do", "Ask", "Add"]
    assert "before signing" in found[0].text
    assert found[1].command == "clauseproof run profiles/example-crm.yaml --drills --only 'DPA 3.4' --only 'DPA 5.3'"


def test_a_contract_in_force_is_not_spoken_of_as_a_draft(tmp_path: Path) -> None:
    (step,) = steps(simple(contract=IN_FORCE).dossier(tmp_path / "run"))
    assert "signing" not in step.text


def test_where_nothing_is_wrong_the_next_step_is_to_look_again_in_time(tmp_path: Path) -> None:
    script = simple("kept", Outcome.HOLDS)
    digest = script.look("tls.chain", "api", {"until": "2027"})
    valid = finding(Outcome.HOLDS, "valid", Assurance.OBSERVED, digest, until="2027-01-14")
    script.verdict("DPA 4.2", "certificate", ("api",), None, valid)
    (step,) = steps(script.dossier(tmp_path / "run"))
    assert "14 January 2027" in step.text
    assert step.command == "clauseproof run profiles/example-crm.yaml"
