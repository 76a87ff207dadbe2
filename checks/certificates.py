"""Whose certificate an endpoint shows, what it is worth, and whether it was revoked."""

from collections.abc import Iterator
from typing import Annotated, Literal, NamedTuple

from pydantic import BeforeValidator, Field

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
from clauseproof.facts.endpoint import at
from clauseproof.facts.listed import listed
from clauseproof.facts.looks import unlooked
from clauseproof.facts.revocation import RevocationLists, Staples
from clauseproof.hardware.endtoend import DIRECTLY, doubt
from clauseproof.hardware.revocation import Standing, Word, judge_list, judge_response
from clauseproof.hardware.servercertificate import Details, KeyKind, details, key_of, out_of_order
from clauseproof.hardware.serverchain import Invalid, Roots, Valid, judge_chain, read_roots


class Certificate(Claim):
    """Every address presents a certificate that is valid for the host name and leads to a trusted root.

    The recorded chain is judged at the time of the case with the trust anchors of the case (the public roots, and the
    profile's `network.ca_file`), so that it can be judged again for another day. Two handshakes saw it. The finding
    says until when the path is valid. Through a proxy, which may show a certificate of its own, it is judged only where
    a public authority vouches for the name.

    A certificate that its issuer revoked contradicts, by a stapled OCSP response or by a list that the profile names
    under `crls` of the endpoint. Whether one shows that it was *not* revoked is said in a note, unless the clause asks
    for that. Nobody is asked in this claim: OCSP responders, distribution points and Certificate Transparency logs stay
    out, so that signed certificate timestamps are counted and not verified.

    Attributes:
        valid_for: how much longer it must be valid, such as `30 days`.
        keys: the kinds of keys that are allowed for the server and every issuer below the root: `RSA`, `EC`, `EdDSA`.
        least_rsa_bits: the shortest RSA key that is allowed among them.
        least_ec_bits: the smallest elliptic curve, by the bits of its field.
        least_scts: how many signed certificate timestamps the certificate must carry.
        in_order: whether each certificate must be sent behind the one that it issued.
        shown_unrevoked: whether a fresh OCSP response or list must show that it was not revoked.
    """

    valid_for: Duration | None = None
    keys: Annotated[
        tuple[Literal[KeyKind.RSA, KeyKind.EC, KeyKind.EDWARDS], ...],
        BeforeValidator(listed, json_schema_input_type=str | list[str]),
        Field(min_length=1),
    ] = (KeyKind.RSA, KeyKind.EC, KeyKind.EDWARDS)
    least_rsa_bits: int = Field(default=2048, ge=2048, le=16384)
    least_ec_bits: int = Field(default=256, ge=224, le=521)
    least_scts: int = Field(default=0, ge=0, le=10)
    in_order: bool = False
    shown_unrevoked: bool = False


class _Shown(NamedTuple):
    """One certificate as one address presented it, and what may say that it was revoked.

    Attributes:
        staples: the responses that the address stapled; Unseen where nobody looked.
    """

    where: str
    about: str
    served: tls.Served
    staples: tuple[bytes, ...] | Unseen
    lists: RevocationLists | Unseen


@check("certificate")
def certificate(
    claim: Certificate, chain: tls.Chain, staples: Staples | Unseen, lists: RevocationLists | Unseen, case: Case
) -> Iterator[Finding]:
    try:
        roots = read_roots(case.anchors.tls)
    except EvidenceRejected as error:
        yield unknown(error.unseen().sentence)
        return
    yield from unlooked(chain.name, chain.per_address, chain.missing)
    found: list[Finding] = []
    for shown in _presented(chain, staples, lists, case):
        found += [shown] if isinstance(shown, Finding) else _certificate(claim, chain, shown, roots, case)
    yield from dict.fromkeys(found)  # what is said of the certificate alone is said once


def _presented(
    chain: tls.Chain, staples: Staples | Unseen, lists: RevocationLists | Unseen, case: Case
) -> Iterator[_Shown | Finding]:
    """Every certificate that an address presented, or why none was seen that is the endpoint's."""
    for seen in chain.per_address:
        where, about = at(chain.name, seen.address), seen.address
        if isinstance(seen.served, Unseen):
            yield unknown(seen.served.sentence, about=about)
        elif why := doubt(chain.way, seen.served, chain.name, case.anchors.public):
            yield unknown(f"{where} was looked at {why}. {DIRECTLY}", about=about)
        else:
            for served in seen.served:
                yield _Shown(where, about, served, _stapled(staples, about), lists)


def _stapled(staples: Staples | Unseen, address: str) -> tuple[bytes, ...] | Unseen:
    if isinstance(staples, Unseen):
        return staples
    seen = next((one.responses for one in staples.per_address if one.address == address), None)
    return seen if seen is not None else ()


def _certificate(claim: Certificate, chain: tls.Chain, shown: _Shown, roots: Roots, case: Case) -> Iterator[Finding]:
    """One certificate: every fault in one finding, or what it is worth and what was not shown."""
    try:
        opinion = judge_chain(shown.served.chain, chain.name, case.now, roots)
        wrong_order = out_of_order(shown.served.chain)
    except EvidenceRejected as error:
        yield unknown(f"{shown.where}: {error.unseen().sentence}", about=shown.about)
        return
    if isinstance(opinion, Invalid):
        yield _against(chain, shown, "; ".join(opinion.reasons))
        return
    words, rejections = _revocation(opinion, shown, case)
    faults = [*_too_soon(claim, opinion, case), *_keys(claim, opinion), *_revoked(words)]
    disorder = f"certificate {wrong_order} of those sent did not issue the one before it" if wrong_order else ""
    if disorder and claim.in_order:
        faults.append(disorder)
    if faults:
        yield _against(chain, shown, "; ".join(faults))
        return
    own = details(opinion.certificates[0])
    yield _holds(shown, opinion, own, case)
    if disorder:
        yield note(f"The certificates are sent out of order: {disorder}, with which not every client can cope")
    yield _timestamps(claim, shown, own)
    yield _unrevoked(claim, shown, own, words, rejections)


def _against(chain: tls.Chain, shown: _Shown, fault: str) -> Finding:
    if shown.served.times < chain.looks:
        text = f"{shown.where} presented a certificate that does not hold in {shown.served.times} of {chain.looks} "
        return unknown(f"{text}handshakes: {fault}. To settle it: run again", about=shown.about)
    return broken(f"{shown.where} presents a certificate that does not hold: {fault}", about=shown.about)


def _holds(shown: _Shown, opinion: Valid, own: Details, case: Case) -> Finding:
    days = (opinion.until - case.now).days
    text = f"{shown.where} presents a valid certificate until {opinion.until:%Y-%m-%d}, for {days} more days"
    text += f". Its key is {own.key.name}, its signature {own.signature}; its path {' < '.join(opinion.path)}"
    return holds(text, Assurance.OBSERVED, about=shown.about, until=opinion.until)


def _too_soon(claim: Certificate, opinion: Valid, case: Case) -> Iterator[str]:
    left = opinion.until - case.now
    if claim.valid_for is not None and left < claim.valid_for:
        yield f"it expires on {opinion.until:%Y-%m-%d}, in {spell(left)}, and {spell(claim.valid_for)} are required"


def _keys(claim: Certificate, opinion: Valid) -> Iterator[str]:
    """Keys of the server and of its issuers; the root's own is trusted as it is."""
    least = {KeyKind.RSA: claim.least_rsa_bits, KeyKind.EC: claim.least_ec_bits}
    path = opinion.certificates[:-1] or opinion.certificates
    for subject, certificate in zip(opinion.path, path, strict=False):
        key = key_of(certificate)
        if key.kind not in claim.keys:
            yield f"the key of {subject} is {key.name}, and {', '.join(claim.keys)} are allowed"
        elif key.bits < least.get(key.kind, 0):
            yield f"the key of {subject} is {key.name}, and {least[key.kind]} bits are the least"


def _timestamps(claim: Certificate, shown: _Shown, own: Details) -> Finding:
    number = f"{own.scts} signed certificate timestamps of {own.logs} logs"
    text = f"The certificate carries {number if own.scts else 'no signed certificate timestamps'}"
    if own.scts >= claim.least_scts:
        return note(f"{text}. They were counted and not verified: offline no log can be asked" if own.scts else text)
    asked = f"{text}, and {claim.least_scts} are asked for; more may come with the handshake, which was not looked at"
    return unknown(f"{shown.where}: {asked}. To settle it: ask the vendor how they are sent", about=shown.about)


def _revocation(opinion: Valid, shown: _Shown, case: Case) -> tuple[list[tuple[str, Word]], list[str]]:
    """What each source says that can be believed, and why the others cannot."""
    leaf, words, rejections = opinion.certificates[0], list[tuple[str, Word]](), list[str]()
    for der in () if isinstance(shown.staples, Unseen) else shown.staples:
        try:
            words.append(("a stapled OCSP response", judge_response(der, leaf, opinion.issuer, case.now)))
        except EvidenceRejected as error:
            rejections.append(error.what)
    for one in () if isinstance(shown.lists, Unseen) else shown.lists.lists:
        if isinstance(one, Unseen):
            rejections.append(one.text)
            continue
        try:
            words.append((one.name, judge_list(one.content, one.name, leaf, opinion.issuer, case.now)))
        except EvidenceRejected as error:
            rejections.append(error.what)
    return words, rejections


def _revoked(words: list[tuple[str, Word]]) -> Iterator[str]:
    for source, word in words:
        if word.standing is Standing.REVOKED and word.since is not None:
            why = f" ({word.reason})" if word.reason else ""
            yield f"its issuer revoked it on {word.since:%Y-%m-%d}{why}, says {source}"


def _unrevoked(
    claim: Certificate, shown: _Shown, own: Details, words: list[tuple[str, Word]], rejections: list[str]
) -> Finding:
    """Whether a source shows that it was not revoked: a finding where the clause asks for it, else a note."""
    if words:
        source, word = words[0]
        said = f"was not revoked, says {source}, in which the next word is due on {word.until:%Y-%m-%d %H:%M} UTC"
        if claim.shown_unrevoked:
            text = f"{shown.where} presents a certificate that {said}"
            return holds(text, Assurance.OBSERVED, about=shown.about, until=word.until)
        return note(f"The certificate {said}")
    why = "; ".join([*_nothing_stapled(shown, own), *_no_list(shown), *rejections])
    if claim.shown_unrevoked:
        text = (
            f"Whether the certificate of {shown.where} was revoked was not shown ({why}). To settle it: ask the vendor"
        )
        remedy = "to staple OCSP responses, or name the issuer's list under crls of the endpoint"
        return unknown(f"{text} {remedy}", about=shown.about)
    return note(f"Whether the certificate was revoked was not shown: {why}")


def _nothing_stapled(shown: _Shown, own: Details) -> Iterator[str]:
    if isinstance(shown.staples, Unseen):
        yield shown.staples.text
    elif not shown.staples:
        asked = ", although the certificate asks clients to insist on one (RFC 7633)" if own.must_staple else ""
        yield f"no OCSP response was stapled{asked}"


def _no_list(shown: _Shown) -> Iterator[str]:
    if isinstance(shown.lists, Unseen):
        yield shown.lists.text
