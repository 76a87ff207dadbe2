"""Keys and versions as the REST interface shows them."""

from datetime import datetime
from typing import Any

from clauseproof.sandbox.kms.azure.vault import Vault, VaultKey, Version
from clauseproof.sandbox.kms.keystate import KeyState


def key_bundle(vault: Vault, key: VaultKey, version: Version) -> dict[str, Any]:
    """A KeyBundle: the JSON Web Key and its attributes."""
    name = kid(vault, key, version)
    web_key = {"kid": name, "kty": version.kty, "key_ops": list(version.operations), **version.public}
    return _present(
        {
            "key": web_key,
            "attributes": attributes(vault, version),
            "tags": version.tags or None,
            "managed": key.managed or None,
            "release_policy": version.release_policy,
        }
    )


def key_item(vault: Vault, key: VaultKey, version: Version, *, versioned: bool) -> dict[str, Any]:
    """A KeyItem: what lists show, by the key's or by the version's identifier."""
    name = kid(vault, key, version) if versioned else f"{vault.url}/keys/{key.name}"
    shown = {"kid": name, "attributes": attributes(vault, version), "tags": version.tags or None}
    return _present({**shown, "managed": key.managed or None})


def deleted_members(vault: Vault, key: VaultKey) -> dict[str, Any]:
    """What a deleted key has beside its bundle or item."""
    return {
        "recoveryId": f"{vault.url}/deletedkeys/{key.name}",
        "deletedDate": _seconds(key.deleted),
        "scheduledPurgeDate": _seconds(vault.purge_date(key)),
    }


def attributes(vault: Vault, version: Version) -> dict[str, Any]:
    """KeyAttributes."""
    return _present(
        {
            "enabled": version.switch.declared is KeyState.ENABLED,
            "nbf": _seconds(version.not_before),
            "exp": _seconds(version.expires_at),
            "created": _seconds(version.created),
            "updated": _seconds(version.updated),
            "recoveryLevel": vault.recovery_level,
            "recoverableDays": vault.recoverable_days,
            "exportable": version.exportable,
            "hsmPlatform": version.hsm_platform,
        }
    )


def kid(vault: Vault, key: VaultKey, version: Version) -> str:
    """The identifier of a version."""
    return f"{vault.url}/keys/{key.name}/{version.id}"


def _seconds(date: datetime | None) -> int | None:
    return None if date is None else int(date.timestamp())


def _present(members: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}
