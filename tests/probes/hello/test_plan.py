"""Which hellos are sent, and how many, by what the server does."""

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clauseproof.facts.codepoints import Group
from clauseproof.facts.hello import Decision, Exchange, Reply, SuiteList
from clauseproof.facts.tls import TlsVersion
from clauseproof.probes.hello.decide import QUIET_S, decide_groups, decide_version
from clauseproof.probes.hello.plan import MOST_CONNECTIONS, VERSIONS, Question, Scope
from tests.support.exchanges import (
    CLOSED,
    GARBAGE,
    NO_CONNECTION,
    RESET,
    SILENT,
    Said,
    Server,
    alert,
    chose,
    play,
)

T = TlsVersion
FAST, FULL = Scope(full=False, named=True), Scope(full=True, named=True)


VERSION_ALERT = alert(70)


def speaking(*spoken: TlsVersion, otherwise: Said = VERSION_ALERT, groups: tuple[int, ...] = (Group.X25519,)) -> Server:
    """A server that takes the newest version it knows, and the first group that it knows."""

    def answer(question: Question, nth: int) -> Said | tuple[Said, int]:
        if question.groups is not None:
            common = [group for group in groups if group in question.groups]
            return ((Reply.RETRY, T.TLS1_3), common[0]) if common else alert(40)
        alone = question.offered is T.TLS1_3
        common_versions = [v for v in spoken if (v is T.TLS1_3 if alone else v <= question.offered)]
        return chose(max(common_versions)) if common_versions else otherwise

    return answer


def offered(log: list[Exchange]) -> list[TlsVersion]:
    return [line.offered for line in log]


def decisions(log: list[Exchange]) -> str:
    """A letter for each version from SSL 3.0 to TLS 1.3."""
    return "".join(decide_version(version, log).decision[0] for version in reversed(VERSIONS))


def test_a_fast_look_at_tls_1_3_alone_takes_two_connections() -> None:
    log = play(speaking(T.TLS1_3), FAST)
    assert offered(log) == [T.TLS1_3, T.TLS1_2]
    assert decisions(log) == "rrrra"


def test_a_fast_look_goes_down_one_version_at_a_time_and_looks_twice() -> None:
    log = play(speaking(T.TLS1_2, T.TLS1_3), FAST)
    assert Counter(offered(log)) == {T.TLS1_3: 1, T.TLS1_2: 2, T.TLS1_1: 1}
    assert decisions(log) == "rrraa"


def test_a_fast_look_finds_the_oldest_version_below_a_gap() -> None:
    log = play(speaking(T.TLS1_0, T.TLS1_3), FAST)
    assert decisions(log) == "rarra"
    assert decide_version(T.TLS1_0, log).times == 2


def test_a_second_look_is_the_hello_that_must_be_accepted_after_a_refusal() -> None:
    steady = speaking(*VERSIONS[:-1])
    log = play(lambda q, nth: alert(40) if q.offered is T.SSL3_0 else steady(q, nth), FAST)
    assert decisions(log) == "raaaa"
    assert Counter(offered(log)) == {T.TLS1_3: 1, T.TLS1_2: 2, T.TLS1_1: 2, T.TLS1_0: 2, T.SSL3_0: 2}


def test_a_full_look_offers_every_version_by_itself() -> None:
    log = play(speaking(T.TLS1_3), FULL)
    own = [line for line in log if line.groups is None and line.named]
    assert sorted(offered(own)) == sorted(VERSIONS)
    assert decisions(log) == "rrrra"


def test_a_full_look_catches_a_server_that_refuses_newer_offers_of_what_it_speaks() -> None:
    honest = speaking(T.TLS1_3, T.TLS1_0)

    def intolerant(question: Question, nth: int) -> Said | tuple[Said, int]:
        return alert(70) if question.offered in (T.TLS1_2, T.TLS1_1) else honest(question, nth)

    assert decisions(play(intolerant, FULL)) == "rarra"


def test_a_full_look_asks_once_without_a_name() -> None:
    log = play(speaking(T.TLS1_3), FULL)
    assert [line.offered for line in log if not line.named] == [T.TLS1_2]


def test_without_a_name_to_send_no_hello_is_asked_twice_for_that() -> None:
    log = play(speaking(T.TLS1_3), Scope(full=True, named=False))
    assert not any(line.named for line in log)
    assert Counter(offered([line for line in log if line.groups is None]))[T.TLS1_2] == 1


def test_an_old_version_accepted_without_a_name_is_looked_at_twice() -> None:
    log = play(speaking(T.TLS1_0, T.TLS1_2), FULL)
    assert [line.accepted for line in log if not line.named] == [T.TLS1_2, T.TLS1_2]


def test_every_old_version_that_is_accepted_is_looked_at_twice_and_no_more() -> None:
    log = play(speaking(*VERSIONS), FULL)
    assert {v: decide_version(v, [e for e in log if e.named]).times for v in VERSIONS[1:]} == dict.fromkeys(
        VERSIONS[1:], 2
    )


def test_a_second_look_that_fails_is_not_repeated() -> None:
    steady = speaking(T.TLS1_3, T.TLS1_0)

    def once(question: Question, nth: int) -> Said | tuple[Said, int]:
        return steady(question, nth) if nth < 2 or question.offered is T.TLS1_3 else alert(70)

    log = play(once, FAST)
    assert decide_version(T.TLS1_0, log).times == 1
    assert offered(log).count(T.TLS1_0) == 1


def test_a_full_look_asks_a_second_time_for_tls_1_3_where_it_was_refused() -> None:
    log = play(speaking(T.TLS1_2), FULL)
    assert offered([line for line in log if line.groups is None]).count(T.TLS1_3) == 2
    assert offered(play(speaking(T.TLS1_2), FAST)).count(T.TLS1_3) == 1


@pytest.mark.parametrize("refusal", [alert(70), chose(T.TLS1_2)])
def test_a_server_that_refuses_tls_1_3_once_and_then_accepts_it_speaks_it(refusal: Said) -> None:
    steady = speaking(T.TLS1_2, T.TLS1_3)
    log = play(lambda q, nth: refusal if q.offered is T.TLS1_3 and nth < 5 else steady(q, nth), FULL)
    assert decide_version(T.TLS1_3, log).decision is Decision.ACCEPTED
    assert any(line.groups is not None for line in log)


def test_a_second_refusal_that_does_not_come_is_not_waited_for() -> None:
    steady = speaking(T.TLS1_2)
    log = play(lambda q, nth: SILENT if q.offered is T.TLS1_3 and nth >= 5 else steady(q, nth), FULL)
    assert offered(log).count(T.TLS1_3) == 2


def test_a_closed_connection_is_tried_with_all_suites_and_between_accepted_hellos() -> None:
    log = play(speaking(T.TLS1_3, otherwise=CLOSED), FAST)
    assert decisions(log) == "rrrra"
    own = [line for line in log if line.offered is T.TLS1_2]
    assert [line.suites for line in own] == [SuiteList.USUAL, *[SuiteList.WHOLE] * 3]
    assert log[-1].accepted is T.TLS1_3
    assert len(log) == 20


def test_what_is_tried_after_a_quiet_time_is_tried_first_and_all_at_once() -> None:
    log = play(speaking(T.TLS1_3, otherwise=CLOSED), FAST)
    assert offered(log[-10:]) == [*VERSIONS[1:], T.TLS1_3] * 2
    assert [log[-10].at_s - log[-11].at_s > QUIET_S, log[-5].at_s - log[-6].at_s > 2 * QUIET_S] == [True, True]


def test_an_address_that_then_closes_the_control_as_well_is_left_alone() -> None:
    modern = speaking(T.TLS1_3)

    def limited(question: Question, nth: int) -> Said | tuple[Said, int]:
        return modern(question, nth) if question.offered is T.TLS1_3 and question.after_s == 0 and nth < 12 else CLOSED

    log = play(limited, FAST)
    assert decisions(log) == "uuuua"
    assert sum(later.at_s - one.at_s > QUIET_S for one, later in pairwise(log)) == 1


def test_a_closed_connection_without_any_acceptance_settles_nothing() -> None:
    log = play(lambda question, nth: CLOSED, FULL)
    assert decisions(log) == "uuuuu"
    assert not any(line.suites in (SuiteList.PART_1, SuiteList.PART_2, SuiteList.PART_3) for line in log)


def test_a_server_that_dislikes_long_hellos_gets_them_in_parts() -> None:
    modern = speaking(T.TLS1_3)

    def choosy(question: Question, nth: int) -> Said | tuple[Said, int]:
        if question.offered is T.TLS1_3:
            return modern(question, nth)
        return alert(50) if question.suites is SuiteList.WHOLE else alert(40)

    log = play(choosy, FULL)
    assert decisions(log) == "rrrra"


def test_a_server_with_nothing_but_unusual_suites_is_found() -> None:
    modern = speaking(T.TLS1_3)

    def unusual(question: Question, nth: int) -> Said | tuple[Said, int]:
        if question.offered is T.TLS1_0:
            return alert(40) if question.suites is SuiteList.USUAL else chose(T.TLS1_0)
        return modern(question, nth)

    log = play(unusual, FULL)
    assert decide_version(T.TLS1_0, log).times == 2


def unusual_only(*spoken: TlsVersion) -> Server:
    """A server that agrees on nothing but suites that are hardly ever offered, such as anonymous ones."""
    steady = speaking(*spoken, otherwise=alert(40))
    return lambda question, nth: alert(40) if question.suites is SuiteList.USUAL else steady(question, nth)


@pytest.mark.parametrize("scope", [FAST, FULL])
@pytest.mark.parametrize("spoken", [(T.TLS1_2,), (T.TLS1_0,), (T.TLS1_1, T.SSL3_0)])
def test_what_was_refused_before_anything_was_accepted_is_asked_once_more(
    spoken: tuple[TlsVersion, ...], scope: Scope
) -> None:
    log = [line for line in play(unusual_only(*spoken), scope) if line.named]
    assert decisions(log) == "".join("a" if version in spoken else "r" for version in reversed(VERSIONS))


def test_what_is_not_refused_a_second_time_stays_open() -> None:
    steady = unusual_only(T.TLS1_2)
    log = play(lambda q, nth: SILENT if nth > 10 and q.offered is T.TLS1_1 else steady(q, nth), FULL)
    assert decisions(log) == "rruar"
    assert Counter(offered(log))[T.TLS1_1] == 3


def test_silence_is_tried_again_and_stays_open() -> None:
    modern = speaking(T.TLS1_3)
    log = play(lambda q, nth: modern(q, nth) if q.offered is T.TLS1_3 else SILENT, FAST)
    assert decisions(log) == "uuuua"
    assert Counter(offered(log))[T.TLS1_2] == 2


def test_an_address_that_takes_no_connection_is_tried_once_more() -> None:
    log = play(lambda question, nth: NO_CONNECTION, FAST)
    assert offered(log) == [T.TLS1_3, T.TLS1_2, T.TLS1_3]


def test_groups_are_asked_for_without_those_already_chosen() -> None:
    known = (Group.X25519, Group.X25519MLKEM768)
    log = play(speaking(T.TLS1_3, groups=known), FULL)
    steps = [line.groups for line in log if line.groups is not None]
    assert steps[0] == tuple(Group)
    assert [len(groups) for groups in steps] == [12, 11, 10, 10, 1]
    found = {answer.group: answer.decision for answer in decide_groups(log)}
    assert {group for group, decision in found.items() if decision is Decision.ACCEPTED} == set(known)
    assert {group for group, decision in found.items() if decision is Decision.REFUSED} == set(Group) - set(known)


def test_a_server_of_every_group_is_asked_no_more_than_once_for_each() -> None:
    log = play(speaking(T.TLS1_3, groups=tuple(Group)), FULL)
    assert len([line for line in log if line.groups is not None]) == len(Group)


def test_groups_are_not_asked_for_in_a_fast_look_or_without_tls_1_3() -> None:
    for log in (play(speaking(T.TLS1_3), FAST), play(speaking(T.TLS1_2), FULL)):
        assert not any(line.groups is not None for line in log)


def test_a_server_without_retry_requests_is_asked_for_groups_twice() -> None:
    log = play(speaking(T.TLS1_3, groups=()), FULL)
    assert len([line for line in log if line.groups is not None]) == 2
    assert {answer.decision for answer in decide_groups(log)} == {Decision.UNKNOWN}


def test_a_server_that_asks_for_no_group_is_asked_twice() -> None:
    modern = speaking(T.TLS1_3)
    log = play(lambda q, nth: modern(q, nth) if q.groups is None else (Reply.RETRY, T.TLS1_3), FULL)
    assert len([line for line in log if line.groups is not None]) == 2
    assert {answer.decision for answer in decide_groups(log)} == {Decision.UNKNOWN}


ANSWERS: st.SearchStrategy[Said | tuple[Said, int]] = st.one_of(
    st.sampled_from([SILENT, CLOSED, RESET, GARBAGE, NO_CONNECTION]),
    st.sampled_from([0, 40, 47, 70, 71]).map(alert),
    st.sampled_from(VERSIONS).map(chose),
    st.sampled_from(list(Group)).map(lambda group: ((Reply.RETRY, T.TLS1_3), int(group))),
)


@given(answers=st.lists(ANSWERS, min_size=1, max_size=60), full=st.booleans(), named=st.booleans())
def test_every_look_ends_within_its_connections(
    answers: list[Said | tuple[Said, int]], full: bool, named: bool
) -> None:
    log = play(lambda question, nth: answers[nth % len(answers)], Scope(full, named))
    assert 2 <= len(log) <= MOST_CONNECTIONS


@given(
    spoken=st.sets(st.sampled_from(VERSIONS), min_size=1),
    otherwise=st.sampled_from([alert(70), alert(40), CLOSED]),
    apart_s=st.sampled_from([0.1, 0.7]),
)
def test_both_depths_find_exactly_what_a_server_speaks_however_long_they_wait_for_their_turns(
    spoken: set[TlsVersion], otherwise: Said, apart_s: float
) -> None:
    for scope in (FAST, FULL):
        log = [line for line in play(speaking(*spoken, otherwise=otherwise), scope, apart_s) if line.named]
        assert decisions(log) == "".join("a" if version in spoken else "r" for version in reversed(VERSIONS))
