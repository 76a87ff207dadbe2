"""The limits of a run: which subjects were seen, which way looks went, and which gave nothing."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from clauseproof.reporting.dossier import Dossier
from clauseproof.reporting.exhibit import Exhibit
from clauseproof.reporting.text import count, line


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


def ways(dossier: Dossier) -> tuple[str, ...]:
    """The ways that were not direct, the most used first: `12 looks through http://192.0.2.1:3128`."""
    used = Counter(exhibit.through for exhibit in dossier.exhibits.values() if exhibit.through)
    return tuple(f"{count(number, 'look')} through {line(way, 300)}" for way, number in used.most_common())


def unseen(dossier: Dossier) -> Iterator[Exhibit]:
    """The looks that gave nothing, in the order of the ledger."""
    return (exhibit for exhibit in dossier.exhibits.values() if exhibit.unseen is not None)
