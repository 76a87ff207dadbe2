"""What a validator may say of DNS records (RFC 4033, section 5)."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Secure:
    """The records, in presentation form, are proven; none where it is proven that there are none.

    Attributes:
        name: where they stand, after aliases.
        zones: from the trust anchor to the zone that has them.
        until: when the first signature on the way ends.
    """

    name: str
    records: tuple[str, ...]
    zones: tuple[str, ...]
    until: datetime


@dataclass(frozen=True)
class Insecure:
    """A zone on the way delegates without a DS record; nothing below can be proven. `proven`: it says so, signed."""

    reason: str
    proven: bool


@dataclass(frozen=True)
class Bogus:
    """Signatures ought to be there and to fit, and do not; a validating resolver refuses such an answer."""

    reason: str


@dataclass(frozen=True)
class Undecided:
    """The responses do not decide."""

    reason: str


Opinion = Secure | Insecure | Bogus | Undecided
