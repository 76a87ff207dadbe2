"""One claim on one key, through the engine: planned, looked at over the wire, recorded, judged."""

from datetime import datetime
from pathlib import Path

import checks.drills
import checks.keys
from clauseproof.engine.events import Silent
from clauseproof.engine.observe import Observer
from clauseproof.engine.permit import Gate
from clauseproof.engine.plan import build_plan
from clauseproof.engine.registry import Registry
from clauseproof.engine.workshop import Workshop
from clauseproof.facts import azure, drills, google, keys
from clauseproof.model.claim import Claim
from clauseproof.model.permission import Permission
from clauseproof.model.subject import Subject
from clauseproof.model.verdict import Verdict
from clauseproof.probes.kms import aws, aws_drills, azure_drills, azure_undo, google_drills, google_undo
from clauseproof.probes.kms import azure as azure_keys
from clauseproof.probes.kms import google as google_keys
from tests.engine.support import Lines, grant, judge, profile, use
from tests.support.keys import NOW, journal


class AnyFile:
    """Every file of this machine, by its full name."""

    def read(self, name: str, limit: int) -> bytes:
        return Path(name).read_bytes()


def judged(key: Subject, kind: str, claim: Claim, state: Path, *, now: datetime = NOW) -> Verdict:
    """The verdict of one claim, drills asked for and permitted; the engine's journal lies in `state`."""
    registry = Registry()
    for module in (keys, drills, google, aws, aws_drills, google_keys, google_drills, google_undo):
        registry.scan(module)
    for module in (azure, azure_keys, azure_drills, azure_undo):
        registry.scan(module)
    for module in (checks.keys, checks.drills):
        registry.scan(module)
    allowed = grant(Permission.DRILL, hosts=("127.0.0.0/8",))
    made = profile({"data-key": key}, [use(kind, claim, "data-key")], grant=allowed)
    gate, lines = Gate(allowed, NOW, True), Lines()
    plan = build_plan(made, registry, gate)
    shop = Workshop(made, gate, AnyFile(), state, lambda data: f"sha256:{len(data)}")
    observer = Observer(plan, lines, shop, Silent(), journal(state / "journal"))
    observer.start()
    observer.wait()
    (verdict,) = judge(plan, lines, now).verdicts()
    return verdict


def said(verdict: Verdict) -> str:
    """All sentences of a verdict."""
    return "\n".join(finding.text for finding in verdict.findings)
