"""The statement over a run, against the shapes that in-toto specifies."""

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from clauseproof.ledger.manifest import outcome, read_statement, statement
from clauseproof.model.assurance import Assurance
from clauseproof.model.finding import Finding, Outcome
from clauseproof.model.run import JudgedFrom
from clauseproof.model.verdict import Because, Ruling, Verdict
from tests.ledger.runs import CHECKS, CONTRACT, PROFILE, clause, finished, new_signer, payload, record, verdict, waiver

# Written from the published specifications: Statement v1, ResourceDescriptor, DigestSet and test-result v0.1.
DIGESTS = {"type": "object", "minProperties": 1, "additionalProperties": {"type": "string", "pattern": "^[0-9a-f]+$"}}
DESCRIPTOR = {
    "type": "object",
    "anyOf": [{"required": [key]} for key in ("uri", "digest", "content")],
    "properties": {
        "name": {"type": "string"},
        "uri": {"type": "string"},
        "digest": DIGESTS,
        "content": {"type": "string", "contentEncoding": "base64", "maxLength": 1368},
        "downloadLocation": {"type": "string"},
        "mediaType": {"type": "string", "pattern": "^[a-z]+/[a-z0-9.+-]+$"},
        "annotations": {"type": "object"},
    },
    "additionalProperties": False,
}
NAMES = {"type": "array", "items": {"type": "string"}, "uniqueItems": True}
STATEMENT = {
    "type": "object",
    "required": ["_type", "subject", "predicateType", "predicate"],
    "additionalProperties": False,
    "properties": {
        "_type": {"const": "https://in-toto.io/Statement/v1"},
        "subject": {"type": "array", "minItems": 1, "items": {**DESCRIPTOR, "required": ["digest"]}},
        "predicateType": {"const": "https://in-toto.io/attestation/test-result/v0.1"},
        "predicate": {
            "type": "object",
            "required": ["result", "configuration"],
            "additionalProperties": False,
            "properties": {
                "result": {"enum": ["PASSED", "WARNED", "FAILED"]},
                "configuration": {"type": "array", "items": DESCRIPTOR},
                "url": {"type": "string"},
                "passedTests": NAMES,
                "warnedTests": NAMES,
                "failedTests": NAMES,
            },
        },
    },
}
HOLDS = Finding(Outcome.HOLDS, "the lamp is lit", "", Assurance.OBSERVED)
BROKEN = Finding(Outcome.BROKEN, "the lamp is dark", "", Assurance.OBSERVED)
ALL_TESTED = record(profile=record().profile.model_copy(update={"clauses": (clause(1),)}))


def annotated(stated: dict[str, Any], role: str) -> list[dict[str, Any]]:
    found = stated["predicate"]["configuration"]
    return [each for each in found if each["annotations"]["clauseproof"]["role"] == role]


def test_the_statement_of_a_run_has_the_shape_of_the_specifications(tmp_path: Path) -> None:
    finished(tmp_path / "run", new_signer(), lit=False)
    Draft202012Validator(STATEMENT).validate(payload(tmp_path / "run"))


def test_the_envelope_says_that_its_payload_is_an_in_toto_statement(tmp_path: Path) -> None:
    finished(tmp_path / "run", new_signer())
    envelope = json.loads((tmp_path / "run/manifest.dsse.json").read_bytes())
    assert envelope["payloadType"] == "application/vnd.in-toto+json"


def test_subjects_are_named_once_each(tmp_path: Path) -> None:
    finished(tmp_path / "run", new_signer())
    names = [each["name"] for each in payload(tmp_path / "run")["subject"]]
    assert len(set(names)) == len(names)


def test_the_configuration_names_profile_contract_and_check_files_by_digest() -> None:
    stated = statement(record(), [], {"run.json": "a" * 64}, None)
    (profile,), (contract,), (check,) = (annotated(stated, role) for role in ("profile", "contract", "check"))
    assert (profile["name"], profile["digest"]["sha256"]) == ("acme.yaml", hashlib.sha256(PROFILE).hexdigest())
    assert (contract["name"], contract["digest"]["sha256"]) == ("contract.md", hashlib.sha256(CONTRACT).hexdigest())
    assert contract["annotations"]["clauseproof"]["status"] == "draft"
    assert {check["name"]: check["digest"]["sha256"]} == CHECKS


def test_the_run_is_annotated_with_who_from_where_with_which_leave_and_after_which_run() -> None:
    previous, again = "sha256:" + "d" * 64, JudgedFrom(run="first", manifest=None)
    stated = statement(record(previous=previous, judged_from=again), [], {"run.json": "a" * 64}, None)
    (run,) = annotated(stated, "run")
    said = run["annotations"]["clauseproof"]
    assert (said["operator"], said["vantages"]) == ("A. Ito, Acme GmbH", ["local"])
    assert (said["permission"], said["clauseproof"]) == (["connect", "own-account"], record().clauseproof)
    assert (said["complete"], said["previous"]) == (True, previous)
    assert said["judged_from"] == {"run": "first", "manifest": None}
    assert run["digest"]["sha256"] == "a" * 64


@pytest.mark.parametrize(("finished_at", "said"), [(None, None), (record().finished, "2026-11-24T09:00:03Z")])
def test_the_run_is_annotated_with_its_end_if_it_had_one(finished_at: Any, said: str | None) -> None:
    (run,) = annotated(statement(record(finished=finished_at), [], {"run.json": "a" * 64}, None), "run")
    assert run["annotations"]["clauseproof"]["finished"] == said


def test_the_signers_public_key_stands_in_the_statement_under_its_fingerprint() -> None:
    signer = new_signer()
    (key,) = annotated(statement(record(), [], {"run.json": "a" * 64}, signer.public), "signer")
    assert base64.b64decode(key["content"]) == signer.public.der
    assert key["digest"]["sha256"] == signer.keyid


RESULTS: dict[str, tuple[list[Verdict], str]] = {
    "everything satisfied": ([verdict("hall", HOLDS), verdict("attic", HOLDS)], "PASSED"),
    "one contradicted": ([verdict("hall", HOLDS), verdict("attic", BROKEN)], "FAILED"),
    "one undecided": ([verdict("hall", HOLDS), verdict("attic")], "WARNED"),
    "contradicted and undecided": ([verdict("hall", BROKEN), verdict("attic")], "FAILED"),
    "one not tested": ([verdict("hall", ruling=Ruling.NOT_TESTED, because=Because.PERMISSION)], "WARNED"),
    "one waived": ([verdict("hall", ruling=Ruling.WAIVED, waiver=waiver())], "WARNED"),
    "nothing tested": ([], "WARNED"),
}


@pytest.mark.parametrize(("verdicts", "result"), RESULTS.values(), ids=RESULTS.keys())
def test_the_result_is_passed_only_if_everything_is_satisfied(verdicts: list[Verdict], result: str) -> None:
    assert outcome(ALL_TESTED, verdicts)["result"] == result


def test_a_clause_without_claims_is_a_warning() -> None:
    assert outcome(record(), [verdict("hall", HOLDS)])["result"] == "WARNED"


def test_a_partial_run_does_not_pass() -> None:
    partial = ALL_TESTED.model_copy(update={"complete": False})
    assert outcome(partial, [verdict("hall", HOLDS)])["result"] == "WARNED"


def test_every_verdict_is_in_one_list_by_its_name() -> None:
    given = [verdict("hall", HOLDS), verdict("attic", BROKEN), verdict("cellar")]
    lists = outcome(record(), given)
    assert lists["passedTests"] == ["C 1 / lamp-lit / hall / lit at night"]
    assert lists["failedTests"] == ["C 1 / lamp-lit / attic / lit at night"]
    assert lists["warnedTests"] == ["C 1 / lamp-lit / cellar / lit at night"]


def test_a_statement_is_read_back() -> None:
    signer, files = new_signer(), {"run.json": "a" * 64}
    stated = statement(record(), [verdict("hall", HOLDS)], files, signer.public)
    read = read_statement(json.dumps(stated).encode())
    assert (read.files, read.signer) == (files, signer.public)
    assert read.outcome == outcome(record(), [verdict("hall", HOLDS)])
    assert read.run["id"] == record().id


def without(key: str) -> dict[str, Any]:
    stated = statement(record(), [], {"run.json": "a" * 64}, new_signer().public)
    del stated["predicate"][key]
    return stated


def with_a_foreign_key() -> dict[str, Any]:
    stated = statement(record(), [], {"run.json": "a" * 64}, new_signer().public)
    annotated(stated, "signer")[0]["content"] = base64.b64encode(new_signer().public.der).decode()
    return stated


FOREIGN: dict[str, Any] = {
    "no object": [],
    "nothing": {},
    "another statement": statement(record(), [], {"run.json": ""}, None)
    | {"_type": "https://in-toto.io/Statement/v0.1"},
    "another predicate": statement(record(), [], {"run.json": ""}, None) | {"predicateType": "https://slsa.dev/x"},
    "a file named twice": statement(record(), [], {"run.json": ""}, None)
    | {"subject": [{"name": "run.json", "digest": {"sha256": digest * 64}} for digest in "ab"]},
    "no result": without("result"),
    "no configuration": without("configuration"),
    "no run": statement(record(), [], {"run.json": ""}, None)
    | {"predicate": {"result": "", "configuration": [], "passedTests": [], "warnedTests": [], "failedTests": []}},
    "a key that its digest does not name": with_a_foreign_key(),
}


@pytest.mark.parametrize("stated", FOREIGN.values(), ids=FOREIGN.keys())
def test_what_is_no_statement_of_a_run_is_refused(stated: Any) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 (each says in its own words why)
        read_statement(json.dumps(stated).encode())
