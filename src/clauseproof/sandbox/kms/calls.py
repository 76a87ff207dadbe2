"""What was asked of a double, for tests and for the provider's own audit log."""

import threading
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

LONGEST_LOG: Final = 100_000
"""Calls kept; the oldest go first."""


@dataclass(frozen=True, kw_only=True)
class Call:
    """One request and how it ended.

    Attributes:
        service: the provider's name of the service, such as `kms`.
        operation: the provider's name of the operation.
        caller: the credential's public part: an access key id, a token's client id.
        principal: who that credential stands for; None when the provider does not know it.
        keys: names of the keys that the operation resolved to, in the provider's own form.
        at: when it arrived, by the double's wall clock.
        tick: when it arrived, by the double's monotonic clock.
        error: the provider's error code; None when it succeeded.
        message: the provider's error message; empty when it succeeded.
        request_id: identifier that the provider gave in its answer.
        source: address it came from.
        agent: what the client calls itself.
        detail: what the provider's audit log repeats of the request.
    """

    service: str
    operation: str
    caller: str | None
    principal: str | None
    keys: tuple[str, ...]
    at: datetime
    tick: float
    error: str | None
    message: str
    request_id: str
    source: str
    agent: str = ""
    detail: str = ""


class CallLog:
    """Append-only, bounded, thread-safe."""

    def __init__(self, longest: int = LONGEST_LOG) -> None:
        self._lock = threading.Lock()
        self._calls: deque[Call] = deque(maxlen=longest)

    def add(self, call: Call) -> None:
        """Append one call."""
        with self._lock:
            self._calls.append(call)

    def all(self) -> tuple[Call, ...]:
        """Every call kept, oldest first."""
        with self._lock:
            return tuple(self._calls)

    def of(self, operations: Iterable[str]) -> tuple[Call, ...]:
        """The calls of these operations only."""
        wanted = frozenset(operations)
        return tuple(call for call in self.all() if call.operation in wanted)
