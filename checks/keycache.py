"""Keys that the vendor fetches from the customer's own key service: how long it goes without asking."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from clauseproof import Claim, Duration, Finding, broken, check, holds, note, spell, unknown
from clauseproof.facts import keyfetches
from clauseproof.facts.drills import Answer
from clauseproof.facts.keyfetches import Caller, Fetch


class KeyCache(Claim):
    """The vendor asks for the key again at least every `at_most`, and serves nothing from a copy that is older.

    The customer's record is read through the vendor. If it is served, the log of the customer's key service must have a
    fetch of the vendor's that was served before, no longer ago than that. The log contradicts only where it is
    complete: it has a line that was written after the read, and none that could not be read and may be a fetch. That
    the vendor keeps no copy beside what it fetches, `revocation-drill` shows and this does not.
    """

    at_most: Duration


@check("key-cache")
def key_cache(claim: KeyCache, seen: keyfetches.Cache) -> Iterator[Finding]:
    """The clocks of both sides may differ, as the profile says; that doubt counts against the proof."""
    if seen.before is None:
        yield _never(claim.at_most, seen)
    else:
        yield _judged(claim.at_most, seen, seen.before)
    yield from _told(seen)


def _judged(limit: timedelta, seen: keyfetches.Cache, last: Fetch) -> Finding:
    doubt = timedelta(seconds=seen.clocks_within_s)
    text = (
        f"The vendor served the record at {_at(seen.answered_at)}, and last fetched the key at {_at(last.at)}, "
        f"{spell(seen.answered_at - last.at)} before"
    )
    if seen.answered_at - last.at + doubt <= limit:
        return holds(f"{text}; the limit is {spell(limit)}")
    if seen.asked_at - last.at - doubt <= limit:
        return unknown(f"{text}, and the limit of {spell(limit)} lies in the doubt. To settle it: look again later")
    gap = _just_after(seen) or _incomplete(seen, since_line=last.line)
    return unknown(f"{text}; {gap}") if gap else broken(f"{text}; the limit is {spell(limit)}")


def _just_after(seen: keyfetches.Cache) -> str:
    """Why a fetch that is dated later may have come before the answer; empty where none may have."""
    if seen.after is None or seen.after.at > seen.answered_at + timedelta(seconds=seen.clocks_within_s):
        return ""
    return (
        f"but it fetched it at {_at(seen.after.at)}, which may have been before, since the clocks may differ by "
        f"{spell(timedelta(seconds=seen.clocks_within_s))}. To settle it: set both clocks, and look again"
    )


def _never(limit: timedelta, seen: keyfetches.Cache) -> Finding:
    """The log begins somewhere, and a fetch may have come before."""
    text = f"The vendor served the record at {_at(seen.answered_at)}, and the log has none of its fetches before"
    first = seen.log.first_at
    if first is None:
        return unknown(f"{text}: it has no line that can be read. To settle it: the log of the key service")
    text = f"{text}, since it begins at {_at(first)}"
    if seen.asked_at - first - timedelta(seconds=seen.clocks_within_s) <= limit:
        return unknown(
            f"{text}, no longer ago than the limit of {spell(limit)}. To settle it: a log that goes back further"
        )
    gap = _just_after(seen) or _incomplete(seen, since_line=0)
    return unknown(f"{text}; {gap}") if gap else broken(f"{text}; the limit is {spell(limit)}")


def _incomplete(seen: keyfetches.Cache, since_line: int) -> str:
    """Why a later fetch may be missing from what was read; empty where none can be."""
    log, after = seen.log, seen.answered_at + timedelta(seconds=seen.clocks_within_s)
    if log.newest_at is None or log.newest_at <= after:
        newest = "nothing" if log.newest_at is None else f"no line later than {_at(log.newest_at)}"
        return (
            f"but the log has {newest}, so that a fetch since may not be written yet. To settle it: a log that is "
            "written at once, a longer log.wait, or a switch.ask by which we write a line of our own"
        )
    unread = sum(entry.lines for entry in log.unread if entry.last > since_line)
    if unread:
        return "but a later line could not be read and may be a fetch. To settle it: a log of well-formed lines"
    words = [c.newest_unclear.word for c in log.by_vendor if c.newest_unclear and c.newest_unclear.line > since_line]
    if words:
        return (
            f"but a later fetch ended in {words[0]!r}, which is neither served nor refused. To settle it: that "
            "word under log.served or log.refused"
        )
    return ""


def _told(seen: keyfetches.Cache) -> Iterator[Finding]:
    log, last = seen.log, seen.before
    for caller in log.by_vendor:
        yield note(f"By the log, {caller.name} was served {_times(caller.served)} and refused {_times(caller.refused)}")
    others = [caller.name for caller in log.callers if _served_since(caller, last) and caller.name != seen.ours]
    if others:
        names = ", ".join(others[:_SHOWN])
        yield note(f"Callers that the profile does not call the vendor's have fetched the key since: {names}")
    if seen.after is not None:
        yield note(f"The vendor fetched the key at {_at(seen.after.at)} as well, once it had served the record")
    asked = log.asked_last
    since = last is None or (asked is not None and asked.at > last.at)
    if asked is not None and asked.outcome is Answer.REFUSED and since and asked.at <= seen.asked_at:
        yield note(f"The vendor's newest fetch, at {_at(asked.at)}, was refused, and it served the record all the same")
    for unread in log.unread:
        yield note(f"{unread.lines} of {log.lines} lines of the log could not be read: {unread.reason}")
    if log.skipped:
        yield note(f"The oldest {log.skipped} lines of the log were not read")


def _served_since(caller: Caller, last: Fetch | None) -> bool:
    newest = caller.newest_served
    return not caller.vendor and newest is not None and (last is None or newest.at > last.at)


_SHOWN = 5


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _at(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
