"""Several looks at the same thing, taken together; and what was not looked at."""

from collections.abc import Iterable, Iterator, Sized

from clauseproof.model.finding import Finding, Outcome, unknown
from clauseproof.model.unseen import Unseen


def agreed(seen: Iterable[tuple[Finding, int]]) -> Finding:
    """One finding for several looks, given what each showed and how many looks showed it.

    A contradiction seen over the network counts only where every look saw one, and there were at least two; it is
    undecided otherwise. Of findings that hold, the one that ends first speaks for all.
    """
    every = [(finding, times) for finding, times in seen if times > 0]
    total = sum(times for _, times in every)
    against = [(finding, times) for finding, times in every if finding.outcome is Outcome.BROKEN]
    if against:
        times = sum(times for _, times in against)
        first = against[0][0]
        if times == total and total > 1:
            return first
        return unknown(f"in {times} of {total} looks: {first.text}. To settle it: run again", about=first.about)
    open_ = [finding for finding, _ in every if finding.outcome is Outcome.UNKNOWN]
    if open_ or not every:
        return open_[0] if open_ else unknown("nothing was looked at; run again")
    return min((finding for finding, _ in every), key=lambda f: (f.until is None, f.until or 0))


def unlooked(host: str, per_address: Sized, missing: Iterable[Unseen]) -> Iterator[Finding]:
    """That addresses which exist, or may exist, were not looked at; or that a host has none at all."""
    gaps = [unknown(gap.sentence) for gap in missing]
    yield from gaps
    if not gaps and not per_address:
        yield unknown(f"{host} has no address that was looked at")
