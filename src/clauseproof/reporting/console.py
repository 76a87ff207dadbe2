"""Terminals: what they can show, and nothing that others wrote interpreted on the way."""

from typing import IO

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.text import Text

from clauseproof.reporting.text import line

NARROWEST, WIDEST = 80, 120
_PLAIN = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "…": "~", "–": "-", "—": "-"})


def console(stream: IO[str]) -> Console:
    """A console without markup, emoji codes or highlighting; rich heeds NO_COLOR and asks whether it is a terminal."""
    return Console(file=stream, markup=False, emoji=False, highlight=False, legacy_windows=False)


def width_of(screen: Console) -> int:
    """Columns to write in: the terminal's, within reason; 100 where there is none."""
    return min(WIDEST, max(NARROWEST, screen.width)) if screen.is_terminal else 100


def say(screen: Console, text: Text) -> None:
    """Write one line as it is: never wrapped, never cut, and in letters that the stream can carry."""
    screen.print(carried(text, screen.encoding), no_wrap=True, overflow="ignore", crop=False, soft_wrap=True)


def carried(text: Text, encoding: str) -> Text:
    """The text in letters of an encoding: typographic ones made plain, others written as escapes."""
    try:
        text.plain.encode(encoding)
    except UnicodeEncodeError:
        plain = text.plain.translate(_PLAIN).encode(encoding, "backslashreplace").decode(encoding)
        return Text(plain, style=text.style)
    except LookupError:
        return text
    return text


def wrapped(text: Text, width: int, indent: str = "") -> list[Text]:
    """The text in lines of at most `width` columns; all but the first begin with `indent`."""
    lines = text.wrap(Console(width=width), width - len(indent))
    for later in lines[1:]:
        later.pad_left(len(indent))
    for one in lines:
        one.rstrip()
    return list(lines)


def fit(text: str, width: int, *, pad: bool = False) -> str:
    """One visible line of at most `width` columns, wide letters counted as two; the last is `…` where it was longer."""
    one = line(text, 2 * width)
    if cell_len(one) > width:
        one = set_cell_size(one, width - 1).rstrip() + "…"
    return set_cell_size(one, width) if pad else one
