"""How many connections the looks make, and how often: politeness, and a process's file descriptors.

To one address at most `AT_ONCE` are open at a time and at most `PER_SECOND` are made in a second, whatever looks and
subjects share it; over all addresses at most `OPEN` are open.
"""

import asyncio
import weakref

AT_ONCE = 6
PER_SECOND = 10
OPEN = 400
_IDLE_PACES = 1024


def slot(address: str) -> "Slot":
    """The right to one connection to an address, in the running loop: `async with slot(address): ...`."""
    loop = asyncio.get_running_loop()
    if loop not in _loops:
        _loops[loop] = _Traffic()
    return _loops[loop].slot(address, loop.time())


class _Pace:
    """How often one address may be connected to: a bucket of tokens, and room for a few at once."""

    def __init__(self, now_s: float) -> None:
        self.room = asyncio.Semaphore(AT_ONCE)
        self.users = 0
        self._tokens = float(PER_SECOND)
        self._at_s = now_s

    def wait_s(self, now_s: float) -> float:
        """Take a token; the seconds to wait until it is there."""
        self._fill(now_s)
        self._tokens -= 1
        return max(0.0, -self._tokens / PER_SECOND)

    def idle(self, now_s: float) -> bool:
        """Whether nobody uses it and its bucket is full."""
        self._fill(now_s)
        return not self.users and self._tokens >= PER_SECOND

    def _fill(self, now_s: float) -> None:
        self._tokens = min(float(PER_SECOND), self._tokens + (now_s - self._at_s) * PER_SECOND)
        self._at_s = now_s


class Slot:
    """The right to one connection to an address, for as long as its block runs."""

    def __init__(self, pace: _Pace, everywhere: asyncio.Semaphore) -> None:
        self._pace, self._everywhere = pace, everywhere

    async def __aenter__(self) -> None:
        self._pace.users += 1
        try:
            await self._turn()
        except BaseException:
            self._pace.users -= 1
            raise

    async def __aexit__(self, *error: object) -> None:
        self._everywhere.release()
        self._pace.room.release()
        self._pace.users -= 1

    async def _turn(self) -> None:
        await self._pace.room.acquire()
        try:
            wait_s = self._pace.wait_s(asyncio.get_running_loop().time())
            if wait_s:
                await asyncio.sleep(wait_s)
            await self._everywhere.acquire()
        except BaseException:
            self._pace.room.release()
            raise


class _Traffic:
    """All connections of one event loop."""

    def __init__(self) -> None:
        self._open = asyncio.Semaphore(OPEN)
        self._paces: dict[str, _Pace] = {}

    def slot(self, address: str, now_s: float) -> Slot:
        """A connection to an address, once its turn comes."""
        if address not in self._paces:
            if len(self._paces) >= _IDLE_PACES:
                self._paces = {known: pace for known, pace in self._paces.items() if not pace.idle(now_s)}
            self._paces[address] = _Pace(now_s)
        return Slot(self._paces[address], self._open)


_loops: "weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, _Traffic]" = weakref.WeakKeyDictionary()
