"""JUnit XML: what is not proven never reads as passed."""

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from clauseproof.model.assurance import Assurance
from clauseproof.model.finding import Outcome
from clauseproof.reporting import junit
from tests.reporting.example import example
from tests.reporting.support import Script, finding, simple

KNOWN = {
    "testsuites": {"name", "tests", "failures", "errors", "skipped", "time"},
    "testsuite": {"name", "tests", "failures", "errors", "skipped", "time", "timestamp", "hostname"},
    "testcase": {"name", "classname", "time"},
    "properties": set(),
    "property": {"name", "value"},
    "failure": {"message", "type"},
    "error": {"message", "type"},
    "skipped": {"message", "type"},
    "system-out": set(),
}
"""Elements and attributes that the schemas of Jenkins, GitLab and Ant have in common."""
CHILDREN = {
    "testsuites": {"testsuite"},
    "testsuite": {"properties", "testcase"},
    "testcase": {"properties", "failure", "error", "skipped", "system-out"},
    "properties": {"property"},
}


def suites(script: Script, directory: Path) -> ET.Element:
    return ET.fromstring(junit.render(script.dossier(directory / "run")))


def cases(script: Script, directory: Path) -> list[ET.Element]:
    return list(suites(script, directory).iter("testcase"))


def properties(case: ET.Element) -> dict[str, str]:
    return {one.attrib["name"]: one.attrib["value"] for one in case.iter("property")}


def result(case: ET.Element) -> str:
    found = [child.tag for child in case if child.tag in ("failure", "error", "skipped")]
    assert len(found) <= 1
    return found[0] if found else "passed"


def test_it_keeps_to_the_common_structure(tmp_path: Path) -> None:
    for element in suites(example(), tmp_path).iter():
        assert set(element.attrib) <= KNOWN[element.tag]
        assert {child.tag for child in element} <= CHILDREN.get(element.tag, set())
        if element.tag == "testcase":
            assert next(iter(element)).tag == "properties"


def test_each_verdict_maps_to_what_a_pipeline_understands(tmp_path: Path) -> None:
    said = {(properties(case)["verdict"], result(case)) for case in cases(example(), tmp_path)}
    assert said == {
        ("not-satisfied", "failure"),
        ("inconclusive", "error"),
        ("waived", "skipped"),
        ("not-tested", "skipped"),
        ("satisfied", "passed"),
    }


def test_there_is_a_case_for_every_verdict_and_every_bare_clause(tmp_path: Path) -> None:
    found = cases(example(), tmp_path)
    assert len(found) == len(example().verdicts) + 1
    assert len({(case.attrib["classname"], case.attrib["name"]) for case in found}) == len(found)
    (bare,) = [case for case in found if case.attrib["classname"] == "DPA 7.1"]
    assert (bare.attrib["name"], result(bare)) == ("no claim in the profile", "skipped")


def test_the_counts_are_those_of_the_cases(tmp_path: Path) -> None:
    root = suites(example(), tmp_path)
    found = [result(case) for case in root.iter("testcase")]
    for element in (root, root[0]):
        assert {key: int(element.attrib[key]) for key in ("tests", "failures", "errors", "skipped")} == {
            "tests": len(found),
            "failures": found.count("failure"),
            "errors": found.count("error"),
            "skipped": found.count("skipped"),
        }


def test_a_case_carries_clause_tier_assurance_words_and_subjects(tmp_path: Path) -> None:
    (case,) = cases(simple(), tmp_path)
    assert case.attrib["classname"] == "DPA 4.2"
    assert case.attrib["name"] == "tls-floor / api / TLS 1.3 or higher"
    told = properties(case)
    assert {key: told[key] for key in ("clause", "claim", "tier", "assurance", "words", "subjects")} == {
        "clause": "DPA 4.2",
        "claim": "tls-floor",
        "tier": "1",
        "assurance": "observed",
        "words": "TLS 1.3 or higher",
        "subjects": "api",
    }
    failure = case.find("failure")
    assert failure is not None
    assert failure.attrib == {"message": "Contradicted: 192.0.2.7 accepted TLS 1.2", "type": "not-satisfied"}
    assert failure.text == "broken (observed): 192.0.2.7 accepted TLS 1.2"


def test_a_waived_verdict_names_who_waived_it_until_when(tmp_path: Path) -> None:
    (waived,) = [case for case in cases(example(), tmp_path) if properties(case)["verdict"] == "waived"]
    told = waived.find("skipped")
    assert told is not None
    assert told.attrib["message"] == "Waived until 31 March 2027, by M. Roy, CISO: the logs move to the EU in March"


@pytest.mark.parametrize("text", ["]]></failure><testcase/>", "\x00\x1b[31m\ufffe\ud800", "&lol; <!ENTITY>", "\u202e"])
def test_what_the_vendor_writes_stays_text_and_the_file_stays_xml(text: str, tmp_path: Path) -> None:
    script = simple("x", vendor=text.replace("\ud800", ""))
    told = finding(Outcome.BROKEN, text.replace("\ud800", ""), Assurance.OBSERVED, about=text.replace("\ud800", "?"))
    script.verdict("DPA 4.2", "other", ("api",), text.replace("\ud800", ""), told)
    root = suites(script, tmp_path)
    assert len(list(root.iter("testcase"))) == 2


def test_a_huge_finding_is_shortened(tmp_path: Path) -> None:
    assert len(junit.render(simple("x" * 1_000_000).dossier(tmp_path / "run"))) < 40_000


def test_what_a_killed_run_did_not_judge_is_skipped_and_not_absent(tmp_path: Path) -> None:
    script = simple("kept", Outcome.HOLDS, complete=False)
    script.verdicts.clear()
    (case,) = cases(script, tmp_path)
    assert (case.attrib["classname"], result(case)) == ("DPA 4.2", "skipped")
    assert properties(case)["verdict"] == "not-tested"
