"""Several looks at the same thing, taken together."""

from collections.abc import Iterable

from clauseproof.model.finding import Finding, Outcome, unknown


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
