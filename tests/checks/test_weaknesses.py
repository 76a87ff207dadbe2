"""Named weaknesses: satisfied, not satisfied, and undecided for every reason there is."""

import socket
import ssl
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from pydantic import ValidationError

from checks.weaknesses import EarlyDataOff, TlsVulnerabilities, early_data_off, tls_vulnerabilities
from clauseproof.facts.endpoint import Endpoint
from clauseproof.facts.hello import Offers
from clauseproof.facts.tls import TlsVersion
from clauseproof.facts.weaknesses import AddressWeaknesses, Result, Trial, Tried, Try, Weakness, Weaknesses
from clauseproof.model.assurance import Assurance
from clauseproof.model.finding import Finding, Outcome
from clauseproof.model.look import Look
from clauseproof.model.unseen import Reason, Unseen
from clauseproof.model.verdict import Ruling, fold
from clauseproof.probes.weaknesses import weaknesses
from tests.support.case import outcomes, texts
from tests.support.certificates import authority, leaf
from tests.support.looks import resolved, vendor
from tests.support.nginx import nginx
from tests.support.offers import offered
from tests.support.tls import listening, silent, tls
from tests.support.weak import Weak, weak

NAME = "api.crm.example"
SATISFIED, BROKEN, OPEN = Ruling.SATISFIED, Ruling.NOT_SATISFIED, Ruling.INCONCLUSIVE
PRESENT, ABSENT, UNCLEAR = Result.PRESENT, Result.ABSENT, Result.UNCLEAR
GAP = Unseen(reason=Reason.DEADLINE, text="which AAAA records exist is not fully known", remedy="run again")
NO_OFFERS = Unseen(reason=Reason.FAILED, text="our hellos failed", remedy="")
RSA = leaf(authority(), NAME, key=rsa.generate_private_key(65537, 2048))

Tries = dict[Weakness, tuple[Result, ...]]

CLEAN: Tries = dict.fromkeys(Weakness, (ABSENT,))


def tried(tries: Tries, *, older: TlsVersion | None = TlsVersion.TLS1_2, answered: bool = True) -> Tried:
    trials = tuple(
        Trial(
            weakness=weakness,
            version=TlsVersion.TLS1_3 if weakness is Weakness.EARLY_DATA else TlsVersion.TLS1_2,
            tries=tuple(Try(result=result, named=True, said=f"what it did ({result})") for result in results),
        )
        for weakness, results in tries.items()
    )
    return Tried(newest=TlsVersion.TLS1_3, older=older, trials=trials, answered=answered)


def facts(*seen: Tried | Unseen, missing: tuple[Unseen, ...] = ()) -> Weaknesses:
    per_address = tuple(AddressWeaknesses(address=f"192.0.2.{n}", tried=one) for n, one in enumerate(seen, start=7))
    return Weaknesses(host=NAME, port=443, server_name=NAME, engine="test", per_address=per_address, missing=missing)


def ruling(findings: list[Finding]) -> Ruling:
    return fold(findings, Assurance.OBSERVED)[0]


def free(seen: Weaknesses, offers: Offers | Unseen = NO_OFFERS, **claim: Any) -> list[Finding]:
    return list(tls_vulnerabilities(TlsVulnerabilities.model_validate(claim), seen, offers))


def early(seen: Weaknesses, offers: Offers | Unseen = NO_OFFERS) -> list[Finding]:
    return list(early_data_off(EarlyDataOff(), seen, offers))


# tls-vulnerabilities


def test_a_server_that_showed_none_has_none() -> None:
    (finding,) = free(facts(tried(CLEAN)))
    assert (finding.outcome, finding.assurance, finding.about) == (Outcome.HOLDS, Assurance.OBSERVED, "192.0.2.7")
    assert finding.text.startswith("api.crm.example (192.0.2.7) showed none of Heartbleed, CCS injection, ROBOT, ins")


@pytest.mark.parametrize(
    "weakness",
    [
        Weakness.HEARTBLEED,
        Weakness.CCS_INJECTION,
        Weakness.ROBOT,
        Weakness.INSECURE_RENEGOTIATION,
        Weakness.COMPRESSION,
    ],
)
def test_any_one_of_them_in_two_tries_is_a_contradiction(weakness: Weakness) -> None:
    findings = free(facts(tried({**CLEAN, weakness: (PRESENT, PRESENT)})))
    assert outcomes(findings) == [Outcome.BROKEN, Outcome.HOLDS]
    assert findings[0].text.startswith(f"api.crm.example (192.0.2.7) has {weakness}: what it did (present). Seen in 2")


@pytest.mark.parametrize("tries", [(PRESENT,), (PRESENT, ABSENT), (UNCLEAR, UNCLEAR), ()])
def test_one_that_was_not_clearly_absent_leaves_it_open(tries: tuple[Result, ...]) -> None:
    assert ruling(free(facts(tried({**CLEAN, Weakness.ROBOT: tries})))) is OPEN


def test_one_that_was_not_tried_leaves_it_open() -> None:
    findings = free(facts(tried({w: r for w, r in CLEAN.items() if w is not Weakness.ROBOT})))
    assert ruling(findings) is OPEN
    assert "was not tried for ROBOT" in texts(findings)


def test_an_address_that_stopped_answering_proved_nothing_by_its_silence() -> None:
    findings = free(facts(tried(CLEAN, answered=False)))
    assert ruling(findings) is OPEN
    assert "no longer answered" in texts(findings)
    assert ruling(free(facts(tried({**CLEAN, Weakness.ROBOT: (PRESENT, PRESENT)}, answered=False)))) is BROKEN


def test_what_the_claim_does_not_ask_about_is_mentioned() -> None:
    found = {**CLEAN, Weakness.CLIENT_RENEGOTIATION: (PRESENT, PRESENT), Weakness.FALLBACK_SCSV: (PRESENT, PRESENT)}
    findings = free(facts(tried(found)))
    assert ruling(findings) is SATISFIED
    notes = [finding.text for finding in findings if finding.outcome is Outcome.NOTE]
    assert len(notes) == 2
    assert "missing downgrade protection" in notes[1]


def test_a_contract_may_name_what_it_excludes() -> None:
    found = {**CLEAN, Weakness.CLIENT_RENEGOTIATION: (PRESENT, PRESENT), Weakness.COMPRESSION: (PRESENT, PRESENT)}
    assert ruling(free(facts(tried(found)), free_of="Heartbleed")) is SATISFIED
    assert ruling(free(facts(tried(found)), free_of=["renegotiation by clients"])) is BROKEN
    for wrong in (["heart bleed"], [], ["missing downgrade protection"], ["early data"]):
        with pytest.raises(ValidationError):
            TlsVulnerabilities.model_validate({"free_of": wrong})


def test_the_worst_address_decides_and_an_unseen_one_leaves_it_open() -> None:
    bad = tried({**CLEAN, Weakness.HEARTBLEED: (PRESENT, PRESENT)})
    assert [f.about for f in free(facts(tried(CLEAN), bad)) if f.outcome is Outcome.BROKEN] == ["192.0.2.8"]
    assert ruling(free(facts(tried(CLEAN), GAP))) is OPEN
    assert ruling(free(facts(tried(CLEAN), missing=(GAP,)))) is OPEN
    assert outcomes(free(facts())) == [Outcome.UNKNOWN]


# early-data-off


@pytest.mark.parametrize(
    ("tries", "expected"),
    [
        ((ABSENT,), SATISFIED),
        ((PRESENT, PRESENT), BROKEN),
        ((PRESENT,), OPEN),
        ((UNCLEAR, UNCLEAR), OPEN),
        ((UNCLEAR, ABSENT), SATISFIED),
    ],
)
def test_early_data_is_judged_by_its_tries(tries: tuple[Result, ...], expected: Ruling) -> None:
    assert ruling(early(facts(tried({Weakness.EARLY_DATA: tries})))) is expected


def test_early_data_that_was_not_tried_leaves_it_open() -> None:
    assert ruling(early(facts(tried({})))) is OPEN
    assert ruling(early(facts(GAP))) is OPEN
    assert ruling(early(facts())) is OPEN


# Real servers, and our own hellos beside.


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clauseproof.probes.tls._PATIENCE_S", 1)


@pytest.fixture
def pem(tmp_path: Path) -> Path:
    return RSA.write(tmp_path)


def looked(endpoint: Endpoint) -> tuple[Weaknesses, Offers]:
    return weaknesses(endpoint, resolved(endpoint), Look()), offered(endpoint)


@pytest.mark.parametrize(
    ("has", "expected"), [(Weak(), SATISFIED), (Weak(leaks=True), BROKEN), (Weak(compresses=True), BROKEN)]
)
def test_a_real_server_is_judged_by_what_it_does(has: Weak, expected: Ruling) -> None:
    with listening(weak(RSA, has)) as port:
        seen, offers = looked(vendor(port, "127.0.0.1"))
    assert ruling(free(seen, offers)) is expected
    assert ruling(early(seen, offers)) is SATISFIED  # it refuses TLS 1.3


def test_a_server_that_refuses_everything_before_tls_1_3_has_none(pem: Path) -> None:
    with listening(tls(pem, ssl.TLSVersion.TLSv1_3)) as port:
        seen, offers = looked(vendor(port, "127.0.0.1"))
    (finding,) = free(seen, offers)
    assert finding.outcome is Outcome.HOLDS
    assert "speaks no version older than TLS 1.3" in finding.text
    assert ruling(free(seen, NO_OFFERS)) is OPEN


def test_a_server_that_is_silent_before_tls_1_3_may_have_any(pem: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clauseproof.probes.tls._PATIENCE_S", 0.3)
    monkeypatch.setattr("clauseproof.probes.hello.ask.PATIENCE_S", 0.5)
    modern = tls(pem, ssl.TLSVersion.TLSv1_3)

    def talk(connection: socket.socket) -> None:
        start = connection.recv(4096, socket.MSG_PEEK)
        (modern if b"\x00\x2b\x00\x03\x02\x03\x04" in start else silent)(connection)

    with listening(talk) as port:
        seen, offers = looked(vendor(port, "127.0.0.1"))
    findings = free(seen, offers)
    assert ruling(findings) is OPEN
    assert "could not be tried" in texts(findings)


@pytest.mark.conformance
def test_nginx_with_early_data_on_one_address_of_two(tmp_path: Path, pem: Path) -> None:
    settings = {
        "127.0.0.41": "ssl_protocols TLSv1.2 TLSv1.3;",
        "127.0.0.42": "ssl_protocols TLSv1.3; ssl_early_data on;",
    }
    with nginx(tmp_path, pem, settings) as port:
        seen, offers = looked(vendor(port, *settings))
    findings = early(seen, offers)
    assert [f.about for f in findings if f.outcome is Outcome.BROKEN] == ["127.0.0.42"], texts(findings)
    assert ruling(free(seen, offers)) is SATISFIED, texts(free(seen, offers))
