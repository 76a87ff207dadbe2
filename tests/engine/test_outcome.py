"""Exit codes: the first that applies."""

import pytest

from clauseproof.engine.outcome import exit_code
from clauseproof.model.verdict import Because, Ruling, Verdict


def verdict(ruling: Ruling, tier: int = 1, because: Because | None = None) -> Verdict:
    return Verdict("C 1", "claim", ("a",), None, tier, ruling, None, (), because)


BROKEN, OPEN, KEPT = (verdict(r) for r in (Ruling.NOT_SATISFIED, Ruling.INCONCLUSIVE, Ruling.SATISFIED))
DENIED = verdict(Ruling.NOT_TESTED, because=Because.PERMISSION)
UNASKED = verdict(Ruling.NOT_TESTED, because=Because.DRILL_NOT_ASKED)
LEFT_OUT = verdict(Ruling.NOT_TESTED, because=Because.LEFT_OUT)


@pytest.mark.parametrize(
    ("verdicts", "code"),
    [
        ([KEPT, OPEN, BROKEN], 1),
        ([KEPT, OPEN], 6),
        ([KEPT, DENIED], 6),
        ([KEPT, UNASKED, LEFT_OUT, verdict(Ruling.WAIVED)], 0),
        ([verdict(Ruling.NOT_SATISFIED, tier=2)], 1),
        ([verdict(Ruling.NOT_SATISFIED, tier=3), verdict(Ruling.INCONCLUSIVE, tier=3)], 0),
        ([], 0),
    ],
)
def test_verdicts_of_tier_one_and_two_decide(verdicts: list[Verdict], code: int) -> None:
    assert exit_code(verdicts) == code


def test_what_was_not_restored_comes_before_everything() -> None:
    assert exit_code([BROKEN], unrestored=True, interrupted=True) == 7


def test_an_interrupted_run_says_so_before_its_verdicts() -> None:
    assert exit_code([BROKEN], interrupted=True) == 130
