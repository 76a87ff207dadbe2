"""Words that others wrote, made fit to be looked at: nothing hidden, nothing endless, one line where one is asked for.

A certificate's subject or a page's title may hold escape sequences, right-to-left overrides, zero-width letters or a
megabyte of nothing. Escaping for HTML, XML or CSV is the format's own business; here they become plain, visible text.
"""

import re
import unicodedata
from collections.abc import Collection, Iterable, Sequence

_ODD = re.compile(r"[^\t\n\x20-\x7e]+")
"""What must be looked at letter by letter; no mark is among the rest, so none is counted across it."""
_MARKS_IN_A_ROW = 3
"""More accents than any script puts on one letter, few enough not to climb into the next line."""


def visible(text: str) -> str:
    """The text with every character nobody would see shown as `<U+202E>`; spaces, tabs and line feeds stay."""
    return _ODD.sub(_shown, text.replace("\r\n", "\n"))


def _shown(odd: re.Match[str]) -> str:
    return "".join(_each_shown(odd[0]))


def _each_shown(text: str) -> Iterable[str]:
    marks = 0
    for character in text:
        category = unicodedata.category(character)
        marks = marks + 1 if category in ("Mn", "Me") else 0
        if marks > _MARKS_IN_A_ROW or not (character.isprintable() or category == "Zs"):
            yield f"<U+{ord(character):04X}>"
        else:
            yield character


def line(text: str, limit: int = 300) -> str:
    """The text as one visible line of at most `limit` characters, the last of them `…` where it was longer.

    Only the beginning of a very long text is read at all.
    """
    return shorten(" ".join(visible(text[: 4 * limit]).split()), limit, more=len(text) > 4 * limit)


def sentence(text: str, names: Collection[str] = (), limit: int = 600) -> str:
    """A finding as a sentence: a capital letter and a full stop, unless it begins with a name or an identifier."""
    one = line(text, limit)
    first = one.partition(" ")[0].rstrip(",;:")
    if first.isascii() and first.isalpha() and first.islower() and first not in names:
        one = one[0].upper() + one[1:]
    return one if not one or one[-1] in ".!?…" else f"{one}."


def shorten(text: str, limit: int, *, more: bool = False) -> str:
    """The text cut at a word's end to at most `limit` characters; `more` says that some was cut before."""
    if len(text) <= limit and not more:
        return text
    cut = text[: limit - 1]
    space = cut.rfind(" ") if text[limit - 1 : limit] not in ("", " ") else -1
    return (cut[:space] if space > limit * 2 // 3 else cut).rstrip(" ,;:.") + "…"


def block(text: str, limit: int = 4000) -> str:
    """The text with its line breaks, visible, at most `limit` characters and a note of how many there were."""
    if len(text) <= limit:
        return visible(text)
    return f"{visible(text[:limit])}… [{limit:,} of {len(text):,} characters]"


def count(number: int, noun: str, plural: str = "") -> str:
    """`1 promise`, `12 promises`, `1,154 looks`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def listed(words: Sequence[str], limit: int = 12) -> str:
    """`a, b and c`; beyond the limit `a, b and 7 more`."""
    if len(words) > limit:
        return f"{', '.join(words[:limit])} and {len(words) - limit:,} more"
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def clause_ids(ids: Sequence[str], limit: int = 12) -> str:
    """`DPA 3.1, 4.2 and 5.1`: clauses of the same document share its name."""
    said: list[str] = []
    last = ""
    for one in ids:
        document, _, number = one.rpartition(" ")
        said.append(number if document and document == last else one)
        last = document
    return listed(said, limit)
