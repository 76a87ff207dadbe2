"""One line of `observations.jsonl` as it is read back."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import AwareDatetime, FiniteFloat, NonNegativeInt

from clauseproof.ledger.files import digest_of
from clauseproof.model.frozen import Frozen
from clauseproof.strictjson import decode_as


@dataclass(frozen=True, slots=True)
class Line:
    """A recorded look; the fields are those of `Observation`.

    Attributes:
        seen: whether `data` are facts (of `kind` and `version`) or the fields of an `Unseen`.
        digest: `sha256:` digest of the line's bytes without the newline, as findings name their evidence.
    """

    kind: str
    version: int
    subject: str
    vantage: str
    at: datetime
    took_s: float
    probe: str
    permission: str
    seen: bool
    data: dict[str, Any]
    calls: tuple[str, ...]
    inputs: tuple[str, ...]
    artifacts: tuple[str, ...]
    way: str
    digest: str

    @classmethod
    def decode(cls, raw: bytes) -> "Line":
        """Read a line; ValueError that says what is wrong with it."""
        written = decode_as(_Written, raw)
        data, seen = (written.unseen, False) if written.facts is None else (written.facts, True)
        if data is None or (seen and written.unseen is not None):
            raise ValueError("a line has either facts or unseen")
        return cls(
            kind=written.kind,
            version=written.version,
            subject=written.subject,
            vantage=written.vantage,
            at=written.at,
            took_s=written.took_s,
            probe=written.probe,
            permission=written.permission,
            seen=seen,
            data=data,
            calls=written.calls,
            inputs=written.inputs,
            artifacts=written.artifacts,
            way=written.way,
            digest=digest_of(raw),
        )


class _Written(Frozen):
    """The shape of a line in the file, as `Observation.encode` writes it; lines of before have no `way`."""

    kind: str
    version: NonNegativeInt
    subject: str
    vantage: str
    at: AwareDatetime
    took_s: FiniteFloat
    probe: str
    permission: str
    facts: dict[str, Any] | None = None
    unseen: dict[str, Any] | None = None
    calls: tuple[str, ...]
    inputs: tuple[str, ...]
    artifacts: tuple[str, ...]
    way: str = ""
