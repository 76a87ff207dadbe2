"""Encryption in transit: what an endpoint speaks and whose certificate it shows, tried from outside."""

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
from clauseproof.facts.tls import Answer, TlsVersion, VersionLooks
from clauseproof.hardware.serverchain import Invalid, Roots, Valid, judge_chain, read_roots


class TlsFloor(Claim):
    """The endpoint speaks `at_least` this version of TLS, or a newer one, and refuses everything older.

    Every address is tried, and the worst one decides. An older version counts as refused where each of its cipher
    suites was answered by an alert that refuses it, or by a closed connection while the same address accepted another
    version. Silence is no refusal. An older version counts as accepted where two looks saw it.

    Attributes:
        at_least: `SSL 2.0`, `SSL 3.0`, `TLS 1.0`, `TLS 1.1`, `TLS 1.2` or `TLS 1.3`.
    """

    at_least: TlsVersion = TlsVersion.TLS1_3


@check("tls-floor")
def tls_floor(claim: TlsFloor, scan: tls.Scan) -> Iterator[Finding]:
    for gap in scan.missing:
        yield unknown(gap.sentence)
    for seen in scan.per_address:
        if isinstance(seen.versions, Unseen):
            yield unknown(seen.versions.sentence, about=seen.address)
        else:
            yield from _floor(claim.at_least, f"{seen.address} ({scan.host})", seen.address, seen.versions)
    if not scan.per_address and not scan.missing:
        yield unknown(f"{scan.host} has no address that was looked at")


def _floor(floor: TlsVersion, where: str, about: str, seen: tuple[VersionLooks, ...]) -> Iterator[Finding]:
    """One address: each older version by itself, then whether anything new enough is spoken at all."""
    looks = {one.version: one for one in seen}
    accepted = [version for version, one in looks.items() if one.agreed is Answer.ACCEPTED]
    older = [version for version in TlsVersion if version < floor]
    refused = [version for version in older if _refuses(looks.get(version), control=bool(accepted))]
    for version in older:
        if version not in refused:
            yield _not_refused(version, looks.get(version), floor, where, about)
    if refused != older:
        return
    spoken = ", ".join(version for version in accepted if version >= floor)
    rest = f" and refused every suite of {', '.join(older)}" if older else ""
    if spoken:
        yield holds(f"{where} accepted {spoken}{rest}", Assurance.OBSERVED, about=about)
    else:
        modern = "; ".join(_replies(one) for version, one in looks.items() if version >= floor) or "not tried"
        yield unknown(f"{where} was not seen to speak {floor} or newer ({modern}); run again to settle it", about=about)


def _refuses(looks: VersionLooks | None, *, control: bool) -> bool:
    agreed = looks.agreed if looks else None
    return agreed is Answer.REFUSED or (agreed is Answer.CLOSED and control)


def _not_refused(version: TlsVersion, looks: VersionLooks | None, floor: TlsVersion, where: str, about: str) -> Finding:
    if looks is None:
        return unknown(f"{where} was not tried with {version}; run again to settle it", about=about)
    if looks.agreed is Answer.ACCEPTED and len(looks.looks) > 1:
        suites = ", ".join(looks.looks[0].suites[:3])
        text = f"{where} accepted {version} in {len(looks.looks)} looks ({suites}); {floor} or newer is required"
        return broken(text, Assurance.OBSERVED, about=about)
    return unknown(f"{where} may accept {version} ({_replies(looks)}); run again to settle it", about=about)


def _replies(looks: VersionLooks) -> str:
    """Every look at a version, with what the server said: `TLS 1.0: not answered in time`."""
    told = []
    for look in looks.looks:
        said = ", ".join(f"{reply.said} x {reply.times}" for reply in look.replies)
        told.append(f"{look.answer}: {said}" if said else look.answer)
    return f"{looks.version}: {', then '.join(told)}"


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
