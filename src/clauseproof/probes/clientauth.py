"""Asks every address for one page, as a client without a certificate and as one with the profile's, in turn."""

import ssl

from cryptography.hazmat.primitives.serialization import Encoding

from clauseproof.facts.clientauth import AddressAdmission, Admission, Attempt, ClientAuth
from clauseproof.facts.dns import Resolution
from clauseproof.facts.endpoint import Endpoint
from clauseproof.facts.identity import Identity
from clauseproof.hardware.certificate import read_certificates
from clauseproof.model.errors import LookFailed
from clauseproof.model.look import Look
from clauseproof.model.marks import probe
from clauseproof.model.permission import Permission
from clauseproof.model.unseen import Unseen
from clauseproof.probes.clientcert import show
from clauseproof.probes.http import Fetch
from clauseproof.probes.passage import only_directly
from clauseproof.probes.visit import End, Errand, Target, Visit, visit
from clauseproof.probes.web import every, only_web, web_context

LOOKS = 2
"""Attempts of either kind at each address: a contradiction must be seen twice."""


@probe(permission=Permission.CONNECT, deadline_s=60)
async def client_auth(endpoint: Endpoint, names: Resolution, look: Look) -> ClientAuth:
    """Two attempts of either kind at every address; the one with a certificate is the control of the one without.

    Raises:
        Unknowable: a proxy leads there, and may answer itself; or a plain protocol comes before TLS.
    """
    only_directly(endpoint, "whom it lets in is tried only directly")
    only_web(endpoint)
    certificate, context, why_none = _identity(endpoint.client, look)

    async def one(address: str) -> AddressAdmission:
        without, shown = list[Attempt](), list[Attempt]()
        for _ in range(LOOKS):
            without.append(await _attempt(address, endpoint, web_context(), look))
            if context is not None:
                shown.append(await _attempt(address, endpoint, context, look))
        with_certificate = None if context is None else tuple(shown)
        return AddressAdmission(address=address, without=tuple(without), with_certificate=with_certificate)

    return ClientAuth(
        name=endpoint.name,
        port=endpoint.port,
        page=endpoint.page,
        certificate=certificate,
        why_none=why_none,
        per_address=await every(names.reachable, one),
        missing=names.missing,
    )


def _identity(client: Identity | None, look: Look) -> tuple[bytes | None, ssl.SSLContext | None, Unseen | None]:
    """The certificate, a client that shows it, and why there is none where the profile names one."""
    if client is None:
        return None, None, None
    context = web_context()
    try:
        pem = show(client, context, look)
        return read_certificates(pem, client.certificate)[0].parsed.public_bytes(Encoding.DER), context, None
    except LookFailed as error:
        return None, None, error.unseen()


async def _attempt(address: str, endpoint: Endpoint, context: ssl.SSLContext, look: Look) -> Attempt:
    fetch = Fetch(endpoint.name, endpoint.port, endpoint.page, secure=True)
    errand = Errand(tls=context, send=fetch.request, enough=fetch.feed)
    seen = await visit(Target(address, endpoint.port, endpoint.sni), errand, look)
    if fetch.head is not None:
        return Attempt(admission=Admission.ANSWERED, status=fetch.head.status, detail="")
    return Attempt(admission=_admission(seen), status=None, detail=seen.words or seen.end.value)


def _admission(seen: Visit) -> Admission:
    """How far a client came that got no HTTP response. OpenSSL's words for an alert of the server's contain "alert"."""
    if seen.received:
        return Admission.OTHER_ANSWER
    if seen.end in (End.FAILED, End.ALERT) and "alert" in seen.words:
        return Admission.ALERT
    return Admission.CLOSED if seen.end in (End.CLOSED, End.RESET) else Admission.UNCLEAR
