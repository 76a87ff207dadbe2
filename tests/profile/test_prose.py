"""The same words are found whatever the typesetter did to them, and other words are not."""

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from clauseproof.profile.prose import Passage, Prose, fold, span

PROMISE = "TLS 1.3 or higher shall be used for every connection, at the Customer's cost."

WORD = st.from_regex(r"[a-z]{2,10}", fullmatch=True)
SENTENCE = st.lists(WORD, min_size=3, max_size=12)
SPACE = st.text(" \t\n\u00a0\u2009", min_size=1, max_size=4)


def prose(*lines: str) -> Prose:
    return Prose(Passage(f"line {number}", line) for number, line in enumerate(lines, 1))


@pytest.mark.parametrize(
    "contract",
    [
        "TLS  1.3 or\u00a0higher\tshall be used for every connection, at the Customer's cost.",
        "TLS 1.3 or higher shall be used for every con\u00adnection, at the Customer\u2019s cost.",
        "TLS 1.3 or higher shall be used for every con-\nnection, at the Customer's cost.",
        "TLS 1.3 or higher shall be used for every con\u2010\nnection, at the Customer's cost.",
        "> TLS 1.3 or **higher** shall be used for *every* connection, at the `Customer's` cost.",
        "### TLS 1.3 or higher shall be used for every connection, at the __Customer's__ cost.",
        "TLS 1.3 or higher shall be used for [every connection](annex.md), at the Customer's cost.",
        "TLS 1.3 or higher shall be used for everyconnection,at the Customer's cost.",
        "T L S 1.3 or hi gher shall be used for every connection , at the Customer's cost .",
        "| TLS 1.3 or higher | shall be used for every connection, at the Customer's cost. |",
        "\u2022 TLS 1.3 or higher shall be used for every connection, at the Customer's cost.",
        "ＴＬＳ 1.3 or higher shall be used for every connection, at the Customer's cost.",
    ],
)
def test_a_promise_is_found_however_it_was_set(contract: str) -> None:
    assert prose(*contract.split("\n")).find(PROMISE) is not None


@pytest.mark.parametrize(
    ("contract", "promise"),
    [
        ("the of\ufb01ce", "the office"),
        ("“said” ‘so’ «here»", '"said" \'so\' "here"'),
        ("a – b — c ‐ d − e", "a - b - c - d - e"),
        ("cafe\u0301", "café"),
        ("12–15 days", "12-15 days"),
        ("customer-\nmanaged keys", "customer-managed keys"),
        ("within 12-\n15 days", "within 12-15 days"),
    ],
)
def test_signs_have_one_spelling(contract: str, promise: str) -> None:
    assert fold(contract) == fold(promise)
    assert prose(*contract.split("\n")).find(promise) is not None


@pytest.mark.parametrize(
    ("contract", "promise"),
    [
        ("small data is kept", "all data"),
        ("all database rows", "all data"),
        ("within 15 minutes", "within 1"),
        ("within 12 15 days", "within 1215 days"),
        ("within 1215 days", "within 12-15 days"),
        ("TLS 1.2 or higher", "TLS 1.3 or higher"),
        ("the customer may", "the Customer may"),
        ("shall not be read", "shall be read"),
        ("it may.", "it may!"),
        ("~~TLS 1.3~~ or higher", "TLS 1.3 or higher"),
        ("anything", "***"),
    ],
)
def test_other_words_are_not_found(contract: str, promise: str) -> None:
    assert prose(contract).find(promise) is None


def test_a_whole_word_is_found_behind_one_that_only_contains_it() -> None:
    found = prose("small data", "and all data", "all data").find("all data")
    assert found is not None
    assert found.label == "line 2"


def test_the_passage_is_the_one_where_the_promise_begins() -> None:
    found = prose("", "Preamble.", "Vendor shall", "delete", "everything.").find("shall delete everything")
    assert found is not None
    assert found.label == "line 3"


def test_long_lines_are_searched_across_their_pieces() -> None:
    line = "word " * 1_000 + "TLS 1.3 or higher " + "word " * 1_000
    assert prose(line).find("word TLS 1.3 or higher word") is not None
    assert prose("x" * 995 + " all data").find("all data") is not None


def test_a_hundred_thousand_false_starts_end_soon() -> None:
    assert prose("small data, " * 100_000).find("all data") is None


@given(SENTENCE, st.data())
def test_white_space_between_words_never_breaks_a_match(words: list[str], data: st.DataObject) -> None:
    contract = words[0] + "".join(data.draw(SPACE) + word for word in words[1:])
    assert prose(*contract.split("\n")).find(" ".join(words)) is not None


@given(SENTENCE, st.data())
def test_hyphenation_never_breaks_a_match(words: list[str], data: st.DataObject) -> None:
    hyphen = data.draw(st.sampled_from(["-\n", "\u00ad", "\u2010\n", "-\n  ", "\u00ad\n"]))
    index = data.draw(st.integers(0, len(words) - 1))
    cut = data.draw(st.integers(1, len(words[index]) - 1))
    broken = [*words[:index], words[index][:cut] + hyphen + words[index][cut:], *words[index + 1 :]]
    assert prose(*" ".join(broken).split("\n")).find(" ".join(words)) is not None


@given(SENTENCE, st.data())
def test_marks_around_a_word_never_break_a_match(words: list[str], data: st.DataObject) -> None:
    mark = data.draw(st.sampled_from(["*", "**", "_", "`", "***"]))
    index = data.draw(st.integers(0, len(words) - 1))
    marked = [*words[:index], f"{mark}{words[index]}{mark}", *words[index + 1 :]]
    assert prose(" ".join(marked)).find(" ".join(words)) is not None


@given(SENTENCE, st.data())
@example(["aa", "bb", "aa"], None)
def test_a_contract_that_lacks_a_word_is_no_match(words: list[str], data: st.DataObject | None) -> None:
    index = 1 if data is None else data.draw(st.integers(0, len(words) - 1))
    assert prose(" ".join(words[:index] + words[index + 1 :])).find(" ".join(words)) is None


@given(SENTENCE, SENTENCE, st.data())
def test_a_promise_that_skips_a_word_of_the_contract_is_no_match(
    words: list[str], others: list[str], data: st.DataObject
) -> None:
    index = data.draw(st.integers(1, len(words) - 2))
    contract, promise = " ".join(words + others), " ".join(words[:index] + words[index + 1 :])
    assume(fold(promise) not in fold(contract))
    assert prose(contract).find(promise) is None


@given(st.text(max_size=80), st.text(max_size=80))
def test_folding_two_lines_is_folding_their_text(first: str, second: str) -> None:
    whole, parts = fold(f"{first}\n{second}"), fold(first) + fold(second)
    assert whole.replace(" ", "") == parts.replace(" ", "")


@pytest.mark.parametrize(
    ("contract", "promise", "label", "nearest"),
    [
        (("Annex.", "TLS 1.2 or higher shall be used.", "End."), "TLS 1.3 or higher shall be used", "line 2",
         "TLS 1.2 or higher shall be used"),
        (("Vendor shall", "erase all data", "in 30 days"), "Vendor shall delete all data", "line 1",
         "Vendor shall erase all data"),
    ],
)  # fmt: skip
def test_the_nearest_passage_shares_most_words(
    contract: tuple[str, ...], promise: str, label: str, nearest: str
) -> None:
    assert prose(*contract).nearest(promise) == Passage(label, nearest)


def test_nothing_is_near_what_shares_less_than_a_third() -> None:
    assert prose("The weather was fine that day.").nearest("Keys shall be rotated in each year that passes") is None


@pytest.mark.parametrize(
    ("words", "marked"),
    [
        ("TLS 1.3 or higher", "TLS 1.3 or **higher"),
        ("every connection", "every con\u00adnection"),
        ("Customer's", "Customer\u2019s"),
        ("cost", "cost"),
    ],
)
def test_the_span_of_words_is_that_of_the_promise_as_written(words: str, marked: str) -> None:
    promise = "TLS 1.3 or **higher** shall be used for every con\u00adnection, at the Customer\u2019s cost."
    found = span(words, promise)
    assert found is not None
    assert promise[slice(*found)] == marked


def test_a_span_is_that_of_whole_words() -> None:
    assert span("all data", "small data and all data") == (15, 23)
    assert span("all data", "small data") is None


def test_a_span_ends_behind_combining_marks() -> None:
    assert span("cafe\u0301", "a cafe\u0301 b") == (2, 7)


@given(SENTENCE, st.data())
def test_the_span_of_any_words_folds_to_them(words: list[str], data: st.DataObject) -> None:
    begin = data.draw(st.integers(0, len(words) - 1))
    end = data.draw(st.integers(begin + 1, len(words)))
    promise, sought = " ".join(words), " ".join(words[begin:end])
    found = span(sought, promise)
    assert found is not None
    assert promise[slice(*found)] == sought
