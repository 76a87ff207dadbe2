"""What others wrote is shown whole and plain: nothing hidden, nothing endless."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clauseproof.reporting.text import block, clause_ids, count, line, listed, sentence, visible


@pytest.mark.parametrize(
    ("hidden", "shown"),
    [
        ("\x1b[31mred", "<U+001B>[31mred"),
        ("invoice\u202egnp.exe", "invoice<U+202E>gnp.exe"),
        ("exam\u200bple", "exam<U+200B>ple"),
        ("\u2066isolated\u2069", "<U+2066>isolated<U+2069>"),
        ("a\x00b\x7fc", "a<U+0000>b<U+007F>c"),
        ("\ud800", "<U+D800>"),
        ("one\u2028two", "one<U+2028>two"),
        ("\U000e0041tag", "<U+E0041>tag"),
        ("\ufffe", "<U+FFFE>"),
    ],
)
def test_a_character_nobody_would_see_is_named(hidden: str, shown: str) -> None:
    assert visible(hidden) == shown


def test_letters_of_every_script_and_line_breaks_stay() -> None:
    assert visible("Müller, Ελλάδα, 東京,\n\tпривет\u00a0«да»") == "Müller, Ελλάδα, 東京,\n\tпривет\u00a0«да»"


def test_a_pile_of_accents_does_not_climb_into_the_next_line() -> None:
    shown = visible("e" + "\u0301" * 50)
    assert shown.startswith("e\u0301\u0301\u0301<U+0301>")
    assert shown.count("\u0301") == 3


@given(st.text(alphabet=st.characters(), max_size=200))
def test_whatever_is_shown_can_be_seen(text: str) -> None:
    assert all(c.isprintable() or c in "\n\t" or unicodedata.category(c) == "Zs" for c in visible(text))


@given(st.text(alphabet=st.characters(), max_size=300), st.integers(10, 100))
def test_a_line_is_one_line_and_no_longer_than_asked(text: str, limit: int) -> None:
    shown = line(text, limit)
    assert len(shown) <= limit
    assert len(shown.splitlines()) <= 1


def test_of_a_huge_text_a_line_shows_the_beginning_and_that_there_was_more() -> None:
    assert line("word " * 1_000_000, 20) == "word word word word…"


def test_a_block_says_how_much_it_leaves_out() -> None:
    assert block("x" * 5000, 10) == "xxxxxxxxxx… [10 of 5,000 characters]"


@pytest.mark.parametrize(
    ("finding", "said"),
    [
        ("the policy could not be read", "The policy could not be read."),
        ("data-key was rotated", "data-key was rotated."),
        ("api answered", "api answered."),
        ("kms:GetKeyPolicy was refused", "kms:GetKeyPolicy was refused."),
        ("It ended.", "It ended."),
        ("", ""),
    ],
)
def test_a_finding_becomes_a_sentence_unless_a_name_begins_it(finding: str, said: str) -> None:
    assert sentence(finding, ("api",)) == said


def test_lists_read_as_people_say_them() -> None:
    assert [listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"]), listed([])] == [
        "a",
        "a and b",
        "a, b and c",
        "",
    ]
    assert listed([str(n) for n in range(9)], 3) == "0, 1, 2 and 6 more"


def test_clauses_of_one_document_share_its_name() -> None:
    assert clause_ids(["DPA 3.1", "DPA 4.2", "MSA 1", "MSA 2"]) == "DPA 3.1, 4.2, MSA 1 and 2"
    assert clause_ids(["A", "B"]) == "A and B"


def test_counts_have_their_noun() -> None:
    assert (count(1, "promise"), count(1154, "look")) == ("1 promise", "1,154 looks")
