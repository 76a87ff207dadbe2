"""Versions of a key: creating, showing, disabling, destroying, restoring."""

from collections.abc import Mapping
from typing import Final

from google.cloud.kms_v1 import types as kms

from clauseproof.sandbox.kms.google.errors import invalid, precondition
from clauseproof.sandbox.kms.google.messages import state_of, version_message, version_name
from clauseproof.sandbox.kms.google.project import EXTERNAL, CryptoKey, State, Version
from clauseproof.sandbox.kms.google.request import Method, Request
from clauseproof.sandbox.kms.keystate import KeyState

_FULL: Final = kms.CryptoKeyVersion.CryptoKeyVersionView.FULL


def _list_crypto_key_versions(request: Request) -> kms.ListCryptoKeyVersionsResponse:
    request.authorise(request.message.parent)
    key = request.key(request.message.parent)
    page, more = request.page(key.versions)
    full = request.message.view == _FULL
    shown = [version_message(key, version, full=full) for version in page]
    return kms.ListCryptoKeyVersionsResponse(crypto_key_versions=shown, **more)


def _get_crypto_key_version(request: Request) -> kms.CryptoKeyVersion:
    request.authorise(request.message.name)
    return version_message(*request.version(request.message.name))


def _create_crypto_key_version(request: Request) -> kms.CryptoKeyVersion:
    request.authorise(request.message.parent)
    key = request.key(request.message.parent)
    if key.import_only:
        raise precondition(f"CryptoKey {key.name} takes imported versions only.")
    version = key.mint(request.holdings.clock.now())
    outside = request.message.crypto_key_version.external_protection_level_options
    version.external_uri, version.external_path = outside.external_key_uri, outside.ekm_connection_key_path
    if version.level in EXTERNAL and not (version.external_uri or version.external_path):
        raise invalid("external_protection_level_options must name the external key.")
    key.key.materials.append(version)
    return version_message(key, version)


def _update_crypto_key_version(request: Request) -> kms.CryptoKeyVersion:
    wanted = request.message.crypto_key_version
    request.authorise(wanted.name)
    key, version = request.version(wanted.name)
    if list(request.message.update_mask.paths) != ["state"]:
        raise invalid("Only the state can be updated here.")
    states = {State.ENABLED: KeyState.ENABLED, State.DISABLED: KeyState.DISABLED}
    if wanted.state not in states:
        raise invalid("The state can be set to ENABLED or DISABLED only.")
    _needs(key, version, KeyState.ENABLED, KeyState.DISABLED)
    if version.switch.declared is not states[wanted.state]:
        version.switch.turn(states[wanted.state], request.holdings.faults)
    return version_message(key, version)


def _destroy_crypto_key_version(request: Request) -> kms.CryptoKeyVersion:
    request.authorise(request.message.name)
    key, version = request.version(request.message.name)
    _needs(key, version, KeyState.ENABLED, KeyState.DISABLED)
    version.destroy_time = request.holdings.clock.now() + key.destroy_after
    version.switch.turn(KeyState.PENDING_DELETION, request.holdings.faults)
    return version_message(key, version)


def _restore_crypto_key_version(request: Request) -> kms.CryptoKeyVersion:
    request.authorise(request.message.name)
    key, version = request.version(request.message.name)
    _needs(key, version, KeyState.PENDING_DELETION)
    version.destroy_time = None
    version.switch.turn(KeyState.DISABLED, request.holdings.faults)
    return version_message(key, version)


def _needs(key: CryptoKey, version: Version, *states: KeyState) -> None:
    state = version.switch.declared
    if state not in states or version.other is not None:
        name, shown = version_name(key, version), state_of(version, state).name
        raise precondition(f"{name} cannot be changed in this way, current state is: {shown}.")


METHODS: Final[Mapping[str, Method]] = {
    "CreateCryptoKeyVersion": Method(
        kms.CreateCryptoKeyVersionRequest,
        kms.CryptoKeyVersion,
        "cloudkms.cryptoKeyVersions.create",
        _create_crypto_key_version,
    ),
    "DestroyCryptoKeyVersion": Method(
        kms.DestroyCryptoKeyVersionRequest,
        kms.CryptoKeyVersion,
        "cloudkms.cryptoKeyVersions.destroy",
        _destroy_crypto_key_version,
    ),
    "GetCryptoKeyVersion": Method(
        kms.GetCryptoKeyVersionRequest,
        kms.CryptoKeyVersion,
        "cloudkms.cryptoKeyVersions.get",
        _get_crypto_key_version,
    ),
    "ListCryptoKeyVersions": Method(
        kms.ListCryptoKeyVersionsRequest,
        kms.ListCryptoKeyVersionsResponse,
        "cloudkms.cryptoKeyVersions.list",
        _list_crypto_key_versions,
    ),
    "RestoreCryptoKeyVersion": Method(
        kms.RestoreCryptoKeyVersionRequest,
        kms.CryptoKeyVersion,
        "cloudkms.cryptoKeyVersions.restore",
        _restore_crypto_key_version,
    ),
    "UpdateCryptoKeyVersion": Method(
        kms.UpdateCryptoKeyVersionRequest,
        kms.CryptoKeyVersion,
        "cloudkms.cryptoKeyVersions.update",
        _update_crypto_key_version,
    ),
}
