"""Cloud Logging: entries of Cloud Audit Logs about one key, read with the library that Google generates for it.

It speaks gRPC over the same library as Cloud KMS, so that endpoints, universes, deadlines and errors are the same.
"""

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from types import TracebackType
from typing import Any, Final, NamedTuple, Self

from clauseproof.facts.google import GoogleKey
from clauseproof.facts.keylog import Entry
from clauseproof.model.errors import Unknowable
from clauseproof.model.look import Look
from clauseproof.probes.kms.auditlog import MOST_NEWEST, OURS, OwnCall, too_many
from clauseproof.probes.kms.google_api import CALL_S, Clients, Failed, GoogleReach, connect, invoke
from clauseproof.probes.kms.google_audit import DATA_ACCESS
from clauseproof.probes.kms.google_errors import TRANSIENT, explain

ACTIVITY: Final = "activity"
"""The stream of changes, which nobody can turn off (Cloud Audit Logs documentation, "Admin Activity audit logs")."""

SERVICE: Final = "cloudkms"

_SCOPE = "https://www.googleapis.com/auth/logging.read"
_STREAMS = (ACTIVITY, DATA_ACCESS)
_ATTEMPTS = 3
_PAUSE_S = 0.25
_PAGE = 500
_MOST_PAGES = 10
_LONGEST_TEXT = 120


class GoogleLog:
    """The audit log of one key. Use it in a `with` block."""

    def __init__(self, key: GoogleKey, look: Look) -> None:
        self._key = key
        self._look = look
        self._reach = replace(GoogleReach.of(key), endpoint=key.log_endpoint)
        self._clients: Clients | None = None
        if key.insecure and key.log_endpoint is None:
            raise Unknowable(
                f"the audit log of {key.name} was not looked at", "name log_endpoint, as endpoint, in the profile"
            )

    def newest(self) -> list[Entry]:
        """The newest entries about the key, of both streams. Raises LookFailed."""
        return [read.entry for read in self._page("", MOST_NEWEST, "")[0]]

    def around(self, call: OwnCall) -> Iterator[Entry]:
        """Our entries that may be this call. Raises LookFailed."""
        method = json.dumps(call.word.partition(".")[2])
        window = f'timestamp>="{_rfc_3339(call.since)}" timestamp<="{_rfc_3339(call.until)}"'
        token, found = "", False
        for _ in range(_MOST_PAGES):
            page, token = self._page(f"{window} protoPayload.methodName:{method}", _PAGE, token)
            ours = [read.entry for read in page if may_be(call, read, self._email)]
            yield from ours
            found = found or bool(ours)
            if not token:
                return
        if not found:
            raise too_many(call, self._key.name)

    def _page(self, wanted: str, size: int, token: str) -> "tuple[list[Read], str]":
        request = {
            "resource_names": [f"projects/{self._key.project}"],
            "filter": f"{_about(self._key)} {wanted}".strip(),
            "order_by": "timestamp desc",
            "page_size": size,
            "page_token": token,
        }
        page = self._asked(request)
        every = (read_entry(entry, self._key) for entry in islice(page.entries, size))
        return [read for read in every if read is not None], str(page.next_page_token)

    def _asked(self, request: dict[str, Any]) -> Any:
        self._look.called("logging.ListLogEntries")
        for left in range(_ATTEMPTS - 1, -1, -1):
            try:
                timeout_s = min(CALL_S, self._look.remaining_s())
                return invoke(self._connected, "ListLogEntries", request, timeout_s)
            except Failed as failed:
                if left == 0 or failed.code not in TRANSIENT:
                    resource = f"projects/{self._key.project}"
                    raise explain(failed.error, "ListLogEntries", resource, "logging") from failed.error
            time.sleep(_PAUSE_S * 2 ** (_ATTEMPTS - 1 - left))
        raise AssertionError("there is at least one attempt")

    def _connected(self) -> Clients:
        if self._clients is None:
            self._clients = connect(self._reach, _SCOPE)
        return self._clients

    @property
    def _email(self) -> str | None:
        return None if self._clients is None else self._clients.email

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._clients is not None:
            self._clients.close()


class Read(NamedTuple):
    """An entry, what the caller called itself, and whom Google took it for."""

    entry: Entry
    agent: str
    email: str


def may_be(call: OwnCall, read: Read, email: str | None) -> bool:
    """Whether an entry may be this call of ours; `email` is our service account's, None where we are somebody else."""
    ours = OURS in read.agent and email in (None, read.email)
    error = call.error and call.error.partition(" ")[0]
    return ours and read.entry.call in (call.call, call.word) and read.entry.error == error


def _about(key: GoogleKey) -> str:
    """What all questions have in common. A project's id may stand in a name, or its number."""
    names = " OR ".join(json.dumps(_log_name(key, stream)) for stream in _STREAMS)
    service = f"{SERVICE}.googleapis.com"
    return f'logName=({names}) protoPayload.serviceName="{service}" protoPayload.resourceName:{json.dumps(_tail(key))}'


def _log_name(key: GoogleKey, stream: str) -> str:
    return f"projects/{key.project}/logs/cloudaudit.googleapis.com%2F{stream}"


def _tail(key: GoogleKey) -> str:
    return key.name.removeprefix(f"projects/{key.project}")


def read_entry(entry: Any, key: GoogleKey) -> Read | None:
    """One entry; None for one that is no audit record, or about something else."""
    from google.cloud.audit.audit_log_pb2 import AuditLog  # type: ignore[import-untyped]
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

    record = AuditLog()
    stream = next((stream for stream in _STREAMS if entry.log_name == _log_name(key, stream)), None)
    try:
        at, payload = entry.timestamp, entry.proto_payload
        if stream is None or at is None or payload is None or not payload.Unpack(record):
            return None
    except (DecodeError, ValueError, OverflowError):
        return None
    name = record.resource_name.partition("/cryptoKeyVersions/")[0]
    if "/".join(["", *name.split("/")[2:]]) != _tail(key):
        return None
    found = Entry(
        call=_call(record),
        at=datetime.combine(at.date(), at.time(), UTC),
        error=_status(record.status.code),
        id=entry.insert_id[:_LONGEST_TEXT],
        stream=stream,
    )
    return Read(found, record.request_metadata.caller_supplied_user_agent, record.authentication_info.principal_email)


def _call(record: Any) -> str:
    """Method and, of a change of a version, the state asked for; the method is written with its service or without."""
    method = f"{SERVICE}.{record.method_name.rpartition('.')[2]}"[:_LONGEST_TEXT]
    version = record.request.fields.get("cryptoKeyVersion", None)
    state = version.struct_value.fields["state"].string_value if version is not None else ""
    return f"{method} {state}"[:_LONGEST_TEXT] if state else method


def _status(code: int) -> str | None:
    from google.rpc.code_pb2 import Code  # type: ignore[import-untyped]

    if code == 0:
        return None
    return str(Code.Name(code)) if code in Code.values() else f"status {code}"


def _rfc_3339(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
