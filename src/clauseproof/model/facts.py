"""What a probe saw, and how a check may ask for it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Generic, Self, TypeVar

from pydantic_core import to_json

from clauseproof.model.assurance import Assurance
from clauseproof.model.frozen import Frozen


class Facts(Frozen):
    """What one kind of look saw. Facts outlive the code that wrote them.

    A subclass sets `kind` (`tls.offers`), raises `version` with every change of shape, and reads older shapes in
    `upgrade`. No field has a default: something absent must not read as something seen, and "not looked" is an
    explicit None. `ceiling` is the most a finding drawn from these facts may claim.
    """

    kind: ClassVar[str]
    version: ClassVar[int] = 1
    ceiling: ClassVar[Assurance]

    @classmethod
    def upgrade(cls, written: int, data: dict[str, Any]) -> dict[str, Any]:
        """Turn fields of version `written` into today's; ValueError if that cannot be done."""
        raise ValueError(f"{cls.kind} version {written} cannot be read by version {cls.version}")

    @classmethod
    def load(cls, written: int, data: dict[str, Any]) -> Self:
        """Read recorded facts; ValueError if their version or shape is unknown."""
        if written != cls.version:
            data = cls.upgrade(written, data)
        return cls.model_validate_json(to_json(data))


F = TypeVar("F", bound=Facts, covariant=True)


@dataclass(frozen=True)
class Seen(Generic[F]):
    """Facts with their circumstances: whose, from where, when, and the digest of their line in the ledger."""

    subject: str
    vantage: str
    at: datetime
    facts: F
    digest: str


class All(tuple[Seen[F], ...], Generic[F]):
    """Asks for the facts of every subject and vantage point of the claim at once."""


class Past(tuple[Seen[F], ...], Generic[F]):
    """Asks for the distinct earlier observations of the claim's subject, oldest first."""
