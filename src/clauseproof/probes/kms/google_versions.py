"""The versions of a key of Cloud KMS: which may be used and which may not. Pure."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

ENABLED, DISABLED = "ENABLED", "DISABLED"
_PART = re.compile(r"(ENABLED|DISABLED) (\d+(?:-\d+)?(?:,\d+(?:-\d+)?)*)")
_MOST_NUMBERS = 100_000


@dataclass(frozen=True)
class VersionStates:
    """The versions that can be turned on and off, by number; those being made or destroyed are left out.

    As text `ENABLED 1-3,5; DISABLED 4`, which a journal and a reader keep.
    """

    by_number: Mapping[int, str]

    @classmethod
    def of(cls, states: Iterable[tuple[int, str]]) -> "VersionStates":
        """From every version's number and state."""
        return cls({number: state for number, state in sorted(states) if state in (ENABLED, DISABLED)})

    @classmethod
    def parse(cls, text: str) -> "VersionStates":
        """Read the text again; ValueError if it is none."""
        found: dict[int, str] = {}
        for part in filter(None, text.split("; ")):
            match = _PART.fullmatch(part)
            if match is None:
                raise ValueError(f"{part[:80]!r} says nothing of versions")
            found |= dict.fromkeys(_numbers(match[2]), match[1])
        return cls(dict(sorted(found.items())))

    @property
    def enabled(self) -> tuple[int, ...]:
        """The numbers of those that may be used."""
        return tuple(number for number, state in self.by_number.items() if state == ENABLED)

    def __str__(self) -> str:
        words = ((state, [n for n, s in self.by_number.items() if s == state]) for state in (ENABLED, DISABLED))
        return "; ".join(f"{state} {','.join(_ranges(numbers))}" for state, numbers in words if numbers)


def _ranges(numbers: list[int]) -> Iterator[str]:
    starts = [numbers[0], *(b for a, b in pairwise(numbers) if b != a + 1)]
    ends = [*(a for a, b in pairwise(numbers) if b != a + 1), numbers[-1]]
    for start, end in zip(starts, ends, strict=True):
        yield str(start) if start == end else f"{start}-{end}"


def _numbers(text: str) -> Iterator[int]:
    for part in text.split(","):
        first, _, last = part.partition("-")
        if int(last or first) - int(first) > _MOST_NUMBERS:
            raise ValueError(f"{part} is no range of versions")
        yield from range(int(first), int(last or first) + 1)
