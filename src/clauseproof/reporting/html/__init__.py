"""The report for people: one file, no request, complete without script."""

from clauseproof.reporting.dossier import Dossier
from clauseproof.reporting.html.page import build


def render(dossier: Dossier) -> bytes:
    """The page, UTF-8."""
    return build(dossier).encode()
