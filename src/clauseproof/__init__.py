"""clauseproof: does the vendor's deployment do what the contract says?

The names below are what a check file needs; they are loaded when first used.
"""

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOMES = {
    "Assurance": "assurance",
    "Case": "case",
    "Claim": "claim",
    "Journal": "drill",
    "Undo": "drill",
    "Denied": "errors",
    "EvidenceRejected": "errors",
    "ExtraMissing": "errors",
    "NotPermitted": "errors",
    "RestoreFailed": "errors",
    "TimedOut": "errors",
    "Unknowable": "errors",
    "Unreachable": "errors",
    "All": "facts",
    "Facts": "facts",
    "Past": "facts",
    "Seen": "facts",
    "Finding": "finding",
    "Outcome": "finding",
    "broken": "finding",
    "holds": "finding",
    "note": "finding",
    "unknown": "finding",
    "Frozen": "frozen",
    "JurisdictionName": "jurisdiction",
    "Look": "look",
    "check": "marks",
    "probe": "marks",
    "undoes": "marks",
    "Permission": "permission",
    "SecretRef": "secret",
    "Subject": "subject",
    "Day": "units",
    "Duration": "units",
    "spell": "units",
    "Reason": "unseen",
    "Unseen": "unseen",
}

__all__ = [
    "All",
    "Assurance",
    "Case",
    "Claim",
    "Day",
    "Denied",
    "Duration",
    "EvidenceRejected",
    "ExtraMissing",
    "Facts",
    "Finding",
    "Frozen",
    "Journal",
    "JurisdictionName",
    "Look",
    "NotPermitted",
    "Outcome",
    "Past",
    "Permission",
    "Reason",
    "RestoreFailed",
    "SecretRef",
    "Seen",
    "Subject",
    "TimedOut",
    "Undo",
    "Unknowable",
    "Unreachable",
    "Unseen",
    "__version__",
    "broken",
    "check",
    "holds",
    "note",
    "probe",
    "spell",
    "undoes",
    "unknown",
]

if TYPE_CHECKING:
    from clauseproof.model.assurance import Assurance
    from clauseproof.model.case import Case
    from clauseproof.model.claim import Claim
    from clauseproof.model.drill import Journal, Undo
    from clauseproof.model.errors import (
        Denied,
        EvidenceRejected,
        ExtraMissing,
        NotPermitted,
        RestoreFailed,
        TimedOut,
        Unknowable,
        Unreachable,
    )
    from clauseproof.model.facts import All, Facts, Past, Seen
    from clauseproof.model.finding import Finding, Outcome, broken, holds, note, unknown
    from clauseproof.model.frozen import Frozen
    from clauseproof.model.jurisdiction import JurisdictionName
    from clauseproof.model.look import Look
    from clauseproof.model.marks import check, probe, undoes
    from clauseproof.model.permission import Permission
    from clauseproof.model.secret import SecretRef
    from clauseproof.model.subject import Subject
    from clauseproof.model.units import Day, Duration, spell
    from clauseproof.model.unseen import Reason, Unseen


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'clauseproof' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"clauseproof.model.{home}"), name)
    globals()[name] = value
    return value
