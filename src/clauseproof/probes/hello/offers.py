"""Asks every address of an endpoint what it speaks, by ClientHellos of our own."""

import asyncio

from clauseproof import __version__
from clauseproof.facts.dns import Resolution
from clauseproof.facts.endpoint import Endpoint
from clauseproof.facts.hello import Offers
from clauseproof.facts.manner import Way
from clauseproof.model.look import Look
from clauseproof.model.marks import probe
from clauseproof.model.permission import Permission
from clauseproof.probes.hello.interview import Interview, Manner

_MARGIN_S = 2.0
"""What is left of the deadline to put the answers together."""


@probe(permission=Permission.CONNECT, deadline_s=60)
async def offers(endpoint: Endpoint, names: Resolution, look: Look) -> Offers:
    """Versions and groups of every address; no handshake is finished and no application data is sent."""
    manner = Manner(endpoint.host, endpoint.port, endpoint.sni, endpoint.starttls, endpoint.depth)
    ends_s = asyncio.get_running_loop().time() + look.remaining_s() - _MARGIN_S
    held = [Interview(address, manner, ends_s, look.artifact).hold() for address in names.reachable]
    return Offers(
        host=manner.host,
        port=manner.port,
        server_name=manner.server_name,
        starttls=manner.starttls,
        way=Way.DIRECT,
        depth=manner.depth,
        engine=f"clauseproof {__version__}",
        per_address=tuple(await asyncio.gather(*held)),
        missing=names.missing,
    )
