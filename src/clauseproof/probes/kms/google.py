"""What Google Cloud KMS says of a key: who owns it, what it is made of, how it rotates.

A key is its versions. The primary one encrypts, any that is enabled decrypts, and a rotation is a new primary.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from clauseproof.facts.google import GoogleKey
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
from clauseproof.model.errors import EvidenceRejected
from clauseproof.model.look import Look
from clauseproof.model.marks import probe
from clauseproof.model.permission import Permission
from clauseproof.probes.kms.google_api import GoogleApi, GoogleReach
from clauseproof.probes.kms.google_versions import VersionStates

_USAGES = {
    "ENCRYPT_DECRYPT": Usage.ENCRYPT_DECRYPT,
    "RAW_ENCRYPT_DECRYPT": Usage.ENCRYPT_DECRYPT,
    "ASYMMETRIC_DECRYPT": Usage.ENCRYPT_DECRYPT,
    "ASYMMETRIC_SIGN": Usage.SIGN_VERIFY,
    "MAC": Usage.MAC,
    "KEY_ENCAPSULATION": Usage.KEY_AGREEMENT,
}
STATES = {
    "ENABLED": KeyState.ENABLED,
    "DISABLED": KeyState.DISABLED,
    "DESTROY_SCHEDULED": KeyState.PENDING_DELETION,
    "DESTROYED": KeyState.DESTROYED,
    "PENDING_IMPORT": KeyState.PENDING_IMPORT,
}
_LEVELS = {
    "SOFTWARE": Protection.SOFTWARE,
    "HSM": Protection.HSM,
    "HSM_SINGLE_TENANT": Protection.SINGLE_TENANT_HSM,
    "EXTERNAL": Protection.EXTERNAL,
    "EXTERNAL_VPC": Protection.EXTERNAL,
}
_REGION = re.compile(r"[a-z]+(-[a-z]+)+\d{1,2}")
_NEVER_MADE = ("PENDING_GENERATION", "GENERATION_FAILED", "PENDING_IMPORT", "IMPORT_FAILED")


@probe(
    permission=Permission.OWN_ACCOUNT,
    deadline_s=60,
    rights=("cloudkms.cryptoKeys.get", "cloudkms.cryptoKeyVersions.list"),
)
def custody(key: GoogleKey, look: Look) -> Custody:
    """GetCryptoKey, and ListCryptoKeyVersions where no version is primary. Raises LookFailed.

    State, origin and protection are those of the primary version; of a key that has none, of its newest version, an
    enabled one before any other. Cloud KMS has no keys that Google manages: those it keeps out of sight.
    """
    return read_custody(GoogleApi(GoogleReach.of(key), look), key)


def read_custody(api: GoogleApi, key: GoogleKey) -> Custody:
    """Custody through an API that is already there."""
    found = read_key(api)
    lead = found.primary if "primary" in found else leading(read_versions(api))
    return Custody(
        provider=Provider.GOOGLE,
        target=found.name,
        owner=key.project,
        manager=Manager.CUSTOMER,
        origin=Origin.UNKNOWN if lead is None else origin_of(lead),
        state=KeyState.PENDING_IMPORT if lead is None else STATES.get(lead.state.name, KeyState.OTHER),
        usage=_USAGES.get(found.purpose.name, Usage.OTHER),
        spec=found.version_template.algorithm.name,
        created=utc(found.create_time),
        partition=key.universe_domain,
        region=key.location,
        multi_region=_REGION.fullmatch(key.location) is None,
        replicas=(),
        store=found.crypto_key_backend or None,
        protection=protection_of(found.version_template if lead is None else lead),
        material_expires=None,
        deletion=_destruction(lead),
    )


def read_key(api: GoogleApi) -> Any:
    """The CryptoKey; EvidenceRejected where the answer speaks of another one."""
    name = api.reach.name
    found = api.call("GetCryptoKey", name=name)
    if found.name.split("/")[2:] != name.split("/")[2:]:  # the project comes back as id or as number
        raise EvidenceRejected(f"asked for {name}, Cloud KMS answered for another key", "check the endpoint")
    return found


def read_versions(api: GoogleApi) -> list[Any]:
    """Every CryptoKeyVersion, by number."""
    found = api.pages("ListCryptoKeyVersions", "crypto_key_versions", parent=api.reach.name)
    return sorted(found, key=number_of)


def states_of(versions: Iterable[Any]) -> VersionStates:
    """Which of the versions may be used."""
    return VersionStates.of((number_of(version), version.state.name) for version in versions)


def number_of(version: Any) -> int:
    """The number of a version, which says in which order they were made."""
    return int(version.name.rpartition("/")[2])


def leading(versions: Iterable[Any]) -> Any | None:
    """The version that stands for a key without a primary."""
    return max(versions, key=lambda version: (version.state.name == "ENABLED", number_of(version)), default=None)


def origin_of(version: Any) -> Origin:
    """Where the material of a version comes from."""
    if protection_of(version) is Protection.EXTERNAL:
        return Origin.EXTERNAL_KEY_STORE
    if version.import_job:
        return Origin.IMPORTED
    if protection_of(version) is Protection.SINGLE_TENANT_HSM:
        return Origin.SINGLE_TENANT_HSM
    return Origin.PROVIDER_MADE


def protection_of(version: Any) -> Protection | None:
    """What guards a version, or the versions of a template."""
    return _LEVELS.get(version.protection_level.name)


def utc(date: datetime) -> datetime:
    """A timestamp of a message as a plain one."""
    return datetime.combine(date.date(), date.time(), UTC)


def _destruction(version: Any | None) -> datetime | None:
    if version is None or version.state.name != "DESTROY_SCHEDULED" or version.destroy_time is None:
        return None
    return utc(version.destroy_time)


@probe(
    permission=Permission.OWN_ACCOUNT,
    deadline_s=60,
    rights=("cloudkms.cryptoKeys.get", "cloudkms.cryptoKeyVersions.list"),
)
def rotation(key: GoogleKey, custody: Custody, look: Look) -> Rotation:
    """GetCryptoKey and ListCryptoKeyVersions.

    A rotation is dated by the making of its version, since Cloud KMS tells no other date, nor who asked for it. A
    version that was made and never became primary rotated nothing.
    """
    api = GoogleApi(GoogleReach.of(key), look)
    found = read_key(api)
    schedule, period = _schedule(found, custody)
    return Rotation(
        schedule=schedule,
        period_days=None if period is None else period / timedelta(days=1),
        next_due=utc(found.next_rotation_time) if schedule is Schedule.ON else None,
        underway_since=None,
        events=rotation_events(found, read_versions(api)),
    )


def _schedule(key: Any, custody: Custody) -> tuple[Schedule, timedelta | None]:
    """A period without a next date is no schedule: nothing would happen on any day."""
    if "rotation_period" in key and "next_rotation_time" in key:
        return Schedule.ON, key.rotation_period
    rotates = key.purpose.name == "ENCRYPT_DECRYPT" and custody.origin in (
        Origin.PROVIDER_MADE,
        Origin.SINGLE_TENANT_HSM,
    )
    return (Schedule.OFF if rotates and not key.import_only else Schedule.UNSUPPORTED), None


def rotation_events(key: Any, versions: Iterable[Any]) -> tuple[RotationEvent, ...]:
    """The making of every version after the first, up to the primary one where there is one; oldest first."""
    last = number_of(key.primary) if "primary" in key else None
    events = [
        RotationEvent(
            at=utc(version.generate_time or version.create_time), automatic=None, material=str(number_of(version))
        )
        for version in versions
        if number_of(version) > 1 and (last is None or number_of(version) <= last)
        if version.state.name not in _NEVER_MADE
    ]
    return tuple(sorted(events, key=lambda event: event.at))
