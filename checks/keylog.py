"""The audit log of the customer's keys: every use is written down where the customer can read it."""

from collections.abc import Iterator
from datetime import timedelta

from clauseproof import Assurance, Claim, Duration, Finding, Unseen, broken, check, holds, note, spell, unknown
from clauseproof.facts import keylog
from clauseproof.facts.keylog import Own, Recording


class KeyUsageLog(Claim):
    """The uses of the key are written to an audit log that the customer can read, `within` the time given.

    The calls of the revocation drill are the proof: it made them, so the log must have them, the refused one included.
    Without `--drills` there is nothing to look for. Without `within`, a call that is not there yet decides nothing.

    On Google the uses are written down only where an audit configuration says so: where it does not, that contradicts,
    and principals that it exempts leave the question open. A log that lies where the customer's own settings lead it,
    as on Google and Azure, and has nothing of its kind at all, may be led elsewhere: that decides nothing.
    """

    within: Duration | None = None


@check("key-usage-log")
def key_usage_log(claim: KeyUsageLog, log: keylog.UsageLog) -> Iterator[Finding]:
    """A log that is on is one in which our own calls are found, each under our own name and with its own result."""
    for own in log.own:
        yield _found(claim.within, own) if own.entry is not None else _missing(claim.within, own, log)
    if isinstance(log.recording, Recording):
        yield from _recorded(log, log.recording)
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


def _missing(limit: timedelta | None, own: Own, log: keylog.UsageLog) -> Finding:
    text = f"{_call(own)} was not in the log {_s(own.missing_until_s)} after it"
    if own.stream in log.routed and log.silent(own.stream):
        return unknown(f"{text}, and nor was any other of its kind. {_elsewhere(log.recording)}", about=own.call)
    if own.stream in log.routed and isinstance(log.recording, Unseen):
        return unknown(f"{text}. {_elsewhere(log.recording)}", about=own.call)
    exempt = _exempt(log.recording, own.stream)
    if exempt:
        return unknown(
            f"{text}, and the audit configuration leaves out {', '.join(exempt)}, who may be whoever called. To settle "
            "it: take the exemption back, and drill again",
            about=own.call,
        )
    if limit is not None and own.missing_until_s > limit.total_seconds():
        return broken(f"{text}; the limit is {spell(limit)}", about=own.call)
    return unknown(f"{text}. To settle it: a longer drill.log_within", about=own.call)


def _exempt(recording: Recording | Unseen | None, stream: str) -> tuple[str, ...]:
    return recording.exempt if isinstance(recording, Recording) and recording.stream == stream else ()


def _elsewhere(recording: Recording | Unseen | None) -> str:
    """Why a log may be empty other than for the provider's silence."""
    if isinstance(recording, Unseen):
        return f"Whether it is kept is not known: {recording.sentence}"
    if recording is not None and not recording.on:
        return "To settle it: turn it on, and drill again"
    return "To settle it: see where the log is led, and who may read it"


def _recorded(log: keylog.UsageLog, recording: Recording) -> Iterator[Finding]:
    """What the settings say, as far as the log itself does not show otherwise."""
    where = ", ".join(recording.policies)
    if not recording.on and log.silent(recording.stream):
        text = f"{log.source} are not given the uses of the key: no audit configuration of {where} turns that on"
        yield broken(text, Assurance.REPORTED)
    elif not recording.on:
        yield note(f"No audit configuration of {where} turns the log of the key's uses on, and yet it has some")
    for who in recording.exempt if recording.on else ():
        yield unknown(
            f"What {who} does with the key is left out of the log, by the audit configuration of {where}. "
            "To settle it: take the exemption back",
            about=who,
        )


def _call(own: Own) -> str:
    refused = f", refused with {own.error}," if own.error else ""
    return f"Our {own.call} of {own.at:%H:%M:%S} UTC{refused}"


def _s(seconds: float) -> str:
    return spell(timedelta(seconds=seconds))
