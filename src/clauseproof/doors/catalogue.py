"""What clauseproof can check, as text for people."""

import inspect
from collections.abc import Iterator

from pydantic_core import PydanticUndefined

from clauseproof.engine.loading import CheckFile
from clauseproof.engine.registry import Check, Probe, Registry, Shape
from clauseproof.model.errors import ClauseproofError


def listing(registry: Registry, check_files: tuple[CheckFile, ...]) -> Iterator[str]:
    """One line per claim kind, by check file."""
    for file in check_files:
        yield f"{file.name}"
        for kind in file.kinds:
            yield f"  {kind:24}{_first_line(registry.checks[kind])}"
    yield ""
    yield "One in full: clauseproof checks KIND"


def in_full(registry: Registry, kind: str) -> Iterator[str]:
    """Everything about one claim: what it says, what a profile may write, what it looks at and what that needs."""
    check = registry.checks.get(kind)
    if check is None:
        raise ClauseproofError(f"no check knows the claim {kind}", f"there are: {', '.join(sorted(registry.checks))}")
    yield kind
    yield ""
    yield inspect.cleandoc(check.claim.__doc__ or "")
    yield ""
    yield "In a profile:"
    yield f"  - {kind}: {{where: [SUBJECT], {''.join(_parameters(check))}words: ...}}"
    yield ""
    yield "How it judges:"
    yield inspect.cleandoc(check.fn.__doc__ or "")
    yield ""
    yield "What it looks at:"
    yield from _looks(check, registry)


def _first_line(check: Check) -> str:
    return inspect.cleandoc(check.claim.__doc__ or "").partition("\n")[0]


def _parameters(check: Check) -> Iterator[str]:
    for name, info in check.claim.model_fields.items():
        default = "..." if info.default is PydanticUndefined else _spelled(info.default)
        yield f"{info.alias or name}: {default}, "


def _spelled(default: object) -> str:
    return "..." if default is None or default == () else str(default)


def _looks(check: Check, registry: Registry) -> Iterator[str]:
    for need in check.needs:
        how = {Shape.ALL: "all subjects at once", Shape.PAST: "earlier runs"}.get(need.shape, "each subject")
        without = ", can do without" if need.optional else ""
        yield f"  {need.facts.kind} ({how}{without}; at most {need.facts.ceiling})"
        for probe in registry.probes.values():
            if probe.gives is need.facts:
                yield f"    {_look(probe)}"


def _look(probe: Probe) -> str:
    rights = f", needs {', '.join(probe.mark.rights)}" if probe.mark.rights else ""
    return f"{probe.subject.key}: a look of class {probe.mark.permission}, {probe.mark.deadline_s:g} s at most{rights}"
