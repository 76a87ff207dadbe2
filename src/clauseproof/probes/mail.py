"""Asks who takes a domain's mail, and whether mail gets there encrypted, as any mail server does before it sends."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime

from clauseproof.facts.dns import Outcome, Resolution
from clauseproof.facts.endpoint import Endpoint, parse_endpoint
from clauseproof.facts.mail import (
    AddressPolicy,
    AddressSessions,
    DaneAnswers,
    Exchanger,
    Exchangers,
    MailDomain,
    MailSessions,
    MxView,
    Offer,
    PolicyFile,
    Route,
    Session,
    StsPolicy,
    StsRecords,
)
from clauseproof.facts.manner import StartTls
from clauseproof.facts.zone import SignedAnswers
from clauseproof.model.errors import EvidenceRejected, LookFailed, TimedOut, Unreachable
from clauseproof.model.look import Look
from clauseproof.model.marks import probe
from clauseproof.model.permission import Permission
from clauseproof.model.unseen import Reason, Unseen
from clauseproof.probes.chain import looking_context
from clauseproof.probes.dns import resolution
from clauseproof.probes.hello.received import NotListed
from clauseproof.probes.hello.starttls import conversation
from clauseproof.probes.http import Fetch
from clauseproof.probes.passage import Passage, passage
from clauseproof.probes.question import Records, absolute, find_records, servers_of
from clauseproof.probes.resolver import Server
from clauseproof.probes.visit import End, Errand, Target, Visit, visit
from clauseproof.probes.web import every, no_response, web_context
from clauseproof.probes.zone import LOOKS, proofs

MOST_EXCHANGERS = 16
MOST_POLICY_BYTES = 64 * 1024
"""RFC 8461, section 3.3."""
PATIENCE_S = 20.0
"""For one connection to a mail server: they let their clients wait."""
_LONGEST_TEXT = 1024


@probe(permission=Permission.CONNECT, deadline_s=30)
async def exchangers(domain: MailDomain, look: Look) -> Exchangers:
    """The MX records from every resolver, and the addresses of every host that they name.

    Raises:
        Unreachable: there are no resolvers.
    """
    views = await asyncio.gather(*(_view(server, domain.mail_domain, look) for server in servers_of(look)))
    routes = sorted({(route.preference, route.host) for view in views for route in view.routes})
    hosts = list(dict.fromkeys(host for _, host in routes if host))
    implicit = not routes and any(view.outcome is Outcome.NO_DATA for view in views)
    named = [domain.mail_domain] if implicit else hosts[:MOST_EXCHANGERS]
    chosen = [host for host in named if _fault(host) is None]
    return Exchangers(
        domain=domain.mail_domain,
        implicit=implicit,
        views=tuple(views),
        exchangers=await every(chosen, lambda host: _exchanger(host, domain, look)),
        gaps=tuple(_gaps(domain.mail_domain, views, hosts, every_one=bool(look.network.resolvers))),
    )


async def _view(server: Server, name: str, look: Look) -> MxView:
    found = await find_records(server, absolute(name), "MX", look)
    routes = [Route(preference=r.preference, host=str(r.exchange).rstrip(".").lower()) for r in found.records]
    return MxView(resolver=str(server), outcome=found.outcome, routes=tuple(routes), detail=found.detail)


def _fault(host: str) -> str | None:
    """Why a text of the vendor's is no host name that may be asked for; None if it is one."""
    try:
        literal = parse_endpoint(f"https://{host}").literal
    except ValueError as error:
        return str(error)
    return f"{host} is an address" if literal or ":" in host else None


async def _exchanger(host: str, domain: MailDomain, look: Look) -> Exchanger:
    found = await _resolved(host, domain.smtp_port, domain, look)
    return Exchanger(host=host, addresses=found.addresses, gaps=found.gaps)


async def _resolved(host: str, port: int, domain: MailDomain, look: Look) -> Resolution:
    return await resolution(Endpoint(endpoint=f"{host}:{port}", private_addresses=domain.private_addresses), look)


def _gaps(domain: str, views: list[MxView], hosts: list[str], *, every_one: bool) -> Iterator[Unseen]:
    """What may be missing: of the resolvers that a profile names, each must have answered; of the system's, one."""
    failed = [view for view in views if not view.outcome.definite]
    if failed and (every_one or len(failed) == len(views)):
        words = "; ".join(f"{view.resolver}: {view.outcome}" for view in failed)
        late = all(view.outcome is Outcome.TIMED_OUT for view in failed)
        yield Unseen(
            reason=Reason.DEADLINE if late else Reason.UNREACHABLE,
            text=f"which MX records {domain} has is not fully known ({words})",
            remedy="run again, or name resolvers that answer in network.resolvers of the profile",
        )
    if len(hosts) > MOST_EXCHANGERS:
        text = f"{domain} names {len(hosts)} mail exchangers, of which {MOST_EXCHANGERS} were looked at"
        yield Unseen(reason=Reason.UNKNOWABLE, text=text)
    for host in hosts:
        if fault := _fault(host):
            yield Unseen(reason=Reason.UNREADABLE, text=f"{domain} names a mail exchanger that is none: {fault}"[:300])
    if all(view.outcome is Outcome.NO_NAME for view in views):
        yield Unseen(reason=Reason.UNREACHABLE, text=f"{domain} does not exist", remedy="correct the mail domain")


@probe(permission=Permission.CONNECT, deadline_s=120)
async def sessions(domain: MailDomain, names: Exchangers, look: Look) -> MailSessions:
    """Two connections to every address of every exchanger, up to the end of the TLS handshake; no mail is sent.

    Raises:
        Unreachable, Denied: the domain's proxy cannot be used; see `hop_to`.
    """
    way = await passage(domain, domain.mail_domain, domain.smtp_port, look)

    async def one(pair: tuple[str, str]) -> AddressSessions:
        host, address = pair
        looks = [await _session(host, address, way, look) for _ in range(LOOKS)]
        return AddressSessions(host=host, address=address, looks=tuple(looks))

    pairs = [(exchanger.host, address) for exchanger in names.exchangers for address in exchanger.reachable]
    return MailSessions(
        domain=domain.mail_domain,
        port=domain.smtp_port,
        way=way.way,
        per_address=tuple(await asyncio.gather(*(one(pair) for pair in pairs))),
        missing=_missing(names),
    )


def _missing(names: Exchangers) -> tuple[Unseen, ...]:
    return (*names.gaps, *(gap for exchanger in names.exchangers for gap in exchanger.missing))


async def _session(host: str, address: str, way: Passage, look: Look) -> Session | Unseen:
    errand = Errand(talk=conversation(StartTls.SMTP, host), tls=looking_context())
    seen = await visit(Target(address, way.port, host, way), errand, look, PATIENCE_S)
    if seen.version is not None:
        return _session_of(Offer.STARTED, seen)
    if isinstance(seen.failure, NotListed):
        return _session_of(Offer.NOT_LISTED, seen)
    if seen.end is End.FAILED:
        return _session_of(Offer.BROKEN, seen)
    return _no_session(f"{address} port {way.port} ({host})", seen).unseen()


def _session_of(offer: Offer, seen: Visit) -> Session:
    return Session(offer=offer, version=seen.version, suite=seen.suite, chain=seen.chain, detail=seen.words)


def _no_session(where: str, seen: Visit) -> LookFailed:
    if seen.blocked is not None:
        return seen.blocked
    words = f": {seen.words}" if seen.words else ""
    if seen.end in (End.SILENCE, End.NOTHING):
        blocked = "look from a network that may connect to mail servers: many are not allowed to"
        return TimedOut(f"{where} did not answer in time", blocked)
    if seen.end is End.NOT_OFFERED:
        return EvidenceRejected(f"{where} did not come to TLS{words}", "look from an address that it does not refuse")
    return Unreachable(f"{where}: {seen.end.value}{words}", "check that it is up and reachable from here")


@probe(permission=Permission.CONNECT, deadline_s=60)
async def sts_policy(domain: MailDomain, look: Look) -> StsPolicy:
    """The record that announces a policy, twice from every resolver, and the policy, twice from every address.

    Raises:
        Unreachable: there are no resolvers. Unreachable, Denied: the domain's proxy cannot be used; see `hop_to`.
    """
    host = f"mta-sts.{domain.mail_domain}"
    announced = await asyncio.gather(*(_announced(server, domain, look) for server in servers_of(look)))
    found = await _resolved(host, domain.policy_port, domain, look)
    way = await passage(domain, host, domain.policy_port, look)

    async def one(address: str) -> AddressPolicy:
        looks = [await _policy(address, way, look) for _ in range(LOOKS)]
        return AddressPolicy(address=address, looks=tuple(looks))

    return StsPolicy(
        domain=domain.mail_domain,
        host=host,
        way=way.way,
        announced=tuple(records for some in announced for records in some),
        per_address=await every(found.reachable, one),
        missing=found.missing,
    )


async def _announced(server: Server, domain: MailDomain, look: Look) -> list[StsRecords]:
    name = absolute(f"_mta-sts.{domain.mail_domain}")
    seen = Counter([_texts(await find_records(server, name, "TXT", look)) for _ in range(LOOKS)])
    return [
        StsRecords(resolver=str(server), outcome=outcome, records=records, detail=detail, times=times)
        for (outcome, records, detail), times in seen.items()
    ]


def _texts(found: Records) -> tuple[Outcome, tuple[str, ...], str]:
    """The strings of each TXT record, joined (RFC 8461, section 3.1), in an order of their own."""
    texts = (b"".join(record.strings).decode("utf-8", "backslashreplace") for record in found.records)
    return found.outcome, tuple(sorted(text[:_LONGEST_TEXT] for text in texts)), found.detail


async def _policy(address: str, way: Passage, look: Look) -> PolicyFile | Unseen:
    host, port = way.host, way.port
    fetch = Fetch(host, port, "/.well-known/mta-sts.txt", secure=True, body_limit=MOST_POLICY_BYTES + 1)
    errand = Errand(tls=web_context(), send=fetch.request, enough=fetch.feed)
    seen = await visit(Target(address, port, host, way), errand, look)
    if fetch.head is None:
        return no_response(f"{address} port {port} ({host})", seen, fetch).unseen()
    return PolicyFile(
        status=fetch.head.status,
        content_type=fetch.head.first("content-type"),
        text=_policy_text(fetch),
        chain=seen.chain,
    )


def _policy_text(fetch: Fetch) -> str | None:
    if fetch.head is None or fetch.head.status != 200 or not fetch.complete or len(fetch.body) > MOST_POLICY_BYTES:
        return None
    try:
        return fetch.body.decode()
    except UnicodeDecodeError:
        return None


@probe(permission=Permission.CONNECT, deadline_s=60)
async def dane_answers(domain: MailDomain, names: Exchangers, look: Look) -> DaneAnswers:
    """The MX records, and every exchanger's addresses and TLSA records, with what proves them, from each resolver."""
    hosts = tuple(exchanger.host for exchanger in names.exchangers)
    questions = [(absolute(domain.mail_domain), "MX")]
    for host in hosts:
        questions += [(absolute(host), "A"), (absolute(host), "AAAA")]
        questions.append((absolute(f"_{domain.smtp_port}._tcp.{host}"), "TLSA"))
    began = datetime.now(UTC)
    return DaneAnswers(
        domain=domain.mail_domain,
        port=domain.smtp_port,
        hosts=hosts,
        looks=LOOKS,
        looked_at=began,
        sights=await proofs(questions, look),
        missing=names.gaps,
    )


@probe(permission=Permission.CONNECT, deadline_s=60)
async def signed_mail(domain: MailDomain, look: Look) -> SignedAnswers:
    """The domain's MX records with their signatures, and the keys of every zone above, from each resolver.

    Raises:
        Unreachable: there are no resolvers.
    """
    name, began = absolute(domain.mail_domain), datetime.now(UTC)
    sights = await proofs([(name, "MX")], look)
    return SignedAnswers(name=name, types=("MX",), looks=LOOKS, looked_at=began, sights=sights)
