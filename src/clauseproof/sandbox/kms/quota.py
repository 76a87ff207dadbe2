"""How many calls a second a provider serves before it throttles."""

import time
from collections.abc import Callable


class Quota:
    """A token bucket that holds what one second allows. Not thread-safe: whoever counts calls holds a lock anyway."""

    def __init__(self, per_s: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_s = per_s
        self._clock = clock
        self._left = float(per_s)
        self._at = clock()

    def take(self) -> bool:
        """Whether one more call is served now."""
        now = self._clock()
        self._left = min(self._per_s, self._left + (now - self._at) * self._per_s)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True
