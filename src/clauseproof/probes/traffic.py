"""How many connections the looks make, and how often: politeness, and a process's file descriptors.

To one address at most `AT_ONCE` are open at a time and at most `PER_SECOND` are made in a second, or as many as the
run's pace says, whatever looks and subjects share it; over all addresses at most `OPEN` are open.
"""

import asyncio
import weakref
from collections import deque

from clauseproof.model.pace import Pace

AT_ONCE = 6
PER_SECOND = 10
OPEN = 400
_IDLE_GATES = 1024


def slot(address: str, pace: Pace) -> "Slot":
    """The right to one connection to an address, in the running loop: `async with slot(address, pace): ...`.

    All looks of a run share one pace, and each run has a loop of its own.
    """
    loop = asyncio.get_running_loop()
    if loop not in _loops:
        _loops[loop] = _Traffic(pace)
    return _loops[loop].slot(address, loop.time())


class _Gate:
    """How often one address may be connected to: room for a few at once, and when the last few were begun."""

    def __init__(self, pace: Pace) -> None:
        self.room = asyncio.Semaphore(pace.at_once or AT_ONCE)
        self.users = 0
        self._begun_s: deque[float] = deque(maxlen=pace.per_second or PER_SECOND)

    def wait_s(self, now_s: float) -> float:
        """Take the next turn; the seconds until it comes: no second holds more turns than the pace allows."""
        full = len(self._begun_s) == self._begun_s.maxlen
        at_s = max(now_s, self._begun_s[0] + 1.0) if full else now_s
        self._begun_s.append(at_s)
        return at_s - now_s

    def idle(self, now_s: float) -> bool:
        """Whether nobody uses it and no turn of the last second counts any more."""
        return not self.users and (not self._begun_s or self._begun_s[-1] + 1.0 <= now_s)


class Slot:
    """The right to one connection to an address, for as long as its block runs."""

    def __init__(self, gate: _Gate, everywhere: asyncio.Semaphore) -> None:
        self._gate, self._everywhere = gate, everywhere

    async def __aenter__(self) -> None:
        self._gate.users += 1
        try:
            await self._turn()
        except BaseException:
            self._gate.users -= 1
            raise

    async def __aexit__(self, *error: object) -> None:
        self._everywhere.release()
        self._gate.room.release()
        self._gate.users -= 1

    async def _turn(self) -> None:
        await self._gate.room.acquire()
        try:
            wait_s = self._gate.wait_s(asyncio.get_running_loop().time())
            if wait_s:
                await asyncio.sleep(wait_s)
            await self._everywhere.acquire()
        except BaseException:
            self._gate.room.release()
            raise


class _Traffic:
    """All connections of one event loop."""

    def __init__(self, pace: Pace) -> None:
        self._open = asyncio.Semaphore(OPEN)
        self._pace = pace
        self._gates: dict[str, _Gate] = {}

    def slot(self, address: str, now_s: float) -> Slot:
        """A connection to an address, once its turn comes."""
        if address not in self._gates:
            if len(self._gates) >= _IDLE_GATES:
                self._gates = {known: one for known, one in self._gates.items() if not one.idle(now_s)}
            self._gates[address] = _Gate(self._pace)
        return Slot(self._gates[address], self._open)


_loops: "weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, _Traffic]" = weakref.WeakKeyDictionary()
