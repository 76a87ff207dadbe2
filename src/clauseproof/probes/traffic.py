"""How many connections the looks make, and how often: politeness, and a process's file descriptors.

To one address at most `AT_ONCE` are open at a time and at most `PER_SECOND` are made in a second, or as many as the
run's pace says, whatever looks and subjects share it, on the event loop or in threads; the loop has at most `OPEN` open
over all addresses. A deep scan makes hundreds of connections with leave: how many in a second counts for it only where
the run says so.
"""

import asyncio
import contextlib
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable

from clauseproof.model.errors import TimedOut
from clauseproof.model.pace import Pace

AT_ONCE = 6
PER_SECOND = 10
OPEN = 400
_IDLE_GATES = 1024


class Waiter:
    """Somebody who waits for room at a gate; the gate's lock guards its state."""

    def __init__(self, wake: Callable[[], object]) -> None:
        self._wake = wake
        self.called = False
        self.gone = False

    def call(self) -> bool:
        """Hand the room over; False where nobody waits any more."""
        if not self.gone:
            self.called = True
            with contextlib.suppress(RuntimeError):  # its loop was closed
                self._wake()
                return True
        return False


class Gate:
    """Connections to one address: room for a few at once, and when the last few were begun. Safe for threads."""

    def __init__(self, pace: Pace) -> None:
        self._lock = threading.Lock()
        self._room = pace.at_once or AT_ONCE
        self._waiting: deque[Waiter] = deque()
        self._begun_s: deque[float] = deque(maxlen=pace.per_second or PER_SECOND)
        self.users = 0

    def enter(self, waiter: Waiter) -> bool:
        """Whether there is room now; else the waiter is called when there is."""
        with self._lock:
            self.users += 1
            if self._room:
                self._room -= 1
                return True
            self._waiting.append(waiter)
            return False

    def leave(self) -> None:
        """Give the room to whoever waits longest, if anybody does."""
        with self._lock:
            self.users -= 1
            while self._waiting:
                if self._waiting.popleft().call():
                    return
            self._room += 1

    def give_up(self, waiter: Waiter) -> None:
        """Wait no longer; room that was handed over meanwhile goes to the next."""
        with self._lock:
            waiter.gone = True
            if not waiter.called:
                self.users -= 1
                return
        self.leave()

    def wait_s(self, now_s: float) -> float:
        """Take the next turn; the seconds until it comes: no second holds more turns than the pace allows."""
        with self._lock:
            full = len(self._begun_s) == self._begun_s.maxlen
            at_s = max(now_s, self._begun_s[0] + 1.0) if full else now_s
            self._begun_s.append(at_s)
            return at_s - now_s

    def idle(self, now_s: float) -> bool:
        """Whether nobody uses it and no turn of the last second counts any more."""
        return not self.users and (not self._begun_s or self._begun_s[-1] + 1.0 <= now_s)


class Slot:
    """The right to one connection to an address, for as long as its block runs on an event loop."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    async def __aenter__(self) -> None:
        await self._room()
        try:
            wait_s = self._gate.wait_s(time.monotonic())
            if wait_s:
                await asyncio.sleep(wait_s)
            await _everywhere().acquire()
        except BaseException:
            self._gate.leave()
            raise

    async def __aexit__(self, *error: object) -> None:
        _everywhere().release()
        self._gate.leave()

    async def _room(self) -> None:
        loop = asyncio.get_running_loop()
        room = loop.create_future()

        def come() -> None:
            if not room.done():
                room.set_result(None)

        waiter = Waiter(lambda: loop.call_soon_threadsafe(come))
        if self._gate.enter(waiter):
            return
        try:
            await room
        except BaseException:
            self._gate.give_up(waiter)
            raise


def slot(address: str, pace: Pace) -> Slot:
    """The right to one connection to an address: `async with slot(address, pace): ...`. All looks share one pace."""
    return Slot(gate_of(address, pace))


class ThreadSlot:
    """The same in a thread, for work that makes one connection after the other.

    Not a generator with `contextlib.contextmanager`: that would change exceptions, and those of sslyze are frozen.
    """

    def __init__(self, address: str, pace: Pace, limit_s: float) -> None:
        self._address, self._gate, self._limit_s = address, gate_of(address, pace), limit_s

    def __enter__(self) -> None:
        """Raises TimedOut where no room comes free in the time given."""
        come = threading.Event()
        waiter = Waiter(come.set)
        if not self._gate.enter(waiter) and not come.wait(min(self._limit_s, threading.TIMEOUT_MAX)):
            self._gate.give_up(waiter)
            raise TimedOut(f"there was no time left to connect to {self._address}", "run again")

    def __exit__(self, *error: object) -> None:
        self._gate.leave()


def turn(address: str, pace: Pace) -> None:
    """In a thread: wait for the turn of one connection."""
    time.sleep(gate_of(address, pace).wait_s(time.monotonic()))


def pause(address: str, pace: Pace) -> None:
    """Before each connection of a permitted scan: wait for its turn, where the run says how often."""
    if pace.per_second is not None:
        turn(address, pace)


def gate_of(address: str, pace: Pace) -> Gate:
    """The gate that all looks of a run share."""
    with _lock:
        gates = _runs.setdefault(pace, {})
        if address not in gates:
            if len(gates) >= _IDLE_GATES:
                for known in [known for known, gate in gates.items() if gate.idle(time.monotonic())]:
                    del gates[known]
            gates[address] = Gate(pace)
        return gates[address]


def _everywhere() -> asyncio.Semaphore:
    """Room for all connections of the running loop."""
    loop = asyncio.get_running_loop()
    with _lock:
        if loop not in _loops:
            _loops[loop] = asyncio.Semaphore(OPEN)
        return _loops[loop]


_lock = threading.Lock()
_runs: "weakref.WeakKeyDictionary[Pace, dict[str, Gate]]" = weakref.WeakKeyDictionary()
_loops: "weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore]" = weakref.WeakKeyDictionary()
