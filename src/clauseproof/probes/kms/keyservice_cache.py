"""Reads a record through the vendor, and then whether the vendor fetched the key for it."""

from datetime import UTC, datetime

from clauseproof.facts.drills import Answer
from clauseproof.facts.keyfetches import Cache, around
from clauseproof.facts.keyservice import LONGEST_WAIT, FetchedKey
from clauseproof.model.errors import LookFailed, Unknowable
from clauseproof.model.look import Look
from clauseproof.model.marks import probe
from clauseproof.model.permission import Permission
from clauseproof.probes.datapath import DataPathReader
from clauseproof.probes.kms.keyservice_log import read_until


@probe(permission=Permission.CONNECT, deadline_s=LONGEST_WAIT.total_seconds() + 180)
def cache(key: FetchedKey, look: Look) -> Cache:
    """One read, then the log until it has come to that moment, as the profile gives it time to.

    Where the key has a switch, `switch.ask` is sent meanwhile, so that the log has something to write. Raises
    LookFailed where the record does not come, or the log cannot be read.
    """
    if key.data_path is None:
        raise Unknowable(
            f"{look.subject} has no data path, so whether the vendor reads without asking for the key cannot be seen",
            "give the key a data_path in the profile",
        )
    reader = DataPathReader(key.data_path, look)
    asked_at = datetime.now(UTC)
    reader.open()
    answered_at = datetime.now(UTC)
    marker = _marker(key, look)
    log, fetches = read_until(
        answered_at + key.log.clocks_within,
        key.log.wait,
        key,
        look,
        lambda: marker and marker.read(),
    )
    served = (one for one in fetches if one.caller in key.vendor and one.outcome is Answer.SERVED)
    before, after = around(answered_at, served)
    return Cache(
        target=key.name,
        asked_at=asked_at,
        answered_at=answered_at,
        before=before,
        after=after,
        addresses=reader.addresses,
        skipped=reader.skipped,
        clocks_within_s=key.log.clocks_within.total_seconds(),
        marked=marker is not None,
        ours=None if key.switch is None else key.switch.caller,
        log=log,
    )


def _marker(key: FetchedKey, look: Look) -> DataPathReader | None:
    """Who fetches the key for us; None where the profile or its secrets do not say how. The log may do without."""
    try:
        return None if key.switch is None else DataPathReader(key.switch.ask, look)
    except LookFailed as error:
        look.tell(f"{look.subject} was not fetched by us: {error.what}")
        return None
