"""How templates are filled in: everything escaped, everything visible, nothing undefined."""

from collections.abc import Callable, Iterable, Mapping, Sized
from functools import cache, lru_cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from clauseproof.model.run import SubjectRecord
from clauseproof.reporting import dates, text
from clauseproof.reporting.dossier import WHOLE_EXHIBITS
from clauseproof.reporting.entry import sentence_of
from clauseproof.reporting.exhibit import Exhibit
from clauseproof.reporting.html.jsontext import excerpt

_JSON_LIMIT = 6000
_CALLS = 40


@cache
def environment() -> Environment:
    """The package's templates. Every value passes `visible` on its way out, whichever filter an author forgot."""
    made = Environment(
        loader=PackageLoader("clauseproof.reporting.html"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    filters: dict[str, Callable[..., Any]] = {
        "line": text.line,
        "sentence": text.sentence,
        "block": text.block,
        "listed": listed,
        "named": _named,
        "counted": _counted,
        "day": dates.day,
        "clock": lambda when: dates.clock(when, seconds=True),
        "facts": _facts,
        "told": sentence_of,
        "circumstances": _circumstances,
    }
    made.filters.update(filters)
    return made


def trusted(name: str) -> Markup:
    """A file of our own, to be put into the page as it is."""
    source, _, _ = PackageLoader("clauseproof.reporting.html").get_source(environment(), name)
    return Markup(source)  # noqa: S704 (ours, and covered by the policy's hashes)


def listed(words: Iterable[str], limit: int = 12) -> str:
    """`a, b and c`, each word one visible line."""
    return text.listed([text.line(word, 200) for word in words], limit)


def _named(names: Iterable[str], subjects: Mapping[str, SubjectRecord]) -> str:
    """`api (https://api.example) and files (https://files.example)`."""
    return listed([f"{name} ({text.line(subjects[name].value, 100)})" for name in names], 30)


def _shown(value: object) -> object:
    return text.visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _counted(things: Sized | int, noun: str, plural: str = "") -> str:
    return text.count(things if isinstance(things, int) else len(things), noun, plural)


@lru_cache(WHOLE_EXHIBITS)
def _facts(exhibit: Exhibit) -> str:
    """The facts as JSON, spelled once for all clauses that rest on them."""
    shown, whole = excerpt(exhibit.data, _JSON_LIMIT)
    return shown if whole else f"{shown}… [only the beginning; the whole lies in observations.jsonl]"


def _circumstances(exhibit: Exhibit) -> str:
    """By which probe, with whose leave, through which calls, fed by which observations."""
    parts = [f"Seen by {exhibit.probe or 'no probe'}, a look of class {exhibit.permission or 'none'}"]
    if exhibit.calls:
        parts.append(f"calls: {listed(exhibit.calls, _CALLS)}")
    if exhibit.inputs:
        parts.append(f"given: {listed(exhibit.inputs, _CALLS)}")
    return "; ".join(parts)
