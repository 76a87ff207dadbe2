"""The gRPC face of the double: the services KeyManagementService, EkmService and IAMPolicy on one port.

Real message classes of the client library are read and written, behind grpc's generic handlers.
"""

import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import grpc  # type: ignore[import-untyped]

from clauseproof.sandbox.kms.calls import Call
from clauseproof.sandbox.kms.faults import Failure
from clauseproof.sandbox.kms.google import crypto, ekm, imports, keys, policies, versions
from clauseproof.sandbox.kms.google.access import Caller
from clauseproof.sandbox.kms.google.errors import GoogleError
from clauseproof.sandbox.kms.google.project import Holdings
from clauseproof.sandbox.kms.google.request import Method, Request

SERVICES: Final[Mapping[str, Mapping[str, Method]]] = {
    "google.cloud.kms.v1.KeyManagementService": {
        **crypto.METHODS,
        **imports.METHODS,
        **keys.METHODS,
        **versions.METHODS,
    },
    "google.cloud.kms.v1.EkmService": ekm.METHODS,
    "google.iam.v1.IAMPolicy": policies.METHODS,
}
_RESET: Final = (grpc.StatusCode.UNAVAILABLE, "recvmsg:Connection reset by peer")
"""What a client library makes of a reset connection; grpc's server cannot reset a single one."""

_FAILURES: Final = {
    Failure.RESET: _RESET,
    Failure.SERVER_ERROR: (grpc.StatusCode.INTERNAL, "Internal error encountered."),
    Failure.THROTTLED: (
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        "Quota exceeded for quota metric 'Cryptographic requests' and limit 'Cryptographic requests per minute'.",
    ),
    Failure.EXPIRED: (grpc.StatusCode.UNAUTHENTICATED, "Request had invalid authentication credentials."),
}


@dataclass(frozen=True)
class Asked:
    """A call before anything is known about who asks."""

    name: str
    method: Method
    token: str | None
    source: str
    agent: str


def services(holdings: Holdings) -> Mapping[str, Mapping[str, Any]]:
    """The handlers of every service, by its name and the method's."""
    return {
        service: {name: _handler(holdings, name, method) for name, method in methods.items()}
        for service, methods in SERVICES.items()
    }


def _handler(holdings: Holdings, name: str, method: Method) -> Any:
    def answer(message: Any, context: grpc.ServicerContext) -> Any:
        metadata = dict(context.invocation_metadata() or ())
        asked = Asked(name, method, _token(metadata), context.peer(), str(metadata.get("user-agent", "")))
        failure, delay_s = holdings.board.meet(name)
        time.sleep(delay_s)
        try:
            answered = _serve(holdings, asked, message, failure)
            if failure is Failure.ANSWER_LOST:
                raise GoogleError(*_RESET)
        except GoogleError as error:
            context.abort(error.status, error.message)
        else:
            return answered

    serve: Callable[[Any, grpc.ServicerContext], Any] = answer
    return grpc.unary_unary_rpc_method_handler(
        serve, request_deserializer=method.request.deserialize, response_serializer=method.answer.serialize
    )


def _token(metadata: Mapping[str, Any]) -> str | None:
    authorization = str(metadata.get("authorization", ""))
    return authorization.removeprefix("Bearer ") if authorization.startswith("Bearer ") else None


def _serve(holdings: Holdings, asked: Asked, message: Any, failure: Failure | None) -> Any:
    request = None
    try:
        with holdings.lock:
            caller = _authenticated(holdings, asked, failure)
            request = Request(asked.name, asked.method, message, caller, holdings)
            answered = asked.method.act(request)
    except GoogleError as error:
        _log(holdings, asked, request, error)
        raise
    _log(holdings, asked, request, None)
    return answered


def _authenticated(holdings: Holdings, asked: Asked, failure: Failure | None) -> Caller:
    """A channel without TLS carries no credentials: who comes without a token is the first of the callers."""
    if failure in _FAILURES:
        raise GoogleError(*_FAILURES[failure])
    if asked.token is None:
        return holdings.anonymous
    caller = holdings.callers.get(asked.token)
    if caller is None:
        raise GoogleError(grpc.StatusCode.UNAUTHENTICATED, "Request had invalid authentication credentials.")
    return caller


def _log(holdings: Holdings, asked: Asked, request: Request | None, error: GoogleError | None) -> None:
    holdings.log.add(
        Call(
            service="cloudkms",
            operation=asked.name,
            caller=asked.token,
            principal=request.caller.member if request else None,
            keys=tuple(dict.fromkeys(request.resources)) if request else (),
            at=holdings.clock.now(),
            tick=holdings.clock.ticks(),
            error=error.code if error else None,
            message=error.message if error else "",
            request_id=str(uuid.uuid4()),
            source=asked.source,
            agent=asked.agent,
            detail=_state_asked_for(request),
        )
    )


def _state_asked_for(request: Request | None) -> str:
    if request is None or request.name != "UpdateCryptoKeyVersion":
        return ""
    return str(request.message.crypto_key_version.state.name)
