"""Rotation on request, and the policy by which keys rotate or give notice."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from clauseproof.sandbox.kms.azure.bundle import key_bundle
from clauseproof.sandbox.kms.azure.errors import bad_parameter
from clauseproof.sandbox.kms.azure.request import Answer, Operation, Request
from clauseproof.sandbox.kms.azure.vault import RotationPolicy, Vault, VaultKey

_SHORTEST: Final = timedelta(days=7)
_SHORTEST_LIFE: Final = timedelta(days=28)
_NO_ROTATION: Final = ({"trigger": {"timeBeforeExpiry": "P30D"}, "action": {"type": "Notify"}},)
"""What a key has before anyone set a policy."""


def _rotate(request: Request) -> Answer:
    key = request.key()
    # Key Vault makes the version it answers with; there is nothing to wait for.
    key.key.rotate_on_demand(request.vault.at_once())
    request.vault.current(key)
    request.vault.reschedule(key)
    request.keys[-1] = f"{request.keys[-1]}/{key.latest.id}"
    return key_bundle(request.vault, key, key.latest)


def _get_policy(request: Request) -> Answer:
    return _shown(request.vault, request.key())


def _set_policy(request: Request) -> Answer:
    key = request.key()
    now = request.vault.clock.now()
    expiry = request.mapping("attributes").get("expiryTime")
    if not isinstance(expiry, str | None):
        raise bad_parameter("expiryTime must be a string.")
    actions = request.body.get("lifetimeActions") or []
    created = now if key.policy is None else key.policy.created
    policy = RotationPolicy(created=created, updated=now, actions=tuple(map(_action, actions)), expiry=expiry)
    _check(policy)
    key.policy = policy
    request.vault.reschedule(key)
    return _shown(request.vault, key)


def _action(raw: Any) -> dict[str, Any]:
    try:
        trigger, kind = dict(raw["trigger"]), str(raw["action"]["type"])
    except (TypeError, KeyError, ValueError) as error:
        raise bad_parameter("Each lifetime action needs a trigger and an action with a type.") from error
    if kind.lower() not in ("rotate", "notify"):
        raise bad_parameter(f"The action {kind[:40]} is neither Rotate nor Notify.")
    times = {name: str(trigger[name]) for name in ("timeAfterCreate", "timeBeforeExpiry") if trigger.get(name)}
    if len(times) != 1:
        raise bad_parameter("A trigger takes either timeAfterCreate or timeBeforeExpiry.")
    return {"trigger": times, "action": {"type": kind.capitalize()}}


def _check(policy: RotationPolicy) -> None:
    """Source: Key Vault documentation, "Configure key auto-rotation"."""
    if policy.life is not None and policy.life < _SHORTEST_LIFE:
        raise bad_parameter("expiryTime must be at least 28 days.")
    rotates = any(action["action"]["type"] == "Rotate" for action in policy.actions)
    if rotates and policy.period is None:
        raise bad_parameter("A rotation before expiry needs an expiryTime.")
    if policy.period is not None and policy.period < _SHORTEST:
        raise bad_parameter("A key rotates 7 days after its creation at the earliest.")


def _shown(vault: Vault, key: VaultKey) -> Answer:
    name = f"{vault.url}/keys/{key.name}/rotationpolicy"
    if key.policy is None:
        return {"id": name, "lifetimeActions": list(_NO_ROTATION), "attributes": {"expiryTime": None}}
    attributes = {
        "expiryTime": key.policy.expiry,
        "created": int(key.policy.created.timestamp()),
        "updated": int(key.policy.updated.timestamp()),
    }
    return {"id": name, "lifetimeActions": list(key.policy.actions), "attributes": attributes}


OPERATIONS: Final[Mapping[tuple[str, str], Operation]] = {
    ("POST", "/keys/{name}/rotate"): Operation("KeyRotate", "rotate", _rotate),
    ("GET", "/keys/{name}/rotationpolicy"): Operation("KeyRotationPolicyGet", "getrotationpolicy", _get_policy),
    ("PUT", "/keys/{name}/rotationpolicy"): Operation("KeyRotationPolicySet", "setrotationpolicy", _set_policy),
}
