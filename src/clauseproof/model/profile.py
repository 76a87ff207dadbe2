"""What was promised, about which deployment, and what may be tried. Read and validated by the profile room."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from pydantic import Field

from clauseproof.model.assurance import Assurance
from clauseproof.model.claim import Claim
from clauseproof.model.frozen import Frozen
from clauseproof.model.jurisdiction import JurisdictionName
from clauseproof.model.permission import Permission
from clauseproof.model.subject import Subject
from clauseproof.model.units import Day, day_ends, day_starts


class ContractFile(Frozen):
    """One document of the contract, highest precedence first in the profile.

    Attributes:
        file: path relative to the profile; Markdown, text or PDF.
        status: `draft` until it is signed.
    """

    id: str
    title: str = ""
    file: str
    status: Literal["draft", "in force"] = "in force"
    from_: Day | None = Field(default=None, alias="from")


class Window(Frozen):
    """From the first instant of one day to 24:00 UTC of another."""

    from_: Day = Field(alias="from")
    to: Day

    def covers(self, when: datetime) -> bool:
        """Whether an instant lies inside."""
        return day_starts(self.from_) <= when < day_ends(self.to)


class Grant(Frozen):
    """Who allowed which looks at which hosts, when.

    Attributes:
        hosts: host names, `*.suffix` patterns, addresses or networks in CIDR form.
        allows: classes of looks beyond those that need no leave.
    """

    granted_by: str
    file: str | None = None
    valid: Window
    hosts: tuple[str, ...] = ()
    allows: tuple[Permission, ...]


class Network(Frozen):
    """How looks reach the network, where the defaults do not do.

    Attributes:
        resolvers: addresses of recursive or authoritative servers, `192.0.2.53` or `127.0.0.1:5353`.
        ca_file: PEM of additional trust anchors for TLS, relative to the profile.
    """

    resolvers: tuple[str, ...] = ()
    ca_file: str | None = None


class Sources(Frozen):
    """Files that say where an address is, relative to the profile: providers' ranges, RFC 8805 feeds, an MMDB."""

    ranges: tuple[str, ...] = ()
    geofeeds: tuple[str, ...] = ()
    countries: str | None = None


class Anchors(Frozen):
    """Trust anchors, as files relative to the profile.

    Attributes:
        hsm: PEM of roots for hardware attestations, beyond the pinned ones.
        dnssec: DS or DNSKEY records as a master file has them, in place of IANA's for the root.
    """

    hsm: tuple[str, ...] = ()
    dnssec: tuple[str, ...] = ()


class Population(Frozen):
    """Who says that the list of subjects is complete, and in which document."""

    listed_by: str
    source: str | None = None


class Dataset(Frozen):
    """Data the vendor holds for the buyer; impact and exposure from 1 to 5."""

    classification: str
    regulation: tuple[str, ...] = ()
    must_stay_in: JurisdictionName | None = None
    impact: int | None = Field(default=None, ge=1, le=5)
    exposure: int | None = Field(default=None, ge=1, le=5)


class Remedy(Frozen):
    """What the contract grants when the promise is broken."""

    credit: str
    per: str
    cap: str | None = None


class Untested(Frozen):
    """Words of a promise that nobody tests, and why."""

    words: str
    because: str


class Waiver(Frozen):
    """An accepted deviation: a clause, or one claim kind of it, until the end of a day."""

    clause: str
    claim: str | None = None
    reason: str
    approver: str
    expires: Day

    def expired(self, now: datetime) -> bool:
        """Whether it ended: it lasts until 24:00 UTC of its day."""
        return now >= day_ends(self.expires)


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands in a profile; line and column from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True)
class ClaimUse:
    """A claim as the profile uses it: on which subjects, testing which words."""

    kind: str
    claim: Claim
    where: tuple[str, ...]
    words: str | None
    place: Place


@dataclass(frozen=True)
class Clause:
    """A numbered promise.

    Attributes:
        promise: the contract's words.
        contract: id of the contract document they were found in.
        passage: where in that document, such as `page 4` or `line 31`.
        tier: weight from 1 (heaviest) to 3.
        assurance: the floor that a satisfied verdict must reach.
    """

    id: str
    title: str
    promise: str
    tier: int
    claims: tuple[ClaimUse, ...]
    place: Place
    contract: str = ""
    passage: str = ""
    assurance: Assurance = Assurance.STATED
    remedy: Remedy | None = None
    untested: tuple[Untested, ...] = ()


@dataclass(frozen=True)
class Profile:
    """One vendor deployment, validated.

    Attributes:
        path: the file as the user named it.
        sha256: hex digest of its bytes.
        files: digest (`sha256:<hex>`) of every file that reading the profile itself needed, by profile-relative name.
    """

    path: str
    sha256: str
    buyer: str
    vendor: str
    contract: tuple[ContractFile, ...]
    subjects: Mapping[str, Subject]
    clauses: tuple[Clause, ...]
    operator: str | None = None
    permission: Grant | None = None
    network: Network = field(default_factory=Network)
    sources: Sources = field(default_factory=Sources)
    anchors: Anchors = field(default_factory=Anchors)
    population: Population | None = None
    datasets: Mapping[str, Dataset] = field(default_factory=dict)
    waivers: tuple[Waiver, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
