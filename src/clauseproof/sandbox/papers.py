"""The paper around a deployment: contract, permission, reports and profile, dated by the day they are written."""

import re
import string
from collections.abc import Mapping
from datetime import date, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Final

from clauseproof.sandbox.character import Character
from clauseproof.sandbox.pdf import write_pdf

_PDFS: Final = {"evidence/soc2": "SOC 2 Type II report", "evidence/iso27001": "ISO/IEC 27001 certificate"}
_TEXTS: Final = ("contract/dpa.md", "contract/permission.md", "evidence/architecture.md")
_OWN_LINE: Final = re.compile(r"([a-z]+)\| (.*)")


class _Page(string.Template):
    """`@name` stands for a value: neither YAML's braces nor a secret's `${...}` collides with it."""

    delimiter = "@"


def dates(character: Character, today: date) -> dict[str, str]:
    """Every date of the papers, relative to `today`, so that they fit in any year."""
    soc2_to = month_end(today, character.soc2_ended_months_ago)
    soc2_from = month_end(soc2_to, 12) + timedelta(days=1)
    days = {
        "drafted": today - timedelta(days=20),
        "permitted_from": today - timedelta(days=7),
        "permitted_to": today + timedelta(days=7),
        "soc2_from": soc2_from,
        "soc2_to": soc2_to,
        "soc2_signed": soc2_to + timedelta(days=40),
        "iso_from": today - timedelta(days=400),
        "iso_to": today + timedelta(days=695),
    }
    return {name: day.isoformat() for name, day in days.items()}


def month_end(day: date, months_before: int) -> date:
    """The last day of the month that lies `months_before` months before that of `day`, 1 or more."""
    months = day.year * 12 + day.month - months_before
    return date(months // 12, months % 12 + 1, 1) - timedelta(days=1)


def write_papers(folder: Path, character: Character, today: date, values: Mapping[str, str]) -> Path:
    """Write everything into `folder`; returns the profile's path. KeyError for a template's name without a value."""
    filled = {**dates(character, today), "company": character.company, "domain": character.domain, **values}
    for name in _TEXTS:
        _write(folder / name, fill(name, character, filled).encode())
    for name, title in _PDFS.items():
        paragraphs = fill(f"{name}.txt", character, filled).split("\n\n")
        _write(folder / f"{name}.pdf", write_pdf(paragraphs, title=title))
    profile = folder / f"{character.slug}-crm.yaml"
    _write(profile, fill("profile.yaml", character, filled).encode())
    return profile


def fill(name: str, character: Character, values: Mapping[str, str]) -> str:
    """One template. A line that begins with `<slug>| ` is that vendor's alone; every other line is everyone's."""
    text = files("clauseproof.sandbox").joinpath("templates", name).read_text("utf-8")
    lines = [_OWN_LINE.fullmatch(line) or line for line in text.splitlines()]
    kept = [line if isinstance(line, str) else line[2] for line in lines if _concerns(line, character)]
    return _Page("\n".join(kept) + "\n").substitute(values)


def _concerns(line: str | re.Match[str], character: Character) -> bool:
    return isinstance(line, str) or line[1] == character.slug


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
