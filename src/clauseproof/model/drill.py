"""Changing something of the deployment's and changing it back, whatever happens."""

from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Protocol

from pydantic import AwareDatetime

from clauseproof.model.frozen import Frozen


class Undo(Frozen):
    """The way back, as data: another process must be able to take it.

    Attributes:
        kind: which function takes it, see `undoes`.
        target: what was changed, for people, such as a key's ARN.
        prior: the state to return to.
        settings: how to reach the target (region, endpoint, profile); never a secret.
    """

    kind: str
    target: str
    prior: str
    settings: dict[str, str]


class Left(Undo):
    """A change that a run has left as it is, so that a later run may go on watching: its way back, and the rest.

    Attributes:
        by: the kind of facts that the drill gives, such as `keys.revocation`; a later drill of that kind goes on.
        state: what the target is in meanwhile, as against `prior`.
        at: when the run left it.
        due: when the way back must have been taken.
        story: what the later drill needs to know, in its own words.
    """

    by: str
    state: str
    at: AwareDatetime
    due: AwareDatetime
    story: str

    @property
    def sentence(self) -> str:
        """Where it stands, for people."""
        return f"{self.target} is {self.state} for a drill that was left to a later run, until {self.due_text}"

    @property
    def due_text(self) -> str:
        """`2026-11-24 09:30 UTC`."""
        return f"{self.due.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


class Change(Protocol):
    """A change under way, as its drill holds it."""

    def leave(self, by: str, state: str, due: datetime, story: str) -> None:
        """Leave the change as it is to a later run, see `Left`; nothing may be done with it any more afterwards."""


class Journal(Protocol):
    """A drill's memory outside the run; a probe of class `drill` asks for it by this type."""

    def change(self, undo: Undo) -> AbstractContextManager[Change]:
        """Write the way back and fsync it before the body runs; afterwards take it, verify, and close the entry.

        Refuses (JournalOpen) while an entry for the target is open, or left.
        """

    def left(self, target: str) -> Left | None:
        """The change of a target that an earlier run has left; None where there is none."""

    def resume(self, left: Left) -> AbstractContextManager[Change]:
        """Take a left change over, as if this run had made it: afterwards its way back is taken, see `change`.

        Refuses (JournalOpen) where another run has taken it over.
        """

    def point(self, name: str) -> None:
        """Pass a point at which the process may die; a drill calls it between any two steps."""
