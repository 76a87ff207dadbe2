"""What has to be looked at, by whom, for which claims: a graph of looks, each made once."""

import inspect
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from clauseproof.engine.permit import Gate
from clauseproof.engine.registry import Check, Need, Probe, Registry, Shape
from clauseproof.model.errors import ProfileError, WiringError
from clauseproof.model.permission import Permission
from clauseproof.model.profile import ClaimUse, Clause, Profile
from clauseproof.model.unseen import Reason, Unseen


class Key(NamedTuple):
    """One look: a kind of facts, a subject's name, a vantage point."""

    kind: str
    subject: str
    vantage: str


@dataclass(frozen=True)
class Item:
    """One claim to judge, on one subject, or on all of its subjects where the check takes `All[...]`."""

    clause: Clause
    use: ClaimUse
    check: Check
    subjects: tuple[str, ...]

    @property
    def title(self) -> str:
        """`tls-floor[DPA 4.2-api]`."""
        return f"{self.use.kind}[{self.clause.id}-{','.join(self.subjects)}]"


@dataclass(frozen=True)
class Sight:
    """A look that will be made: the probe, and the looks it is fed from."""

    key: Key
    probe: Probe
    inputs: tuple[tuple[Need, Key], ...]

    @property
    def drill(self) -> bool:
        """Whether the look changes state."""
        return self.probe.mark.permission is Permission.DRILL

    @property
    def is_async(self) -> bool:
        """Whether the probe runs on the event loop, not in a thread."""
        return inspect.iscoroutinefunction(self.probe.fn)


@dataclass(frozen=True)
class Blind:
    """A look that cannot or may not be made, and why; `probe` is None where none exists."""

    key: Key
    probe: Probe | None
    unseen: Unseen
    inputs: tuple[tuple[Need, Key], ...] = ()


Node = Sight | Blind


@dataclass(frozen=True)
class Plan:
    """The claims of a run and the graph of looks they need.

    Attributes:
        left_out: claims that the run was told to leave out.
    """

    profile: Profile
    registry: Registry
    items: tuple[Item, ...]
    left_out: tuple[Item, ...]
    vantages: tuple[str, ...]
    nodes: Mapping[Key, Node] = field(default_factory=dict)

    def wanted(self, item: Item) -> Iterator[Key]:
        """The looks that judging an item reads."""
        for need in item.check.needs:
            if need.shape is not Shape.PAST:
                for subject in item.subjects:
                    for vantage in self.vantages:
                        yield Key(need.facts.kind, subject, vantage)


def items_of(profile: Profile, registry: Registry) -> Iterator[Item]:
    """Every claim of a profile with its check, in the profile's order."""
    for clause in profile.clauses:
        for use in clause.claims:
            check = registry.checks.get(use.kind)
            if check is None:
                raise ProfileError(f"{use.place}: no check knows the claim {use.kind}", "see: clauseproof checks")
            for subjects in [use.where] if check.takes_all else [(name,) for name in use.where]:
                yield Item(clause, use, check, subjects)


def build_plan(
    profile: Profile,
    registry: Registry,
    gate: Gate,
    *,
    chosen: Iterable[Item] | None = None,
    vantages: tuple[str, ...] = ("local",),
) -> Plan:
    """Work out the looks that `chosen` items need (all, if None) and those that these need in turn."""
    every = tuple(items_of(profile, registry))
    picked = every if chosen is None else tuple(chosen)
    titles = {(item.clause.id, item.title, item.use.place) for item in picked}
    rest = tuple(item for item in every if (item.clause.id, item.title, item.use.place) not in titles)
    plan = Plan(profile, registry, picked, rest, vantages)
    nodes: dict[Key, Node] = {}
    for item in picked:
        for key in plan.wanted(item):
            _add(key, plan, gate, nodes, ())
    return Plan(profile, registry, picked, rest, vantages, nodes)


def _add(key: Key, plan: Plan, gate: Gate, nodes: dict[Key, Node], path: tuple[Key, ...]) -> None:
    if key in path:
        raise WiringError(f"the probes for {' -> '.join(k.kind for k in (*path, key))} feed each other in a circle")
    if key in nodes:
        return
    node = _node(key, plan, gate)
    for _, feed in node.inputs:
        _add(feed, plan, gate, nodes, (*path, key))
    nodes[key] = node


def _node(key: Key, plan: Plan, gate: Gate) -> Node:
    subject = plan.profile.subjects[key.subject]
    probe = plan.registry.probe_for(type(subject), plan.registry.facts[key.kind])
    if probe is None:
        text = f"no probe looks for {key.kind} on {key.subject}, a {type(subject).__name__}"
        return Blind(key, None, Unseen(reason=Reason.UNKNOWABLE, text=text))
    refused = gate.refusal(probe.mark.permission, subject, key.subject)
    if refused is not None:
        return Blind(key, probe, refused)
    inputs = tuple((need, Key(need.facts.kind, key.subject, key.vantage)) for need in probe.needs)
    return Sight(key, probe, inputs)
