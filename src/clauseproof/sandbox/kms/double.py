"""What the doubles share: a server for the length of a block, faults that change while it runs, and its calls."""

from contextlib import AbstractContextManager
from dataclasses import replace
from types import TracebackType
from typing import Self

from clauseproof.sandbox.kms.calls import Call, CallLog
from clauseproof.sandbox.kms.faults import FaultBoard, Faults


class Bendable:
    """Runs for the length of a `with` block, and can be made to do wrong meanwhile."""

    def __init__(self, board: FaultBoard, server: AbstractContextManager[object]) -> None:
        self._board = board
        self._block = server

    @property
    def faults(self) -> Faults:
        """What it does wrong at present; assign to change that while it runs."""
        return self._board.faults

    @faults.setter
    def faults(self, faults: Faults) -> None:
        self._board.set(faults)

    def bend(self, **changes: object) -> None:
        """Change some faults and keep the others; counts of calls start again."""
        self.faults = replace(self.faults, **changes)  # type: ignore[arg-type]

    def __enter__(self) -> Self:
        self._block.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._block.__exit__(kind, error, trace)


class KmsDouble(Bendable):
    """A key service that remembers what it was asked."""

    def __init__(self, board: FaultBoard, log: CallLog, server: AbstractContextManager[object]) -> None:
        super().__init__(board, server)
        self._log = log

    @property
    def calls(self) -> tuple[Call, ...]:
        """Every request so far, oldest first; those that were refused before anything was looked at, included."""
        return self._log.all()
