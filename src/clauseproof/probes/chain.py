"""Fetches the certificates that each address presents, by the handshakes that any client makes.

sslyze's certificate command would need leave to scan, so this is Python's own TLS client with verification off: what
the chain is worth is judged later, from the recorded bytes. Stapled OCSP responses are out of its reach.
"""

import asyncio
import socket
import ssl
from collections import Counter
from typing import Any

from clauseproof.facts.dns import Resolution
from clauseproof.facts.endpoint import Endpoint
from clauseproof.facts.tls import AddressChain, Chain, Served
from clauseproof.model.errors import EvidenceRejected, LookFailed, TimedOut, Unreachable
from clauseproof.model.look import Look
from clauseproof.model.marks import probe
from clauseproof.model.permission import Permission
from clauseproof.probes.hello.ask import PLAIN_PATIENCE_S, Target, begin_tls
from clauseproof.probes.hello.starttls import conversation

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
    """The certificates of every address, with the server name sent, over two handshakes each."""
    room = asyncio.Semaphore(_ADDRESSES_AT_ONCE)

    async def one(address: str) -> AddressChain:
        async with room:
            return await _address(address, endpoint, look)

    return Chain(
        name=endpoint.name,
        port=endpoint.port,
        server_name=endpoint.sni,
        looks=LOOKS,
        per_address=tuple(await asyncio.gather(*(one(address) for address in names.reachable))),
        missing=names.missing,
    )


async def _address(address: str, endpoint: Endpoint, look: Look) -> AddressChain:
    try:
        seen = Counter([await _presented(address, endpoint, look) for _ in range(LOOKS)])
    except LookFailed as error:
        return AddressChain(address=address, served=error.unseen())
    return AddressChain(address=address, served=tuple(Served(chain=c, times=times) for c, times in seen.items()))


async def _presented(address: str, endpoint: Endpoint, look: Look) -> tuple[bytes, ...]:
    """The chain of one handshake; whatever goes wrong becomes an error that names the address."""
    where = f"{address} port {endpoint.port}"
    limit_s = min(_PATIENCE_S if endpoint.starttls is None else PLAIN_PATIENCE_S, look.remaining_s())
    try:
        async with asyncio.timeout(limit_s):
            presented = await _handshake(Target(address, endpoint.port), endpoint)
    except TimeoutError as error:
        raise TimedOut(f"{where} finished no handshake in {limit_s:.0f} s", "run again") from error
    except ssl.SSLError as error:
        raise EvidenceRejected(
            f"{where} presented no certificates that can be read: {error.reason or error}"[:300],
            "check that it speaks TLS on this port and asks its clients for no certificate",
        ) from error
    except OSError as error:
        words = error.strerror or str(error) or "the connection was broken off"
        raise Unreachable(f"{where}: {words}"[:300], "check that it is up and reachable") from error
    return bounded(presented, where)


async def _handshake(target: Target, endpoint: Endpoint) -> list[bytes]:
    loop, connection = asyncio.get_running_loop(), socket.socket(target.family, socket.SOCK_STREAM)
    try:
        connection.setblocking(False)
        await loop.sock_connect(connection, target)
        await _begin_tls(connection, target, endpoint)
    except BaseException:
        connection.close()
        raise
    # An empty server name keeps asyncio from sending the address as one. From here on the connection is its own.
    transport, _ = await loop.create_connection(
        asyncio.Protocol, sock=connection, ssl=looking_context(), server_hostname=endpoint.sni or ""
    )
    try:
        return unverified(transport.get_extra_info("ssl_object"))
    finally:
        transport.abort()  # an orderly end would wait for the server


async def _begin_tls(connection: socket.socket, target: Target, endpoint: Endpoint) -> None:
    """Come to where TLS begins; EvidenceRejected where the plain protocol does not."""
    if endpoint.starttls is None:
        return
    ends_s = asyncio.get_running_loop().time() + PLAIN_PATIENCE_S
    failure = await begin_tls(connection, conversation(endpoint.starttls, endpoint.host), ends_s)
    if failure is not None:
        raise EvidenceRejected(
            f"{target.address} port {target.port} did not begin TLS by {endpoint.starttls}: {failure.why}",
            "check the endpoint's starttls",
        )


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
