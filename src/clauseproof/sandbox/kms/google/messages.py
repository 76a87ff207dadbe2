"""The state of a key, a version, a job, a connection, as the proto messages that the client library reads."""

from typing import Final

from cryptography.hazmat.primitives import serialization
from google.cloud.kms_v1 import types as kms

from clauseproof.sandbox.kms.google.project import (
    EXTERNAL,
    CryptoKey,
    EkmConnection,
    Holdings,
    ImportJob,
    Purpose,
    State,
    Version,
)
from clauseproof.sandbox.kms.keystate import KeyState

_STATES: Final = {
    KeyState.ENABLED: State.ENABLED,
    KeyState.DISABLED: State.DISABLED,
    KeyState.PENDING_DELETION: State.DESTROY_SCHEDULED,
    KeyState.DESTROYED: State.DESTROYED,
    KeyState.PENDING_IMPORT: State.PENDING_IMPORT,
    KeyState.UNAVAILABLE: State.IMPORT_FAILED,
}


def state_of(version: Version, state: KeyState) -> State:
    """The state that Google has for it."""
    return State(version.other or _STATES[state])


def version_message(key: CryptoKey, version: Version, *, full: bool = True) -> kms.CryptoKeyVersion:
    """A CryptoKeyVersion; its attestation only in the `full` view."""
    imported = bool(version.import_job)
    return kms.CryptoKeyVersion(
        name=version_name(key, version),
        state=state_of(version, version.switch.declared),
        protection_level=version.level,
        algorithm=version.algorithm,
        attestation=version.attestation if full else None,
        create_time=version.created,
        generate_time=None if imported or version.level in EXTERNAL else version.created,
        destroy_time=version.destroy_time if version.destroyed is None else None,
        destroy_event_time=version.destroyed,
        import_job=version.import_job,
        import_time=version.import_time,
        import_failure_reason=version.import_failure,
        reimport_eligible=imported and version.destroyed is not None,
        external_protection_level_options=_external(version),
    )


def version_name(key: CryptoKey, version: Version) -> str:
    """The full resource name of a version."""
    return f"{key.name}/cryptoKeyVersions/{version.id}"


def key_message(key: CryptoKey, *, full: bool = True) -> kms.CryptoKey:
    """A CryptoKey with its primary version."""
    template = kms.CryptoKeyVersionTemplate(algorithm=key.mint.algorithm, protection_level=key.mint.level)
    reasons = key.justifications
    return kms.CryptoKey(
        name=key.name,
        primary=version_message(key, key.primary, full=full) if key.primary else None,
        purpose=key.purpose,
        create_time=key.key.created,
        next_rotation_time=key.key.next_rotation,
        rotation_period=key.key.period,
        version_template=template,
        labels=key.labels,
        import_only=key.import_only,
        destroy_scheduled_duration=key.destroy_after,
        crypto_key_backend=key.backend,
        key_access_justifications_policy=(
            None if reasons is None else kms.KeyAccessJustificationsPolicy(allowed_access_reasons=reasons)
        ),
    )


def job_message(holdings: Holdings, job: ImportJob) -> kms.ImportJob:
    """An ImportJob; once expired it has no public key any more."""
    expired = job.expires <= holdings.clock.now()
    public = job.wrapping.private.public_key()
    pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return kms.ImportJob(
        name=job.name,
        import_method=job.method,
        protection_level=job.level,
        create_time=job.created,
        generate_time=job.created,
        expire_time=job.expires,
        expire_event_time=job.expires if expired else None,
        state=kms.ImportJob.ImportJobState.EXPIRED if expired else kms.ImportJob.ImportJobState.ACTIVE,
        public_key=None if expired else kms.ImportJob.WrappingPublicKey(pem=pem.decode()),
    )


def connection_message(connection: EkmConnection) -> kms.EkmConnection:
    """An EkmConnection with one resolver."""
    mode = kms.EkmConnection.KeyManagementMode
    resolver = kms.EkmConnection.ServiceResolver(
        service_directory_service=connection.service,
        hostname=connection.hostname,
        server_certificates=[kms.Certificate(raw_der=connection.certificate)] if connection.certificate else [],
    )
    return kms.EkmConnection(
        name=connection.name,
        create_time=connection.created,
        service_resolvers=[resolver],
        key_management_mode=mode.CLOUD_KMS if connection.managed_by_kms else mode.MANUAL,
        crypto_space_path=connection.crypto_space,
    )


def rotates(key: CryptoKey) -> bool:
    """Whether keys of this purpose have a primary version and a schedule."""
    return key.purpose is Purpose.ENCRYPT_DECRYPT


def _external(version: Version) -> kms.ExternalProtectionLevelOptions | None:
    if version.level not in EXTERNAL:
        return None
    return kms.ExternalProtectionLevelOptions(
        external_key_uri=version.external_uri, ekm_connection_key_path=version.external_path
    )
