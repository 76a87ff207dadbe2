"""Mail servers and policy hosts behind a proxy: kept, broken, and open where the proxy may have answered."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from checks.mail import Means, Starttls, starttls
from clauseproof.facts.mail import AddressSessions, MailDomain, MailSessions, Offer, Session
from clauseproof.facts.manner import Way
from clauseproof.facts.proxy import parse_proxy
from clauseproof.model.assurance import Assurance
from clauseproof.model.look import Look
from clauseproof.model.unseen import Reason, Unseen
from clauseproof.model.verdict import Ruling, fold
from clauseproof.probes import mail as probe
from clauseproof.probes import visit
from clauseproof.probes.mail import exchangers, sts_policy
from clauseproof.probes.mail import sessions as look_at_sessions
from tests.support.case import case, texts
from tests.support.certificates import DAY, NOW, Holder, authority, leaf
from tests.support.proxies import HOSTILE, PROXIES, Led
from tests.support.signed import anchor, look
from tests.support.smtp import DOMAIN, HOST, POLICY_HOST, ROOT, ROOT_ZONE, Mail, Seen, look_at, running, smtp
from tests.support.tls import Talk, listening, silent
from tests.support.web import response

PRIVATE = authority("Private Root")
ROOTS = (PRIVATE.pem, ROOT.pem)
"""The profile's own, which may be that of a proxy, and the public one."""
ANY: tuple[tuple[Means, ...], ...] = ((), (Means.MTA_STS,), (Means.DANE,))
BOTH_SCHEMES = pytest.mark.parametrize("scheme", list(PROXIES))


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "PATIENCE_S", 2.0)
    monkeypatch.setattr(visit, "PATIENCE_S", 2.0)


def proxied(subject: MailDomain, proxy: str) -> MailDomain:
    return MailDomain.model_validate(subject.model_dump() | {"proxy": proxy})


def seen(mail: Mail, folder: Path, scheme: str = "http") -> tuple[Seen, Led, Look]:
    """The looks through a proxy that leads to the domain's servers, by address, and nowhere else."""
    with running(mail, folder) as (subject, server):
        here = {f"127.0.0.1:{port}": ("127.0.0.1", port) for port in (subject.smtp_port, subject.policy_port)}
        led, hands = Led(here), look(server)
        with listening(PROXIES[scheme](led)) as port:
            return asyncio.run(look_at(proxied(subject, f"{scheme}://127.0.0.1:{port}"), hands)), led, hands


def ruled(facts: Seen, *means: Means) -> tuple[Ruling, str]:
    given = case(facts.dane.looked_at, ROOTS, dnssec=[anchor(ROOT_ZONE)])
    claim = Starttls(enforced_by=means)
    findings = list(starttls(claim, facts.names, facts.sessions, facts.policy, facts.dane, given))
    return fold(findings, Assurance.STATED)[0], texts(findings)


# which way


@BOTH_SCHEMES
def test_connections_go_through_the_proxy_and_names_are_asked_for_directly(tmp_path: Path, scheme: str) -> None:
    facts, led, hands = seen(Mail(), tmp_path, scheme)
    assert (facts.sessions.way, facts.policy.way) == (Way.PROXY, Way.PROXY)
    assert set(led.asked) == set(led.to)
    assert facts.policy.announced[0].resolver == hands.network.resolvers[0]
    assert parse_proxy(hands.way).scheme == scheme


def test_looks_that_ask_resolvers_only_went_directly(tmp_path: Path) -> None:
    with running(Mail(), tmp_path) as (subject, server):
        hands = look(server)
        facts = asyncio.run(exchangers(proxied(subject, "http://127.0.0.1:9"), hands))
    assert (facts.exchangers[0].reachable, hands.way) == (("127.0.0.1",), "")


# three verdicts


@BOTH_SCHEMES
def test_a_promise_that_is_kept_is_seen_to_be(tmp_path: Path, scheme: str) -> None:
    facts = seen(Mail(), tmp_path, scheme)[0]
    for means in ANY:
        ruling, text = ruled(facts, *means)
        assert ruling is Ruling.SATISFIED, text


def test_a_policy_that_only_tests_contradicts_where_nobody_can_have_answered_in_its_place(tmp_path: Path) -> None:
    policy = response(200, body=f"version: STSv1\nmode: testing\nmx: {HOST}\nmax_age: 604800\n".encode())
    ruling, text = ruled(seen(Mail(policy=policy), tmp_path)[0], Means.MTA_STS)
    assert (ruling, "its mode is testing" in text) == (Ruling.NOT_SATISFIED, True)


def test_an_expired_certificate_of_a_public_authority_is_the_mail_servers_own(tmp_path: Path) -> None:
    old = leaf(ROOT, HOST, since=NOW - 9 * DAY, until=NOW - DAY)
    assert ruled(seen(Mail(certificate=old), tmp_path)[0], Means.MTA_STS)[0] is Ruling.NOT_SATISFIED


@pytest.mark.parametrize("holder", [leaf(PRIVATE, HOST), leaf(None, HOST), leaf(ROOT, "other.example")])
def test_a_certificate_that_no_public_authority_vouches_for_may_be_the_proxys(tmp_path: Path, holder: Holder) -> None:
    facts = seen(Mail(certificate=holder), tmp_path)[0]
    for means in ANY:
        ruling, text = ruled(facts, *means)
        assert ruling is Ruling.INCONCLUSIVE, text
        assert "the proxy itself may have answered" in text


def test_a_policy_host_that_may_be_the_proxy_proves_and_contradicts_nothing(tmp_path: Path) -> None:
    for policy in (Mail().policy, response(404)):
        mail = Mail(policy=policy, policy_certificate=leaf(PRIVATE, POLICY_HOST))
        ruling, text = ruled(seen(mail, tmp_path / str(len(policy or b"")))[0], Means.MTA_STS)
        assert ruling is Ruling.INCONCLUSIVE, text


def test_a_server_without_starttls_may_be_a_proxy_that_took_it_out(tmp_path: Path) -> None:
    mail = Mail(servers={"127.0.0.1": smtp(None, starttls=False)})
    ruling, text = ruled(seen(mail, tmp_path)[0])
    assert ruling is Ruling.INCONCLUSIVE
    assert "no handshake shows who answered" in text


def test_the_same_server_looked_at_directly_contradicts(tmp_path: Path) -> None:
    facts = seen(Mail(servers={"127.0.0.1": smtp(None, starttls=False)}), tmp_path)[0]
    direct = facts.sessions.model_copy(update={"way": Way.DIRECT})
    assert ruled(replace(facts, sessions=direct))[0] is Ruling.NOT_SATISFIED


# proxies that lead nowhere


@pytest.mark.parametrize("talk", [*HOSTILE.values(), silent], ids=[*HOSTILE, "silent"])
def test_a_hostile_proxy_leaves_the_question_open(tmp_path: Path, talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "PATIENCE_S", 0.3)
    monkeypatch.setattr(visit, "PATIENCE_S", 0.3)
    with running(Mail(), tmp_path) as (subject, server), listening(talk) as port:
        facts = asyncio.run(look_at(proxied(subject, f"http://127.0.0.1:{port}"), look(server)))
    looks = [*facts.sessions.per_address[0].looks, *facts.policy.per_address[0].looks]
    assert all(isinstance(one, Unseen) for one in looks)
    assert ruled(facts, Means.MTA_STS)[0] is Ruling.INCONCLUSIVE


def test_a_proxy_that_forbids_it_is_named_with_its_answer_and_never_its_words(tmp_path: Path) -> None:
    with running(Mail(), tmp_path) as (subject, server), listening(HOSTILE["page"]) as port:
        facts = asyncio.run(look_at(proxied(subject, f"http://127.0.0.1:{port}"), look(server)))
    (first, _) = facts.sessions.per_address[0].looks
    assert isinstance(first, Unseen)
    assert first.reason is Reason.DENIED
    assert first.text == (
        f"127.0.0.1 port {facts.sessions.port} through http://127.0.0.1:{port} was not reached: "
        "the proxy answered with status 403 (Forbidden)"
    )


def test_a_proxy_without_an_address_is_one_gap(tmp_path: Path) -> None:
    with running(Mail(), tmp_path) as (subject, server):
        there = proxied(subject, "http://no-such-proxy.invalid:3128")
        names = asyncio.run(exchangers(there, look(server)))
        for story in (look_at_sessions(there, names, look(server)), sts_policy(there, look(server))):
            with pytest.raises(Exception, match=r"the proxy http://no-such-proxy\.invalid:3128 has no address"):
                asyncio.run(story)


# recorded before there were proxies


def test_facts_of_before_went_directly() -> None:
    session = Session(offer=Offer.NOT_LISTED, version=None, suite=None, chain=(), detail="")
    facts = MailSessions(
        domain=DOMAIN,
        port=25,
        way=Way.DIRECT,
        per_address=(AddressSessions(host=HOST, address="192.0.2.25", looks=(session, session)),),
        missing=(),
    )
    old = facts.model_dump(mode="json")
    del old["way"]
    assert MailSessions.load(1, old) == facts
    with pytest.raises(ValueError, match="version 3 cannot be read"):
        MailSessions.load(3, old)
