"""Calls one probe. Whatever comes of it, facts or an `Unseen` come out."""

import asyncio
import contextlib
import inspect
import logging
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Any

from clauseproof.engine.registry import Probe
from clauseproof.model.drill import Journal
from clauseproof.model.errors import ClauseproofError, LookFailed, RestoreFailed
from clauseproof.model.facts import Facts
from clauseproof.model.look import Look
from clauseproof.model.unseen import Reason, Unseen

log = logging.getLogger(__name__)

Result = Facts | Unseen


async def call(probe: Probe, look: Look, given: dict[str, Any]) -> Result:
    """Call a probe that changes nothing; past its deadline its result is an Unseen, and a late one is discarded."""
    given = _with_look(probe, look, given)
    try:
        async with asyncio.timeout(probe.mark.deadline_s):
            if inspect.iscoroutinefunction(probe.fn):
                return _checked(probe, look, await probe.fn(**given))
            return _checked(probe, look, await in_thread(lambda: probe.fn(**given)))
    except TimeoutError:
        text = f"{probe.gives.kind} on {look.subject} gave no answer within {probe.mark.deadline_s:g} s"
        return Unseen(reason=Reason.DEADLINE, text=text, remedy="run again, or look from a place nearer to it")
    except Exception as error:  # noqa: BLE001 (becomes an Unseen in the ledger)
        return _unseen(probe, look, error)


async def drill(probe: Probe, look: Look, given: dict[str, Any], journal: Journal, unrestored: list[str]) -> Result:
    """Call a probe that changes state. Its thread is waited for, however long: it is told to stop, never abandoned.

    A way back that failed is added to `unrestored`.
    """
    given = {**_with_look(probe, look, given), str(probe.journal): journal}
    try:
        return _checked(probe, look, await in_thread(lambda: probe.fn(**given)))
    except RestoreFailed as error:
        unrestored.append(f"{error.what}. {error.what_to_do}".strip())
        return Unseen(reason=Reason.FAILED, text=error.what, remedy=error.what_to_do or "clauseproof restore")
    except Exception as error:  # noqa: BLE001 (becomes an Unseen in the ledger)
        return _unseen(probe, look, error)


def _with_look(probe: Probe, look: Look, given: dict[str, Any]) -> dict[str, Any]:
    look.deadline = time.monotonic() + probe.mark.deadline_s
    look.way = "direct"
    return {**given, probe.look: look} if probe.look else dict(given)


def _checked(probe: Probe, look: Look, result: Any) -> Result:
    if isinstance(result, (probe.gives, Unseen)):
        return result
    text = f"{probe.name} gave {type(result).__name__} for {look.subject}, not {probe.gives.kind}"
    return Unseen(reason=Reason.FAILED, text=text, remedy="mend the probe")


def _unseen(probe: Probe, look: Look, error: Exception) -> Unseen:
    if isinstance(error, LookFailed):
        return error.unseen()
    if isinstance(error, ClauseproofError):
        return Unseen(reason=Reason.FAILED, text=error.what, remedy=error.what_to_do)
    log.debug("%s on %s failed", probe.name, look.subject, exc_info=error)
    text = f"{probe.name} failed on {look.subject}: {type(error).__name__}: {str(error)[:500]}"
    return Unseen(reason=Reason.FAILED, text=text, remedy="run with --debug and report the traceback")


def in_thread(work: Callable[[], Any]) -> Awaitable[Any]:
    """Run a plain call in a daemon thread of its own; a result that nobody waits for any more is dropped."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Any] = loop.create_future()

    def settle(result: Any, error: BaseException | None) -> None:
        if future.done():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)

    def body() -> None:
        result, error = None, None
        try:
            result = work()
        except BaseException as caught:  # noqa: BLE001 (carried over to the loop)
            error = caught
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(settle, result, error)

    threading.Thread(target=body, daemon=True).start()
    return future
