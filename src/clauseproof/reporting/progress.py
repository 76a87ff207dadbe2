"""A run as it goes on: redrawn in place on a terminal, elsewhere one plain line whenever a stage ends.

It shows looks and never verdicts: judging starts when looking has ended.
"""

import sys
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import IO, Self

from rich.live import Live
from rich.text import Text

from clauseproof.engine.plan import Key, Plan
from clauseproof.model.unseen import Unseen
from clauseproof.reporting.console import carried, console, say, width_of
from clauseproof.reporting.frame import Stage, draw
from clauseproof.reporting.text import count, line


class Progress:
    """Watches a run (`engine.events.Events`); a context manager. Safe to be called from several threads.

    Args:
        title: the vendor and the contract, in a few words.
        stream: where to write, standard error if None.
        clock: seconds, for the time gone by.
    """

    def __init__(
        self, title: str, *, stream: IO[str] | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._screen = console(stream or sys.stderr)
        self._clock = clock
        self._began = clock()
        self._stage = Stage(line(title, 80))
        self._lock = threading.RLock()
        self._live: Live | None = None

    def __enter__(self) -> Self:
        if self._screen.is_terminal and not self._screen.is_dumb_terminal:
            self._live = Live(
                get_renderable=self._frame, console=self._screen, refresh_per_second=4, redirect_stdout=False
            )
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def planned(self, plan: Plan) -> None:
        """The plan stands."""
        with self._lock:
            self._stage.planned(plan)
            self._note(f"plan: {self._stage.plan}")
            if self._stage.untested:
                self._note(f"plan: will stay not tested: {self._stage.untested}")

    def started(self, key: Key, drill: bool) -> None:
        """A look begins."""
        with self._lock:
            self._stage.started(key, drill, self._clock())
            if drill:
                self._note(f"drill: {key.kind} of {key.subject} begins")

    def told(self, key: Key, line: str) -> None:
        """A probe says how far it is."""
        with self._lock:
            self._stage.told(key, line)

    def finished(self, key: Key, unseen: Unseen | None) -> None:
        """A look has ended."""
        with self._lock:
            drill = key in self._stage.drills
            counted = self._stage.finished(key, unseen)
            if drill:
                self._note(f"drill: {key.kind} of {key.subject} {'ended' if unseen is None else unseen.text}")
            elif counted and self._stage.seen == self._stage.looks:
                self._note(f"observe: {self._stage.observed}")

    def judged(self, count_: int) -> None:
        """So many claims have been judged."""
        with self._lock:
            self._stage.judged = f"{count(count_, 'verdict')} from {count(self._stage.total, 'observation')}"
            self._note(f"judge: {self._stage.judged}")

    def recorded(self, text: str) -> None:
        """The run is on disk."""
        with self._lock:
            self._stage.recorded = text
            self._note(f"record: {text}")

    def _note(self, text: str) -> None:
        if self._live is None:
            say(self._screen, Text(line(text, 500)))

    def _frame(self) -> Text:
        with self._lock:
            now = self._clock()
            text = draw(self._stage, now - self._began, now, width_of(self._screen))
        return carried(text, self._screen.encoding)
