"""One question to one resolver, and what its answer says."""

import ipaddress
from typing import TYPE_CHECKING, NamedTuple

from clauseproof.facts.dns import Answer, Outcome, RecordType
from clauseproof.facts.nameserver import parse_nameserver
from clauseproof.model.errors import Unreachable
from clauseproof.model.look import Look

if TYPE_CHECKING:
    import dns.message

MOST_ADDRESSES = 64
"""Addresses taken from one answer."""
MOST_ANSWERS = 8
"""Answers asked for along a CNAME chain that a resolver leaves to its client."""
PAYLOAD = 1232
"""Bytes of a datagram that no network on the way has to split (DNS flag day 2020)."""
_PATIENCE_S = (2.0, 4.0)
"""How long the first and the second try wait for a datagram."""
_REMEDY = "write network.resolvers of the profile as 192.0.2.53 or 127.0.0.1:5353"


class Server(NamedTuple):
    """A resolver's address and port."""

    address: str
    port: int

    def __str__(self) -> str:
        return f"[{self.address}]:{self.port}" if ":" in self.address else f"{self.address}:{self.port}"


class _Reply(NamedTuple):
    """What one response says."""

    outcome: Outcome
    addresses: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    ttl_s: int = 0
    detail: str = ""


def read_server(text: str) -> Server:
    """Read `192.0.2.53`, `127.0.0.1:5353`, `2001:db8::53` or `[::1]:5353`; Unreachable for anything else."""
    try:
        return Server(*parse_nameserver(text))
    except ValueError as error:
        raise Unreachable(str(error), _REMEDY) from error


def system_servers() -> list[Server]:
    """The resolvers of this machine; Unreachable where it names none."""
    import dns.resolver

    try:
        system = dns.resolver.Resolver()
    except dns.resolver.NoResolverConfiguration as error:
        raise Unreachable("this machine names no resolvers", _REMEDY) from error
    servers = [Server(text, system.port) for text in system.nameservers if isinstance(text, str)]
    if not servers:
        raise Unreachable("this machine names no resolvers", _REMEDY)
    return servers


async def ask(server: Server, host: str, type_: RecordType, look: Look) -> Answer:
    """All addresses of one type, asked again for the last alias where the server does not finish the chain."""
    aliases, ttls = list[str](), list[int]()
    for _ in range(MOST_ANSWERS):
        reply = await _reply(server, aliases[-1] if aliases else host, type_, look)
        aliases += reply.aliases
        ttls.append(reply.ttl_s)
        if reply.outcome is not Outcome.NO_DATA or not reply.aliases:
            break
    else:
        reply = _Reply(Outcome.MALFORMED, detail=f"a CNAME chain that does not end within {MOST_ANSWERS} answers")
    return Answer(
        type=type_,
        outcome=reply.outcome,
        addresses=reply.addresses,
        aliases=tuple(aliases),
        ttl_s=min(ttls) if reply.addresses else None,
        detail=reply.detail,
    )


async def _reply(server: Server, name: str, type_: RecordType, look: Look) -> _Reply:
    import dns.exception

    try:
        return _read(await _send(server, name, type_, look))
    except dns.exception.Timeout:
        return _Reply(Outcome.TIMED_OUT, detail=f"no answer in {len(_PATIENCE_S)} tries")
    except OSError as error:
        return _Reply(Outcome.UNREACHABLE, detail=brief(error))
    except (dns.exception.DNSException, EOFError, ValueError) as error:
        return _Reply(Outcome.MALFORMED, detail=brief(error))


async def _send(server: Server, name: str, type_: RecordType, look: Look) -> "dns.message.Message":
    import dns.message

    return await exchange(server, dns.message.make_query(name, type_, use_edns=0, payload=PAYLOAD), look)


async def exchange(server: Server, query: "dns.message.Message", look: Look) -> "dns.message.Message":
    """The response to one question: UDP, TCP where that was truncated (RFC 7766), a second try after silence.

    Raises dns.exception.DNSException (Timeout among them), OSError, EOFError or ValueError.
    """
    import dns.asyncquery
    import dns.exception

    for patience_s in _PATIENCE_S:
        limit_s = min(patience_s, look.remaining_s())
        try:
            response, _ = await dns.asyncquery.udp_with_fallback(
                query, server.address, port=server.port, timeout=limit_s, ignore_unexpected=True, ignore_errors=True
            )
        except dns.exception.Timeout:
            continue
        return response
    raise dns.exception.Timeout


def _read(response: "dns.message.Message") -> _Reply:
    import dns.message
    import dns.rcode

    code = response.rcode()
    if code not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN) or not isinstance(response, dns.message.QueryMessage):
        outcome = Outcome.REFUSED if code == dns.rcode.REFUSED else Outcome.SERVER_FAILURE
        return _Reply(outcome, detail=dns.rcode.to_text(code))
    chain = response.resolve_chaining()
    aliases = tuple(str(cname[0].target).rstrip(".").lower() for cname in chain.cnames)
    if code == dns.rcode.NXDOMAIN:
        return _Reply(Outcome.NO_NAME, aliases=aliases)
    if chain.answer is None:
        return _Reply(Outcome.NO_DATA, aliases=aliases, ttl_s=chain.minimum_ttl)
    found = [str(ipaddress.ip_address(record.address)) for record in chain.answer]
    detail = f"{len(found)} addresses, of which {MOST_ADDRESSES} were taken" if len(found) > MOST_ADDRESSES else ""
    return _Reply(Outcome.ANSWERED, tuple(found[:MOST_ADDRESSES]), aliases, chain.minimum_ttl, detail)


def brief(error: Exception) -> str:
    """An error in one line of at most 200 characters."""
    return f"{type(error).__name__}: {error}"[:200]
