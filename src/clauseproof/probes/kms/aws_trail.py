"""What CloudTrail has of a key's uses, and whether the drill's own calls are in it.

The event history is kept for every account without being asked for, 90 days long, and has an event within minutes of
the call as a rule (CloudTrail user guide, "Working with CloudTrail event history").
"""

import json
import time
from collections.abc import Iterator, Mapping
from datetime import UTC
from itertools import islice
from typing import Any

from clauseproof.facts.drills import Revocation
from clauseproof.facts.keylog import EVENT_HISTORY, Entry, UsageLog
from clauseproof.facts.keys import AwsKey
from clauseproof.model.errors import LookFailed
from clauseproof.model.look import Look
from clauseproof.model.marks import probe
from clauseproof.model.permission import Permission
from clauseproof.probes.kms import environment
from clauseproof.probes.kms.auditlog import MOST_NEWEST, OURS, Names, OwnCall, calls_of, too_many, watch
from clauseproof.probes.kms.aws_api import AwsReach
from clauseproof.probes.kms.aws_errors import code_of, explain

KEPT_DAYS = 90

_NAMES = Names("kms:DisableKey", "kms:EnableKey", "kms:Decrypt", EVENT_HISTORY, EVENT_HISTORY)
_MOST_PAGES = 20
_PER_SECOND = 2
"""LookupEvents that an account may make in a second (CloudTrail user guide, "Quotas")."""


@probe(permission=Permission.OWN_ACCOUNT, deadline_s=7200, rights=("cloudtrail:LookupEvents",))
def usage_log(key: AwsKey, drill: Revocation, look: Look) -> UsageLog:
    """LookupEvents on the key, repeated until the drill's calls are there or `drill.log_within` is over.

    Raises LookFailed. The endpoint is the region's own, or `AWS_ENDPOINT_URL_CLOUDTRAIL`.
    """
    trail = _Trail(AwsReach.of(key), look)
    return UsageLog(
        target=key.arn,
        source="AWS CloudTrail event history",
        kept_days=KEPT_DAYS,
        newest=tuple(trail.newest()),
        own=watch(trail, calls_of(drill, _NAMES), key.drill.log_within, look),
        routed=(),
        recording=None,
    )


class _Trail:
    """CloudTrail's event history of one key, asked no faster than it allows."""

    def __init__(self, reach: AwsReach, look: Look) -> None:
        self._reach = reach
        self._look = look
        self._client: Any = None

    def newest(self) -> list[Entry]:
        """The newest page of events."""
        return [_entry(event) for event in self._page(MaxResults=MOST_NEWEST)["Events"]]

    def around(self, call: OwnCall) -> Iterator[Entry]:
        """The newest of our events that are dated like a call: CloudTrail has no two of our calls under one name."""
        return islice((_entry(event) for event in self._dated(call) if _is_ours(event, call)), 1)

    def _dated(self, call: OwnCall) -> Iterator[dict[str, Any]]:
        token: dict[str, str] = {}
        for _ in range(_MOST_PAGES):
            page = self._page(MaxResults=MOST_NEWEST, StartTime=call.since, EndTime=call.until, **token)
            yield from page["Events"]
            if not page.get("NextToken"):
                return
            token = {"NextToken": page["NextToken"]}
        raise too_many(call, self._reach.arn)

    def _page(self, **params: Any) -> dict[str, Any]:
        from botocore.exceptions import BotoCoreError, ClientError

        self._look.called("cloudtrail:LookupEvents")
        about = {"AttributeKey": "ResourceName", "AttributeValue": self._reach.arn}
        try:
            if self._client is None:
                self._client = self._reach.client_of("cloudtrail", attempts=5)
                self._look.went_through(environment.of_botocore(self._client.meta.endpoint_url))
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


def _is_ours(event: Mapping[str, Any], call: OwnCall) -> bool:
    record = _record(event)
    ours = OURS in str(record.get("userAgent", ""))
    return ours and f"kms:{event.get('EventName')}" == call.call and record.get("errorCode") == call.error


def _entry(event: Mapping[str, Any]) -> Entry:
    code = _record(event).get("errorCode")
    source = str(event.get("EventSource", "")).partition(".")[0]
    return Entry(
        call=f"{source}:{event.get('EventName', '')}"[:120],
        at=event["EventTime"].astimezone(UTC),
        error=None if code is None else str(code)[:80],
        id=str(event.get("EventId", ""))[:80],
        stream=EVENT_HISTORY,
    )
