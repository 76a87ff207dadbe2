"""How a drill looks, as the profile says on the subject."""

from datetime import timedelta
from typing import Self

from pydantic import Field, model_validator

from clauseproof.model.frozen import Frozen
from clauseproof.model.units import Duration

MOST_POLLS = 10_000
LONGEST = timedelta(hours=3)
"""What one run may take, from disabling a key to seeing it back."""
LONGEST_LEFT = timedelta(days=7)
"""How long a key may stay disabled over several runs."""
MOST_RUNS = 100
"""Runs that take part in one drill."""
LONGEST_LOG = timedelta(hours=1)


class DrillShape(Frozen):
    """How a drill looks: how often, how long, how sure.

    Attributes:
        poll_every: how often each side is asked; the doubt about every change.
        give_up_after: the longest dark time of a revocation, after which the key is enabled whatever was seen; and
            the longest wait for a rotation. Choose it longer than the contract's limit.
        per_run: one run's share of that. A run whose share is over leaves the key disabled, and a later run with
            `--drills` goes on; `give_up_after` is then at most 7 days. Without it no run leaves a key disabled.
        recover_within: how long to wait until everything serves again, and how long to retry the way back.
        confirmations: answers in a row before a change counts.
        rotations_kept: on-demand rotations of the key's lifetime budget that a rotation drill leaves untouched.
        canary_context: encryption context of our own canary, where the key's policy demands one.
        log_within: how long the drill's own calls are looked for afterwards in the provider's audit log.
    """

    poll_every: Duration = timedelta(seconds=1)
    give_up_after: Duration = timedelta(minutes=20)
    per_run: Duration | None = None
    recover_within: Duration = timedelta(minutes=10)
    confirmations: int = Field(default=3, ge=2, le=100)
    rotations_kept: int = Field(default=5, ge=0, le=24)
    canary_context: dict[str, str] = Field(default={"clauseproof": "drill"}, max_length=8)
    log_within: Duration = timedelta(minutes=20)

    @property
    def within_a_run(self) -> timedelta:
        """The longest that one run waits."""
        return self.give_up_after if self.per_run is None else self.per_run

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        if self.per_run is not None and self.per_run >= self.give_up_after:
            raise ValueError("per_run is one run's share of give_up_after, and shorter")
        if self.within_a_run + self.recover_within > LONGEST:
            share = "give_up_after" if self.per_run is None else "per_run"
            raise ValueError(f"{share} and recover_within last at most 3 hours together")
        if self.give_up_after > LONGEST_LEFT:
            raise ValueError("give_up_after lasts at most 7 days, however many runs take part")
        if self.log_within > LONGEST_LOG:
            raise ValueError("log_within lasts at most 1 hour")
        if (self.give_up_after + self.recover_within) / self.poll_every > MOST_POLLS:
            raise ValueError(f"a drill polls at most {MOST_POLLS} times; make poll_every longer")
        return self
