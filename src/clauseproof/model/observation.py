"""Facts or an Unseen, with their circumstances: one line of the ledger."""

import json
from dataclasses import dataclass
from datetime import datetime

from clauseproof.model.facts import Facts
from clauseproof.model.unseen import Unseen


@dataclass(frozen=True)
class Observation:
    """One look and what came of it.

    Attributes:
        kind: the facts' kind, also where nothing was seen.
        version: the version of the facts' shape; 0 for an Unseen.
        at: when the look started, UTC; took_s: how long it took.
        probe: module and name of the probe; empty where none exists.
        permission: the class of the look; empty where no probe exists.
        calls: the exact API calls made.
        inputs: digests of the observations the probe was given.
        artifacts: digests of the raw bytes it kept.
        way: how the subject was reached: `direct`, or the URLs of the proxies that anything went through, with commas
            between them; empty where no look was made.
    """

    kind: str
    version: int
    subject: str
    vantage: str
    at: datetime
    took_s: float
    probe: str
    permission: str
    result: Facts | Unseen
    calls: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    artifacts: tuple[str, ...] = ()
    way: str = ""

    def encode(self) -> bytes:
        """The ledger line without its newline: compact JSON, sorted keys, UTF-8."""
        seen = isinstance(self.result, Facts)
        line = {
            "kind": self.kind,
            "version": self.version,
            "subject": self.subject,
            "vantage": self.vantage,
            "at": self.at.isoformat(),
            "took_s": round(self.took_s, 6),
            "probe": self.probe,
            "permission": self.permission,
            "facts" if seen else "unseen": self.result.model_dump(mode="json", by_alias=True),
            "calls": self.calls,
            "inputs": self.inputs,
            "artifacts": self.artifacts,
            "way": self.way,
        }
        return json.dumps(line, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()
