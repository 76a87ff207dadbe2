"""The summary on a terminal: one screen, the worst first, and nothing of the vendor's interpreted."""

import io
import re
from pathlib import Path

import pytest
from rich.cells import cell_len

from clauseproof.model.assurance import Assurance
from clauseproof.model.finding import Outcome
from clauseproof.reporting.table import allot
from clauseproof.reporting.terminal import render, show
from tests.reporting.example import example
from tests.reporting.support import Script, finding, simple

REPORT = "reports/example-crm-2026-11-24T0900Z/report.html"


class Tty(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("LINES", "40")


def many(number: int) -> Script:
    """A run with this many contradicted clauses and as many consistent ones."""
    script = Script()
    for n in range(number):
        for outcome, document in ((Outcome.BROKEN, "DPA"), (Outcome.HOLDS, "SLA")):
            script.clause(f"{document} {n}", f"Promise {n}", "Something.", ("k", ("a",), None, {}))
            script.verdict(f"{document} {n}", "k", ("a",), None, finding(outcome, "seen " * 30, Assurance.OBSERVED))
    return script


def test_groups_come_worst_first_and_the_path_comes_last(tmp_path: Path) -> None:
    lines = render(example().dossier(tmp_path / "run"), REPORT).splitlines()
    order = ["CONTRADICTED", "UNDECIDED", "NOT TESTED", "WAIVED", "CONSISTENT WHERE TESTED", "NEXT"]
    assert [line.split("  ")[0] for line in lines if line.split("  ")[0] in order] == order
    assert lines[-1] == REPORT


def test_every_clause_has_its_line(tmp_path: Path) -> None:
    text = render(example().dossier(tmp_path / "run"), REPORT, width=120)
    for line in (
        "X DPA 4.2  Encryption in transit", "? DPA 5.3  Who may use the key", "n DPA 7.1  Breach notice",
        "w DPA 9.4  Support logs", ". DPA 5.4  Key rotation",
    ):  # fmt: skip
        assert f"\n{line}" in text


@pytest.mark.parametrize("width", [80, 100, 120])
def test_no_line_is_wider_than_the_terminal_but_commands_and_paths(width: int, tmp_path: Path) -> None:
    lines = render(example().dossier(tmp_path / "run"), REPORT, width=width).splitlines()
    wide = [line for line in lines if cell_len(line) > width and not line.startswith("   clauseproof ")]
    assert wide == []


@pytest.mark.parametrize("number", [3, 30, 300])
def test_it_keeps_to_one_screen(number: int, tmp_path: Path) -> None:
    lines = render(many(number).dossier(tmp_path / "run"), REPORT, height=40).splitlines()
    assert len(lines) <= 40
    assert any(line.startswith("X DPA 0") for line in lines)


def test_what_does_not_fit_is_counted(tmp_path: Path) -> None:
    text = render(many(300).dossier(tmp_path / "run"), REPORT, height=40)
    shown = sum(line.startswith("X DPA ") for line in text.splitlines())
    assert f"and {300 - shown} more: DPA {shown}" in text


def test_lines_are_given_to_the_worst_first_and_to_all_at_least_one() -> None:
    assert allot([10, 10, 10], 15) == [10, 4, 1]
    assert allot([2, 2, 2], 50) == [2, 2, 2]
    assert allot([9, 9], 0) == [5, 1]


def test_where_there_is_no_terminal_there_is_no_escape_sequence(tmp_path: Path) -> None:
    stream = io.StringIO()
    show(example().dossier(tmp_path / "run"), REPORT, stream=stream)
    assert "\x1b" not in stream.getvalue()
    assert stream.getvalue().endswith(f"\n{REPORT}\n")


def test_a_terminal_gets_colours_and_the_same_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dossier = example().dossier(tmp_path / "run")
    monkeypatch.setenv("LINES", "51")
    stream = Tty()
    show(dossier, REPORT, stream=stream)
    plain = re.sub(r"\x1b\[[0-9;]*m", "", stream.getvalue())
    assert plain != stream.getvalue()
    assert [line.rstrip() for line in plain.splitlines()] == render(dossier, REPORT).splitlines()


def test_no_color_is_respected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    stream = Tty()
    show(example().dossier(tmp_path / "run"), REPORT, stream=stream)
    assert "\x1b[31" not in stream.getvalue()
    assert "\x1b[1;31" not in stream.getvalue()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("[bold red]loud[/bold red]", "[bold red]loud[/bold red]"),
        ("[link=https://evil.example]x[/link]", "[link=https://evil.example]x[/link]"),
        (":warning: fine", ":warning: fine"),
        ("\x1b[2J\x1b]8;;https://evil.example\x07x", "<U+001B>[2J<U+001B>]8;;"),
        ("a\rb\x08c", "a<U+000D>b<U+0008>c"),
        ("\u202eevil", "<U+202E>evil"),
        ("[/]", "[/]"),
    ],
)
def test_what_the_vendor_writes_is_shown_as_it_is(text: str, shown: str, tmp_path: Path) -> None:
    dossier = simple(text, vendor=text, operator=text).dossier(tmp_path / "run")
    stream = Tty()
    show(dossier, REPORT, stream=stream)
    plain = stream.getvalue()
    assert shown in plain
    assert "\x1b]8" not in plain
    assert "\x1b[2J" not in plain
    assert "\u202e" not in plain


def test_wide_letters_count_for_two_columns(tmp_path: Path) -> None:
    dossier = simple("東京" * 100, vendor="東京" * 40).dossier(tmp_path / "run")
    assert all(cell_len(line) <= 80 for line in render(dossier, REPORT, width=80).splitlines()[:-4])


def test_a_stream_that_knows_only_ascii_gets_ascii(tmp_path: Path) -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii", write_through=True)
    show(simple("Müller’s server", vendor="Müller GmbH").dossier(tmp_path / "run"), REPORT, stream=stream)
    assert b"M\\xfcller's server" in raw.getvalue()


def test_the_exit_code_is_explained(tmp_path: Path) -> None:
    stream = io.StringIO()
    show(simple().dossier(tmp_path / "run"), REPORT, exit_code=1, stream=stream)
    told = " ".join(stream.getvalue().split())
    assert "Technical observations, not a legal finding. Exit 1: a tier 1 or 2 promise is contradicted." in told


def test_commands_can_be_copied_whole(tmp_path: Path) -> None:
    lines = render(example().dossier(tmp_path / "run"), REPORT, width=80).splitlines()
    assert "   clauseproof run profiles/example-crm.yaml --drills --only 'DPA 3.4' --only 'DPA 5.3'" in lines


def test_a_long_path_is_not_broken(tmp_path: Path) -> None:
    path = "/" + "long/" * 40 + "report.html"
    stream = io.StringIO()
    show(simple().dossier(tmp_path / "run"), path, stream=stream)
    assert stream.getvalue().splitlines()[-1] == path


def test_an_interrupted_run_says_so(tmp_path: Path) -> None:
    assert "This run was interrupted" in render(simple(complete=False).dossier(tmp_path / "run"), REPORT)
