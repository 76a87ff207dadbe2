"""Questions to resolvers about records of any type: with signatures, as they came; or followed to the records."""

from typing import TYPE_CHECKING, Any, NamedTuple

from clauseproof.facts.dns import Outcome
from clauseproof.facts.zone import Told
from clauseproof.model.look import Look
from clauseproof.probes.resolver import MOST_ANSWERS, PAYLOAD, Server, brief, exchange, read_server, system_servers

if TYPE_CHECKING:
    import dns.message

MOST_RECORDS = 64
"""Records taken from one answer."""


class Records(NamedTuple):
    """What one resolver says is at the end of a name's aliases; `records` are dnspython's, at most 64."""

    outcome: Outcome
    records: tuple[Any, ...] = ()
    detail: str = ""


def servers_of(look: Look, own: tuple[str, ...] = ()) -> list[Server]:
    """A subject's own resolvers, else those of the profile, else of this machine; Unreachable where there are none."""
    named = own or look.network.resolvers
    return [read_server(text) for text in named] if named else system_servers()


def absolute(name: str) -> str:
    """A name as facts have it: lower case, with the final dot."""
    return f"{name.rstrip('.').lower()}."


async def ask_signed(server: Server, name: str, type_: str, look: Look) -> Told:
    """One question with the flags DO and CD (RFC 4035, section 3.2); the response is kept whole, and not judged."""
    response = await _sent(server, name, type_, look, signed=True)
    if isinstance(response, Records):
        return Told(name=name, type=type_, outcome=response.outcome, message=None, detail=response.detail)
    outcome, detail = _outcome(response)
    kept = response.wire if outcome.definite else None
    return Told(name=name, type=type_, outcome=outcome, message=kept, detail=detail)


async def find_records(server: Server, name: str, type_: str, look: Look) -> Records:
    """The records of a name and type, asked again for the last alias where the server does not finish the chain."""
    import dns.exception

    for _ in range(MOST_ANSWERS):
        response = await _sent(server, name, type_, look, signed=False)
        if isinstance(response, Records):
            return response
        outcome, detail = _outcome(response)
        if not outcome.definite:
            return Records(outcome, detail=detail)
        try:
            found, alias = _followed(response)
        except dns.exception.DNSException as error:
            return Records(Outcome.MALFORMED, detail=brief(error))
        if found or alias is None or outcome is Outcome.NO_NAME:
            return Records(outcome if found else _empty(outcome), found, detail)
        name = alias
    return Records(Outcome.MALFORMED, detail=f"a CNAME chain that does not end within {MOST_ANSWERS} answers")


async def _sent(
    server: Server, name: str, type_: str, look: Look, *, signed: bool
) -> "dns.message.QueryMessage | Records":
    """The response; in its place what became of the question where none came that makes sense."""
    import dns.exception
    import dns.flags
    import dns.message

    try:
        query = dns.message.make_query(name, type_, use_edns=0, want_dnssec=signed, payload=PAYLOAD)
        query.flags |= dns.flags.CD if signed else 0
        response = await exchange(server, query, look)
    except dns.exception.Timeout:
        return Records(Outcome.TIMED_OUT, detail="no answer in time")
    except OSError as error:
        return Records(Outcome.UNREACHABLE, detail=brief(error))
    except (dns.exception.DNSException, EOFError, ValueError) as error:
        return Records(Outcome.MALFORMED, detail=brief(error))
    if isinstance(response, dns.message.QueryMessage):
        return response
    return Records(Outcome.MALFORMED, detail="a response to something else")


def _outcome(response: "dns.message.QueryMessage") -> tuple[Outcome, str]:
    import dns.rcode

    code = response.rcode()
    if code == dns.rcode.NXDOMAIN:
        return Outcome.NO_NAME, ""
    if code == dns.rcode.NOERROR:
        return (Outcome.ANSWERED if response.answer else Outcome.NO_DATA), ""
    return (Outcome.REFUSED if code == dns.rcode.REFUSED else Outcome.SERVER_FAILURE), dns.rcode.to_text(code)


def _followed(response: "dns.message.QueryMessage") -> tuple[tuple[Any, ...], str | None]:
    """The records at the end of the chain that the response has, and where the chain leads if it has none."""
    chain = response.resolve_chaining()
    found = tuple(chain.answer or ())[:MOST_RECORDS]
    return found, None if found or not chain.cnames else str(chain.cnames[-1][0].target)


def _empty(outcome: Outcome) -> Outcome:
    return Outcome.NO_DATA if outcome is Outcome.ANSWERED else outcome
