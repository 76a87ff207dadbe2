"""The revocation drill on a key that the vendor fetches: off at the buyer's key service, and on again.

A vendor that took a copy of the key serves on while it is off; that is what the drill shows. The log then tells the
rest: whether the vendor asked meanwhile and was refused. Nothing here ever deletes a key.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from clauseproof.facts.drills import Answer, Lane, Revocation, Sample
from clauseproof.facts.drillshape import LONGEST
from clauseproof.facts.keyservice import FetchedKey
from clauseproof.model.drill import Journal, Undo
from clauseproof.model.errors import LookFailed, Unknowable, Unreachable
from clauseproof.model.look import Look
from clauseproof.model.marks import probe
from clauseproof.model.permission import Permission
from clauseproof.probes.datapath import DataPathReader
from clauseproof.probes.kms.acting import fingerprint
from clauseproof.probes.kms.keyservice_log import read_until
from clauseproof.probes.kms.keyservice_switch import send, switch_of
from clauseproof.probes.kms.keyservice_undo import Given, way_back
from clauseproof.probes.kms.revocation import revoke
from clauseproof.probes.record import Reading

MOST_LOGGED = 1000
"""Fetches of the vendor's that are laid beside a drill's timeline, the newest."""

_DEADLINE_S = LONGEST.total_seconds() * 2
_STATES = {Answer.SERVED: "on", Answer.REFUSED: "off"}


@probe(permission=Permission.DRILL, deadline_s=_DEADLINE_S)
def revocation(key: FetchedKey, look: Look, journal: Journal) -> Revocation:
    """Turn the key off, poll key service and data path, turn it on, poll until both serve; then read the log."""
    hand = _RevocableFetchedKey(key, look)
    return _with_log(revoke(hand, key.data_path, key.drill, look, journal), key, look)


class _RevocableFetchedKey:
    disable_call = "switch.off"
    enable_call = "switch.on"

    def __init__(self, key: FetchedKey, look: Look) -> None:
        self.target = key.where
        self.canary = ""
        self._switch = switch_of(key)
        self._look = look
        self._reader = DataPathReader(self._switch.ask, look)

    def state(self) -> str:
        """`on` where the key is given to us, `off` where it is refused. Unreachable where the answer is neither."""
        reading = _own_word(self._reader.read())
        if reading.outcome not in _STATES:
            raise Unreachable(
                f"the key service {self._switch.ask.host} gives no clear answer: {reading.code}",
                "mend switch.ask (url, headers, expect_sentinel, json_pointer)",
            )
        return _STATES[reading.outcome]

    def ready(self) -> str:
        state = self.state()
        if state != _STATES[Answer.SERVED]:
            raise Unknowable(
                f"{self.target} is refused, and a drill gives a key back as it found it", "turn it on and run again"
            )
        return state

    def seal(self) -> bytes:
        """What a later fetch is held against: never the key."""
        self._reader.open()
        sealed = Given.to(self._reader).model_dump_json().encode()
        self.canary = fingerprint(sealed)
        return sealed

    def open(self, sealed: bytes) -> Reading:
        return _own_word(self._reader.read())

    def disable(self) -> None:
        send(self._switch.off, "off", self._look)

    def enable(self) -> None:
        send(self._switch.on, "on", self._look)

    def undo(self, state: str, sealed: bytes, patience: timedelta) -> Undo:
        return way_back(self.target, state, self._switch, Given.to(self._reader), patience, self._look)

    def resume(self, undo: Undo, canary: str) -> None:
        self.canary = canary
        Given.model_validate_json(undo.settings["given"]).hand_to(self._reader)


def _own_word(reading: Reading) -> Reading:
    """A key service refuses by status 4xx; one that fails, or gives something else, says nothing of the key."""
    refused = all(code.startswith("HTTP 4") for code in (reading.code or "").split(", "))
    return reading if reading.outcome is not Answer.REFUSED or refused else replace(reading, outcome=Answer.UNCLEAR)


def _with_log(drill: Revocation, key: FetchedKey, look: Look) -> Revocation:
    """The drill with the vendor's fetches beside it, where the log can be read; without them it is still a drill."""
    zero = drill.disable.at + timedelta(seconds=drill.disable.took_s)
    left = drill.enable is None
    try:
        found = tuple(_logged(drill, zero, key, look, timedelta(0) if left else key.drill.log_within))
    except LookFailed as error:
        look.tell(f"the drill of {look.subject} has no log beside it: {error.what}")
        return drill
    samples = sorted((*drill.samples, *found), key=lambda sample: sample.t_s)
    return drill.model_copy(update={"samples": tuple(samples)})


def _logged(drill: Revocation, zero: datetime, key: FetchedKey, look: Look, patience: timedelta) -> Iterator[Sample]:
    """The vendor's fetches between the first question of the drill and its last answer, by the log's own dates."""
    from_s, until_s = drill.samples[0].t_s, max(sample.answered_s for sample in drill.samples)
    asked_s = max(sample.t_s for sample in drill.samples if sample.lane is Lane.KMS)  # of which the log has a line too
    reached = zero + timedelta(seconds=asked_s) - key.log.clocks_within
    _, fetches = read_until(reached, patience, key, look)
    timed = [(round((f.at - zero).total_seconds(), 6), f) for f in fetches if f.caller in key.vendor]
    for at_s, fetch in [(at_s, fetch) for at_s, fetch in timed if from_s <= at_s <= until_s][-MOST_LOGGED:]:
        code = None if fetch.outcome is Answer.SERVED else fetch.word
        yield Sample(lane=Lane.LOG, t_s=at_s, took_s=0.0, outcome=fetch.outcome, code=code, digest=None)
