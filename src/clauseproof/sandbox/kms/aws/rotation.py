"""Rotation: its schedule, on demand, and what the list of rotations says."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from clauseproof.sandbox.kms.aws.account import AwsKey
from clauseproof.sandbox.kms.aws.errors import AwsError, unsupported, validation
from clauseproof.sandbox.kms.aws.metadata import expiry
from clauseproof.sandbox.kms.aws.request import Answer, Operation, Request
from clauseproof.sandbox.kms.keystate import KeyState
from clauseproof.sandbox.kms.keystore import Material, Rotation

MOST_ON_DEMAND: Final = 25
"""On-demand rotations in a key's life (API reference, RotateKeyOnDemand)."""
_SHORTEST_DAYS, _LONGEST_DAYS = 90, 2560


def _enable_key_rotation(request: Request) -> Answer:
    key = request.key(alias=False)
    request.own_account_only(key)
    _rotates_by_schedule(key)
    days = request.params.get("RotationPeriodInDays", 365)
    if not _SHORTEST_DAYS <= days <= _LONGEST_DAYS:
        raise validation(f"RotationPeriodInDays must be between {_SHORTEST_DAYS} and {_LONGEST_DAYS} (inclusive)")
    request.managed_in(key, KeyState.ENABLED)
    key.key.schedule(timedelta(days=days))
    return {}


def _disable_key_rotation(request: Request) -> Answer:
    key = request.key(alias=False)
    request.own_account_only(key)
    _rotates_by_schedule(key)
    request.managed_in(key, KeyState.ENABLED)
    key.key.unschedule()
    return {}


def _get_key_rotation_status(request: Request) -> Answer:
    key = request.key(alias=False)
    _rotates_at_all(key)
    on = key.key.period is not None and request.account.state(key) is not KeyState.PENDING_DELETION
    underway = key.key.underway
    return {
        "KeyId": key.arn,
        "KeyRotationEnabled": on or key.manager == "AWS",
        "RotationPeriodInDays": key.key.period.days if on and key.key.period else None,
        "NextRotationDate": key.key.next_rotation if on else None,
        "OnDemandRotationStartDate": underway.since if underway else None,
    }


def _rotate_key_on_demand(request: Request) -> Answer:
    key = request.key(alias=False)
    request.own_account_only(key)
    _rotates_at_all(key)
    request.managed_in(key, KeyState.ENABLED)
    if key.key.underway is not None:
        raise AwsError("ConflictException", f"On-demand rotation of {key.arn} is already in progress.")
    if sum(rotation.on_demand for rotation in key.key.rotations) >= MOST_ON_DEMAND:
        raise AwsError(
            "LimitExceededException", f"{key.arn} has had {MOST_ON_DEMAND} on-demand rotations, the most there can be."
        )
    if key.imported and key.incoming is None:
        raise AwsError("KMSInvalidStateException", f"{key.arn} has no key material in PENDING_ROTATION state.")
    incoming, key.incoming = key.incoming, None
    key.key.rotate_on_demand(request.account.faults, incoming)
    return {"KeyId": key.arn}


def _list_key_rotations(request: Request) -> Answer:
    key = request.key(alias=False)
    request.own_account_only(key)
    _rotates_at_all(key)
    entries = [_rotated(key, rotation) for rotation in key.key.rotations]
    if request.params.get("IncludeKeyMaterial") == "ALL_KEY_MATERIAL":
        entries = [*_first(key), *entries, *_incoming(key)]
    page, more = request.page(entries)
    return {"Rotations": page, **more}


def _rotated(key: AwsKey, rotation: Rotation) -> Mapping[str, Any]:
    kind = "ON_DEMAND" if rotation.on_demand else "AUTOMATIC"
    # A rotation that kept the material names one that the key does not have.
    material = key.key.material(rotation.material)
    shown = {"KeyId": key.arn, "KeyMaterialId": rotation.material, "RotationDate": rotation.at, "RotationType": kind}
    latest = rotation is key.key.rotations[-1]
    state = "CURRENT" if latest else "NON_CURRENT"
    return {**shown, "KeyMaterialState": state, **(_imported(key, material) if material else {})}


def _first(key: AwsKey) -> list[Mapping[str, Any]]:
    """The material that the key began with: no rotation brought it, so its entry has no date."""
    return [
        {
            "KeyId": key.arn,
            "KeyMaterialId": material.id,
            "KeyMaterialState": "NON_CURRENT" if key.key.rotations else "CURRENT",
            **_imported(key, material),
        }
        for material in key.key.materials[:1]
    ]


def _incoming(key: AwsKey) -> list[Mapping[str, Any]]:
    if key.incoming is None:
        return []
    state = {"KeyId": key.arn, "KeyMaterialId": key.incoming.id, "KeyMaterialState": "PENDING_ROTATION"}
    return [{**state, **_imported(key, key.incoming)}]


def _imported(key: AwsKey, material: Material) -> Mapping[str, Any]:
    if not key.imported:
        return {}
    present = material.secret is not None
    return {
        "ImportState": "IMPORTED" if present else "PENDING_IMPORT",
        "KeyMaterialDescription": material.description or None,
        **(expiry(material.expires) if present else {}),
    }


def _rotates_at_all(key: AwsKey) -> None:
    if not key.symmetric or key.store is not None:
        raise unsupported(
            f"{key.arn} origin is {key.origin} and its spec {key.spec}, which is not valid for this operation."
        )


def _rotates_by_schedule(key: AwsKey) -> None:
    _rotates_at_all(key)
    if key.imported:
        raise unsupported(f"{key.arn} origin is EXTERNAL which is not valid for this operation.")


OPERATIONS: Final[Mapping[str, Operation]] = {
    "DisableKeyRotation": _disable_key_rotation,
    "EnableKeyRotation": _enable_key_rotation,
    "GetKeyRotationStatus": _get_key_rotation_status,
    "ListKeyRotations": _list_key_rotations,
    "RotateKeyOnDemand": _rotate_key_on_demand,
}
