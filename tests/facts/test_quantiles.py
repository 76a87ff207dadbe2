"""What a sample says of a quantile, and what it leaves open."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clauseproof.facts.quantiles import bounds, quantile

VALUES = st.lists(st.floats(0, 1000), min_size=1, max_size=300)
SHARES = st.sampled_from([0.5, 0.95])


def test_the_quantile_of_a_sample_is_one_of_its_values() -> None:
    assert quantile([3, 1, 2], 0.5) == 2
    assert quantile(range(1, 101), 0.95) == 95
    assert quantile([7], 0.95) == 7


@pytest.mark.parametrize(
    ("n", "q", "low", "high"),
    [
        (5, 0.5, 0.0, math.inf),  # 0.5 ** 5 is more than one in forty
        (6, 0.5, 1.0, 6.0),
        (25, 0.5, 8.0, 18.0),  # the textbook's ranks of the median of 25
        (71, 0.95, 63.0, math.inf),
        (72, 0.95, 64.0, 72.0),
    ],
)
def test_bounds_are_the_order_statistics_of_the_binomial(n: int, q: float, low: float, high: float) -> None:
    assert bounds([float(value) for value in range(1, n + 1)], q) == (low, high)


@given(VALUES, SHARES)
def test_the_sample_s_own_quantile_lies_between_the_bounds(values: list[float], q: float) -> None:
    low, high = bounds(values, q)
    assert low <= quantile(values, q) <= high


@given(VALUES, SHARES, st.floats(0, 1000))
def test_a_slower_read_never_lowers_a_bound(values: list[float], q: float, more: float) -> None:
    slower = [values[0] + more, *values[1:]]
    assert all(after >= before for before, after in zip(bounds(values, q), bounds(slower, q), strict=True))


def test_bounds_miss_the_truth_as_seldom_as_they_say() -> None:
    """The median of uniform numbers is one half; both bounds together hold in 95 % of samples, or more often."""
    dice = random.Random(4)
    samples = [[dice.random() for _ in range(50)] for _ in range(1000)]
    missed = sum(not low <= 0.5 <= high for low, high in (bounds(sample, 0.5) for sample in samples))
    assert missed <= 65
