import pytest

from clauseproof.sandbox.kms.faults import Faults
from clauseproof.sandbox.kms.keystate import KeyState, Switch


class Ticks:
    """A monotonic clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_change_without_lag_is_obeyed_at_once() -> None:
    switch = Switch(KeyState.ENABLED, Ticks())
    switch.turn(KeyState.DISABLED, Faults())
    assert (switch.declared, switch.obeyed(Faults())) == (KeyState.DISABLED, KeyState.DISABLED)


def test_a_lagging_disable_is_declared_at_once_and_obeyed_when_the_lag_is_over() -> None:
    ticks = Ticks()
    switch = Switch(KeyState.ENABLED, ticks)
    switch.turn(KeyState.DISABLED, Faults(disable_lag_s=30))
    seen = [(switch.declared, switch.obeyed(Faults()))]
    ticks.now += 29.9
    seen.append((switch.declared, switch.obeyed(Faults())))
    ticks.now += 0.1
    seen.append((switch.declared, switch.obeyed(Faults())))
    assert seen == [
        (KeyState.DISABLED, KeyState.ENABLED),
        (KeyState.DISABLED, KeyState.ENABLED),
        (KeyState.DISABLED, KeyState.DISABLED),
    ]


def test_enabling_has_a_lag_of_its_own() -> None:
    ticks = Ticks()
    switch = Switch(KeyState.ENABLED, ticks)
    switch.turn(KeyState.DISABLED, Faults(enable_lag_s=10))
    switch.turn(KeyState.ENABLED, Faults(enable_lag_s=10))
    assert switch.obeyed(Faults()) is KeyState.DISABLED
    ticks.now += 10
    assert switch.obeyed(Faults()) is KeyState.ENABLED


def test_a_later_enable_wins_over_a_disable_that_is_still_on_its_way() -> None:
    ticks = Ticks()
    switch = Switch(KeyState.ENABLED, ticks)
    switch.turn(KeyState.DISABLED, Faults(disable_lag_s=60))
    switch.turn(KeyState.ENABLED, Faults())
    ticks.now += 120
    assert switch.obeyed(Faults()) is KeyState.ENABLED


@pytest.mark.parametrize(
    ("state", "obeyed"),
    [
        (KeyState.DISABLED, KeyState.ENABLED),
        (KeyState.PENDING_DELETION, KeyState.ENABLED),
        (KeyState.PENDING_IMPORT, KeyState.PENDING_IMPORT),
        (KeyState.DESTROYED, KeyState.DESTROYED),
    ],
)
def test_ignoring_a_disable_is_a_lie_of_the_data_plane_alone(state: KeyState, obeyed: KeyState) -> None:
    switch = Switch(KeyState.ENABLED, Ticks())
    switch.turn(state, Faults())
    assert (switch.declared, switch.obeyed(Faults(ignores_disable=True))) == (state, obeyed)
