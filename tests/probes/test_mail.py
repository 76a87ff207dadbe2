"""Who takes a domain's mail, and what their servers say, on loopback."""

import asyncio
import socket
import struct
from pathlib import Path

import pytest

from clauseproof.facts.dns import Outcome
from clauseproof.facts.mail import (
    Exchangers,
    MailDomain,
    Offer,
    PolicyFile,
    Route,
    Session,
)
from clauseproof.model.unseen import Reason, Unseen
from clauseproof.probes import mail as probe
from clauseproof.probes import visit
from clauseproof.probes.mail import exchangers, signed_mail
from tests.support.dns import SILENT, NameServer, serving
from tests.support.signed import Zone, look, signed_server
from tests.support.smtp import DOMAIN, HOST, MX, POLICY, Mail, running, seen, smtp
from tests.support.tls import Talk, garbage, silent
from tests.support.web import response


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "PATIENCE_S", 0.5)
    monkeypatch.setattr(visit, "PATIENCE_S", 0.5)
    monkeypatch.setattr("clauseproof.probes.resolver._PATIENCE_S", (0.2, 0.2))


# Exchangers


def named(records: dict[str, list[str]], *, private: bool = False, **moods: str) -> Exchangers:
    domain = MailDomain(mail_domain=DOMAIN, private_addresses=private)
    with serving(NameServer(records, moods)) as server:
        return asyncio.run(exchangers(domain, look(server)))


def test_every_exchanger_is_found_with_its_addresses() -> None:
    records = {
        "crm.example.": ["60 MX 20 b.crm.example.", "60 MX 10 A.crm.example."],
        "a.crm.example.": ["60 A 1.1.1.1"],
        "b.crm.example.": ["60 A 9.9.9.9", "60 AAAA 2620:fe::fe"],
    }
    facts = named(records)
    assert [one.host for one in facts.exchangers] == ["a.crm.example", "b.crm.example"]
    assert facts.exchangers[1].reachable == ("9.9.9.9", "2620:fe::fe")
    assert set(facts.views[0].routes) == {
        Route(preference=10, host="a.crm.example"),
        Route(preference=20, host="b.crm.example"),
    }
    assert (facts.implicit, facts.gaps) == (False, ())


def test_without_mx_records_the_domain_takes_its_mail_itself() -> None:
    facts = named({"crm.example.": ["60 A 1.1.1.1"]})
    assert facts.implicit
    assert [(one.host, one.reachable) for one in facts.exchangers] == [("crm.example", ("1.1.1.1",))]


def test_a_domain_that_takes_no_mail_has_no_exchanger() -> None:
    facts = named({"crm.example.": ["60 MX 0 .", "60 A 1.1.1.1"]})
    assert (facts.exchangers, facts.implicit, facts.gaps) == ((), False, ())


@pytest.mark.parametrize(
    ("mood", "reason"), [("SERVFAIL", Reason.UNREACHABLE), (SILENT, Reason.DEADLINE), ("REFUSED", Reason.UNREACHABLE)]
)
def test_a_question_nobody_answers_leaves_a_gap(mood: str, reason: Reason) -> None:
    (gap,) = named({}, MX=mood).gaps
    assert gap.reason is reason
    assert "which MX records crm.example has" in gap.text


def test_a_domain_that_does_not_exist_is_said_not_to() -> None:
    facts = named({})
    assert "does not exist" in facts.gaps[0].text
    assert (facts.exchangers, facts.implicit) == ((), False)


def test_views_of_two_resolvers_are_joined() -> None:
    one = {"crm.example.": ["60 MX 10 a.crm.example."], "a.crm.example.": ["60 A 1.1.1.1"]}
    two = {"crm.example.": ["60 MX 10 b.crm.example."], "b.crm.example.": ["60 A 9.9.9.9"]}
    with serving(NameServer(one)) as first, serving(NameServer(two)) as second:
        facts = asyncio.run(exchangers(MailDomain(mail_domain=DOMAIN), look(first, second)))
    assert [exchanger.host for exchanger in facts.exchangers] == ["a.crm.example", "b.crm.example"]
    assert len(facts.views) == 2


def test_exchangers_in_private_networks_are_not_spoken_to() -> None:
    records = {"crm.example.": ["60 MX 10 mx.crm.example."], "mx.crm.example.": ["60 A 10.0.0.1"]}
    (exchanger,) = named(records).exchangers
    assert exchanger.reachable == ()
    assert exchanger.missing[0].reason is Reason.NOT_PERMITTED
    assert named(records, private=True).exchangers[0].reachable == ("10.0.0.1",)


@pytest.mark.parametrize(
    "exchange", ["192.0.2.1.", "a\\032b.example.", "evil\\.com.example.", "xn--\\195\\188.example."]
)
def test_an_exchanger_that_is_no_host_name_is_a_gap(exchange: str) -> None:
    facts = named({"crm.example.": [f"60 MX 10 {exchange}"]})
    assert facts.exchangers == ()
    assert facts.gaps[0].reason is Reason.UNREADABLE


def test_more_exchangers_than_are_looked_at_leave_a_gap() -> None:
    records = {"crm.example.": [f"60 MX 10 mx{n}.crm.example." for n in range(20)]}
    facts = named(records)
    assert len(facts.exchangers) == probe.MOST_EXCHANGERS
    assert "20 mail exchangers, of which 16" in facts.gaps[0].text


# Sessions


def talked(talk: Talk, tmp_path: Path) -> Session | Unseen:
    facts = seen(Mail(servers={"127.0.0.1": talk}), tmp_path).sessions
    (one,) = facts.per_address
    assert (one.host, one.address, len(one.looks)) == (HOST, "127.0.0.1", 2)
    return one.looks[0]


def test_tls_begins_after_starttls_and_its_certificates_are_kept(tmp_path: Path) -> None:
    session = talked(smtp(MX.write(tmp_path)), tmp_path)
    assert isinstance(session, Session)
    assert (session.offer, session.version, session.chain) == (Offer.STARTED, "TLSv1.3", MX.chain)


def test_a_server_that_does_not_list_starttls_is_seen_not_to(tmp_path: Path) -> None:
    session = talked(smtp(None, starttls=False), tmp_path)
    assert isinstance(session, Session)
    assert (session.offer, session.version) == (Offer.NOT_LISTED, None)


def test_a_handshake_that_fails_is_seen_to(tmp_path: Path) -> None:
    def talk(connection: socket.socket) -> None:
        smtp(None)(connection)
        connection.recv(4096)
        garbage(connection)

    session = talked(talk, tmp_path)
    assert isinstance(session, Session)
    assert session.offer is Offer.BROKEN


def reset_at_once(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@pytest.mark.parametrize(
    ("talk", "reason"),
    [
        (smtp(None, "554 go away"), Reason.UNREADABLE),
        (smtp(None, leave="454 TLS not available"), Reason.UNREADABLE),
        (silent, Reason.DEADLINE),
        (reset_at_once, Reason.UNREACHABLE),
        (garbage, Reason.UNREACHABLE),
    ],
    ids=["refused", "not now", "silent", "reset", "garbage"],
)
def test_a_server_that_does_not_let_us_ask_is_unseen(talk: Talk, reason: Reason, tmp_path: Path) -> None:
    session = talked(talk, tmp_path)
    assert isinstance(session, Unseen)
    assert session.reason is reason
    assert "(mx.crm.example)" in session.text


def test_every_address_of_every_exchanger_is_asked(tmp_path: Path) -> None:
    pem = MX.write(tmp_path)
    mail = Mail(servers={"127.0.0.2": smtp(pem), "127.0.0.3": smtp(None, starttls=False)})
    facts = seen(mail, tmp_path).sessions
    assert {
        one.address: look.offer for one in facts.per_address for look in one.looks if isinstance(look, Session)
    } == {
        "127.0.0.2": Offer.STARTED,
        "127.0.0.3": Offer.NOT_LISTED,
    }


# MTA-STS


def policy_of(mail: Mail, tmp_path: Path) -> PolicyFile | Unseen:
    (one,) = seen(mail, tmp_path).policy.per_address
    assert len(one.looks) == 2
    return one.looks[0]


def test_announcement_and_policy_are_kept_as_they_came(tmp_path: Path) -> None:
    mail = Mail(announced=("v=STSv1; id=1;", "something else"))
    facts = seen(mail, tmp_path).policy
    (told,) = facts.announced
    assert (told.outcome, told.records, told.times) == (Outcome.ANSWERED, ("something else", "v=STSv1; id=1;"), 2)
    policy = facts.per_address[0].looks[0]
    assert policy == PolicyFile(status=200, content_type="text/plain", text=POLICY, chain=mail.policy_certificate.chain)


@pytest.mark.parametrize(
    "said",
    [
        response(404),
        response(301, "Location: https://other.example/"),
        response(200, body=b"\xff\xfe"),
        response(200, body=b"a" * (probe.MOST_POLICY_BYTES + 1)),
        b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nversion: STSv1\r\n",
    ],
)
def test_a_policy_that_is_none_has_no_text(said: bytes, tmp_path: Path) -> None:
    policy = policy_of(Mail(policy=said), tmp_path)
    assert isinstance(policy, PolicyFile)
    assert policy.text is None


def test_a_policy_of_the_longest_length_is_kept(tmp_path: Path) -> None:
    policy = policy_of(Mail(policy=response(200, body=b"a" * probe.MOST_POLICY_BYTES)), tmp_path)
    assert isinstance(policy, PolicyFile)
    assert policy.text is not None


def test_a_policy_host_that_does_not_exist_is_missing(tmp_path: Path) -> None:
    facts = seen(Mail(policy=None), tmp_path).policy
    assert facts.per_address == ()
    assert "mta-sts.crm.example does not exist" in facts.missing[0].text


def test_a_policy_host_that_gives_no_response_is_unseen(tmp_path: Path) -> None:
    policy = policy_of(Mail(policy=b"no http"), tmp_path)
    assert isinstance(policy, Unseen)


# DANE, and the domain's own signatures


def test_mx_addresses_and_tlsa_records_are_asked_for_with_their_keys(tmp_path: Path) -> None:
    with running(Mail(), tmp_path) as (domain, server):
        hands = look(server)
        names = asyncio.run(exchangers(domain, hands))
        facts = asyncio.run(probe.dane_answers(domain, names, hands))
    (sight,) = facts.sights
    assert sight.times == facts.looks == 2
    assert {
        ("crm.example.", "MX"),
        ("mx.crm.example.", "A"),
        ("mx.crm.example.", "AAAA"),
        (f"_{domain.smtp_port}._tcp.mx.crm.example.", "TLSA"),
        ("crm.example.", "DNSKEY"),
        ("example.", "DS"),
    } <= set(sight.responses)


def test_a_domain_is_asked_for_its_signed_mx_records() -> None:
    zone = Zone("crm.example.", "@ 60 IN MX 10 mx.crm.example.\n")
    with serving(signed_server(Zone("."), Zone("example."), zone)) as server:
        facts = asyncio.run(signed_mail(MailDomain(mail_domain=DOMAIN), look(server)))
    assert (facts.name, facts.types) == ("crm.example.", ("MX",))
    assert ("crm.example.", "MX") in facts.sights[0].responses


def test_a_host_whose_tlsa_name_is_too_long_is_no_error() -> None:
    host = ".".join(["a" * 60] * 4) + ".example"
    records = {"crm.example.": [f"60 MX 10 {host}."], f"{host}.": ["60 A 1.1.1.1"]}
    domain = MailDomain(mail_domain=DOMAIN)
    with serving(NameServer(records)) as server:
        names = asyncio.run(exchangers(domain, look(server)))
        facts = asyncio.run(probe.dane_answers(domain, names, look(server)))
    assert facts.hosts == (host,)
    assert any(one.outcome is Outcome.MALFORMED for one in facts.sights[0].told)


def test_facts_survive_being_written_and_read(tmp_path: Path) -> None:
    facts = seen(Mail(), tmp_path)
    for one in (facts.names, facts.sessions, facts.policy, facts.dane):
        assert type(one).load(type(one).version, one.model_dump(mode="json", by_alias=True)) == one
