"""What a vault holds: keys with their versions, rotation policies, and deleted keys that can be recovered."""

import threading
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from clauseproof.sandbox.kms.azure.access import Caller
from clauseproof.sandbox.kms.azure.duration import parse_duration
from clauseproof.sandbox.kms.azure.errors import key_not_found
from clauseproof.sandbox.kms.azure.jwk import make_secret, public_members
from clauseproof.sandbox.kms.calls import CallLog
from clauseproof.sandbox.kms.clock import Clock
from clauseproof.sandbox.kms.faults import FaultBoard, Faults
from clauseproof.sandbox.kms.hsm import Card
from clauseproof.sandbox.kms.keystate import KeyState, Switch
from clauseproof.sandbox.kms.keystore import Key, Material
from clauseproof.sandbox.kms.secret import Secret

ASYMMETRIC_OPERATIONS: Final = ("encrypt", "decrypt", "sign", "verify", "wrapKey", "unwrapKey")
EC_OPERATIONS: Final = ("sign", "verify")
SYMMETRIC_OPERATIONS: Final = ("encrypt", "decrypt", "wrapKey", "unwrapKey")


@dataclass(frozen=True, kw_only=True)
class Assignment:
    """A role, by the identifier of its definition, given to a principal at `/`, `/keys` or `/keys/NAME`."""

    principal: str
    role: str
    scope: str = "/"


@dataclass(eq=False, kw_only=True)
class Version(Material):
    """A version of a key.

    Attributes:
        id: 32 hex digits.
        kty: its key type; a later version may have another one.
        public: what its JSON Web Key shows, fixed when it was made.
        updated: of its attributes.
        not_before: before it, and after `expires_at`, nothing new may be encrypted.
        expires_at: see above; nothing is deleted then.
    """

    kty: str
    public: dict[str, str]
    updated: datetime
    not_before: datetime | None = None
    expires_at: datetime | None = None
    tags: dict[str, str] = field(default_factory=dict)
    hsm_platform: str | None = None
    exportable: bool = False
    operations: tuple[str, ...] = ()
    release_policy: dict[str, Any] | None = None


@dataclass(frozen=True, kw_only=True)
class RotationPolicy:
    """What happens to a key in time: `rotate_after` its making or `rotate_before` its expiry, or a mere notice."""

    created: datetime
    updated: datetime
    actions: tuple[dict[str, Any], ...]
    expiry: str | None

    @property
    def period(self) -> timedelta | None:
        """From a version's making until it is rotated; None when no action rotates."""
        for action in self.actions:
            if action["action"]["type"].lower() == "rotate":
                return self._until(action["trigger"])
        return None

    @property
    def life(self) -> timedelta | None:
        """From a version's making until its expiry."""
        return None if self.expiry is None else parse_duration(self.expiry)

    def _until(self, trigger: dict[str, str]) -> timedelta | None:
        if after := trigger.get("timeAfterCreate"):
            return parse_duration(after)
        before = trigger.get("timeBeforeExpiry")
        return None if before is None or self.life is None else self.life - parse_duration(before)


@dataclass(eq=False, kw_only=True)
class VaultKey:
    """What Key Vault keeps about a key beside its versions."""

    name: str
    kty: str
    key: Key[Version]
    size: int | None = None
    curve: str | None = None
    managed: bool = False
    policy: RotationPolicy | None = None
    deleted: datetime | None = None

    @property
    def versions(self) -> list[Version]:
        """Every version that is listed, in the order of their making."""
        return sorted([*self.key.materials, *self.key.decoys], key=lambda version: version.created)

    @property
    def latest(self) -> Version:
        """The version that a name without a version means."""
        listed = self.key.rotations[-1].material if self.key.rotations else self.key.current.id
        return next((version for version in self.versions if version.id == listed), self.key.current)


class Vault:
    """The state behind one vault or Managed HSM. Every reader and writer holds `lock`.

    Attributes:
        resource: what its challenge asks a token for.
        recoverable_days: how long a deleted key can be recovered, 7 to 90.
        purge_protection: nobody can purge a deleted key before that time is over.
    """

    def __init__(
        self,
        *,
        host: str,
        tenant: str,
        authority: str,
        region: str,
        resource: str,
        managed_hsm: bool,
        recoverable_days: int,
        purge_protection: bool,
        clock: Clock,
        callers: Sequence[Caller],
        board: FaultBoard,
    ) -> None:
        self.host = host
        self.tenant = tenant
        self.authority = authority
        self.region = region
        self.resource = resource
        self.managed_hsm = managed_hsm
        self.recoverable_days = recoverable_days
        self.purge_protection = purge_protection
        self.clock = clock
        self.callers = {caller.token: caller for caller in callers}
        self.board = board
        self.log = CallLog()
        self.lock = threading.RLock()
        self.keys: dict[str, VaultKey] = {}
        self.assignments: list[Assignment] = []
        self._card: Card | None = None

    @property
    def faults(self) -> Faults:
        """The faults in force."""
        return self.board.faults

    @property
    def url(self) -> str:
        """What a client is given as `vault_url`."""
        return f"https://{self.host}"

    @property
    def card(self) -> Card:
        """The hardware that attests keys, made when first needed."""
        if self._card is None:
            self._card = Card(self.clock.now() - timedelta(days=365))
        return self._card

    @property
    def recovery_level(self) -> str:
        """What happens to a deleted key (Key Vault REST reference, `DeletionRecoveryLevel`)."""
        custom = "Customized" if self.recoverable_days < 90 else ""
        return f"{custom}Recoverable" + ("" if self.purge_protection else "+Purgeable")

    def find(self, name: str, *, deleted: bool = False) -> VaultKey:
        """A living key, or a deleted one. Raises `AzureError` with code KeyNotFound."""
        key = self.keys.get(name)
        if key is not None:
            self.current(key)
        if name not in self.keys or key is None or (key.deleted is not None) != deleted:
            raise key_not_found(name)
        return key

    def current(self, key: VaultKey) -> VaultKey:
        """Bring a key up to date with the clock before anyone reads it."""
        key.key.settle(self.faults)
        for decoy in key.key.decoys:
            # A rotation that kept the material: a new version that is the old one under another name.
            decoy.secret, decoy.public = key.key.current.secret, key.key.current.public
        purge = self.purge_date(key)
        if purge is not None and purge <= self.clock.now():
            del self.keys[key.name]
        return key

    def purge_date(self, key: VaultKey) -> datetime | None:
        """When a deleted key goes for good."""
        return None if key.deleted is None else key.deleted + timedelta(days=self.recoverable_days)

    def reschedule(self, key: VaultKey) -> None:
        """Count the rotation policy's time from the latest version."""
        period = None if key.policy is None else key.policy.period
        if period is None:
            key.key.unschedule()
        else:
            key.key.schedule(period, key.latest.created)

    def at_once(self) -> Faults:
        """The faults in force, but for a lag: Key Vault's rotation answers when it is done."""
        return replace(self.faults, rotation_duration_s=0.0)


def new_version(clock: Clock, secret: Secret, created: datetime, **more: Any) -> Version:
    """An enabled version with this material."""
    return Version(
        id=uuid.uuid4().hex,
        created=created,
        updated=created,
        secret=secret,
        switch=Switch(KeyState.ENABLED, clock.ticks),
        public=public_members(secret),
        **more,
    )


def new_key(clock: Clock, *, name: str, kty: str, size: int | None, curve: str | None, first: Version) -> VaultKey:
    """A key with its first version; later ones inherit that one's operations and tags, and its policy's expiry."""

    def make(created: datetime) -> Version:
        before = key.latest
        life = key.policy.life if key.policy else None
        return new_version(
            clock,
            make_secret(key.kty, key.size, key.curve),
            created,
            kty=key.kty,
            operations=before.operations,
            tags=dict(before.tags),
            hsm_platform=before.hsm_platform,
            exportable=before.exportable,
            release_policy=before.release_policy,
            expires_at=None if life is None else created + life,
        )

    key = VaultKey(
        name=name,
        kty=kty,
        size=size,
        curve=curve,
        key=Key(created=first.created, first=first, make=make, clock=clock),
    )
    return key


def operations_of(kty: str) -> tuple[str, ...]:
    """What a key of this type may do unless its maker says otherwise."""
    if kty.startswith("EC"):
        return EC_OPERATIONS
    return SYMMETRIC_OPERATIONS if kty.startswith("oct") else ASYMMETRIC_OPERATIONS
