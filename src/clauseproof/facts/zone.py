"""What resolvers say about a name beyond its addresses: signed responses as they came, and who may issue for it."""

from typing import ClassVar

from pydantic import AwareDatetime

from clauseproof.facts.dns import Outcome
from clauseproof.model.assurance import Assurance
from clauseproof.model.facts import Facts
from clauseproof.model.frozen import Frozen


class Told(Frozen):
    """One question and its response.

    Attributes:
        name: lower case, with the final dot.
        type: `DS`, `DNSKEY`, `A` and so on.
        outcome: `answered` where the records asked for, or an alias to follow, came back.
        message: the whole response in wire format, signatures included; None where none came that makes sense.
        detail: the resolver's or the network's own words about a failure.
    """

    name: str
    type: str
    outcome: Outcome
    message: bytes | None
    detail: str


class Sight(Frozen):
    """All that one resolver (`ADDRESS:PORT`) said in one look.

    Attributes:
        times: looks that gave these responses; times to live and the order of records aside.
    """

    resolver: str
    told: tuple[Told, ...]
    times: int

    @property
    def responses(self) -> dict[tuple[str, str], bytes]:
        """The responses that came, by name and type, as a validator takes them."""
        return {(one.name, one.type): one.message for one in self.told if one.message is not None}

    @property
    def failure(self) -> str:
        """The first question that was not answered, and what became of it; empty where all were."""
        failed = next((one for one in self.told if not one.outcome.definite), None)
        return "" if failed is None else f"{failed.type} of {failed.name}: {failed.outcome}"


class SignedAnswers(Facts):
    """The responses from which a name's records can be proven, or not, from a trust anchor down.

    Besides the records themselves these are DS and DNSKEY of every name above them. They were asked for with the
    flags DO and CD (RFC 4035, section 3.2), so that a validating resolver hands out what it would not believe.

    Attributes:
        name: the name the looks were about, lower case, with the final dot.
        types: the record types asked of it.
        looks: looks at each resolver.
        looked_at: when the looks began.
    """

    kind: ClassVar[str] = "zone.signed"
    ceiling: ClassVar[Assurance] = Assurance.PROVEN

    name: str
    types: tuple[str, ...]
    looks: int
    looked_at: AwareDatetime
    sights: tuple[Sight, ...]


class Property(Frozen):
    """One property of a CAA record set (RFC 8659, section 4.1), its text cut off at 1,024 characters."""

    critical: bool
    tag: str
    value: str


class Step(Frozen):
    """The question for CAA at one name on the way up (RFC 8659, section 3); aliases were followed."""

    name: str
    outcome: Outcome
    properties: tuple[Property, ...]
    detail: str


class Climb(Frozen):
    """What one resolver said, from the name upwards to the first record set; in how many looks."""

    resolver: str
    steps: tuple[Step, ...]
    times: int


class Issuance(Facts):
    """Which authorities the name's owner allows to issue certificates for it (CAA)."""

    kind: ClassVar[str] = "zone.caa"
    ceiling: ClassVar[Assurance] = Assurance.OBSERVED

    name: str
    looks: int
    climbs: tuple[Climb, ...]
