"""One claim on one key, through the engine: planned, looked at over the wire, recorded, judged."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import checks.custody
import checks.drills
import checks.keycache
import checks.keylog
import checks.keys
import checks.location
import checks.performance
import checks.separation
from clauseproof.engine.events import Silent
from clauseproof.engine.judge import Court, Judge
from clauseproof.engine.observe import Observer
from clauseproof.engine.permit import Gate
from clauseproof.engine.plan import build_plan
from clauseproof.engine.registry import Registry
from clauseproof.engine.workshop import Workshop
from clauseproof.facts import (
    azure,
    dns,
    drills,
    google,
    keyaccess,
    keydeletion,
    keyfetches,
    keylog,
    keymaterial,
    keys,
    keyservice,
    keystores,
    latency,
    place,
)
from clauseproof.model.case import TrustAnchors
from clauseproof.model.claim import Claim
from clauseproof.model.jurisdiction import Atlas
from clauseproof.model.pace import Pace
from clauseproof.model.permission import Permission
from clauseproof.model.profile import Sources
from clauseproof.model.subject import Subject
from clauseproof.model.verdict import Verdict
from clauseproof.probes import latency as latency_probe
from clauseproof.probes.kms import (
    aws,
    aws_access,
    aws_custody,
    aws_drills,
    aws_trail,
    azure_access,
    azure_custody,
    azure_drills,
    azure_keylog,
    azure_undo,
    google_access,
    google_custody,
    google_drills,
    google_keylog,
    google_undo,
    keyhosts,
    keyservice_cache,
    keyservice_drills,
    keyservice_keylog,
    keyservice_undo,
)
from clauseproof.probes.kms import azure as azure_keys
from clauseproof.probes.kms import google as google_keys
from clauseproof.probes.kms import keyservice as own_keys
from tests.engine.support import Lines, grant, profile, use
from tests.support.keys import NOW, journal


class AnyFile:
    """Every file of this machine, by its full name."""

    def read(self, name: str, limit: int) -> bytes:
        return Path(name).read_bytes()


FACTS = (
    keys,
    drills,
    google,
    azure,
    keyaccess,
    keydeletion,
    keyfetches,
    keylog,
    keymaterial,
    keyservice,
    keystores,
    latency,
    dns,
    place,
)
AWS = (aws, aws_access, aws_custody, aws_drills, aws_trail)
GOOGLE = (google_keys, google_access, google_custody, google_drills, google_keylog, google_undo)
AZURE = (azure_keys, azure_access, azure_custody, azure_drills, azure_keylog, azure_undo)
OWN = (own_keys, keyservice_cache, keyservice_drills, keyservice_keylog, keyservice_undo)
CHECKS = (
    checks.keys,
    checks.keylog,
    checks.drills,
    checks.keycache,
    checks.custody,
    checks.separation,
    checks.location,
    checks.performance,
)


def judged(key: Subject, kind: str, claim: Claim, state: Path, *, now: datetime = NOW) -> Verdict:
    """The verdict of one claim, drills asked for and permitted; the engine's journal lies in `state`."""
    return judged_together({"data-key": key}, kind, claim, state, now=now)


def judged_together(
    subjects: Mapping[str, Subject],
    kind: str,
    claim: Claim,
    state: Path,
    *,
    now: datetime = NOW,
    atlas: Atlas | None = None,
    sources: Sources | None = None,
) -> Verdict:
    """The verdict of one claim on several keys at once; jurisdictions and lists of addresses where it needs them."""
    registry = Registry()
    for module in (*FACTS, *AWS, *GOOGLE, *AZURE, *OWN, keyhosts, latency_probe, *CHECKS):
        registry.scan(module)
    allowed = grant(Permission.DRILL, hosts=("127.0.0.0/8",))
    made = replace(profile(dict(subjects), [use(kind, claim, *subjects)], grant=allowed), sources=sources or Sources())
    gate, lines = Gate(allowed, NOW, True), Lines()
    plan = build_plan(made, registry, gate)
    shop = Workshop(made, gate, AnyFile(), state, lambda data: f"sha256:{len(data)}", pace=Pace(per_second=1000))
    observer = Observer(plan, lines, shop, Silent(), journal(state / "journal"))
    observer.start()
    observer.wait()
    court = Court(now, atlas or Atlas(()), TrustAnchors())
    (verdict,) = Judge(plan, lines, court).verdicts()
    return verdict


def said(verdict: Verdict) -> str:
    """All sentences of a verdict."""
    return "\n".join(finding.text for finding in verdict.findings)
