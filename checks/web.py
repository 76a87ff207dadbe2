"""The vendor's site: once by TLS, always by TLS."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import NamedTuple

from clauseproof import (
    Assurance,
    Case,
    Claim,
    Duration,
    EvidenceRejected,
    Finding,
    Outcome,
    Unseen,
    broken,
    check,
    holds,
    spell,
    unknown,
)
from clauseproof.facts import tls, web
from clauseproof.facts.hsts import read_policy
from clauseproof.facts.listed import Listed
from clauseproof.facts.looks import agreed, unlooked
from clauseproof.facts.web import Heard, Page, Plain
from clauseproof.facts.weburl import split_url
from clauseproof.hardware.rejection import printable
from clauseproof.hardware.serverchain import Invalid, Roots, judge_chain, read_roots


class Hsts(Claim):
    """Every address tells clients to use https only, and for how long (HTTP Strict Transport Security, RFC 6797).

    Clients read the first such field of a response, and only where they trust the certificate; both are judged so. The
    response to the endpoint's `page` is looked at twice; where that is an error, the field may be missing for that
    reason alone, and the claim stays open. Whether browsers have the site in the lists they ship is not looked at.

    Attributes:
        at_least: for how long clients must be told to remember it.
        subdomains: whether it must include subdomains.
        preload: whether it must ask to be preloaded.
    """

    at_least: Duration = timedelta(days=180)
    subdomains: bool = False
    preload: bool = False


@check("hsts")
def hsts(claim: Hsts, pages: web.Pages, chain: tls.Chain, case: Case) -> Iterator[Finding]:
    try:
        roots = read_roots(case.anchors.tls)
    except EvidenceRejected as error:
        yield unknown(error.unseen().sentence)
        return
    yield from unlooked(pages.name, pages.per_address, pages.missing)
    for seen in pages.per_address:
        where = f"{seen.address} ({pages.name})"
        finding = agreed((_told(claim, where, seen.address, look), 1) for look in seen.looks)
        distrust = _distrust(chain, seen.address, case, roots) if finding.outcome is Outcome.HOLDS else ""
        if distrust:
            text = f"{finding.text}, but clients ignore that for as long as they do not trust the certificate"
            finding = unknown(f"{text}: {distrust}", about=seen.address)
        yield finding


def _told(claim: Hsts, where: str, about: str, look: Page | Unseen) -> Finding:
    """What one response tells its client."""
    if isinstance(look, Unseen):
        return unknown(look.sentence, about=about)
    if not look.transport_security:
        text = f"{where} answered {look.status} without Strict-Transport-Security"
        if look.status < 400:
            return broken(text, Assurance.OBSERVED, about=about)
        return unknown(f"{text}. To settle it: name a page of the endpoint that answers without an error", about=about)
    field = look.transport_security[0]
    try:
        policy = read_policy(field)
    except ValueError as error:
        text = f"{where} sends a Strict-Transport-Security field that clients ignore: {printable(error)}"
        return broken(text, Assurance.OBSERVED, about=about)
    age = timedelta(seconds=policy.max_age_s)
    faults = [f"{spell(claim.at_least)} are required"] if age < claim.at_least else []
    faults += ["subdomains must be included"] if claim.subdomains and not policy.subdomains else []
    faults += ["preload must be asked for"] if claim.preload and not policy.preload else []
    text = f"{where} sends Strict-Transport-Security: {printable(field)}"
    if faults:
        return broken(f"{text}; {', and '.join(faults)}", Assurance.OBSERVED, about=about)
    return holds(text, Assurance.OBSERVED, about=about)


def _distrust(chain: tls.Chain, address: str, case: Case, roots: Roots) -> str:
    """Why clients do not trust an address; empty where they do."""
    seen = next((one for one in chain.per_address if one.address == address), None)
    if seen is None:
        return "its certificate was not looked at"
    if isinstance(seen.served, Unseen):
        return seen.served.sentence
    try:
        opinions = [judge_chain(served.chain, chain.name, case.now, roots) for served in seen.served]
    except EvidenceRejected as error:
        return error.unseen().sentence
    return next(("; ".join(opinion.reasons) for opinion in opinions if isinstance(opinion, Invalid)), "")


class NoPlaintext(Claim):
    """Nothing is served without TLS: not on the endpoint's port, and plain HTTP only sends clients to https.

    Every address is asked for the endpoint's `page` without TLS, twice, on the endpoint's own port and on `http_port`
    (80). There a refused or closed connection, an answer in TLS, HTTP 400 and 426 serve nothing, and a redirect to
    https of the same host, with or without `www.`, is as good. Other errors leave it open: another page may be served.
    It counts only where the same address was seen to speak TLS. Ports beside these two are not looked at.

    Attributes:
        redirects_to: further hosts of the same site that plain HTTP may redirect to.
        this_port_only: leave plain HTTP aside, as for a service that is no web site.
        silence_is_closed: take a port for closed that does not answer at all. Clouds drop what no rule allows; so may
            a firewall between here and there, which proves nothing about others.
    """

    redirects_to: Listed | None = None
    this_port_only: bool = False
    silence_is_closed: bool = False


class _Port(NamedTuple):
    """One port of one address, and what an answer there means that is no HTTP."""

    address: str
    name: str
    number: int
    rule: "Callable[[NoPlaintext, Plain], Outcome]"


@check("no-plaintext")
def no_plaintext(claim: NoPlaintext, answers: web.PlainAnswers, chain: tls.Chain) -> Iterator[Finding]:
    secure = {one.address for one in chain.per_address if not isinstance(one.served, Unseen)}
    yield from unlooked(answers.name, answers.per_address, answers.missing)
    for seen in answers.per_address:
        if seen.address not in secure:
            text = f"{seen.address} ({answers.name}) was not seen to speak TLS, so that its silence proves nothing"
            yield unknown(f"{text}. To settle it: check that it is up, and run again", about=seen.address)
        port = _Port(seen.address, answers.name, answers.port, _on_endpoint)
        yield agreed((_answer(claim, port, look), 1) for look in seen.endpoint_port)
        if not claim.this_port_only:
            port = _Port(seen.address, answers.name, answers.http_port, _on_http)
            yield agreed((_answer(claim, port, look), 1) for look in seen.http_port)


def _answer(claim: NoPlaintext, port: _Port, look: Plain) -> Finding:
    text = f"without TLS, port {port.number} of {port.address} ({port.name}) answered with {_words(look)}"
    http = look.heard is Heard.HTTP
    outcome = _http(claim, port.name, look) if http else port.rule(claim, look)
    if outcome is Outcome.HOLDS:
        return holds(text, Assurance.OBSERVED, about=port.address)
    if outcome is Outcome.BROKEN:
        rule = "only a redirect to https of the same site is allowed" if http else "nothing may be served"
        return broken(f"{text}; {rule}", Assurance.OBSERVED, about=port.address)
    remedy = "name a page of the endpoint that is served" if http else "look from another network"
    return unknown(f"{text}, which proves nothing. To settle it: {remedy}", about=port.address)


def _words(look: Plain) -> str:
    if look.heard is not Heard.HTTP:
        return f"{look.heard}{f' ({printable(look.detail)})' if look.detail else ''}"
    return f"HTTP {look.status}{f' to {printable(look.location)}' if look.location is not None else ''}"


_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_REFUSALS = frozenset({400, 426})
"""Bad Request, as servers answer plain HTTP on a port for TLS; Upgrade Required (RFC 9110, section 15.5.22)."""


def _http(claim: NoPlaintext, name: str, look: Plain) -> Outcome:
    status = look.status or 0
    if status in _REFUSALS:
        return Outcome.HOLDS
    if status in _REDIRECTS and _same_site(look.location or "", {name, *(claim.redirects_to or ())}):
        return Outcome.HOLDS
    return Outcome.BROKEN if 200 <= status < 400 else Outcome.UNKNOWN


def _same_site(location: str, names: set[str]) -> bool:
    try:
        parts = split_url(location)
    except ValueError:
        return False
    host = (parts.hostname or "").rstrip(".").removeprefix("www.")
    return parts.scheme == "https" and host in {name.lower().removeprefix("www.") for name in names}


def _on_endpoint(claim: NoPlaintext, look: Plain) -> Outcome:
    if look.heard in (Heard.TLS, Heard.CLOSED, Heard.RESET):
        return Outcome.HOLDS
    return Outcome.BROKEN if look.heard is Heard.TEXT else Outcome.UNKNOWN


def _on_http(claim: NoPlaintext, look: Plain) -> Outcome:
    if look.heard is Heard.REFUSED or (look.heard is Heard.NOTHING and claim.silence_is_closed):
        return Outcome.HOLDS
    return _on_endpoint(claim, look)
