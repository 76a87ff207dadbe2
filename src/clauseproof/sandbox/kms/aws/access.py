"""Who may do what: callers, key policies and grants, evaluated as far as a double needs it.

Source: AWS KMS developer guide, "Key policies", "Grants"; IAM user guide, "Policy evaluation logic".
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any

from clauseproof.sandbox.kms.aws.errors import AwsError


@dataclass(frozen=True, kw_only=True)
class Caller:
    """A principal and the access key it signs with.

    Attributes:
        access_key: the access key id, which is all that the doubles look at in a signature.
        arn: the principal, a user, a role session or an account's root.
        allowed: what identity-based policies allow, as IAM action patterns.
        denied: what they deny explicitly; this wins.
    """

    access_key: str
    arn: str
    allowed: frozenset[str] = frozenset({"*"})
    denied: frozenset[str] = frozenset()

    @property
    def account(self) -> str:
        """The twelve digits of the account it belongs to."""
        return self.arn.split(":")[4]

    @property
    def names(self) -> frozenset[str]:
        """How a policy names this very principal."""
        return frozenset({self.arn, _role_of(self.arn)})

    @property
    def account_names(self) -> frozenset[str]:
        """How a policy names its whole account, and so hands the decision to identity-based policies there."""
        partition = self.arn.split(":")[1]
        return frozenset({f"arn:{partition}:iam::{self.account}:root", self.account})

    def refusal(self, action: str) -> str | None:
        """Why its identity-based policies do not let it perform `action`, in AWS's words; None when they do."""
        if _matches(self.denied, action):
            return "with an explicit deny in an identity-based policy"
        if not _matches(self.allowed, action):
            return f"because no identity-based policy allows the {action} action"
        return None


def _role_of(arn: str) -> str:
    """The role behind `arn:P:sts::A:assumed-role/ROLE/SESSION`; any other ARN as it is."""
    head, _, rest = arn.partition(":assumed-role/")
    if not rest:
        return arn
    return f"{head.replace(':sts:', ':iam:')}:role/{rest.split('/')[0]}"


@dataclass(frozen=True, kw_only=True)
class Grant:
    """A grant on one key. `constraints` holds `EncryptionContextSubset` or `EncryptionContextEquals`."""

    id: str
    token: str
    grantee: str
    retiring: str | None
    operations: frozenset[str]
    constraints: Mapping[str, Mapping[str, str]]
    name: str | None
    created: datetime
    issuer: str

    def permits(self, caller: Caller, operation: str, context: Mapping[str, str]) -> bool:
        """Whether the grant lets `caller` perform `operation` in this encryption context."""
        subset = self.constraints.get("EncryptionContextSubset", {})
        exact = self.constraints.get("EncryptionContextEquals")
        return (
            (self.grantee == caller.arn or self.grantee == _role_of(caller.arn))
            and operation in self.operations
            and subset.items() <= context.items()
            and (exact is None or exact == context)
        )


@dataclass(frozen=True, kw_only=True)
class Statement:
    """One statement of a key policy. Conditions other than equality of known keys make it match nothing."""

    effect: str
    principals: frozenset[str]
    actions: frozenset[str]
    conditions: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def speaks_of(self, names: Iterable[str], action: str, circumstances: Mapping[str, str]) -> bool:
        """Whether the statement has an effect on a principal of one of these `names`."""
        named = "*" in self.principals or any(name in self.principals for name in names)
        held = all(circumstances.get(key) in values for key, values in self.conditions.items())
        return named and held and _matches(self.actions, action)


def default_policy(account: str, partition: str) -> str:
    """What KMS gives a key that is created through the API without a policy."""
    statement = {
        "Sid": "Enable IAM User Permissions",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:{partition}:iam::{account}:root"},
        "Action": "kms:*",
        "Resource": "*",
    }
    return json.dumps({"Version": "2012-10-17", "Id": "key-default-1", "Statement": [statement]}, indent=2)


def managed_policy(account: str, partition: str, service: str) -> str:
    """The policy of a key that AWS manages for a service: everyone may look, only the service may use it."""
    look = {
        "Sid": "Allow direct access to key metadata to the account",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:{partition}:iam::{account}:root"},
        "Action": ["kms:Describe*", "kms:Get*", "kms:List*"],
        "Resource": "*",
    }
    use = {
        "Sid": f"Allow access through {service} for all principals in the account that are authorized to use it",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*"],
        "Resource": "*",
        "Condition": {"StringEquals": {"kms:CallerAccount": account, "kms:ViaService": service}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [look, use]})


@lru_cache(maxsize=1024)
def parse_policy(text: str) -> tuple[Statement, ...]:
    """Read a key policy. Raises `AwsError` with code MalformedPolicyDocumentException."""
    try:
        statements = json.loads(text)["Statement"]
        return tuple(_statement(raw) for raw in (statements if isinstance(statements, list) else [statements]))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise AwsError("MalformedPolicyDocumentException", "The new key policy is malformed.") from error


def _statement(raw: Mapping[str, Any]) -> Statement:
    if raw["Effect"] not in ("Allow", "Deny"):
        raise ValueError(raw["Effect"])
    principal = raw["Principal"]
    names = (
        principal if isinstance(principal, str) else [name for group in principal.values() for name in _several(group)]
    )
    conditions = [] if "Condition" not in raw else list(raw["Condition"].items())
    return Statement(
        effect=raw["Effect"],
        principals=frozenset(_several(names)),
        actions=frozenset(_several(raw["Action"])),
        conditions={
            key if operator == "StringEquals" else f"{operator} {key}": frozenset(_several(values))
            for operator, tests in conditions
            for key, values in tests.items()
        },
    )


def _several(value: str | list[str]) -> list[str]:
    items = [value] if isinstance(value, str) else value
    if not all(isinstance(item, str) for item in items):
        raise TypeError(value)
    return items


def refusal(
    policy: tuple[Statement, ...], grants: Iterable[Grant], caller: Caller, action: str, context: Mapping[str, str]
) -> str | None:
    """Why `caller` may not perform `action` on a key, in AWS's words; None when it may."""
    if _matches(caller.denied, action):
        return "with an explicit deny in an identity-based policy"
    direct = _effects(policy, caller, caller.names, action)
    by_account = _effects(policy, caller, caller.account_names, action)
    if "Deny" in direct | by_account:
        return "with an explicit deny in a resource-based policy"
    operation = action.removeprefix("kms:")
    if "Allow" in direct or any(grant.permits(caller, operation, context) for grant in grants):
        return None
    if "Allow" not in by_account:
        return f"because no resource-based policy allows the {action} action"
    return caller.refusal(action)


def _effects(policy: tuple[Statement, ...], caller: Caller, names: frozenset[str], action: str) -> frozenset[str]:
    circumstances = {"kms:CallerAccount": caller.account}
    return frozenset(statement.effect for statement in policy if statement.speaks_of(names, action, circumstances))


def _matches(patterns: frozenset[str], action: str) -> bool:
    return any(fnmatchcase(action.lower(), pattern.lower()) for pattern in patterns)
