"""The formats a run can be reported in. A new one is one module with a `render`, and one line here."""

import importlib
from dataclasses import dataclass
from typing import Protocol, cast

from clauseproof.ledger.read import LedgerReader
from clauseproof.model.errors import ClauseproofError
from clauseproof.reporting.dossier import Dossier


class Renderer(Protocol):
    """A module that writes one format."""

    def render(self, dossier: Dossier) -> bytes:
        """The whole report. The same run always gives the same bytes."""


@dataclass(frozen=True, slots=True)
class Format:
    """A format: its name, the module that writes it (loaded when it is asked for), the suffix of its files."""

    name: str
    module: str
    suffix: str

    def render(self, dossier: Dossier) -> bytes:
        """The whole report."""
        return cast(Renderer, importlib.import_module(self.module)).render(dossier)


FORMATS = {
    made.name: made
    for made in (
        Format("html", "clauseproof.reporting.html", ".html"),
        Format("junit", "clauseproof.reporting.junit", ".xml"),
        Format("csv", "clauseproof.reporting.csv", ".csv"),
    )
}
"""All formats by name."""


def report(ledger: LedgerReader, name: str = "html") -> bytes:
    """A run in the format of that name; ClauseproofError if there is none, LedgerError if the run cannot be read."""
    found = FORMATS.get(name)
    if found is None:
        raise ClauseproofError(f"{name!r} is no format of reports", f"choose one of {', '.join(FORMATS)}")
    return found.render(Dossier.read(ledger))
