"""What a report says in whole sentences, the same in every format. They name what was seen and claim nothing beyond."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from clauseproof.model.finding import Outcome
from clauseproof.model.verdict import Ruling, WaiverNote
from clauseproof.reporting.dates import day
from clauseproof.reporting.dossier import Dossier
from clauseproof.reporting.entry import Entry
from clauseproof.reporting.text import count, line

DISCLAIMER = "Technical observations, not a legal finding."


@dataclass(frozen=True, slots=True)
class Phrase:
    """A piece of a sentence, and the ruling it speaks of, if any."""

    text: str
    ruling: Ruling | None = None


_LEAST = 20
"""A shorter beginning of a sentence says too little by itself."""
_ONE = {
    Ruling.NOT_SATISFIED: "1 is contradicted",
    Ruling.INCONCLUSIVE: "1 is undecided",
    Ruling.NOT_TESTED: "1 was not tested",
    Ruling.WAIVED: "1 is waived",
    Ruling.SATISFIED: "1 is consistent where tested",
}
_MANY = {
    Ruling.NOT_SATISFIED: "{} are contradicted",
    Ruling.INCONCLUSIVE: "{} are undecided",
    Ruling.NOT_TESTED: "{} were not tested",
    Ruling.WAIVED: "{} are waived",
    Ruling.SATISFIED: "{} are consistent where tested",
}


def lead(dossier: Dossier) -> tuple[Phrase, ...]:
    """`Of 12 promises in the draft, 4 are contradicted, 2 are undecided ...`: one sentence for the whole run."""
    number = len(dossier.entries)
    what = "the draft" if dossier.draft else "the contract"
    told = [_counted(ruling, of) for ruling, of in dossier.counts.items() if of]
    if not dossier.counts[Ruling.NOT_SATISFIED]:
        told.insert(0, Phrase("none is contradicted"))
    opening = f"Of {number:,} promises in {what}, " if number != 1 else f"Of the one promise in {what}, "
    sentence = [Phrase(opening)]
    for place, phrase in enumerate(told):
        if place:
            sentence.append(Phrase(" and " if place == len(told) - 1 else ", "))
        sentence.append(phrase)
    return (*sentence, Phrase("."))


def short(dossier: Dossier) -> str:
    """`4 of 12 promises contradicted`: what a page's title has room for."""
    return f"{dossier.counts[Ruling.NOT_SATISFIED]:,} of {count(len(dossier.entries), 'promise')} contradicted"


def _counted(ruling: Ruling, number: int) -> Phrase:
    return Phrase(_ONE[ruling] if number == 1 else _MANY[ruling].format(f"{number:,}"), ruling)


def bare(dossier: Dossier) -> tuple[Entry, ...]:
    """The promises of which something was tested, and some words by nobody; in the profile's order."""
    return tuple(one for one in dossier.in_order if one.ruling is not Ruling.NOT_TESTED and one.gaps)


def tested(dossier: Dossier) -> int:
    """How many promises were tested at least in part."""
    return len(dossier.entries) - dossier.counts[Ruling.NOT_TESTED]


def headline(one: Entry, limit: int = 120) -> str:
    """The one line of an entry: what was seen, what would settle it, why nobody looked, or who waived it."""
    ruling = one.ruling
    if ruling is Ruling.WAIVED:
        return line("; ".join(waiver(note) for note in one.waivers if not note.expired), limit)
    if ruling is Ruling.NOT_TESTED:
        return _first(one.why_not, limit)
    if ruling is Ruling.INCONCLUSIVE:
        return _first(one.settled_by or [told.text for told in one.seen if told.outcome is Outcome.UNKNOWN], limit)
    wanted = Outcome.BROKEN if ruling is Ruling.NOT_SATISFIED else Outcome.HOLDS
    return _first([told.text for told in one.seen if told.outcome is wanted], limit)


def _first(texts: Sequence[str], limit: int) -> str:
    if not texts:
        return ""
    more = f" (and {len(texts) - 1:,} more)" if len(texts) > 1 else ""
    return line(_main_clause(texts[0]), limit - len(more)) + more


def _main_clause(text: str) -> str:
    """What stands before the first semicolon or full stop: findings say what was seen before they compare it."""
    ends = [end for end in (text.find("; "), text.find(". ")) if end > _LEAST]
    return text[: min(ends)] if ends else text


def waiver(note: WaiverNote) -> str:
    """`until 31 December 2026 by C. Berger: reason`, or that it expired."""
    word = "expired at the end of" if note.expired else "until"
    return f"{word} {day(note.expires)}, by {note.approver}: {note.reason}"


def command(dossier: Dossier, clauses: Sequence[str] = (), *, drills: bool = False) -> str:
    """The command that runs the profile again, for a shell, restricted to some clauses."""
    words = ["clauseproof", "run", dossier.record.profile.path]
    if drills or dossier.record.drills:
        words.append("--drills")
    for clause in clauses:
        words += ["--only", clause]
    return shlex.join(words)
