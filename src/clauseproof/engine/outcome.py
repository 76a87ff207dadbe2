"""What a run's verdicts mean for whoever started it: the exit code."""

from collections.abc import Iterable

from clauseproof.model.verdict import Because, Ruling, Verdict

KEPT, CONTRADICTED, USAGE, OPEN, UNRESTORED, INTERRUPTED = 0, 1, 2, 6, 7, 130
_WEIGHTY_TIERS = (1, 2)


def exit_code(verdicts: Iterable[Verdict], *, unrestored: bool = False, interrupted: bool = False) -> int:
    """The first that applies: 7 a drill could not restore, 130 interrupted, 1 a promise of tier 1 or 2 contradicted,
    6 one undecided or not tested for want of permission, else 0."""
    if unrestored:
        return UNRESTORED
    if interrupted:
        return INTERRUPTED
    weighty = [verdict for verdict in verdicts if verdict.tier in _WEIGHTY_TIERS]
    if any(verdict.ruling is Ruling.NOT_SATISFIED for verdict in weighty):
        return CONTRADICTED
    if any(verdict.ruling is Ruling.INCONCLUSIVE or verdict.because is Because.PERMISSION for verdict in weighty):
        return OPEN
    return KEPT
