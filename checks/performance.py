"""What the customer's own key costs in speed."""

import math
from collections.abc import Iterator
from datetime import timedelta
from typing import NamedTuple, Self

from pydantic import model_validator

from clauseproof import Claim, Duration, Finding, Outcome, broken, check, holds, note, spell, unknown
from clauseproof.facts import latency
from clauseproof.facts.latency import Reads
from clauseproof.facts.quantiles import Bounds, bounds, quantile


class ByokPerformance(Claim):
    """Reads through the vendor's data path under the customer's key are no slower than the clause allows.

    `median_within` and `p95_within` limit how long half of all reads, and nineteen in twenty, may take. `median_added`
    and `p95_added` limit by how much they may exceed reads of a record without the customer's key, the `baseline` that
    the key names under `latency` in the profile.

    Times are taken here, with the network's share in them, and with a proxy's where one leads there. What is kept with
    a proxy on the way is kept without; what is not may be the proxy's doing, and stays open. Differences are judged
    where both sides were read the same way.
    """

    median_within: Duration | None = None
    p95_within: Duration | None = None
    median_added: Duration | None = None
    p95_added: Duration | None = None

    @model_validator(mode="after")
    def _limits_something(self) -> Self:
        if not any((self.median_within, self.p95_within, self.median_added, self.p95_added)):
            raise ValueError("name a limit: median_within, p95_within, median_added or p95_added")
        return self


@check("byok-performance")
def byok_performance(claim: ByokPerformance, seen: latency.Latency) -> Iterator[Finding]:
    """A sample leaves doubt about a quantile, and the doubt counts against the proof.

    With 95 % confidence, a limit is kept only if even the upper bound lies within it, and broken only if even the lower
    one lies beyond. Reads that gave no record count as slower than any limit where it would be kept, and as faster
    where it would be broken.
    """
    for share, limit in ((_HALF, claim.median_within), (_MOST, claim.p95_within)):
        if limit is not None:
            judged = _judged(f"{share.words} with the customer's key took", _range(seen.with_key, share), limit)
            yield _with_detour(judged, seen.with_key)
    for share, limit in ((_HALF, claim.median_added), (_MOST, claim.p95_added)):
        if limit is not None:
            yield _added(seen, share, limit)
    if seen.with_key.proxy is not None:
        yield note(
            f"All reads with the customer's key went through {seen.with_key.proxy}, which took its share of each"
        )
    for side in (seen.with_key, seen.baseline):
        yield from _unserved(side)


def _with_detour(judged: Finding, reads: Reads) -> Finding:
    """A limit that is passed with a proxy on the way may be kept without."""
    if reads.proxy is None or judged.outcome is not Outcome.BROKEN:
        return judged
    return unknown(
        f"{judged.text}. All was read through {reads.proxy}, and how much of it the detour takes is not known. "
        "To settle it: read from where the vendor is reached directly, or make the claim by median_added and p95_added"
    )


class _Share(NamedTuple):
    q: float
    words: str


_HALF = _Share(0.5, "half of all reads")
_MOST = _Share(0.95, "19 of 20 reads")


class _Range(NamedTuple):
    """A quantile: as the sample has it, and between what it lies."""

    seen: float
    bounds: Bounds
    reads: int


def _range(reads: Reads, share: _Share) -> _Range:
    slow = [math.inf if took is None else took for took in reads.took_s]
    fast = [0.0 if took is None else took for took in reads.took_s]
    if not slow:
        return _Range(math.inf, Bounds(0.0, math.inf), 0)
    return _Range(quantile(slow, share.q), Bounds(bounds(fast, share.q)[0], bounds(slow, share.q)[1]), len(slow))


def _added(seen: latency.Latency, share: _Share, limit: timedelta) -> Finding:
    if seen.baseline is None:
        return unknown("There is nothing to compare with. To settle it: name latency.baseline on the key")
    if seen.with_key.proxy != seen.baseline.proxy:
        ways = " and ".join(_way(side) for side in (seen.with_key, seen.baseline))
        return unknown(
            f"The two sides cannot be compared: they were read {ways}. To settle it: name the same proxy on both"
        )
    with_key, without = _range(seen.with_key, share), _range(seen.baseline, share)
    low = with_key.bounds.at_least - without.bounds.at_most
    high = with_key.bounds.at_most - without.bounds.at_least
    more = _Range(with_key.seen - without.seen, Bounds(low, high), min(with_key.reads, without.reads))
    return _judged(f"{share.words} took with the customer's key, over those without it,", more, limit)


def _judged(what: str, found: _Range, limit: timedelta) -> Finding:
    most_s, (low, high) = limit.total_seconds(), found.bounds
    text = (
        f"{what[0].upper()}{what[1:]} {_s(found.seen)} or less in {found.reads} reads, {_between(low, high)}; "
        f"the limit is {spell(limit)}"
    )
    if high <= most_s:
        return holds(text)
    if low > most_s:
        return broken(text)
    return unknown(f"{text}, which lies in between. To settle it: more latency.reads, at a time when all is served")


def _between(low: float, high: float) -> str:
    if math.isfinite(low) and math.isfinite(high):
        return f"with 95 % confidence {_s(low)} to {_s(high)}"
    if math.isfinite(low) and low > 0:
        return f"with 95 % confidence {_s(low)} or more"
    return f"with 95 % confidence {_s(high)} or less" if math.isfinite(high) else "too few to say more"


def _unserved(side: Reads | None) -> Iterator[Finding]:
    if side is not None and None in side.took_s:
        lost = side.took_s.count(None)
        yield note(f"{lost} of {len(side.took_s)} reads from {side.host} gave no record: {', '.join(side.codes)}")


def _way(reads: Reads) -> str:
    return "directly" if reads.proxy is None else f"through {reads.proxy}"


def _s(seconds: float) -> str:
    if not math.isfinite(seconds):
        return "an unknown time"
    return f"{'-' if seconds < 0 else ''}{spell(timedelta(seconds=abs(seconds)))}"
