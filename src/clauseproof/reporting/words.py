"""Which words of a promise were tested, and what became of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from clauseproof.model.verdict import Ruling
from clauseproof.reporting.vocabulary import worst

_ALIKE = {"’": "'", "‘": "'", "‚": "'", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"'} | dict.fromkeys("‐‑‒–—−", "-")
_SOFT_HYPHEN = "\u00ad"


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
    """Where words first occur in a promise, white space, soft hyphens and the shape of quotes and dashes aside.

    An empty range where they do not occur.
    """
    text, places = _plain(promise)
    sought = _plain(words)[0].strip()
    start = text.find(sought) if sought else -1
    if start < 0:
        return range(0)
    return range(places[start], places[start + len(sought) - 1] + 1)


def _plain(text: str) -> tuple[str, list[int]]:
    plain: list[str] = []
    places: list[int] = []
    for place, character in enumerate(text):
        if character == _SOFT_HYPHEN:
            continue
        simple = " " if character.isspace() else _ALIKE.get(character, character)
        if simple != " " or (plain and plain[-1] != " "):
            plain.append(simple)
            places.append(place)
    return "".join(plain), places


def _each_once(tested: Iterable[tuple[str, Ruling]]) -> Iterable[tuple[str, Ruling]]:
    by_words: dict[str, list[Ruling]] = {}
    for words, ruling in tested:
        by_words.setdefault(words, []).append(ruling)
    return [(words, worst(rulings)) for words, rulings in by_words.items()]
