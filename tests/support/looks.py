"""Probes called one after the other, as the engine would call them."""

import asyncio

from clauseproof.facts.dns import Resolution
from clauseproof.facts.endpoint import Endpoint
from clauseproof.facts.tls import Chain, Scan
from clauseproof.model.look import Look
from clauseproof.probes.chain import chain
from clauseproof.probes.dns import resolution
from clauseproof.probes.scan import scan


def vendor(port: int, *addresses: str, name: str = "api.crm.example") -> Endpoint:
    """An endpoint of the vendor's at fixed addresses."""
    return Endpoint(endpoint=f"https://{name}:{port}", addresses=addresses)


def resolved(endpoint: Endpoint, look: Look | None = None) -> Resolution:
    return asyncio.run(resolution(endpoint, look or Look()))


def scanned(endpoint: Endpoint, look: Look | None = None) -> Scan:
    return scan(endpoint, resolved(endpoint, look), look or Look())


def presented(endpoint: Endpoint, look: Look | None = None) -> Chain:
    return asyncio.run(chain(endpoint, resolved(endpoint, look), look or Look()))
