"""The JSON Schema that editors use says what the reader accepts, and the file in the repository is up to date."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from clauseproof.doors.assembly import load
from clauseproof.model.units import parse_duration
from clauseproof.profile.schema import profile_schema, spell_schema
from tests.profile.support import PROFILE, registry

ROOT = Path(__file__).parents[2]
SCHEMA = profile_schema(registry())


class AsAnEditor(yaml.SafeLoader):
    """YAML 1.2, as editors read it: numbers and booleans are typed, dates are texts."""


AsAnEditor.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def faults(profile: str) -> list[str]:
    """What an editor would underline, as paths into the profile."""
    value: Any = yaml.load(profile, Loader=AsAnEditor)
    return [error.json_path for error in Draft202012Validator(SCHEMA).iter_errors(value)]


def test_it_is_a_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_a_profile_that_the_reader_accepts_has_no_fault() -> None:
    assert faults(PROFILE) == []


def test_texts_that_look_like_numbers_have_no_fault() -> None:
    assert faults(PROFILE.replace("Acme GmbH", "4711").replace("id: DPA,", "id: 1.10,")) == []


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        ("buyer:", "byer:", "$"),
        ("status: draft", "status: drafted", "$.contract[0].status"),
        ("2026-11-16, to", "yesterday, too", "$.permission.valid"),
        ("allows: [scan, drill]", "allows: [scam]", "$.permission.allows[0]"),
        ("impact: 4", "impact: 6", "$.datasets.mail.impact"),
        ("{letterbox: front door,", "{leterbox: front door,", "$.subjects.box"),
        ("  pigeon: {bird", "  pi geon: {bird", "$.subjects"),
        ("assurance: observed", "assurance: seen", "$.clauses[0].assurance"),
        ("letters-arrive:", "letters-arive:", "$.clauses[0].claims[0]"),
        ("within: 2 days", "within: 1m", "$.clauses[0].claims[0]['letters-arrive'].within"),
        ("where: [box]", "where: []", "$.clauses[0].claims[0]['letters-arrive'].where"),
        ("where: [box], ", "", "$.clauses[0].claims[0]['letters-arrive']"),
        ("tier: 2", "tier: heavy", "$.clauses[1].tier"),
    ],
)
def test_what_the_reader_refuses_is_underlined(old: str, new: str, path: str) -> None:
    assert PROFILE.count(old) == 1
    assert path in faults(PROFILE.replace(old, new))


def test_a_claim_and_its_keys_are_described_by_their_docstrings() -> None:
    claim = SCHEMA["$defs"]["claim.letters-arrive"]
    assert claim["description"].startswith("Letters arrive in time.")
    assert SCHEMA["$defs"]["Dataset"]["description"].startswith("Data the vendor holds")
    assert SCHEMA["$defs"]["Grant"]["properties"]["hosts"]["description"].startswith("host names, `*.suffix`")
    assert SCHEMA["$defs"]["subject.bird.Owl"]["properties"]["holds"]["description"].startswith("the datasets")


def test_nothing_may_be_null() -> None:
    assert '"null"' not in spell_schema(registry())


@pytest.mark.parametrize("text", ["15 min", "0.5 s", "250 ms", "2 hours", "1 week", "90 days", "PT15M", "P90D", "P2W"])
def test_an_editor_and_the_reader_agree_on_a_duration(text: str) -> None:
    assert parse_duration(text)
    assert faults(PROFILE.replace("within: 2 days", f"within: {text}")) == []


@pytest.mark.parametrize("text", ["1m", "3M", "15", "15min 3", "min", "-2 days", "2 fortnights"])
def test_an_editor_and_the_reader_agree_on_what_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="is no clear duration"):
        parse_duration(text)
    assert faults(PROFILE.replace("within: 2 days", f"within: {text}"))


def test_the_file_in_the_repository_is_what_the_checks_give() -> None:
    built_in, _ = load()
    written = (ROOT / "profiles" / "schema.json").read_text(encoding="utf-8")
    assert written == spell_schema(built_in), "profiles/schema.json is out of date: run make schema"
