"""Clients with and without a certificate, at real servers that ask for one."""

import asyncio
import ssl
from pathlib import Path

import pytest

from clauseproof.facts.clientauth import AddressAdmission, Admission, ClientAuth
from clauseproof.facts.manner import StartTls
from clauseproof.model.errors import Denied, Unknowable
from clauseproof.model.look import Look
from clauseproof.model.secret import SecretRef
from clauseproof.probes import visit
from clauseproof.probes.clientauth import client_auth
from tests.support.clients import CLIENT, SERVER, STRANGER, V, asking, key_of, look_with, pems, tried
from tests.support.looks import resolved, vendor
from tests.support.tls import garbage, silent, tls
from tests.support.web import https, response


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visit, "PATIENCE_S", 1.0)


def only(facts: ClientAuth) -> AddressAdmission:
    (one,) = facts.per_address
    assert len(one.without) == 2
    return one


@pytest.mark.parametrize(
    ("version", "alert"),
    [(V.TLSv1_2, "sslv3 alert handshake failure"), (V.TLSv1_3, "tlsv13 alert certificate required")],
)
def test_a_client_without_is_refused_by_an_alert_and_one_with_is_answered(
    tmp_path: Path, version: V, alert: str
) -> None:
    pem = SERVER.write(tmp_path)
    one = only(tried(https(pem, response(200), asking(pem, version=version))))
    assert {(a.admission, a.detail) for a in one.without} == {(Admission.ALERT, alert)}
    assert [(a.admission, a.status) for a in one.with_certificate or ()] == [(Admission.ANSWERED, 200)] * 2


def test_a_refusal_in_http_keeps_its_status(tmp_path: Path) -> None:
    pem = SERVER.write(tmp_path)
    one = only(tried(https(pem, response(400), asking(pem, ssl.CERT_OPTIONAL)), None))
    assert [(a.admission, a.status) for a in one.without] == [(Admission.ANSWERED, 400)] * 2
    assert one.with_certificate is None


def test_the_certificate_shown_is_kept_and_its_key_is_not(tmp_path: Path) -> None:
    pem = SERVER.write(tmp_path)
    facts = tried(https(pem, response(200), asking(pem)))
    assert facts.certificate == CLIENT.chain[0]
    assert "PRIVATE" not in facts.model_dump_json()


def test_a_certificate_that_the_server_does_not_know_is_refused(tmp_path: Path) -> None:
    pem = SERVER.write(tmp_path)
    one = only(tried(https(pem, response(200), asking(pem)), STRANGER))
    assert {a.admission for a in one.with_certificate or ()} == {Admission.ALERT}


def test_a_server_that_closes_or_keeps_silent_is_told_apart(tmp_path: Path) -> None:
    pem = SERVER.write(tmp_path)
    closes = tls(pem)  # reads one byte and leaves
    assert {a.admission for a in only(tried(closes, None)).without} == {Admission.CLOSED}
    assert {a.admission for a in only(tried(silent, None)).without} == {Admission.UNCLEAR}


def test_a_server_that_speaks_no_tls_refuses_nobody() -> None:
    one = only(tried(garbage, None))
    assert {a.admission for a in one.without} == {Admission.UNCLEAR}
    assert {a.detail for a in one.without} == {"wrong version number"}


def test_bytes_that_are_no_http_are_an_answer_all_the_same(tmp_path: Path) -> None:
    pem = SERVER.write(tmp_path)
    one = only(tried(https(pem, b"AMQP\x00\x00\x09\x01"), None))
    assert {a.admission for a in one.without} == {Admission.OTHER_ANSWER}


@pytest.mark.parametrize(
    ("certificate", "key"),
    [
        (pems(CLIENT), key_of(STRANGER)),
        (pems(CLIENT), "no key"),
        (b"no certificate", key_of(CLIENT)),
        (b"", ""),
    ],
)
def test_a_certificate_and_key_that_do_not_fit_are_named_and_nothing_is_shown(
    tmp_path: Path, certificate: bytes, key: str
) -> None:
    pem = SERVER.write(tmp_path)
    facts = tried(https(pem, response(200), asking(pem)), look=look_with(certificate, key))
    assert facts.certificate is None
    assert facts.why_none is not None
    assert "client.pem and its key" in facts.why_none.text
    assert only(facts).with_certificate is None


def test_a_key_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    def denied(ref: SecretRef) -> str:
        raise Denied(f"{ref} is not set", "set it")

    pem = SERVER.write(tmp_path)
    look = Look(read_file=lambda name, limit: pems(CLIENT), reveal=denied)
    facts = tried(https(pem, response(200), asking(pem)), look=look)
    assert facts.why_none is not None
    assert facts.why_none.text == "${env:KEY} is not set"


def test_facts_survive_being_written_and_read(tmp_path: Path) -> None:
    pem = SERVER.write(tmp_path)
    facts = tried(https(pem, response(200), asking(pem)))
    assert ClientAuth.load(ClientAuth.version, facts.model_dump(mode="json", by_alias=True)) == facts


@pytest.mark.parametrize("way", [{"proxy": "http://127.0.0.1:9"}, {"starttls": StartTls.SMTP}])
def test_where_something_stands_before_tls_nobody_is_let_in_or_refused(way: dict[str, object]) -> None:
    endpoint = vendor(443, "127.0.0.1").model_copy(update=way)
    with pytest.raises(Unknowable):
        asyncio.run(client_auth(endpoint, resolved(endpoint), Look()))
