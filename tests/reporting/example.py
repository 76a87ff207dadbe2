"""The run of `example.yaml`, as a script: thirteen promises, every kind of verdict, one drill."""

from datetime import date
from pathlib import Path
from typing import Any

import yaml

from clauseproof.model.assurance import Assurance
from clauseproof.model.finding import Finding, Outcome
from clauseproof.model.permission import Permission
from clauseproof.model.profile import Dataset, Grant, Population, Remedy, Waiver
from clauseproof.model.verdict import Because, WaiverNote
from tests.reporting.support import Script, denied, finding, window

_DATA = Path(__file__).with_name("example.yaml")


def example() -> Script:
    """The whole run."""
    data = yaml.safe_load(_DATA.read_text(encoding="utf-8"))
    script = Script(
        permission=Grant(
            granted_by="J. Doe, CISO of Example CRM Ltd",
            file="contract/test-permission.pdf",
            valid=window("2026-11-16", "2026-11-27"),
            hosts=("*.crm.example", "192.0.2.0/24"),
            allows=(Permission.SCAN, Permission.VENDOR_ACCOUNT, Permission.DRILL),
        ),
        population=Population(listed_by="Example CRM Ltd", source="evidence/architecture-v3.pdf"),
        datasets={"contacts": Dataset(classification="PII", regulation=("GDPR",))},
        drills=True,
    )
    for name, words in data["subjects"].items():
        script.subject(name, *words)
    looks = {name: _look(script, look) for name, look in data["looks"].items()}
    looks["drill"] = script.look(
        "keys.revocation",
        "data-key",
        revocation(),
        "09:11:00",
        ("sha256:" + "38" * 32,),
        ("kms:Encrypt", "kms:Decrypt", "kms:DisableKey", "kms:EnableKey"),
        Permission.DRILL,
    )
    for clause in data["clauses"]:
        _clause(script, clause, looks)
    return script


def _look(script: Script, look: dict[str, Any]) -> str:
    return script.look(
        look["kind"],
        look["subject"],
        look["facts"] if "facts" in look else denied(look["unseen"], look["remedy"]),
        look.get("when", "09:00:06"),
        tuple(f"sha256:{two * 32}" for two in look.get("artifacts", ())),
        tuple(look.get("calls", ())),
        Permission(look.get("permission", "connect")),
    )


def _clause(script: Script, clause: dict[str, Any], looks: dict[str, str]) -> None:
    claims = [
        (
            claim["claim"],
            tuple(name for verdict in claim["verdicts"] for name in verdict["subjects"]),
            claim["words"],
            claim.get("params", {}),
        )
        for claim in clause["claims"]
    ]
    script.clause(
        clause["id"],
        clause["title"],
        clause["promise"],
        *claims,
        tier=clause.get("tier", 1),
        floor=Assurance.parse(clause.get("assurance", "stated")),
        untested=clause.get("untested"),
        remedy=Remedy(**clause["remedy"]) if "remedy" in clause else None,
    )
    for claim in clause["claims"]:
        for verdict in claim["verdicts"]:
            _verdict(script, clause["id"], claim, verdict, looks)


def _verdict(
    script: Script, clause: str, claim: dict[str, Any], verdict: dict[str, Any], looks: dict[str, str]
) -> None:
    waiver = _waiver(script, clause, verdict["waiver"]) if "waiver" in verdict else None
    script.verdict(
        clause,
        claim["claim"],
        tuple(verdict["subjects"]),
        claim["words"],
        *(_finding(words, looks) for words in verdict["findings"]),
        because=Because(verdict["because"]) if "because" in verdict else None,
        waiver=waiver,
    )


def _finding(words: list[Any], looks: dict[str, str]) -> Finding:
    outcome, assurance, cited, text, *until = words
    level = None if assurance is None else Assurance.parse(assurance)
    return finding(
        Outcome(outcome), text, level, *(looks[name] for name in cited.split()), until=until[0] if until else ""
    )


def _waiver(script: Script, clause: str, waiver: dict[str, Any]) -> WaiverNote:
    expires = date.fromisoformat(waiver["expires"])
    script.waivers += (Waiver(clause=clause, reason=waiver["reason"], approver=waiver["approver"], expires=expires),)
    return WaiverNote(waiver["approver"], waiver["reason"], expires, waiver["expired"])


def revocation() -> dict[str, Any]:
    """A drill in which the key service goes dark at once, and the vendor only after 11 min 40 s."""

    def sample(lane: str, second: int, outcome: str) -> dict[str, Any]:
        return {"lane": lane, "t_s": float(second), "took_s": 0.05, "outcome": outcome, "code": None, "digest": None}

    kms = [sample("kms", t, "refused" if 3 <= t < 842 else "served") for t in range(-60, 900, 1)]
    vendor = [sample("vendor", t, "refused" if 700 < t < 860 else "served") for t in range(-60, 900, 5)]
    acts = {
        name: {"call": call, "at": f"2026-11-24T09:{minute}:00Z", "t_s": t, "took_s": 0.2}
        for name, call, minute, t in (("disable", "kms:DisableKey", 12, -0.2), ("enable", "kms:EnableKey", 26, 840.0))
    }
    return {
        **acts,
        "target": "arn:aws:kms:eu-central-1:111122223333:key/1f0c",
        "poll_every_s": 1.0,
        "samples": sorted(kms + vendor, key=lambda one: float(one["t_s"])),
        "state_before": "enabled",
        "state_after": "enabled",
    }
