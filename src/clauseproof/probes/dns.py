"""Asks resolvers for an endpoint's addresses, each resolver by itself."""

import asyncio
import ipaddress
from collections.abc import Iterable, Iterator
from typing import get_args

from clauseproof.facts.dns import BY_PROXY, Address, Answer, Origin, Outcome, RecordType, Resolution, View
from clauseproof.facts.endpoint import Endpoint
from clauseproof.model.look import Look
from clauseproof.model.marks import probe
from clauseproof.model.permission import Permission
from clauseproof.model.unseen import Reason, Unseen
from clauseproof.probes.question import servers_of
from clauseproof.probes.reach import Reach, reach_of
from clauseproof.probes.resolver import Server, ask

_TYPES: tuple[RecordType, ...] = get_args(RecordType)


@probe(permission=Permission.CONNECT, deadline_s=20)
async def resolution(endpoint: Endpoint, look: Look) -> Resolution:
    """All A and AAAA records of the host from every resolver of its own, else of the profile, else of the system.

    Where a proxy leads to the endpoint and nobody else is named, the proxy looks the name up.

    Raises:
        Unreachable: a resolver of the profile is no address, or this machine has none.
    """
    if endpoint.addresses:
        return _given(endpoint, Origin.PROFILE, endpoint.addresses)
    if endpoint.literal:
        return _given(endpoint, Origin.LITERAL, (endpoint.host,))
    if endpoint.proxy and not endpoint.resolvers:
        look.went_through(endpoint.proxy)
        return _left_to_the_proxy(endpoint)
    named = endpoint.resolvers or look.network.resolvers
    servers = servers_of(look, endpoint.resolvers)
    views = await asyncio.gather(*(_view(server, endpoint.host, look) for server in servers))
    return Resolution(
        host=endpoint.host,
        origin=Origin.RESOLVERS,
        views=tuple(views),
        addresses=_addresses(endpoint, views),
        gaps=tuple(_gaps(endpoint.host, views, every_one=bool(named))),
    )


def _given(endpoint: Endpoint, origin: Origin, texts: tuple[str, ...]) -> Resolution:
    # Whoever wrote the profile chose these: no answer of the vendor's aims them at a private network.
    addresses = tuple(Address(address=t, reach=reach_of(t), withheld=None) for t in dict.fromkeys(texts))
    return Resolution(host=endpoint.host, origin=origin, views=(), addresses=addresses, gaps=())


def _left_to_the_proxy(endpoint: Endpoint) -> Resolution:
    unknown = Address(address=BY_PROXY, reach="unknown", withheld=None)
    return Resolution(host=endpoint.host, origin=Origin.PROXY, views=(), addresses=(unknown,), gaps=())


async def _view(server: Server, host: str, look: Look) -> View:
    answers = await asyncio.gather(*(ask(server, host, type_, look) for type_ in _TYPES))
    return View(resolver=str(server), answers=tuple(answers))


def _addresses(endpoint: Endpoint, views: Iterable[View]) -> tuple[Address, ...]:
    texts = {text for view in views for told in view.answers for text in told.addresses}
    ordered = sorted(texts, key=lambda text: (":" in text, ipaddress.ip_address(text)))
    return tuple(_address(endpoint, text) for text in ordered)


def _address(endpoint: Endpoint, text: str) -> Address:
    reach = reach_of(text)
    if reach is Reach.PUBLIC or (endpoint.private_addresses and not reach.never):
        return Address(address=text, reach=reach, withheld=None)
    what = f"{endpoint.host} leads to {text}, a {reach} address, and nothing was sent there"
    remedy = "" if reach.never else "add private_addresses: true to the endpoint, if it really is the vendor's"
    return Address(address=text, reach=reach, withheld=Unseen(reason=Reason.NOT_PERMITTED, text=what, remedy=remedy))


def _gaps(host: str, views: list[View], *, every_one: bool) -> Iterator[Unseen]:
    """What may be missing: of the resolvers that a profile names, each must have answered; of the system's, one."""
    told = [(view.resolver, answer) for view in views for answer in view.answers]
    for type_ in _TYPES:
        asked = [(resolver, answer) for resolver, answer in told if answer.type == type_]
        failed = [(resolver, answer) for resolver, answer in asked if not answer.outcome.definite]
        if failed and (every_one or len(failed) == len(asked)):
            yield _unanswered(host, type_, failed)
    for resolver, answer in told:
        if answer.outcome is Outcome.ANSWERED and answer.detail:
            yield Unseen(reason=Reason.UNREADABLE, text=f"{resolver} gives {host} {answer.detail}")
    if all(answer.outcome.definite and not answer.addresses for _, answer in told):
        yield _nothing(host, told)


def _unanswered(host: str, type_: RecordType, failed: list[tuple[str, Answer]]) -> Unseen:
    late = all(answer.outcome is Outcome.TIMED_OUT for _, answer in failed)
    words = "; ".join(f"{resolver}: {answer.outcome}" for resolver, answer in failed)
    return Unseen(
        reason=Reason.DEADLINE if late else Reason.UNREACHABLE,
        text=f"which {type_} records {host} has is not fully known ({words})",
        remedy="run again, or name resolvers that answer in network.resolvers of the profile",
    )


def _nothing(host: str, told: list[tuple[str, Answer]]) -> Unseen:
    resolvers = ", ".join(dict.fromkeys(resolver for resolver, _ in told))
    gone = any(answer.outcome is Outcome.NO_NAME for _, answer in told)
    return Unseen(
        reason=Reason.UNREACHABLE,
        text=f"{host} {'does not exist' if gone else 'has no address'}, says {resolvers}",
        remedy="correct the endpoint, or name a resolver that knows it in network.resolvers of the profile",
    )
