"""How people call what the data says. One table per closed set, so that all formats use the same words."""

from collections.abc import Iterable
from typing import Final

from clauseproof.model.assurance import Assurance
from clauseproof.model.permission import Permission
from clauseproof.model.verdict import Because, Ruling

SEVERITY: Final = (
    Ruling.NOT_SATISFIED,
    Ruling.INCONCLUSIVE,
    Ruling.NOT_TESTED,
    Ruling.WAIVED,
    Ruling.SATISFIED,
)
"""Worst first: the order of every report."""

_RANK: Final = {ruling: rank for rank, ruling in enumerate(SEVERITY)}

WORD: Final = {
    Ruling.NOT_SATISFIED: "Contradicted",
    Ruling.INCONCLUSIVE: "Undecided",
    Ruling.NOT_TESTED: "Not tested",
    Ruling.WAIVED: "Waived",
    Ruling.SATISFIED: "Consistent where tested",
}
"""A verdict in reports for people; nothing here is ever called passed."""

WHOSE: Final = {
    Assurance.STATED: "the vendor’s own word",
    Assurance.VOUCHED: "a third party’s word",
    Assurance.REPORTED: "the infrastructure provider’s control plane",
    Assurance.OBSERVED: "seen with our own eyes",
    Assurance.PROVEN: "mathematics or physics",
}
"""Whose word stands behind a proof of this strength."""

LOOKS: Final = {
    Permission.CONNECT: "what any client does",
    Permission.OWN_ACCOUNT: "reads in the buyer’s own account and files",
    Permission.SCAN: "scans",
    Permission.VENDOR_ACCOUNT: "reads in the vendor’s account",
    Permission.DRILL: "drills, which change state and change it back",
}
"""A class of looks in words."""

WHY_NOT: Final = {
    Because.PERMISSION: "a permission is missing",
    Because.DRILL_NOT_ASKED: "a drill, and the run was made without --drills",
    Because.LEFT_OUT: "left out by --only",
}
"""Why a claim was not tested, in few words."""


def rank(ruling: Ruling) -> int:
    """0 for the worst ruling; a key to sort by."""
    return _RANK[ruling]


def worst(rulings: Iterable[Ruling]) -> Ruling:
    """The worst of them; of none `not-tested`, for then nobody looked."""
    return min(rulings, key=rank, default=Ruling.NOT_TESTED)
