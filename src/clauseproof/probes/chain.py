"""Fetches the certificates that each address presents, by the handshakes that any client makes.

sslyze's certificate command would need leave to scan, so this is Python's own TLS client with verification off: what
the chain is worth is judged later, from the recorded bytes. Stapled OCSP responses are out of its reach.
"""

import asyncio
import ssl
from collections import Counter
from dataclasses import dataclass
from typing import Any

from clauseproof.facts.dns import Resolution
from clauseproof.facts.endpoint import Endpoint
from clauseproof.facts.tls import AddressChain, Chain, Served
from clauseproof.model.errors import EvidenceRejected, LookFailed, TimedOut, Unreachable
from clauseproof.model.look import Look
from clauseproof.model.marks import probe
from clauseproof.model.permission import Permission
from clauseproof.probes.clientcert import show
from clauseproof.probes.hello.ask import PLAIN_PATIENCE_S
from clauseproof.probes.passage import Passage, passage_to

LOOKS = 2
"""Handshakes with each address, one after the other: a contradiction must be seen twice."""
MOST_CERTIFICATES = 10
MOST_BYTES = 64 * 1024
"""The largest certificate that is kept, DER."""
_ADDRESSES_AT_ONCE = 8
_PATIENCE_S = 8.0
_DER = 2  # _ssl.ENCODING_DER


@probe(permission=Permission.CONNECT, deadline_s=40)
async def chain(endpoint: Endpoint, names: Resolution, look: Look) -> Chain:
    """The certificates of every address, with the server name sent, over two handshakes each.

    Where the endpoint names a client certificate it is shown, since some servers finish no handshake without.
    """
    room = asyncio.Semaphore(_ADDRESSES_AT_ONCE)
    handshakes = Handshakes.of(endpoint, await passage_to(endpoint, look), look)

    async def one(address: str) -> AddressChain:
        async with room:
            return await handshakes.chain(address)

    return Chain(
        name=endpoint.name,
        port=endpoint.port,
        server_name=endpoint.sni,
        way=handshakes.passage.way,
        looks=LOOKS,
        per_address=tuple(await asyncio.gather(*(one(address) for address in names.reachable))),
        missing=names.missing,
    )


@dataclass(frozen=True)
class Handshakes:
    """Handshakes with an endpoint that are broken off once the certificates were seen."""

    endpoint: Endpoint
    passage: Passage
    context: ssl.SSLContext
    look: Look

    @classmethod
    def of(cls, endpoint: Endpoint, passage: Passage, look: Look) -> "Handshakes":
        """With the client certificate that the endpoint names. Raises LookFailed where that cannot be shown."""
        context = looking_context()
        if endpoint.client is not None:
            show(endpoint.client, context, look)
        return cls(endpoint, passage, context, look)

    async def chain(self, address: str, times: int = LOOKS) -> AddressChain:
        """What one address presents in so many handshakes, one after the other."""
        try:
            seen = Counter([await self._presented(address) for _ in range(times)])
        except LookFailed as error:
            return AddressChain(address=address, served=error.unseen())
        return AddressChain(address=address, served=tuple(Served(chain=c, times=n) for c, n in seen.items()))

    async def _presented(self, address: str) -> tuple[bytes, ...]:
        """The chain of one handshake; whatever goes wrong becomes an error that names the address."""
        where = self.passage.where(address)
        async with self.passage.turn(address):
            patience_s = PLAIN_PATIENCE_S if self.passage.plain_first else _PATIENCE_S
            limit_s = min(patience_s, self.look.remaining_s())
            try:
                async with asyncio.timeout(limit_s):
                    presented = await self._handshake(address)
            except TimeoutError as error:
                raise TimedOut(f"{where} finished no handshake in {limit_s:.0f} s", "run again") from error
            except ssl.SSLError as error:
                raise EvidenceRejected(
                    f"{where} presented no certificates that can be read: {error.reason or error}"[:300],
                    "check that it speaks TLS on this port, and name under client what it asks its clients for",
                ) from error
            except OSError as error:
                words = error.strerror or str(error) or "the connection was broken off"
                raise Unreachable(f"{where}: {words}"[:300], "check that it is up and reachable") from error
        return bounded(presented, where)

    async def _handshake(self, address: str) -> list[bytes]:
        loop, connection = asyncio.get_running_loop(), self.passage.open(address)
        try:
            failure = await self.passage.begin(connection, address, loop.time() + PLAIN_PATIENCE_S)
            if failure is not None:
                raise self.passage.failed(address, failure)
        except BaseException:
            connection.close()
            raise
        # An empty server name keeps asyncio from sending the address as one. From here on the connection is its own.
        transport, _ = await loop.create_connection(
            asyncio.Protocol, sock=connection, ssl=self.context, server_hostname=self.endpoint.sni or ""
        )
        try:
            return unverified(transport.get_extra_info("ssl_object"))
        finally:
            transport.abort()  # an orderly end would wait for the server


def looking_context() -> ssl.SSLContext:
    """A client that takes any version, suite and certificate: it looks, and trusts nobody."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.set_ciphers("ALL:@SECLEVEL=0")
    return context


def unverified(session: Any) -> list[bytes]:
    """The certificates that were sent, DER. Public from Python 3.13 on; 3.11 and 3.12 have it one layer below."""
    if hasattr(session, "get_unverified_chain"):
        return list(session.get_unverified_chain())
    return [certificate.public_bytes(_DER) for certificate in session._sslobj.get_unverified_chain() or ()]


def bounded(presented: list[bytes], where: str) -> tuple[bytes, ...]:
    """The certificates where they are some, few and small enough; EvidenceRejected otherwise."""
    if not presented:
        raise EvidenceRejected(f"{where} presented no certificate")
    if len(presented) > MOST_CERTIFICATES:
        raise EvidenceRejected(f"{where} presented {len(presented)} certificates, more than {MOST_CERTIFICATES}")
    if any(len(certificate) > MOST_BYTES for certificate in presented):
        raise EvidenceRejected(f"{where} presented a certificate of more than {MOST_BYTES} bytes")
    return tuple(presented)
