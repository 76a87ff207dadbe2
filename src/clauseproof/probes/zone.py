"""Asks resolvers for what proves a name's records, and for who may issue certificates for it."""

import asyncio
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from clauseproof.facts.dns import Outcome
from clauseproof.facts.endpoint import Endpoint
from clauseproof.facts.zone import Climb, Issuance, Property, Sight, SignedAnswers, Step, Told
from clauseproof.model.errors import Unknowable
from clauseproof.model.look import Look
from clauseproof.model.marks import probe
from clauseproof.model.permission import Permission
from clauseproof.probes.question import Records, absolute, ask_signed, find_records, servers_of
from clauseproof.probes.resolver import Server

LOOKS = 2
"""Looks at each resolver, one after the other: a contradiction must be seen twice."""
MOST_LABELS = 16
"""Longer names are not looked at: every name above is asked about."""
MOST_KEPT_BYTES = 1024 * 1024
"""Of responses, in one look at one resolver; what comes after is not kept."""
_MOST_ALIASES = 8
_QUESTIONS_AT_ONCE = 8
_LONGEST_VALUE = 1024

Question = tuple[str, str]
"""Name (lower case, final dot) and record type."""


@probe(permission=Permission.CONNECT, deadline_s=60)
async def signed_answers(endpoint: Endpoint, look: Look) -> SignedAnswers:
    """The host's addresses with their signatures, and the keys of every zone above, from each resolver.

    Raises:
        Unknowable: the endpoint is an address. Unreachable: there are no resolvers.
    """
    name, types = _name(endpoint.host, literal=endpoint.literal), ("A", "AAAA")
    began = datetime.now(UTC)
    sights = await proofs([(name, type_) for type_ in types], look, endpoint.resolvers)
    return SignedAnswers(name=name, types=types, looks=LOOKS, looked_at=began, sights=sights)


@probe(permission=Permission.CONNECT, deadline_s=60)
async def issuance(endpoint: Endpoint, look: Look) -> Issuance:
    """The first CAA record set at the name that certificates are for, or above it, from each resolver.

    Raises:
        Unknowable: the endpoint is an address. Unreachable: there are no resolvers.
    """
    name = _name(endpoint.name, literal=endpoint.sni is None)
    climbs = await asyncio.gather(*(_climbs(server, name, look) for server in servers_of(look, endpoint.resolvers)))
    return Issuance(name=name, looks=LOOKS, climbs=tuple(climb for some in climbs for climb in some))


def _name(host: str, *, literal: bool) -> str:
    if literal:
        raise Unknowable(f"{host} is an address, and only names have such records", "name the endpoint by its name")
    return absolute(host)


async def proofs(questions: Iterable[Question], look: Look, own: tuple[str, ...] = ()) -> tuple[Sight, ...]:
    """All that is needed to prove the answers to some questions, from each resolver over all looks.

    `own` are the subject's resolvers, where it names any.
    """
    wanted = tuple(questions)
    sights = await asyncio.gather(*(_sights(server, wanted, look) for server in servers_of(look, own)))
    return tuple(sight for some in sights for sight in some)


async def _sights(server: Server, questions: tuple[Question, ...], look: Look) -> list[Sight]:
    found: list[Sight] = []
    for _ in range(LOOKS):
        told = await _gather(server, questions, look)
        same = next((n for n, sight in enumerate(found) if _alike(sight.told, told)), None)
        if same is None:
            found.append(Sight(resolver=str(server), told=told, times=1))
        else:
            found[same] = found[same].model_copy(update={"times": found[same].times + 1})
    return found


async def _gather(server: Server, questions: tuple[Question, ...], look: Look) -> tuple[Told, ...]:
    """Ask, follow aliases, and ask for DS and DNSKEY of every name above what was asked."""
    room = asyncio.Semaphore(_QUESTIONS_AT_ONCE)
    told: dict[Question, Told] = {}

    async def one(question: Question) -> Told:
        async with room:
            return await ask_signed(server, *question, look)

    async def all_of(wanted: Iterable[Question]) -> list[Told]:
        new = [question for question in dict.fromkeys(wanted) if question not in told]
        answers = await asyncio.gather(*(one(question) for question in new))
        told.update(zip(new, answers, strict=True))
        return answers

    wanted = list(questions)
    for _ in range(_MOST_ALIASES):
        above = [(name, type_) for asked, _ in wanted for name in _above(asked) for type_ in ("DS", "DNSKEY")]
        answers = await all_of([*wanted, *above])
        wanted = [(alias, one.type) for one in answers if (alias := _alias(one))]
        if not wanted:
            break
    return tuple(_bounded(told.values()))


def _bounded(told: Iterable[Told]) -> Iterator[Told]:
    kept = 0
    for one in told:
        kept += len(one.message or b"")
        if kept <= MOST_KEPT_BYTES:
            yield one
        else:
            detail = f"more than the {MOST_KEPT_BYTES} bytes that are kept"
            yield one.model_copy(update={"message": None, "outcome": Outcome.MALFORMED, "detail": detail})


def _above(name: str) -> Iterator[str]:
    """The name and every name above it, the root last."""
    labels = name.rstrip(".").split(".")
    if len(labels) > MOST_LABELS:
        return
    for start in range(len(labels)):
        yield ".".join(labels[start:]) + "."
    yield "."


def _alias(told: Told) -> str | None:
    """Where an answer leads that is an alias and not the records themselves."""
    import dns.exception
    import dns.message
    import dns.name
    import dns.rdatatype

    if told.message is None or told.type in ("DS", "DNSKEY"):
        return None
    try:
        answer = dns.message.from_wire(told.message).answer
    except dns.exception.DNSException:
        return None
    name = dns.name.from_text(told.name)
    alias = next((one for one in answer if one.name == name and one.rdtype == dns.rdatatype.CNAME), None)
    return None if alias is None else alias[0].target.canonicalize().to_text()


def _alike(first: tuple[Told, ...], second: tuple[Told, ...]) -> bool:
    return len(first) == len(second) and all(_same(a, b) for a, b in zip(first, second, strict=True))


def _same(a: Told, b: Told) -> bool:
    """Whether two answers say the same; identifiers, times to live and the order of records do not count."""
    import dns.message

    if (a.name, a.type, a.outcome) != (b.name, b.type, b.outcome) or a.message is None or b.message is None:
        return (a.name, a.type, a.outcome, a.message) == (b.name, b.type, b.outcome, b.message)
    one, other = dns.message.from_wire(a.message), dns.message.from_wire(b.message)
    return all(
        len(left) == len(right) and all(records in right for records in left)
        for left, right in ((one.answer, other.answer), (one.authority, other.authority))
    )


async def _climbs(server: Server, name: str, look: Look) -> list[Climb]:
    found: list[Climb] = []
    for _ in range(LOOKS):
        steps = await _climb(server, name, look)
        same = next((n for n, climb in enumerate(found) if climb.steps == steps), None)
        if same is None:
            found.append(Climb(resolver=str(server), steps=steps, times=1))
        else:
            found[same] = found[same].model_copy(update={"times": found[same].times + 1})
    return found


async def _climb(server: Server, name: str, look: Look) -> tuple[Step, ...]:
    """RFC 8659, section 3: the relevant record set is the first on the way up; the root is not asked."""
    steps: list[Step] = []
    for asked in [above for above in _above(name) if above != "."]:
        steps.append(_step(asked, await find_records(server, asked, "CAA", look)))
        if steps[-1].properties or not steps[-1].outcome.definite:
            break
    return tuple(steps)


def _step(name: str, found: Records) -> Step:
    properties = sorted(
        (_property(record) for record in found.records), key=lambda one: (one.tag, one.value, one.critical)
    )
    return Step(name=name, outcome=found.outcome, properties=tuple(properties), detail=found.detail)


def _property(record: object) -> Property:
    flags, tag, value = (getattr(record, name) for name in ("flags", "tag", "value"))
    text = value.decode("utf-8", "backslashreplace")[:_LONGEST_VALUE]
    return Property(critical=bool(flags & 0x80), tag=tag.decode("ascii", "backslashreplace")[:255], value=text)
