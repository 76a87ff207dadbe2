"""What answers prove, one rule at a time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clauseproof.facts.codepoints import Group
from clauseproof.facts.hello import Because, Decision, Exchange, Reply, SuiteList
from clauseproof.facts.tls import TlsVersion
from clauseproof.probes.hello.decide import QUIET_S, WINDOW_S, decide_group, decide_nameless, decide_version
from clauseproof.probes.hello.plan import VERSIONS, Question
from tests.support.exchanges import CLOSED, GARBAGE, NO_CONNECTION, RESET, SILENT, Said, alert, asked, chose, exchange

T = TlsVersion
USUAL, WHOLE = SuiteList.USUAL, SuiteList.WHOLE
PARTS = (SuiteList.PART_1, SuiteList.PART_2, SuiteList.PART_3)


def verdict(version: TlsVersion, *log: Exchange) -> tuple[Decision, Because | None]:
    found = decide_version(version, log)
    return found.decision, found.because


def beside(*middle: Exchange, before_s: float = 0.0, after_s: float = 10.0) -> list[Exchange]:
    """Exchanges between two accepted hellos of TLS 1.3."""
    return [asked(T.TLS1_3, chose(T.TLS1_3), before_s), *middle, asked(T.TLS1_3, chose(T.TLS1_3), after_s)]


def twice(said: Said) -> list[Exchange]:
    """TLS 1.2 offered with the usual suites, then with all."""
    return [asked(T.TLS1_2, said, 1.0, USUAL), asked(T.TLS1_2, said, 2.0, WHOLE)]


def quietly(*tries: Exchange, quiet_s: float = 1.0, soon_s: float = 0.1) -> list[Exchange]:
    """Each try after a quiet time and before an accepted hello that follows soon; times are given here."""
    log = [asked(T.TLS1_3, chose(T.TLS1_3))]
    for one in tries:
        at_s = log[-1].at_s + log[-1].took_s + quiet_s
        log += [one.model_copy(update={"at_s": at_s}), asked(T.TLS1_3, chose(T.TLS1_3), at_s + soon_s)]
    return log


def test_a_server_hello_accepts_its_version_whatever_was_offered() -> None:
    log = [asked(T.TLS1_2, chose(T.TLS1_0))]
    assert verdict(T.TLS1_0, *log) == (Decision.ACCEPTED, Because.HELLO)


def test_acceptances_are_counted() -> None:
    log = [asked(T.TLS1_0, chose(T.TLS1_0)), asked(T.TLS1_0, alert(70)), asked(T.TLS1_1, chose(T.TLS1_0))]
    assert decide_version(T.TLS1_0, log).times == 2


def test_a_protocol_version_alert_refuses() -> None:
    assert verdict(T.TLS1_2, asked(T.TLS1_2, alert(70))) == (Decision.REFUSED, Because.VERSION_ALERT)


def test_a_server_hello_of_an_older_version_refuses_the_newer() -> None:
    log = [asked(T.TLS1_2, chose(T.TLS1_0))]
    assert verdict(T.TLS1_2, *log) == (Decision.REFUSED, Because.LOWER)
    assert verdict(T.TLS1_1, *log) == (Decision.REFUSED, Because.LOWER)
    assert verdict(T.SSL3_0, *log) == (Decision.UNKNOWN, None)


def test_an_offer_speaks_for_the_older_versions_that_were_not_offered_by_themselves() -> None:
    found = decide_version(T.TLS1_0, [asked(T.TLS1_2, alert(70))])
    assert (found.decision, found.covered_by) == (Decision.REFUSED, T.TLS1_2)


def test_an_answer_to_its_own_offer_counts_more_than_one_to_a_newer() -> None:
    log = [asked(T.TLS1_2, alert(70)), asked(T.TLS1_0, SILENT)]
    assert verdict(T.TLS1_0, *log) == (Decision.UNKNOWN, None)


def test_an_offer_of_tls_1_3_alone_speaks_for_no_other() -> None:
    assert verdict(T.TLS1_2, asked(T.TLS1_3, alert(70))) == (Decision.UNKNOWN, None)


def test_an_unclear_answer_speaks_for_no_older_version() -> None:
    log = beside(*twice(alert(40)))
    assert verdict(T.TLS1_2, *log) == (Decision.REFUSED, Because.EXHAUSTED)
    assert verdict(T.TLS1_1, *log) == (Decision.UNKNOWN, None)


@pytest.mark.parametrize(
    ("said", "because"),
    [
        (alert(40), Because.EXHAUSTED),
        (alert(71), Because.EXHAUSTED),
        (CLOSED, Because.CLOSED),
        (RESET, Because.CLOSED),
        (alert(0), Because.CLOSED),
    ],
)
def test_an_unclear_refusal_counts_between_accepted_hellos_over_all_suites(said: Said, because: Because) -> None:
    assert verdict(T.TLS1_2, *quietly(*twice(said))) == (Decision.REFUSED, because)


def test_alerts_need_no_quiet_time() -> None:
    assert verdict(T.TLS1_2, *beside(*twice(alert(40)))) == (Decision.REFUSED, Because.EXHAUSTED)


@pytest.mark.parametrize("second", [CLOSED, alert(40)])
def test_a_closed_connection_that_a_limit_may_have_closed_refuses_nothing(second: Said) -> None:
    tries = [asked(T.TLS1_2, CLOSED, 1.0), asked(T.TLS1_2, second, 2.0, WHOLE)]
    assert verdict(T.TLS1_2, *beside(*tries)) == (Decision.UNKNOWN, None)
    assert verdict(T.TLS1_2, *quietly(*tries, quiet_s=QUIET_S - 0.1)) == (Decision.UNKNOWN, None)
    assert verdict(T.TLS1_2, *quietly(*tries, soon_s=1.1)) == (Decision.UNKNOWN, None)
    assert verdict(T.TLS1_2, *quietly(tries[1]), asked(T.TLS1_2, CLOSED, 1.5)) == (Decision.UNKNOWN, None)
    assert verdict(T.TLS1_2, *quietly(*tries)) == (Decision.REFUSED, Because.CLOSED)


def test_a_closed_connection_after_an_accepted_one_is_a_limits_doing_for_all_that_is_known() -> None:
    first, *rest = quietly(*twice(CLOSED))
    ahead = [asked(T.TLS1_3, chose(T.TLS1_3), one.at_s - 0.02) for one in rest if not one.accepted]
    assert verdict(T.TLS1_2, first, *ahead, *rest) == (Decision.UNKNOWN, None)


def test_versions_that_are_tried_together_share_a_quiet_time() -> None:
    log = quietly(*twice(CLOSED))
    both = [one.model_copy(update={"offered": T.TLS1_1, "at_s": one.at_s + 0.02}) for one in log if not one.accepted]
    for version in (T.TLS1_2, T.TLS1_1):
        assert verdict(version, *log, *both) == (Decision.REFUSED, Because.CLOSED)


def test_alerts_and_closed_connections_together_are_no_better_than_closed_ones() -> None:
    log = quietly(asked(T.TLS1_2, alert(40)), asked(T.TLS1_2, CLOSED, 0.0, WHOLE))
    assert verdict(T.TLS1_2, *log) == (Decision.REFUSED, Because.CLOSED)


@pytest.mark.parametrize("said", [SILENT, GARBAGE, NO_CONNECTION, alert(47), alert(80), alert(112), alert(86)])
def test_nothing_else_refuses_however_often_it_comes(said: Said) -> None:
    parts = [asked(T.TLS1_2, said, 3.0 + n, part) for n, part in enumerate(PARTS)]
    assert verdict(T.TLS1_2, *beside(*twice(said), *parts)) == (Decision.UNKNOWN, None)


def test_an_unclear_refusal_needs_all_suites() -> None:
    log = beside(asked(T.TLS1_2, CLOSED, 1.0), asked(T.TLS1_2, CLOSED, 2.0))
    assert verdict(T.TLS1_2, *log) == (Decision.UNKNOWN, None)


def test_all_parts_are_all_suites() -> None:
    parts = [asked(T.TLS1_2, CLOSED, 3.0 + n, part) for n, part in enumerate(PARTS)]
    log = [asked(T.TLS1_2, CLOSED, 1.0), asked(T.TLS1_2, alert(50), 2.0, WHOLE)]
    assert verdict(T.TLS1_2, *quietly(*log, *parts)) == (Decision.REFUSED, Because.CLOSED)
    assert verdict(T.TLS1_2, *quietly(*log, *parts[:2])) == (Decision.UNKNOWN, None)


def test_an_unclear_refusal_must_repeat() -> None:
    assert verdict(T.TLS1_2, *beside(asked(T.TLS1_2, CLOSED, 1.0, WHOLE))) == (Decision.UNKNOWN, None)


def test_an_unclear_refusal_needs_an_accepted_hello_before_and_after() -> None:
    before, *refused, after = beside(*twice(alert(40)))
    assert verdict(T.TLS1_2, *refused) == (Decision.UNKNOWN, None)
    assert verdict(T.TLS1_2, before, *refused) == (Decision.UNKNOWN, None)
    assert verdict(T.TLS1_2, *refused, after) == (Decision.UNKNOWN, None)


def test_an_accepted_hello_long_before_or_after_is_no_control() -> None:
    refused = twice(alert(40))
    assert verdict(T.TLS1_2, *beside(*refused, after_s=1.0 + WINDOW_S)) == (Decision.REFUSED, Because.EXHAUSTED)
    assert verdict(T.TLS1_2, *beside(*refused, after_s=1.1 + WINDOW_S)) == (Decision.UNKNOWN, None)
    assert verdict(T.TLS1_2, *beside(*refused, before_s=1.9 - WINDOW_S)) == (Decision.UNKNOWN, None)


def test_any_accepted_version_is_a_control() -> None:
    log = [asked(T.TLS1_2, chose(T.TLS1_2)), asked(T.TLS1_0, alert(40), 1.0), asked(T.TLS1_0, alert(40), 2.0, WHOLE)]
    log.append(asked(T.TLS1_2, chose(T.TLS1_2), 3.0))
    assert verdict(T.TLS1_0, *log) == (Decision.REFUSED, Because.EXHAUSTED)


REPLIES: st.SearchStrategy[Said] = st.one_of(
    st.sampled_from([SILENT, CLOSED, RESET, GARBAGE, NO_CONNECTION]),
    st.sampled_from([0, 40, 47, 70, 71, 80]).map(alert),
    st.sampled_from(VERSIONS).map(chose),
)
LOGS = st.lists(
    st.builds(asked, st.sampled_from(VERSIONS), REPLIES, st.floats(0, 100), st.sampled_from(SuiteList)), max_size=12
)


@given(log=LOGS)
def test_only_a_server_hello_of_that_version_ever_accepts(log: list[Exchange]) -> None:
    for version in VERSIONS:
        accepted = decide_version(version, log).decision is Decision.ACCEPTED
        assert accepted == any(line.accepted is version for line in log)


@given(log=LOGS)
def test_without_an_accepted_hello_only_a_protocol_version_alert_refuses(log: list[Exchange]) -> None:
    quiet = [line for line in log if not line.accepted]
    for version in VERSIONS:
        found = decide_version(version, quiet)
        if found.decision is Decision.REFUSED:
            assert found.because is Because.VERSION_ALERT
            assert any(line.alert == 70 and line.offered >= version for line in quiet)


@given(log=LOGS)
def test_silence_never_changes_a_refusal_into_being(log: list[Exchange]) -> None:
    for version in VERSIONS:
        silent = [*log, asked(version, SILENT, 50.0, WHOLE), asked(version, SILENT, 51.0)]
        if decide_version(version, silent).decision is Decision.REFUSED:
            assert decide_version(version, log).decision is Decision.REFUSED


# groups


def step(groups: tuple[int, ...], said: Said, at_s: float, group: int | None = None) -> Exchange:
    return exchange(Question(T.TLS1_3, True, USUAL, groups), said, at_s, group=group)


RETRY: Said = (Reply.RETRY, T.TLS1_3)
PQ, EC = Group.X25519MLKEM768, Group.X25519


def group(code: int, *log: Exchange) -> Decision | None:
    return decide_group(code, log).decision


def test_a_retry_request_accepts_a_group() -> None:
    found = decide_group(PQ, [step((PQ, EC), RETRY, 0.0, PQ)])
    assert (found.decision, found.because) == (Decision.ACCEPTED, Because.RETRY)


def test_a_group_is_refused_by_two_alerts_between_hellos_of_its_shape() -> None:
    log = [step((PQ, EC), RETRY, 0.0, EC), step((PQ,), alert(40), 1.0), step((PQ,), alert(40), 2.0)]
    assert group(PQ, *log, step((EC,), RETRY, 3.0, EC)) is Decision.REFUSED
    assert group(PQ, *log) is Decision.UNKNOWN
    assert group(PQ, *log[1:], step((EC,), RETRY, 3.0, EC)) is Decision.UNKNOWN
    assert group(PQ, log[0], log[1], step((EC,), RETRY, 3.0, EC)) is Decision.UNKNOWN


def test_an_accepted_version_is_no_control_for_a_group() -> None:
    log = beside(step((PQ,), alert(40), 1.0), step((PQ,), alert(40), 2.0))
    assert group(PQ, *log) is Decision.UNKNOWN


def test_a_group_that_was_not_offered_was_not_looked_at() -> None:
    assert group(Group.X448, step((PQ, EC), RETRY, 0.0, EC)) is None


@pytest.mark.parametrize("said", [CLOSED, SILENT, alert(47)])
def test_other_answers_leave_a_group_open(said: Said) -> None:
    log = [step((PQ, EC), RETRY, 0.0, EC), step((PQ,), said, 1.0), step((PQ,), said, 2.0), step((EC,), RETRY, 3.0, EC)]
    assert group(PQ, *log) is Decision.UNKNOWN


# without a server name


def nameless(said: Said) -> Exchange:
    return exchange(Question(T.TLS1_2, False), said)


def test_the_oldest_version_chosen_without_a_name_is_kept() -> None:
    found = decide_nameless([nameless(chose(T.TLS1_2)), nameless(chose(T.TLS1_0))], b"der")
    assert found is not None
    assert (found.decision, found.accepted, found.times, found.certificate) == (
        Decision.ACCEPTED,
        T.TLS1_0,
        1,
        b"der",
    )


@pytest.mark.parametrize(("said", "decision"), [(alert(70), Decision.REFUSED), (alert(40), Decision.UNKNOWN)])
def test_without_a_name_only_protocol_version_refuses(said: Said, decision: Decision) -> None:
    found = decide_nameless([nameless(said)], None)
    assert found is not None
    assert found.decision is decision


def test_nothing_was_asked_without_a_name() -> None:
    assert decide_nameless([], None) is None
