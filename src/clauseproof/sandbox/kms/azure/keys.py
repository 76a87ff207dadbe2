"""Creating, importing, showing, listing, changing and deleting keys; attestation."""

import os
import re
from collections.abc import Mapping
from typing import Final

from clauseproof.sandbox.kms.azure.bundle import deleted_members, key_bundle, key_item
from clauseproof.sandbox.kms.azure.errors import AzureError, bad_parameter
from clauseproof.sandbox.kms.azure.jwk import encode, is_symmetric, make_secret, read_secret
from clauseproof.sandbox.kms.azure.request import Answer, Operation, Request, conflict, instant
from clauseproof.sandbox.kms.azure.vault import Version, new_key, new_version, operations_of
from clauseproof.sandbox.kms.faults import Faults
from clauseproof.sandbox.kms.keystate import KeyState
from clauseproof.sandbox.kms.secret import Secret

_NAME: Final = re.compile(r"[0-9a-zA-Z-]{1,127}")
_KINDS: Final = ("EC", "EC-HSM", "RSA", "RSA-HSM", "oct", "oct-HSM")


def _create(request: Request) -> Answer:
    kty = request.text("kty")
    size, curve = request.body.get("key_size"), request.body.get("crv")
    if not isinstance(size, int | None) or not isinstance(curve, str | None):
        raise bad_parameter("key_size must be a number and crv a string.")
    _check_kind(request, kty)
    return _add(request, kty, make_secret(kty, size, curve), size, curve)


def _import(request: Request) -> Answer:
    web_key = request.mapping("key")
    secret = read_secret(web_key)
    kty = str(web_key.get("kty"))
    if request.body.get("Hsm") and not kty.endswith("-HSM"):
        kty = f"{kty}-HSM"
    _check_kind(request, kty)
    return _add(request, kty, secret, None, None)


def _check_kind(request: Request, kty: str) -> None:
    if kty not in _KINDS:
        raise bad_parameter(f"kty must be one of {', '.join(_KINDS)}.")
    if request.vault.managed_hsm and not kty.endswith("-HSM"):
        raise bad_parameter(f"A Managed HSM holds no key of type {kty}.")
    if kty == "oct" or (kty == "oct-HSM" and not request.vault.managed_hsm):
        raise bad_parameter(f"A vault holds no key of type {kty}.")


def _add(request: Request, kty: str, secret: Secret, size: int | None, curve: str | None) -> Answer:
    """A new key, or a new version of one that exists."""
    vault, name = request.vault, request.path["name"]
    if not _NAME.fullmatch(name):
        raise bad_parameter(f"The name of a key takes letters, digits and hyphens, not {name[:127]!r}.")
    version = _version(request, kty, secret)
    key = vault.keys.get(name)
    if key is not None and vault.current(key).deleted is not None and name in vault.keys:
        message = f"Key {name} is currently in a deleted but recoverable state, and its name cannot be reused."
        raise conflict(message, "ObjectIsDeletedButRecoverable")
    if key is None or name not in vault.keys:
        key = new_key(vault.clock, name=name, kty=kty, size=size, curve=curve, first=version)
        vault.keys[name] = key
    else:
        key.kty, key.size, key.curve = kty, size, curve
        key.key.rotate_on_demand(Faults(), version)
    vault.reschedule(key)
    request.keys.append(f"{vault.url}/keys/{name}/{version.id}")
    return key_bundle(vault, key, version)


def _version(request: Request, kty: str, secret: Secret) -> Version:
    wanted = request.mapping("attributes")
    version = new_version(
        request.vault.clock,
        secret,
        request.vault.clock.now(),
        kty=kty,
        operations=_operations(request, kty),
        tags=_tags(request),
        hsm_platform="2" if kty.endswith("-HSM") and not request.vault.managed_hsm else None,
        exportable=wanted.get("exportable") is True,
        release_policy=request.mapping("release_policy") or None,
        not_before=instant(wanted.get("nbf")),
        expires_at=instant(wanted.get("exp")),
    )
    if wanted.get("enabled") is False:
        version.switch.turn(KeyState.DISABLED, Faults())
    return version


def _operations(request: Request, kty: str) -> tuple[str, ...]:
    given = request.body.get("key_ops")
    if given is None:
        return operations_of(kty)
    if not isinstance(given, list) or not all(isinstance(each, str) for each in given):
        raise bad_parameter("key_ops must be a list of strings.")
    return tuple(given)


def _tags(request: Request) -> dict[str, str]:
    return {str(name): str(value) for name, value in request.mapping("tags").items()}


def _get(request: Request) -> Answer:
    return key_bundle(request.vault, *request.version())


def _list(request: Request) -> Answer:
    vault = request.vault
    living = [vault.current(key) for key in list(vault.keys.values()) if key.deleted is None]
    return request.page([key_item(vault, key, key.latest, versioned=False) for key in living], "/keys")


def _list_versions(request: Request) -> Answer:
    key = request.key()
    items = [key_item(request.vault, key, version, versioned=True) for version in key.versions]
    return request.page(items, f"/keys/{key.name}/versions")


def _update(request: Request) -> Answer:
    key, version = request.version()
    wanted = request.mapping("attributes")
    if isinstance(enabled := wanted.get("enabled"), bool):
        state = KeyState.ENABLED if enabled else KeyState.DISABLED
        if version.switch.declared is not state:
            version.switch.turn(state, request.vault.faults)
    version.not_before = instant(wanted.get("nbf")) or version.not_before
    version.expires_at = instant(wanted.get("exp")) or version.expires_at
    if "key_ops" in request.body:
        version.operations = _operations(request, key.kty)
    if "tags" in request.body:
        version.tags = _tags(request)
    version.updated = request.vault.clock.now()
    return key_bundle(request.vault, key, version)


def _delete(request: Request) -> Answer:
    key = request.key()
    key.deleted = request.vault.clock.now()
    return {**key_bundle(request.vault, key, key.latest), **deleted_members(request.vault, key)}


def _get_deleted(request: Request) -> Answer:
    key = request.key(deleted=True)
    return {**key_bundle(request.vault, key, key.latest), **deleted_members(request.vault, key)}


def _list_deleted(request: Request) -> Answer:
    vault = request.vault
    gone = [key for key in map(vault.current, list(vault.keys.values())) if key.deleted and key.name in vault.keys]
    items = [{**key_item(vault, key, key.latest, versioned=False), **deleted_members(vault, key)} for key in gone]
    return request.page(items, "/deletedkeys")


def _recover(request: Request) -> Answer:
    key = request.key(deleted=True)
    key.deleted = None
    return key_bundle(request.vault, key, key.latest)


def _purge(request: Request) -> Answer:
    key = request.key(deleted=True)
    if request.vault.purge_protection:
        raise AzureError(403, "Forbidden", "Operation purge is not allowed on this vault.", "PurgeProtectionEnabled")
    del request.vault.keys[key.name]
    return None


def _attestation(request: Request) -> Answer:
    key, version = request.version()
    if not request.vault.managed_hsm:
        raise AzureError(404, "NotFound", "A vault attests no keys; a Managed HSM does.")
    card = request.vault.card
    body = os.urandom(64) + f"{key.name}/{version.id}".encode()
    partition, above = card.by_maker
    shown = key_bundle(request.vault, key, version)
    shown["attributes"]["attestation"] = {
        "certificatePemFile": encode((partition + above).encode()),
        "privateKeyAttestation": encode(card.sign(b"private:" + body)),
        "publicKeyAttestation": None if is_symmetric(version.secret) else encode(card.sign(b"public:" + body)),
        "version": "1.0",
    }
    return shown


def _random(request: Request) -> Answer:
    count = request.body.get("count")
    if not request.vault.managed_hsm:
        raise AzureError(404, "NotFound", "A vault gives no random bytes; a Managed HSM does.")
    if not isinstance(count, int) or not 1 <= count <= 128:
        raise bad_parameter("count must be between 1 and 128.")
    return {"value": encode(os.urandom(count))}


OPERATIONS: Final[Mapping[tuple[str, str], Operation]] = {
    ("POST", "/keys/{name}/create"): Operation("KeyCreate", "create", _create),
    ("PUT", "/keys/{name}"): Operation("KeyImport", "import", _import),
    ("GET", "/keys"): Operation("KeyList", "list", _list),
    ("GET", "/keys/{name}/versions"): Operation("KeyListVersions", "list", _list_versions),
    ("GET", "/keys/{name}"): Operation("KeyGet", "get", _get),
    # The SDK writes an empty version where it is given none.
    ("GET", "/keys/{name}/"): Operation("KeyGet", "get", _get),
    ("GET", "/keys/{name}/{version}"): Operation("KeyGet", "get", _get),
    ("PATCH", "/keys/{name}/{version}"): Operation("KeyUpdate", "update", _update),
    ("PATCH", "/keys/{name}/"): Operation("KeyUpdate", "update", _update),
    ("DELETE", "/keys/{name}"): Operation("KeyDelete", "delete", _delete),
    ("GET", "/deletedkeys"): Operation("KeyListDeleted", "list", _list_deleted),
    ("GET", "/deletedkeys/{name}"): Operation("KeyGetDeleted", "get", _get_deleted),
    ("DELETE", "/deletedkeys/{name}"): Operation("KeyPurge", "purge", _purge),
    ("POST", "/deletedkeys/{name}/recover"): Operation("KeyRecover", "recover", _recover),
    ("GET", "/keys/{name}/{version}/attestation"): Operation("KeyGetAttestation", "get", _attestation),
    ("POST", "/rng"): Operation("GetRandomBytes", "get", _random),
}
