"""Reads the revocation lists that the profile names for an endpoint; they are judged later, from their bytes."""

from clauseproof.facts.endpoint import Endpoint
from clauseproof.facts.revocation import RevocationList, RevocationLists
from clauseproof.model.errors import LookFailed, Unknowable
from clauseproof.model.look import Look
from clauseproof.model.marks import probe
from clauseproof.model.permission import Permission
from clauseproof.model.unseen import Unseen

MOST_BYTES = 1024 * 1024
"""The largest list, in bytes: about 25,000 certificates."""


@probe(permission=Permission.OWN_ACCOUNT, deadline_s=10)
def crls(endpoint: Endpoint, look: Look) -> RevocationLists:
    """The bytes of every list.

    Raises:
        Unknowable: the profile names none.
    """
    if not endpoint.crls:
        raise Unknowable("the profile names no revocation list", "name the issuer's under crls of the endpoint")
    return RevocationLists(lists=tuple(_read(look, name) for name in endpoint.crls))


def _read(look: Look, name: str) -> RevocationList | Unseen:
    try:
        return RevocationList(name=name, content=look.read_file(name, MOST_BYTES))
    except LookFailed as error:
        return error.unseen()
