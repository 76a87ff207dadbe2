"""The circumstances of a judgement, for checks called as plain functions."""

from collections.abc import Iterable
from datetime import UTC, datetime

from clauseproof.model.case import Case, TrustAnchors
from clauseproof.model.finding import Finding, Outcome
from clauseproof.model.jurisdiction import Atlas, Jurisdiction, Member
from clauseproof.model.profile import Clause, Place

_CLAUSE = Clause(id="DPA 1", title="", promise="", tier=1, claims=(), place=Place("profile.yaml", 1, 1))

EU = (
    *("AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU"),
    *("IE", "IT", "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK"),
)


def case(
    now: datetime | None = None,
    anchors: Iterable[bytes] = (),
    dnssec: Iterable[bytes] = (),
    **jurisdictions: Iterable[str],
) -> Case:
    """A case at a time (now), with anchors for TLS and DNSSEC, and jurisdictions by name (EU where none is given)."""
    sets = jurisdictions or {"EU": EU}
    atlas = Atlas(
        Jurisdiction(name=name, reference="", members=tuple(Member(code=code) for code in codes))
        for name, codes in sets.items()
    )
    trusted = TrustAnchors(tls=tuple(anchors), dnssec=tuple(dnssec))
    return Case(now or datetime.now(UTC), _CLAUSE, {}, atlas, trusted)


def outcomes(findings: Iterable[Finding]) -> list[Outcome]:
    """The outcomes that weigh in a verdict, in order."""
    return [finding.outcome for finding in findings if finding.outcome is not Outcome.NOTE]


def texts(findings: Iterable[Finding]) -> str:
    """All sentences."""
    return "\n".join(finding.text for finding in findings)
