"""Formats by name, each drawn from the ledger alone."""

import subprocess
import sys
from pathlib import Path

import pytest

from clauseproof.model.errors import ClauseproofError
from clauseproof.reporting.interface import FORMATS, report
from tests.reporting.example import example


@pytest.mark.parametrize(
    ("name", "begins"), [("html", b"<!DOCTYPE html>"), ("junit", b"<?xml"), ("csv", b"\xef\xbb\xbfclause,")]
)
def test_a_run_is_reported_in_the_format_asked_for(name: str, begins: bytes, tmp_path: Path) -> None:
    assert report(example().write(tmp_path / "run"), name).startswith(begins)
    assert FORMATS[name].name == name


@pytest.mark.parametrize("name", FORMATS)
def test_the_same_run_gives_the_same_bytes(name: str, tmp_path: Path) -> None:
    first, second = (report(example().write(tmp_path / where), name) for where in ("one", "two"))
    assert first == second


def test_an_unknown_format_is_an_error_that_names_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(ClauseproofError, match="'pptx' is no format") as raised:
        report(example().write(tmp_path / "run"), "pptx")
    assert raised.value.what_to_do == "choose one of html, junit, csv"


def test_knowing_the_formats_loads_none_of_them() -> None:
    code = (
        "import sys, clauseproof.reporting.interface; print([m for m in ('jinja2', 'rich', 'xml') if m in sys.modules])"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"


def test_reports_need_neither_checks_nor_probes_nor_the_families_of_facts() -> None:
    code = (
        "import sys, clauseproof.reporting.html, clauseproof.reporting.junit, clauseproof.reporting.csv\n"
        "import clauseproof.reporting.terminal\n"
        "rooms = ('checks', 'clauseproof.probes', 'clauseproof.facts')\n"
        "print([name for name in sys.modules if name.startswith(rooms)])"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"
