"""The summary on a terminal: the worst first, on one screen, with what to do next and where the report lies."""

import sys
from collections.abc import Iterator
from typing import IO

from rich.text import Text

from clauseproof.reporting import dates
from clauseproof.reporting.advice import steps
from clauseproof.reporting.console import console, fit, say, width_of, wrapped
from clauseproof.reporting.dossier import Dossier
from clauseproof.reporting.sentences import DISCLAIMER, bare, lead
from clauseproof.reporting.table import STYLE, table
from clauseproof.reporting.text import clause_ids, line, listed
from clauseproof.reporting.unfinished import unfinished

_EXIT = {
    0: "nothing of tier 1 or 2 is contradicted or undecided",
    1: "a tier 1 or 2 promise is contradicted",
    6: "a tier 1 or 2 promise is undecided, or not tested for want of permission",
    7: "a drill could not restore what it changed: clauseproof restore",
    130: "interrupted; what was seen until then is recorded",
}
_SCREEN = 50
"""Lines to keep to where there is no terminal to ask."""


def show(dossier: Dossier, report: str, *, exit_code: int | None = None, stream: IO[str] | None = None) -> None:
    """Print the summary. `report` is the path of report.html and becomes the last line."""
    screen = console(stream or sys.stdout)
    height = screen.height - 1 if screen.is_terminal else _SCREEN
    for text in summary(dossier, report, width=width_of(screen), height=height, exit_code=exit_code):
        say(screen, text)


def render(dossier: Dossier, report: str, *, width: int = 100, height: int = _SCREEN) -> str:
    """The summary as plain text."""
    return "".join(f"{text.plain.rstrip()}\n" for text in summary(dossier, report, width=width, height=height))


def summary(dossier: Dossier, report: str, *, width: int, height: int, exit_code: int | None = None) -> list[Text]:
    """The summary line by line; no longer than `height` as far as the verdicts and the next steps allow."""
    head = [*_head(dossier, width), Text(), *wrapped(_lead(dossier), width), Text()]
    foot = [*_foot(dossier, width, exit_code), Text(), *_next(dossier, width), Text(), Text(line(report, 4096))]
    room = height - len(head) - len(foot)
    return [*head, *table(dossier, width, room), *foot]


def _head(dossier: Dossier, width: int) -> Iterator[Text]:
    run, profile = dossier.record, dossier.record.profile
    papers = listed([f"{paper.id} ({_status(paper.status)})" for paper in profile.contract], 4)
    who = f"clauseproof {run.clauseproof}: {profile.vendor} against {papers}, for {profile.buyer} by {run.operator}"
    when = dates.span(run.started, run.finished)
    grant = f"permission of {profile.permission.granted_by}" if profile.permission else "no permission needed"
    yield Text(fit(who, width), style="bold")
    yield Text(fit(f"{when}, from {listed(run.vantages, 3)}; {grant}", width))
    if not run.complete:
        yield Text("This run was interrupted: what is missing is undecided or not tested.", style="bold yellow")
    for sentence in unfinished(dossier):
        yield from wrapped(Text(sentence, style="bold red"), width)


def _status(status: str) -> str:
    return "draft, not signed" if status == "draft" else status


def _lead(dossier: Dossier) -> Text:
    text = Text()
    for phrase in lead(dossier):
        text.append(phrase.text, style=STYLE[phrase.ruling] if phrase.ruling else "")
    return text


def _foot(dossier: Dossier, width: int, exit_code: int | None) -> Iterator[Text]:
    ids = [one.clause.id for one in bare(dossier)]
    if ids:
        remain = f"Words that nobody tested remain in {clause_ids(ids)}; the report leaves them unmarked."
        yield from wrapped(Text(line(remain, 1000)), width)
    told = f" Exit {exit_code}: {_EXIT[exit_code]}." if exit_code in _EXIT else ""
    yield from wrapped(Text(f"{DISCLAIMER}{told}"), width)


def _next(dossier: Dossier, width: int) -> Iterator[Text]:
    yield Text("NEXT", style="bold")
    for number, step in enumerate(steps(dossier), 1):
        yield from wrapped(Text(line(f"{number}. {step.text}", 1000)), width, "   ")
        if step.command:
            yield Text(f"   {line(step.command, 1000)}", style="bold")
