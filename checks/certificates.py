"""Whose certificate an endpoint shows, tried from outside."""

from collections.abc import Iterator

from clauseproof import (
    Assurance,
    Case,
    Claim,
    Duration,
    EvidenceRejected,
    Finding,
    Unseen,
    broken,
    check,
    holds,
    note,
    spell,
    unknown,
)
from clauseproof.facts import tls
from clauseproof.hardware.serverchain import Invalid, Roots, Valid, judge_chain, read_roots


class Certificate(Claim):
    """Every address presents a certificate that is valid for the host name and leads to a trusted root.

    The recorded chain is judged at the time of the case with the trust anchors of the case (the public roots, and the
    profile's `network.ca_file`), so that it can be judged again for another day. Two handshakes saw it. The finding
    says until when the path is valid. Revocation is not looked at.

    Attributes:
        valid_for: how much longer it must be valid, such as `30 days`.
    """

    valid_for: Duration | None = None


@check("certificate")
def certificate(claim: Certificate, chain: tls.Chain, case: Case) -> Iterator[Finding]:
    try:
        roots = read_roots(case.anchors.tls)
    except EvidenceRejected as error:
        yield unknown(error.unseen().sentence)
        return
    for gap in chain.missing:
        yield unknown(gap.sentence)
    for seen in chain.per_address:
        if isinstance(seen.served, Unseen):
            yield unknown(seen.served.sentence, about=seen.address)
        else:
            yield from (_served(claim, chain, seen.address, served, roots, case) for served in seen.served)
    if not chain.per_address and not chain.missing:
        yield unknown(f"{chain.name} has no address that was looked at")
    yield note("revocation was not looked at")


def _served(
    claim: Certificate, chain: tls.Chain, address: str, served: tls.Served, roots: Roots, case: Case
) -> Finding:
    try:
        opinion = judge_chain(served.chain, chain.name, case.now, roots)
    except EvidenceRejected as error:
        return unknown(f"{address} ({chain.name}): {error.unseen().sentence}", about=address)
    fault = _fault(claim, opinion, case)
    if isinstance(opinion, Valid) and not fault:
        text = f"{address} presents a certificate that is valid for {chain.name} until {opinion.until:%Y-%m-%d}"
        path = " < ".join(opinion.path)
        return holds(f"{text}; its path is {path}", Assurance.OBSERVED, about=address, until=opinion.until)
    if served.times < chain.looks:
        text = f"{address} ({chain.name}) presented in {served.times} of {chain.looks} handshakes a certificate that"
        return unknown(f"{text} does not hold: {fault}. To settle it: run again", about=address)
    return broken(f"{address} presents a certificate that does not hold for {chain.name}: {fault}", about=address)


def _fault(claim: Certificate, opinion: Valid | Invalid, case: Case) -> str:
    if isinstance(opinion, Invalid):
        return "; ".join(opinion.reasons)
    left = opinion.until - case.now
    if claim.valid_for is None or left >= claim.valid_for:
        return ""
    return f"it expires on {opinion.until:%Y-%m-%d}, in {spell(left)}, and {spell(claim.valid_for)} are required"
