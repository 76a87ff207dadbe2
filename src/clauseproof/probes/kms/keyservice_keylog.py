"""The log of a buyer's key service as an audit log: are the drill's own fetches in it?"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from clauseproof.facts.drills import Answer, Revocation
from clauseproof.facts.keyfetches import Fetch
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
    """The log once it has come to the drill's last fetch, or `drill.log_within` is over. Raises LookFailed."""
    caller = switch_of(key).caller
    if caller is None:
        raise Unknowable(
            f"which lines of {key.log.file} are ours is not said", "write switch.caller, the name that we have there"
        )
    calls = [call for call in calls_of(drill, _NAMES) if call.stream == _FETCHES]
    reached = max((call.sent for call in calls), default=drill.disable.at) - key.log.clocks_within
    log, fetches = read_until(reached, key.drill.log_within, key, look)
    ours = _Ours(tuple(fetch for fetch in fetches if fetch.caller == caller))
    return UsageLog(
        target=key.name,
        source=f"The log {key.log.file} of the key service",
        kept_days=None,
        newest=tuple(_entry(fetch) for fetch in log.newest),
        own=watch(ours, calls, timedelta(0), look),
        routed=(_FETCHES,),
        recording=None,
    )


@dataclass(frozen=True)
class _Ours:
    fetches: tuple[Fetch, ...]

    def around(self, call: OwnCall) -> Iterable[Entry]:
        """Fetches of ours with the call's outcome, dated like it."""
        return (
            _entry(fetch) for fetch in self._dated(call) if (fetch.outcome is Answer.SERVED) == (call.error is None)
        )

    def _dated(self, call: OwnCall) -> Iterator[Fetch]:
        return (f for f in self.fetches if call.since <= f.at <= call.until and f.outcome is not Answer.UNCLEAR)


def _entry(fetch: Fetch) -> Entry:
    return Entry(
        call=f"fetch by {fetch.caller}",
        at=fetch.at,
        error=None if fetch.outcome is Answer.SERVED else fetch.word,
        id=f"line {fetch.line}",
        stream=_FETCHES,
    )
