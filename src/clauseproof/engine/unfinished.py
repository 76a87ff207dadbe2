"""Drills that are not over: which of them a run goes on with, which should be over, and what is told of each."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from clauseproof.engine.journal import JournalOpen, left_entries, open_entries, read_entry, read_left
from clauseproof.engine.plan import Plan, Sight
from clauseproof.model.drill import Left
from clauseproof.model.errors import RestoreFailed
from clauseproof.model.subject import Subject

END_IT = "clauseproof restore"


def refuse_open(state: Path) -> None:
    """JournalOpen while any change is under way or not taken back: a key somewhere is not in its own state."""
    entries = open_entries(state)
    if entries:
        raise JournalOpen(
            f"an earlier drill has not been restored, or another run is drilling now: {entries[0]}",
            f"wait for the other run, or run: {END_IT}",
        )


def refuse_overdue(state: Path, plan: Plan, now: datetime) -> None:
    """JournalOpen where a left change should have been taken back by now and this run would not do it."""
    for path in left_entries(state):
        left = read_left(path)
        if left.due <= now and not goes_on(plan, left):
            raise JournalOpen(
                f"{left.sentence}, which is over, and this run does not go on with it",
                f"run the profile and the claim that began it, or end it now: {END_IT}",
            )


def goes_on(plan: Plan, left: Left) -> bool:
    """Whether a plan holds the drill that goes on with a left change."""
    drills = (node.key for node in plan.nodes.values() if isinstance(node, Sight) and node.drill)
    subjects = (plan.profile.subjects[key.subject] for key in drills if key.kind == left.by)
    return any(_named(subject).casefold() == left.target.casefold() for subject in subjects)


def overdue(state: Path, now: datetime) -> bool:
    """Whether a left change should have been taken back by now, or nobody can tell."""
    for path in left_entries(state):
        try:
            if read_left(path).due <= now:
                return True
        except RestoreFailed:
            return True
    return False


def unfinished(state: Path, now: datetime) -> Iterator[str]:
    """One line for people about each change that is open or left, with what ends it."""
    for path in open_entries(state):
        try:
            target = read_entry(path).target
        except RestoreFailed as error:
            yield f"NOT RESTORED: {error.what}"
            continue
        yield (
            f"STILL CHANGED: {target}, unless another run is drilling it now: a drill of it was killed, or could not "
            f"bring it back. To bring it back: {END_IT}"
        )
    for path in left_entries(state):
        try:
            left = read_left(path)
        except RestoreFailed as error:
            yield f"NOT RESTORED: {error.what}"
            continue
        over = " at the latest. The next run with --drills goes on" if left.due > now else ", which is OVERDUE"
        yield f"STILL CHANGED: {left.sentence}{over}. To end it now: {END_IT}"


def _named(subject: Subject) -> str:
    """What the profile calls it beside the word that all its kind share, such as the ARN beside `key`."""
    return str(subject.model_dump(by_alias=True).get(type(subject).key, ""))
