"""Mail to the vendor: encrypted on its way, and not only where nobody interferes."""

import enum
from collections.abc import Iterator
from itertools import groupby
from typing import Annotated, NamedTuple

from pydantic import BeforeValidator

from clauseproof import (
    Assurance,
    Case,
    Claim,
    EvidenceRejected,
    Finding,
    Outcome,
    Reason,
    Unseen,
    broken,
    check,
    holds,
    note,
    unknown,
)
from clauseproof.facts import mail
from clauseproof.facts.listed import listed
from clauseproof.facts.looks import agreed, unlooked
from clauseproof.facts.mail import Offer, PolicyFile, Session
from clauseproof.facts.manner import Way
from clauseproof.facts.sts import announcements, policy_id, read_policy
from clauseproof.facts.tls import Served
from clauseproof.facts.zone import Sight
from clauseproof.hardware.dnsanchors import Anchors, read_anchors
from clauseproof.hardware.dnsopinion import Bogus, Insecure, Opinion, Secure
from clauseproof.hardware.dnssec import judge_recorded
from clauseproof.hardware.endtoend import DIRECTLY, doubt
from clauseproof.hardware.rejection import printable
from clauseproof.hardware.serverchain import Roots, Valid, judge_chain, read_roots
from clauseproof.hardware.tlsa import Tlsa, read_tlsa, vouches


class Means(enum.StrEnum):
    """What makes senders insist on TLS."""

    MTA_STS = "mta-sts"
    DANE = "dane"


class Starttls(Claim):
    """Every mail exchanger of the domain takes mail encrypted (STARTTLS, RFC 3207), at every address.

    STARTTLS alone protects from those who listen, not from those who interfere: they take the offer out of the
    server's greeting, and mail goes in the clear. With `enforced_by` it must be protected by one of the means named:

    * `mta-sts` (RFC 8461): a policy in mode `enforce`, announced in the DNS, served by a host with a trusted
      certificate, that covers every exchanger; and every exchanger has a trusted certificate for its name.
    * `dane` (RFC 7672): every exchanger has TLSA records that vouch for its certificate; these, the MX records and the
      addresses are proven by DNSSEC.

    A clause that asks for both has two such claims. No mail is sent, and none that leaves the vendor is looked at.

    Through a proxy, which may answer itself, a look counts where a public authority vouches for the certificate that is
    shown for the host; that no STARTTLS is offered is then never counted.

    Attributes:
        enforced_by: `mta-sts`, `dane`, or both where either will do.
    """

    enforced_by: Annotated[tuple[Means, ...], BeforeValidator(listed, json_schema_input_type=Means | list[Means])] = ()


@check("starttls")
def starttls(
    claim: Starttls,
    names: mail.Exchangers,
    sessions: mail.MailSessions,
    policy: mail.StsPolicy | Unseen,
    dane: mail.DaneAnswers | Unseen,
    case: Case,
) -> Iterator[Finding]:
    for gap in sessions.missing:
        yield unknown(gap.sentence)
    for one in sessions.per_address:
        where = f"{one.host} at {one.address}"
        yield agreed((_offered(where, one, look, sessions.way, case), 1) for look in one.looks)
    if not sessions.per_address and not sessions.missing:
        yield unknown(f"{sessions.domain} has no mail exchanger that takes mail")
    judged = {
        Means.MTA_STS: lambda: _sts(policy, names, sessions, case),
        Means.DANE: lambda: _dane(dane, sessions, case),
    }
    if claim.enforced_by:
        yield from _any_of([list(judged[means]()) for means in dict.fromkeys(claim.enforced_by)])
    else:
        yield note("whether senders insist on TLS was not asked; without that, whoever interferes can take it away")


def _offered(where: str, of: mail.AddressSessions, look: Session | Unseen, way: Way, case: Case) -> Finding:
    about = of.address
    if isinstance(look, Unseen):
        return unknown(look.sentence, about=about)
    if why := _doubt(way, look, of.host, case):
        return unknown(f"{where} {why}", about=about)
    if look.offer is Offer.STARTED:
        return holds(f"{where} began {look.version} after STARTTLS", Assurance.OBSERVED, about=about)
    if look.offer is Offer.NOT_LISTED:
        return broken(f"{where} does not offer STARTTLS", Assurance.OBSERVED, about=about)
    text = f"{where} offers STARTTLS, and the handshake failed ({printable(look.detail)})"
    return unknown(f"{text}. To settle it: run again, or ask the vendor", about=about)


def _doubt(way: Way, look: Session | PolicyFile, host: str, case: Case) -> str:
    """That a proxy may have answered in a host's place, and what would settle it; empty where it did not."""
    nobody = Unseen(reason=Reason.UNREADABLE, text="none was finished")
    shown = (Served(chain=look.chain, times=1),) if look.chain else nobody
    why = doubt(way, shown, host, case.anchors.public)
    return f"was looked at {why}. {DIRECTLY}" if why else ""


def _any_of(groups: list[list[Finding]]) -> Iterator[Finding]:
    """The findings of the first means that holds; of all, where each is contradicted; else what leaves it open."""
    for group in groups:
        if group and all(finding.outcome in (Outcome.HOLDS, Outcome.NOTE) for finding in group):
            yield from group
            return
    undecided = [group for group in groups if not any(finding.outcome is Outcome.BROKEN for finding in group)]
    for group in groups:
        for finding in group:
            if undecided and finding.outcome is Outcome.BROKEN:
                yield note(finding.text, about=finding.about)
            elif finding.outcome is not Outcome.HOLDS:
                yield finding


# MTA-STS


class _Senders(NamedTuple):
    """What those who send mail know and trust."""

    hosts: tuple[str, ...]
    roots: Roots
    case: Case
    way: Way


def _sts(
    policy: mail.StsPolicy | Unseen, names: mail.Exchangers, sessions: mail.MailSessions, case: Case
) -> Iterator[Finding]:
    if isinstance(policy, Unseen):
        yield unknown(policy.sentence)
        return
    try:
        senders = _Senders(tuple(one.host for one in names.exchangers), read_roots(case.anchors.tls), case, policy.way)
    except EvidenceRejected as error:
        yield unknown(error.unseen().sentence)
        return
    for _, records in groupby(policy.announced, key=lambda one: one.resolver):
        yield agreed((_announced(policy.domain, one), one.times) for one in records)
    yield from unlooked(policy.host, policy.per_address, policy.missing)
    for one in policy.per_address:
        yield agreed((_enforced(policy.host, one.address, look, senders), 1) for look in one.looks)
    for seen in sessions.per_address:
        yield agreed((_trusted(seen.host, seen.address, look, senders), 1) for look in seen.looks)


def _announced(domain: str, seen: mail.StsRecords) -> Finding:
    where = f"_mta-sts.{domain} (resolver {seen.resolver})"
    if not seen.outcome.definite:
        return unknown(f"{where} was not told: {seen.outcome}. To settle it: run again", about=seen.resolver)
    found = announcements(seen.records)
    if len(found) != 1:
        text = f"{where} announces {len(found) or 'no'} MTA-STS policies, and one is needed"
        return broken(text, Assurance.OBSERVED, about=seen.resolver)
    try:
        identity = policy_id(found[0])
    except ValueError as error:
        text = f"{where} announces a policy that senders ignore: {error}"
        return broken(text, Assurance.OBSERVED, about=seen.resolver)
    return holds(f"{where} announces the MTA-STS policy {identity}", Assurance.OBSERVED, about=seen.resolver)


def _enforced(host: str, address: str, look: PolicyFile | Unseen, senders: _Senders) -> Finding:
    """What one response of the policy host is worth to senders."""
    if isinstance(look, Unseen):
        return unknown(look.sentence, about=address)
    where = f"the policy of {host} at {address}"
    if why := _doubt(senders.way, look, host, senders.case):
        return unknown(f"{where} {why}", about=address)
    if look.text is None:
        text = f"{where} cannot be had: HTTP {look.status}, or no text of at most 64 KiB"
        return broken(text, Assurance.OBSERVED, about=address)
    fault = _distrust(look.chain, host, senders)
    if isinstance(fault, Unseen):
        return unknown(fault.sentence, about=address)
    try:
        policy = read_policy(look.text)
    except ValueError as error:
        return broken(f"{where} is ignored by senders: {printable(error)}", Assurance.OBSERVED, about=address)
    bare = [one for one in senders.hosts if not policy.covers(one)]
    faults = [f"no sender trusts its certificate: {fault}"] if fault else []
    faults += [f"its mode is {policy.mode}"] if policy.mode != "enforce" else []
    faults += [f"it does not cover {', '.join(bare)}"] if bare else []
    if faults:
        return broken(f"{where} protects nothing: {'; '.join(faults)}", Assurance.OBSERVED, about=address)
    return holds(f"{where} enforces TLS for {', '.join(senders.hosts)}", Assurance.OBSERVED, about=address)


def _trusted(host: str, address: str, look: Session | Unseen, senders: _Senders) -> Finding:
    where = f"{host} at {address}"
    if isinstance(look, Unseen) or look.offer is not Offer.STARTED:
        return unknown(f"whether the certificate of {where} is trusted was not seen", about=address)
    if why := _doubt(senders.way, look, host, senders.case):
        return unknown(f"{where} {why}", about=address)
    fault = _distrust(look.chain, host, senders)
    if isinstance(fault, Unseen):
        return unknown(f"{where}: {fault.sentence}", about=address)
    if fault:
        text = f"{where} presents a certificate that senders do not trust: {fault}"
        return broken(text, Assurance.OBSERVED, about=address)
    return holds(f"{where} presents a certificate that is trusted for its name", Assurance.OBSERVED, about=address)


def _distrust(chain: tuple[bytes, ...], host: str, senders: _Senders) -> str | Unseen:
    """Why a chain is not trusted for a host; empty where it is."""
    if not chain:
        return "none was seen that can be read"
    try:
        opinion = judge_chain(chain, host, senders.case.now, senders.roots)
    except EvidenceRejected as error:
        return error.unseen()
    return "" if isinstance(opinion, Valid) else "; ".join(opinion.reasons)


# DANE


class _Proofs(NamedTuple):
    """One resolver's answers, and what they are judged by."""

    dane: mail.DaneAnswers
    sight: Sight
    case: Case
    anchors: Anchors

    def of(self, name: str, rdtype: str) -> Opinion:
        responses, now = self.sight.responses, self.case.now
        return judge_recorded(responses, f"{name}.", rdtype, now, self.dane.looked_at, self.anchors)


def _dane(dane: mail.DaneAnswers | Unseen, sessions: mail.MailSessions, case: Case) -> Iterator[Finding]:
    if isinstance(dane, Unseen):
        yield unknown(dane.sentence)
        return
    try:
        anchors = read_anchors(case.anchors.dnssec)
    except EvidenceRejected as error:
        yield unknown(error.unseen().sentence)
        return
    for gap in dane.missing:
        yield unknown(gap.sentence)
    for _, sights in groupby(dane.sights, key=lambda sight: sight.resolver):
        proofs = [_Proofs(dane, sight, case, anchors) for sight in sights]
        yield agreed((_proven(one, dane.domain, "MX"), one.sight.times) for one in proofs)
        for host in dane.hosts:
            yield agreed((_vouched(one, host, sessions), one.sight.times) for one in proofs)
    if not dane.sights or not dane.hosts:
        yield unknown(f"{dane.domain} has no mail exchanger that was looked at")


def _proven(proofs: _Proofs, name: str, rdtype: str) -> Finding:
    """Whether records are proven by DNSSEC; their absence, too."""
    opinion, resolver = proofs.of(name, rdtype), proofs.sight.resolver
    if isinstance(opinion, Secure):
        text = f"the {rdtype} records of {name} are proven (resolver {resolver})"
        return holds(text, Assurance.PROVEN, about=name, until=opinion.until)
    text = f"the {rdtype} records of {name} are not proven: {opinion.reason} (resolver {resolver})"
    if isinstance(opinion, Insecure | Bogus):
        proven = isinstance(opinion, Insecure) and opinion.proven
        return broken(text, Assurance.PROVEN if proven else Assurance.OBSERVED, about=name)
    return unknown(f"{text}. To settle it: run again, with network.resolvers that pass signatures on", about=name)


def _vouched(proofs: _Proofs, host: str, sessions: mail.MailSessions) -> Finding:
    """Whether the proven TLSA records of an exchanger vouch for what each of its addresses presents."""
    name = f"_{proofs.dane.port}._tcp.{host}"
    for finding in (_proven(proofs, host, "A"), _proven(proofs, host, "AAAA"), _proven(proofs, name, "TLSA")):
        if finding.outcome is not Outcome.HOLDS:
            return finding
    opinion = proofs.of(name, "TLSA")
    records = [read_tlsa(text) for text in opinion.records] if isinstance(opinion, Secure) else []
    usable = [record for record in records if record.usable]
    if not usable:
        what = "none that a mail server may use" if records else "none"
        return broken(f"of TLSA records {name} has {what}", Assurance.PROVEN, about=host)
    return _presented(usable, host, sessions, proofs.case)


def _presented(records: list[Tlsa], host: str, sessions: mail.MailSessions, case: Case) -> Finding:
    """The first address whose certificates no record vouches for, in all looks; else the first that is open."""
    seen = [
        agreed((_vouched_for(records, one, look, sessions.way, case), 1) for look in one.looks)
        for one in sessions.per_address
        if one.host == host
    ]
    worst = (Outcome.BROKEN, Outcome.UNKNOWN, Outcome.HOLDS)
    nobody = unknown(f"{host} has no address that was looked at", about=host)
    return min(seen, key=lambda finding: worst.index(finding.outcome), default=nobody)


def _vouched_for(
    records: list[Tlsa], of: mail.AddressSessions, look: Session | Unseen, way: Way, case: Case
) -> Finding:
    host, where = of.host, f"{of.host} at {of.address}"
    if isinstance(look, Unseen) or look.offer is not Offer.STARTED:
        return unknown(f"the certificate of {where} was not seen. To settle it: run again", about=host)
    try:
        good = [record for record in records if vouches(record, look.chain, host, case.now)]
    except EvidenceRejected as error:
        return unknown(f"{where}: {error.unseen().sentence}", about=host)
    if good:
        text = f"the TLSA record {good[0]} of {host} vouches for the certificate of {where}"
        return holds(text, Assurance.OBSERVED, about=host)
    if why := _doubt(way, look, host, case):
        return unknown(f"{where} {why}", about=host)
    told = ", ".join(map(str, records))
    text = f"{where} presents a certificate that none of its TLSA records vouches for ({told})"
    return broken(text, Assurance.OBSERVED, about=host)
