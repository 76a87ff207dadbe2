"""A run as it is written down: everything a reader needs without the profile's own files or this program's classes.

`run.json` is a `RunRecord`. Digests are `sha256:<hex>` of files under `artifacts/`.
"""

from datetime import datetime

from pydantic import JsonValue

from clauseproof.model.assurance import AssuranceField
from clauseproof.model.frozen import Frozen
from clauseproof.model.permission import Permission
from clauseproof.model.profile import ContractFile, Dataset, Grant, Population, Remedy, Untested, Waiver


class SubjectRecord(Frozen):
    """A subject as the profile described it: its class, the profile's word, the value beside it, all other fields."""

    type: str
    key: str
    value: str
    holds: tuple[str, ...]
    environment: str | None
    fields: dict[str, JsonValue]


class ClaimRecord(Frozen):
    """A claim as the profile used it; `params` are all fields of the claim, defaults included."""

    kind: str
    where: tuple[str, ...]
    words: str | None
    params: dict[str, JsonValue]


class ClauseRecord(Frozen):
    """A clause with the contract's words, where they were found, its claims and the words nobody tests."""

    id: str
    title: str
    promise: str
    contract: str
    passage: str
    tier: int
    assurance: AssuranceField
    remedy: Remedy | None
    claims: tuple[ClaimRecord, ...]
    untested: tuple[Untested, ...]


class ProfileRecord(Frozen):
    """The profile of a run."""

    path: str
    sha256: str
    buyer: str
    vendor: str
    contract: tuple[ContractFile, ...]
    permission: Grant | None
    population: Population | None
    datasets: dict[str, Dataset]
    subjects: dict[str, SubjectRecord]
    clauses: tuple[ClauseRecord, ...]
    waivers: tuple[Waiver, ...]


class JudgedFrom(Frozen):
    """The recorded run whose observations a re-judgement used."""

    run: str
    manifest: str | None


class RunRecord(Frozen):
    """One run, or one re-judgement of a run.

    Attributes:
        finished: None while it runs and for ever where it was killed.
        complete: False while it runs, and where it was interrupted.
        now: the time the verdicts speak of; `started`, or the date asked for.
        permission: classes of looks the profile allowed at that time.
        drills: whether drills were asked for.
        only: clauses or claims the run was restricted to; empty for all.
        files: digest of every file read from the profile's side, the profile itself included, by relative name.
        checks: hex SHA-256 of every check file that judged, by name.
        atlas: digest of the jurisdictions used.
        tls_anchors, hsm_anchors: digests of PEM files trusted.
        dnssec_anchors: digests of files with DS or DNSKEY records trusted; empty in runs of before they were.
        previous: digest of the manifest of the previous run of the same profile in the same folder.
    """

    format: int = 1
    id: str
    started: datetime
    finished: datetime | None
    complete: bool
    now: datetime
    clauseproof: str
    operator: str
    vantages: tuple[str, ...]
    permission: tuple[Permission, ...]
    drills: bool
    only: tuple[str, ...]
    profile: ProfileRecord
    files: dict[str, str]
    checks: dict[str, str]
    atlas: str | None
    tls_anchors: tuple[str, ...]
    hsm_anchors: tuple[str, ...]
    previous: str | None
    judged_from: JudgedFrom | None = None
    dnssec_anchors: tuple[str, ...] = ()
