"""How often looks may knock at one address."""

from dataclasses import dataclass

from clauseproof.model.errors import ClauseproofError

MOST = 1000


@dataclass(frozen=True, eq=False)
class Pace:
    """Connections to one address of the vendor's, over all looks of a run; None leaves it to each kind of look.

    Each run has one, by which its looks find each other: it is itself, whatever its limits.

    Attributes:
        at_once: open at the same time, 1 to 1,000.
        per_second: begun in a second, 1 to 1,000.
    """

    at_once: int | None = None
    per_second: int | None = None

    def __post_init__(self) -> None:
        for limit in (self.at_once, self.per_second):
            if limit is not None and not 1 <= limit <= MOST:
                raise ClauseproofError(
                    f"{limit} is no limit of connections to an address", f"choose one from 1 to {MOST:,}"
                )
