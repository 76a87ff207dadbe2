"""One AWS account in one region: its keys, aliases and custom key stores, and the way from a key's name to the key."""

import hashlib
import os
import re
import threading
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec

from clauseproof.sandbox.kms.aws.access import Caller, Grant, Statement, parse_policy
from clauseproof.sandbox.kms.aws.errors import AwsError, access_denied, not_found
from clauseproof.sandbox.kms.calls import CallLog
from clauseproof.sandbox.kms.clock import Clock
from clauseproof.sandbox.kms.faults import FaultBoard, Faults
from clauseproof.sandbox.kms.keystate import KeyState, Switch
from clauseproof.sandbox.kms.keystore import Key, Material
from clauseproof.sandbox.kms.secret import AesSecret, EcSecret, MacSecret, RsaSecret, Secret

SYMMETRIC: Final = "SYMMETRIC_DEFAULT"

_CURVES: Final[Mapping[str, ec.EllipticCurve]] = {
    "ECC_NIST_P256": ec.SECP256R1(),
    "ECC_NIST_P384": ec.SECP384R1(),
    "ECC_NIST_P521": ec.SECP521R1(),
    "ECC_SECG_P256K1": ec.SECP256K1(),
}
_MAC_BYTES: Final = {"HMAC_224": 28, "HMAC_256": 32, "HMAC_384": 48, "HMAC_512": 64}
_ARN: Final = re.compile(r"arn:[a-z-]+:kms:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):(?P<resource>(key|alias)/.+)")
_KEY_ID: Final = re.compile(r"(mrk-[0-9a-f]{32}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})")


@dataclass(frozen=True, kw_only=True)
class CustomKeyStore:
    """A custom key store; `endpoint` and `path` locate the external proxy, `cluster` a CloudHSM cluster."""

    id: str
    name: str
    kind: str = "EXTERNAL_KEY_STORE"
    connection: str = "CONNECTED"
    connection_error: str | None = None
    endpoint: str | None = None
    path: str = "/kms/xks/v1"
    vpc_service: str | None = None
    vpc_owner: str | None = None
    proxy_access_key: str = "ABCDEFGHIJKLMNOPQRST"
    cluster: str | None = None
    created: datetime


@dataclass(eq=False, kw_only=True)
class AwsKey:
    """What AWS keeps about a KMS key beside its materials."""

    id: str
    arn: str
    account: str
    key: Key[Material]
    policy: str
    usage: str = "ENCRYPT_DECRYPT"
    spec: str = SYMMETRIC
    origin: str = "AWS_KMS"
    manager: str = "CUSTOMER"
    description: str = ""
    multi_region: bool = False
    replicas: tuple[str, ...] = ()
    store: str | None = None
    xks_key: str | None = None
    window_days: int | None = None
    deletion: datetime | None = None
    grants: dict[str, Grant] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    incoming: Material | None = None

    @property
    def statements(self) -> tuple[Statement, ...]:
        """The key policy, parsed."""
        return parse_policy(self.policy)

    @property
    def symmetric(self) -> bool:
        """Whether it is the kind of key that rotates and makes data keys."""
        return self.spec == SYMMETRIC

    @property
    def imported(self) -> bool:
        """Whether the customer brings the material."""
        return self.origin == "EXTERNAL"

    @property
    def complete(self) -> bool:
        """All materials that callers may need are there. An imported key with a gap is pending import."""
        return bool(self.key.materials) and all(material.secret is not None for material in self.key.materials)


@dataclass(frozen=True, kw_only=True)
class ImportToken:
    """What GetParametersForImport handed out, by its token."""

    key: str
    wrapping: RsaSecret = field(repr=False)
    algorithm: str
    until: datetime


class Account:
    """The state behind one endpoint. Every reader and writer holds `lock`."""

    def __init__(
        self, *, id: str, region: str, partition: str, clock: Clock, callers: Sequence[Caller], board: FaultBoard
    ) -> None:
        self.id = id
        self.region = region
        self.partition = partition
        self.clock = clock
        self.callers = {caller.access_key: caller for caller in callers}
        self.board = board
        self.log = CallLog()
        self.lock = threading.RLock()
        self.keys: dict[str, AwsKey] = {}
        self.aliases: dict[str, tuple[str, datetime]] = {}
        self.stores: dict[str, CustomKeyStore] = {}
        self.imports: dict[bytes, ImportToken] = {}

    @property
    def faults(self) -> Faults:
        """The faults in force."""
        return self.board.faults

    def arn(self, resource: str, account: str | None = None) -> str:
        """The ARN of `key/...` or `alias/...` here, in this account unless another is given."""
        return f"arn:{self.partition}:kms:{self.region}:{account or self.id}:{resource}"

    def find(self, name: str, caller: Caller) -> AwsKey:
        """The key behind a key id, key ARN, alias name or alias ARN. Raises `AwsError`, in KMS's words."""
        resource, account = self._resource(name, caller)
        if resource.startswith("alias/"):
            alias = self.aliases.get(resource)
            if alias is None or account != self.id:
                raise not_found(f"Alias {self.arn(resource, account)} is not found.")
            return self.current(self.keys[alias[0]])
        found = self.keys.get(resource.removeprefix("key/"))
        if found is None or found.account != account:
            raise self._absent(resource, account, caller)
        return self.current(found)

    def _absent(self, resource: str, account: str, caller: Caller) -> AwsError:
        if account == caller.account:
            return not_found(f"Key '{self.arn(resource, account)}' does not exist")
        # Strangers are not told whether a key exists.
        because = (
            "on this resource because the resource does not exist in this Region, "
            "no resource-based policies allow access, or a resource-based policy explicitly denies access"
        )
        return access_denied(caller.arn, "kms:DescribeKey", None, because)

    def current(self, key: AwsKey) -> AwsKey:
        """Bring a key up to date with the clock before anyone reads it."""
        key.key.settle(self.faults)
        if key.deletion is not None and key.deletion <= self.clock.now():
            del self.keys[key.id]
            raise not_found(f"Key '{key.arn}' does not exist")
        if key.imported and not key.complete and key.key.switch.declared is KeyState.ENABLED:
            key.key.switch.turn(KeyState.PENDING_IMPORT, Faults())
        return key

    def living(self) -> list[AwsKey]:
        """Every key that still exists, oldest first."""
        found = []
        for key in list(self.keys.values()):
            try:
                found.append(self.current(key))
            except AwsError:
                continue
        return found

    def state(self, key: AwsKey) -> KeyState:
        """What the control plane shows."""
        return self._with_store(key, key.key.switch.declared)

    def obeyed(self, key: AwsKey) -> KeyState:
        """What cryptographic calls go by."""
        return self._with_store(key, key.key.switch.obeyed(self.faults))

    def _with_store(self, key: AwsKey, state: KeyState) -> KeyState:
        store = self.stores.get(key.store or "")
        cut_off = store is not None and store.connection != "CONNECTED"
        return KeyState.UNAVAILABLE if cut_off and state is KeyState.ENABLED else state

    def _resource(self, name: str, caller: Caller) -> tuple[str, str]:
        if name.startswith("arn:"):
            arn = _ARN.fullmatch(name)
            if arn is None or not name.startswith(f"arn:{self.partition}:"):
                raise AwsError("InvalidArnException", f"{name} is not a valid ARN.")
            if arn["region"] != self.region:
                raise not_found(f"Invalid arn {arn['region']}")
            return arn["resource"], arn["account"]
        if name.startswith("alias/"):
            return name, caller.account
        if not _KEY_ID.fullmatch(name):
            raise not_found(f"Invalid keyId '{name}'")
        return f"key/{name}", caller.account


def new_key_id(multi_region: bool) -> str:
    """A key id as AWS forms it: a UUID, or `mrk-` and 32 hex digits."""
    return f"mrk-{uuid.uuid4().hex}" if multi_region else str(uuid.uuid4())


def material_id(key_id: str, secret: bytes | None = None) -> str:
    """64 hex digits: random, or a function of imported material, so that importing it again gives the same."""
    return hashlib.sha256(key_id.encode() + (os.urandom(32) if secret is None else secret)).hexdigest()


def make_secret(spec: str) -> Secret:
    """Key material of an AWS key spec. Raises `AwsError` for one that the double cannot make."""
    if spec == SYMMETRIC:
        return AesSecret()
    if spec.startswith("RSA_"):
        return RsaSecret.generate(int(spec.removeprefix("RSA_")))
    if spec in _CURVES:
        return EcSecret.generate(_CURVES[spec])
    if spec in _MAC_BYTES:
        return MacSecret(os.urandom(_MAC_BYTES[spec]))
    raise AwsError("UnsupportedOperationException", f"KeySpec {spec} is not supported in this region")


def new_material(clock: Clock, *, id: str, created: datetime, secret: Secret | None, **more: Any) -> Material:
    """Material that follows the key's state and has none of its own."""
    return Material(id=id, created=created, secret=secret, switch=Switch(KeyState.ENABLED, clock.ticks), **more)
