"""The AWS KMS double itself: start it, seed it, bend it, ask it what it was asked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from clauseproof.sandbox.kms.aws.access import Caller, default_policy, managed_policy, parse_policy
from clauseproof.sandbox.kms.aws.account import SYMMETRIC, Account, AwsKey, CustomKeyStore, material_id, new_material
from clauseproof.sandbox.kms.aws.front import application
from clauseproof.sandbox.kms.aws.lifecycle import add_key
from clauseproof.sandbox.kms.clock import Clock
from clauseproof.sandbox.kms.double import KmsDouble
from clauseproof.sandbox.kms.faults import FaultBoard, Faults
from clauseproof.sandbox.kms.keystate import KeyState
from clauseproof.sandbox.kms.secret import AesSecret
from clauseproof.sandbox.kms.serving import LoopbackServer

BUYER_ACCESS_KEY = "AKIAIOSFODNN7EXAMPLE"
"""The access key id of AWS's own documentation, here that of the account's user `buyer`."""


@dataclass(frozen=True, kw_only=True)
class KeySeed:
    """A key with a past.

    Attributes:
        id: key id; a random one unless given.
        alias: name beginning with `alias/`.
        created: creation date; now unless given.
        rotations: dates of automatic rotations, oldest first.
        on_demand_rotations: dates of rotations on demand, oldest first.
        rotation_period_days: the schedule, counted from the last automatic rotation or the creation; None for none.
        account: who owns it; the double's own account unless given.
        manager: `CUSTOMER` or `AWS`.
        policy: key policy as JSON; KMS's default unless given.
        replicas: regions of multi-region replicas.
        store: id of the custom key store that holds it; `xks_key` is the external key's own id.
        material: for origin `EXTERNAL`, 32 bytes that expire at `expires`; None leaves the key pending import.
    """

    id: str | None = None
    alias: str | None = None
    description: str = ""
    created: datetime | None = None
    rotations: tuple[datetime, ...] = ()
    on_demand_rotations: tuple[datetime, ...] = ()
    rotation_period_days: int | None = None
    account: str | None = None
    manager: str = "CUSTOMER"
    policy: str | None = None
    usage: str = "ENCRYPT_DECRYPT"
    spec: str = SYMMETRIC
    origin: str = "AWS_KMS"
    multi_region: bool = False
    replicas: tuple[str, ...] = ()
    store: str | None = None
    xks_key: str | None = None
    material: bytes | None = None
    expires: datetime | None = None


class AwsKmsDouble(KmsDouble):
    """AWS KMS, with STS GetCallerIdentity and CloudTrail LookupEvents, on loopback for the length of a `with` block.

    Point any AWS SDK at `url`. Callers are known by their access key id alone; any secret will do.
    """

    def __init__(
        self,
        *,
        account: str = "111122223333",
        region: str = "eu-central-1",
        partition: str = "aws",
        callers: Sequence[Caller] = (),
        faults: Faults | None = None,
        clock: Clock | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        buyer = Caller(access_key=BUYER_ACCESS_KEY, arn=f"arn:{partition}:iam::{account}:user/buyer")
        board = FaultBoard(faults or Faults())
        self._account = Account(
            id=account,
            region=region,
            partition=partition,
            clock=clock or Clock(),
            callers=callers or [buyer],
            board=board,
        )
        self._server = LoopbackServer(application(self._account), host=host, port=port)
        super().__init__(board, self._account.log, self._server)

    @property
    def url(self) -> str:
        """What goes into `endpoint_url` of the clients for kms, sts and cloudtrail."""
        return self._server.url

    @property
    def region(self) -> str:
        """The one region it serves."""
        return self._account.region

    def admit(self, caller: Caller) -> None:
        """Let one more principal in, or replace the one with the same access key."""
        with self._account.lock:
            self._account.callers[caller.access_key] = caller

    def seed_store(self, store: CustomKeyStore) -> None:
        """Put a custom key store into the account, or replace it."""
        with self._account.lock:
            self._account.stores[store.id] = store

    def seed_key(self, seed: KeySeed) -> str:
        """Put a key with its past into the account; returns its ARN."""
        owner = seed.account or self._account.id
        policy = seed.policy or self._policy(seed, owner)
        parse_policy(policy)
        with self._account.lock:
            key = add_key(
                self._account,
                id=seed.id,
                created=seed.created,
                owner=owner,
                spec=seed.spec,
                origin=seed.origin,
                usage=seed.usage,
                policy=policy,
                manager=seed.manager,
                description=seed.description,
                multi_region=seed.multi_region or bool(seed.replicas),
                replicas=seed.replicas,
                store=seed.store,
                xks_key=seed.xks_key,
            )
            self._give_material(key, seed)
            self._give_history(key, seed)
            if seed.alias is not None:
                self._account.aliases[seed.alias] = (key.id, key.key.created)
            return key.arn

    def _policy(self, seed: KeySeed, owner: str) -> str:
        partition, region = self._account.partition, self._account.region
        if seed.manager == "AWS":
            return managed_policy(owner, partition, f"s3.{region}.amazonaws.com")
        return default_policy(owner, partition)

    def _give_material(self, key: AwsKey, seed: KeySeed) -> None:
        if seed.material is None:
            return
        first = new_material(
            self._account.clock,
            id=material_id(key.id, seed.material),
            created=key.key.created,
            secret=AesSecret(seed.material),
            imported=True,
            expires=seed.expires,
        )
        key.key.materials.append(first)
        key.key.current = first
        key.key.switch.turn(KeyState.ENABLED, Faults())

    def _give_history(self, key: AwsKey, seed: KeySeed) -> None:
        past = [(at, False) for at in seed.rotations] + [(at, True) for at in seed.on_demand_rotations]
        for at, on_demand in sorted(past):
            key.key.rotated(at, on_demand=on_demand)
        if seed.rotation_period_days is not None:
            start = max(seed.rotations, default=key.key.created)
            key.key.schedule(timedelta(days=seed.rotation_period_days), start)
