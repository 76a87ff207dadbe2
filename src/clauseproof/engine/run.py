"""One run of one profile, the same for every door: plan, observe, judge, record."""

import getpass
import secrets as random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from clauseproof.engine.events import Events, Silent
from clauseproof.engine.journal import FileJournal
from clauseproof.engine.judge import Court, Judge, left_out
from clauseproof.engine.loading import CheckFile
from clauseproof.engine.observe import Limits, Observer
from clauseproof.engine.permit import Gate
from clauseproof.engine.plan import Item, Plan, build_plan, items_of
from clauseproof.engine.registry import Registry
from clauseproof.engine.snapshot import profile_record
from clauseproof.engine.unfinished import refuse_open, refuse_overdue
from clauseproof.engine.workshop import Files, Workshop
from clauseproof.ledger.chain import previous
from clauseproof.ledger.keys import Signer
from clauseproof.ledger.read import LedgerReader
from clauseproof.ledger.write import LedgerWriter
from clauseproof.model.case import TrustAnchors
from clauseproof.model.errors import ProfileError
from clauseproof.model.jurisdiction import Atlas
from clauseproof.model.pace import Pace
from clauseproof.model.profile import Profile
from clauseproof.model.run import RunRecord
from clauseproof.model.verdict import Verdict


@dataclass(frozen=True)
class Setting:
    """What a run is about and what it can do.

    Attributes:
        base: the folder that relative names in the profile start from.
        copies: bytes of the files that reading the profile needed, by name; the run keeps them.
        atlas_source: the bytes the atlas was read from; kept, so that the run can be judged again without them.
        state: folder of the drill journals.
    """

    profile: Profile
    registry: Registry
    check_files: tuple[CheckFile, ...]
    files: Files
    base: Path
    copies: Mapping[str, bytes]
    atlas: Atlas
    atlas_source: bytes
    anchors: TrustAnchors
    state: Path
    version: str


@dataclass(frozen=True)
class Options:
    """What the user asked of one run."""

    directory: Path
    drills: bool = False
    only: tuple[str, ...] = ()
    vantage: str = "local"
    operator: str | None = None
    now: datetime | None = None
    limits: Limits = field(default_factory=Limits)
    pace: Pace = field(default_factory=Pace)


@dataclass(frozen=True)
class Kept:
    """Digests of the inputs that a run has copied."""

    files: Mapping[str, str] = field(default_factory=dict)
    atlas: str | None = None
    tls: tuple[str, ...] = ()
    hsm: tuple[str, ...] = ()
    dnssec: tuple[str, ...] = ()


@dataclass
class Run:
    """A run under way. `begin`, then a verdict per item, then `finish`; `stop` at any time before that."""

    setting: Setting
    options: Options
    events: Events = field(default_factory=Silent)

    def __post_init__(self) -> None:
        self.started = self.options.now or datetime.now(UTC)
        self.gate = Gate(self.setting.profile.permission, self.started, self.options.drills)
        self.id = f"{self.started:%Y%m%dT%H%M%SZ}-{random.token_hex(4)}"
        self.verdicts: list[Verdict] = []
        self.interrupted = False
        self._kept = Kept()
        self._read: dict[str, str] = {}
        self._previous = previous(self.options.directory.parent, profile_record(self.setting.profile))
        self._judged: set[int] = set()

    def begin(self, chosen: Iterable[Item] | None = None) -> Plan:
        """Plan, open the run directory and start looking; JournalOpen if an earlier drill is not restored yet."""
        if self.options.drills:
            refuse_open(self.setting.state)
        if chosen is None:
            chosen = only(items_of(self.setting.profile, self.setting.registry), self.options.only)
        vantages = (self.options.vantage,)
        self.plan = build_plan(self.setting.profile, self.setting.registry, self.gate, chosen=chosen, vantages=vantages)
        if self.options.drills:
            refuse_overdue(self.setting.state, self.plan, self.started)
        self.ledger = LedgerWriter.create(self.options.directory, self._record(complete=False))
        self._kept = keep(self.setting, self.ledger)
        self.ledger.update(self._record(complete=False))
        self.events.planned(self.plan)
        self.observer = self._observer()
        self.judge = Judge(self.plan, self.ledger.reader(), self._court())
        self.observer.start()
        return self.plan

    def verdict(self, item: Item) -> Verdict:
        """Wait for what an item needs, judge it, record the verdict."""
        self.observer.wait(self.plan.wanted(item))
        self._judged.add(id(item))
        return self.add(self.judge.verdict(item))

    def judge_all(self) -> None:
        """Wait for all looks, then judge every item of the plan."""
        self.observer.wait()
        self.judge_seen()

    def judge_seen(self) -> None:
        """Judge every item that has no verdict yet from what is on record by now."""
        for item in self.plan.items:
            if id(item) not in self._judged:
                self._judged.add(id(item))
                self.add(self.judge.verdict(item))
        for item in self.plan.left_out:
            self.add(left_out(item))
        self.events.judged(len(self.verdicts))

    def add(self, verdict: Verdict) -> Verdict:
        """Record a verdict, such as that of a marked plain test."""
        self.ledger.verdict(verdict)
        self.verdicts.append(verdict)
        return verdict

    def stop(self) -> None:
        """End early: what is under way is not run, a drill restores first."""
        self.interrupted = True
        self.observer.stop()

    def finish(self, signer: Signer | None, render: Callable[[LedgerReader], bytes] | None = None) -> str:
        """Close the run: results, report, signed manifest. Returns the manifest's digest."""
        record = self._record(complete=not self.interrupted, finished=self.options.now or datetime.now(UTC))
        self.ledger.update(record)
        report = render(LedgerReader.open(self.options.directory)) if render is not None else None
        digest = self.ledger.finish(record, signer, report)
        self.events.recorded(str(self.options.directory))
        return digest

    def _observer(self) -> Observer:
        setting = self.setting
        workshop = Workshop(
            setting.profile,
            self.gate,
            setting.files,
            setting.base,
            self.ledger.artifact,
            self.events,
            self._read,
            self.options.pace,
            permitted_until=self._permitted_until(),
        )
        folders = {str(file.path.parent.resolve()) for file in setting.check_files}
        journal = FileJournal(setting.state, setting.registry.undoes, tuple(sorted(folders)))
        return Observer(self.plan, self.ledger, workshop, self.events, journal, self.options.limits)

    def _permitted_until(self) -> datetime | None:
        """By this machine's clock, which a run of another time than now does not go by."""
        until, given = self.gate.until, self.options.now
        return until if until is None or given is None else datetime.now(UTC) + (until - given)

    def _court(self) -> Court:
        return Court(self.started, self.setting.atlas, self.setting.anchors)

    def _record(self, *, complete: bool, finished: datetime | None = None) -> RunRecord:
        setting, options = self.setting, self.options
        return RunRecord(
            id=self.id,
            started=self.started,
            finished=finished,
            complete=complete,
            now=self.started,
            clauseproof=setting.version,
            operator=options.operator or setting.profile.operator or getpass.getuser(),
            vantages=(options.vantage,),
            permission=self.gate.classes,
            drills=options.drills,
            only=options.only,
            profile=profile_record(setting.profile),
            files={**self._kept.files, **self._read},
            checks={file.name: file.sha256 for file in setting.check_files},
            atlas=self._kept.atlas,
            tls_anchors=self._kept.tls,
            hsm_anchors=self._kept.hsm,
            previous=self._previous,
            judged_from=None,
            dnssec_anchors=self._kept.dnssec,
        )


def keep(setting: Setting, ledger: LedgerWriter) -> Kept:
    """Copy into a run what judging it again will need: the profile and its contract, the atlas, the trust anchors."""
    return Kept(
        files={name: ledger.artifact(data) for name, data in setting.copies.items()},
        atlas=ledger.artifact(setting.atlas_source),
        tls=tuple(ledger.artifact(pem) for pem in setting.anchors.tls),
        hsm=tuple(ledger.artifact(pem) for pem in setting.anchors.hsm),
        dnssec=tuple(ledger.artifact(records) for records in setting.anchors.dnssec),
    )


def only(items: Iterable[Item], words: tuple[str, ...]) -> list[Item]:
    """The items a user chose by clause id, claim kind or title; all if `words` is empty; ProfileError for no match."""
    every = list(items)
    for word in words:
        if not any(word in (item.clause.id, item.use.kind, item.title) for item in every):
            known = ", ".join(dict.fromkeys(item.clause.id for item in every))
            raise ProfileError(f"--only {word} matches no clause and no claim of the profile", f"its clauses: {known}")
    if not words:
        return every
    return [item for item in every if {item.clause.id, item.use.kind, item.title} & set(words)]
