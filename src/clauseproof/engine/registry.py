"""What the loaded modules offer, read from their signatures."""

import importlib
import inspect
import types
import typing
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, get_args, get_origin, get_type_hints

from clauseproof.model import marks
from clauseproof.model.case import Case
from clauseproof.model.claim import Claim
from clauseproof.model.drill import Journal, Undo
from clauseproof.model.errors import WiringError
from clauseproof.model.facts import All, Facts, Past
from clauseproof.model.finding import Finding
from clauseproof.model.look import Look
from clauseproof.model.permission import Permission
from clauseproof.model.subject import Subject
from clauseproof.model.unseen import Unseen


class Shape(Enum):
    """How much of a kind of facts is asked for."""

    ONE = "one"
    ALL = "all"
    PAST = "past"


@dataclass(frozen=True)
class Need:
    """One parameter that asks for facts; `optional` where it may be given an Unseen."""

    name: str
    facts: type[Facts]
    shape: Shape
    optional: bool


@dataclass(frozen=True)
class Check:
    """A check as its signature describes it. `case` is the name of its Case parameter, if any."""

    kind: str
    claim: type[Claim]
    claim_name: str
    needs: tuple[Need, ...]
    case: str | None
    fn: Callable[..., Iterator[Finding]]

    @property
    def takes_all(self) -> bool:
        """Whether it judges all subjects of a claim at once."""
        return any(need.shape is Shape.ALL for need in self.needs)


@dataclass(frozen=True)
class Probe:
    """A probe as its signature describes it; names of the parameters that take subject, look and journal."""

    subject: type[Subject]
    gives: type[Facts]
    subject_name: str
    needs: tuple[Need, ...]
    look: str | None
    journal: str | None
    fn: Callable[..., Any]
    mark: marks.ProbeMark

    @property
    def name(self) -> str:
        """Module and function; of a check file only its stem, which is the same on every machine."""
        module = self.fn.__module__
        if module.startswith("clauseproof_checks_"):
            module = module.rpartition(".")[2]
        return f"{module}:{self.fn.__qualname__}"


@dataclass
class Registry:
    """All checks, probes, facts, subjects and ways back of the modules scanned."""

    checks: dict[str, Check] = field(default_factory=dict)
    probes: dict[tuple[type[Subject], type[Facts]], Probe] = field(default_factory=dict)
    facts: dict[str, type[Facts]] = field(default_factory=dict)
    subjects: dict[str, list[type[Subject]]] = field(default_factory=dict)
    undoes: dict[str, Callable[[Undo], None]] = field(default_factory=dict)

    def scan(self, module: types.ModuleType) -> None:
        """Take in everything that is declared in a module (not what it imports)."""
        for value in list(vars(module).values()):
            if getattr(value, "__module__", None) == module.__name__:
                self._take(value)

    def scan_names(self, names: Iterable[str]) -> None:
        """Import modules by name and scan them."""
        for name in names:
            self.scan(importlib.import_module(name))

    def probe_for(self, subject: type[Subject], facts: type[Facts]) -> Probe | None:
        """The probe that serves a pair, also where it is declared for a base class of the subject."""
        for base in subject.__mro__:
            found = self.probes.get((base, facts))
            if found is not None:
                return found
        return None

    def _take(self, value: Any) -> None:
        if inspect.isclass(value):
            self._take_class(value)
        elif hasattr(value, marks.CHECK):
            self._put(self.checks, getattr(value, marks.CHECK), read_check(value), value, "check")
        elif hasattr(value, marks.PROBE):
            probe = read_probe(value)
            pair = (probe.subject, probe.gives)
            self._put(self.probes, pair, probe, value, f"probe of {pair[0].__name__} for {pair[1].kind}")
        elif hasattr(value, marks.UNDOES):
            self._put(self.undoes, getattr(value, marks.UNDOES), value, value, "way back")

    def _take_class(self, value: type) -> None:
        if issubclass(value, Facts) and "kind" in vars(value):
            _no_defaults(value)
            self._put(self.facts, value.kind, value, value, "facts")
        elif issubclass(value, Subject) and value.key:
            known = self.subjects.setdefault(value.key, [])
            if value not in known:
                known.append(value)

    @staticmethod
    def _put(shelf: dict[Any, Any], key: Any, value: Any, source: Any, what: str) -> None:
        if key in shelf and _source_of(shelf[key]) is not source:
            first = where(_source_of(shelf[key]))
            raise WiringError(
                f"{where(source)}: {what} {_spell(key)} is declared a second time", f"the first is at {first}"
            )
        shelf[key] = value


def _source_of(value: Any) -> Any:
    return value.fn if isinstance(value, (Check, Probe)) else value


def _spell(key: Any) -> str:
    return key if isinstance(key, str) else ""


def where(thing: Any) -> str:
    """`file:line` of a function or class."""
    try:
        return f"{inspect.getsourcefile(thing)}:{inspect.getsourcelines(thing)[1]}"
    except (OSError, TypeError):
        return f"{thing.__module__}.{thing.__qualname__}"


def read_check(fn: Callable[..., Any]) -> Check:
    """Read a check's wiring; WiringError naming file, line and parameter if a parameter makes no sense."""
    hints = _hints(fn)
    hints.pop("return", None)
    claims = {name: hint for name, hint in hints.items() if inspect.isclass(hint) and issubclass(hint, Claim)}
    if len(claims) != 1:
        raise WiringError(f"{where(fn)}: check {fn.__name__} needs exactly one parameter that is a Claim")
    cases = [name for name, hint in hints.items() if hint is Case]
    needs = tuple(_need(fn, name, hint) for name, hint in hints.items() if name not in claims and name not in cases)
    (claim_name, claim), case = next(iter(claims.items())), next(iter(cases), None)
    return Check(getattr(fn, marks.CHECK), claim, claim_name, needs, case, fn)


def read_probe(fn: Callable[..., Any]) -> Probe:
    """Read a probe's wiring; WiringError naming file, line and parameter if a parameter makes no sense."""
    hints = _hints(fn)
    gives = hints.pop("return", None)
    if not (inspect.isclass(gives) and issubclass(gives, Facts)):
        raise WiringError(f"{where(fn)}: probe {fn.__name__} must say which Facts it returns")
    subjects = {name: hint for name, hint in hints.items() if inspect.isclass(hint) and issubclass(hint, Subject)}
    if len(subjects) != 1:
        raise WiringError(f"{where(fn)}: probe {fn.__name__} needs exactly one parameter that is a Subject")
    ((subject_name, subject),) = subjects.items()
    ports = {hint: name for name, hint in hints.items() if hint in (Look, Journal)}
    needs = tuple(
        _need(fn, name, hint) for name, hint in hints.items() if name != subject_name and name not in ports.values()
    )
    many = [need.name for need in needs if need.shape is not Shape.ONE]
    if many:
        raise WiringError(
            f"{where(fn)}: probe {fn.__name__}: {many[0]} asks for many facts; a probe gets one subject's"
        )
    mark: marks.ProbeMark = getattr(fn, marks.PROBE)
    if (mark.permission is Permission.DRILL) != (Journal in ports):
        raise WiringError(
            f"{where(fn)}: probe {fn.__name__}: a probe of class drill takes a Journal, and no other does"
        )
    return Probe(subject, gives, subject_name, needs, ports.get(Look), ports.get(Journal), fn, mark)


def _hints(fn: Callable[..., Any]) -> dict[str, Any]:
    try:
        hints = get_type_hints(fn)
    except NameError as error:
        raise WiringError(
            f"{where(fn)}: {fn.__name__}: {error}",
            "import the types of a check or probe at run time, not under TYPE_CHECKING",
        ) from error
    untyped = [name for name in inspect.signature(fn).parameters if name not in hints]
    if untyped:
        raise WiringError(f"{where(fn)}: {fn.__name__}: parameter {untyped[0]} has no type, and the type is the wiring")
    return hints


def _need(fn: Callable[..., Any], name: str, hint: Any) -> Need:
    inner, optional = _without_unseen(hint)
    shape = {All: Shape.ALL, Past: Shape.PAST}.get(get_origin(inner), Shape.ONE)
    facts = get_args(inner)[0] if shape is not Shape.ONE else inner
    if not (inspect.isclass(facts) and issubclass(facts, Facts)) or (optional and shape is not Shape.ONE):
        spelled = getattr(hint, "__name__", None) or str(hint)
        raise WiringError(
            f"{where(fn)}: {fn.__name__}: parameter {name} asks for {spelled}",
            "write facts as T, T | Unseen, All[T] or Past[T]",
        )
    return Need(name, facts, shape, optional)


def _without_unseen(hint: Any) -> tuple[Any, bool]:
    if get_origin(hint) not in (typing.Union, types.UnionType):
        return hint, False
    rest = [arg for arg in get_args(hint) if arg is not Unseen]
    if len(rest) == 1 and len(get_args(hint)) == 2:
        return rest[0], True
    return hint, False


def _no_defaults(facts: type[Facts]) -> None:
    soft = [name for name, info in facts.model_fields.items() if not info.is_required()]
    if soft:
        raise WiringError(
            f"{where(facts)}: facts {facts.kind} give {', '.join(soft)} a default",
            "leave defaults out: an older recording without the field would read as evidence",
        )
