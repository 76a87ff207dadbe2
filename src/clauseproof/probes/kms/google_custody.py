"""What a key of Cloud KMS is made of, who keeps it outside Google, and how long it outlives the wish to destroy it."""

from datetime import timedelta
from typing import Any

from clauseproof.facts.google import GoogleKey
from clauseproof.facts.keydeletion import Deletion
from clauseproof.facts.keymaterial import Generation, Materials
from clauseproof.facts.keys import Custody, KeyState, Origin
from clauseproof.facts.keystores import External, Keeper, Way
from clauseproof.facts.weburl import split_url
from clauseproof.model.errors import LookFailed
from clauseproof.model.look import Look
from clauseproof.model.marks import probe
from clauseproof.model.permission import Permission
from clauseproof.model.unseen import Reason, Unseen
from clauseproof.probes.kms.google import (
    STATES,
    number_of,
    origin_of,
    protection_of,
    read_key,
    read_versions,
    utc,
)
from clauseproof.probes.kms.google_api import GoogleApi, GoogleReach

UNSET = timedelta(days=30)
"""How long a version waits where its key does not say (reference of CryptoKey, `destroy_scheduled_duration`)."""
_GONE = ("DESTROYED", "PENDING_EXTERNAL_DESTRUCTION", "GENERATION_FAILED", "IMPORT_FAILED")


@probe(
    permission=Permission.OWN_ACCOUNT,
    deadline_s=60,
    rights=("cloudkms.cryptoKeys.get", "cloudkms.cryptoKeyVersions.list"),
)
def materials(key: GoogleKey, look: Look) -> Materials:
    """GetCryptoKey and ListCryptoKeyVersions. Cloud KMS names no FIPS level, and never expires what was imported."""
    api = GoogleApi(GoogleReach.of(key), look)
    found = read_key(api)
    primary = number_of(found.primary) if "primary" in found else None
    versions = [version for version in read_versions(api) if version.state.name not in _GONE]
    return Materials(generations=tuple(_generation(version, primary) for version in versions))


def _generation(version: Any, primary: int | None) -> Generation:
    number = number_of(version)
    return Generation(
        id=str(number),
        current=number == primary,
        state=STATES.get(version.state.name, KeyState.OTHER),
        origin=origin_of(version),
        protection=protection_of(version),
        fips=None,
        made=utc(version.import_time or version.generate_time or version.create_time),
        expires=None,
    )


@probe(
    permission=Permission.OWN_ACCOUNT,
    deadline_s=60,
    rights=("cloudkms.cryptoKeyVersions.list", "cloudkms.ekmConnections.get"),
)
def external(key: GoogleKey, custody: Custody, look: Look) -> External:
    """ListCryptoKeyVersions, and GetEkmConnection of a key reached through one. Other keys are not asked for."""
    if custody.origin is not Origin.EXTERNAL_KEY_STORE:
        return External(keepers=())
    api = GoogleApi(GoogleReach.of(key), look)
    versions = [version for version in read_versions(api) if version.state.name not in _GONE]
    connection = _connection(api, custody.store) if custody.store else None
    return External(keepers=tuple(_keeper(version, custody.store, connection) for version in versions))


def _connection(api: GoogleApi, name: str) -> Any:
    try:
        return api.call("GetEkmConnection", name=name)
    except LookFailed as error:
        return error.unseen()


def _keeper(version: Any, store: str | None, connection: Any) -> Keeper:
    options = version.external_protection_level_options
    private = version.protection_level.name == "EXTERNAL_VPC"
    seen = connection is not None and not isinstance(connection, Unseen)
    return Keeper(
        generation=str(number_of(version)),
        store=store,
        host=_connected_host(connection, store) if private else _host(options.external_key_uri),
        key=(options.ekm_connection_key_path if private else options.external_key_uri) or None,
        way=Way.PRIVATE if private else Way.INTERNET,
        connected=None,
        made_by_provider=connection.key_management_mode.name == "CLOUD_KMS" if seen else None if private else False,
    )


def _connected_host(connection: Any, store: str | None) -> str | Unseen:
    if isinstance(connection, Unseen):
        return connection
    hosts = [resolver.hostname for resolver in connection.service_resolvers] if connection is not None else []
    return hosts[0] if hosts else _nowhere(store or "its connection")


def _host(uri: str) -> str | Unseen:
    try:
        parts = split_url(uri)
        return f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)
    except ValueError:
        return _nowhere("the version")


def _nowhere(what: str) -> Unseen:
    return Unseen(
        reason=Reason.UNREADABLE,
        text=f"Cloud KMS names no host of an external key manager for {what}",
        remedy="look at it in the Google Cloud console",
    )


@probe(permission=Permission.OWN_ACCOUNT, deadline_s=60, rights=("cloudkms.cryptoKeys.get",))
def deletion(key: GoogleKey, custody: Custody, look: Look) -> Deletion:
    """GetCryptoKey: every version waits for as long as the key says, which nobody can change once the key is made."""
    found = read_key(GoogleApi(GoogleReach.of(key), look))
    window = found.destroy_scheduled_duration or UNSET
    at_once = {Origin.EXTERNAL_KEY_STORE: "destroying the key in the external key manager"}
    return Deletion(
        shortest=window,
        longest=window,
        at_once=at_once.get(custody.origin),
        comes_back="importing the same key material again" if custody.origin is Origin.IMPORTED else None,
        due=custody.deletion,
        source="the key's own setting",
    )
