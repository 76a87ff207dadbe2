"""The Cloud KMS double itself: start it, seed it, bend it, ask it what it was asked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Final

from google.cloud.kms_v1 import types as kms

from clauseproof.sandbox.kms.clock import Clock
from clauseproof.sandbox.kms.double import KmsDouble
from clauseproof.sandbox.kms.faults import FaultBoard, Faults
from clauseproof.sandbox.kms.google.access import Bindings, Caller
from clauseproof.sandbox.kms.google.front import services
from clauseproof.sandbox.kms.google.hsm import attest
from clauseproof.sandbox.kms.google.logging import CloudLogging
from clauseproof.sandbox.kms.google.project import (
    DESTROY_AFTER,
    EXTERNAL,
    Algorithm,
    CryptoKey,
    EkmConnection,
    Holdings,
    Level,
    Mint,
    Purpose,
    State,
    Version,
    new_key,
)
from clauseproof.sandbox.kms.google.resourcemanager import application
from clauseproof.sandbox.kms.google.serving import GrpcServer
from clauseproof.sandbox.kms.hsm import Card
from clauseproof.sandbox.kms.keystate import KeyState
from clauseproof.sandbox.kms.serving import LoopbackServer
from clauseproof.sandbox.pki import Leaf

BUYER: Final = "user:buyer@buyer.example"
_START_S: Final = 5.0
_SWITCHED: Final = {
    State.ENABLED: KeyState.ENABLED,
    State.DISABLED: KeyState.DISABLED,
    State.DESTROY_SCHEDULED: KeyState.PENDING_DELETION,
    State.DESTROYED: KeyState.DESTROYED,
}


@dataclass(frozen=True, kw_only=True)
class KeySeed:
    """A key with a past.

    The numbers are those of Google's enumerations `Purpose`, `Algorithm`, `Level`, `AccessReason` and `State`.

    Attributes:
        id: last part of its name.
        created: creation of the key and its first version; now unless given.
        rotations: dates of further versions that became primary, oldest first.
        rotation_period: the schedule; `next_rotation` is a period after the last rotation unless given.
        imported: every version came through an import job of this name.
        external_uri: where the external key is, for the external protection levels; `external_path` under a connection.
        states: by version number, where it is not `ENABLED`.
        bindings: members by role, in the key's own allow policy.
    """

    id: str
    purpose: int = Purpose.ENCRYPT_DECRYPT
    algorithm: int | None = None
    level: int = Level.SOFTWARE
    created: datetime | None = None
    rotations: tuple[datetime, ...] = ()
    rotation_period: timedelta | None = None
    next_rotation: datetime | None = None
    imported: str = ""
    import_only: bool = False
    external_uri: str = ""
    external_path: str = ""
    destroy_after: timedelta = DESTROY_AFTER
    backend: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    justifications: tuple[int, ...] | None = None
    states: Mapping[int, int] = field(default_factory=dict)
    bindings: Mapping[str, Sequence[str]] = field(default_factory=dict)


class GoogleKmsDouble(KmsDouble):
    """Cloud KMS with its EKM and IAM policy services, on loopback for the length of a `with` block.

    Without `certificate` it speaks plaintext gRPC, for an insecure channel; with one, TLS. A caller is known by its
    bearer token; who sends none is the first caller, by default the project's owner.
    """

    def __init__(
        self,
        *,
        project: str = "buyer-prod",
        location: str = "europe-west3",
        ring: str = "crm",
        callers: Sequence[Caller] = (),
        faults: Faults | None = None,
        clock: Clock | None = None,
        certificate: Leaf | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        self.ring = f"projects/{project}/locations/{location}/keyRings/{ring}"
        board = FaultBoard(faults or Faults())
        owner = Caller(token="buyer", member=BUYER)  # noqa: S106 - the name of a caller, not a secret
        self._holdings = Holdings(clock=clock or Clock(), callers=callers or [owner], board=board)
        self._holdings.attest = self._attest
        self._holdings.rings[self.ring] = self._holdings.clock.now()
        self._holdings.policies[f"projects/{project}"] = Bindings(
            members={"roles/owner": [self._holdings.anonymous.member]}
        )
        self._server = GrpcServer(services(self._holdings), host=host, port=port, certificate=certificate)
        super().__init__(board, self._holdings.log, self._server)

    @property
    def host(self) -> str:
        """Where it listens."""
        return self._server.host

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._server.port

    @property
    def address(self) -> str:
        """Host and port, as a gRPC target and as `api_endpoint`."""
        return self._server.address

    @cached_property
    def hsm(self) -> Card:
        """The card that attests keys of the HSM levels; its roots are what a verifier pins."""
        return Card(self._holdings.clock.now() - timedelta(days=365))

    def admit(self, caller: Caller) -> None:
        """Let one more principal in, or replace the one with the same token."""
        with self._holdings.lock:
            self._holdings.callers[caller.token] = caller

    def bind(self, resource: str, role: str, members: Sequence[str], condition: str = "") -> None:
        """Give members a role on a resource: a key, a key ring, `projects/...`; `condition` is CEL, and always met."""
        with self._holdings.lock:
            bindings = self._holdings.policies.setdefault(resource, Bindings())
            bindings.members[role] = list(members)
            if condition:
                bindings.conditions[role] = condition

    def log_uses(self, resource: str, exempt: Sequence[str] = ()) -> None:
        """Have the uses of keys written down, by the audit configuration of a project or of what it lies in."""
        with self._holdings.lock:
            self._holdings.audited[resource] = tuple(exempt)

    def deny(self, resource: str, policy: str, *rules: Mapping[str, Any]) -> None:
        """Attach a deny policy to a project, folder or organisation; rules are as in the IAM v2 API's `denyRule`."""
        with self._holdings.lock:
            self._holdings.denials.setdefault(resource, {})[policy] = rules

    def cloud_logging(self) -> CloudLogging:
        """Cloud Logging for the same project."""
        return CloudLogging(self._holdings)

    def resource_manager(self, ancestors: Sequence[str] = ()) -> LoopbackServer:
        """Resource Manager and IAM for the same project, which lies in `ancestors`, the nearest first."""
        return LoopbackServer(application(self._holdings, ancestors))

    def seed_connection(self, connection: EkmConnection) -> None:
        """Put a connection to an external key manager into the project, or replace it."""
        with self._holdings.lock:
            self._holdings.connections[connection.name] = connection

    def seed_key(self, seed: KeySeed, *, ring: str | None = None) -> str:
        """Put a key with its past into the key ring; returns its name."""
        with self._holdings.lock:
            name = f"{ring or self.ring}/cryptoKeys/{seed.id}"
            self._holdings.rings.setdefault(ring or self.ring, self._holdings.clock.now())
            key = self._new(name, seed)
            key.import_only, key.backend, key.labels = seed.import_only, seed.backend, dict(seed.labels)
            key.destroy_after, key.justifications = seed.destroy_after, seed.justifications
            for at in seed.rotations:
                key.key.rotated(at, on_demand=False)
            if seed.rotation_period is not None:
                key.key.schedule(seed.rotation_period, max(seed.rotations, default=key.key.created))
                key.key.next_rotation = seed.next_rotation or key.key.next_rotation
            for version in key.versions:
                self._dress(version, key, seed)
            self._holdings.keys[name] = key
            if seed.bindings:
                members = {role: list(each) for role, each in seed.bindings.items()}
                self._holdings.policies[name] = Bindings(members=members)
            return name

    def _attest(self, version: Version) -> kms.KeyOperationAttestation:
        # The card has four RSA keys: it is made when the first key of an HSM level needs it.
        return attest(self.hsm, version)

    def _new(self, name: str, seed: KeySeed) -> CryptoKey:
        default = (
            Algorithm.EXTERNAL_SYMMETRIC_ENCRYPTION if seed.level in EXTERNAL else Algorithm.GOOGLE_SYMMETRIC_ENCRYPTION
        )
        holdings = self._holdings
        return new_key(
            name=name,
            created=seed.created or holdings.clock.now(),
            purpose=Purpose(seed.purpose),
            mint=Mint(holdings.clock, Algorithm(seed.algorithm or default), Level(seed.level), holdings.attest),
            clock=holdings.clock,
            empty=False,
        )

    def _dress(self, version: Version, key: CryptoKey, seed: KeySeed) -> None:
        version.external_uri, version.external_path = seed.external_uri, seed.external_path
        if seed.imported:
            version.imported, version.import_time = True, version.created
            version.import_job = f"{key.name.split('/cryptoKeys/')[0]}/importJobs/{seed.imported}"
        state = State(seed.states.get(int(version.id), State.ENABLED))
        if state not in _SWITCHED:
            version.other = state
            return
        version.switch.turn(_SWITCHED[state], Faults())
        if state is State.DESTROY_SCHEDULED:
            version.destroy_time = self._holdings.clock.now() + key.destroy_after
        if state is State.DESTROYED:
            version.secret, version.destroyed = None, version.created + key.destroy_after
