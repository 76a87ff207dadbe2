"""The runs of one profile in one folder: each names its predecessor's manifest."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Protocol

from pydantic import AwareDatetime, BaseModel, ValidationError

from clauseproof.ledger import layout
from clauseproof.ledger.audit import Audit, NotDone
from clauseproof.ledger.files import read_bounded, sha256_bounded
from clauseproof.ledger.manifest import profile_identity
from clauseproof.ledger.verification import Problem, ProblemKind
from clauseproof.model.errors import LedgerError
from clauseproof.model.run import RunRecord

MAX_RUNS = 100_000


class Named(Protocol):
    """What a profile is recognised by: a `Profile`, its record, or the head of a `run.json`."""

    @property
    def buyer(self) -> str: ...  # noqa: D102
    @property
    def vendor(self) -> str: ...  # noqa: D102
    @property
    def path(self) -> str: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Link:
    """A finished run as a link of the chain; nothing of it is verified."""

    directory: Path
    run: str
    started: datetime
    previous: str | None

    def manifest(self) -> str:
        """`sha256:` digest of its manifest; LedgerError if it cannot be read."""
        path = self.directory / layout.MANIFEST
        return f"sha256:{sha256_bounded(path, layout.limit_of(layout.MANIFEST) or 0)}"


def links(folder: Path, profile: Named) -> list[Link]:
    """Finished runs of a profile in a folder, oldest first; re-judgements and what cannot be read are left out."""
    found = [link for path in islice(_directories(folder), MAX_RUNS) if (link := _link(path, _identity(profile)))]
    return sorted(found, key=lambda link: (link.started, link.run))


def previous(folder: Path, profile: Named) -> str | None:
    """What a new run of this profile in this folder must name as `RunRecord.previous`."""
    found = links(folder, profile)
    return found[-1].manifest() if found else None


def newest(audit: Audit) -> Iterator[Problem]:
    """No run of the same profile in the folder is later than this one, or says that it follows it."""
    if audit.newest_of is None:
        raise NotDone("no folder of runs was given: a later run may exist")
    record = audit.must_have_recorded().record
    if record.judged_from is not None:
        raise NotDone("a re-judgement stands beside the chain of runs")
    others = [link for link in links(audit.newest_of, record.profile) if link.run != record.id]
    for link in others:
        if link.previous is not None and link.previous == audit.manifest:
            yield Problem(
                ProblemKind.NOT_NEWEST, link.run, f"this run in {link.directory.name} follows the one verified"
            )
        elif link.started > record.started:
            yield Problem(ProblemKind.NOT_NEWEST, link.run, f"this run in {link.directory.name} started later")
    audit.note = _predecessor(record, others)


def _predecessor(record: RunRecord, others: list[Link]) -> str:
    if record.previous is None:
        return "it names no predecessor"
    here = any(link.manifest() == record.previous for link in others)
    return "its predecessor is here" if here else f"its predecessor {record.previous} is not in the folder"


class _Profile(BaseModel):
    path: str
    buyer: str
    vendor: str


class _Head(BaseModel):
    """The part of `run.json` that places a run in the chain; thousands are read when a run begins."""

    id: str
    started: AwareDatetime
    profile: _Profile
    previous: str | None
    judged_from: dict[str, str | None] | None = None


def _identity(profile: Named) -> list[str]:
    return profile_identity(profile.buyer, profile.vendor, profile.path)


def _directories(folder: Path) -> Iterator[Path]:
    try:
        yield from (path for path in folder.iterdir() if path.is_dir() and not path.is_symlink())
    except FileNotFoundError:
        return
    except OSError as error:
        raise LedgerError(
            f"{folder} cannot be listed: {error.strerror}", "name the folder that holds the runs"
        ) from error


def _link(directory: Path, identity: list[str]) -> Link | None:
    if not (directory / layout.MANIFEST).is_file():
        return None
    try:
        head = _Head.model_validate_json(read_bounded(directory / layout.RUN, layout.limit_of(layout.RUN) or 0))
    except (LedgerError, ValidationError):
        return None
    if head.judged_from is not None or _identity(head.profile) != identity:
        return None
    return Link(directory, head.id, head.started, head.previous)
