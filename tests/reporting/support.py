"""Writes real run directories from a few lines each, and reads them back as dossiers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import ConfigDict

from clauseproof.ledger.files import digest_of
from clauseproof.ledger.read import LedgerReader
from clauseproof.ledger.write import LedgerWriter
from clauseproof.model.assurance import Assurance
from clauseproof.model.facts import Facts
from clauseproof.model.finding import Finding, Outcome
from clauseproof.model.observation import Observation
from clauseproof.model.permission import Permission
from clauseproof.model.profile import ContractFile, Dataset, Grant, Population, Remedy, Untested, Waiver, Window
from clauseproof.model.run import ClaimRecord, ClauseRecord, ProfileRecord, RunRecord, SubjectRecord
from clauseproof.model.unseen import Reason, Unseen
from clauseproof.model.verdict import Because, Ruling, Verdict, WaiverNote, fold
from clauseproof.reporting.dossier import Dossier

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)


class Loose(Facts):
    """Facts of any shape."""

    model_config = ConfigDict(extra="allow")
    kind = "loose"
    ceiling = Assurance.PROVEN


def at(text: str) -> datetime:
    """`09:04:31` on the day of the run."""
    return datetime.fromisoformat(f"2026-11-24T{text}+00:00")


def finding(
    outcome: Outcome, text: str, assurance: Assurance | None, *evidence: str, about: str = "", until: str = ""
) -> Finding:
    """A finding as the engine leaves it: with its assurance and its evidence."""
    end = datetime.fromisoformat(f"{until}T00:00:00+00:00") if until else None
    return Finding(outcome, text, about, assurance, end, evidence)


@dataclass
class Script:
    """A run to be written. Clauses, looks and verdicts are added in the order a run would make them."""

    vendor: str = "Example CRM Ltd"
    buyer: str = "Acme GmbH"
    path: str = "profiles/example-crm.yaml"
    operator: str = "A. Ito, Acme GmbH"
    permission: Grant | None = None
    population: Population | None = None
    contract: tuple[ContractFile, ...] = (
        ContractFile(id="DPA", title="Data Processing Agreement", file="contract/dpa-draft-4.md", status="draft"),
    )
    datasets: dict[str, Dataset] = field(default_factory=dict)
    waivers: tuple[Waiver, ...] = ()
    subjects: dict[str, SubjectRecord] = field(default_factory=dict)
    clauses: list[ClauseRecord] = field(default_factory=list)
    looks: list[Observation] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)
    complete: bool = True
    drills: bool = False
    only: tuple[str, ...] = ()

    def subject(self, name: str, key: str, value: str, *holds: str) -> None:
        """A subject, in the profile's word for it."""
        self.subjects[name] = SubjectRecord(
            type=key.capitalize(), key=key, value=value, holds=holds, environment=None, fields={}
        )

    def clause(
        self,
        id_: str,
        title: str,
        promise: str,
        *claims: tuple[str, tuple[str, ...], str | None, dict[str, Any]],
        tier: int = 1,
        floor: Assurance = Assurance.STATED,
        untested: Mapping[str, str] | None = None,
        passage: str = "page 4",
        remedy: Remedy | None = None,
    ) -> None:
        """A clause; each claim is (kind, where, words, parameters)."""
        self.clauses.append(
            ClauseRecord(
                id=id_,
                title=title,
                promise=promise,
                contract="DPA",
                passage=passage,
                tier=tier,
                assurance=floor,
                remedy=remedy,
                claims=tuple(ClaimRecord(kind=k, where=w, words=t, params=p) for k, w, t, p in claims),
                untested=tuple(Untested(words=w, because=b) for w, b in (untested or {}).items()),
            )
        )

    def look(
        self,
        kind: str,
        subject: str,
        facts: Mapping[str, Any] | Unseen,
        when: str = "09:00:06",
        artifacts: tuple[str, ...] = (),
        calls: tuple[str, ...] = (),
        permission: Permission = Permission.CONNECT,
        way: str = "direct",
    ) -> str:
        """An observation; returns its digest."""
        result = facts if isinstance(facts, Unseen) else Loose(**facts)
        version = 0 if isinstance(facts, Unseen) else 1
        made = Observation(
            kind, version, subject, "frankfurt", at(when), 0.412, f"clauseproof.probes.{kind}", permission, result,
            calls, (), artifacts, way,
        )  # fmt: skip
        self.looks.append(made)
        return digest_of(made.encode())

    def verdict(
        self,
        clause: str,
        claim: str,
        subjects: tuple[str, ...],
        words: str | None,
        *findings: Finding,
        because: Because | None = None,
        waiver: WaiverNote | None = None,
    ) -> Verdict:
        """A verdict, folded as the engine folds it."""
        record = next((c for c in self.clauses if c.id == clause), None)
        ruling, assurance = fold(findings, record.assurance if record else Assurance.STATED)
        if because is not None:
            ruling, assurance = Ruling.NOT_TESTED, None
        waived_from = ruling if waiver is not None and not waiver.expired else None
        made = Verdict(
            clause, claim, subjects, words, record.tier if record else 2,
            ruling if waived_from is None else Ruling.WAIVED, assurance, findings, because, waiver, waived_from,
        )  # fmt: skip
        self.verdicts.append(made)
        return made

    def record(self) -> RunRecord:
        """The run as `run.json` has it."""
        profile = ProfileRecord(
            path=self.path,
            sha256="ab" * 32,
            buyer=self.buyer,
            vendor=self.vendor,
            contract=self.contract,
            permission=self.permission,
            population=self.population,
            datasets=self.datasets,
            subjects=self.subjects,
            clauses=tuple(self.clauses),
            waivers=self.waivers,
        )
        allowed = (Permission.CONNECT, Permission.OWN_ACCOUNT, *(self.permission.allows if self.permission else ()))
        return RunRecord(
            id="20261124T090000Z-5f3a9c1e",
            started=NOW,
            finished=NOW + timedelta(minutes=31),
            complete=self.complete,
            now=NOW,
            clauseproof="0.1.0",
            operator=self.operator,
            vantages=("frankfurt",),
            permission=allowed,
            drills=self.drills,
            only=self.only,
            profile=profile,
            files={self.path: "sha256:" + "ab" * 32, "contract/dpa-draft-4.md": "sha256:" + "cd" * 32},
            checks={"transit.py": "12" * 32, "keys.py": "34" * 32},
            atlas="sha256:" + "56" * 32,
            tls_anchors=(),
            hsm_anchors=(),
            previous=None,
        )

    def write(self, directory: Path) -> LedgerReader:
        """The run directory, as a reader sees it."""
        writer = LedgerWriter.create(directory, self.record())
        for look in self.looks:
            writer.observe(look)
        for verdict in self.verdicts:
            writer.verdict(verdict)
        return LedgerReader.open(directory)

    def dossier(self, directory: Path) -> Dossier:
        """What reports are drawn from."""
        return Dossier.read(self.write(directory))


def simple(
    text: str = "192.0.2.7 accepted TLS 1.2", outcome: Outcome = Outcome.BROKEN, *, way: str = "direct", **of: Any
) -> Script:
    """One clause with one claim on one endpoint, and one finding of this outcome and text."""
    script = Script(**of)
    script.subject("api", "endpoint", "https://api.crm.example")
    claim = ("tls-floor", ("api",), "TLS 1.3 or higher", {"at_least": "TLS1.3"})
    script.clause("DPA 4.2", "Encryption in transit", "TLS 1.3 or higher shall be used for every connection.", claim)
    digest = script.look("tls.offers", "api", {"accepted": ["TLS 1.2", "TLS 1.3"]}, way=way)
    assurance = Assurance.OBSERVED if outcome in (Outcome.BROKEN, Outcome.HOLDS) else None
    script.verdict("DPA 4.2", "tls-floor", ("api",), "TLS 1.3 or higher", finding(outcome, text, assurance, digest))
    return script


def denied(text: str, remedy: str) -> Unseen:
    """A look that was refused."""
    return Unseen(reason=Reason.DENIED, text=text, remedy=remedy)


def window(first: str, last: str) -> Window:
    """The days of a permission."""
    return Window.model_validate({"from": date.fromisoformat(first), "to": date.fromisoformat(last)})
