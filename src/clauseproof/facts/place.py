"""Where addresses are said to be, and who says so. What sources say is kept apart, never averaged."""

from datetime import datetime
from typing import ClassVar, Literal

from clauseproof.model.assurance import Assurance
from clauseproof.model.facts import Facts
from clauseproof.model.frozen import Frozen
from clauseproof.model.unseen import Unseen

Field = Literal["provider", "service", "region", "group", "country", "subdivision", "city"]


class Said(Frozen):
    """One thing that a source says, and the prefix (CIDR) that it says it of."""

    field: Field
    value: str
    prefix: str


class Statement(Frozen):
    """What one source says of one address.

    Attributes:
        source: the name of the source, as in `sources` of the same facts.
        country: ISO 3166-1 alpha-2; None where the source names no country, or a region in no known one.
        said: in the source's own words; of a provider's ranges each from the longest prefix that states it.
    """

    source: str
    country: str | None
    said: tuple[Said, ...]

    def value(self, field: Field) -> str | None:
        """What it says of one field, None for nothing."""
        return next((said.value for said in self.said if said.field == field), None)

    def prefix(self) -> str | None:
        """The longest prefix that it speaks of."""
        prefixes = [said.prefix for said in self.said]
        return max(prefixes, key=lambda prefix: int(prefix.partition("/")[2]), default=None)


class Source(Frozen):
    """One file that says where addresses are.

    Attributes:
        name: the file, as the profile names it.
        publisher: `aws`, `azure`, `google`, `feed`, or the type that a database gives itself.
        sha256: hex digest of its bytes.
        serial: its own version, such as AWS's syncToken or Azure's changeNumber.
        dated: when it was made, by its own word; None where it does not say.
        days_old: its age at the time of the look, whole days; None where `dated` is.
        entries: prefixes it has; None where they were not counted.
        unread: entries that could not be read and say nothing.
    """

    name: str
    publisher: str
    sha256: str
    serial: str | None
    dated: datetime | None
    days_old: int | None
    entries: int | None
    unread: int


class AddressPlace(Frozen):
    """What all sources of a kind say of one address; empty where none knows it."""

    address: str
    statements: tuple[Statement, ...]


class Placed(Facts):
    """The shape that all facts of place share.

    Attributes:
        missing: addresses that exist or may exist and were not looked up, and why.
    """

    sources: tuple[Source, ...]
    per_address: tuple[AddressPlace, ...]
    missing: tuple[Unseen, ...]


class Ranges(Placed):
    """What cloud providers publish of their own addresses: the infrastructure provider's word."""

    kind: ClassVar[str] = "place.ranges"
    ceiling: ClassVar[Assurance] = Assurance.REPORTED


class Feeds(Placed):
    """What operators publish of their own networks (RFC 8805). Nothing authenticates it: it is no more than stated."""

    kind: ClassVar[str] = "place.feeds"
    ceiling: ClassVar[Assurance] = Assurance.STATED


class Countries(Placed):
    """What a country database says: a third party's word, and wrong for one cloud address in ten."""

    kind: ClassVar[str] = "place.countries"
    ceiling: ClassVar[Assurance] = Assurance.VOUCHED
