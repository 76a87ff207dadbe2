"""Where data is served from: what providers, operators and databases say of an endpoint's addresses."""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import NamedTuple, Self

from pydantic import model_validator

from clauseproof import Assurance, Case, Claim, Duration, Finding, Reason, Unseen, broken, check, holds, note, unknown
from clauseproof.facts import place
from clauseproof.facts.countries import country_name
from clauseproof.facts.endpoint import Endpoint, at
from clauseproof.facts.territory import Jurisdictions, Territory, territory


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

    within: Jurisdictions | None = None
    outside: Jurisdictions | None = None
    lists_at_most: Duration = timedelta(days=7)

    @model_validator(mode="after")
    def _asks_something(self) -> Self:
        if self.within is None and self.outside is None:
            raise ValueError("say within: or outside:, or both")
        return self


class _Word(NamedTuple):
    """What one source says of an address.

    Attributes:
        country: None where it names none; then `keeps` is None as well.
        short: who says it, in a few words: `Amazon lists it under eu-central-1`.
        full: source, country and entry: `Amazon in data/ip-ranges.json: Germany (EC2, 192.0.2.0/24)`.
    """

    assurance: Assurance
    country: str | None
    keeps: bool | None
    fresh: bool
    short: str
    full: str


@check("endpoint-location")
def endpoint_location(
    claim: EndpointLocation,
    ranges: place.Ranges | Unseen,
    feeds: place.Feeds | Unseen,
    countries: place.Countries | Unseen,
    case: Case,
) -> Iterator[Finding]:
    try:
        wanted = territory(claim.within, claim.outside, case)
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
        words = [word for source in asked for word in _words(source, address, wanted, claim)]
        yield _judge(address, at(_host(case), address), words, wanted, lists_asked=_current(ranges, claim))
    if asked and not addresses and not any(source.missing for source in asked):
        yield unknown("the endpoint has no address that was looked up")
    yield from (note(text) for source in asked for text in _doubts(source))


def _host(case: Case) -> str:
    return next((subject.host for subject in case.subjects.values() if isinstance(subject, Endpoint)), "")


def _gaps(gaps: Iterable[Unseen]) -> Iterator[Finding]:
    return (unknown(text) for text in dict.fromkeys(gap.sentence for gap in gaps))


def _words(source: place.Placed, address: str, wanted: Territory, claim: EndpointLocation) -> Iterator[_Word]:
    files = {one.name: one for one in source.sources}
    for one in source.per_address:
        for said in one.statements if one.address == address else ():
            file = files[said.source]
            fresh = not (isinstance(source, place.Ranges) and _old(file, claim))
            keeps = None if said.country is None else wanted.keeps(said.country)
            short, full = _short(source, file, said), _full(source, file, said, fresh=fresh)
            yield _Word(source.ceiling, said.country, keeps, fresh, short, full)


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
        return _PROVIDERS.get(file.publisher, "the provider")
    return "the geofeed" if isinstance(source, place.Feeds) else "the database"


def _short(source: place.Placed, file: place.Source, said: place.Statement) -> str:
    """Such as: Amazon lists it under eu-central-1; the geofeed puts it in Ashburn."""
    who, area = _who(source, file), _area(said)
    if isinstance(source, place.Ranges):
        return f"{who} lists it under {area}" if area else f"{who} lists it"
    return f"{who} puts it in {area}" if area else f"{who} puts it there"


def _full(source: place.Placed, file: place.Source, said: place.Statement, *, fresh: bool) -> str:
    """Such as: Amazon in data/ip-ranges.json: Germany (EC2, eu-central-1, 192.0.2.0/24)."""
    country = country_name(said.country) if said.country else "no place that is known"
    age = "" if fresh else f"{file.days_old} days old"
    shown = ", ".join(filter(None, (said.value("service"), _area(said), said.prefix(), age)))
    return f"{_who(source, file)} in {file.name}: {country}{f' ({shown})' if shown else ''}"


def _area(said: place.Statement) -> str:
    return said.value("group") or said.value("region") or said.value("city") or ""


def _judge(address: str, where: str, words: list[_Word], wanted: Territory, *, lists_asked: bool) -> Finding:
    """One address: who contradicts comes first, then the strongest of those that agree."""
    against = _contradiction(words, lists_asked=lists_asked)
    if against is not None:
        speaker = next(word for word in words if word.keeps is False and word.assurance is against)
        text = f"{_lies(where, speaker)}. The clause asks for a place {wanted.words}. {_sources(words)}"
        return broken(text, against, about=address)
    unplaced = any(word.assurance is Assurance.REPORTED and word.keeps is None for word in words)
    proof = [word for word in words if word.keeps and word.fresh]
    kept = [word for word in proof if not (unplaced and word.assurance is Assurance.VOUCHED)]
    best = max(kept, key=lambda word: word.assurance, default=None)
    if best is not None and (best.assurance is Assurance.REPORTED or not any(w.keeps is False for w in words)):
        text = f"{_lies(where, best)}. That is {wanted.words}. {_sources(words)}. {_UNSEEN_COPIES}"
        return holds(text, best.assurance, about=address)
    return unknown(
        f"Whether {where} lies {wanted.words} is open. {_sources(words)}. To settle it: name today's ranges of the "
        "provider in sources.ranges, or ask the vendor for the location in the provider's account",
        about=address,
    )


def _lies(where: str, word: _Word) -> str:
    return f"{where} lies in {country_name(word.country or '')}: {word.short}"


def _sources(words: list[_Word]) -> str:
    """What every source says, those that were read first first."""
    return f"Sources: {'; '.join(word.full for word in words)}" if words else "No source knows it"


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
