"""What every drill on a key shares: acts with their times, the end of the run, whose turn it is."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from clauseproof.facts.drills import Act
from clauseproof.model.drill import Journal
from clauseproof.model.errors import LookFailed, NotPermitted, Unknowable
from clauseproof.model.look import Look
from clauseproof.model.unseen import Reason

STEP_S = 0.05
"""How often a waiting drill looks up."""

_MOST_APART_S = 2.0
_MOST_DRIFT = 0.001
"""Twice what a clock that is being corrected may run fast or slow (Linux adjtimex: 500 parts in a million)."""


class NotBegun(LookFailed):
    """The run ended before the drill changed anything."""

    reason = Reason.NOT_RUN


def must_go_on(look: Look) -> None:
    """For the steps before the first change: NotBegun if the run was told to stop, NotPermitted if its leave ended."""
    if look.stopping():
        raise NotBegun(f"the run was told to stop before the drill of {look.subject} changed anything", "run again")
    if look.permitted_until is not None and datetime.now(UTC) >= look.permitted_until:
        raise NotPermitted(
            f"the permission ended before the drill of {look.subject} changed anything",
            "ask for a new one and change permission.valid",
        )


def must_be_free(target: str, journal: Journal) -> None:
    """NotBegun where an earlier run has left the key to a drill that is not over."""
    left = journal.left(target)
    if left is not None:
        raise NotBegun(left.sentence, "let that drill go on with --drills, or end it now: clauseproof restore")


def fingerprint(data: bytes) -> str:
    """What a canary or a record is known by without being written down: `sha256:<hex>`."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


@dataclass(frozen=True)
class Done:
    """An act by the look's clock."""

    call: str
    at: datetime
    sent: float
    answered: float

    def must_be_timed(self, look: Look) -> None:
        """Unknowable where the clock that times a drill and the clock on the wall went apart since.

        A machine that sleeps stops the one and not the other, and all that was seen would seem to be earlier.
        """
        steady_s, wall_s = look.clock() - self.sent, (datetime.now(UTC) - self.at).total_seconds()
        if abs(wall_s - steady_s) > _MOST_APART_S + _MOST_DRIFT * steady_s:
            raise Unknowable(
                f"this machine slept or its clock was set while it drilled {look.subject}: {wall_s:.0f} s passed by "
                f"its clock, of which it saw {steady_s:.0f} s",
                "drill again on a machine that stays awake and keeps time",
            )

    def seen_from(self, zero: float) -> Act:
        """As the facts keep it."""
        return Act(
            call=self.call, at=self.at, t_s=round(self.sent - zero, 6), took_s=round(self.answered - self.sent, 6)
        )


def act(look: Look, call: str, work: Callable[[], None]) -> Done:
    """Do something and note when."""
    at, sent = datetime.now(UTC), look.clock()
    work()
    return Done(call, at, sent, look.clock())
