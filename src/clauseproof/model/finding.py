"""One sentence about what the facts mean."""

import enum
from dataclasses import dataclass
from datetime import datetime

from clauseproof.model.assurance import Assurance


class Outcome(enum.StrEnum):
    """What a finding says of its claim."""

    HOLDS = "holds"
    BROKEN = "broken"
    UNKNOWN = "unknown"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence for people.

    Attributes:
        about: what exactly it speaks of, such as one address of an endpoint; empty for the whole subject.
        assurance: how strong its proof is. A check leaves it None for "as strong as the weakest facts I was given";
            the engine fills it in, and caps what a check states at the facts' ceiling.
        until: when the sentence stops being true if nothing changes, such as a certificate's last day.
        evidence: `sha256:` digests of the ledger lines it rests on; the engine fills it in.
    """

    outcome: Outcome
    text: str
    about: str = ""
    assurance: Assurance | None = None
    until: datetime | None = None
    evidence: tuple[str, ...] = ()


def holds(text: str, assurance: Assurance | None = None, *, about: str = "", until: datetime | None = None) -> Finding:
    """The facts show that the claim is kept, here and now."""
    return Finding(Outcome.HOLDS, text, about, assurance, until)


def broken(text: str, assurance: Assurance | None = None, *, about: str = "") -> Finding:
    """The facts contradict the claim."""
    return Finding(Outcome.BROKEN, text, about, assurance)


def unknown(text: str, *, about: str = "") -> Finding:
    """The facts do not decide; the text says why and what would settle it."""
    return Finding(Outcome.UNKNOWN, text, about)


def note(text: str, *, about: str = "") -> Finding:
    """Worth reading, and of no weight in the verdict."""
    return Finding(Outcome.NOTE, text, about)
