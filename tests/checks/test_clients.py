"""Which clients are let in: satisfied, not satisfied, and undecided for every reason there is."""

import ssl
from pathlib import Path

import pytest

from checks.clients import MutualTls, mutual_tls
from clauseproof.facts.clientauth import AddressAdmission, Admission, Attempt, ClientAuth
from clauseproof.model.assurance import Assurance
from clauseproof.model.finding import Finding, Outcome
from clauseproof.model.unseen import Reason, Unseen
from clauseproof.model.verdict import Ruling, fold
from clauseproof.probes import visit
from tests.support.case import outcomes, texts
from tests.support.clients import CLIENT, SERVER, STRANGER, asking, tried
from tests.support.tls import silent
from tests.support.web import https, response

GAP = Unseen(reason=Reason.DENIED, text="${env:KEY} is not set", remedy="set it")


def attempt(admission: Admission, status: int | None = None, detail: str = "") -> Attempt:
    return Attempt(admission=admission, status=status, detail=detail)


def http(status: int) -> Attempt:
    return attempt(Admission.ANSWERED, status)


ALERT = attempt(Admission.ALERT, detail="sslv3 alert handshake failure")
REQUIRED = attempt(Admission.ALERT, detail="tlsv13 alert certificate required")
CLOSED, UNCLEAR = attempt(Admission.CLOSED), attempt(Admission.UNCLEAR)
OTHER = attempt(Admission.OTHER_ANSWER)


def seen(
    without: tuple[Attempt, ...],
    shown: tuple[Attempt, ...] | None = (http(200), http(200)),
    *,
    missing: tuple[Unseen, ...] = (),
    why_none: Unseen | None = None,
) -> ClientAuth:
    one = AddressAdmission(address="192.0.2.7", without=without, with_certificate=shown)
    return ClientAuth(
        name="api.crm.example",
        port=443,
        page="/",
        certificate=None,
        why_none=why_none,
        per_address=(one,),
        missing=missing,
    )


def judged(facts: ClientAuth) -> list[Finding]:
    return list(mutual_tls(MutualTls(), facts))


def ruling(findings: list[Finding]) -> Ruling:
    return fold(findings, Assurance.STATED)[0]


def twice(one: Attempt) -> tuple[Attempt, Attempt]:
    return (one, one)


@pytest.mark.parametrize("refusal", [ALERT, REQUIRED, CLOSED, http(400), http(401), http(403), http(404), http(496)])
def test_a_refusal_counts_beside_a_client_that_is_served(refusal: Attempt) -> None:
    findings = judged(seen(twice(refusal)))
    assert fold(findings, Assurance.OBSERVED) == (Ruling.SATISFIED, Assurance.OBSERVED)
    assert "shown no client certificate" in texts(findings)


@pytest.mark.parametrize("let_in", [http(200), http(204), http(302), OTHER])
def test_an_answer_to_a_client_without_a_certificate_contradicts(let_in: Attempt) -> None:
    findings = judged(seen(twice(let_in)))
    assert ruling(findings) is Ruling.NOT_SATISFIED
    assert "it must be refused" in texts(findings)


def test_an_answer_in_one_of_two_attempts_is_undecided() -> None:
    assert ruling(judged(seen((http(200), ALERT)))) is Ruling.INCONCLUSIVE


@pytest.mark.parametrize("control", [ALERT, CLOSED, UNCLEAR, http(400), http(403), http(496)])
def test_a_refusal_of_both_clients_proves_nothing(control: Attempt) -> None:
    for refusal in (ALERT, CLOSED, http(403)):
        assert outcomes(judged(seen(twice(refusal), twice(control)))) == [Outcome.UNKNOWN, Outcome.UNKNOWN]


def test_an_error_that_both_clients_get_proves_nothing() -> None:
    findings = judged(seen(twice(http(404)), twice(http(404))))
    assert ruling(findings) is Ruling.INCONCLUSIVE
    assert "may have other reasons" in texts(findings)


def test_an_error_counts_only_where_the_other_client_is_always_served() -> None:
    findings = judged(seen(twice(http(404)), (http(200), http(404))))
    assert outcomes(findings) == [Outcome.UNKNOWN, Outcome.HOLDS]


def test_an_alert_counts_also_where_the_page_is_an_error_to_the_client_with_the_certificate() -> None:
    assert ruling(judged(seen(twice(ALERT), twice(http(404))))) is Ruling.SATISFIED


def test_silence_is_no_refusal() -> None:
    assert ruling(judged(seen(twice(UNCLEAR)))) is Ruling.INCONCLUSIVE


def test_without_a_certificate_to_show_only_half_is_seen() -> None:
    findings = judged(seen(twice(REQUIRED), None))
    assert ruling(findings) is Ruling.INCONCLUSIVE
    assert [finding.outcome.value for finding in findings] == ["holds", "unknown"]
    assert "name one under client of the endpoint" in texts(findings)
    assert ruling(judged(seen(twice(http(200)), None))) is Ruling.NOT_SATISFIED


def test_why_no_certificate_was_shown_is_told() -> None:
    assert "${env:KEY} is not set" in texts(judged(seen(twice(ALERT), None, why_none=GAP)))


def test_what_was_not_seen_is_no_pass() -> None:
    assert ruling(judged(seen(twice(ALERT), missing=(GAP,)))) is Ruling.INCONCLUSIVE
    assert ruling(judged(seen((), ()))) is Ruling.INCONCLUSIVE
    nobody = seen(twice(ALERT)).model_copy(update={"per_address": ()})
    assert ruling(judged(nobody)) is Ruling.INCONCLUSIVE


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_real_server_that_requires_a_certificate_holds(tmp_path: Path, version: ssl.TLSVersion) -> None:
    pem = SERVER.write(tmp_path)
    assert ruling(judged(tried(https(pem, response(200), asking(pem, version=version))))) is Ruling.SATISFIED


def test_a_real_server_that_only_asks_for_one_contradicts(tmp_path: Path) -> None:
    pem = SERVER.write(tmp_path)
    optional = https(pem, response(200), asking(pem, ssl.CERT_OPTIONAL))
    assert ruling(judged(tried(optional))) is Ruling.NOT_SATISFIED


def test_a_real_server_that_does_not_know_the_certificate_leaves_it_open(tmp_path: Path) -> None:
    pem = SERVER.write(tmp_path)
    findings = judged(tried(https(pem, response(200), asking(pem)), STRANGER))
    assert ruling(findings) is Ruling.INCONCLUSIVE
    assert "check that the certificate is one that the vendor accepts" in texts(findings)


def test_a_real_server_that_keeps_silent_leaves_it_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visit, "PATIENCE_S", 0.3)
    assert ruling(judged(tried(silent, CLIENT))) is Ruling.INCONCLUSIVE
