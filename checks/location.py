"""Where data is served from: what providers, operators and databases say of an endpoint's addresses."""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Annotated, NamedTuple, Self

from pydantic import BeforeValidator, Field, model_validator

from clauseproof import Assurance, Case, Claim, Duration, Finding, Reason, Unseen, broken, check, holds, note, unknown
from clauseproof.facts import place


def _listed(value: object) -> object:
    return (value,) if isinstance(value, str) else value


Names = Annotated[
    tuple[Annotated[str, Field(min_length=1)], ...],
    BeforeValidator(_listed, json_schema_input_type=str | list[str]),
    Field(min_length=1),
]
"""One jurisdiction or country, or a list of them."""


class EndpointLocation(Claim):
    """Every address of the endpoint lies `within` these jurisdictions, and `outside` those.

    Each address is judged by itself, and the worst decides. Sources that disagree are shown, never averaged:

    * The provider's published ranges (reported) decide where they name a place. An operator's geofeed (stated) is finer
      than they are, as a zone may lie abroad: where it contradicts, that is the operator's own admission and the claim
      is broken. It never outweighs ranges that contradict, since anybody may publish a feed.
    * A country database (vouched) is wrong for about one cloud address in ten. Against the word of the provider it is
      noise. Alone it proves no more than "vouched", and contradicts only where providers' current ranges were asked and
      none knows the address; otherwise, and against a geofeed alone, the question stays open.
    * A list that is older than `lists_at_most` can contradict, and no longer prove.
    * Where the provider lists an address without a place, as those of content networks, a database does not decide:
      such an address may answer from many places.

    Satisfied means that no address outside was seen. That no copy lies elsewhere cannot be shown from outside.

    Attributes:
        within: a jurisdiction such as `EU`, a country code, or a list of them.
        outside: the same, for where it must not be.
        lists_at_most: the age up to which a provider's list proves something.
    """

    within: Names | None = None
    outside: Names | None = None
    lists_at_most: Duration = timedelta(days=7)

    @model_validator(mode="after")
    def _asks_something(self) -> Self:
        if self.within is None and self.outside is None:
            raise ValueError("say within: or outside:, or both")
        return self


class _Rule(NamedTuple):
    """The claim with its jurisdictions resolved for the day of the case."""

    allowed: frozenset[str] | None
    banned: frozenset[str]
    words: str

    def keeps(self, country: str) -> bool:
        return country not in self.banned and (self.allowed is None or country in self.allowed)


class _Word(NamedTuple):
    """What one source says of an address. `keeps` is None where it names no country."""

    assurance: Assurance
    keeps: bool | None
    fresh: bool
    text: str


@check("endpoint-location")
def endpoint_location(
    claim: EndpointLocation,
    ranges: place.Ranges | Unseen,
    feeds: place.Feeds | Unseen,
    countries: place.Countries | Unseen,
    case: Case,
) -> Iterator[Finding]:
    try:
        rule = _rule(claim, case)
    except LookupError as error:
        yield unknown(error.args[0])
        return
    gaps = [source for source in (ranges, feeds, countries) if isinstance(source, Unseen)]
    asked = [source for source in (ranges, feeds, countries) if not isinstance(source, Unseen)]
    # A source that the profile does not name is no gap, unless there is no other.
    yield from _gaps(gap for gap in gaps if gap.reason is not Reason.UNKNOWABLE or not asked)
    yield from _gaps(gap for source in asked for gap in source.missing)
    addresses = list(dict.fromkeys(one.address for source in asked for one in source.per_address))
    for address in addresses:
        words = [word for source in asked for word in _words(source, address, rule, claim)]
        yield _judge(address, words, rule, lists_asked=_current(ranges, claim))
    if asked and not addresses and not any(source.missing for source in asked):
        yield unknown("the endpoint has no address that was looked up")
    yield from (note(text) for source in asked for text in _doubts(source))


def _gaps(gaps: Iterable[Unseen]) -> Iterator[Finding]:
    return (unknown(text) for text in dict.fromkeys(gap.sentence for gap in gaps))


def _rule(claim: EndpointLocation, case: Case) -> _Rule:
    """LookupError, with a sentence, for a jurisdiction that is unknown or has no members on the day."""
    allowed = None if claim.within is None else _countries(claim.within, case)
    banned = frozenset[str]() if claim.outside is None else _countries(claim.outside, case)
    words = [f"inside {' or '.join(claim.within)}"] if claim.within else []
    words += [f"outside {' and '.join(claim.outside)}"] if claim.outside else []
    return _Rule(allowed, banned, " and ".join(words))


def _countries(names: Iterable[str], case: Case) -> frozenset[str]:
    found = frozenset[str]()
    for name in names:
        try:
            members = case.countries(name)
        except KeyError as error:
            known = ", ".join(case.atlas.names)
            raise LookupError(
                f"no jurisdiction is called {name}. To settle it: name one of {known}, or a country by two letters"
            ) from error
        if not members:
            raise LookupError(f"{name} has no members on {case.now:%Y-%m-%d}. To settle it: correct its dates")
        found |= members
    return found


def _words(source: place.Placed, address: str, rule: _Rule, claim: EndpointLocation) -> Iterator[_Word]:
    files = {one.name: one for one in source.sources}
    for one in source.per_address:
        for said in one.statements if one.address == address else ():
            file = files[said.source]
            fresh = not (isinstance(source, place.Ranges) and _old(file, claim))
            keeps = None if said.country is None else rule.keeps(said.country)
            yield _Word(source.ceiling, keeps, fresh, _sentence(_who(source, file), file, address, said, fresh=fresh))


def _old(file: place.Source, claim: EndpointLocation) -> bool:
    return file.days_old is not None and file.days_old > claim.lists_at_most.days


def _current(ranges: place.Ranges | Unseen, claim: EndpointLocation) -> bool:
    """Whether lists were asked and none is too old: a network may be younger than an old list that does not have it."""
    return isinstance(ranges, place.Ranges) and not any(_old(file, claim) for file in ranges.sources)


_PROVIDERS = {"aws": "Amazon", "azure": "Microsoft", "google": "Google"}
_UNSEEN_COPIES = "No address elsewhere was seen, which does not exclude a copy elsewhere"


def _who(source: place.Placed, file: place.Source) -> str:
    # A database gives itself a name, which could be a provider's: the kind of source decides who speaks.
    if isinstance(source, place.Ranges):
        return f"{_PROVIDERS.get(file.publisher, 'the provider')} lists"
    return "the geofeed puts" if isinstance(source, place.Feeds) else "the database puts"


def _sentence(who: str, file: place.Source, address: str, said: place.Statement, *, fresh: bool) -> str:
    """Such as: Amazon lists 192.0.2.7 in DE (EC2, eu-central-1, 192.0.2.0/24 of data/ip-ranges.json)."""
    where = f"in {said.country}" if said.country else "in no place that is known"
    area = said.value("group") or said.value("region") or said.value("city")
    entry = " of ".join(filter(None, (said.prefix(), file.name)))
    age = "" if fresh else f"{file.days_old} days old"
    shown = ", ".join(filter(None, (said.value("service"), area, entry, age)))
    return f"{who} {address} {where} ({shown})"


def _judge(address: str, words: list[_Word], rule: _Rule, *, lists_asked: bool) -> Finding:
    """One address: who contradicts comes first, then the strongest of those that agree."""
    against = _contradiction(words, lists_asked=lists_asked)
    if against is not None:
        return broken(_told(words, keeps=False, then=f", not {rule.words}"), against, about=address)
    unplaced = any(word.assurance is Assurance.REPORTED and word.keeps is None for word in words)
    proof = [word.assurance for word in words if word.keeps and word.fresh]
    kept = [assurance for assurance in proof if not (unplaced and assurance is Assurance.VOUCHED)]
    doubted = any(word.keeps is False for word in words)
    if kept and (max(kept) is Assurance.REPORTED or not doubted):
        text = _told(words, keeps=True, then=f", {rule.words}")
        return holds(f"{text}. {_UNSEEN_COPIES}", max(kept), about=address)
    told = "; ".join(word.text for word in words) or "no source knows it"
    return unknown(
        f"whether {address} lies {rule.words} is open: {told}. To settle it: name today's ranges of the provider in "
        "sources.ranges, or ask the vendor for the location in the provider's account",
        about=address,
    )


def _told(words: list[_Word], *, keeps: bool, then: str) -> str:
    """What all sources say, those that decide first."""
    first = [word.text for word in words if word.keeps is keeps]
    rest = [word.text for word in words if word.keeps is not keeps]
    return "; ".join(["; ".join(first) + then, *rest])


def _contradiction(words: list[_Word], *, lists_asked: bool) -> Assurance | None:
    """How strong the word is that breaks the claim; None where none does."""
    operators = [word for word in words if word.assurance is not Assurance.VOUCHED]
    against = [word.assurance for word in operators if word.keeps is False]
    if against:
        return max(against)
    if lists_asked and not operators and any(word.keeps is False for word in words):
        return Assurance.VOUCHED
    return None


def _doubts(source: place.Placed) -> Iterator[str]:
    for file in source.sources:
        if file.unread:
            yield f"{file.unread} lines of {file.name} could not be read and say nothing"
        if file.dated is None and isinstance(source, place.Ranges):
            yield f"{file.name} bears no date, so its age is not known"
