"""The table for procurement: complete, and nothing in it is a formula."""

import csv
import io
from pathlib import Path

import pytest

from clauseproof.model.assurance import Assurance
from clauseproof.model.finding import Outcome
from clauseproof.reporting import csv as room
from tests.reporting.example import example
from tests.reporting.support import Script, finding, simple


def rows(script: Script, directory: Path) -> list[dict[str, str]]:
    data = room.render(script.dossier(directory / "run"))
    assert data.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def test_there_is_a_row_for_every_claim_and_subject_and_every_bare_clause(tmp_path: Path) -> None:
    found = [(row["clause"], row["claim"], row["subject"], row["words"]) for row in rows(example(), tmp_path)]
    expected = [
        (verdict.clause, verdict.claim, subject, verdict.words or "")
        for verdict in example().verdicts
        for subject in verdict.subjects
    ]
    assert sorted(found) == sorted([*expected, ("DPA 7.1", "", "", "")])


def test_a_claim_on_all_its_subjects_at_once_has_a_row_for_each(tmp_path: Path) -> None:
    script = simple()
    told = finding(Outcome.BROKEN, "one key for both", Assurance.REPORTED)
    script.verdict("DPA 4.2", "distinct-keys", ("api", "app"), None, told)
    found = [row["subject"] for row in rows(script, tmp_path) if row["claim"] == "distinct-keys"]
    assert found == ["api", "app"]


def test_a_row_says_what_was_seen_how_strongly_and_what_was_not(tmp_path: Path) -> None:
    row = next(row for row in rows(example(), tmp_path) if row["clause"] == "DPA 3.4")
    assert (row["verdict"], row["reads"]) == ("inconclusive", "Undecided")
    assert (row["assurance"], row["assurance_required"]) == ("stated", "reported")
    assert row["seen"].startswith("the backup vaults could not be listed; the vendor’s own paper names")
    assert row["settled_by"].startswith("ask for a read-only role")
    assert row["not_tested"] == "also during restoration: no restoration was staged"
    assert row["evidence"].startswith("sha256:")


def test_a_clause_without_claims_says_so(tmp_path: Path) -> None:
    row = next(row for row in rows(example(), tmp_path) if row["clause"] == "DPA 7.1")
    assert (row["verdict"], row["not_tested"]) == ("not-tested", "no claim in the profile")


@pytest.mark.parametrize(
    "text",
    [
        "=cmd|'/c calc'!A1", "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", "＝1", "\u200b=1", '","=1',
        "=1\r\n=2",
    ],
)  # fmt: skip
def test_no_cell_is_a_formula(text: str, tmp_path: Path) -> None:
    script = simple(text, vendor=text, contract=example().contract)
    script.clause(text, text, text, untested={text: text})
    for row in rows(script, tmp_path):
        for cell in row.values():
            assert not cell.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"))
            assert "\u200b" not in cell


def test_a_row_says_which_ways_the_looks_went_that_it_rests_on(tmp_path: Path) -> None:
    script = simple(way="http://192.0.2.1:3128")
    told = finding(Outcome.HOLDS, "agreed", Assurance.OBSERVED, script.look("tls.scan", "api", {}))
    script.verdict("DPA 4.2", "tls-ciphers", ("api",), None, told)
    script.clause("DPA 7.1", "Bare", "Nothing tests this.")
    ways = {row["claim"]: row["way"] for row in rows(script, tmp_path)}
    assert ways == {"tls-floor": "http://192.0.2.1:3128", "tls-ciphers": "direct", "": ""}


def test_a_row_that_rests_on_looks_of_several_ways_names_them_all(tmp_path: Path) -> None:
    script = simple(way="=cmd|'/c calc'!A1")
    ways = ("=1+1", "direct", "socks5://192.0.2.1:1080")
    seen = [script.look(f"tls.scan-{number}", "api", {}, way=way) for number, way in enumerate(ways)]
    script.verdict("DPA 4.2", "tls-ciphers", ("api",), None, finding(Outcome.HOLDS, "x", Assurance.OBSERVED, *seen))
    found = {row["claim"]: row["way"] for row in rows(script, tmp_path)}
    assert found["tls-ciphers"] == "'=1+1; direct; socks5://192.0.2.1:1080"
    assert found["tls-floor"] == "'=cmd|'/c calc'!A1"


def test_a_cell_fits_into_a_spreadsheet(tmp_path: Path) -> None:
    assert max(len(cell) for row in rows(simple("x" * 200_000), tmp_path) for cell in row.values()) < 32_767


def test_lines_inside_a_cell_do_not_break_the_table(tmp_path: Path) -> None:
    (row,) = rows(simple('one\ntwo, "three"'), tmp_path)
    assert row["seen"] == 'one\ntwo, "three"'


def test_of_a_clause_half_judged_only_the_other_half_is_called_not_judged(tmp_path: Path) -> None:
    script = simple("kept", Outcome.HOLDS, complete=False)
    claims = (*script.clauses[0].claims, script.clauses[0].claims[0].model_copy(update={"kind": "hsts", "words": None}))
    script.clauses[0] = script.clauses[0].model_copy(update={"claims": claims})
    judged, rest = rows(script, tmp_path)
    assert (judged["claim"], judged["verdict"], judged["not_tested"]) == ("tls-floor", "satisfied", "")
    assert (rest["verdict"], rest["not_tested"]) == ("not-tested", "hsts: the run ended before this was judged")


def test_what_a_killed_run_did_not_judge_has_a_row_that_says_so(tmp_path: Path) -> None:
    script = simple(complete=False)
    script.verdicts.clear()
    (row,) = rows(script, tmp_path)
    assert (row["clause"], row["verdict"]) == ("DPA 4.2", "not-tested")
    assert "the run ended before this was judged" in row["not_tested"]
