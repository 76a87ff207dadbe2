"""What to do next: a few steps, each with the command that takes it where there is one."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from clauseproof.model.verdict import Because, Ruling
from clauseproof.reporting.dates import day
from clauseproof.reporting.dossier import Dossier
from clauseproof.reporting.entry import Entry
from clauseproof.reporting.sentences import command
from clauseproof.reporting.text import clause_ids

_MOST_ONLY = 6


@dataclass(frozen=True, slots=True)
class Step:
    """A sentence, and a command for a shell or nothing."""

    text: str
    command: str = ""


def steps(dossier: Dossier) -> tuple[Step, ...]:
    """The next steps, the most pressing first."""
    found = [*_contradicted(dossier), *_undecided(dossier), *_untested(dossier)]
    return tuple(found) or tuple(_quiet(dossier))


def _contradicted(dossier: Dossier) -> Iterator[Step]:
    ids = _ids(dossier.groups.get(Ruling.NOT_SATISFIED, ()))
    if ids:
        then = (
            " before signing: the draft can still change"
            if dossier.draft
            else "; they can verify the record themselves"
        )
        yield Step(f"Put {clause_ids(ids)} to {dossier.record.profile.vendor}{then}.")


def _undecided(dossier: Dossier) -> Iterator[Step]:
    ids = _ids(dossier.groups.get(Ruling.INCONCLUSIVE, ()))
    if ids:
        yield Step(f"Do what settles {clause_ids(ids)}, then look again:", command(dossier, ids[:_MOST_ONLY]))


def _untested(dossier: Dossier) -> Iterator[Step]:
    entries = dossier.groups.get(Ruling.NOT_TESTED, ())
    bare = _ids([one for one in entries if not one.verdicts and not one.clause.claims])
    barred = _ids(_because(entries, Because.PERMISSION))
    undrilled = _ids(_because(entries, Because.DRILL_NOT_ASKED))
    unjudged = _ids([one for one in entries if one.unjudged])
    if unjudged:
        yield Step(f"Run {clause_ids(unjudged)} to the end:", command(dossier, unjudged[:_MOST_ONLY]))
    if undrilled:
        yield Step(f"Drill {clause_ids(undrilled)}:", command(dossier, undrilled[:_MOST_ONLY], drills=True))
    if barred:
        yield Step(f"Ask for the permission that {clause_ids(barred)} needs; the report names the line to add.")
    if bare:
        yield Step(f"Add a claim for {clause_ids(bare)} to {dossier.record.profile.path}:", "clauseproof checks")


def _because(entries: Sequence[Entry], because: Because) -> list[Entry]:
    return [one for one in entries if any(verdict.because is because for verdict in one.verdicts)]


def _quiet(dossier: Dossier) -> Iterator[Step]:
    ends = sorted((one.until, one.clause.id) for one in dossier.entries if one.until is not None)
    if ends:
        until, clause = ends[0]
        yield Step(f"Look again before {day(until)}, when what was seen for {clause} ends:", command(dossier))
    else:
        yield Step("Look again from time to time:", command(dossier))


def _ids(entries: Sequence[Entry]) -> list[str]:
    return [one.clause.id for one in entries]
