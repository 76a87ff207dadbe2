"""Keys: who controls them, what they are made of, how they rotate. One family of facts for every provider."""

import enum
import re
from typing import Annotated, Any, ClassVar, Self

from pydantic import AfterValidator, AwareDatetime, Field, model_validator

from clauseproof.facts.datapath import DataPath
from clauseproof.facts.drillshape import DrillShape
from clauseproof.facts.latencyshape import LatencyShape
from clauseproof.facts.weburl import WebUrl
from clauseproof.model.assurance import Assurance
from clauseproof.model.facts import Facts
from clauseproof.model.frozen import Frozen
from clauseproof.model.subject import Subject

_ARN = re.compile(r"arn:aws[a-z-]{0,20}:kms:[a-z0-9-]{4,32}:\d{12}:(key|alias)/[A-Za-z0-9/_-]{1,256}")


def _key_arn(value: str) -> str:
    if not _ARN.fullmatch(value):
        raise ValueError(f"{value!r} is no ARN of a key; write arn:<partition>:kms:<region>:<12 digits>:key/<key id>")
    return value


class CloudKey(Subject):
    """A key of any provider's: what looks at keys need not know which.

    Attributes:
        data_path: how to read a record that the vendor keeps under this key.
        drill: how fast and how long a drill looks.
        latency: how often the data path is read to see how fast it is, and against what.
    """

    data_path: DataPath | None = None
    drill: DrillShape = DrillShape()
    latency: LatencyShape = LatencyShape()

    def hosts(self) -> tuple[str, ...]:
        """The data path's host; the key service is asked in the buyer's own account."""
        return () if self.data_path is None else (self.data_path.host,)

    @model_validator(mode="after")
    def _compares_two_records(self) -> Self:
        other = self.latency.baseline
        if self.data_path is not None and other is not None and self.data_path.asks_the_same_as(other):
            raise ValueError("latency.baseline reads the same record as data_path; name one without the customer's key")
        return self


class AwsKey(CloudKey):
    """A key of AWS KMS in the buyer's account. Credentials come from AWS's default chain, never from a profile.

    `HTTPS_PROXY` and `NO_PROXY` of the environment count on the way to AWS, and the observation names the proxy.

    Attributes:
        arn: written as `key`; the key's own ARN, of any partition (`aws`, `aws-eusc`, `aws-cn`, ...). An alias is
            accepted here and explained by the look: what it points to can change while the contract lasts.
        endpoint_url: another KMS endpoint than the region's own; http on this machine only.
        profile: name of a profile in AWS's configuration files.
    """

    key: ClassVar[str] = "key"

    arn: Annotated[str, AfterValidator(_key_arn)] = Field(alias="key")
    endpoint_url: WebUrl | None = None
    profile: str | None = Field(default=None, min_length=1, max_length=128)

    @classmethod
    def accepts(cls, value: str) -> bool:
        """Whether it is an ARN of AWS KMS, in any partition."""
        return re.match(r"arn:aws[a-z-]*:kms:", value) is not None

    @property
    def partition(self) -> str:
        """`aws`, `aws-eusc`, ...: from the ARN, since partitions share host name suffixes."""
        return self.arn.split(":")[1]

    @property
    def region(self) -> str:
        """The region, from the ARN."""
        return self.arn.split(":")[3]

    @property
    def account(self) -> str:
        """The account in the ARN, 12 digits."""
        return self.arn.split(":")[4]

    @property
    def is_alias(self) -> bool:
        """Whether the ARN names an alias instead of a key."""
        return self.arn.split(":", 5)[5].startswith("alias/")


class Provider(enum.StrEnum):
    """Whose service the key lives in."""

    AWS = "aws"
    GOOGLE = "google"
    AZURE = "azure"
    KEY_SERVICE = "key-service"
    """The buyer's own: no control plane can be asked, and what stands in its place is what its log shows."""


class Manager(enum.StrEnum):
    """Who manages the key."""

    CUSTOMER = "customer"
    PROVIDER = "provider"
    UNKNOWN = "unknown"


class Origin(enum.StrEnum):
    """Where the key's material comes from and is held: the custody mode."""

    PROVIDER_MADE = "provider-made"
    IMPORTED = "imported"
    EXTERNAL_KEY_STORE = "external-key-store"
    """Outside the provider, asked for each operation: AWS XKS, Google EKM."""
    HSM_CLUSTER = "hsm-cluster"
    """An HSM cluster of the customer's at the provider: AWS CloudHSM key store."""
    SINGLE_TENANT_HSM = "single-tenant-hsm"
    FETCHED = "fetched"
    """In a key service of the customer's own, which hands it to the provider; the provider may keep it for a while."""
    OPENS_DATA_KEYS = "opens-data-keys"
    """In one that hands out data keys only, opened with it. That is the profile's word: no log of fetches shows it."""
    UNKNOWN = "unknown"


class KeyState(enum.StrEnum):
    """What the control plane says the key may do."""

    ENABLED = "enabled"
    DISABLED = "disabled"
    PENDING_DELETION = "pending-deletion"
    PENDING_IMPORT = "pending-import"
    UNAVAILABLE = "unavailable"
    """Its key store cannot be reached."""
    DESTROYED = "destroyed"
    """Its name is left, its material is not."""
    OTHER = "other"


class Usage(enum.StrEnum):
    """What the key is for."""

    ENCRYPT_DECRYPT = "encrypt-decrypt"
    SIGN_VERIFY = "sign-verify"
    MAC = "mac"
    KEY_AGREEMENT = "key-agreement"
    OTHER = "other"


class Protection(enum.StrEnum):
    """What guards the material, where the provider's API says."""

    SOFTWARE = "software"
    HSM = "hsm"
    SINGLE_TENANT_HSM = "single-tenant-hsm"
    EXTERNAL = "external"


class Custody(Facts):
    """Who owns and manages a key and what it is made of, in the words of the provider's control plane.

    Attributes:
        target: the provider's full name of the key, as the provider gave it back.
        owner: AWS account id, Google project, Azure tenant; of the buyer's own key service what the profile says.
        spec: the provider's word for its algorithm and size, such as `SYMMETRIC_DEFAULT`.
        created: None where nobody tells.
        store: id of the custom or external key store; None where there is none.
        replicas: the other regions that hold a copy of the material; None where the provider's API does not say.
        protection: None where the provider's API does not say (AWS).
        material_expires: when imported material is deleted; None where it is not.
        deletion: when a key pending deletion will be deleted.
    """

    kind = "keys.custody"
    version = 2
    ceiling = Assurance.REPORTED

    provider: Provider
    target: str
    owner: str
    manager: Manager
    origin: Origin
    state: KeyState
    usage: Usage
    spec: str
    created: AwareDatetime | None
    partition: str
    region: str
    multi_region: bool
    replicas: tuple[str, ...] | None
    store: str | None
    protection: Protection | None
    material_expires: AwareDatetime | None
    deletion: AwareDatetime | None

    @classmethod
    def upgrade(cls, written: int, data: dict[str, Any]) -> dict[str, Any]:
        """Version 1 knew the date of every key."""
        return data if written == 1 else super().upgrade(written, data)


class Schedule(enum.StrEnum):
    """Whether the provider rotates by itself."""

    ON = "on"
    OFF = "off"
    UNSUPPORTED = "unsupported"
    """This kind of key cannot rotate by itself."""


class RotationEvent(Frozen):
    """One rotation that happened.

    Attributes:
        automatic: by the schedule; False for one that somebody asked for; None where the provider does not say.
        material: the provider's id of the material that came into use; None where it does not say.
    """

    at: AwareDatetime
    automatic: bool | None
    material: str | None


class Rotation(Facts):
    """Rotation as the control plane tells it: the schedule, and what really happened.

    Attributes:
        period_days: the schedule's period; None where there is none.
        next_due: the schedule's next date.
        underway_since: when a rotation asked for was begun, while it is not completed.
        events: oldest first; None where this kind of key keeps no list.
    """

    kind = "keys.rotation"
    ceiling = Assurance.REPORTED

    schedule: Schedule
    period_days: float | None
    next_due: AwareDatetime | None
    underway_since: AwareDatetime | None
    events: tuple[RotationEvent, ...] | None

    @property
    def last(self) -> RotationEvent | None:
        """The newest rotation; None where none is known."""
        return self.events[-1] if self.events else None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        dates = [event.at for event in self.events or ()]
        if dates != sorted(dates):
            raise ValueError("rotations stand oldest first")
        return self
