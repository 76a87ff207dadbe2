"""CloudTrail's event history, and KMS's own memory of a key's last use, both from the double's log of calls."""

import json
import uuid
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from clauseproof.sandbox.kms.aws.account import Account
from clauseproof.sandbox.kms.aws.errors import AwsError
from clauseproof.sandbox.kms.aws.request import Answer, Operation, Request
from clauseproof.sandbox.kms.calls import Call
from clauseproof.sandbox.kms.faults import STRANGE_AGENT, STRANGER

HISTORY: Final = timedelta(days=90)
_TRACKED: Final = frozenset(
    {
        "Decrypt",
        "Encrypt",
        "GenerateDataKey",
        "GenerateDataKeyWithoutPlaintext",
        "GenerateMac",
        "ReEncrypt",
        "Sign",
        "Verify",
        "VerifyMac",
    }
)
_WRITES: Final = (
    "Create",
    "Put",
    "Enable",
    "Disable",
    "Schedule",
    "Cancel",
    "Rotate",
    "Import",
    "Delete",
    "Revoke",
    "Retire",
    "Tag",
    "Update",
)
_EVENT_NAMESPACE: Final = uuid.UUID("6b5ff3b4-6e25-5d8c-8a39-0e9c4a7c5a10")


def _get_key_last_usage(request: Request) -> Answer:
    key = request.key(alias=False)
    request.own_account_only(key)
    used = [call for call in request.account.log.of(_TRACKED) if call.error is None and key.arn in call.keys]
    shown: dict[str, Any] = {"KeyId": key.arn, "KeyCreationDate": key.key.created, "TrackingStartDate": key.key.created}
    if used:
        last = used[-1]
        shown["KeyLastUsage"] = {
            "Operation": last.operation,
            "Timestamp": last.at,
            "CloudTrailEventId": event_id(last),
            "KmsRequestId": last.request_id,
        }
    return shown


def lookup_events(account: Account, params: Mapping[str, Any]) -> Answer:
    """CloudTrail's LookupEvents: newest first, at most one attribute, the last 90 days. Raises `AwsError`."""
    attributes = params.get("LookupAttributes", [])
    if len(attributes) > 1:
        raise AwsError("InvalidLookupAttributesException", "Only one lookup attribute can be specified.")
    start, end = params.get("StartTime"), params.get("EndTime")
    if start and end and start > end:
        raise AwsError("InvalidTimeRangeException", "The start time must not be after the end time.")
    events = [
        event
        for event in (_event(account, call) for call in reversed(_delivered(account)))
        if (not start or event["EventTime"] >= start)
        and (not end or event["EventTime"] <= end)
        and all(_has(event, attribute) for attribute in attributes)
    ]
    return _page(events, params)


def event_id(call: Call) -> str:
    """CloudTrail's identifier of the event that this call gave."""
    return str(uuid.uuid5(_EVENT_NAMESPACE, call.request_id))


def _page(events: list[Mapping[str, Any]], params: Mapping[str, Any]) -> Answer:
    token = params.get("NextToken", "0")
    if not token.isascii() or not token.isdigit():
        raise AwsError("InvalidNextTokenException", "The token is not valid.")
    first = int(token)
    last = first + params.get("MaxResults", 50)
    return {"Events": events[first:last], "NextToken": str(last) if last < len(events) else None}


def _delivered(account: Account) -> list[Call]:
    if account.faults.log_silent:
        return []
    horizon = account.clock.ticks() - account.faults.log_lag_s
    oldest = account.clock.now() - HISTORY
    return [
        _misnamed(call, account) if account.faults.log_misnames else call
        for call in account.log.all()
        if call.tick <= horizon and call.at >= oldest and call.principal is not None
        if call.operation not in account.faults.log_loses
    ]


def _misnamed(call: Call, account: Account) -> Call:
    return replace(call, principal=f"arn:aws:iam::{account.id}:user/{STRANGER}", agent=STRANGE_AGENT)


def _event(account: Account, call: Call) -> Mapping[str, Any]:
    principal = call.principal or ""
    return {
        "EventId": event_id(call),
        "EventName": call.operation,
        "ReadOnly": str(not call.operation.startswith(_WRITES)).lower(),
        "AccessKeyId": call.caller,
        "EventTime": call.at.replace(microsecond=0),
        "EventSource": f"{call.service}.amazonaws.com",
        "Username": principal.rsplit("/", 1)[-1],
        "Resources": [{"ResourceType": "AWS::KMS::Key", "ResourceName": arn} for arn in call.keys],
        "CloudTrailEvent": json.dumps(_record(account, call)),
    }


def _record(account: Account, call: Call) -> Mapping[str, Any]:
    """The event itself. Source: CloudTrail user guide, "Record contents"."""
    principal = call.principal or ""
    failure = {"errorCode": call.error, "errorMessage": call.message} if call.error else {}
    return {
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "AssumedRole"
            if ":assumed-role/" in principal
            else "Root"
            if principal.endswith(":root")
            else "IAMUser",
            "arn": principal,
            "accountId": principal.split(":")[4],
            "accessKeyId": call.caller,
        },
        "eventTime": call.at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "eventSource": f"{call.service}.amazonaws.com",
        "eventName": call.operation,
        "awsRegion": account.region,
        "sourceIPAddress": call.source,
        "userAgent": call.agent,
        **failure,
        "requestID": call.request_id,
        "eventID": event_id(call),
        "readOnly": not call.operation.startswith(_WRITES),
        "resources": [{"accountId": arn.split(":")[4], "type": "AWS::KMS::Key", "ARN": arn} for arn in call.keys],
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": account.id,
        "eventCategory": "Management",
    }


def _has(event: Mapping[str, Any], attribute: Mapping[str, str]) -> bool:
    name, wanted = attribute["AttributeKey"], attribute["AttributeValue"]
    if name in ("ResourceName", "ResourceType"):
        return any(resource[name] == wanted for resource in event["Resources"])
    return bool(event[name] == wanted)


OPERATIONS: Final[Mapping[str, Operation]] = {"GetKeyLastUsage": _get_key_last_usage}
