"""What clauseproof can check, as text for people: the `checks` command and the pages of `docs/`.

`python -m clauseproof.doors.catalogue docs` writes the pages anew; a test holds them against the code.
"""

import inspect
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from pydantic_core import PydanticUndefined

from clauseproof.doors import permissions
from clauseproof.doors.assembly import load
from clauseproof.engine.loading import CheckFile
from clauseproof.engine.registry import Check, Need, Probe, Registry, Shape
from clauseproof.model.errors import ClauseproofError
from clauseproof.model.units import spell


def listing(registry: Registry, check_files: tuple[CheckFile, ...]) -> Iterator[str]:
    """One line per claim kind, by check file."""
    for file in check_files:
        if file.kinds:
            yield file.name
        for kind in file.kinds:
            yield f"  {kind:24}{_claim_doc(registry.checks[kind]).partition(chr(10))[0]}"
    yield ""
    yield "One in full: clauseproof checks KIND"


def in_full(registry: Registry, kind: str) -> Iterator[str]:
    """Everything about one claim, Markdown: what it says, what a profile may write, what it looks at."""
    check = registry.checks.get(kind)
    if check is None:
        raise ClauseproofError(f"no check knows the claim {kind}", f"there are: {', '.join(sorted(registry.checks))}")
    yield from (f"# {kind}", "", _claim_doc(check), "")
    yield from ("```yaml", f"- {kind}: {{where: [subject], {''.join(_parameters(check))}words: ...}}", "```", "")
    yield from ("| parameter | default | |", "| --- | --- | --- |")
    yield from ("| `where` | required | names of subjects of the profile |",)
    yield from (f"| `{name}` | {default} | {text} |" for name, default, text in _rows(check))
    yield from ("| `words` | none | the words of the promise that this claim tests |", "")
    judging = inspect.cleandoc(check.fn.__doc__ or "")
    if judging:
        yield from ("## How it judges", "", judging, "")
    yield from ("## What it looks at", "")
    for need in check.needs:
        yield from _looks(need, registry)


def pages(registry: Registry, check_files: tuple[CheckFile, ...]) -> Iterator[tuple[str, str]]:
    """Name and text of every generated page, relative to `docs/`."""
    kinds = [kind for file in check_files for kind in file.kinds]
    index = ["# Claims", "", "Generated from the checks' own docstrings.", ""]
    for kind in kinds:
        yield f"checks/{kind}.md", "\n".join(in_full(registry, kind)).rstrip() + "\n"
        index.append(f"- [{kind}]({kind}.md): {_claim_doc(registry.checks[kind]).partition(chr(10))[0]}")
    yield "checks/README.md", "\n".join(index) + "\n"
    yield "permissions.md", permissions.page(registry)


def _claim_doc(check: Check) -> str:
    return inspect.cleandoc(check.claim.__doc__ or "")


def _parameters(check: Check) -> Iterator[str]:
    for name, info in check.claim.model_fields.items():
        if info.is_required():
            yield f"{info.alias or name}: ..., "


def _rows(check: Check) -> Iterator[tuple[str, str, str]]:
    for name, info in check.claim.model_fields.items():
        default = "required" if info.default is PydanticUndefined else _spelled(info.default)
        yield info.alias or name, default, info.description or ""


def _spelled(default: object) -> str:
    if default is None or default == ():
        return "none"
    if isinstance(default, timedelta):
        return f"`{spell(default)}`"
    if isinstance(default, tuple):
        return ", ".join(_spelled(one) for one in default)
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"


def _looks(need: Need, registry: Registry) -> Iterator[str]:
    how = {Shape.ALL: ", of all subjects at once", Shape.PAST: ", of earlier runs"}.get(need.shape, "")
    without = "; it can decide without" if need.optional else ""
    yield f"- `{need.facts.kind}`{how}{without}. At most *{need.facts.ceiling}*."
    for probe in registry.probes.values():
        if probe.gives is need.facts:
            yield f"  - {_look(probe)}"


def _look(probe: Probe) -> str:
    rights = f"; needs {', '.join(f'`{right}`' for right in probe.mark.rights)}" if probe.mark.rights else ""
    name = f"{probe.subject.__name__} (`{probe.subject.key}`)"
    return f"{name}: a look of class `{probe.mark.permission}`, at most {probe.mark.deadline_s:g} s{rights}"


def main(folder: Path) -> None:
    """Write the pages."""
    registry, check_files = load()
    for name, text in pages(registry, check_files):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
