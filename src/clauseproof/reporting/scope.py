"""The limits of a run: which subjects were seen, and which looks gave nothing."""

from collections.abc import Iterator
from dataclasses import dataclass

from clauseproof.reporting.dossier import Dossier
from clauseproof.reporting.exhibit import Exhibit


@dataclass(frozen=True, slots=True)
class Kind:
    """The names of the subjects that share a word of the profile, such as `endpoint`: seen, and not seen at all."""

    word: str
    seen: tuple[str, ...]
    unseen: tuple[str, ...]


def kinds(dossier: Dossier) -> tuple[Kind, ...]:
    """The subjects of the profile by kind, in its order."""
    looked_at = {exhibit.subject for exhibit in dossier.exhibits.values() if exhibit.unseen is None}
    grouped: dict[str, list[str]] = {}
    for name, subject in dossier.record.profile.subjects.items():
        grouped.setdefault(subject.key or subject.type, []).append(name)
    return tuple(
        Kind(word, tuple(n for n in names if n in looked_at), tuple(n for n in names if n not in looked_at))
        for word, names in grouped.items()
    )


def unseen(dossier: Dossier) -> Iterator[Exhibit]:
    """The looks that gave nothing, in the order of the ledger."""
    return (exhibit for exhibit in dossier.exhibits.values() if exhibit.unseen is not None)
