"""Tested words are found in the promise, and only they are marked."""

from hypothesis import given
from hypothesis import strategies as st

from clauseproof.model.verdict import Ruling
from clauseproof.reporting.words import locate, passages

PROMISE = "Customer may revoke its key at any time; Vendor shall lose access within 5 minutes."


def marked(promise: str, *tested: tuple[str, Ruling]) -> list[tuple[str, str]]:
    return [(p.text, str(p.ruling)) for p in passages(promise, tested) if p.ruling]


def test_tested_words_are_marked_with_their_verdict_and_the_rest_is_bare() -> None:
    found = passages(PROMISE, [("revoke its key", Ruling.SATISFIED)])
    assert [(p.text, p.ruling) for p in found] == [
        ("Customer may ", None),
        ("revoke its key", Ruling.SATISFIED),
        (" at any time; Vendor shall lose access within 5 minutes.", None),
    ]


def test_white_space_quotes_dashes_and_soft_hyphens_do_not_hide_words() -> None:
    promise = "The vendor’s sub\u00adprocessors –\n  all of them – are listed."
    assert marked(promise, ("vendor's subprocessors - all of them", Ruling.SATISFIED)) == [
        ("vendor’s sub\u00adprocessors –\n  all of them", "satisfied")
    ]


def test_where_claims_overlap_the_worst_verdict_counts() -> None:
    assert marked(
        PROMISE,
        ("revoke its key at any time", Ruling.SATISFIED),
        ("its key", Ruling.NOT_SATISFIED),
        ("key at any time", Ruling.INCONCLUSIVE),
    ) == [("revoke ", "satisfied"), ("its key", "not-satisfied"), (" at any time", "inconclusive")]


def test_of_several_verdicts_on_the_same_words_the_worst_counts() -> None:
    both = (("its key", Ruling.NOT_SATISFIED), ("its key", Ruling.SATISFIED))
    assert marked(PROMISE, *both) == marked(PROMISE, *reversed(both)) == [("its key", "not-satisfied")]


def test_words_that_occur_twice_are_marked_once() -> None:
    assert marked("a key is a key", ("key", Ruling.SATISFIED)) == [("key", "satisfied")]


def test_words_are_marked_where_they_stand_to_the_letter_before_where_gaps_are_left_out() -> None:
    assert locate("a a aa", "aa") == range(4, 6)
    assert locate("sub processors", "subprocessors") == range(14)


def test_words_that_do_not_occur_mark_nothing() -> None:
    assert marked(PROMISE, ("within 5 hours", Ruling.SATISFIED), ("", Ruling.SATISFIED), (" ", Ruling.WAIVED)) == []


def test_case_matters() -> None:
    assert len(locate(PROMISE, "vendor shall")) == 0


@given(st.text(max_size=80), st.lists(st.tuples(st.text(max_size=20), st.sampled_from(Ruling)), max_size=4))
def test_the_pieces_put_together_are_the_promise(promise: str, tested: list[tuple[str, Ruling]]) -> None:
    assert "".join(p.text for p in passages(promise, tested)) == promise


@given(st.lists(st.text("abcxyz", min_size=1, max_size=6), min_size=1, max_size=12), st.data())
def test_whole_words_taken_from_a_promise_are_found_in_it(words: list[str], data: st.DataObject) -> None:
    begin = data.draw(st.integers(0, len(words) - 1))
    taken = " ".join(words[begin : data.draw(st.integers(begin + 1, len(words)))])
    promise = " ".join(words)
    place = locate(promise, taken)
    assert promise[place.start : place.stop] == taken
