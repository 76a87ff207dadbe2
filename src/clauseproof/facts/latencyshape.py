"""How the latency of a data path is looked at, as the profile says on the subject."""

from datetime import timedelta
from typing import Self

from pydantic import Field, model_validator

from clauseproof.facts.datapath import DataPath
from clauseproof.model.frozen import Frozen
from clauseproof.model.units import Duration

LONGEST = timedelta(minutes=30)


class LatencyShape(Frozen):
    """How the latency of a data path is looked at: against what, how often, how fast.

    Attributes:
        baseline: a record of the same kind that the vendor keeps without the customer's key, read in turn with ours.
        reads: of each side. Under 72 nothing can be shown of the slowest twentieth.
        pause: between two reads.
    """

    baseline: DataPath | None = None
    reads: int = Field(default=200, ge=20, le=5000)
    pause: Duration = timedelta(milliseconds=50)

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        if self.pause * self.reads * 2 > LONGEST:
            raise ValueError("the pauses alone last more than 30 minutes; make reads or pause smaller")
        return self
