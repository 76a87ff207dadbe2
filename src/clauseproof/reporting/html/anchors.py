"""Names for the clauses inside the page, so that a link to `report.html#dpa-4.2` finds its clause."""

import re
from collections.abc import Iterable

_RESERVED = frozenset(
    {"result", "limits", "verify", "filter", "contradicted", "undecided", "not-tested", "waived", "consistent"}
)


def anchors(ids: Iterable[str]) -> dict[str, str]:
    """An anchor for each clause id, made of small letters, digits, dots and dashes; each only once in the page."""
    taken = set(_RESERVED)
    found: dict[str, str] = {}
    for one in ids:
        stem = re.sub(r"[^a-z0-9.]+", "-", one[:80].lower()).strip("-.") or "clause"
        number = 1
        anchor = stem
        while anchor in taken:
            number += 1
            anchor = f"{stem}-{number}"
        taken.add(anchor)
        found[one] = anchor
    return found


def numbers(ids: Iterable[str]) -> dict[str, str]:
    """Each clause id without the document's name, if all share one: `4.2`; else as it is."""
    every = list(ids)
    documents = {one.rpartition(" ")[0] for one in every}
    if len(documents) == 1 and "" not in documents:
        return {one: one.rpartition(" ")[2] for one in every}
    return {one: one for one in every}
