"""The HTTP face of the double: KMS and CloudTrail in AWS JSON 1.1, STS in the query protocol, on one address.

Signatures are read for who signs and for which region and service; they are not verified.
"""

import asyncio
import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from starlette.applications import Starlette
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.routing import Route

from clauseproof.sandbox.kms.aws import crypto, imports, lifecycle, rotation, sharing, signing, stores, trail
from clauseproof.sandbox.kms.aws.access import Caller
from clauseproof.sandbox.kms.aws.account import Account
from clauseproof.sandbox.kms.aws.errors import AwsError, access_denied
from clauseproof.sandbox.kms.aws.request import Operation, Request
from clauseproof.sandbox.kms.aws.wire import LARGEST_REQUEST, decode, encode, operation_model, service
from clauseproof.sandbox.kms.calls import Call
from clauseproof.sandbox.kms.faults import Failure
from clauseproof.sandbox.kms.requests import bounded_body, reset

KMS_OPERATIONS: Final[Mapping[str, Operation]] = {
    **crypto.OPERATIONS,
    **imports.OPERATIONS,
    **lifecycle.OPERATIONS,
    **rotation.OPERATIONS,
    **sharing.OPERATIONS,
    **signing.OPERATIONS,
    **stores.OPERATIONS,
    **trail.OPERATIONS,
}
_CREDENTIAL: Final = re.compile(
    r"AWS4-HMAC-SHA256 .*?Credential=(?P<key>[A-Z0-9]{4,128})/\d{8}/(?P<region>[a-z0-9-]+)/(?P<service>[a-z0-9-]+)/"
    r"aws4_request"
)
_TARGETS: Final = {"TrentService": "kms", "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101": "cloudtrail"}
_STS_NAMESPACE: Final = "https://sts.amazonaws.com/doc/2011-06-15/"


@dataclass(frozen=True)
class Asked:
    """What a request asks for, before anything is known about who asks."""

    service: str
    operation: str
    body: bytes
    authorization: str
    source: str
    agent: str
    request_id: str


def application(account: Account) -> Starlette:
    """The ASGI application that serves `account`."""

    async def answer(http: HttpRequest) -> Response:
        body = await bounded_body(http, LARGEST_REQUEST)
        if body is None:
            return _failed(
                "kms", AwsError("RequestEntityTooLargeException", f"More than {LARGEST_REQUEST} bytes.", 413), ""
            )
        asked = _asked(http, body)
        failure, delay_s = account.board.meet(asked.operation)
        await asyncio.sleep(delay_s)
        if failure is Failure.RESET:
            _log(account, asked, None, (), AwsError("ConnectionReset", "", 0))
            return reset(http)
        served = _serve(account, asked, failure)
        return reset(http) if failure is Failure.ANSWER_LOST else served

    return Starlette(routes=[Route("/", answer, methods=["POST"])])


def _asked(http: HttpRequest, body: bytes) -> Asked:
    named, operation = _target(http, body)
    return Asked(
        service=named,
        operation=operation,
        body=body,
        authorization=http.headers.get("authorization", ""),
        source=http.client.host if http.client else "",
        agent=http.headers.get("user-agent", ""),
        request_id=str(uuid.uuid4()),
    )


def _target(http: HttpRequest, body: bytes) -> tuple[str, str]:
    if http.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return "sts", parse_qs(body.decode(errors="replace")).get("Action", [""])[0]
    prefix, _, operation = http.headers.get("x-amz-target", "").rpartition(".")
    return _TARGETS.get(prefix, ""), operation


def _serve(account: Account, asked: Asked, failure: Failure | None) -> Response:
    keys: list[str] = []
    caller = None
    try:
        with account.lock:
            caller = _authenticated(account, asked, failure)
            answer = _perform(account, asked, caller, keys)
    except AwsError as error:
        _log(account, asked, caller, keys, error)
        return _failed(asked.service, error, asked.request_id)
    _log(account, asked, caller, keys, None)
    kind = "text/xml" if asked.service == "sts" else "application/x-amz-json-1.1"
    return Response(answer, headers={"x-amzn-RequestId": asked.request_id}, media_type=kind)


def _authenticated(account: Account, asked: Asked, failure: Failure | None) -> Caller:
    if failure is Failure.SERVER_ERROR:
        raise AwsError(
            "KMSInternalException" if asked.service == "kms" else "InternalFailure", "An internal error occurred.", 500
        )
    if failure is Failure.THROTTLED:
        raise AwsError(
            "ThrottlingException",
            "You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls.",
        )
    credential = _CREDENTIAL.match(asked.authorization)
    if credential is None:
        raise AwsError("MissingAuthenticationTokenException", "Missing Authentication Token")
    if failure is Failure.EXPIRED:
        raise AwsError("ExpiredTokenException", "The security token included in the request is expired")
    caller = account.callers.get(credential["key"])
    if caller is None:
        raise AwsError("UnrecognizedClientException", "The security token included in the request is invalid.")
    if credential["region"] != account.region:
        raise AwsError("InvalidSignatureException", "Credential should be scoped to a valid region.")
    if credential["service"] != asked.service:
        raise AwsError(
            "InvalidSignatureException", f"Credential should be scoped to correct service: '{asked.service}'."
        )
    return caller


def _perform(account: Account, asked: Asked, caller: Caller, keys: list[str]) -> bytes:
    if asked.service == "sts":
        return _get_caller_identity(asked, caller)
    if asked.service not in _TARGETS.values():
        raise AwsError("UnknownOperationException", "")
    model = operation_model(service(asked.service), asked.operation)
    params = decode(model.input_shape, asked.body)
    if asked.service == "cloudtrail":
        return encode(model.output_shape, _look_up(account, asked, caller, params))
    operation = KMS_OPERATIONS.get(asked.operation)
    if operation is None:
        raise AwsError("UnknownOperationException", "")
    request = Request(asked.operation, params, caller, account)
    try:
        return encode(model.output_shape, operation(request))
    finally:
        keys += dict.fromkeys(request.keys)


def _look_up(account: Account, asked: Asked, caller: Caller, params: Mapping[str, Any]) -> Mapping[str, Any]:
    if asked.operation != "LookupEvents":
        raise AwsError("UnknownOperationException", "")
    action = f"cloudtrail:{asked.operation}"
    because = caller.refusal(action)
    if asked.operation in account.faults.denies:
        because = f"because no identity-based policy allows the {action} action"
    if because:
        raise access_denied(caller.arn, action, None, because)
    return trail.lookup_events(account, params)


def _get_caller_identity(asked: Asked, caller: Caller) -> bytes:
    if asked.operation != "GetCallerIdentity":
        raise AwsError("InvalidAction", f"Could not find operation {asked.operation} for version 2011-06-15")
    user = f"{caller.access_key}:{caller.arn.rsplit('/', 1)[-1]}"
    return (
        f'<GetCallerIdentityResponse xmlns="{_STS_NAMESPACE}"><GetCallerIdentityResult>'
        f"<Arn>{escape(caller.arn)}</Arn><UserId>{escape(user)}</UserId><Account>{caller.account}</Account>"
        f"</GetCallerIdentityResult><ResponseMetadata><RequestId>{asked.request_id}</RequestId></ResponseMetadata>"
        "</GetCallerIdentityResponse>"
    ).encode()


def _failed(named: str, error: AwsError, request_id: str) -> Response:
    headers = {"x-amzn-RequestId": request_id}
    if named != "sts":
        body = json.dumps({"__type": error.code, "message": error.message})
        return Response(body, error.status, headers=headers, media_type="application/x-amz-json-1.1")
    body = (
        f'<ErrorResponse xmlns="{_STS_NAMESPACE}"><Error><Type>Sender</Type><Code>{escape(error.code)}</Code>'
        f"<Message>{escape(error.message)}</Message></Error><RequestId>{request_id}</RequestId></ErrorResponse>"
    )
    return Response(body, error.status, headers=headers, media_type="text/xml")


def _log(
    account: Account, asked: Asked, caller: Caller | None, keys: list[str] | tuple[str, ...], error: AwsError | None
) -> None:
    credential = _CREDENTIAL.match(asked.authorization)
    account.log.add(
        Call(
            service=asked.service,
            operation=asked.operation,
            caller=credential["key"] if credential else None,
            principal=caller.arn if caller else None,
            keys=tuple(keys),
            at=account.clock.now(),
            tick=account.clock.ticks(),
            error=error.code if error else None,
            message=error.message if error else "",
            request_id=asked.request_id,
            source=asked.source,
            agent=asked.agent,
        )
    )
