"""Makes the looks of a plan: all that can start starts, each once; drills last, one at a time.

Async probes share one event loop. Plain ones run in daemon threads of their own, a bounded number at a time, so that
a hung call delays neither its neighbours nor the end of the process; a probe may bound its looks further. A look's time
begins when it waits for no other look any more. Past its deadline it becomes an `Unseen` and its late result is
discarded. A drill is told to stop and never abandoned: its thread is waited for.
"""

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Iterable
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

from clauseproof.engine.call import call, drill
from clauseproof.engine.events import Events
from clauseproof.engine.plan import Blind, Key, Node, Plan, Sight
from clauseproof.engine.registry import Probe
from clauseproof.engine.workshop import Workshop
from clauseproof.model.drill import Journal
from clauseproof.model.errors import LedgerError
from clauseproof.model.facts import Facts
from clauseproof.model.look import Look
from clauseproof.model.observation import Observation
from clauseproof.model.unseen import Reason, Unseen

Result = Facts | Unseen


class Recorder(Protocol):
    """Where observations go."""

    def observe(self, observation: Observation) -> str:
        """Append an observation; returns the digest of its line."""


@dataclass(frozen=True)
class Limits:
    """How much runs at once: looks in all, plain probes in threads, looks at one subject."""

    looks: int = 1024
    threads: int = 32
    per_subject: int = 8


@dataclass
class _Done:
    """A finished look: the digest of its line, and what it gave for as long as a probe still needs it."""

    result: Result | None
    digest: str
    waiting: int


class _Turn:
    """One look's own clock: when it began, waiting for a free slot not counted."""

    def __init__(self, look: Look) -> None:
        self.look = look
        self.begin()

    def begin(self) -> None:
        self.took_s = 0.0
        self.at = datetime.now(UTC)
        self.began = time.monotonic()


@dataclass
class Observer:
    """Runs the looks of one plan in a thread of its own.

    Attributes:
        journal: handed to drills; None where the run makes none.
        unrestored: sentences about drills whose way back failed; the run must say them loudly and exit with 7.
    """

    plan: Plan
    recorder: Recorder
    workshop: Workshop
    events: Events
    journal: Journal | None = None
    limits: Limits = field(default_factory=Limits)
    unrestored: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._ended: set[Key] = set()
        self._news = threading.Condition()
        self._over = threading.Event()  # an interrupted `Thread.join` would take the thread for ended (CPython 3.11)
        self._results: dict[Key, _Done] = {}
        self._consumers = Counter(feed for node in self.plan.nodes.values() for _, feed in node.inputs)
        self._thread = threading.Thread(target=self._main, name="observer", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tasks: dict[Key, asyncio.Task[None]] = {}
        self.failure: BaseException | None = None

    def start(self) -> None:
        """Begin looking."""
        self._thread.start()

    def wait(self, keys: Iterable[Key] | None = None) -> None:
        """Block until the given looks have ended, all if None. Interruptible by signals."""
        if keys is None:
            self._over.wait()
        else:
            self._wait_for(set(keys))
        self._raise_failure()

    def _wait_for(self, keys: set[Key]) -> None:
        with self._news:
            self._news.wait_for(lambda: keys <= self._ended or self._over.is_set())

    def stop(self) -> None:
        """Ask for an end: looks under way are abandoned as not run, a running drill restores first. Blocks."""
        self.workshop.stop_asked = True
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._cancel)
        self._thread.join()

    def _raise_failure(self) -> None:
        if self.failure is not None:
            raise self.failure

    def _cancel(self) -> None:
        for key, task in self._tasks.items():
            if not self._drills(key):
                task.cancel()

    def _main(self) -> None:
        try:
            asyncio.run(self._run())
        except BaseException as error:  # noqa: BLE001 (handed to the thread that waits)
            self.failure = error
        finally:
            self._over.set()
            with self._news:
                self._news.notify_all()

    async def _run(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._looks = asyncio.Semaphore(self.limits.looks)
        self._threads = asyncio.Semaphore(self.limits.threads)
        self._subjects: dict[str, asyncio.Semaphore] = {}
        self._probes: dict[str, asyncio.Semaphore] = {}
        quiet = [key for key in self.plan.nodes if not self._follows_drill(key)]
        await self._gather(quiet)
        for key in self.plan.nodes:
            if self._follows_drill(key):
                await self._gather([key])

    def _drills(self, key: Key) -> bool:
        node = self.plan.nodes[key]
        return isinstance(node, Sight) and node.drill

    def _follows_drill(self, key: Key) -> bool:
        return self._drills(key) or any(self._follows_drill(feed) for _, feed in self.plan.nodes[key].inputs)

    async def _gather(self, keys: Iterable[Key]) -> None:
        wanted = [self._task(key) for key in keys]
        await asyncio.gather(*wanted, return_exceptions=False)

    def _task(self, key: Key) -> asyncio.Task[None]:
        if key not in self._tasks:
            self._tasks[key] = asyncio.get_running_loop().create_task(self._one(self.plan.nodes[key]))
        return self._tasks[key]

    async def _one(self, node: Node) -> None:
        turn = _Turn(self.workshop.look(node.key))
        try:
            for _, feed in node.inputs:
                await asyncio.shield(self._task(feed))
            result = node.unseen if isinstance(node, Blind) else await self._look(node, turn)
        except asyncio.CancelledError:
            result = Unseen(reason=Reason.NOT_RUN, text=f"the run was interrupted before {node.key.kind} was seen")
        self._record(node, turn, result)

    async def _look(self, sight: Sight, turn: "_Turn") -> Result:
        given = self._given(sight)
        if isinstance(given, Unseen):
            return given
        lane = self._subjects.setdefault(sight.key.subject, asyncio.Semaphore(self.limits.per_subject))
        slot = self._looks if sight.is_async or sight.drill else self._threads
        async with self._room(sight.probe), lane, slot:
            turn.begin()
            self.events.started(sight.key, sight.drill)
            given[sight.probe.subject_name] = self.plan.profile.subjects[sight.key.subject]
            if not sight.drill:
                return await call(sight.probe, turn.look, given)
            if self.workshop.stop_asked or self.journal is None:
                return Unseen(reason=Reason.NOT_RUN, text=f"the drill of {sight.key.subject} was not begun")
            return await asyncio.shield(drill(sight.probe, turn.look, given, self.journal, self.unrestored))

    def _room(self, probe: Probe) -> AbstractAsyncContextManager[None]:
        """Room among the looks of a probe that bounds them; taken first, so that nobody holds a thread who waits."""
        if probe.mark.at_once is None:
            return nullcontext()
        return self._probes.setdefault(probe.name, asyncio.Semaphore(probe.mark.at_once))

    def _given(self, sight: Sight) -> dict[str, Any] | Unseen:
        given: dict[str, Any] = {}
        for need, feed in sight.inputs:
            result = self._results[feed].result
            if isinstance(result, Unseen) and not need.optional:
                return result
            given[need.name] = result
        return given

    def _record(self, node: Node, turn: "_Turn", result: Result) -> None:
        turn.took_s = time.monotonic() - turn.began
        try:
            digest = self.recorder.observe(self._observation(node, turn, result))
        except LedgerError as error:
            result = Unseen(reason=Reason.FAILED, text=error.what, remedy=error.what_to_do)
            digest = self.recorder.observe(self._observation(node, turn, result))
        waiting = self._consumers[node.key]
        self._results[node.key] = _Done(result if waiting else None, digest, waiting)
        self._release(node)
        self.events.finished(node.key, result if isinstance(result, Unseen) else None)
        with self._news:
            self._ended.add(node.key)
            self._news.notify_all()

    def _observation(self, node: Node, turn: "_Turn", result: Result) -> Observation:
        return Observation(
            kind=node.key.kind,
            version=result.version if isinstance(result, Facts) else 0,
            subject=node.key.subject,
            vantage=node.key.vantage,
            at=turn.at,
            took_s=turn.took_s,
            probe=node.probe.name if node.probe else "",
            permission=node.probe.mark.permission if node.probe else "",
            result=result,
            calls=tuple(turn.look.calls),
            inputs=tuple(self._results[feed].digest for _, feed in node.inputs if feed in self._results),
            artifacts=tuple(dict.fromkeys(turn.look.artifacts)),
            way=turn.look.way,
        )

    def _release(self, node: Node) -> None:
        """Forget facts that no probe waits for any more: a fleet's facts lie in the ledger, not in memory."""
        for _, feed in node.inputs:
            done = self._results.get(feed)
            if done is not None:
                done.waiting -= 1
                if done.waiting == 0:
                    done.result = None
