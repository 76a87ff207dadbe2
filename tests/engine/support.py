"""Builds plans, gates and runs over the tiny house."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path

from clauseproof.engine.events import Silent
from clauseproof.engine.judge import Court, Judge
from clauseproof.engine.observe import Observer
from clauseproof.engine.permit import Gate
from clauseproof.engine.plan import Plan, build_plan
from clauseproof.engine.registry import Registry
from clauseproof.engine.workshop import Workshop
from clauseproof.model.assurance import Assurance
from clauseproof.model.case import TrustAnchors
from clauseproof.model.claim import Claim
from clauseproof.model.facts import Facts
from clauseproof.model.jurisdiction import Atlas
from clauseproof.model.observation import Observation
from clauseproof.model.permission import Permission
from clauseproof.model.profile import ClaimUse, Clause, ContractFile, Grant, Place, Profile, Waiver, Window
from clauseproof.model.subject import Subject
from tests.engine import house

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)


def registry() -> Registry:
    """The tiny house, scanned."""
    made = Registry()
    made.scan(house)
    return made


def use(kind: str, claim: Claim, *where: str, words: str | None = None) -> ClaimUse:
    """A claim on some counters."""
    return ClaimUse(kind, claim, where, words, Place("p.yaml", 1, 1))


def profile(
    counters: Mapping[str, Subject],
    claims: Iterable[ClaimUse],
    *,
    floor: Assurance = Assurance.STATED,
    grant: Grant | None = None,
    waivers: tuple[Waiver, ...] = (),
) -> Profile:
    """One clause, `C 1`, with some claims."""
    clause = Clause("C 1", "Counting", "It counts.", 1, tuple(claims), Place("p.yaml", 1, 1), assurance=floor)
    return Profile(
        path="p.yaml",
        sha256="0" * 64,
        buyer="Buyer",
        vendor="Vendor",
        contract=(ContractFile(id="C", file="c.md"),),
        subjects=counters,
        clauses=(clause,),
        permission=grant,
        waivers=waivers,
    )


def grant(*allows: Permission, hosts: tuple[str, ...] = (), last: date = date(2026, 11, 30)) -> Grant:
    """A permission of November 2026."""
    window = Window.model_validate({"from": "2026-11-01", "to": last})
    return Grant(granted_by="V. Endor", valid=window, hosts=hosts, allows=allows)


class Lines:
    """A ledger in memory: observations written, lines read back."""

    def __init__(self) -> None:
        self.observations: list[Observation] = []

    def observe(self, observation: Observation) -> str:
        """Keep it; the digest is its number."""
        self.observations.append(observation)
        return f"sha256:{len(self.observations):064x}"

    def line(self, kind: str, subject: str, vantage: str) -> "MemoryLine | None":
        """The observation of one look."""
        for number, seen in enumerate(self.observations, 1):
            if (seen.kind, seen.subject, seen.vantage) == (kind, subject, vantage):
                return MemoryLine(seen, f"sha256:{number:064x}")
        return None


class MemoryLine:
    """One observation as a line."""

    def __init__(self, seen: Observation, digest: str) -> None:
        self.version, self.at, self.digest = seen.version, seen.at, digest
        self.seen = isinstance(seen.result, Facts)
        self.data = seen.result.model_dump(mode="json")


class NoFiles:
    """There are no files."""

    def read(self, name: str, limit: int) -> bytes:
        """Never finds one."""
        raise FileNotFoundError(2, "No such file or directory")


def workshop(made: Profile, gate: Gate, tmp: Path) -> Workshop:
    """Looks without files, secrets or artifacts."""
    return Workshop(made, gate, NoFiles(), tmp, lambda data: f"sha256:{len(data)}")


def observe(made: Profile, tmp: Path, *, drills: bool = False, journal: object = None) -> tuple[Plan, Lines, Observer]:
    """Plan, look, and return what was recorded."""
    gate = Gate(made.permission, NOW, drills)
    plan, lines = build_plan(made, registry(), gate), Lines()
    observer = Observer(plan, lines, workshop(made, gate, tmp), Silent(), journal)  # type: ignore[arg-type]
    observer.start()
    observer.wait()
    return plan, lines, observer


def judge(plan: Plan, lines: Lines, now: datetime = NOW) -> Judge:
    """A judge over what was recorded."""
    return Judge(plan, lines, Court(now, Atlas(()), TrustAnchors()))
