"""A profile as the run records it: readable without this program's classes."""

from clauseproof.model.profile import ClaimUse, Clause, Profile
from clauseproof.model.run import ClaimRecord, ClauseRecord, ProfileRecord, SubjectRecord
from clauseproof.model.subject import Subject


def profile_record(profile: Profile) -> ProfileRecord:
    """The whole profile, claims and subjects as plain data."""
    return ProfileRecord(
        path=profile.path,
        sha256=profile.sha256,
        buyer=profile.buyer,
        vendor=profile.vendor,
        contract=profile.contract,
        permission=profile.permission,
        population=profile.population,
        datasets=dict(profile.datasets),
        subjects={name: _subject(subject) for name, subject in profile.subjects.items()},
        clauses=tuple(_clause(clause) for clause in profile.clauses),
        waivers=profile.waivers,
    )


def _subject(subject: Subject) -> SubjectRecord:
    fields = subject.model_dump(mode="json", by_alias=True)
    value = str(fields.pop(subject.key, ""))
    fields.pop("holds", None)
    fields.pop("environment", None)
    return SubjectRecord(
        type=type(subject).__name__,
        key=subject.key,
        value=value,
        holds=subject.holds,
        environment=subject.environment,
        fields=fields,
    )


def _clause(clause: Clause) -> ClauseRecord:
    return ClauseRecord(
        id=clause.id,
        title=clause.title,
        promise=clause.promise,
        contract=clause.contract,
        passage=clause.passage,
        tier=clause.tier,
        assurance=clause.assurance,
        remedy=clause.remedy,
        claims=tuple(_claim(use) for use in clause.claims),
        untested=clause.untested,
    )


def _claim(use: ClaimUse) -> ClaimRecord:
    return ClaimRecord(
        kind=use.kind, where=use.where, words=use.words, params=use.claim.model_dump(mode="json", by_alias=True)
    )
