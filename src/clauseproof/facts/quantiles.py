"""What a sample says of a quantile of everything it was drawn from, with no guess at the distribution. Pure."""

import math
from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

CONFIDENCE = 0.975
"""Of each bound by itself: both together hold with 95 %, and so does the difference of two."""


class Bounds(NamedTuple):
    """Between these a quantile lies; 0 and infinity where the sample is too small to say more."""

    at_least: float
    at_most: float


def quantile(values: Sequence[float], q: float) -> float:
    """The smallest value that a share `q` of the sample does not exceed; `values` are not empty, 0 < q <= 1."""
    return sorted(values)[max(0, math.ceil(q * len(values)) - 1)]


def bounds(values: Sequence[float], q: float) -> Bounds:
    """Bounds of the quantile `q` of the population by order statistics, both together with 95 % confidence.

    How many of n values lie at or below the quantile is binomial with chance q, whatever their distribution (David and
    Nagaraja, "Order Statistics", 3rd edition, section 7.1).
    """
    n, ordered = len(values), sorted(values)
    at_most_k = list(accumulate(math.comb(n, k) * q**k * (1 - q) ** (n - k) for k in range(n + 1)))
    # The i-th smallest lies at or below the quantile if at least i values do.
    below = [i for i in range(1, n + 1) if 1 - at_most_k[i - 1] >= CONFIDENCE]
    above = [i for i in range(1, n + 1) if at_most_k[i - 1] >= CONFIDENCE]
    return Bounds(ordered[below[-1] - 1] if below else 0.0, ordered[above[0] - 1] if above else math.inf)
