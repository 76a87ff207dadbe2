"""What every drill on a key shares: acts with their times, the end of the run, the state afterwards."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from clauseproof.facts.drills import Act
from clauseproof.model.errors import LookFailed
from clauseproof.model.look import Look
from clauseproof.model.unseen import Reason

STEP_S = 0.05
"""How often a waiting drill looks up."""


class NotBegun(LookFailed):
    """The run ended before the drill changed anything."""

    reason = Reason.NOT_RUN


def must_go_on(look: Look) -> None:
    """NotBegun if the run was told to stop; for the steps before the first change."""
    if look.stopping():
        raise NotBegun(f"the run was told to stop before the drill of {look.subject} changed anything", "run again")


@dataclass(frozen=True)
class Done:
    """An act by the look's clock."""

    call: str
    at: datetime
    sent: float
    answered: float

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
