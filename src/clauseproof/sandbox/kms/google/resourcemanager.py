"""Resource Manager and IAM over REST: what a project lies in, who is bound or denied there, what a role permits.

Source: REST references of Resource Manager (`projects.getAncestry` of v1, `getIamPolicy` of v3) and IAM (`roles.get` of
v1, `policies.listPolicies` and `policies.get` of v2).
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from clauseproof.sandbox.kms.faults import Failure
from clauseproof.sandbox.kms.google import access, crypto, ekm, imports, keys, versions
from clauseproof.sandbox.kms.google.access import Bindings, permits
from clauseproof.sandbox.kms.google.project import Holdings

_FAILURES: Final[Mapping[Failure, int]] = {
    Failure.EXPIRED: 401,
    Failure.THROTTLED: 429,
    Failure.SERVER_ERROR: 500,
    Failure.RESET: 502,
    Failure.ANSWER_LOST: 502,
}
_SHARING: Final = tuple(f"resourcemanager.{kind}.setIamPolicy" for kind in ("projects", "folders", "organizations"))
_UNRELATED: Final = {"roles/storage.objectViewer": ("storage.objects.get", "storage.objects.list")}
"""A role of those that a project is full of and that say nothing of keys."""


def application(holdings: Holdings, ancestors: Sequence[str]) -> Starlette:
    """Both services on one address; `ancestors` are folders and organisation of every project, the nearest first."""

    async def ancestry(request: Request) -> Response:
        project = f"projects/{request.path_params['project']}"
        return _answer(holdings, "getAncestry", "resourcemanager.projects.get", project) or _ancestry(
            [project, *ancestors]
        )

    async def policy(request: Request) -> Response:
        resource = f"{request.path_params['kind']}/{request.path_params['id']}"
        permission = f"resourcemanager.{request.path_params['kind']}.getIamPolicy"
        return _answer(holdings, "getIamPolicy", permission, resource) or _policy(holdings, resource)

    async def deny_policies(request: Request) -> Response:
        resource = _attached(request)
        return _answer(holdings, "listPolicies", "iam.denypolicies.list", resource) or _deny_policies(
            holdings, resource, request.query_params.get("pageToken", "")
        )

    async def deny_policy(request: Request) -> Response:
        resource, name = _attached(request), request.path_params["name"]
        return _answer(holdings, "getPolicy", "iam.denypolicies.get", resource) or _deny_policy(
            holdings, resource, name
        )

    async def role(request: Request) -> Response:
        name = request.path_params["name"]
        return _answer(holdings, "getRole", None, name) or _role(name)

    return Starlette(
        routes=[
            Route("/v1/projects/{project}:getAncestry", ancestry, methods=["POST"]),
            Route("/v3/{kind}/{id}:getIamPolicy", policy, methods=["POST"]),
            Route("/v2/policies/{attached:path}/denypolicies", deny_policies),
            Route("/v2/policies/{attached:path}/denypolicies/{name}", deny_policy),
            Route("/v1/{name:path}", role),
        ]
    )


def _answer(holdings: Holdings, operation: str, permission: str | None, resource: str) -> Response | None:
    """An error, or None where the call goes through."""
    failure, _ = holdings.board.meet(operation)
    if failure is not None:
        return _error(_FAILURES[failure], failure.value)
    with holdings.lock:
        withheld = operation in holdings.faults.denies
        free = permission is None or permits(holdings.anonymous, permission, resource, holdings.policies, ())
    return _error(403, f"The caller does not have permission {permission}") if withheld or not free else None


def _ancestry(names: Sequence[str]) -> Response:
    pairs = [name.split("/") for name in names]
    return JSONResponse({"ancestor": [{"resourceId": {"type": kind[:-1], "id": id}} for kind, id in pairs]})


def _policy(holdings: Holdings, resource: str) -> Response:
    with holdings.lock:
        bindings = holdings.policies.get(resource, Bindings())
        shown: list[dict[str, Any]] = [
            {"role": role, "members": each, **_condition(bindings, role)} for role, each in bindings.members.items()
        ]
        audit = _audit(holdings, resource)
    return JSONResponse({"version": 1, "etag": bindings.etag.decode(), "bindings": shown, **audit})


def _audit(holdings: Holdings, resource: str) -> dict[str, Any]:
    if resource not in holdings.audited:
        return {}
    exempt = list(holdings.audited[resource])
    kinds = [{"logType": "DATA_READ", **({"exemptedMembers": exempt} if exempt else {})}, {"logType": "DATA_WRITE"}]
    return {"auditConfigs": [{"service": "cloudkms.googleapis.com", "auditLogConfigs": kinds}]}


def _attached(request: Request) -> str:
    return str(request.path_params["attached"]).removeprefix("cloudresourcemanager.googleapis.com/")


def _deny_policies(holdings: Holdings, resource: str, token: str) -> Response:
    """One policy a page, without its rules."""
    with holdings.lock:
        names = list(holdings.denials.get(resource, {}))
    start = int(token or 0)
    page = [{"name": _deny_name(resource, name), "kind": "DenyPolicy"} for name in names[start : start + 1]]
    more = {"nextPageToken": str(start + 1)} if start + 1 < len(names) else {}
    return JSONResponse({"policies": page, **more} if page else {})


def _deny_policy(holdings: Holdings, resource: str, name: str) -> Response:
    with holdings.lock:
        rules = holdings.denials.get(resource, {}).get(name)
    if rules is None:
        return _error(404, f"The policy {name} was not found.")
    shown = [{"denyRule": rule} for rule in rules]
    return JSONResponse({"name": _deny_name(resource, name), "kind": "DenyPolicy", "rules": shown})


def _deny_name(resource: str, name: str) -> str:
    return f"policies/{quote(f'cloudresourcemanager.googleapis.com/{resource}', safe='')}/denypolicies/{name}"


def _condition(bindings: Bindings, role: str) -> dict[str, Any]:
    expression = bindings.conditions.get(role)
    return {"condition": {"title": "", "expression": expression}} if expression else {}


def _role(name: str) -> Response:
    patterns = access.ROLES.get(name) or _UNRELATED.get(name)
    if patterns is None:
        return _error(404, f"The role named {name} was not found.")
    held = [permission for permission in _every_permission() if access.matches(patterns, permission)]
    unrelated = [pattern for pattern in patterns if "*" not in pattern and pattern not in held]
    return JSONResponse({"name": name, "includedPermissions": [*held, *unrelated]})


def _every_permission() -> list[str]:
    methods = (m for room in (crypto, ekm, imports, keys, versions) for m in room.METHODS.values())
    iam = [
        f"cloudkms.{kind}.{verb}" for kind in ("cryptoKeys", "keyRings") for verb in ("getIamPolicy", "setIamPolicy")
    ]
    return sorted({method.permission for method in methods} | set(iam) | set(_SHARING))


def _error(status: int, message: str) -> Response:
    return JSONResponse({"error": {"code": status, "message": message}}, status_code=status)
