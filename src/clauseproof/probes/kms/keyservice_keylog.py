"""The log of a buyer's key service as an audit log: are the drill's own fetches in it?"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from clauseproof.facts.drills import Answer, Revocation
from clauseproof.facts.keyfetches import Fetch, FetchLog
from clauseproof.facts.keylog import Entry, UsageLog
from clauseproof.facts.keyservice import FetchedKey
from clauseproof.model.errors import Unknowable
from clauseproof.model.look import Look
from clauseproof.model.marks import probe
from clauseproof.model.permission import Permission
from clauseproof.probes.kms.auditlog import Names, OwnCall, calls_of, watch
from clauseproof.probes.kms.keyservice_log import read_until
from clauseproof.probes.kms.keyservice_switch import switch_of

_FETCHES = "fetches"
_NAMES = Names("switch.off", "switch.on", "switch.ask", "", _FETCHES)
"""That a key was turned off and on, a log of fetches does not tell."""


@probe(permission=Permission.OWN_ACCOUNT, deadline_s=7200)
def usage_log(key: FetchedKey, drill: Revocation, look: Look) -> UsageLog:
    """The log once it has come to the drill's last fetch, or `drill.log_within` is over.

    Raises LookFailed, Unknowable also where a fetch of ours is missing for another reason than that it was not logged.
    """
    caller = switch_of(key).caller
    if caller is None:
        raise Unknowable(
            f"which lines of {key.log.file} are ours is not said", "write switch.caller, the name that we have there"
        )
    calls = [call for call in calls_of(drill, _NAMES) if call.stream == _FETCHES]
    reached = max((call.sent for call in calls), default=drill.disable.at) - key.log.clocks_within
    log, fetches = read_until(reached, key.drill.log_within, key, look)
    ours = _Ours(tuple(fetch for fetch in fetches if fetch.caller == caller))
    own = watch(ours, calls, timedelta(0), look)
    for call in (call for call, found in zip(calls, own, strict=True) if found.entry is None):
        _must_be_seen(call, ours, log)
    return UsageLog(
        target=key.name,
        source=f"The log {key.log.file} of the key service",
        kept_days=None,
        newest=tuple(_entry(fetch) for fetch in log.newest),
        own=own,
        routed=(_FETCHES,),
        recording=None,
    )


@dataclass(frozen=True)
class _Ours:
    fetches: tuple[Fetch, ...]

    def around(self, call: OwnCall) -> Iterable[Entry]:
        """Fetches of ours with the call's outcome, dated like it."""
        wanted = Answer.SERVED if call.error is None else Answer.REFUSED
        return (_entry(fetch) for fetch in self._dated(call) if fetch.outcome is wanted)

    def unclear(self, call: OwnCall) -> Fetch | None:
        """A fetch of ours, dated like the call, of which the log does not say in known words what became of it."""
        return next((fetch for fetch in self._dated(call) if fetch.outcome is Answer.UNCLEAR), None)

    def _dated(self, call: OwnCall) -> Iterator[Fetch]:
        return (fetch for fetch in self.fetches if call.since <= fetch.at <= call.until)


def _must_be_seen(call: OwnCall, ours: _Ours, log: FetchLog) -> None:
    """Unknowable where the log may have a call that was not found in it, or have had it."""
    unread, unclear = sum(one.lines for one in log.unread), ours.unclear(call)
    if log.first_at is not None and log.first_at > call.sent:
        why, remedy = f"the log begins at {log.first_at:%H:%M:%S} UTC", "a log that goes back to the drill"
    elif unread:
        why, remedy = f"{unread} of its lines could not be read", "a log of well-formed lines"
    elif unclear is not None:
        why = f"one ended in {unclear.word!r}, which is neither served nor refused"
        remedy = "that word under log.served or log.refused"
    else:
        return
    raise Unknowable(f"our {call.word} of {call.sent:%H:%M:%S} UTC was not found in {log.file}, but {why}", remedy)


def _entry(fetch: Fetch) -> Entry:
    return Entry(
        call=f"fetch by {fetch.caller}",
        at=fetch.at,
        error=None if fetch.outcome is Answer.SERVED else fetch.word,
        id=f"line {fetch.line}",
        stream=_FETCHES,
    )
