"""The IAM policy service that keys, key rings and import jobs share. Source: `google/iam/v1/iam_policy.proto`."""

from collections.abc import Mapping
from typing import Any, Final

import grpc  # type: ignore[import-untyped]
from google.iam.v1 import iam_policy_pb2, policy_pb2  # type: ignore[import-untyped]
from google.type import expr_pb2  # type: ignore[import-untyped]

from clauseproof.sandbox.kms.google.access import Bindings, permits
from clauseproof.sandbox.kms.google.errors import GoogleError, invalid
from clauseproof.sandbox.kms.google.names import CONNECTION, EKM_CONFIG, JOB, KEY, RING
from clauseproof.sandbox.kms.google.request import Method, Request

FOREIGN_ROLE: Final = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
_KINDS: Final = {
    "cryptoKeys": KEY,
    "keyRings": RING,
    "importJobs": JOB,
    "ekmConnections": CONNECTION,
    "ekmConfigs": EKM_CONFIG,
}


def _get_iam_policy(request: Request) -> Any:
    resource = _resource(request, "getIamPolicy")
    return _policy(request, resource)


def _set_iam_policy(request: Request) -> Any:
    resource = _resource(request, "setIamPolicy")
    old = request.holdings.policies.get(resource, Bindings())
    given = request.message.policy
    if given.etag and given.etag != old.etag:
        message = (
            "There were concurrent policy changes. Please retry the whole read-modify-write with exponential backoff."
        )
        raise GoogleError(grpc.StatusCode.ABORTED, message)
    members = {binding.role: list(binding.members) for binding in given.bindings}
    request.holdings.policies[resource] = Bindings(members=members, generation=old.generation + 1)
    return _policy(request, resource)


def _test_iam_permissions(request: Request) -> Any:
    resource = request.message.resource
    extra = request.holdings.faults.foreign_grantees
    held = [
        permission
        for permission in request.message.permissions
        if permits(request.caller, permission, resource, request.holdings.policies, extra)
    ]
    return iam_policy_pb2.TestIamPermissionsResponse(permissions=held)


def _resource(request: Request, verb: str) -> str:
    name: str = request.message.resource
    kind = next((kind for kind, pattern in _KINDS.items() if pattern.fullmatch(name)), None)
    if kind is None:
        raise invalid(f"Resource name [{name[:200]}] has no IAM policy.")
    request.authorise(name, f"cloudkms.{kind}.{verb}")
    if kind == "cryptoKeys":
        request.key(name)
    elif kind == "keyRings":
        request.ring(name)
    return name


def _policy(request: Request, resource: str) -> Any:
    bindings = request.holdings.policies.get(resource, Bindings())
    members = {role: list(each) for role, each in bindings.members.items()}
    foreign = request.holdings.faults.foreign_grantees
    if foreign and KEY.fullmatch(resource):
        members[FOREIGN_ROLE] = [*members.get(FOREIGN_ROLE, []), *foreign]
    conditions = {role: expr_pb2.Expr(expression=expression) for role, expression in bindings.conditions.items()}
    shown = [
        policy_pb2.Binding(role=role, members=each, condition=conditions.get(role)) for role, each in members.items()
    ]
    return policy_pb2.Policy(version=3 if conditions else 1, bindings=shown, etag=bindings.etag)


class _Wire:
    """Plain protobuf classes behind the two names that proto-plus classes have."""

    def __init__(self, message: Any) -> None:
        self.deserialize = message.FromString
        self.serialize = message.SerializeToString


METHODS: Final[Mapping[str, Method]] = {
    "GetIamPolicy": Method(_Wire(iam_policy_pb2.GetIamPolicyRequest), _Wire(policy_pb2.Policy), "", _get_iam_policy),
    "SetIamPolicy": Method(_Wire(iam_policy_pb2.SetIamPolicyRequest), _Wire(policy_pb2.Policy), "", _set_iam_policy),
    "TestIamPermissions": Method(
        _Wire(iam_policy_pb2.TestIamPermissionsRequest),
        _Wire(iam_policy_pb2.TestIamPermissionsResponse),
        "",
        _test_iam_permissions,
    ),
}
