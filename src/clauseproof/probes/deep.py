"""A deep look at one address: where it is, and how long it may take.

Whatever sslyze does is done in threads that are abandoned if they never end.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import NamedTuple, TypeVar

from clauseproof.facts.dns import Resolution
from clauseproof.facts.endpoint import Endpoint
from clauseproof.facts.manner import StartTls
from clauseproof.model.errors import LookFailed, TimedOut
from clauseproof.model.look import Look
from clauseproof.model.pace import Pace
from clauseproof.probes.passage import only_directly
from clauseproof.probes.traffic import ThreadSlot

SCANS_AT_ONCE, TESTS_AT_ONCE, HANDSHAKES_AT_ONCE = 3, 2, 8
"""How many endpoints are scanned, tested, and asked for a stapled response at the same time: OpenSSL's memory and one
core bound it. Those that wait for others lose no time of their own."""
MOST_CONNECTIONS = 1200
"""More than a scan makes to an address, what is accepted offered twice."""
LONGEST_S = 60.0
"""The most that one look may take at one address."""
_MARGIN_S = 1.0

T = TypeVar("T")


class Target(NamedTuple):
    """Where to connect, and how."""

    address: str
    port: int
    server_name: str
    starttls: StartTls | None = None
    pace: Pace = Pace()

    def room(self) -> ThreadSlot:
        """Room for one connection after the other; each takes a turn of its own."""
        return ThreadSlot(self.address, self.pace, LONGEST_S)


def targets(endpoint: Endpoint, names: Resolution, look: Look) -> list[Target]:
    """The addresses to look at; sslyze needs a server name, and takes the address where there is none.

    Raises:
        Unknowable: a proxy leads there.
    """
    only_directly(endpoint, "sslyze looks only directly")
    name = endpoint.sni or endpoint.host
    return [Target(address, endpoint.port, name, endpoint.starttls, look.pace) for address in names.reachable]


class TimeLimit:
    """How many seconds are left for one address: of its own time, and of the whole look's.

    A run that allows few connections in a second gives an address the time that they take.
    """

    def __init__(self, look: Look) -> None:
        own_s = max(LONGEST_S, MOST_CONNECTIONS / look.pace.per_second) if look.pace.per_second else LONGEST_S
        self._look, self._ends_s = look, min(look.clock() + own_s, look.deadline - _MARGIN_S)

    def __call__(self) -> float:
        """Seconds."""
        return max(0.0, self._ends_s - self._look.clock())


def in_time(target: Target, limit_s: TimeLimit, work: Callable[[], T]) -> T:
    """The result of work in a thread that is abandoned if it never ends, as a server that drips bytes can make it.

    Raises:
        TimedOut: there was no time left, or it ran out.
        LookFailed: whatever the work raised; a defect of sslyze's is this address's gap, not the end of the look.
    """
    if limit_s() <= 0:
        raise late(target)
    done: Future[T] = Future()
    try:
        threading.Thread(target=_fulfil, args=(done, target, work), daemon=True).start()
        return done.result(timeout=limit_s())
    except TimeoutError as error:
        raise late(target) from error
    finally:
        del done  # which holds an error that holds this frame: a circle that keeps OpenSSL's memory


def late(target: Target) -> TimedOut:
    """The error of a look that ran out of time."""
    return TimedOut(f"{target.address} port {target.port} was not scanned in the time given", "run again")


def _fulfil(done: "Future[T]", target: Target, work: Callable[[], T]) -> None:
    try:
        done.set_result(work())
    except LookFailed as error:
        done.set_exception(error)
    except Exception as error:  # noqa: BLE001  # see in_time
        done.set_exception(LookFailed(f"sslyze failed at {target.address}: {type(error).__name__}: {error}"[:300]))
    finally:
        del done  # see in_time
