"""The clauses on a terminal: a line each, the worst in two where there is room, others together where there is none."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.text import Text

from clauseproof.model.verdict import Ruling
from clauseproof.reporting.console import fit, wrapped
from clauseproof.reporting.dossier import Dossier
from clauseproof.reporting.entry import Entry
from clauseproof.reporting.sentences import headline
from clauseproof.reporting.text import clause_ids, line
from clauseproof.reporting.vocabulary import WORD

STYLE = {
    Ruling.NOT_SATISFIED: "bold red",
    Ruling.INCONCLUSIVE: "bold yellow",
    Ruling.NOT_TESTED: "bold",
    Ruling.WAIVED: "bold magenta",
    Ruling.SATISFIED: "bold green",
}
_LETTER = {
    Ruling.NOT_SATISFIED: "X",
    Ruling.INCONCLUSIVE: "?",
    Ruling.NOT_TESTED: "n",
    Ruling.WAIVED: "w",
    Ruling.SATISFIED: ".",
}
_COLUMN = {
    Ruling.NOT_SATISFIED: "what was seen",
    Ruling.INCONCLUSIVE: "what would settle it",
    Ruling.NOT_TESTED: "why not",
    Ruling.WAIVED: "until when, and by whom",
    Ruling.SATISFIED: "what was seen",
}
_DEEP = (Ruling.NOT_SATISFIED, Ruling.INCONCLUSIVE)
"""Verdicts whose sentence may take two lines where the screen has room for it."""
_WORST_LINES = 5
_PROOF, _TIER = 10, 4


def table(dossier: Dossier, width: int, room: int) -> list[Text]:
    """The clauses in at most `room` lines, as far as one line for each verdict allows; the worst get theirs first."""
    deep = list(_groups(dossier, width, 2, [len(entries) for entries in dossier.groups.values()]))
    if len(deep) <= room:
        return deep
    sizes = [len(entries) for entries in dossier.groups.values()]
    return list(_groups(dossier, width, 1, allot(sizes, room - 2 * len(sizes))))


def allot(sizes: Sequence[int], room: int) -> list[int]:
    """How many lines each group may have: the first ones all they need, the later ones at least one.

    The first, the worst, has a few in any case.
    """
    given = []
    for place, size in enumerate(sizes):
        least = min(size, _WORST_LINES) if place == 0 else 1
        lines = max(least, min(size, room - (len(sizes) - place - 1)))
        given.append(lines)
        room -= lines
    return given


def _groups(dossier: Dossier, width: int, depth: int, given: Sequence[int]) -> Iterator[Text]:
    columns = _Columns.of(dossier.entries, width)
    for (ruling, entries), lines in zip(dossier.groups.items(), given, strict=True):
        shown = entries if len(entries) <= lines else entries[: lines - 1]
        yield Text(columns.heading(ruling) if shown else WORD[ruling].upper(), style=STYLE[ruling])
        for one in shown:
            first, *others = columns.row(one, depth if ruling in _DEEP else 1)
            yield _marked(ruling, first)
            yield from (Text(f"  {other}") for other in others)
        left = [one.clause.id for one in entries[len(shown) :]]
        if left:
            more = f"and {len(left):,} more: " if shown else ""
            yield _marked(ruling, fit(f"{more}{clause_ids(left, 40)}", width - 2))
        yield Text()


@dataclass(frozen=True, slots=True)
class _Columns:
    """Widths of the columns: the clause's id, its title, what is said of it."""

    id: int
    title: int
    said: int

    @classmethod
    def of(cls, entries: Sequence[Entry], width: int) -> "_Columns":
        ids = min(16, max((cell_len(line(one.clause.id, 40)) for one in entries), default=0))
        titles = min(width // 4, max((cell_len(line(one.clause.title, 80)) for one in entries), default=0))
        return cls(ids, titles, width - ids - titles - _PROOF - _TIER - 8)

    def heading(self, ruling: Ruling) -> str:
        word = fit(WORD[ruling].upper(), self.id + self.title + 4, pad=True)
        proof = "" if ruling is Ruling.NOT_TESTED else "proof"
        return f"{word}  {fit(_COLUMN[ruling], self.said, pad=True)}  {proof:<{_PROOF}}tier"

    def row(self, one: Entry, depth: int) -> list[str]:
        """The clause's lines, without its letter."""
        name = f"{fit(one.clause.id, self.id, pad=True)}  {fit(one.clause.title, self.title, pad=True)}"
        proof = "" if one.ruling is Ruling.NOT_TESTED else str(one.assurance or "none")
        said = wrapped(Text(headline(one)), self.said)
        first = said[0].plain if said and depth > 1 else fit(headline(one), self.said)
        rest = [fit(" ".join(more.plain for more in said[1:]), self.said)] if len(said) > 1 and depth > 1 else []
        margin = " " * (self.id + self.title + 4)
        return [
            f"{name}  {fit(first, self.said, pad=True)}  {proof:<{_PROOF}}{one.clause.tier}",
            *(margin + r for r in rest),
        ]


def _marked(ruling: Ruling, words: str) -> Text:
    return Text(_LETTER[ruling], style=STYLE[ruling]).append(f" {words}", style="not bold default")
