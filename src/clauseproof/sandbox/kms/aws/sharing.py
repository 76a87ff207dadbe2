"""Key policies and grants: who else was let in."""

import hashlib
import os
from collections.abc import Mapping
from typing import Any, Final

from clauseproof.sandbox.kms.aws.access import Grant, parse_policy, refusal
from clauseproof.sandbox.kms.aws.account import AwsKey
from clauseproof.sandbox.kms.aws.errors import AwsError, access_denied, not_found
from clauseproof.sandbox.kms.aws.request import Answer, Operation, Request, foreign_grants
from clauseproof.sandbox.kms.keystate import KeyState

_POLICY: Final = "default"
"""The only name a key policy can have."""


def _get_key_policy(request: Request) -> Answer:
    key = request.key(alias=False)
    request.own_account_only(key)
    _check_name(request)
    return {"Policy": key.policy, "PolicyName": _POLICY}


def _put_key_policy(request: Request) -> Answer:
    key = request.key(alias=False)
    request.own_account_only(key)
    _check_name(request)
    check_policy(request, request.params["Policy"])
    key.policy = request.params["Policy"]
    return {}


def check_policy(request: Request, policy: str) -> None:
    """Raises `AwsError`: MalformedPolicyDocumentException, also for a policy that would lock its author out."""
    statements = parse_policy(policy)
    locked_out = refusal(statements, [], request.caller, "kms:PutKeyPolicy", {}) is not None
    if locked_out and not request.params.get("BypassPolicyLockoutSafetyCheck", False):
        message = "The new key policy will not allow you to update the key policy in the future."
        raise AwsError("MalformedPolicyDocumentException", message)


def _list_key_policies(request: Request) -> Answer:
    request.own_account_only(request.key(alias=False))
    return {"PolicyNames": [_POLICY], "Truncated": False}


def _create_grant(request: Request) -> Answer:
    key = request.key(alias=False)
    request.managed_in(key, KeyState.ENABLED)
    params = request.params
    token = os.urandom(48).hex()
    grant = Grant(
        id=hashlib.sha256(token.encode()).hexdigest(),
        token=token,
        grantee=params["GranteePrincipal"],
        retiring=params.get("RetiringPrincipal"),
        operations=frozenset(params["Operations"]),
        constraints=params.get("Constraints", {}),
        name=params.get("Name"),
        created=request.account.clock.now(),
        issuer=f"arn:{request.account.partition}:iam::{request.caller.account}:root",
    )
    key.grants[grant.id] = grant
    return {"GrantToken": grant.token, "GrantId": grant.id}


def _list_grants(request: Request) -> Answer:
    key = request.key(alias=False)
    wanted, grantee = request.params.get("GrantId"), request.params.get("GranteePrincipal")
    grants = [
        _shown(key, grant)
        for grant in [*key.grants.values(), *foreign_grants(request.account, key)]
        if wanted in (None, grant.id) and grantee in (None, grant.grantee)
    ]
    page, more = request.page(grants, default=50)
    return {"Grants": page, **more}


def _revoke_grant(request: Request) -> Answer:
    key = request.key(alias=False)
    if request.params["GrantId"] not in key.grants:
        raise not_found(f"Grant ID {request.params['GrantId']} not found")
    del key.grants[request.params["GrantId"]]
    return {}


def _retire_grant(request: Request) -> Answer:
    key, grant = _retirable(request)
    request.keys.append(key.arn)
    if request.caller.arn not in (grant.retiring, grant.grantee) and request.caller.account != key.account:
        raise access_denied(
            request.caller.arn, "kms:RetireGrant", key.arn, "because it is not the grant's retiring principal"
        )
    del key.grants[grant.id]
    return {}


def _retirable(request: Request) -> tuple[AwsKey, Grant]:
    token, wanted = request.params.get("GrantToken"), request.params.get("GrantId")
    for key in request.account.living():
        for grant in key.grants.values():
            by_id = grant.id == wanted and request.params.get("KeyId") == key.arn
            if by_id or grant.token == token:
                return key, grant
    if token is not None:
        raise AwsError("InvalidGrantTokenException", "The grant token is not valid.")
    raise not_found(f"Grant ID {wanted} not found")


def _check_name(request: Request) -> None:
    if request.params.get("PolicyName", _POLICY) != _POLICY:
        raise not_found("No such policy exists")


def _shown(key: AwsKey, grant: Grant) -> Mapping[str, Any]:
    return {
        "KeyId": key.arn,
        "GrantId": grant.id,
        "Name": grant.name or "",
        "CreationDate": grant.created,
        "GranteePrincipal": grant.grantee,
        "RetiringPrincipal": grant.retiring,
        "IssuingAccount": grant.issuer,
        "Operations": sorted(grant.operations),
        "Constraints": {name: dict(pairs) for name, pairs in grant.constraints.items()} or None,
    }


OPERATIONS: Final[Mapping[str, Operation]] = {
    "CreateGrant": _create_grant,
    "GetKeyPolicy": _get_key_policy,
    "ListGrants": _list_grants,
    "ListKeyPolicies": _list_key_policies,
    "PutKeyPolicy": _put_key_policy,
    "RetireGrant": _retire_grant,
    "RevokeGrant": _revoke_grant,
}
