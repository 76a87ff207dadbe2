"""A key's or a version's state, and the lag between declaring it and obeying it."""

from collections.abc import Callable
from enum import StrEnum

from clauseproof.sandbox.kms.faults import Faults


class KeyState(StrEnum):
    """The states that the providers have in common; each double words them in its own way."""

    ENABLED = "enabled"
    DISABLED = "disabled"
    PENDING_DELETION = "pending deletion"
    PENDING_IMPORT = "pending import"
    UNAVAILABLE = "unavailable"
    DESTROYED = "destroyed"


class Switch:
    """A state that is declared at once and obeyed after a lag, as with an eventually consistent data plane.

    A later turn wins over an earlier one, even if the earlier one would take longer to arrive.
    """

    def __init__(self, state: KeyState, ticks: Callable[[], float]) -> None:
        self._ticks = ticks
        self._declared = state
        self._turns: list[tuple[float, KeyState]] = [(ticks(), state)]

    @property
    def declared(self) -> KeyState:
        """What the control plane shows."""
        return self._declared

    def turn(self, state: KeyState, faults: Faults) -> None:
        """Declare `state`; it will be obeyed after the lag that `faults` give for it."""
        now = self._ticks()
        lag_s = faults.enable_lag_s if state is KeyState.ENABLED else faults.disable_lag_s
        self._turns = [*self._turns[self._in_force(now) :], (now + lag_s, state)]
        self._declared = state

    def obeyed(self, faults: Faults) -> KeyState:
        """What the data plane goes by."""
        state = self._turns[self._in_force(self._ticks())][1]
        ignored = faults.ignores_disable and state in (KeyState.DISABLED, KeyState.PENDING_DELETION)
        return KeyState.ENABLED if ignored else state

    def _in_force(self, now: float) -> int:
        return max((i for i, (since, _) in enumerate(self._turns) if since <= now), default=0)
