"""The audit log of the customer's keys: every use is written down where the customer can read it."""

from collections.abc import Iterator
from datetime import timedelta

from clauseproof import Claim, Duration, Finding, broken, check, holds, note, spell, unknown
from clauseproof.facts import keylog
from clauseproof.facts.keylog import Own


class KeyUsageLog(Claim):
    """The uses of the key are written to an audit log that the customer can read, `within` the time given.

    The calls of the revocation drill are the proof: it made them, so the log must have them, the refused one included.
    Without `--drills` there is nothing to look for. Without `within`, a call that is not there yet decides nothing.
    """

    within: Duration | None = None


@check("key-usage-log")
def key_usage_log(claim: KeyUsageLog, log: keylog.UsageLog) -> Iterator[Finding]:
    """A log that is on is one in which our own calls are found, each under our own name and with its own result."""
    for own in log.own:
        yield _found(claim.within, own) if own.entry is not None else _missing(claim.within, own)
    if log.newest:
        yield note(f"{log.source} has entries about the key, the newest of {log.newest[0].at:%Y-%m-%d %H:%M} UTC")
    else:
        yield note(f"{log.source} has no entry about the key at all")
    if log.kept_days is not None:
        yield note(f"The provider keeps this log for {log.kept_days} days by itself")


def _found(limit: timedelta | None, own: Own) -> Finding:
    text = f"{_call(own)} is in the log, {_s(own.found_after_s or 0.0)} after it at the latest"
    if limit is None or (own.found_after_s or 0.0) <= limit.total_seconds():
        return holds(text, about=own.call)
    if own.missing_until_s > limit.total_seconds():
        late = f"{_call(own)} was not in the log {_s(own.missing_until_s)} after it; the limit is {spell(limit)}"
        return broken(late, about=own.call)
    text = f"{text}, and the limit of {spell(limit)} may have passed before. To settle it: drill again"
    return unknown(text, about=own.call)


def _missing(limit: timedelta | None, own: Own) -> Finding:
    text = f"{_call(own)} was not in the log {_s(own.missing_until_s)} after it"
    if limit is not None and own.missing_until_s > limit.total_seconds():
        return broken(f"{text}; the limit is {spell(limit)}", about=own.call)
    return unknown(f"{text}. To settle it: a longer drill.log_within", about=own.call)


def _call(own: Own) -> str:
    refused = f", refused with {own.error}," if own.error else ""
    return f"Our {own.call} of {own.at:%H:%M:%S} UTC{refused}"


def _s(seconds: float) -> str:
    return spell(timedelta(seconds=seconds))
