"""What Cloud KMS holds: key rings, keys with their versions, import jobs, external connections, policies."""

import itertools
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec
from google.cloud.kms_v1 import types as kms

from clauseproof.sandbox.kms.calls import CallLog
from clauseproof.sandbox.kms.clock import Clock
from clauseproof.sandbox.kms.faults import FaultBoard, Faults
from clauseproof.sandbox.kms.google.access import Bindings, Caller
from clauseproof.sandbox.kms.google.errors import invalid
from clauseproof.sandbox.kms.keystate import KeyState, Switch
from clauseproof.sandbox.kms.keystore import Key, Material
from clauseproof.sandbox.kms.secret import AesSecret, EcSecret, RsaSecret, Secret

Algorithm = kms.CryptoKeyVersion.CryptoKeyVersionAlgorithm
Purpose = kms.CryptoKey.CryptoKeyPurpose
Level = kms.ProtectionLevel
State = kms.CryptoKeyVersion.CryptoKeyVersionState

DESTROY_AFTER: Final = timedelta(days=30)
"""How long a version stays scheduled for destruction unless its key says otherwise."""

EXTERNAL: Final = (Level.EXTERNAL, Level.EXTERNAL_VPC)
_SYMMETRIC: Final = (Algorithm.GOOGLE_SYMMETRIC_ENCRYPTION, Algorithm.EXTERNAL_SYMMETRIC_ENCRYPTION)
_RSA: Final = re.compile(r"RSA_(SIGN_PSS|SIGN_PKCS1|DECRYPT_OAEP)_(?P<bits>2048|3072|4096)_SHA(1|256|512)")
_CURVES: Final = {Algorithm.EC_SIGN_P256_SHA256: ec.SECP256R1(), Algorithm.EC_SIGN_P384_SHA384: ec.SECP384R1()}


@dataclass(eq=False, kw_only=True)
class Version(Material):
    """A CryptoKeyVersion.

    Attributes:
        id: its number, in decimal.
        other: a state in which it cannot be used and that no call leads to, such as a failed generation.
        external_uri: where the external key manager holds the key; `external_path` under a connection of its own.
    """

    algorithm: Algorithm
    level: Level
    other: State | None = None
    destroy_time: datetime | None = None
    destroyed: datetime | None = None
    import_job: str = ""
    import_time: datetime | None = None
    import_failure: str = ""
    external_uri: str = ""
    external_path: str = ""
    attestation: kms.KeyOperationAttestation | None = None


Attest = Callable[[Version], kms.KeyOperationAttestation]


class Mint:
    """Makes the versions of one key, numbered from 1. `algorithm` and `level` hold for those to come."""

    def __init__(self, clock: Clock, algorithm: Algorithm, level: Level, attest: Attest | None = None) -> None:
        self.algorithm = algorithm
        self.level = level
        self._clock = clock
        self._attest = attest
        self._numbers = itertools.count(1)

    def __call__(self, created: datetime) -> Version:
        """A version with material of its own."""
        return self.version(created, make_secret(self.algorithm))

    def version(self, created: datetime, secret: Secret | None, state: KeyState = KeyState.ENABLED) -> Version:
        """A version with this material."""
        version = self._blank(str(next(self._numbers)), created, secret, state)
        if self._attest is not None and self.level in (Level.HSM, Level.HSM_SINGLE_TENANT):
            version.attestation = self._attest(version)
        return version

    def stand_in(self, created: datetime) -> Version:
        """What a key without versions calls its current one."""
        return self._blank("0", created, None, KeyState.PENDING_IMPORT)

    def _blank(self, id: str, created: datetime, secret: Secret | None, state: KeyState) -> Version:
        switch = Switch(state, self._clock.ticks)
        return Version(id=id, created=created, secret=secret, switch=switch, algorithm=self.algorithm, level=self.level)


@dataclass(eq=False, kw_only=True)
class CryptoKey:
    """What Google keeps about a key beside its versions."""

    name: str
    purpose: Purpose
    mint: Mint
    key: Key[Version]
    labels: dict[str, str] = field(default_factory=dict)
    import_only: bool = False
    destroy_after: timedelta = DESTROY_AFTER
    backend: str = ""
    justifications: tuple[int, ...] | None = None

    @property
    def versions(self) -> list[Version]:
        """Every version that is listed, by number."""
        return sorted([*self.key.materials, *self.key.decoys], key=lambda version: int(version.id))

    @property
    def primary(self) -> Version | None:
        """What the control plane shows as primary, which Encrypt follows with a lag or, when bent, never."""
        if self.purpose is not Purpose.ENCRYPT_DECRYPT:
            return None
        if self.key.underway is not None:
            return self.key.underway.incoming
        latest = self.key.rotations[-1].material if self.key.rotations else self.key.current.id
        return next((version for version in self.versions if version.id == latest), None)


@dataclass(eq=False, kw_only=True)
class ImportJob:
    """A wrapping key that lives for three days."""

    name: str
    method: kms.ImportJob.ImportMethod
    level: Level
    wrapping: RsaSecret = field(repr=False)
    created: datetime
    expires: datetime


@dataclass(frozen=True, kw_only=True)
class EkmConnection:
    """A way to an external key manager.

    Attributes:
        name: full resource name.
        hostname: the external key manager's host.
        service: the Service Directory resource it is reached through.
        managed_by_kms: Cloud KMS creates and destroys the external keys itself (coordinated external keys).
        reachable: what VerifyConnectivity finds.
    """

    name: str
    hostname: str
    service: str
    created: datetime
    managed_by_kms: bool = False
    crypto_space: str = ""
    certificate: bytes = b""
    reachable: bool = True


class Holdings:
    """The state behind one endpoint. Every reader and writer holds `lock`.

    Attributes:
        audited: resources whose audit configuration has the uses of keys written down, and whom each exempts.
        denials: rules of deny policies, by resource and policy; shown, while what callers may do is said by `Caller`.
    """

    def __init__(self, *, clock: Clock, callers: Sequence[Caller], board: FaultBoard) -> None:
        self.clock = clock
        self.callers = {caller.token: caller for caller in callers}
        self.anonymous = callers[0]
        self.board = board
        self.log = CallLog()
        self.lock = threading.RLock()
        self.rings: dict[str, datetime] = {}
        self.keys: dict[str, CryptoKey] = {}
        self.jobs: dict[str, ImportJob] = {}
        self.connections: dict[str, EkmConnection] = {}
        self.policies: dict[str, Bindings] = {}
        self.audited: dict[str, tuple[str, ...]] = {}
        self.denials: dict[str, dict[str, Sequence[Mapping[str, Any]]]] = {}
        self.attest: Attest | None = None

    @property
    def faults(self) -> Faults:
        """The faults in force."""
        return self.board.faults

    def current(self, key: CryptoKey) -> CryptoKey:
        """Bring a key up to date with the clock before anyone reads it."""
        key.key.settle(self.faults)
        now = self.clock.now()
        for version in key.versions:
            if version.destroy_time is not None and version.destroy_time <= now and version.destroyed is None:
                version.destroyed, version.secret = version.destroy_time, None
                version.switch.turn(KeyState.DESTROYED, Faults())
        return key


def new_key(*, name: str, created: datetime, purpose: Purpose, mint: Mint, clock: Clock, empty: bool) -> CryptoKey:
    """A key with its first version, or without any. Raises `GoogleError` for an algorithm that the double lacks."""
    first = mint.stand_in(created) if empty else mint(created)
    key = Key(created=created, first=first, make=mint, clock=clock, empty=empty)
    return CryptoKey(name=name, purpose=purpose, mint=mint, key=key)


def make_secret(algorithm: Algorithm) -> Secret:
    """Key material of a Cloud KMS algorithm. Raises `GoogleError` for one that the double does not have."""
    if algorithm in _SYMMETRIC:
        return AesSecret()
    if algorithm in _CURVES:
        return EcSecret.generate(_CURVES[algorithm])
    rsa = _RSA.fullmatch(algorithm.name)
    if rsa is None:
        raise invalid(f"The algorithm {algorithm.name} is not supported here.")
    return RsaSecret.generate(int(rsa["bits"]))
