"""Mail on its way: satisfied, not satisfied, and undecided for every reason there is."""

from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import ValidationError

from checks.mail import Means, Starttls, starttls
from clauseproof.facts.mail import AddressSessions, MailSessions, Offer, Session
from clauseproof.facts.manner import Way
from clauseproof.model.assurance import Assurance
from clauseproof.model.finding import Finding, Outcome
from clauseproof.model.unseen import Reason, Unseen
from clauseproof.model.verdict import Ruling, fold
from clauseproof.probes import mail as probe
from clauseproof.probes import visit
from tests.support.case import case, outcomes, texts
from tests.support.certificates import DAY, NOW, Holder, authority, leaf
from tests.support.signed import Zone, anchor, drop
from tests.support.smtp import DOMAIN, HOST, MX, POLICY, ROOT, ROOT_ZONE, Mail, Seen, seen, smtp, tlsa
from tests.support.tls import silent
from tests.support.web import response

GAP = Unseen(reason=Reason.DEADLINE, text="not all exchangers are known", remedy="run again")


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "PATIENCE_S", 0.5)
    monkeypatch.setattr(visit, "PATIENCE_S", 0.5)
    monkeypatch.setattr("clauseproof.probes.resolver._PATIENCE_S", (0.2, 0.2))


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    """A domain that keeps every promise."""
    return seen(Mail(), tmp_path_factory.mktemp("good"))


def judged(facts: Seen, *means: Means, roots: tuple[bytes, ...] = (ROOT.pem,), dnssec: bool = True) -> list[Finding]:
    given = case(facts.dane.looked_at, roots, dnssec=[anchor(ROOT_ZONE)] if dnssec else [])
    claim = Starttls(enforced_by=means)
    return list(starttls(claim, facts.names, facts.sessions, facts.policy, facts.dane, given))


def ruling(findings: list[Finding]) -> Ruling:
    return fold(findings, Assurance.STATED)[0]


def ruled(mail: Mail, folder: Path, *means: Means) -> tuple[Ruling, str]:
    findings = judged(seen(mail, folder), *means)
    return ruling(findings), texts(findings)


# STARTTLS itself


def sessions(*looks: Session | Unseen, missing: tuple[Unseen, ...] = ()) -> MailSessions:
    shown = (AddressSessions(host=HOST, address="192.0.2.25", looks=looks),) if looks else ()
    return MailSessions(domain=DOMAIN, port=25, way=Way.DIRECT, per_address=shown, missing=missing)


def session(offer: Offer = Offer.STARTED, holder: Holder = MX) -> Session:
    started = offer is Offer.STARTED
    return Session(
        offer=offer,
        version="TLSv1.3" if started else None,
        suite=None,
        chain=holder.chain if started else (),
        detail="",
    )


def plainly(good: Seen, *looks: Session | Unseen, missing: tuple[Unseen, ...] = ()) -> list[Finding]:
    return judged(replace(good, sessions=sessions(*looks, missing=missing)))


def test_an_exchanger_that_begins_tls_holds(good: Seen) -> None:
    findings = plainly(good, session(), session())
    assert fold(findings, Assurance.OBSERVED) == (Ruling.SATISFIED, Assurance.OBSERVED)
    assert "whoever interferes can take it away" in texts(findings)


def test_an_exchanger_without_starttls_contradicts_where_two_looks_saw_it(good: Seen) -> None:
    bare = session(Offer.NOT_LISTED)
    assert ruling(plainly(good, bare, bare)) is Ruling.NOT_SATISFIED
    assert ruling(plainly(good, bare, session())) is Ruling.INCONCLUSIVE


def test_what_was_not_seen_is_no_pass(good: Seen) -> None:
    broken = session(Offer.BROKEN)
    assert ruling(plainly(good)) is Ruling.INCONCLUSIVE
    assert ruling(plainly(good, GAP, GAP)) is Ruling.INCONCLUSIVE
    assert ruling(plainly(good, broken, broken)) is Ruling.INCONCLUSIVE
    assert ruling(plainly(good, session(), session(), missing=(GAP,))) is Ruling.INCONCLUSIVE


def test_a_real_domain_holds_contradicts_or_stays_open(good: Seen, tmp_path: Path) -> None:
    assert ruling(judged(good)) is Ruling.SATISFIED
    pem = MX.write(tmp_path)
    two = Mail(servers={"127.0.0.2": smtp(pem), "127.0.0.3": smtp(None, starttls=False)})
    findings = judged(seen(two, tmp_path / "two"))
    assert [f.about for f in findings if f.outcome is Outcome.BROKEN] == ["127.0.0.3"]
    assert ruled(Mail(servers={"127.0.0.1": silent}), tmp_path / "mute")[0] is Ruling.INCONCLUSIVE


def test_a_domain_that_takes_no_mail_leaves_it_open(tmp_path: Path) -> None:
    found, said = ruled(Mail(mx=("0 .",)), tmp_path)
    assert found is Ruling.INCONCLUSIVE
    assert "no mail exchanger that takes mail" in said


# MTA-STS


def policy(text: str) -> bytes:
    return response(200, "Content-Type: text/plain", body=text.encode())


def test_a_policy_that_enforces_tls_for_every_exchanger_holds(good: Seen) -> None:
    findings = judged(good, Means.MTA_STS)
    assert fold(findings, Assurance.OBSERVED) == (Ruling.SATISFIED, Assurance.OBSERVED)
    assert outcomes(findings) == [Outcome.HOLDS] * 4


@pytest.mark.parametrize(
    ("mail", "says"),
    [
        (Mail(announced=()), "announces no MTA-STS policies"),
        (Mail(announced=("v=STSv1; id=1;", "v=STSv1; id=2;")), "announces 2 MTA-STS policies"),
        (Mail(announced=("v=STSv1; id=a-b;",)), "announces a policy that senders ignore: it has no id"),
        (Mail(policy=response(404)), "cannot be had: HTTP 404"),
        (Mail(policy=response(302, "Location: https://other.example/")), "cannot be had: HTTP 302"),
        (Mail(policy=policy("<html>")), "is ignored by senders"),
        (Mail(policy=policy(POLICY.replace("enforce", "testing"))), "its mode is testing"),
        (Mail(policy=policy(POLICY.replace(HOST, "other.example"))), f"it does not cover {HOST}"),
        (Mail(policy_certificate=leaf(ROOT, "other.example")), "no sender trusts its certificate: it is for"),
        (Mail(policy_certificate=leaf(authority("Elsewhere"), f"mta-sts.{DOMAIN}")), "no path leads from it"),
        (Mail(certificate=leaf(ROOT, "other.example")), "presents a certificate that senders do not trust"),
        (Mail(certificate=leaf(ROOT, HOST, since=NOW - 9 * DAY, until=NOW - DAY)), "it expired on"),
    ],
)
def test_whatever_keeps_senders_from_insisting_contradicts(mail: Mail, says: str, tmp_path: Path) -> None:
    mail.zone = Zone(f"{DOMAIN}.")
    found, said = ruled(mail, tmp_path, Means.MTA_STS)
    assert found is Ruling.NOT_SATISFIED
    assert says in said


def test_a_policy_that_covers_by_a_wildcard_holds(tmp_path: Path) -> None:
    mail = Mail(policy=policy(POLICY.replace(HOST, f"*.{DOMAIN}")), zone=Zone(f"{DOMAIN}."))
    assert ruled(mail, tmp_path, Means.MTA_STS)[0] is Ruling.SATISFIED


def test_a_policy_that_was_not_seen_leaves_it_open(good: Seen, tmp_path: Path) -> None:
    mail = Mail(policy=b"no http", zone=Zone(f"{DOMAIN}."))
    assert ruled(mail, tmp_path, Means.MTA_STS)[0] is Ruling.INCONCLUSIVE
    claim, now = Starttls(enforced_by=(Means.MTA_STS,)), good.dane.looked_at
    unseen = list(starttls(claim, good.names, good.sessions, GAP, good.dane, case(now, [ROOT.pem])))
    assert ruling(unseen) is Ruling.INCONCLUSIVE
    assert ruling(judged(good, Means.MTA_STS, roots=())) is Ruling.INCONCLUSIVE


def test_an_announcement_that_was_not_told_leaves_it_open(good: Seen) -> None:
    from clauseproof.facts.dns import Outcome as Told

    late = [one.model_copy(update={"outcome": Told.TIMED_OUT, "records": ()}) for one in good.policy.announced]
    facts = replace(good, policy=good.policy.model_copy(update={"announced": tuple(late)}))
    assert ruling(judged(facts, Means.MTA_STS)) is Ruling.INCONCLUSIVE


# DANE


def test_records_that_vouch_for_the_certificate_and_are_proven_hold(good: Seen) -> None:
    findings = judged(good, Means.DANE)
    assert fold(findings, Assurance.OBSERVED) == (Ruling.SATISFIED, Assurance.OBSERVED)
    assert "of mx.crm.example vouches for the certificate of mx.crm.example at 127.0.0.1" in texts(findings)


WITH_ROOT = Holder(MX.certificate, MX.key, (ROOT.certificate,))


@pytest.mark.parametrize(
    "mail",
    [
        Mail(tlsa=("0 0 1 00", tlsa(MX, 3, 0, 2))),
        Mail(tlsa=(tlsa(leaf(ROOT, HOST)), tlsa(MX))),
        Mail(certificate=WITH_ROOT, tlsa=(tlsa(WITH_ROOT, 2, of=1),)),
        Mail(certificate=leaf(None, HOST)),
    ],
    ids=["a usable one beside another", "the next one beside it", "a trust anchor", "self-signed"],
)
def test_any_record_that_vouches_is_enough(mail: Mail, tmp_path: Path) -> None:
    mail.zone = Zone(f"{DOMAIN}.")
    assert ruled(mail, tmp_path, Means.DANE)[0] is Ruling.SATISFIED


@pytest.mark.parametrize(
    ("mail", "says"),
    [
        (Mail(tlsa=()), "has none"),
        (Mail(tlsa=("1 1 1 00",)), "none that a mail server may use"),
        (Mail(tlsa=(tlsa(leaf(ROOT, HOST)),)), "that none of its TLSA records vouches for"),
        (Mail(certificate=WITH_ROOT, tlsa=(tlsa(authority("Elsewhere"), 2),)), "that none of its TLSA records"),
    ],
)
def test_records_that_vouch_for_nothing_contradict(mail: Mail, says: str, tmp_path: Path) -> None:
    mail.zone = Zone(f"{DOMAIN}.")
    found, said = ruled(mail, tmp_path, Means.DANE)
    assert found is Ruling.NOT_SATISFIED
    assert says in said


@pytest.mark.parametrize(
    ("zone", "says"),
    [
        (Zone(f"{DOMAIN}.", ds=False), "example delegates crm.example without a DS record"),
        (Zone(f"{DOMAIN}.", signed=False), "example delegates crm.example without a DS record"),
        (Zone(f"{DOMAIN}.", begins=NOW - 9 * DAY, ends=NOW - DAY), "expired on"),
    ],
)
def test_records_that_are_not_proven_contradict(zone: Zone, says: str, tmp_path: Path) -> None:
    found, said = ruled(Mail(zone=zone), tmp_path, Means.DANE)
    assert found is Ruling.NOT_SATISFIED
    assert "the MX records of crm.example are not proven" in said
    assert says in said


def test_addresses_that_are_not_proven_contradict(tmp_path: Path) -> None:
    mail = Mail(zone=Zone(f"{DOMAIN}.", bend=drop(f"{HOST}.", "RRSIG", "A")))
    found, said = ruled(mail, tmp_path, Means.DANE)
    assert found is Ruling.NOT_SATISFIED
    assert f"the A records of {HOST} are not proven" in said


def test_the_worst_address_of_an_exchanger_decides(good: Seen) -> None:
    other = AddressSessions(host=HOST, address="192.0.2.26", looks=(session(holder=leaf(ROOT, HOST)),) * 2)
    both = sessions(session(), session())
    facts = replace(good, sessions=both.model_copy(update={"per_address": (*both.per_address, other)}))
    findings = judged(facts, Means.DANE)
    assert ruling(findings) is Ruling.NOT_SATISFIED
    assert "at 192.0.2.26 presents a certificate that none" in texts(findings)


def test_what_dane_needs_and_was_not_seen_leaves_it_open(good: Seen) -> None:
    nobody = good.dane.model_copy(update={"sights": ()})
    assert ruling(judged(replace(good, dane=nobody), Means.DANE)) is Ruling.INCONCLUSIVE
    assert ruling(judged(good, Means.DANE, dnssec=False)) is Ruling.INCONCLUSIVE
    silent_one = sessions(GAP, GAP)
    assert ruling(judged(replace(good, sessions=silent_one), Means.DANE)) is Ruling.INCONCLUSIVE
    gap = good.dane.model_copy(update={"missing": (GAP,)})
    assert ruling(judged(replace(good, dane=gap), Means.DANE)) is Ruling.INCONCLUSIVE


def test_another_certificate_in_one_of_two_looks_is_undecided(good: Seen) -> None:
    wavering = sessions(session(), session(holder=leaf(ROOT, HOST)))
    for means in (Means.DANE,):
        assert ruling(judged(replace(good, sessions=wavering), means)) is Ruling.INCONCLUSIVE


# Either


def test_where_either_will_do_one_that_holds_is_enough(tmp_path: Path) -> None:
    mail = Mail(tlsa=(), zone=Zone(f"{DOMAIN}."))
    facts = seen(mail, tmp_path)
    assert ruling(judged(facts, Means.DANE)) is Ruling.NOT_SATISFIED
    findings = judged(facts, Means.DANE, Means.MTA_STS)
    assert ruling(findings) is Ruling.SATISFIED
    assert "TLSA" not in texts(findings)


def test_where_either_will_do_both_must_be_contradicted(good: Seen, tmp_path: Path) -> None:
    neither = Mail(tlsa=(), announced=(), zone=Zone(f"{DOMAIN}."))
    facts = seen(neither, tmp_path)
    assert ruling(judged(facts, Means.DANE, Means.MTA_STS)) is Ruling.NOT_SATISFIED
    half = replace(facts, dane=good.dane.model_copy(update={"sights": ()}))
    findings = judged(half, Means.DANE, Means.MTA_STS)
    assert ruling(findings) is Ruling.INCONCLUSIVE
    assert "announces no MTA-STS policies" in texts(findings)


def test_the_means_are_read_alone_or_as_a_list() -> None:
    assert Starttls.model_validate({"enforced_by": "dane"}).enforced_by == (Means.DANE,)
    assert Starttls.model_validate({"enforced_by": ["mta-sts", "dane"]}).enforced_by == (Means.MTA_STS, Means.DANE)
    with pytest.raises(ValidationError, match="dane"):
        Starttls.model_validate({"enforced_by": "pgp"})
