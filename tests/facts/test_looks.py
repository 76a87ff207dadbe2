"""Several looks at the same thing."""

from datetime import UTC, datetime

from clauseproof.facts.looks import agreed, unlooked
from clauseproof.model.finding import Outcome, broken, holds, unknown
from clauseproof.model.unseen import Reason, Unseen

SOON, LATER = datetime(2026, 12, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)


def test_a_contradiction_in_every_look_of_two_is_one() -> None:
    assert agreed([(broken("no"), 2)]) == broken("no")
    assert agreed([(broken("no"), 1), (broken("neither"), 1)]) == broken("no")


def test_a_contradiction_in_one_look_of_two_is_undecided() -> None:
    for seen in ([(holds("yes"), 1), (broken("no", about="a"), 1)], [(unknown("silence"), 1), (broken("no"), 1)]):
        finding = agreed(seen)
        assert finding.outcome is Outcome.UNKNOWN
        assert "in 1 of 2 looks: no" in finding.text


def test_a_contradiction_in_the_only_look_is_undecided() -> None:
    assert agreed([(broken("no"), 1)]).outcome is Outcome.UNKNOWN


def test_one_look_that_decides_nothing_leaves_it_open() -> None:
    assert agreed([(holds("yes"), 1), (unknown("silence"), 1)]) == unknown("silence")


def test_no_look_is_no_pass() -> None:
    assert agreed([]).outcome is Outcome.UNKNOWN
    assert agreed([(holds("yes"), 0)]).outcome is Outcome.UNKNOWN


def test_of_two_that_hold_the_one_that_ends_first_speaks() -> None:
    assert agreed([(holds("a", until=LATER), 1), (holds("b", until=SOON), 1)]).text == "b"
    assert agreed([(holds("a"), 1), (holds("b", until=SOON), 1)]).text == "b"
    assert agreed([(holds("a"), 2)]).text == "a"


GAP = Unseen(reason=Reason.DEADLINE, text="not all addresses are known", remedy="run again")


def test_addresses_that_were_not_looked_at_are_told_each_with_its_remedy() -> None:
    for looked_at in ((), ("192.0.2.7",)):
        (finding,) = unlooked("api.crm.example", looked_at, (GAP,))
        assert finding == unknown("not all addresses are known. To settle it: run again")


def test_a_host_without_any_address_is_told_as_that() -> None:
    assert list(unlooked("api.crm.example", (), ())) == [unknown("api.crm.example has no address that was looked at")]


def test_where_all_was_looked_at_there_is_nothing_to_tell() -> None:
    assert list(unlooked("api.crm.example", ("192.0.2.7",), ())) == []
