"""Where a text names something: whole words, whatever the typesetter did to spaces and hyphens."""

import re
from collections.abc import Iterator
from functools import lru_cache

_GAP = r"[\s\u00ad\u2010-\u2015-]*"
_SPLIT = re.compile(r"[\s\u00ad\u2010-\u2015-]+")
_BROKEN_WORD = re.compile(r"(?<=\w)[-\u2010\u00ad] (?=\w)")
_SENTENCE_END = re.compile(r"[.;!?](?:\s|$)")
_REACH = 300


def sentences_with(phrase: str, text: str) -> Iterator[str]:
    """Each stretch, a sentence or at most 600 characters, in which `text` names `phrase`; case does not matter.

    A name matches as a whole: `EU` is not found in `Europe`. White space and hyphens inside it are free, and a word
    that was broken at a line's end is one word.
    """
    pattern = _pattern(phrase)
    if pattern is None:
        return
    joined = _BROKEN_WORD.sub("", text)
    found = list(pattern.finditer(text))
    for source, matches in ((text, found), (joined, [] if found else pattern.finditer(joined))):
        for match in matches:
            yield _around(source, match.start(), match.end())


@lru_cache(maxsize=256)
def _pattern(phrase: str) -> re.Pattern[str] | None:
    words = [re.escape(word) for word in _SPLIT.split(phrase) if word]
    return re.compile(rf"(?<!\w){_GAP.join(words)}(?!\w)", re.IGNORECASE) if words else None


def _around(text: str, start: int, end: int) -> str:
    before, after = text[max(start - _REACH, 0) : start], text[end : end + _REACH]
    ends = [match.end() for match in _SENTENCE_END.finditer(before)]
    stop = _SENTENCE_END.search(after)
    return (before[ends[-1] if ends else 0 :] + text[start:end] + (after[: stop.end()] if stop else after)).strip()
