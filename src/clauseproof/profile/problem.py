"""What is wrong with a file somebody wrote: where, what, and the name they probably meant."""

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from clauseproof.model.errors import ProfileError
from clauseproof.model.profile import Place

Spot = tuple[int, int]
"""Line and column, both from 1."""

MAX_PROBLEMS = 100
_MAX_CHOICES = 500
_LISTED = 12
_SEPARATORS = re.compile(r"[\s_.-]+")


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to mend.

    Attributes:
        what: one sentence without its full stop; it quotes the offending value unless that may be a secret.
        value: the offending text, None where nothing was written or a secret may have been.
        nearest: the valid name that resembles it most, if one does.
        advice: what to write instead, where no name is near.
    """

    place: Place
    what: str
    value: str | None = None
    nearest: str | None = None
    advice: str = ""

    def __str__(self) -> str:
        hint = f"did you mean {self.nearest!r}?" if self.nearest else self.advice
        return f"{self.place}: {self.what}" + (f"; {hint}" if hint else "")


class ProfileErrors(ProfileError):
    """A file cannot be accepted; `problems` are all its faults in the order of their lines."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda one: (one.place.line, one.place.column)))
        super().__init__("\n".join(map(str, self.problems)), f"mend {_count(len(self.problems))} and try again")


class Problems:
    """Gathers the problems of one file; gives up, by raising ProfileErrors, at the hundredth."""

    def __init__(self, file: str) -> None:
        self.file = file
        self._found: list[Problem] = []
        self._spots: set[Spot] = set()

    def __bool__(self) -> bool:
        return bool(self._found)

    def has(self, spot: Spot) -> bool:
        """Whether something at this very place was found already."""
        return spot in self._spots

    def add(
        self, spot: Spot, what: str, *, value: str | None = None, choices: Iterable[str] = (), advice: str = ""
    ) -> None:
        """Note a problem; `choices` are the names that would have been valid."""
        names = list(islice(choices, _MAX_CHOICES))
        near = nearest(value, names) if value is not None else None
        if not advice and near is None and names and len(names) <= _LISTED:
            advice = f"there {'are' if len(names) > 1 else 'is'} {', '.join(names)}"
        self._found.append(Problem(Place(self.file, *spot), what, value, near, advice))
        self._spots.add(spot)
        if len(self._found) >= MAX_PROBLEMS:
            raise self.errors()

    def fatal(self, spot: Spot, what: str, advice: str = "", value: str | None = None) -> ProfileErrors:
        """The error to raise where reading on makes no sense; it carries what was found before, too."""
        return ProfileErrors([*self._found, Problem(Place(self.file, *spot), what, value, None, advice)])

    def errors(self) -> ProfileErrors:
        """Everything found, as the error to raise."""
        return ProfileErrors(self._found)

    def raise_any(self) -> None:
        """Raise ProfileErrors if anything was found."""
        if self._found:
            raise self.errors()


def _count(problems: int) -> str:
    if problems == 1:
        return "this problem"
    return f"these {'first ' if problems >= MAX_PROBLEMS else ''}{problems} problems"


def nearest(name: str, choices: Iterable[str]) -> str | None:
    """The choice that resembles a name most, whatever its case and separators; None if none does."""
    if len(name) > 100:
        return None
    plain = {_bare(choice): choice for choice in choices}
    found = difflib.get_close_matches(_bare(name), plain, n=1, cutoff=0.6)
    return plain[found[0]] if found else None


def _bare(name: str) -> str:
    return _SEPARATORS.sub("", name).casefold()


def quote(text: str, width: int = 80) -> str:
    """A text in quotation marks for a message: shortened, and nothing in it reaches a terminal unescaped."""
    return repr(text if len(text) <= width else text[: width - 1] + "…")
