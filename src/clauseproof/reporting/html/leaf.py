"""One clause as the page shows it: which sentences, which commands, which evidence."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from clauseproof.model.finding import Outcome
from clauseproof.model.profile import Remedy
from clauseproof.model.run import ClaimRecord
from clauseproof.model.verdict import Because, Ruling, Verdict
from clauseproof.reporting.dates import hours
from clauseproof.reporting.dossier import Dossier
from clauseproof.reporting.entry import Entry, Gap, Told
from clauseproof.reporting.exhibit import Exhibit
from clauseproof.reporting.html.drill import Picture, picture
from clauseproof.reporting.sentences import command, headline
from clauseproof.reporting.text import count, line, listed
from clauseproof.reporting.timeline import timelines
from clauseproof.reporting.vocabulary import WORD

_SENTENCES = 8
_PLACES = 6
_STRONG = {
    Ruling.NOT_SATISFIED: (Outcome.BROKEN,),
    Ruling.INCONCLUSIVE: (Outcome.UNKNOWN,),
}


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict beside the parameters of its claim, as JSON."""

    verdict: Verdict
    params: str


@dataclass(frozen=True)
class Leaf:
    """A clause's entry with everything its template asks for.

    Attributes:
        anchor: its id in the page.
        number: its id, without the document's name where all clauses share that.
    """

    entry: Entry
    dossier: Dossier
    anchor: str
    number: str

    @property
    def headline(self) -> str:
        """Its line on page one."""
        return headline(self.entry)

    @property
    def source(self) -> str:
        """Where the promise stands: `DPA, page 4`."""
        clause = self.entry.clause
        return ", ".join(part for part in (line(clause.contract, 60), line(clause.passage, 60)) if part)

    @property
    def looked(self) -> bool:
        """Whether any of it was tested."""
        return self.entry.ruling is not Ruling.NOT_TESTED

    @property
    def told(self) -> tuple[Told, ...]:
        """The sentences shown at once."""
        return self.entry.seen[:_SENTENCES]

    @property
    def untold(self) -> int:
        """How many sentences stand among the evidence only."""
        return len(self.entry.seen) - len(self.told)

    @property
    def strong(self) -> tuple[Outcome, ...]:
        """Which sentences carry the verdict."""
        return _STRONG.get(self.entry.ruling, ())

    def named(self, told: Told) -> bool:
        """Whether a sentence needs its subjects named beside it."""
        return len(self.entry.subjects) > 1 and not all(name in told.text for name in told.subjects)

    @property
    def pictures(self) -> tuple[Picture, ...]:
        """Its drills, drawn."""
        drills = timelines(self.exhibits, self.entry.clause.claims)
        return tuple(picture(drill, f"{self.anchor}-drill-{number}") for number, drill in enumerate(drills, 1))

    @property
    def demands(self) -> bool:
        """Whether the clause asks for more than anybody's word."""
        return self.entry.clause.assurance > 1

    @property
    def falls_short(self) -> bool:
        """Whether its proof is weaker than that."""
        return (self.entry.assurance or 0) < self.entry.clause.assurance and self.demands

    @property
    def without_waiver(self) -> str:
        """What the waived claims would be: `Contradicted`."""
        rulings = [v.waived_from for v in self.entry.verdicts if v.waived_from is not None]
        return listed(list(dict.fromkeys(WORD[ruling] for ruling in rulings)))

    @property
    def settle(self) -> str:
        """The command that tries again, where anything is undecided."""
        if not any(verdict.ruling is Ruling.INCONCLUSIVE for verdict in self.entry.verdicts):
            return ""
        return command(self.dossier, [self.entry.clause.id])

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why nothing of it was tested."""
        return () if self.looked or self.told else self.entry.why_not[:_SENTENCES]

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """What nobody tested, unless the reasons say it already."""
        if self.looked or self.told:
            return self.entry.gaps[:50]
        return tuple(Gap(gap.words, None, gap.because) for gap in self.entry.clause.untested)

    @property
    def how(self) -> tuple[str, ...]:
        """How what was not tested could be."""
        if not self.entry.verdicts and not self.entry.clause.claims:
            return (f"Add a claim for it to {self.dossier.record.profile.path}. Its kinds are listed by:",)
        ways = (gap.remedy for gap in self.entry.gaps if gap.remedy)
        return tuple(dict.fromkeys([*ways, *self._general_ways()]))[:_SENTENCES]

    @property
    def again(self) -> str:
        """The command that makes the missing looks, or finds a claim to make."""
        if not self.entry.verdicts and not self.entry.clause.claims:
            return "clauseproof checks"
        if not any(verdict.because for verdict in self.entry.verdicts) and not self.entry.unjudged:
            return ""
        drills = any(verdict.because is Because.DRILL_NOT_ASKED for verdict in self.entry.verdicts)
        return command(self.dossier, [self.entry.clause.id], drills=drills)

    @cached_property
    def exhibits(self) -> tuple[Exhibit, ...]:
        """The observations it rests on."""
        return self.dossier.exhibits_of(self.entry)

    @property
    def lost(self) -> tuple[str, ...]:
        """Digests that its findings name and the ledger does not hold."""
        return tuple(digest for digest in self.entry.evidence if digest not in self.dossier.exhibits)

    @property
    def left_out(self) -> str:
        """What this page leaves in the ledger."""
        number = sum(exhibit.data is None and exhibit.unseen is None for exhibit in self.exhibits)
        return f"The facts of {count(number, 'observation')} lie in observations.jsonl only." if number else ""

    @cached_property
    def judged(self) -> tuple[Judgement, ...]:
        """Its verdicts with what was asked."""
        asked = [_Asked.of(claim) for claim in self.entry.clause.claims]
        return tuple(Judgement(verdict, _params(verdict, asked)) for verdict in self.entry.verdicts)

    @property
    def where(self) -> str:
        """Its subjects."""
        return listed([line(name, 80) for name in self.entry.subjects], _PLACES)

    @property
    def when(self) -> str:
        """When its observations were made."""
        return hours(exhibit.at for exhibit in self.exhibits)

    @property
    def data(self) -> str:
        """The data its subjects hold."""
        profile = self.dossier.record.profile
        held = [name for s in self.entry.subjects if s in profile.subjects for name in profile.subjects[s].holds]
        return listed([_data(name, self.dossier) for name in dict.fromkeys(held)])

    @property
    def remedy(self) -> str:
        """What the contract grants if it is broken."""
        return _remedy(self.entry.clause.remedy)

    def _general_ways(self) -> Iterator[str]:
        if any(verdict.because is Because.LEFT_OUT for verdict in self.entry.verdicts):
            yield "run it without --only, or name it there"
        if self.entry.unjudged:
            yield "run it again to its end"


@dataclass(frozen=True, slots=True)
class _Asked:
    """A claim with its parameters as JSON."""

    claim: ClaimRecord
    where: frozenset[str]
    params: str

    @classmethod
    def of(cls, claim: ClaimRecord) -> "_Asked":
        params = line(json.dumps(claim.params, ensure_ascii=False), 500) if claim.params else ""
        return cls(claim, frozenset(claim.where), params)


def _params(verdict: Verdict, asked: Sequence[_Asked]) -> str:
    """The parameters of the verdict's claim; of all that it may be where a clause has the same claim twice."""
    fitting = (
        one.params
        for one in asked
        if one.claim.kind == verdict.claim
        and one.claim.words == verdict.words
        and one.where.issuperset(verdict.subjects)
    )
    return " or ".join(dict.fromkeys(fitting))


def _data(name: str, dossier: Dossier) -> str:
    dataset = dossier.record.profile.datasets.get(name)
    if dataset is None:
        return line(name, 60)
    return line(f"{name} ({', '.join((dataset.classification, *dataset.regulation))})", 120)


def _remedy(remedy: Remedy | None) -> str:
    if remedy is None:
        return ""
    cap = f", at most {remedy.cap}" if remedy.cap else ""
    return line(f"{remedy.credit} per {remedy.per}{cap}", 160)
