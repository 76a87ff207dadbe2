"""Whole words in a text, whatever the typesetter did."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clauseproof.facts.wording import sentences_with


@pytest.mark.parametrize(
    ("phrase", "text"),
    [
        ("Example CRM", "The EXAMPLE  CRM platform"),
        ("Example CRM", "The Example-CRM platform"),
        ("Example CRM", "the Example\u00a0CRM"),
        ("eu-central-1", "hosted in eu\u2011central\u20111."),
        ("eu-central-1", "hosted in eu- central-1."),
        ("Frankfurt", "in Frank- furt am Main"),
        ("C++ (LTS)", "supports C++ (LTS)"),
    ],
)
def test_a_phrase_is_found_across_spaces_hyphens_and_line_ends(phrase: str, text: str) -> None:
    assert list(sentences_with(phrase, text)) == [text if "Frank-" not in text else "in Frankfurt am Main"]


@pytest.mark.parametrize(
    ("phrase", "text"),
    [
        ("EU", "in Europe"),
        ("CRM", "the CRMs"),
        ("CRM", "MyCRM"),
        ("eu-central-1", "eu-central-12"),
        ("", "anything"),
        (" - ", "a - b"),
    ],
)
def test_parts_of_words_and_empty_phrases_are_not_found(phrase: str, text: str) -> None:
    assert list(sentences_with(phrase, text)) == []


def test_the_sentence_around_a_phrase_comes_with_it() -> None:
    text = "We audited. The CRM is in scope. Mail is not; the CRM again"
    assert list(sentences_with("CRM", text)) == ["The CRM is in scope.", "the CRM again"]


def test_a_sentence_without_an_end_is_cut() -> None:
    [found] = sentences_with("CRM", "a" * 1000 + " CRM " + "b" * 1000)
    assert len(found) == 603


@given(st.text(max_size=50), st.text(max_size=300))
def test_any_phrase_and_text_are_survived(phrase: str, text: str) -> None:
    for found in sentences_with(phrase, text):
        assert 0 < len(found) <= len(text)
