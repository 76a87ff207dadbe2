"""What CloudTrail has of a key's uses, and whether the drill's own calls are in it.

The event history is kept for every account without being asked for, 90 days long, and has an event within minutes of
the call as a rule (CloudTrail user guide, "Working with CloudTrail event history").
"""

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from clauseproof.facts.drills import Act, Answer, Lane, Revocation
from clauseproof.facts.keylog import Entry, Own, UsageLog
from clauseproof.facts.keys import AwsKey
from clauseproof.model.errors import LookFailed
from clauseproof.model.look import Look
from clauseproof.model.marks import probe
from clauseproof.model.permission import Permission
from clauseproof.probes.kms.aws_api import AwsReach
from clauseproof.probes.kms.aws_errors import code_of, explain
from clauseproof.probes.kms.revocation import WAY_BACK_CALL

KEPT_DAYS = 90
OURS = "clauseproof/"
"""What our clients call themselves, and what CloudTrail therefore writes beside our calls."""

_SLACK = timedelta(minutes=1)
_PAGE = 50
_MOST_PAGES = 20
_PER_SECOND = 2
"""LookupEvents that an account may make in a second (CloudTrail user guide, "Quotas")."""
_LOOKS = 60
_LONGEST_PAUSE_S = 15.0


@probe(permission=Permission.OWN_ACCOUNT, deadline_s=7200, rights=("cloudtrail:LookupEvents",))
def usage_log(key: AwsKey, drill: Revocation, look: Look) -> UsageLog:
    """LookupEvents on the key, repeated until the drill's calls are there or `drill.log_within` is over.

    Raises LookFailed. The endpoint is the region's own, or `AWS_ENDPOINT_URL_CLOUDTRAIL`.
    """
    trail = _Trail(AwsReach.of(key), look)
    newest = tuple(_entry(event) for event in trail.newest())
    own = _watch(trail, tuple(_calls_of(drill)), key, look)
    return UsageLog(target=key.arn, source="AWS CloudTrail event history", kept_days=KEPT_DAYS, newest=newest, own=own)


@dataclass(frozen=True)
class _Call:
    """A call of ours that the log should have."""

    name: str
    error: str | None
    sent: datetime
    answered: datetime

    def is_in(self, event: Mapping[str, Any]) -> bool:
        record = _record(event)
        ours = OURS in str(record.get("userAgent", ""))
        return ours and event.get("EventName") == self.name and record.get("errorCode") == self.error


def _calls_of(drill: Revocation) -> Iterator[_Call]:
    """Both acts, the last decryption that was served before them, and the first that was refused between them."""
    yield _act(drill.disable, "DisableKey")
    yield _act(drill.enable, "EnableKey" if drill.enable.call == WAY_BACK_CALL else "")
    kms = [sample for sample in drill.samples if sample.lane is Lane.KMS]
    served = [s for s in kms if s.outcome is Answer.SERVED and s.answered_s < drill.disable.t_s]
    refused = [s for s in kms if s.outcome is Answer.REFUSED]
    for sample in (*served[-1:], *refused[:1]):
        sent = drill.disable.at + timedelta(seconds=sample.t_s - drill.disable.t_s)
        yield _Call("Decrypt", sample.code, sent, sent + timedelta(seconds=sample.took_s))


def _act(act: Act, name: str) -> _Call:
    return _Call(name or act.call.partition(":")[2], None, act.at, act.at + timedelta(seconds=act.took_s))


class _Trail:
    """CloudTrail's event history of one key, asked no faster than it allows."""

    def __init__(self, reach: AwsReach, look: Look) -> None:
        self._reach = reach
        self._look = look
        self._client: Any = None

    def newest(self) -> list[dict[str, Any]]:
        """The newest page of events."""
        return list(self._page(MaxResults=_PAGE)["Events"])

    def around(self, call: _Call) -> Iterator[dict[str, Any]]:
        """Events dated like a call, newest first."""
        window = {"StartTime": call.sent - _SLACK, "EndTime": call.answered + _SLACK}
        token: dict[str, str] = {}
        for _ in range(_MOST_PAGES):
            page = self._page(MaxResults=_PAGE, **window, **token)
            yield from page["Events"]
            if not page.get("NextToken"):
                return
            token = {"NextToken": page["NextToken"]}

    def _page(self, **params: Any) -> dict[str, Any]:
        from botocore.exceptions import BotoCoreError, ClientError

        self._look.called("cloudtrail:LookupEvents")
        about = {"AttributeKey": "ResourceName", "AttributeValue": self._reach.arn}
        try:
            if self._client is None:
                self._client = self._reach.client_of("cloudtrail", attempts=5)
            else:
                time.sleep(1 / _PER_SECOND)
            answer: dict[str, Any] = self._client.lookup_events(LookupAttributes=[about], **params)
        except (ClientError, BotoCoreError) as error:
            raise self._explained(error) from error
        return answer

    def _explained(self, error: Exception) -> LookFailed:
        explained = explain(error, "LookupEvents", self._reach.arn, self._reach.profile, service="cloudtrail")
        what, what_to_do = explained.what.replace("AWS KMS", "CloudTrail"), explained.what_to_do
        if code_of(error).startswith("AccessDenied"):
            what_to_do = "allow cloudtrail:LookupEvents on * to the caller, in IAM"
        return type(explained)(what, what_to_do)


def _record(event: Mapping[str, Any]) -> Mapping[str, Any]:
    """The event as the trail wrote it; empty where it is no JSON object."""
    try:
        read = json.loads(event.get("CloudTrailEvent", ""))
    except (ValueError, RecursionError):
        return {}
    return read if isinstance(read, dict) else {}


def _entry(event: Mapping[str, Any]) -> Entry:
    code = _record(event).get("errorCode")
    source = str(event.get("EventSource", "")).partition(".")[0]
    return Entry(
        call=f"{source}:{event.get('EventName', '')}"[:120],
        at=event["EventTime"].astimezone(UTC),
        error=None if code is None else str(code)[:80],
        id=str(event.get("EventId", ""))[:80],
    )


def _watch(trail: _Trail, calls: tuple[_Call, ...], key: AwsKey, look: Look) -> tuple[Own, ...]:
    """Look for each call until all are found or the time is over."""
    within_s = key.drill.log_within.total_seconds()
    until = look.clock() + within_s
    seen = [_not_yet(call) for call in calls]
    while True:
        seen = [own if own.entry else _looked(trail, call, own) for call, own in zip(calls, seen, strict=True)]
        if look.clock() >= until or look.stopping() or all(own.entry for own in seen):
            return tuple(seen)
        time.sleep(max(0.0, min(_LONGEST_PAUSE_S, within_s / _LOOKS, until - look.clock())))


def _not_yet(call: _Call) -> Own:
    name = f"kms:{call.name}"
    return Own(call=name, error=call.error, at=call.answered, missing_until_s=0.0, found_after_s=None, entry=None)


def _looked(trail: _Trail, call: _Call, before: Own) -> Own:
    asked_s = _since(call.answered)
    event = next((event for event in trail.around(call) if call.is_in(event)), None)
    if event is None:
        return before.model_copy(update={"missing_until_s": asked_s})
    return before.model_copy(update={"found_after_s": _since(call.answered), "entry": _entry(event)})


def _since(moment: datetime) -> float:
    return round(max(0.0, (datetime.now(UTC) - moment).total_seconds()), 3)
