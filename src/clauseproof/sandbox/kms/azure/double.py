"""The Key Vault double itself: start it, seed it, bend it, ask it what it was asked."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Final

from azure.core.pipeline.transport import RequestsTransport

from clauseproof.sandbox.kms.azure.access import Caller
from clauseproof.sandbox.kms.azure.front import application
from clauseproof.sandbox.kms.azure.jwk import make_secret
from clauseproof.sandbox.kms.azure.logs import LOG_HOST, log_application
from clauseproof.sandbox.kms.azure.transport import pinned_transport
from clauseproof.sandbox.kms.azure.vault import (
    Assignment,
    RotationPolicy,
    Vault,
    VaultKey,
    new_key,
    new_version,
    operations_of,
)
from clauseproof.sandbox.kms.clock import Clock
from clauseproof.sandbox.kms.double import KmsDouble
from clauseproof.sandbox.kms.faults import FaultBoard, Faults
from clauseproof.sandbox.kms.hsm import Card
from clauseproof.sandbox.kms.keystate import KeyState
from clauseproof.sandbox.kms.serving import Certificate, LoopbackServer
from clauseproof.sandbox.pki import Authority

BUYER: Final = Caller(token="buyer", object_id="11111111-1111-1111-1111-111111111111")  # noqa: S106 - a name, no secret
_CERTIFICATE_LIFE: Final = timedelta(days=30)


@dataclass(frozen=True, kw_only=True)
class KeySeed:
    """A key with a past.

    Attributes:
        name: last part of its identifier.
        kty: `RSA`, `RSA-HSM`, `EC`, `EC-HSM`, or in a Managed HSM `oct-HSM`.
        created: of its first version; now unless given.
        rotations: dates of further versions, oldest first.
        rotate_after: ISO 8601 duration after which a version is rotated by policy.
        notify_before: ISO 8601 duration before expiry at which a notice is given; that is no rotation.
        expiry: ISO 8601 duration after which versions expire, by policy.
        hsm_platform: `1` for FIPS 140-2 level 2, `2` for FIPS 140-3 level 3; by the key type unless given.
        managed: the key backs a certificate.
        disabled: version numbers, from 1, that are disabled.
        operations: what it may do; by its type unless given.
    """

    name: str
    kty: str = "RSA-HSM"
    size: int | None = None
    curve: str | None = None
    created: datetime | None = None
    rotations: tuple[datetime, ...] = ()
    rotate_after: str | None = None
    notify_before: str | None = None
    expiry: str | None = None
    not_before: datetime | None = None
    expires_at: datetime | None = None
    hsm_platform: str | None = None
    exportable: bool = False
    release_policy: Mapping[str, Any] | None = None
    managed: bool = False
    tags: Mapping[str, str] = field(default_factory=dict)
    disabled: frozenset[int] = frozenset()
    operations: tuple[str, ...] | None = None


class AzureKeyVaultDouble(KmsDouble):
    """One vault, or one Managed HSM, on loopback over TLS for the length of a `with` block.

    It answers under its real host name only. `transport()` takes an SDK client there with its challenge and
    certificate checks on; so does a `ConnectProxy` named in `HTTPS_PROXY`, for clients in other processes. Callers are
    known by their bearer token. A `resource` of another domain makes its challenge one that a careful client refuses.
    """

    def __init__(
        self,
        *,
        name: str = "probe",
        managed_hsm: bool = False,
        cloud: str = "azure.net",
        authority: str = "https://login.microsoftonline.com",
        tenant: str = "99999999-8888-7777-6666-555555555555",
        region: str = "westeurope",
        resource: str | None = None,
        recoverable_days: int = 90,
        purge_protection: bool = False,
        callers: Sequence[Caller] = (),
        faults: Faults | None = None,
        clock: Clock | None = None,
        ca: Authority | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        domain = f"{'managedhsm' if managed_hsm else 'vault'}.{cloud}"
        board = FaultBoard(faults or Faults())
        self._vault = Vault(
            host=f"{name}.{domain}",
            tenant=tenant,
            authority=authority,
            region=region,
            resource=resource or f"https://{domain}",
            managed_hsm=managed_hsm,
            recoverable_days=recoverable_days,
            purge_protection=purge_protection,
            clock=clock or Clock(),
            callers=callers or [BUYER],
            board=board,
        )
        self._folder = tempfile.TemporaryDirectory(prefix="key-vault-")
        # TLS is checked against the machine's clock, whatever clock the vault goes by.
        self._authority = ca or Authority.root("Sandbox Cloud Root", now=Clock().now())
        self._keep("ca.pem", self._authority.pem)
        certificate = self._certify(self._vault.host)
        self._server = LoopbackServer(application(self._vault), host=host, port=port, certificate=certificate)
        super().__init__(board, self._vault.log, self._server)

    def _certify(self, name: str) -> Certificate:
        now = Clock().now()
        leaf = self._authority.issue([name], start=now - timedelta(days=1), end=now + _CERTIFICATE_LIFE)
        return Certificate(self._keep(f"{name}.pem", leaf.chain), self._keep(f"{name}.key", leaf.private_key))

    def _keep(self, name: str, content: bytes) -> Path:
        path = Path(self._folder.name) / name
        path.touch(mode=0o600)
        path.write_bytes(content)
        return path

    @property
    def url(self) -> str:
        """What goes into `vault_url`: the real name, which only `transport()` leads to."""
        return self._vault.url

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens."""
        return self._server.host, self._server.port

    @property
    def host_name(self) -> str:
        """Its name in the cloud, the one that its certificate has."""
        return self._vault.host

    @property
    def ca_file(self) -> Path:
        """PEM of the authority that issued its certificate; gone when the `with` block ends."""
        return Path(self._folder.name) / "ca.pem"

    @property
    def hsm(self) -> Card:
        """The card that attests keys of a Managed HSM; its root is what a verifier pins."""
        return self._vault.card

    def transport(self) -> RequestsTransport:
        """For the `transport` argument of KeyClient and CryptographyClient. One client closes it."""
        return pinned_transport(*self.address, str(self.ca_file))

    def log_analytics(self, workspace: str, *, table: str = "AzureDiagnostics") -> LoopbackServer:
        """Log Analytics of the same cloud, where a diagnostic setting sends the vault's log to a workspace's table."""
        logs = log_application(self._vault, workspace, table)
        return LoopbackServer(logs, certificate=self._certify(LOG_HOST))

    def admit(self, caller: Caller) -> None:
        """Let one more principal in, or replace the one with the same token."""
        with self._vault.lock:
            self._vault.callers[caller.token] = caller

    def assign(self, assignment: Assignment) -> None:
        """Give a role inside a Managed HSM; it is shown, while what callers may do is said by `Caller`."""
        with self._vault.lock:
            self._vault.assignments.append(assignment)

    def seed_key(self, seed: KeySeed) -> str:
        """Put a key with its past into the vault; returns its identifier without a version."""
        with self._vault.lock:
            key = self._new(seed)
            key.managed = seed.managed
            self._give_policy(key, seed)
            for at in seed.rotations:
                key.key.rotated(at, on_demand=False)
            for number, version in enumerate(key.versions, 1):
                if number in seed.disabled:
                    version.switch.turn(KeyState.DISABLED, Faults())
            self._vault.reschedule(key)
            self._vault.keys[seed.name] = key
            return f"{self._vault.url}/keys/{seed.name}"

    def _new(self, seed: KeySeed) -> VaultKey:
        in_vault_hsm = seed.kty.endswith("-HSM") and not self._vault.managed_hsm
        first = new_version(
            self._vault.clock,
            make_secret(seed.kty, seed.size, seed.curve),
            seed.created or self._vault.clock.now(),
            kty=seed.kty,
            operations=operations_of(seed.kty) if seed.operations is None else seed.operations,
            tags=dict(seed.tags),
            hsm_platform=seed.hsm_platform or ("2" if in_vault_hsm else None),
            exportable=seed.exportable,
            release_policy=None if seed.release_policy is None else dict(seed.release_policy),
            not_before=seed.not_before,
            expires_at=seed.expires_at,
        )
        return new_key(self._vault.clock, name=seed.name, kty=seed.kty, size=seed.size, curve=seed.curve, first=first)

    def _give_policy(self, key: VaultKey, seed: KeySeed) -> None:
        actions: list[dict[str, Any]] = []
        if seed.rotate_after is not None:
            actions.append({"trigger": {"timeAfterCreate": seed.rotate_after}, "action": {"type": "Rotate"}})
        if seed.notify_before is not None:
            actions.append({"trigger": {"timeBeforeExpiry": seed.notify_before}, "action": {"type": "Notify"}})
        if actions or seed.expiry is not None:
            created = key.key.created
            key.policy = RotationPolicy(created=created, updated=created, actions=tuple(actions), expiry=seed.expiry)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        super().__exit__(kind, error, trace)
        self._folder.cleanup()
