"""Which calls of a drill are looked for in a log, for how long, and how two of one name are told apart."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest

from clauseproof.facts.drills import Act, End, Lane, Revocation, Span
from clauseproof.facts.keylog import Entry
from clauseproof.probes.kms.auditlog import Names, OwnCall, calls_of, told_apart, watch
from tests.support.keys import look, samples

START = datetime(2026, 11, 24, 9, tzinfo=UTC)
NAMES = Names("kms:Off", "kms:On", "kms:Decrypt", "changes", "uses")
KMS = samples(Lane.KMS, "-2 served, -1 served, 1 served, 2 refused, 3 refused, 9 served")


def drill(*, enabled: bool = True) -> Revocation:
    """Disabled at 0 within half a second, enabled at 5."""
    return Revocation(
        target="key",
        disable=Act(call="kms:Off", at=START, t_s=-0.5, took_s=0.5),
        enable=Act(call="kms:On", at=START + timedelta(seconds=5), t_s=4.5, took_s=0.5) if enabled else None,
        poll_every_s=1.0,
        give_up_after_s=10.0,
        confirmations=2,
        dark_end=End.SETTLED if enabled else End.LEFT,
        light_end=End.SETTLED if enabled else None,
        left_until=None,
        watched=(Span(from_s=-2.0, until_s=9.0),),
        lanes=(),
        samples=KMS + samples(Lane.VENDOR, "0.5 refused"),
        addresses=(),
        skipped=(),
        state_before="on",
        state_after="on",
    )


def second(at: float) -> datetime:
    return START + timedelta(seconds=at)


def entry(at: float, name: str = "e") -> Entry:
    return Entry(call="kms:Update", at=second(at), error=None, id=f"{name}{at}", stream="changes")


def call(sent: float, name: str = "kms:Update off") -> OwnCall:
    return OwnCall(name, None, "changes", second(sent), second(sent + 0.5))


def test_both_acts_and_one_decryption_of_either_kind_are_looked_for() -> None:
    found = calls_of(drill(), NAMES)
    assert [(c.call, c.error, c.stream) for c in found] == [
        ("kms:Off", None, "changes"),
        ("kms:On", None, "changes"),
        ("kms:Decrypt", None, "uses"),
        ("kms:Decrypt", "Code", "uses"),
    ]
    off, on, served, refused = found
    assert (off.sent, off.answered, on.sent) == (second(0), second(0.5), second(5))
    assert served.sent == second(-0.5), "the last before the key was disabled"
    assert refused.sent == second(2.5), "the first between the acts"


def test_an_act_that_has_not_happened_is_not_looked_for() -> None:
    assert [c.call for c in calls_of(drill(enabled=False), NAMES)] == ["kms:Off", "kms:Decrypt", "kms:Decrypt"]


OFF, ON = call(0.0), call(10.0, "kms:Update on")


def apart(*at: float) -> tuple[Entry | None, Entry | None]:
    """Which of the entries at these seconds stand for a call at 0 and a call at 10, all of them fitting both."""
    every = frozenset(map(entry, at))
    found = told_apart({OFF: every, ON: every})
    return found[OFF], found[ON]


def test_two_entries_as_far_apart_as_the_calls_are_both() -> None:
    assert apart(0.2, 10.2) == (entry(0.2), entry(10.2))


@pytest.mark.parametrize("ahead", [-30.0, -7.0, 7.0, 30.0])
def test_a_clock_that_is_ahead_or_behind_changes_nothing(ahead: float) -> None:
    assert apart(ahead + 0.2, ahead + 10.2) == (entry(ahead + 0.2), entry(ahead + 10.2))


def test_one_entry_stands_for_one_call_the_nearest() -> None:
    assert apart(0.2) == (entry(0.2), None)
    assert apart(10.2) == (None, entry(10.2))


def test_a_call_made_twice_does_not_stand_for_another() -> None:
    """A write whose answer was lost is made again, and logged twice."""
    assert apart(0.2, 0.9) == (entry(0.2), None)
    assert apart(10.2, 10.9) == (None, entry(10.2))


def test_a_log_that_tells_the_two_apart_itself_is_believed() -> None:
    off, on = entry(0.2, "off"), entry(0.3, "on")
    assert told_apart({OFF: frozenset({off}), ON: frozenset({on})}) == {OFF: off, ON: on}
    assert told_apart({OFF: frozenset({off}), ON: frozenset()}) == {OFF: off, ON: None}


class Growing:
    """A log in which one more entry is there at each look."""

    def __init__(self, *entries: Entry) -> None:
        self.entries = entries
        self.looks = 0

    def around(self, call: OwnCall) -> Iterable[Entry]:
        self.looks += 1
        return [entry for entry in self.entries[: (self.looks + 1) // 2] if call.since <= entry.at <= call.until]


def test_an_entry_is_given_back_to_the_call_that_it_turns_out_to_be() -> None:
    """The log's clock is 7 s ahead: the entry of the first act, alone, seems to be that of the second."""
    log = Growing(entry(7.2), entry(17.2))
    off, on = watch(log, (OFF, ON), timedelta(seconds=5), look())
    assert (off.entry, on.entry) == (entry(7.2), entry(17.2))


def test_a_look_ends_when_its_time_is_over_and_says_how_long_the_call_was_missing() -> None:
    (own,) = watch(Growing(), (OFF,), timedelta(milliseconds=50), look())
    assert own.entry is None
    assert own.missing_until_s > 0


def test_a_run_that_is_told_to_stop_looks_once() -> None:
    log = Growing()
    watch(log, (OFF,), timedelta(hours=1), look(stopping=lambda: True))
    assert log.looks == 1
