"""Changing something of the deployment's and changing it back, whatever happens."""

from contextlib import AbstractContextManager
from typing import Protocol

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


class Journal(Protocol):
    """A drill's memory outside the run; a probe of class `drill` asks for it by this type."""

    def change(self, undo: Undo) -> AbstractContextManager[None]:
        """Write the way back and fsync it before the body runs; afterwards take it, verify, and close the entry.

        Refuses (JournalOpen) while an entry for the target is open.
        """

    def point(self, name: str) -> None:
        """Pass a point at which the process may die; a drill calls it between any two steps."""
