"""What Key Vault or Managed HSM says of a key: whose it is, what it is made of, how it rotates."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError

from clauseproof.facts.azure import AzureKey
from clauseproof.facts.azurepairs import copied_to
from clauseproof.facts.keys import (
    Custody,
    KeyState,
    Manager,
    Origin,
    Protection,
    Provider,
    Rotation,
    RotationEvent,
    Schedule,
    Usage,
)
from clauseproof.model.errors import EvidenceRejected, LookFailed, Unknowable
from clauseproof.model.look import Look
from clauseproof.model.marks import probe
from clauseproof.model.permission import Permission
from clauseproof.probes.kms.azure_api import AzureApi, word
from clauseproof.probes.kms.azure_reach import AzureReach

if TYPE_CHECKING:
    from azure.keyvault.keys import KeyProperties, KeyRotationPolicy, KeyVaultKey

_DURATION = TypeAdapter(timedelta)
_ENCRYPTS = frozenset({"encrypt", "decrypt", "wrapKey", "unwrapKey"})
_MOST_LOOKED_INTO = 10
"""Older versions whose kind is asked for one by one where the list does not say what guards them."""


@probe(permission=Permission.OWN_ACCOUNT, deadline_s=60, rights=("keys/get", "keys/list"))
def custody(key: AzureKey, look: Look) -> Custody:
    """KeyGet, KeyListVersions, and the challenge, which names the vault's tenant. Raises LookFailed.

    The region is the one that the vault names in its answers; its contents are copied to that region's pair. Key Vault
    does not say whether material was imported, nor a Managed HSM in which further regions it is held. A key that was
    deleted and can be recovered is shown as it was, pending deletion.
    """
    with AzureApi(AzureReach.of(key, look), look) as api:
        return read_custody(api, key)


def read_custody(api: AzureApi, key: AzureKey) -> Custody:
    """Custody through an API that is already there."""
    tenant = api.tenant()
    shown, deletion = current(api)
    versions = [shown.properties] if deletion is not None else api.versions()
    guards = protections(api, key, shown, versions)
    return Custody(
        provider=Provider.AZURE,
        target=f"{key.vault}/keys/{shown.name}",
        owner=tenant,
        # Key Vault runs the life of a key behind a certificate; whether the customer or a service asked for it, it
        # does not say. Keys that Microsoft manages lie in vaults of Microsoft's and are never shown.
        manager=Manager.UNKNOWN if shown.properties.managed else Manager.CUSTOMER,
        origin=Origin.SINGLE_TENANT_HSM if key.managed_hsm else Origin.UNKNOWN,
        state=_state(shown, deletion),
        usage=_usage(shown),
        spec=_spec(shown),
        created=_utc(versions[0].created_on) or _no_date(api),
        partition=key.domain,
        region=api.region or "unknown",
        multi_region=False,
        replicas=None if key.managed_hsm else copied_to(api.region or "unknown"),
        store=None,
        protection=_least(guards[str(version.version)] for version in versions if version.enabled),
        material_expires=None,
        deletion=deletion,
    )


def current(api: AzureApi) -> "tuple[KeyVaultKey, datetime | None]":
    """The newest version, and when it will be purged if the key was deleted."""
    try:
        return api.get(), None
    except Unknowable as absent:
        try:
            deleted = api.deleted()
        except LookFailed:
            raise absent from None
        purge = _utc(deleted.scheduled_purge_date)
        if purge is None:
            raise absent from None
        return deleted, purge


def _no_date(api: AzureApi) -> datetime:
    raise EvidenceRejected(f"{api.reach.vault} does not say when {api.reach.name} was made")


def _utc(date: datetime | None) -> datetime | None:
    return None if date is None else date.astimezone(UTC)


def _state(shown: "KeyVaultKey", deletion: datetime | None) -> KeyState:
    """Of the newest version: each has a flag of its own."""
    if deletion is not None:
        return KeyState.PENDING_DELETION
    return KeyState.ENABLED if shown.properties.enabled else KeyState.DISABLED


def _usage(shown: "KeyVaultKey") -> Usage:
    operations = {word(operation) for operation in shown.key_operations or ()}
    if operations & _ENCRYPTS:
        return Usage.ENCRYPT_DECRYPT
    return Usage.SIGN_VERIFY if operations & {"sign", "verify"} else Usage.OTHER


def _spec(shown: "KeyVaultKey") -> str:
    """`RSA-HSM 3072`, `EC P-256`, `oct-HSM`."""
    web_key: Any = shown.key
    kind, curve, modulus = word(shown.key_type), word(getattr(web_key, "crv", None)), getattr(web_key, "n", None)
    if curve:
        return f"{kind} {curve}"
    return f"{kind} {int.from_bytes(modulus).bit_length()}" if isinstance(modulus, bytes) else kind or "unknown"


def protections(
    api: AzureApi, key: AzureKey, shown: "KeyVaultKey", versions: "Sequence[KeyProperties]"
) -> dict[str, Protection | None]:
    """What guards each version, by id; None where the list does not say and too many would have to be asked for.

    A list names the hardware of a version, and not its key type: a software key can have got an HSM version since.
    """
    if key.managed_hsm:
        return {str(version.version): Protection.SINGLE_TENANT_HSM for version in versions}
    found: dict[str, Protection | None] = {
        str(version.version): Protection.HSM if _platform(version) else None for version in versions
    }
    found[str(shown.properties.version)] = _protection(shown)
    silent = [str(v.version) for v in versions if v.enabled and found[str(v.version)] is None]
    return found | {version: _protection(api.get(version)) for version in silent[-_MOST_LOOKED_INTO:]}


def _least(found: Iterable[Protection | None]) -> Protection | None:
    """The least that guards any of them; None where that of some is not known."""
    every = set(found)
    if Protection.SOFTWARE in every:
        return Protection.SOFTWARE
    return None if None in every or not every else min(every, key=str)


def _protection(shown: "KeyVaultKey") -> Protection:
    return Protection.HSM if word(shown.key_type).endswith("-HSM") else Protection.SOFTWARE


def _platform(version: "KeyProperties") -> bool:
    """Whether the list names hardware; 0 is software (Key Vault documentation, "About keys")."""
    return version.hsm_platform not in (None, "", "0")


@probe(permission=Permission.OWN_ACCOUNT, deadline_s=60, rights=("keys/getrotationpolicy", "keys/list"))
def rotation(key: AzureKey, look: Look) -> Rotation:
    """KeyRotationPolicyGet and KeyListVersions: each version after the first is a rotation that happened.

    A policy that only notifies is no schedule ("Configure key auto-rotation"). Raises LookFailed.
    """
    with AzureApi(AzureReach.of(key, look), look) as api:
        versions = api.versions()
        dates = [_utc(version.created_on) or _no_date(api) for version in versions]
        period = _period(api.policy())
    events = (
        RotationEvent(at=at, automatic=None, material=version.version)
        for at, version in zip(dates[1:], versions[1:], strict=True)
    )
    return Rotation(
        schedule=Schedule.OFF if period is None else Schedule.ON,
        period_days=period / timedelta(days=1) if period else None,
        next_due=dates[-1] + period if period else None,
        underway_since=None,
        events=tuple(events),
    )


def _period(policy: "KeyRotationPolicy") -> timedelta | None:
    """From a version's making to its rotation; None where nothing rotates, zero where the period does not show."""
    for action in policy.lifetime_actions or ():
        if word(action.action).lower() == "rotate":
            before_expiry = _length(policy.expires_in) - _length(action.time_before_expiry)
            return _length(action.time_after_create) or max(timedelta(0), before_expiry)
    return None


def _length(duration: str | None) -> timedelta:
    """An ISO 8601 duration, with years of 365 and months of 30 days; zero where there is none."""
    try:
        return _DURATION.validate_python(duration) if duration else timedelta(0)
    except ValidationError as error:
        raise EvidenceRejected(f"the rotation policy has a duration that is none: {duration!r:.80}") from error
