"""Keys that a run left disabled: what every reader of its reports must know first."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from clauseproof.reporting.dates import span
from clauseproof.reporting.dossier import Dossier
from clauseproof.reporting.exhibit import Exhibit
from clauseproof.reporting.text import line
from clauseproof.reporting.timeline import REVOCATION


def unfinished(dossier: Dossier) -> tuple[str, ...]:
    """One sentence for each: which key, until when, what ends it. Only runs with drills can have left one."""
    return tuple(_sentences(dossier.exhibits.values())) if dossier.record.drills else ()


def _sentences(exhibits: Iterable[Exhibit]) -> Iterator[str]:
    for exhibit in exhibits:
        until = _until(exhibit)
        if until is not None:
            yield (
                f"This run left the key {line(exhibit.subject, 80)} disabled: a later run with --drills goes on, until "
                f"{span(until, None)} at the latest. To end the drill: clauseproof restore"
            )


def _until(exhibit: Exhibit) -> datetime | None:
    if exhibit.kind != REVOCATION or exhibit.data is None:
        return None
    try:
        return datetime.fromisoformat(exhibit.data["left_until"])
    except (KeyError, TypeError, ValueError):
        return None
