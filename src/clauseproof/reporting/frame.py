"""One picture of a run under way: how far each stage is, as lines of text."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from rich.text import Text

from clauseproof.engine.plan import Blind, Item, Key, Plan, Sight
from clauseproof.ledger.results import NO_CLAIM
from clauseproof.model.unseen import Reason, Unseen
from clauseproof.reporting.console import fit
from clauseproof.reporting.text import count, line, listed

_BAR = 30
_OPEN = 3
_UNSEEN = 3
_WHY = {Reason.NOT_PERMITTED: "no permission", Reason.NOT_ASKED: "drill not asked for"}


@dataclass
class Stage:
    """How far a run is.

    Attributes:
        looks: how many looks are made, drills apart; `drills` those that change something.
        open: what is being looked at: since when, and what its probe last said.
    """

    title: str
    plan: str = ""
    untested: str = ""
    looks: int = 0
    seen: int = 0
    total: int = 0
    drills: dict[Key, str] = field(default_factory=dict)
    open: dict[Key, tuple[float, str]] = field(default_factory=dict)
    unseen: list[str] = field(default_factory=list)
    judged: str = ""
    recorded: str = ""
    _sights: frozenset[Key] = frozenset()

    def planned(self, plan: Plan) -> None:
        """Take the plan's measure."""
        sights = [node for node in plan.nodes.values() if isinstance(node, Sight)]
        self._sights = frozenset(node.key for node in sights if not node.drill)
        self.drills = {node.key: "waits" for node in sights if node.drill}
        self.looks, self.total = len(self._sights), len(plan.nodes)
        made = count(len(sights), "look")
        drills = (
            f", {len(self.drills)} of them {'drills' if len(self.drills) > 1 else 'a drill'}" if self.drills else ""
        )
        promises, subjects = count(len(plan.profile.clauses), "promise"), count(len(plan.profile.subjects), "subject")
        self.plan = f"{promises}, {subjects}: {made} to make{drills}"
        self.untested = listed([f"{clause} ({why})" for clause, why in untested(plan)], 6)

    def started(self, key: Key, drill: bool, now: float) -> None:
        """A look began at clock second `now`."""
        if drill:
            self.drills[key] = "under way"
        self.open[key] = (now, "")

    def told(self, key: Key, said: str) -> None:
        """A probe said how far it is."""
        if key in self.open:
            self.open[key] = (self.open[key][0], line(said, 200))

    def finished(self, key: Key, unseen: Unseen | None) -> bool:
        """A look ended; whether it counts among those that were to be made."""
        self.open.pop(key, None)
        if key in self.drills:
            self.drills[key] = "ended" if unseen is None else line(unseen.text, 200)
            return False
        if unseen is not None:
            self.unseen.append(f"{key.kind} of {key.subject}: {line(unseen.text, 200)}")
        counted = key in self._sights
        self.seen += counted
        return counted

    @property
    def observed(self) -> str:
        """`24 of 30, 1 unseen`."""
        gave_nothing = f", {len(self.unseen):,} unseen" if self.unseen else ""
        return f"{self.seen:,} of {self.looks:,}{gave_nothing}"


def untested(plan: Plan) -> Iterator[tuple[str, str]]:
    """The clauses, or some claims of them, that this run cannot test, with the reason in a few words."""
    by_clause: dict[str, list[Item]] = {}
    for item in plan.items:
        by_clause.setdefault(item.clause.id, []).append(item)
    for clause in plan.profile.clauses:
        items = by_clause.get(clause.id, [])
        if not clause.claims:
            yield clause.id, NO_CLAIM.removesuffix(" in the profile")
        elif not items:
            yield clause.id, "left out"
        else:
            yield from _barred_of(clause.id, [(item.use.kind, _barred(plan, item)) for item in items])


def _barred_of(clause: str, claims: Sequence[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    reasons = {kind: why for kind, why in claims if why}
    if all(why for _, why in claims):
        yield clause, next(iter(reasons.values()))
    else:
        yield from ((f"{clause} {kind}", why) for kind, why in reasons.items())


def _barred(plan: Plan, item: Item) -> str:
    """Why a look that the check cannot do without will not be made; empty where nothing stands in its way."""
    kinds = {need.facts.kind for need in item.check.needs if not need.optional}
    wanted = (plan.nodes.get(key) for key in plan.wanted(item) if key.kind in kinds)
    blind = (node for node in wanted if isinstance(node, Blind))
    return next((_WHY[node.unseen.reason] for node in blind if node.unseen.reason in _WHY), "")


def draw(stage: Stage, gone_s: float, now: float, width: int) -> Text:
    """The picture, at most `width` columns wide."""
    text = Text(f"{fit(f'clauseproof  {stage.title}', width - 7, pad=True)}{clock(gone_s)}\n", no_wrap=True)
    for label, words, done in _rows(stage, now):
        text.append(f"{label:<9}", style="bold" if label else "")
        text.append(f"{fit(words, width - 16, pad=True)}  ")
        text.append(f"{done}\n", style="green")
    text.rstrip()
    return text


def _rows(stage: Stage, now: float) -> Iterator[tuple[str, str, str]]:
    yield "plan", stage.plan or "-", "done" if stage.seen and stage.plan else ""
    if stage.untested and not stage.judged:
        yield "", f"will stay not tested: {stage.untested}", ""
    all_seen = bool(stage.plan) and stage.seen == stage.looks
    observed = f"{bar(stage.seen, stage.looks)} {stage.observed}" if stage.plan else "-"
    yield "observe", observed, "done" if all_seen else ""
    yield from _open(stage, now)
    yield from (("", f"unseen: {words}", "") for words in stage.unseen[-_UNSEEN:] if not stage.judged)
    yield from _drills(stage, now)
    yield "judge", stage.judged or "-", "done" if stage.judged else ""
    yield "record", stage.recorded or "-", "done" if stage.recorded else ""


def _open(stage: Stage, now: float) -> Iterator[tuple[str, str, str]]:
    looks = [key for key in stage.open if key not in stage.drills]
    for key in looks[:_OPEN]:
        began, said = stage.open[key]
        yield "", f"open: {key.kind} of {key.subject}{f', {said}' if said else ''}", clock(now - began)
    if len(looks) > _OPEN:
        yield "", f"and {len(looks) - _OPEN:,} more", ""


def _drills(stage: Stage, now: float) -> Iterator[tuple[str, str, str]]:
    label = "drill"
    for key, state in list(stage.drills.items())[:6]:
        began, said = stage.open.get(key, (now, ""))
        under_way = key in stage.open
        done = clock(now - began) if under_way else "done" if state == "ended" else ""
        yield label, said if key.subject in said else f"{key.kind} of {key.subject}: {said or state}", done
        if under_way:
            yield "", "Ctrl-C is safe: what was changed is changed back first.", ""
            yield "", "If this process dies: clauseproof restore", ""
        label = ""


def bar(done: int, of: int) -> str:
    """`[####......]`, 30 steps."""
    filled = _BAR * done // of if of else _BAR
    return f"[{'#' * filled}{'.' * (_BAR - filled)}]"


def clock(seconds: float) -> str:
    """`0:09`, `20:20`, `1:02:03`."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
