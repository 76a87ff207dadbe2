"""Finds the contract's words in a contract's file, whatever the typesetter did to them.

Two texts are the same prose when their `fold` is the same. The fold keeps letters, digits and punctuation in their
order and case. It drops what changes between a word processor, its PDF and a copy of it: white space and hyphens (a PDF
loses spaces, invents others and breaks words at line ends), Markdown marks, bullets, soft hyphens; it writes quotation
marks, dashes and ligatures in one way. Between two digits one space stays, so that `12-15 days` is not `1215 days`.
Words stay whole by another rule: a match must begin and end where a word does.
"""

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cached_property
from itertools import accumulate, islice

_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u2043\ufe63\uff0d"
_SINGLE = "\u2018\u2019\u201a\u201b\u2032\u2039\u203a\u00b4"
_DOUBLE = "\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb"
_DROPPED = "*_`\\\0\u00ad\u200b\u200c\u200d\u2060\ufeff\u2022\u25e6\u25aa\u25cf\u25cb\u25a0\u25a1\u2023\u00b7"
_SAME = str.maketrans(
    dict.fromkeys(_DASHES, "-") | dict.fromkeys(_SINGLE, "'") | dict.fromkeys(_DOUBLE, '"') | {"|": " "}
    | dict.fromkeys(_DROPPED)
)  # fmt: skip
_LINE_MARKS = re.compile(r"^[ \t]*(?:[#>][ \t]*)+", re.MULTILINE)
_LINK = re.compile(r"\[([^\[\]]{0,300})\]\([^()]{0,300}\)")
_BETWEEN_DIGITS = re.compile(r"(?<=\d)[\s-]++(?=\d)")
_GAP = re.compile(r"[\s-]+")
_PIECE = re.compile(r".{1,1000}(?:\s|$)|.{1,1000}", re.DOTALL)
_BROKEN = re.compile(r"[-\u00ad\u2010]\n[ \t]*|\u00ad")
_WORD = re.compile(rf"\w+(?:(?:[.,]|{_BROKEN.pattern})\w+)*")
_MAX_CANDIDATES = 100
_MAX_WORDS = 300_000
_MAX_TIES = 50


def fold(text: str) -> str:
    """The text without what typesetting adds to it."""
    return _GAP.sub("", _even(text)).replace("\0", " ")


def _even(text: str) -> str:
    """One spelling for each sign; a NUL for a gap between digits, all other gaps still there."""
    text = _LINE_MARKS.sub("", unicodedata.normalize("NFKC", text).translate(_SAME))
    return _BETWEEN_DIGITS.sub("\0", _LINK.sub(r"\1", text))


@dataclass(frozen=True, slots=True)
class Passage:
    """A part of a document: `label` says where it stands (`line 31`, `page 4`)."""

    label: str
    text: str


class Prose:
    """A document's text, ready to be searched."""

    def __init__(self, passages: Iterable[Passage]) -> None:
        self._passages: list[Passage] = []
        self._starts: list[int] = []
        parts: list[str] = []
        size = 0
        for passage in _short(passages):
            part = fold(passage.text)
            if not part:
                continue
            if parts and part[0].isdigit() and parts[-1][-1].isdigit():
                parts[-1] += " "
                size += 1
            self._passages.append(passage)
            self._starts.append(size)
            parts.append(part)
            size += len(part)
        self._folded = "".join(parts)

    def __bool__(self) -> bool:
        return bool(self._folded)

    def find(self, words: str) -> Passage | None:
        """The passage in which the first whole-word occurrence of `words` begins."""
        at = next(_occurrences(self._folded, fold(words), self._splits_word), None)
        return None if at is None else self._passages[self._index(at)]

    def nearest(self, words: str) -> Passage | None:
        """The stretch that shares most words with `words`; None if it shares less than a third of them."""
        order = [_BROKEN.sub("", word).casefold() for word in _WORD.findall(words)]
        wanted, size = Counter(order), len(order)
        here = [word for word, *_ in self._words]
        best, starts = _best_windows(here, wanted)
        if not size or best * 3 < size:
            return None
        at = max(starts, key=lambda start: _likeness(here[start : start + size], order))
        (_, begin, _), (_, _, end) = self._words[at], self._words[min(at + size, len(here)) - 1]
        ends = list(accumulate(len(passage.text) + 1 for passage in self._passages))
        return Passage(self._passages[bisect_right(ends, begin)].label, _in_one_line(self._whole[begin:end]))

    @cached_property
    def _whole(self) -> str:
        return "\n".join(passage.text for passage in self._passages)

    @cached_property
    def _words(self) -> list[tuple[str, int, int]]:
        """Each word in lower case, and where it begins and ends in the whole."""
        found = islice(_WORD.finditer(self._whole), _MAX_WORDS)
        return [(_BROKEN.sub("", word[0]).casefold(), word.start(), word.end()) for word in found]

    def _index(self, offset: int) -> int:
        return bisect_right(self._starts, offset) - 1

    def _splits_word(self, offset: int) -> bool:
        """Whether a cut of the folded text at `offset` goes through a word."""
        if not _inside(self._folded, offset):
            return False
        index = self._index(offset)
        return offset - self._starts[index] not in _edges(self._passages[index].text)


def _short(passages: Iterable[Passage]) -> Iterator[Passage]:
    """The same passages in pieces of at most a thousand characters: each is looked at as a whole."""
    for passage in passages:
        if len(passage.text) <= 1000:
            yield passage
        else:
            yield from (Passage(passage.label, piece[0]) for piece in _PIECE.finditer(passage.text))


def _in_one_line(text: str) -> str:
    return " ".join(_BROKEN.sub("", text).split())


def _likeness(some: list[str], others: list[str]) -> float:
    return SequenceMatcher(None, " ".join(some)[:300], " ".join(others)[:300]).ratio()


def _best_windows(words: list[str], wanted: Counter[str]) -> tuple[int, list[int]]:
    """How many of the wanted words the best stretches of their number hold, and where the first of these begin."""
    size = wanted.total()
    left = Counter(wanted)
    shared = best = 0
    starts: list[int] = []
    for index, word in enumerate(words):
        if word in wanted:
            shared += left[word] > 0
            left[word] -= 1
        gone = words[index - size] if index >= size else ""
        if gone in wanted:
            left[gone] += 1
            shared -= left[gone] > 0
        if shared > best:
            best, starts = shared, []
        if shared == best and len(starts) < _MAX_TIES:
            starts.append(max(index - size + 1, 0))
    return best, starts


def span(words: str, text: str) -> tuple[int, int] | None:
    """Where `words` stand in a text, as its first and one past its last character; None if they do not.

    Where they stand to the letter, if they do, else where they first stand but for gaps and marks: `aa` is in `a a aa`
    at its end. For texts as short as a promise: whoever marks the tested words in a clause needs it.
    """
    folded, needle, edges = fold(text), fold(words), _edges(text)
    first = None
    for at in _occurrences(folded, needle, lambda offset: _inside(folded, offset) and offset not in edges):
        begin, end = _original(text, at), _original(text, at + len(needle) - 1) + 1
        while end < len(text) and unicodedata.combining(text[end]):
            end += 1
        if text[begin:end] == words:
            return begin, end
        first = first or (begin, end)
    return first


def _occurrences(folded: str, needle: str, splits: Callable[[int], bool]) -> Iterator[int]:
    """Where `needle` stands as whole words; gives up after a hundred occurrences, inside other words or not."""
    at = folded.find(needle) if needle else -1
    for _ in range(_MAX_CANDIDATES):
        if at < 0:
            return
        if not splits(at) and not splits(at + len(needle)):
            yield at
        at = folded.find(needle, at + 1)


def _inside(folded: str, offset: int) -> bool:
    """Whether letters or digits stand on both sides of a cut."""
    around = folded[max(offset - 1, 0) : offset + 1]
    return len(around) == 2 and around.isalnum()


def _edges(text: str) -> set[int]:
    """The offsets in a text's fold at which a gap was dropped, its begin and its end."""
    return set(accumulate(map(len, _GAP.split(_even(text))), initial=0))


def _original(text: str, offset: int) -> int:
    """The character of a text that gave the character `offset` of its fold."""
    return bisect_left(range(len(text)), offset + 1, key=lambda index: len(fold(text[: index + 1])))
