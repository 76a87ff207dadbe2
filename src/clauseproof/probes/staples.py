"""Asks each address for the OCSP response that it staples, as browsers do (RFC 6066, section 8)."""

import time

from clauseproof.facts.dns import Resolution
from clauseproof.facts.endpoint import Endpoint
from clauseproof.facts.manner import Depth
from clauseproof.facts.revocation import AddressStaples, Staples
from clauseproof.hardware.certificate import read_certificates
from clauseproof.hardware.servercertificate import details
from clauseproof.model.errors import EvidenceRejected, LookFailed, Unknowable
from clauseproof.model.look import Look
from clauseproof.model.marks import probe
from clauseproof.model.permission import Permission
from clauseproof.probes import deep, tls
from clauseproof.probes.deep import Target

LOOKS = 2
"""Handshakes with an address that staples nothing at first: some servers fetch the response once they are asked."""
MOST_BYTES = 64 * 1024
"""The largest response that is kept, DER."""
_PAUSE_S = 1.0


@probe(permission=Permission.CONNECT, deadline_s=60, at_once=deep.HANDSHAKES_AT_ONCE)
def staples(endpoint: Endpoint, names: Resolution, look: Look) -> Staples:
    """The stapled response of every address, over one handshake, or two where the certificate names a responder.

    Raises:
        Unknowable: the profile asks for a fast look at this endpoint.
    """
    if endpoint.depth is Depth.FAST:
        raise Unknowable("a fast look asks for no stapled OCSP response", "write depth: full for this endpoint")
    return Staples(
        host=endpoint.host,
        port=endpoint.port,
        server_name=endpoint.sni or endpoint.host,
        looks=LOOKS,
        per_address=tuple(_address(target, look) for target in deep.targets(endpoint, names, look)),
        missing=names.missing,
    )


def _address(target: Target, look: Look) -> AddressStaples:
    try:
        response = _response(target, look)
    except LookFailed as error:
        return AddressStaples(address=target.address, responses=error.unseen())
    return AddressStaples(address=target.address, responses=() if response is None else (response,))


def _response(target: Target, look: Look) -> bytes | None:
    limit_s = deep.TimeLimit(look)
    response, certificate = tls.stapled(target, limit_s)
    if response is None and _could_have_one(certificate) and limit_s() > _PAUSE_S:
        time.sleep(_PAUSE_S)
        response, _ = tls.stapled(target, limit_s)
    if response is not None and len(response) > MOST_BYTES:
        raise EvidenceRejected(f"{target.address} stapled {len(response)} bytes, more than {MOST_BYTES}")
    return response


def _could_have_one(certificate: bytes) -> bool:
    """Whether it names a responder that the server could ask, or wants its clients to insist."""
    (read,) = read_certificates(certificate, "the certificate")
    found = details(read.parsed)
    return found.asks or found.must_staple
