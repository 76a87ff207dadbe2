"""The HTTPS face of the double: Key Vault's REST interface behind its bearer challenge."""

import asyncio
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from azure.keyvault.keys import ApiVersion
from starlette.applications import Starlette
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from clauseproof.sandbox.kms.azure import crypto, keys, roles, rotation
from clauseproof.sandbox.kms.azure.access import Caller
from clauseproof.sandbox.kms.azure.errors import AzureError, bad_parameter
from clauseproof.sandbox.kms.azure.request import Answer, Operation, Request
from clauseproof.sandbox.kms.azure.vault import Vault
from clauseproof.sandbox.kms.calls import Call
from clauseproof.sandbox.kms.faults import Failure
from clauseproof.sandbox.kms.requests import bounded_body, reset

LARGEST_REQUEST: Final = 128 * 1024
OPERATIONS: Final[Mapping[tuple[str, str], Operation]] = {
    # The order counts: `/keys/{name}/versions` must be tried before `/keys/{name}/{version}`.
    **rotation.OPERATIONS,
    **crypto.OPERATIONS,
    **keys.OPERATIONS,
    **roles.OPERATIONS,
}
_VERSIONS: Final = frozenset(version.value for version in ApiVersion)


@dataclass(frozen=True)
class Asked:
    """A call before anything is known about who asks."""

    operation: Operation
    path: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes
    host: str
    token: str | None
    source: str
    agent: str
    request_id: str


def application(vault: Vault) -> ASGIApp:
    """The ASGI application that serves `vault`."""
    routes = [
        Route(path, _endpoint(vault, operation), methods=[method]) for (method, path), operation in OPERATIONS.items()
    ]
    return Starlette(routes=routes)


def _endpoint(vault: Vault, operation: Operation) -> Any:
    async def answer(http: HttpRequest) -> Response:
        body = await bounded_body(http, LARGEST_REQUEST)
        asked = _asked(http, operation, body or b"")
        if body is None:
            too_large = AzureError(413, "RequestEntityTooLarge", f"More than {LARGEST_REQUEST} bytes.")
            return _failed(vault, asked, too_large)
        failure, delay_s = vault.board.meet(operation.name) if asked.token else (None, 0.0)
        await asyncio.sleep(delay_s)
        if failure is Failure.RESET:
            _log(vault, asked, None, [], AzureError(0, "ConnectionReset", ""))
            return reset(http)
        served = _serve(vault, asked, failure)
        return reset(http) if failure is Failure.ANSWER_LOST else served

    return answer


def _asked(http: HttpRequest, operation: Operation, body: bytes) -> Asked:
    authorization = http.headers.get("authorization", "")
    return Asked(
        operation=operation,
        path={name: str(value) for name, value in http.path_params.items()},
        query=dict(http.query_params),
        body=body,
        host=http.headers.get("host", "").partition(":")[0],
        token=authorization.removeprefix("Bearer ") if authorization.startswith("Bearer ") else None,
        source=http.client.host if http.client else "",
        agent=http.headers.get("user-agent", ""),
        request_id=str(uuid.uuid4()),
    )


def _serve(vault: Vault, asked: Asked, failure: Failure | None) -> Response:
    caller: Caller | None = None
    resolved: list[str] = []
    try:
        with vault.lock:
            caller = _authenticated(vault, asked, failure)
            answer = _perform(vault, asked, caller, resolved)
    except AzureError as error:
        _log(vault, asked, caller, resolved, error)
        return _failed(vault, asked, error)
    _log(vault, asked, caller, resolved, None)
    if answer is None:
        return Response(status_code=204, headers=_headers(vault, asked))
    return JSONResponse(answer, headers=_headers(vault, asked))


def _authenticated(vault: Vault, asked: Asked, failure: Failure | None) -> Caller:
    if failure is Failure.SERVER_ERROR:
        raise AzureError(500, "InternalServerError", "An internal error occurred.")
    if failure is Failure.THROTTLED:
        raise AzureError(429, "Throttled", "Request was not processed because too many requests were received.")
    if asked.token is None:
        raise AzureError(401, "Unauthorized", "AKV10000: Request is missing a Bearer or PoP token.")
    caller = vault.callers.get(asked.token)
    if caller is None or failure is Failure.EXPIRED:
        raise AzureError(401, "Unauthorized", "AKV10095: Error validating token: the token is unknown or expired.")
    return caller


def _perform(vault: Vault, asked: Asked, caller: Caller, resolved: list[str]) -> Answer:
    if asked.host != vault.host:
        raise AzureError(404, "VaultNotFound", f"The vault {asked.host[:200]} is not found here.")
    if asked.query.get("api-version") not in _VERSIONS:
        raise bad_parameter("The query parameter api-version is missing or names no version of this interface.")
    request = Request(asked.operation, caller, vault, path=asked.path, query=asked.query, body=asked.body)
    try:
        request.authorise()
        return asked.operation.act(request)
    finally:
        resolved += dict.fromkeys(request.keys)


def _failed(vault: Vault, asked: Asked, error: AzureError) -> Response:
    headers = _headers(vault, asked)
    if error.status == 401:
        directory = f"{vault.authority}/{vault.tenant}"
        headers["WWW-Authenticate"] = f'Bearer authorization="{directory}", resource="{vault.resource}"'
    if error.status == 429:
        headers["Retry-After"] = "1"
    return JSONResponse(error.body, error.status, headers=headers)


def _headers(vault: Vault, asked: Asked) -> dict[str, str]:
    return {
        "x-ms-keyvault-region": vault.region,
        "x-ms-keyvault-service-version": "1.9.0",
        "x-ms-request-id": asked.request_id,
        "Cache-Control": "no-cache",
        "Strict-Transport-Security": "max-age=31536000;includeSubDomains",
    }


def _log(vault: Vault, asked: Asked, caller: Caller | None, resolved: list[str], error: AzureError | None) -> None:
    vault.log.add(
        Call(
            service="keyvault",
            operation=asked.operation.name,
            caller=asked.token,
            principal=caller.object_id if caller else None,
            keys=tuple(resolved),
            at=vault.clock.now(),
            tick=vault.clock.ticks(),
            error=error.name if error else None,
            message=error.message if error else "",
            request_id=asked.request_id,
            source=asked.source,
            agent=asked.agent,
        )
    )
