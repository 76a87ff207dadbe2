"""Log Analytics over HTTPS: the vault's own calls as rows of a table, and as much of Kusto as asking for them takes.

Source: Log Analytics REST reference, "Query - Execute"; Key Vault documentation, "Azure Key Vault logging".
"""

import asyncio
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from clauseproof.sandbox.kms.azure.vault import Vault
from clauseproof.sandbox.kms.calls import Call
from clauseproof.sandbox.kms.faults import STRANGE_AGENT, STRANGER, Failure
from clauseproof.sandbox.kms.requests import reset

LOG_HOST: Final = "api.loganalytics.io"
OPERATION: Final = "Query"
PARTIAL: Final = "QueryInFull"
"""Denied, an answer has some of its rows and says so."""

_TYPES: Final = {"TimeGenerated": "datetime", "Status": "int"}
_FAILURES: Final = {
    Failure.SERVER_ERROR: (500, "InternalServerError"),
    Failure.THROTTLED: (429, "ThrottledError"),
    Failure.EXPIRED: (401, "InvalidTokenError"),
}
_VERBS: Final = {"KeyUnwrap": "/unwrapkey", "KeyDecrypt": "/decrypt", "KeyWrap": "/wrapkey", "KeyEncrypt": "/encrypt"}
_STATUS: Final = {"KeyNotFound": 404, "BadParameter": 400, "Throttled": 429, "InternalServerError": 500}

_TEXT: Final = r'"(?:[^"\\]|\\.)*"'
_CONTAINS: Final = re.compile(rf"(\w+) contains ({_TEXT})")
_IN: Final = re.compile(rf"(\w+) in \(({_TEXT}(?:, {_TEXT})*)\)")
_TAKE: Final = re.compile(r"\| take (\d{1,6})")

_Row = Mapping[str, Any]


def log_application(vault: Vault, workspace: str, table: str) -> Starlette:
    """The ASGI application: one workspace, in which one table exists."""

    async def query(request: Request) -> Response:
        failure, delay_s = vault.board.meet(OPERATION)
        await asyncio.sleep(delay_s)
        if failure in (Failure.RESET, Failure.ANSWER_LOST):
            return reset(request)
        body = await request.json()
        refused = _refused(vault, request, failure) or _unknown(request, workspace)
        return refused or _answer(vault, table, str(body["query"]), str(body["timespan"]))

    return Starlette(routes=[Route("/v1/workspaces/{workspace}/query", query, methods=["POST"])])


def _refused(vault: Vault, request: Request, failure: Failure | None) -> Response | None:
    token = request.headers.get("authorization", "").removeprefix("Bearer ")
    if failure is not None:
        return _error(*_FAILURES[failure])
    if request.headers.get("host") != LOG_HOST or token not in vault.callers:
        return _error(401, "InvalidTokenError")
    return _error(403, "InsufficientAccessError") if OPERATION in vault.faults.denies else None


def _unknown(request: Request, workspace: str) -> Response | None:
    return None if request.path_params["workspace"] == workspace else _error(404, "PathNotFoundError")


def _answer(vault: Vault, table: str, query: str, timespan: str) -> Response:
    first, *steps = query.splitlines()
    if first != table:
        return _error(400, "BadArgumentError", "SemanticError")
    since, until = map(datetime.fromisoformat, timespan.split("/"))
    with vault.lock:
        rows = [row for row in _rows(vault) if since <= row["TimeGenerated"] <= until]
    for step in steps:
        kept = _step(rows, step)
        if kept is None:
            return _error(400, "BadArgumentError", "SyntaxError")
        rows = kept
    return _table(rows, partial=PARTIAL in vault.faults.denies)


def _step(rows: list[_Row], step: str) -> list[_Row] | None:
    """What a step of a query leaves; None for one that is not understood. Columns are named already."""
    take = _TAKE.fullmatch(step)
    if take is not None:
        return rows[: int(take[1])]
    if step.startswith(("| extend ", "| project ", "| order by TimeGenerated desc", "| where ResourceProvider ")):
        return rows
    contains = _CONTAINS.findall(step)
    among = _IN.findall(step)
    if not step.startswith("| where ") or not (contains or among):
        return None
    texts = [(column, _plain(text).lower()) for column, text in contains]
    names = [(column, {_plain(text) for text in re.findall(_TEXT, listed)}) for column, listed in among]
    return [
        row
        for row in rows
        if all(row[column] in wanted for column, wanted in names)
        and (not texts or any(text in str(row[column]).lower() for column, text in texts))
    ]


def _plain(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1])


def _rows(vault: Vault) -> Iterator[_Row]:
    """What was delivered, newest first."""
    faults = vault.faults
    horizon = vault.clock.ticks() - faults.log_lag_s
    for number, call in enumerate(reversed(() if faults.log_silent else vault.log.all())):
        if call.tick > horizon or call.operation in faults.log_loses or call.principal is None:
            continue
        yield from (_row(call, key, misnamed=faults.log_misnames) for key in call.keys)
        if faults.log_garbage and number < len(_GARBAGE):
            yield {**_row(call, "", misnamed=False), **_GARBAGE[number]}


def _row(call: Call, key: str, *, misnamed: bool) -> _Row:
    return {
        "TimeGenerated": call.at,
        "OperationName": call.operation,
        "Status": 200 if call.error is None else _STATUS.get(call.error, 403),
        "Client": STRANGE_AGENT if misnamed else call.agent,
        "Caller": STRANGER if misnamed else call.principal,
        "CorrelationId": call.request_id,
        "Uri": f"{key}{_VERBS.get(call.operation, '')}?api-version=7.6",
        "Id": key,
    }


_GARBAGE: Final[tuple[_Row, ...]] = (
    {"Status": "200", "Client": None, "Caller": ["x"], "Uri": 7, "Id": {"a": 1}},
    {"OperationName": "<script>" * 5000, "CorrelationId": "\x1b[2J" * 5000, "Status": None},
    {"Status": True, "Uri": "https://elsewhere.example/keys/cmk", "Id": "keys/cmk" * 5000},
)


def _table(rows: Iterable[_Row], *, partial: bool) -> Response:
    columns = ("TimeGenerated", "OperationName", "Status", "Client", "Caller", "CorrelationId", "Uri", "Id")
    table = {
        "name": "PrimaryResult",
        "columns": [{"name": name, "type": _TYPES.get(name, "string")} for name in columns],
        "rows": [[_written(row[name]) for name in columns] for row in rows],
    }
    error = {"error": {"code": "PartialError", "message": "There were some errors.", "details": []}} if partial else {}
    return JSONResponse({"tables": [table], **error})


def _written(value: Any) -> Any:
    return value.strftime("%Y-%m-%dT%H:%M:%S.%fZ") if isinstance(value, datetime) else value


def _error(status: int, code: str, inner: str | None = None) -> Response:
    more = {} if inner is None else {"innererror": {"code": inner, "message": inner}}
    return JSONResponse({"error": {"code": code, "message": code, **more}}, status)
