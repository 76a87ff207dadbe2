"""How strong a proof is: whose word stands behind a finding."""

import enum
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer


class Assurance(enum.IntEnum):
    """Five levels, weakest first; a verdict has the weakest its findings rest on."""

    STATED = 1
    """The vendor's own word."""
    VOUCHED = 2
    """A third party's: an audit report, a GeoIP database, a CT log."""
    REPORTED = 3
    """The infrastructure provider's control plane or published data."""
    OBSERVED = 4
    """Our own eyes: a handshake refused, a decrypt that failed."""
    PROVEN = 5
    """Mathematics or physics: a verified attestation, a round trip light cannot beat."""

    def __str__(self) -> str:
        return self.name.lower()

    @classmethod
    def parse(cls, value: object) -> "Assurance":
        """Read `observed`, `OBSERVED` or a member; anything else is a ValueError naming the choices."""
        if isinstance(value, cls):
            return value
        found = cls.__members__.get(str(value).strip().upper())
        if found is None:
            raise ValueError(f"{value!r} is no assurance; choose one of {', '.join(map(str, cls))}")
        return found


AssuranceField = Annotated[Assurance, BeforeValidator(Assurance.parse), PlainSerializer(str, return_type=str)]
"""An assurance as a field: its name in JSON and in profiles."""
