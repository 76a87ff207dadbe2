"""Which words of a promise were tested, and what became of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from clauseproof.model.verdict import Ruling
from clauseproof.profile.prose import span
from clauseproof.reporting.vocabulary import worst


@dataclass(frozen=True, slots=True)
class Passage:
    """A stretch of a promise: tested with this result, or tested by nobody (None)."""

    text: str
    ruling: Ruling | None


def passages(promise: str, tested: Iterable[tuple[str, Ruling]]) -> tuple[Passage, ...]:
    """The promise cut where the verdict on its words changes; put together they give the promise again.

    Where several claims test the same words, the worst of their verdicts counts. Words that do not occur mark nothing.
    """
    paint: list[Ruling | None] = [None] * len(promise)
    for words, ruling in _each_once(tested):
        for place in locate(promise, words):
            painted = paint[place]
            paint[place] = ruling if painted is None else worst((painted, ruling))
    runs = groupby(zip(promise, paint, strict=True), key=lambda pair: pair[1])
    return tuple(Passage("".join(character for character, _ in run), ruling) for ruling, run in runs)


def locate(promise: str, words: str) -> range:
    """Where words first occur in a promise, by the same rule by which the profile was accepted.

    An empty range where they do not occur.
    """
    return range(*(span(words, promise) or (0, 0)))


def _each_once(tested: Iterable[tuple[str, Ruling]]) -> Iterable[tuple[str, Ruling]]:
    by_words: dict[str, list[Ruling]] = {}
    for words, ruling in tested:
        by_words.setdefault(words, []).append(ruling)
    return [(words, worst(rulings)) for words, rulings in by_words.items()]
