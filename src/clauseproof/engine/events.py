"""What a run tells those who watch it. Looks, never verdicts, while looking goes on."""

from typing import Protocol

from clauseproof.engine.plan import Key, Plan
from clauseproof.model.unseen import Unseen


class Events(Protocol):
    """A watcher of a run; called from several threads."""

    def planned(self, plan: Plan) -> None:
        """The plan stands."""

    def started(self, key: Key, drill: bool) -> None:
        """A look begins."""

    def told(self, key: Key, line: str) -> None:
        """A probe says how far it is."""

    def finished(self, key: Key, unseen: Unseen | None) -> None:
        """A look has ended."""

    def judged(self, count: int) -> None:
        """So many claims have been judged."""

    def recorded(self, text: str) -> None:
        """The run is on disk."""


class Silent:
    """Nobody watches."""

    def planned(self, plan: Plan) -> None:
        """Nothing."""

    def started(self, key: Key, drill: bool) -> None:
        """Nothing."""

    def told(self, key: Key, line: str) -> None:
        """Nothing."""

    def finished(self, key: Key, unseen: Unseen | None) -> None:
        """Nothing."""

    def judged(self, count: int) -> None:
        """Nothing."""

    def recorded(self, text: str) -> None:
        """Nothing."""
