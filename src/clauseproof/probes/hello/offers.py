"""Asks every address of an endpoint what it speaks, by ClientHellos of our own."""

import asyncio

from clauseproof import __version__
from clauseproof.facts.dns import Resolution
from clauseproof.facts.endpoint import Endpoint
from clauseproof.facts.hello import Offers
from clauseproof.facts.manner import Way
from clauseproof.facts.tls import AddressChain
from clauseproof.model.look import Look
from clauseproof.model.marks import probe
from clauseproof.model.permission import Permission
from clauseproof.probes.chain import Handshakes
from clauseproof.probes.hello.interview import Interview, Manner
from clauseproof.probes.passage import Passage, passage_to

_MARGIN_S = 2.0
"""What is left of the deadline to put the answers together."""


@probe(permission=Permission.CONNECT, deadline_s=60)
async def offers(endpoint: Endpoint, names: Resolution, look: Look) -> Offers:
    """Versions and groups of every address; no handshake is finished and no application data is sent.

    Through a proxy one handshake with each address is finished, without data: its certificate shows who answers.
    """
    passage = await passage_to(endpoint, look)
    ends_s = asyncio.get_running_loop().time() + look.remaining_s() - _MARGIN_S
    manner = Manner(passage, endpoint.sni, endpoint.depth)
    held = asyncio.gather(*(Interview(address, manner, ends_s, look.artifact).hold() for address in names.reachable))
    behind = await _behind(endpoint, passage, names, look)
    return Offers(
        host=endpoint.host,
        port=endpoint.port,
        server_name=endpoint.sni,
        starttls=endpoint.starttls,
        way=passage.way,
        depth=endpoint.depth,
        engine=f"clauseproof {__version__}",
        per_address=tuple(await held),
        behind=behind,
        missing=names.missing,
    )


async def _behind(
    endpoint: Endpoint, passage: Passage, names: Resolution, look: Look
) -> tuple[AddressChain, ...] | None:
    if passage.way is Way.DIRECT:
        return None
    handshakes = Handshakes.of(endpoint, passage, look)
    return tuple(await asyncio.gather(*(handshakes.chain(address, times=1) for address in names.reachable)))
