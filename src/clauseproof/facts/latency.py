"""How long reads through the vendor's data path took, with the customer's key and without."""

from typing import Any

from clauseproof.model.assurance import Assurance
from clauseproof.model.facts import Facts
from clauseproof.model.frozen import Frozen


class Reads(Frozen):
    """Reads of one record, in the order asked.

    Attributes:
        host: of the data path; addresses: those that were read from at the same time. The slowest of them counts.
        proxy: the proxy through which all were read, and whose share is in each; None where none was.
        took_s: of each read: from the first byte sent for a new connection to the record's last; None where the record
            did not come.
        codes: what came instead, each once.
    """

    host: str
    addresses: tuple[str, ...]
    proxy: str | None
    took_s: tuple[float | None, ...]
    codes: tuple[str, ...]


class Latency(Facts):
    """Reads of a record under the customer's key, and in turn with them of one without it.

    Attributes:
        asked: how many reads of each side the look was asked for; it may have had time for fewer.
        baseline: None where the profile names none.
    """

    kind = "datapath.latency"
    version = 2
    ceiling = Assurance.OBSERVED

    asked: int
    with_key: Reads
    baseline: Reads | None

    @classmethod
    def upgrade(cls, written: int, data: dict[str, Any]) -> dict[str, Any]:
        """Version 1 knew one way."""
        if written != 1:
            return super().upgrade(written, data)
        return {**data, **{side: data[side] and {**data[side], "proxy": None} for side in ("with_key", "baseline")}}
