"""One observation as a piece of evidence: its circumstances, and its content where the report can afford it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from clauseproof.ledger.line import Line

_DIRECT = "direct"
"""How the engine notes that a look took no proxy, see `Observation`."""


@dataclass(frozen=True, slots=True)
class Exhibit:
    """An observation without its weight.

    Attributes:
        digest: `sha256:<hex>` of its line in observations.jsonl.
        through: the proxies that it went through, as URLs; empty where it went directly, or where nobody noted it.
        unseen: why nothing was seen, and `remedy` what would change that; None where something was seen.
        data: the facts as recorded; None where the report leaves them in the ledger.
    """

    digest: str
    kind: str
    version: int
    subject: str
    vantage: str
    at: datetime
    took_s: float
    probe: str
    permission: str
    through: str
    unseen: str | None
    remedy: str
    calls: tuple[str, ...]
    inputs: tuple[str, ...]
    artifacts: tuple[str, ...]
    data: Mapping[str, Any] | None = field(hash=False)

    @classmethod
    def of(cls, line: Line, *, whole: bool) -> "Exhibit":
        """An exhibit of a ledger line, with its facts if `whole`."""
        return cls(
            digest=line.digest,
            kind=line.kind,
            version=line.version,
            subject=line.subject,
            vantage=line.vantage,
            at=line.at,
            took_s=line.took_s,
            probe=line.probe,
            permission=line.permission,
            through="" if line.way == _DIRECT else line.way,
            unseen=None if line.seen else str(line.data.get("text", "")),
            remedy="" if line.seen else str(line.data.get("remedy", "")),
            calls=line.calls,
            inputs=line.inputs,
            artifacts=line.artifacts,
            data=line.data if whole else None,
        )
