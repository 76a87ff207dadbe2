"""Time as the doubles see it: a wall clock for dates, a monotonic one for lags."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, kw_only=True)
class Clock:
    """Both clocks enter here, so that a test can move either without sleeping.

    Attributes:
        now: aware UTC time, used for every date a provider shows.
        ticks: monotonic seconds, used for propagation lags and the duration of a rotation.
    """

    now: Callable[[], datetime] = _utc_now
    ticks: Callable[[], float] = time.monotonic
