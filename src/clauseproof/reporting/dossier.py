"""A run as every report sees it: its clauses worst first, and the evidence they rest on."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Self

from clauseproof.ledger import layout
from clauseproof.ledger.files import sha256_bounded
from clauseproof.ledger.line import Line
from clauseproof.ledger.read import LedgerReader
from clauseproof.model.assurance import Assurance
from clauseproof.model.run import ClauseRecord, RunRecord
from clauseproof.model.verdict import Ruling, Verdict
from clauseproof.reporting.entry import Entry, entry
from clauseproof.reporting.exhibit import Exhibit
from clauseproof.reporting.vocabulary import SEVERITY, rank

WHOLE_EXHIBITS = 400
"""So many observations keep their facts in memory, those of the worst verdicts first; the others stay in the ledger."""
WHOLE_SIZE = 64 * 1024 * 1024
"""And so many characters of JSON all of them together."""


@dataclass(frozen=True)
class Dossier:
    """What reports are drawn from.

    Attributes:
        ledger: the run as it lies on disk; its observations are read when a report first asks for them.
        verdicts: all of them, in the order in which they were given.
        entries: one per clause: worst first, then by tier, then in the profile's order.
    """

    ledger: LedgerReader
    verdicts: tuple[Verdict, ...]
    entries: tuple[Entry, ...]

    @classmethod
    def read(cls, ledger: LedgerReader) -> Self:
        """Read a run; LedgerError if its verdicts cannot be read."""
        verdicts = ledger.verdicts()
        return cls(ledger, verdicts, tuple(_entries(ledger.record.profile.clauses, verdicts)))

    @property
    def record(self) -> RunRecord:
        """Who made the run, when, of which profile."""
        return self.ledger.record

    @property
    def truncated(self) -> bool:
        """Whether the run was killed while it wrote a line."""
        return self.ledger.truncated

    @cached_property
    def exhibits(self) -> Mapping[str, Exhibit]:
        """Every observation of the run by digest, in the order of the ledger; LedgerError if one cannot be read.

        Memory grows with their number, never with their size.
        """
        cited = (digest for one in self.entries for digest in one.evidence)
        whole = frozenset(islice(dict.fromkeys(cited), WHOLE_EXHIBITS))
        return {exhibit.digest: exhibit for exhibit in _exhibits(self.ledger.lines(), whole)}

    @cached_property
    def files(self) -> Mapping[str, str]:
        """Hex SHA-256 of the run's files that all of this was read from, by name."""
        return {name: _digest(self.ledger, name) for name in (layout.OBSERVATIONS, layout.VERDICTS)}

    @cached_property
    def in_order(self) -> tuple[Entry, ...]:
        """The clauses in the profile's order."""
        place = {clause.id: number for number, clause in enumerate(self.record.profile.clauses)}
        return tuple(sorted(self.entries, key=lambda one: place.get(one.clause.id, len(place))))

    @cached_property
    def counts(self) -> Mapping[Ruling, int]:
        """How many clauses have which ruling; every ruling is there, worst first."""
        counted = Counter(one.ruling for one in self.entries)
        return {ruling: counted[ruling] for ruling in SEVERITY}

    @cached_property
    def groups(self) -> Mapping[Ruling, tuple[Entry, ...]]:
        """The clauses by ruling, worst first; only rulings that occur."""
        grouped: dict[Ruling, list[Entry]] = {}
        for one in self.entries:
            grouped.setdefault(one.ruling, []).append(one)
        return {ruling: tuple(entries) for ruling, entries in grouped.items()}

    @property
    def draft(self) -> bool:
        """Whether no document of the contract is in force yet."""
        return all(document.status == "draft" for document in self.record.profile.contract)

    def exhibits_of(self, one: Entry) -> tuple[Exhibit, ...]:
        """The observations that an entry rests on and the ledger holds."""
        return tuple(self.exhibits[digest] for digest in one.evidence if digest in self.exhibits)


def _exhibits(lines: Iterable[Line], wanted: frozenset[str]) -> Iterator[Exhibit]:
    room = WHOLE_SIZE
    for line in lines:
        size = len(json.dumps(line.data)) if line.digest in wanted else 0
        room -= size
        yield Exhibit.of(line, whole=size > 0 and room >= 0)


def _digest(ledger: LedgerReader, name: str) -> str:
    return sha256_bounded(ledger.directory / name, layout.limit_of(name) or 0)


def _entries(clauses: Iterable[ClauseRecord], verdicts: Iterable[Verdict]) -> Iterator[Entry]:
    by_clause: dict[str, list[Verdict]] = {}
    for verdict in verdicts:
        by_clause.setdefault(verdict.clause, []).append(verdict)
    made = [entry(clause, by_clause.pop(clause.id, ())) for clause in clauses]
    made += [entry(_unknown(name, found), found) for name, found in by_clause.items()]
    yield from sorted(made, key=lambda one: (rank(one.ruling), one.clause.tier))


def _unknown(name: str, verdicts: Sequence[Verdict]) -> ClauseRecord:
    """A clause that the profile does not have: a marked test named it. Its verdict must not get lost."""
    return ClauseRecord(
        id=name, title="", promise="", contract="", passage="", tier=verdicts[0].tier,
        assurance=Assurance.STATED, remedy=None, claims=(), untested=(),
    )  # fmt: skip
