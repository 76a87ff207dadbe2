"""Which clients an endpoint lets in."""

from collections.abc import Iterator

from clauseproof import Assurance, Claim, Finding, Outcome, broken, check, holds, unknown
from clauseproof.facts.clientauth import AddressAdmission, Admission, Attempt, ClientAuth
from clauseproof.facts.looks import agreed, unlooked
from clauseproof.hardware.rejection import printable


class MutualTls(Claim):
    """Every address refuses a client that shows no certificate, and accepts one that shows the profile's (mutual TLS).

    Both kinds of client ask for the endpoint's `page`, in turn, twice. Refused means an alert or a closed connection
    where the other client was let in, or an HTTP error where the other got none. A page that is served to a client
    without a certificate contradicts. The certificate and its key stand under `client` of the endpoint; without them
    only the first half can be seen. Pages beside that one are not looked at.
    """


_TURNED_AWAY = frozenset({400, 401, 403, 495, 496})
"""HTTP statuses by which servers turn a client away whose certificate they do not like (495 and 496 are nginx's)."""


@check("mutual-tls")
def mutual_tls(claim: MutualTls, seen: ClientAuth) -> Iterator[Finding]:
    yield from unlooked(seen.name, seen.per_address, seen.missing)
    for one in seen.per_address:
        where = f"{one.address} ({seen.name})"
        accepted = agreed((_accepted(where, one.address, attempt), 1) for attempt in one.with_certificate or ())
        yield agreed((_refused(where, one, attempt, accepted), 1) for attempt in one.without)
        yield accepted if one.with_certificate is not None else _not_shown(seen, one)


def _accepted(where: str, about: str, attempt: Attempt) -> Finding:
    told = f"{where}, shown the client certificate: {_words(attempt)}"
    let_in = attempt.admission is Admission.ANSWERED and attempt.status not in _TURNED_AWAY
    if let_in or attempt.admission is Admission.OTHER_ANSWER:
        return holds(told, Assurance.OBSERVED, about=about)
    remedy = "check that the certificate is one that the vendor accepts, and the page one that it serves"
    return unknown(f"{told}. To settle it: {remedy}", about=about)


def _refused(where: str, one: AddressAdmission, attempt: Attempt, accepted: Finding) -> Finding:
    """A refusal without a certificate says something where the same address lets the other client in."""
    told = f"{where}, shown no client certificate: {_words(attempt)}"
    if attempt.admission is Admission.OTHER_ANSWER or (attempt.status is not None and attempt.status < 400):
        return broken(f"{told}; it must be refused", Assurance.OBSERVED, about=one.address)
    asked_for = attempt.admission is Admission.ALERT and "certificate required" in attempt.detail
    cut_off = attempt.admission in (Admission.ALERT, Admission.CLOSED) and accepted.outcome is Outcome.HOLDS
    if asked_for or cut_off or (attempt.status is not None and _served(one)):
        return holds(told, Assurance.OBSERVED, about=one.address)
    remedy = "name a client certificate that is accepted under client of the endpoint, and a page that it may see"
    return unknown(f"{told}, which may have other reasons. To settle it: {remedy}", about=one.address)


def _served(one: AddressAdmission) -> bool:
    """Whether the page was served, without an error, to the client with the certificate."""
    shown = one.with_certificate or ()
    return bool(shown) and all(attempt.status is not None and attempt.status < 400 for attempt in shown)


def _not_shown(seen: ClientAuth, one: AddressAdmission) -> Finding:
    if seen.why_none is not None:
        return unknown(seen.why_none.sentence, about=one.address)
    text = f"whether {one.address} ({seen.name}) accepts a client with a certificate was not tried"
    return unknown(f"{text}. To settle it: name one under client of the endpoint", about=one.address)


def _words(attempt: Attempt) -> str:
    if attempt.status is not None:
        return f"HTTP {attempt.status}"
    return f"{attempt.admission} ({printable(attempt.detail)})" if attempt.detail else str(attempt.admission)
