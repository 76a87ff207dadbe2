"""Who vouches for the vendor's names: signatures in the DNS, and the authorities that may and do certify them."""

from collections.abc import Iterator
from datetime import datetime
from itertools import groupby
from typing import Self

from pydantic import model_validator

from clauseproof import Assurance, Case, Claim, EvidenceRejected, Finding, Unseen, broken, check, holds, unknown
from clauseproof.facts import tls, zone
from clauseproof.facts.endpoint import at
from clauseproof.facts.listed import Listed
from clauseproof.facts.looks import agreed, unlooked
from clauseproof.facts.territory import Jurisdictions, Territory, territory
from clauseproof.hardware.dnsanchors import Anchors, read_anchors
from clauseproof.hardware.dnsopinion import Insecure, Secure, Undecided
from clauseproof.hardware.dnssec import judge_recorded
from clauseproof.hardware.endtoend import DIRECTLY, doubt
from clauseproof.hardware.issuer import Issuer, issuer_of
from clauseproof.hardware.rejection import printable
from clauseproof.hardware.serverchain import Roots, Valid, judge_chain, read_roots


class Dnssec(Claim):
    """Every answer about the name is signed, and the signatures lead to a trust anchor (DNSSEC).

    The responses of each resolver are recorded with their signatures, and validated from the anchors down at the time
    of the case: IANA's keys of the root, or those of `anchors.dnssec` in the profile. That there is no address of a
    type must be proven too, and so must every alias on the way. A name below a delegation without a DS record is not
    protected, whether or not its own zone is signed. Two looks must see a contradiction. Signatures are made anew
    every few days, so that those recorded say nothing about a later day.
    """


@check("dnssec")
def dnssec(claim: Dnssec, answers: zone.SignedAnswers, case: Case) -> Iterator[Finding]:
    try:
        anchors = read_anchors(case.anchors.dnssec)
    except EvidenceRejected as error:
        yield unknown(error.unseen().sentence)
        return
    for _, sights in groupby(answers.sights, key=lambda sight: sight.resolver):
        yield agreed((_signed(answers, sight, case.now, anchors), sight.times) for sight in sights)
    if not answers.sights:
        yield unknown("no resolver was asked")


def _signed(answers: zone.SignedAnswers, sight: zone.Sight, now: datetime, anchors: Anchors) -> Finding:
    name, resolver = answers.name.rstrip("."), sight.resolver
    opinions = [
        judge_recorded(sight.responses, answers.name, rdtype, now, answers.looked_at, anchors)
        for rdtype in answers.types
    ]
    against = [opinion for opinion in opinions if not isinstance(opinion, Secure | Undecided)]
    if against:
        proven = isinstance(against[0], Insecure) and against[0].proven
        assurance = Assurance.PROVEN if proven else Assurance.OBSERVED
        text = f"{name} is not protected: {against[0].reason} (resolver {resolver})"
        return broken(text, assurance, about=resolver)
    good = [opinion for opinion in opinions if isinstance(opinion, Secure)]
    gaps = [opinion for opinion in opinions if isinstance(opinion, Undecided)]
    if gaps:
        remedy = "To settle it: run again, with network.resolvers that pass signatures on"
        why = "; ".join(filter(None, (f"resolver {resolver}", sight.failure)))
        return unknown(f"{gaps[0].reason} ({why}). {remedy}", about=resolver)
    if not any(opinion.records for opinion in good):
        return unknown(f"{name} has no {' or '.join(answers.types)} record that could be signed", about=resolver)
    zones = " > ".join(zone_.rstrip(".") or "the root" for zone_ in good[0].zones)
    text = f"the {' and '.join(answers.types)} answers about {name} are proven by {zones} (resolver {resolver})"
    return holds(text, Assurance.PROVEN, about=resolver, until=min(opinion.until for opinion in good))


class Caa(Claim):
    """The name's owner restricts which authorities may issue certificates for it (CAA records, RFC 8659).

    The records of the name count, or of the closest name above it that has some. CAA binds authorities when they
    issue: certificates of before, and authorities that break the rule, cannot be seen in it.

    Attributes:
        issuers: the authorities that may be allowed, by their domain names, such as `letsencrypt.org`; without it any
            restriction will do.
    """

    issuers: Listed | None = None


@check("caa")
def caa(claim: Caa, issuance: zone.Issuance) -> Iterator[Finding]:
    for _, climbs in groupby(issuance.climbs, key=lambda climb: climb.resolver):
        yield agreed((_restricted(claim, issuance.name.rstrip("."), climb), climb.times) for climb in climbs)
    if not issuance.climbs:
        yield unknown("no resolver was asked")


def _restricted(claim: Caa, name: str, climb: zone.Climb) -> Finding:
    last, where = climb.steps[-1], f"(resolver {climb.resolver})"
    if not last.outcome.definite:
        text = f"which CAA records {last.name.rstrip('.')} has was not told: {last.outcome} {where}"
        return unknown(f"{text}. To settle it: run again", about=climb.resolver)
    if not last.properties:
        text = f"{name} has no CAA record, nor has any name above it: every authority may issue {where}"
        return broken(text, Assurance.OBSERVED, about=climb.resolver)
    at = f"the CAA records of {last.name.rstrip('.')}"
    if not any(one.tag.lower() == "issue" for one in last.properties):
        text = f"{at} have no issue property: every authority may issue {where}"
        return broken(text, Assurance.OBSERVED, about=climb.resolver)
    allowed = sorted({domain for one in last.properties if (domain := _allowed(one))})
    told = ", ".join(printable(domain) for domain in allowed) or "nobody"
    wanted = {issuer.lower().rstrip(".") for issuer in claim.issuers or allowed}
    beyond = [domain for domain in allowed if domain not in wanted]
    if beyond:
        text = f"{at} allow {', '.join(map(printable, beyond))} to issue, and {', '.join(sorted(wanted))} may {where}"
        return broken(text, Assurance.OBSERVED, about=climb.resolver)
    return holds(f"{at} allow {told} to issue and no other authority {where}", Assurance.OBSERVED, about=climb.resolver)


def _allowed(one: zone.Property) -> str:
    """The domain that an issue or issuewild property allows; empty for other properties, and for ";" alone."""
    if one.tag.lower() not in ("issue", "issuewild"):
        return ""
    return one.value.partition(";")[0].strip().lower().rstrip(".")


class CertificateIssuer(Claim):
    """The certificate of every address comes from an allowed authority, or from one in an allowed country.

    Judged is the authority that signed the server's own certificate, by the organisation, common name and country in
    its name. Its name counts only where a path leads from the certificate through it to a trust anchor of the case.
    The country is that which the authority states of itself; who owns it is not asked.

    Attributes:
        issuers: organisations or common names of authorities, such as `D-Trust GmbH`; one of them, letter case aside.
        within: a jurisdiction such as `EU`, a country code, or a list of them.
    """

    issuers: Listed | None = None
    within: Jurisdictions | None = None

    @model_validator(mode="after")
    def _asks_something(self) -> Self:
        if self.issuers is None and self.within is None:
            raise ValueError("say issuers: or within:, or both")
        return self


@check("certificate-issuer")
def certificate_issuer(claim: CertificateIssuer, chain: tls.Chain, case: Case) -> Iterator[Finding]:
    try:
        roots = read_roots(case.anchors.tls)
        wanted = territory(claim.within, None, case)
    except EvidenceRejected as error:
        yield unknown(error.unseen().sentence)
        return
    except LookupError as error:
        yield unknown(error.args[0])
        return
    yield from unlooked(chain.name, chain.per_address, chain.missing)
    for seen in chain.per_address:
        if isinstance(seen.served, Unseen):
            yield unknown(seen.served.sentence, about=seen.address)
            continue
        if why := doubt(chain.way, seen.served, chain.name, case.anchors.public):
            yield unknown(f"{at(chain.name, seen.address)} was looked at {why}. {DIRECTLY}", about=seen.address)
            continue
        judged = ((_issued(claim, wanted, chain, seen.address, one, roots, case), one.times) for one in seen.served)
        yield agreed(judged)


def _issued(
    claim: CertificateIssuer,
    wanted: Territory,
    chain: tls.Chain,
    address: str,
    served: tls.Served,
    roots: Roots,
    case: Case,
) -> Finding:
    where = f"{address} ({chain.name})"
    try:
        opinion = judge_chain(served.chain, chain.name, case.now, roots)
        issuer = issuer_of(served.chain[0])
    except EvidenceRejected as error:
        return unknown(f"{where}: {error.unseen().sentence}", about=address)
    if not isinstance(opinion, Valid):
        text = f"{where} presents a certificate that claims to come from {issuer}, which is not proven"
        return unknown(f"{text}: {'; '.join(opinion.reasons)}", about=address)
    fault = _fault(claim, wanted, issuer)
    if fault:
        return broken(f"{where} presents a certificate of {issuer}: {fault}", Assurance.OBSERVED, about=address)
    if claim.within is not None and not issuer.countries:
        text = f"{where} presents a certificate of {issuer}, which states no country"
        return unknown(f"{text}. To settle it: name the authority by issuers: instead of within:", about=address)
    path = " < ".join(opinion.path)
    text = f"{where} presents a certificate of {issuer}; its path is {path}"
    return holds(text, Assurance.OBSERVED, about=address, until=opinion.until)


def _fault(claim: CertificateIssuer, wanted: Territory, issuer: Issuer) -> str:
    names = {name.casefold() for name in issuer.names}
    if claim.issuers is not None and not names & {wanted.casefold() for wanted in claim.issuers}:
        return f"allowed are {', '.join(claim.issuers)}"
    if claim.within is None:
        return ""
    outside = [country for country in issuer.countries if not wanted.keeps(country)]
    return f"{', '.join(map(printable, outside))} is not in {', '.join(claim.within)}" if outside else ""
