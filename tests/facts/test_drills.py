"""When an answer changed: an interval, and never narrower than what was seen."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clauseproof.facts.drills import Act, Answer, End, Lane, Revocation, Span, change, lane_times
from tests.support.keys import NOW, samples

DISABLE = Act(call="kms:DisableKey", at=NOW, t_s=-0.5, took_s=0.5)
ENABLE = Act(call="kms:EnableKey", at=NOW, t_s=100.0, took_s=0.5)


def test_the_interval_runs_from_the_last_old_question_to_the_first_new_answer() -> None:
    seen = samples(Lane.KMS, "1 served, 2 served, 3 refused, 4 refused, 5 refused", took_s=0.25)
    dark = change(seen, DISABLE, math.inf, Answer.REFUSED, 3)
    assert dark.old_until_s == 2.0
    assert dark.new_after_s == 3.25 + 0.5, "counted from the moment the disabling call was sent"
    assert dark.resolution_s == 1.75


def test_too_few_refusals_are_no_change() -> None:
    seen = samples(Lane.KMS, "1 served, 2 refused, 3 refused")
    assert change(seen, DISABLE, math.inf, Answer.REFUSED, 3).new_after_s is None


def test_a_lane_that_serves_again_was_not_dark() -> None:
    seen = samples(Lane.KMS, "1 refused, 2 refused, 3 refused, 4 served, 5 refused, 6 refused, 7 refused")
    dark = change(seen, DISABLE, math.inf, Answer.REFUSED, 3)
    assert (dark.old_until_s, dark.new_after_s) == (4.0, 7.5 - 2.0)


def test_unclear_answers_widen_the_interval_and_prove_nothing() -> None:
    seen = samples(Lane.VENDOR, "1 served, 2 unclear, 3 unclear, 4 refused, 5 unclear, 6 refused, 7 refused")
    dark = change(seen, DISABLE, math.inf, Answer.REFUSED, 3)
    assert (dark.old_until_s, dark.new_after_s) == (1.0, 4.5)
    only_unclear = samples(Lane.VENDOR, "1 served, 2 unclear, 3 unclear, 4 unclear, 5 unclear")
    assert change(only_unclear, DISABLE, math.inf, Answer.REFUSED, 3).new_after_s is None


def test_what_was_answered_before_the_act_or_after_the_next_one_does_not_count() -> None:
    seen = samples(Lane.KMS, "-9 refused, -8 refused, -7 refused, 1 served, 101 refused, 102 refused, 103 refused")
    assert change(seen, DISABLE, ENABLE.t_s, Answer.REFUSED, 3).new_after_s is None


def test_an_answer_on_its_way_while_the_key_was_enabled_speaks_of_neither_state() -> None:
    dark = samples(Lane.KMS, "1 refused, 2 refused, 3 refused")
    on_its_way = samples(Lane.KMS, "99.9 served", took_s=0.5)
    assert change(dark + on_its_way, DISABLE, ENABLE.t_s, Answer.REFUSED, 3).new_after_s is not None


def test_no_old_answer_after_the_act_means_from_the_very_start() -> None:
    assert change(samples(Lane.KMS, "0 refused, 1 refused"), DISABLE, math.inf, Answer.REFUSED, 2).old_until_s == 0.0


def test_light_is_measured_from_enabling_and_only_after_darkness() -> None:
    dark_then_light = samples(Lane.KMS, "1 refused, 2 refused, 101 refused, 102 served, 103 served")
    times = lane_times(dark_then_light, Lane.KMS, DISABLE, ENABLE, 2)
    assert times.light is not None
    assert (times.light.old_until_s, times.light.new_after_s) == (0.5, 2.0)
    never_dark = samples(Lane.KMS, "1 served, 2 served, 102 served, 103 served")
    assert lane_times(never_dark, Lane.KMS, DISABLE, ENABLE, 2).light is None


def test_confirmations_come_from_one_run() -> None:
    """Watched to 3 s by one run and from 50 s by another."""
    watched = (Span(from_s=-1.0, until_s=3.0), Span(from_s=50.0, until_s=60.0))
    seen = samples(Lane.KMS, "1 served, 2 refused, 50 refused, 51 refused")
    straddling = change(seen, DISABLE, math.inf, Answer.REFUSED, 3, watched)
    assert (straddling.old_until_s, straddling.new_after_s) == (1.0, None)
    confirmed = change(seen, DISABLE, math.inf, Answer.REFUSED, 2, watched)
    assert (confirmed.old_until_s, confirmed.new_after_s) == (1.0, 50.5), "the gap lies in the interval"


def test_a_change_that_the_first_run_confirmed_stays_where_it_was() -> None:
    watched = (Span(from_s=-1.0, until_s=4.0), Span(from_s=50.0, until_s=60.0))
    seen = samples(Lane.KMS, "1 served, 2 refused, 3 refused, 50 refused, 51 refused")
    assert change(seen, DISABLE, math.inf, Answer.REFUSED, 2, watched).new_after_s == 2.5


def test_a_key_that_was_left_disabled_has_dark_and_no_light() -> None:
    times = lane_times(samples(Lane.KMS, "1 refused, 2 refused"), Lane.KMS, DISABLE, None, 2)
    assert times.dark.new_after_s == 1.5
    assert times.light is None


def test_the_first_version_was_watched_by_one_run_from_its_first_question_to_its_last_answer() -> None:
    seen = samples(Lane.KMS, "-5 served, 1 refused, 102 served", took_s=0.25)
    made = Revocation(
        target="k",
        disable=DISABLE,
        enable=ENABLE,
        poll_every_s=1.0,
        give_up_after_s=100.0,
        confirmations=2,
        dark_end=End.SETTLED,
        light_end=End.SETTLED,
        left_until=None,
        watched=(Span(from_s=-5.0, until_s=102.25),),
        lanes=(),
        samples=seen,
        addresses=(),
        skipped=(),
        state_before="Enabled",
        state_after="Enabled",
    )
    old = made.model_dump(mode="json", exclude={"left_until", "watched"})
    assert Revocation.load(1, old) == made
    assert Revocation.load(2, made.model_dump(mode="json")) == made, "version 2 knew fewer ends"
    with pytest.raises(ValueError, match="version 7"):
        Revocation.load(7, old)


def test_lanes_do_not_mix() -> None:
    both = samples(Lane.KMS, "1 refused, 2 refused") + samples(Lane.VENDOR, "1 served, 2 served")
    assert lane_times(both, Lane.KMS, DISABLE, ENABLE, 2).dark.new_after_s is not None
    assert lane_times(both, Lane.VENDOR, DISABLE, ENABLE, 2).dark.new_after_s is None


@given(
    turned=st.floats(0.0, 50.0),
    pauses=st.lists(st.tuples(st.floats(0.01, 5.0), st.floats(0.0, 4.0)), min_size=1, max_size=60),
    lag=st.floats(0.0, 1.0),
    confirmations=st.integers(2, 5),
)
def test_the_true_moment_always_lies_in_the_interval(
    turned: float, pauses: list[tuple[float, float]], lag: float, confirmations: int
) -> None:
    """A lane turns `turned` seconds after the provider took note, somewhere inside the disabling call."""
    took_note = DISABLE.t_s + lag * DISABLE.took_s
    asked, line = 0.0, []
    for pause, took in pauses:
        looked_at = asked + took / 2
        line.append((asked, took, Answer.SERVED if looked_at < took_note + turned else Answer.REFUSED))
        asked += took + pause
    seen = tuple(one for at, took, what in line for one in samples(Lane.KMS, f"{at!r} {what}", took_s=took))
    found = change(seen, DISABLE, math.inf, Answer.REFUSED, confirmations)
    assert found.old_until_s <= turned + 1e-5
    if found.new_after_s is not None:
        assert found.new_after_s >= turned - 1e-5
