"""The nouns keep their promises: secrets do not print, facts read only what they know, the fold is the fold."""

import itertools
import subprocess
import sys

import pytest
from pydantic import ValidationError

import clauseproof
from clauseproof.model.assurance import Assurance
from clauseproof.model.facts import Facts
from clauseproof.model.finding import Finding, Outcome, broken, holds, note, unknown
from clauseproof.model.frozen import Frozen
from clauseproof.model.jurisdiction import Atlas, Jurisdiction, Member
from clauseproof.model.secret import SecretRef
from clauseproof.model.units import parse_day
from clauseproof.model.verdict import Ruling, fold


class Holder(Frozen):
    token: SecretRef


def test_a_bare_secret_is_refused_and_not_repeated() -> None:
    with pytest.raises(ValueError, match="never stands in a profile") as caught:
        SecretRef.parse("hunter2")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("text", ["${env:A} b", "x${env:A}", "${sh:id}", "${env:}", "${env:A}${env:B}"])
def test_a_reference_is_always_the_whole_value(text: str) -> None:
    with pytest.raises(ValidationError):
        Holder.model_validate({"token": text})


def test_a_reference_survives_json_as_itself() -> None:
    made = Holder.model_validate({"token": "${env:CRM_TOKEN}"})
    assert Holder.model_validate_json(made.model_dump_json()) == made
    assert made.model_dump(mode="json") == {"token": "${env:CRM_TOKEN}"}


class Old(Facts):
    kind = "test.old"
    version = 2
    ceiling = Assurance.OBSERVED
    value: int


def test_facts_of_an_unknown_version_are_refused() -> None:
    with pytest.raises(ValueError, match="version 3 cannot be read"):
        Old.load(3, {"value": 1})


def test_facts_refuse_unknown_and_missing_fields() -> None:
    with pytest.raises(ValidationError):
        Old.load(2, {"value": 1, "extra": 2})
    with pytest.raises(ValidationError):
        Old.load(2, {})


H, B, U, N = holds("h", Assurance.OBSERVED), broken("b", Assurance.REPORTED), unknown("u"), note("n")


@pytest.mark.parametrize(
    "findings", list(itertools.chain.from_iterable(itertools.product([H, B, U, N], repeat=n) for n in range(4)))
)
def test_no_proof_no_pass(findings: tuple[Finding, ...]) -> None:
    ruling, _ = fold(findings, Assurance.STATED)
    outcomes = [finding.outcome for finding in findings]
    if Outcome.BROKEN in outcomes:
        assert ruling is Ruling.NOT_SATISFIED
    elif Outcome.UNKNOWN in outcomes or Outcome.HOLDS not in outcomes:
        assert ruling is Ruling.INCONCLUSIVE
    else:
        assert ruling is Ruling.SATISFIED


def test_a_chain_of_proof_is_as_strong_as_its_weakest_link() -> None:
    assert fold([holds("a", Assurance.PROVEN), holds("b", Assurance.VOUCHED)], Assurance.STATED)[1] is Assurance.VOUCHED
    assert (
        fold([holds("a", Assurance.PROVEN), holds("b", Assurance.VOUCHED)], Assurance.OBSERVED)[0]
        is Ruling.INCONCLUSIVE
    )


def test_a_jurisdiction_is_asked_for_a_day() -> None:
    uk = Member.model_validate({"code": "GB", "to": "2020-01-31"})
    atlas = Atlas([Jurisdiction(name="EU", reference="TEU", members=(Member(code="DE"), uk))])
    assert atlas.countries("EU", parse_day("2020-01-31")) == {"DE", "GB"}
    assert atlas.countries("EU", parse_day("2020-02-01")) == {"DE"}
    assert atlas.countries("US", parse_day("2020-02-01")) == {"US"}
    with pytest.raises(KeyError):
        atlas.countries("Europe", parse_day("2020-02-01"))


def test_every_name_of_the_surface_can_be_had() -> None:
    for name in clauseproof.__all__:
        assert getattr(clauseproof, name) is not None


def test_the_surface_loads_nothing_until_it_is_used() -> None:
    code = "import sys, clauseproof; sys.exit('pydantic' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
