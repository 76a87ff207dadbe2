"""Key rings and keys: creating, showing, changing, choosing the primary version."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from google.cloud.kms_v1 import types as kms

from clauseproof.sandbox.kms.google.errors import exists, invalid, precondition
from clauseproof.sandbox.kms.google.messages import key_message, rotates
from clauseproof.sandbox.kms.google.names import LOCATION, RESOURCE_ID
from clauseproof.sandbox.kms.google.project import (
    EXTERNAL,
    Algorithm,
    CryptoKey,
    Level,
    Mint,
    Purpose,
    new_key,
)
from clauseproof.sandbox.kms.google.request import Method, Request
from clauseproof.sandbox.kms.keystate import KeyState

_SHORTEST_PERIOD, _LONGEST_PERIOD = timedelta(hours=24), timedelta(hours=876_000)
_SHORTEST_DESTRUCTION, _LONGEST_DESTRUCTION = timedelta(hours=24), timedelta(days=120)
_FULL: Final = kms.CryptoKeyVersion.CryptoKeyVersionView.FULL


def _list_key_rings(request: Request) -> kms.ListKeyRingsResponse:
    _location(request)
    rings = [name for name in request.holdings.rings if name.startswith(f"{request.message.parent}/keyRings/")]
    page, more = request.page(rings)
    return kms.ListKeyRingsResponse(key_rings=[_ring(request, name) for name in page], **more)


def _get_key_ring(request: Request) -> kms.KeyRing:
    request.authorise(request.message.name)
    return _ring(request, request.ring(request.message.name))


def _create_key_ring(request: Request) -> kms.KeyRing:
    _location(request)
    name = f"{request.message.parent}/keyRings/{_id(request.message.key_ring_id)}"
    if name in request.holdings.rings:
        raise exists("KeyRing", name)
    request.holdings.rings[name] = request.holdings.clock.now()
    return _ring(request, name)


def _list_crypto_keys(request: Request) -> kms.ListCryptoKeysResponse:
    request.authorise(request.message.parent)
    ring = request.ring(request.message.parent)
    keys = [key for name, key in request.holdings.keys.items() if name.startswith(f"{ring}/cryptoKeys/")]
    page, more = request.page(keys)
    full = request.message.version_view == _FULL
    shown = [key_message(request.holdings.current(key), full=full) for key in page]
    return kms.ListCryptoKeysResponse(crypto_keys=shown, **more)


def _get_crypto_key(request: Request) -> kms.CryptoKey:
    request.authorise(request.message.name)
    return key_message(request.key(request.message.name))


def _create_crypto_key(request: Request) -> kms.CryptoKey:
    message, wanted = request.message, request.message.crypto_key
    request.authorise(message.parent)
    name = f"{request.ring(message.parent)}/cryptoKeys/{_id(message.crypto_key_id)}"
    if name in request.holdings.keys:
        raise exists("CryptoKey", name)
    level = Level(wanted.version_template.protection_level or Level.SOFTWARE)
    empty = message.skip_initial_version_creation or wanted.import_only or level in EXTERNAL
    key = new_key(
        name=name,
        created=request.holdings.clock.now(),
        purpose=_purpose(wanted),
        mint=Mint(request.holdings.clock, _algorithm(wanted, level), level, request.holdings.attest),
        clock=request.holdings.clock,
        empty=empty,
    )
    key.import_only = wanted.import_only
    key.backend = wanted.crypto_key_backend
    key.destroy_after = _destroy_after(wanted) or key.destroy_after
    for path in ("labels", "rotation_period", "next_rotation_time", "key_access_justifications_policy"):
        _apply(key, wanted, path)
    request.holdings.keys[name] = key
    request.resources.append(name)
    return key_message(key)


def _update_crypto_key(request: Request) -> kms.CryptoKey:
    request.authorise(request.message.crypto_key.name)
    key = request.key(request.message.crypto_key.name)
    if not request.message.update_mask.paths:
        raise invalid("The update mask is empty.")
    for path in request.message.update_mask.paths:
        _apply(key, request.message.crypto_key, path.split(".")[0])
    return key_message(key)


def _update_crypto_key_primary_version(request: Request) -> kms.CryptoKey:
    request.authorise(request.message.name)
    key = request.key(request.message.name)
    if not rotates(key):
        raise invalid(f"CryptoKey {key.name} has no primary version.")
    name = f"{key.name}/cryptoKeyVersions/{request.message.crypto_key_version_id}"
    _, version = request.version(name)
    if version.switch.declared is KeyState.DESTROYED:
        raise precondition(f"{name} is not enabled, current state is: DESTROYED.")
    key.key.rotate_on_demand(request.holdings.faults, version)
    return key_message(key)


def _apply(key: CryptoKey, wanted: kms.CryptoKey, path: str) -> None:
    match path:
        case "labels":
            key.labels = dict(wanted.labels)
        case "rotation_period":
            key.key.period = _period(key, wanted)
        case "next_rotation_time":
            key.key.next_rotation = _date(wanted.next_rotation_time)
        case "version_template":
            key.mint.algorithm = _algorithm(wanted, key.mint.level)
        case "key_access_justifications_policy":
            set_ = kms.CryptoKey.pb(wanted).HasField("key_access_justifications_policy")
            reasons = tuple(wanted.key_access_justifications_policy.allowed_access_reasons)
            key.justifications = reasons if set_ else None
        case _:
            raise invalid(f"{path} cannot be updated.")


def _period(key: CryptoKey, wanted: kms.CryptoKey) -> timedelta | None:
    if not kms.CryptoKey.pb(wanted).HasField("rotation_period"):
        return None
    period: timedelta = wanted.rotation_period
    if not rotates(key):
        raise invalid("Only keys of purpose ENCRYPT_DECRYPT rotate by schedule.")
    if not _SHORTEST_PERIOD <= period <= _LONGEST_PERIOD:
        raise invalid("rotation_period must be between 24 hours and 876,000 hours.")
    return period


def _date(value: Any) -> datetime | None:
    return None if value is None else datetime.fromtimestamp(value.timestamp(), tz=value.tzinfo)


def _destroy_after(wanted: kms.CryptoKey) -> timedelta | None:
    if not kms.CryptoKey.pb(wanted).HasField("destroy_scheduled_duration"):
        return None
    duration: timedelta = wanted.destroy_scheduled_duration
    if not _SHORTEST_DESTRUCTION <= duration <= _LONGEST_DESTRUCTION:
        raise invalid("destroy_scheduled_duration must be between 24 hours and 120 days.")
    return duration


def _purpose(wanted: kms.CryptoKey) -> Purpose:
    if wanted.purpose not in (Purpose.ENCRYPT_DECRYPT, Purpose.ASYMMETRIC_SIGN, Purpose.ASYMMETRIC_DECRYPT):
        raise invalid(f"The purpose {Purpose(wanted.purpose).name} is not available here.")
    return Purpose(wanted.purpose)


def _algorithm(wanted: kms.CryptoKey, level: Level) -> Algorithm:
    chosen = Algorithm(wanted.version_template.algorithm)
    if chosen != Algorithm.CRYPTO_KEY_VERSION_ALGORITHM_UNSPECIFIED:
        return chosen
    if wanted.purpose != Purpose.ENCRYPT_DECRYPT:
        raise invalid("version_template.algorithm is required for asymmetric keys.")
    if level in EXTERNAL:
        return Algorithm(Algorithm.EXTERNAL_SYMMETRIC_ENCRYPTION)
    return Algorithm(Algorithm.GOOGLE_SYMMETRIC_ENCRYPTION)


def _location(request: Request) -> None:
    if not LOCATION.fullmatch(request.message.parent):
        raise invalid(f"Resource name [{request.message.parent[:200]}] is not a valid location name.")
    request.authorise(request.message.parent)


def _id(value: str) -> str:
    if not RESOURCE_ID.fullmatch(value):
        raise invalid("An id takes 1 to 63 letters, digits, underscores and hyphens.")
    return value


def _ring(request: Request, name: str) -> kms.KeyRing:
    return kms.KeyRing(name=name, create_time=request.holdings.rings[name])


METHODS: Final[Mapping[str, Method]] = {
    "CreateCryptoKey": Method(
        kms.CreateCryptoKeyRequest, kms.CryptoKey, "cloudkms.cryptoKeys.create", _create_crypto_key
    ),
    "CreateKeyRing": Method(kms.CreateKeyRingRequest, kms.KeyRing, "cloudkms.keyRings.create", _create_key_ring),
    "GetCryptoKey": Method(kms.GetCryptoKeyRequest, kms.CryptoKey, "cloudkms.cryptoKeys.get", _get_crypto_key),
    "GetKeyRing": Method(kms.GetKeyRingRequest, kms.KeyRing, "cloudkms.keyRings.get", _get_key_ring),
    "ListCryptoKeys": Method(
        kms.ListCryptoKeysRequest, kms.ListCryptoKeysResponse, "cloudkms.cryptoKeys.list", _list_crypto_keys
    ),
    "ListKeyRings": Method(
        kms.ListKeyRingsRequest, kms.ListKeyRingsResponse, "cloudkms.keyRings.list", _list_key_rings
    ),
    "UpdateCryptoKey": Method(
        kms.UpdateCryptoKeyRequest, kms.CryptoKey, "cloudkms.cryptoKeys.update", _update_crypto_key
    ),
    "UpdateCryptoKeyPrimaryVersion": Method(
        kms.UpdateCryptoKeyPrimaryVersionRequest,
        kms.CryptoKey,
        "cloudkms.cryptoKeys.update",
        _update_crypto_key_primary_version,
    ),
}
