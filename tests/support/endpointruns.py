"""One claim on one endpoint, through the engine with everything that comes with clauseproof: looked at and judged."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from clauseproof.doors.assembly import load
from clauseproof.engine.events import Silent
from clauseproof.engine.judge import Court, Judge
from clauseproof.engine.observe import Observer
from clauseproof.engine.permit import Gate
from clauseproof.engine.plan import build_plan
from clauseproof.engine.registry import Registry
from clauseproof.engine.workshop import Workshop
from clauseproof.facts.endpoint import Endpoint
from clauseproof.model.case import TrustAnchors
from clauseproof.model.jurisdiction import Atlas, Jurisdiction, Member
from clauseproof.model.observation import Observation
from clauseproof.model.permission import Permission
from clauseproof.model.profile import Grant, Sources, Window
from clauseproof.model.verdict import Verdict
from tests.engine.support import Lines, profile, use


class Beside:
    """The files of a folder."""

    def __init__(self, folder: Path) -> None:
        self.read: Callable[[str, int], bytes] = lambda name, limit: (folder / name).read_bytes()


@cache
def everything() -> Registry:
    return load()[0]


@dataclass(frozen=True)
class Judged:
    """A verdict and what it rests on."""

    verdict: Verdict
    observations: tuple[Observation, ...]

    @property
    def ruling(self) -> str:
        return str(self.verdict.ruling)

    @property
    def text(self) -> str:
        return "\n".join(finding.text for finding in self.verdict.findings)


def judged(
    endpoint: Endpoint,
    kind: str,
    folder: Path,
    roots: tuple[bytes, ...] = (),
    *,
    tier: int = 2,
    scan: bool = True,
    sources: Sources | None = None,
    **params: object,
) -> Judged:
    """The verdict of one claim; `roots` are PEM files, the public ones last."""
    now = datetime.now(UTC)
    window = Window.model_validate({"from": "2026-01-01", "to": "2099-12-31"})
    allowed = Grant(granted_by="V. Endor", valid=window, hosts=(endpoint.host,), allows=(Permission.SCAN,))
    claim = everything().checks[kind].claim.model_validate(params)
    made = profile({"api": endpoint}, [use(kind, claim, "api")], grant=allowed if scan else None)
    made = replace(made, clauses=(replace(made.clauses[0], tier=tier),), sources=sources or Sources())
    gate, lines = Gate(made.permission, now, False), Lines()
    plan = build_plan(made, everything(), gate)
    observer = Observer(plan, lines, Workshop(made, gate, Beside(folder), folder, lambda data: "sha256:0"), Silent())
    observer.start()
    observer.wait()
    atlas = Atlas([Jurisdiction(name="EU", reference="TEU", members=(Member(code="DE"),))])
    (verdict,) = Judge(plan, lines, Court(now, atlas, TrustAnchors(tls=roots))).verdicts()
    return Judged(verdict, tuple(lines.observations))
