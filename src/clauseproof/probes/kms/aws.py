"""What AWS KMS says of a key: who owns it, what it is made of, how it rotates."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from clauseproof.facts.keys import (
    AwsKey,
    Custody,
    KeyState,
    Manager,
    Origin,
    Provider,
    Rotation,
    RotationEvent,
    Schedule,
    Usage,
)
from clauseproof.model.errors import LookFailed, Unknowable
from clauseproof.model.look import Look
from clauseproof.model.marks import probe
from clauseproof.model.permission import Permission
from clauseproof.probes.kms.aws_api import AwsApi, AwsReach

_MANAGERS = {"CUSTOMER": Manager.CUSTOMER, "AWS": Manager.PROVIDER}
_ORIGINS = {
    "AWS_KMS": Origin.PROVIDER_MADE,
    "EXTERNAL": Origin.IMPORTED,
    "EXTERNAL_KEY_STORE": Origin.EXTERNAL_KEY_STORE,
    "AWS_CLOUDHSM": Origin.HSM_CLUSTER,
}
_STATES = {
    "Enabled": KeyState.ENABLED,
    "Disabled": KeyState.DISABLED,
    "PendingDeletion": KeyState.PENDING_DELETION,
    "PendingReplicaDeletion": KeyState.PENDING_DELETION,
    "PendingImport": KeyState.PENDING_IMPORT,
    "Unavailable": KeyState.UNAVAILABLE,
}
_USAGES = {
    "ENCRYPT_DECRYPT": Usage.ENCRYPT_DECRYPT,
    "SIGN_VERIFY": Usage.SIGN_VERIFY,
    "GENERATE_VERIFY_MAC": Usage.MAC,
    "KEY_AGREEMENT": Usage.KEY_AGREEMENT,
}


@probe(permission=Permission.OWN_ACCOUNT, deadline_s=60, rights=("kms:DescribeKey",))
def custody(key: AwsKey, look: Look) -> Custody:
    """DescribeKey. Raises LookFailed; an alias is Unknowable, and the sentence names the key behind it."""
    return read_custody(AwsApi(AwsReach.of(key), look), key)


def read_custody(api: AwsApi, key: AwsKey) -> Custody:
    """Custody through an API that is already there."""
    metadata = describe(api, key)
    arn = str(metadata["Arn"])
    others = _copies(metadata) - {arn.split(":")[3]}
    return Custody(
        provider=Provider.AWS,
        target=arn,
        owner=metadata.get("AWSAccountId") or arn.split(":")[4],
        manager=_MANAGERS.get(metadata.get("KeyManager", ""), Manager.UNKNOWN),
        origin=_ORIGINS.get(metadata.get("Origin", ""), Origin.UNKNOWN),
        state=_STATES.get(metadata.get("KeyState", ""), KeyState.OTHER),
        usage=_USAGES.get(metadata.get("KeyUsage", "ENCRYPT_DECRYPT"), Usage.OTHER),
        spec=metadata.get("KeySpec") or metadata.get("CustomerMasterKeySpec") or "unknown",
        created=metadata["CreationDate"].astimezone(UTC),
        partition=arn.split(":")[1],
        region=arn.split(":")[3],
        multi_region=bool(metadata.get("MultiRegion", False)),
        replicas=tuple(sorted(others)),
        store=metadata.get("CustomKeyStoreId"),
        protection=None,
        material_expires=_utc(metadata.get("ValidTo")),
        deletion=_utc(metadata.get("DeletionDate")),
    )


def _utc(date: datetime | None) -> datetime | None:
    return None if date is None else date.astimezone(UTC)


def describe(api: AwsApi, key: AwsKey) -> Mapping[str, Any]:
    """KeyMetadata of the key itself; Unknowable for an alias."""
    if key.is_alias:
        raise _alias(api, key)
    metadata: Mapping[str, Any] = api.call("DescribeKey")["KeyMetadata"]
    return metadata


def _alias(api: AwsApi, key: AwsKey) -> Unknowable:
    try:
        behind = f"the key it leads to now, {api.call('DescribeKey')['KeyMetadata']['Arn']}"
    except LookFailed:
        behind = "the key's own ARN"
    return Unknowable(f"{key.arn} is an alias, and an alias can lead to another key tomorrow", f"write {behind}")


def _copies(metadata: Mapping[str, Any]) -> set[str]:
    """The regions of a multi-region key's copies, its own included."""
    found = metadata.get("MultiRegionConfiguration", {})
    copies = [found.get("PrimaryKey", {}), *found.get("ReplicaKeys", [])]
    return {copy["Region"] for copy in copies if "Region" in copy}


@probe(permission=Permission.OWN_ACCOUNT, deadline_s=60, rights=("kms:GetKeyRotationStatus", "kms:ListKeyRotations"))
def rotation(key: AwsKey, custody: Custody, look: Look) -> Rotation:
    """GetKeyRotationStatus and ListKeyRotations, both for keys of the caller's own account only.

    AWS KMS rotates by itself only symmetric keys whose material it made (developer guide, "Rotate keys").
    """
    return read_rotation(AwsApi(AwsReach.of(key), look), custody)


def read_rotation(api: AwsApi, custody: Custody) -> Rotation:
    """Rotation through an API that is already there."""
    if custody.spec != "SYMMETRIC_DEFAULT" or custody.store is not None:
        return Rotation(
            schedule=Schedule.UNSUPPORTED, period_days=None, next_due=None, underway_since=None, events=None
        )
    status = api.call("GetKeyRotationStatus")
    return Rotation(
        schedule=_schedule(status, custody),
        period_days=status.get("RotationPeriodInDays") if status.get("KeyRotationEnabled") else None,
        next_due=_utc(status.get("NextRotationDate")),
        underway_since=_utc(status.get("OnDemandRotationStartDate")),
        events=rotation_events(api),
    )


def _schedule(status: Mapping[str, Any], custody: Custody) -> Schedule:
    if custody.origin is not Origin.PROVIDER_MADE:
        return Schedule.UNSUPPORTED
    return Schedule.ON if status.get("KeyRotationEnabled") else Schedule.OFF


def rotation_events(api: AwsApi) -> tuple[RotationEvent, ...]:
    """The completed rotations that AWS lists, oldest first."""
    events = [
        RotationEvent(
            at=entry["RotationDate"].astimezone(UTC),
            automatic=entry.get("RotationType") != "ON_DEMAND",
            material=entry.get("KeyMaterialId"),
        )
        for entry in api.pages("ListKeyRotations", "Rotations")
        if "RotationDate" in entry
    ]
    return tuple(sorted(events, key=lambda event: event.at))
