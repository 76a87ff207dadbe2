"""The states of a key's versions, as a journal keeps them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clauseproof.probes.kms.google_versions import DISABLED, ENABLED, VersionStates

STATES = st.dictionaries(st.integers(1, 500), st.sampled_from([ENABLED, DISABLED]), max_size=60)


@given(STATES)
def test_what_was_written_is_read_again(states: dict[int, str]) -> None:
    assert VersionStates.parse(str(VersionStates.of(states.items()))).by_number == dict(sorted(states.items()))


@given(STATES)
def test_the_enabled_ones_are_those_that_a_drill_must_give_back(states: dict[int, str]) -> None:
    enabled = VersionStates.of(states.items()).enabled
    assert enabled == tuple(sorted(number for number, state in states.items() if state == ENABLED))


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        found = VersionStates.parse(text)
    except ValueError:
        return
    assert set(found.by_number.values()) <= {ENABLED, DISABLED}


def test_ranges_are_short_and_states_stand_apart() -> None:
    states = {1: ENABLED, 2: ENABLED, 3: ENABLED, 4: DISABLED, 5: ENABLED, 7: DISABLED, 8: DISABLED}
    assert str(VersionStates.of(states.items())) == "ENABLED 1-3,5; DISABLED 4,7-8"


def test_versions_that_nobody_can_turn_on_or_off_are_left_out() -> None:
    states = [(1, "DESTROYED"), (2, ENABLED), (3, "PENDING_GENERATION"), (4, "DESTROY_SCHEDULED")]
    assert str(VersionStates.of(states)) == "ENABLED 2"


def test_a_range_that_would_fill_the_memory_is_refused() -> None:
    with pytest.raises(ValueError, match="is no range"):
        VersionStates.parse("ENABLED 1-999999999999")
