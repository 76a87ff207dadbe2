"""Cloud Logging over gRPC: the double's own calls as entries of Cloud Audit Logs.

Source: `google/logging/v2/logging.proto`, `google/cloud/audit/audit_log.proto`, and Cloud KMS documentation, "Audit
logging".
"""

import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

import grpc  # type: ignore[import-untyped]
from google.cloud.audit.audit_log_pb2 import AuditLog  # type: ignore[import-untyped]
from google.cloud.logging_v2.types import ListLogEntriesRequest, ListLogEntriesResponse, LogEntry
from google.protobuf.any_pb2 import Any as AnyMessage  # type: ignore[import-untyped]

from clauseproof.sandbox.kms.calls import Call
from clauseproof.sandbox.kms.faults import STRANGE_AGENT, STRANGER, Failure
from clauseproof.sandbox.kms.google.access import permits
from clauseproof.sandbox.kms.google.errors import GoogleError, denied, invalid
from clauseproof.sandbox.kms.google.project import Holdings
from clauseproof.sandbox.kms.google.serving import GrpcServer

SERVICE: Final = "google.logging.v2.LoggingServiceV2"
OPERATION: Final = "ListLogEntries"
PRIVATE: Final = "ListPrivateLogEntries"
"""Denied, no entry of a use of a key is shown, and nothing says so."""

_USES: Final = frozenset({"Encrypt", "Decrypt", "AsymmetricDecrypt", "AsymmetricSign", "MacSign", "MacVerify"})
_FAILURES: Final = {
    Failure.RESET: (grpc.StatusCode.UNAVAILABLE, "recvmsg:Connection reset by peer"),
    Failure.SERVER_ERROR: (grpc.StatusCode.INTERNAL, "Internal error encountered."),
    Failure.THROTTLED: (grpc.StatusCode.RESOURCE_EXHAUSTED, "Quota exceeded for quota metric 'Read requests'."),
    Failure.EXPIRED: (grpc.StatusCode.UNAUTHENTICATED, "Request had invalid authentication credentials."),
    Failure.ANSWER_LOST: (grpc.StatusCode.UNAVAILABLE, "recvmsg:Connection reset by peer"),
}
_TERM: Final = re.compile(r'\s*(?P<field>[A-Za-z.]+)(?P<sign>>=|<=|=|:)(?P<value>\([^)]*\)|"[^"]*")')


class CloudLogging(GrpcServer):
    """Cloud Logging on loopback, without TLS, for the length of a `with` block."""

    def __init__(self, holdings: Holdings) -> None:
        serve: Callable[[Any, Any], Any] = _handler(holdings)
        method = grpc.unary_unary_rpc_method_handler(
            serve,
            request_deserializer=ListLogEntriesRequest.deserialize,
            response_serializer=ListLogEntriesResponse.serialize,
        )
        super().__init__({SERVICE: {OPERATION: method}})


def _handler(holdings: Holdings) -> Callable[[Any, Any], Any]:
    def answer(message: Any, context: Any) -> Any:
        failure, delay_s = holdings.board.meet(OPERATION)
        time.sleep(delay_s)
        try:
            if failure is not None:
                raise GoogleError(*_FAILURES[failure])
            with holdings.lock:
                return _list(holdings, message)
        except GoogleError as error:
            context.abort(error.status, error.message)

    return answer


def _list(holdings: Holdings, message: Any) -> Any:
    (project,) = message.resource_names
    if OPERATION in holdings.faults.denies or not _may(holdings, "logging.logEntries.list", project):
        raise denied("logging.logEntries.list", project)
    if message.order_by != "timestamp desc":
        raise GoogleError(grpc.StatusCode.UNIMPLEMENTED, "Only order_by timestamp desc is available here.")
    terms = list(_terms(message.filter))
    entries = [entry for entry in _entries(holdings, project) if all(_fits(entry, *term) for term in terms)]
    start = int(message.page_token or 0)
    end = start + (message.page_size or 50)
    return ListLogEntriesResponse(
        entries=[entry for entry, _ in entries[start:end]], next_page_token=str(end) if end < len(entries) else ""
    )


def _may(holdings: Holdings, permission: str, project: str) -> bool:
    return permits(holdings.anonymous, permission, project, holdings.policies, ())


def _entries(holdings: Holdings, project: str) -> Iterator[tuple[LogEntry, Any]]:
    """What was delivered, newest first."""
    faults = holdings.faults
    horizon = holdings.clock.ticks() - faults.log_lag_s
    private = PRIVATE not in faults.denies and _may(holdings, "logging.privateLogEntries.list", project)
    for number, call in enumerate(reversed(() if faults.log_silent else holdings.log.all())):
        if call.tick > horizon or call.operation in faults.log_loses or call.principal is None:
            continue
        if call.operation in _USES and not (private and _written(holdings, call)):
            continue
        yield from (_entry(holdings, project, call, key) for key in call.keys)
        if faults.log_garbage and number < len(_GARBAGE):
            yield _GARBAGE[number](project, call)


def _written(holdings: Holdings, call: Call) -> bool:
    """Whether some policy has the uses written down and does not exempt this caller."""
    return any(call.principal not in exempt for exempt in holdings.audited.values())


def _entry(holdings: Holdings, project: str, call: Call, key: str) -> tuple[LogEntry, Any]:
    misnamed = holdings.faults.log_misnames
    record = AuditLog(service_name="cloudkms.googleapis.com", method_name=call.operation, resource_name=key)
    record.authentication_info.principal_email = STRANGER if misnamed else (call.principal or "").partition(":")[2]
    record.request_metadata.caller_ip = "203.0.113.5"
    record.request_metadata.caller_supplied_user_agent = STRANGE_AGENT if misnamed else f"{call.agent},gzip(gfe)"
    if call.error is not None:
        record.status.code = getattr(grpc.StatusCode, call.error).value[0]
        record.status.message = call.message
    if call.detail:
        record.request.update({"cryptoKeyVersion": {"state": call.detail}, "updateMask": "state"})
    return _wrapped(project, call, record), record


def _wrapped(project: str, call: Call, record: Any) -> LogEntry:
    payload = AnyMessage()
    payload.Pack(record)
    return _named(project, call, payload, call.at)


def _named(project: str, call: Call, payload: Any, at: datetime | None) -> LogEntry:
    stream = "data_access" if call.operation in _USES else "activity"
    name = f"{project}/logs/cloudaudit.googleapis.com%2F{stream}"
    return LogEntry(log_name=name, insert_id=call.request_id, timestamp=at, proto_payload=payload)


def _torn(project: str, call: Call) -> tuple[LogEntry, Any]:
    """A payload that is no audit record, though it says so."""
    torn = AnyMessage(type_url="type.googleapis.com/google.cloud.audit.AuditLog", value=b"\xff\xff\xff")
    return _named(project, call, torn, call.at), None


def _foreign(project: str, call: Call) -> tuple[LogEntry, Any]:
    """A payload of another type, and no date."""
    return _named(project, call, AnyMessage(type_url="type.googleapis.com/evil.Record", value=b"x"), None), None


def _endless(project: str, call: Call) -> tuple[LogEntry, Any]:
    """An audit record with names without end, and a status that does not exist."""
    record = AuditLog(method_name="<script>" * 5000 + ".\x1b[2J" * 5000, resource_name="/".join(call.keys))
    record.status.code = -7
    record.request.update({"cryptoKeyVersion": ["no", "version"]})
    return _wrapped(project, call, record), None


_GARBAGE: Final[tuple[Callable[[str, Call], tuple[LogEntry, Any]], ...]] = (_torn, _foreign, _endless)


def _terms(filter_: str) -> Iterator[tuple[str, str, list[str]]]:
    """Field, sign and values of each comparison; all of them must hold."""
    position = 0
    while position < len(filter_):
        term = _TERM.match(filter_, position)
        if term is None:
            raise invalid(f"Unparseable filter: syntax error at {position}.")
        yield term["field"], term["sign"], re.findall(r'"([^"]*)"', term["value"])
        position = term.end()


def _fits(pair: tuple[LogEntry, Any], field: str, sign: str, values: Iterable[str]) -> bool:
    entry, record = pair
    if field == "logName":
        return entry.log_name in values
    if record is None:
        return True  # nonsense is shown whatever is asked for
    if field == "timestamp":
        (moment,) = map(datetime.fromisoformat, values)
        return bool(entry.timestamp >= moment if sign == ">=" else entry.timestamp <= moment)
    shown: Mapping[str, str] = {
        "protoPayload.serviceName": record.service_name,
        "protoPayload.resourceName": record.resource_name,
        "protoPayload.methodName": record.method_name,
    }
    if field not in shown:
        raise invalid(f"Unparseable filter: unknown field {field}.")
    return any(value in shown[field] if sign == ":" else value == shown[field] for value in values)
