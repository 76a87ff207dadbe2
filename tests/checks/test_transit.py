"""Encryption in transit: satisfied, not satisfied, and undecided for every reason there is."""

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import ValidationError

from checks.transit import Certificate, TlsFloor, certificate, tls_floor
from clauseproof.facts.tls import (
    AddressChain,
    AddressScan,
    Answer,
    Attempt,
    Chain,
    Scan,
    Served,
    TlsVersion,
    VersionLooks,
)
from clauseproof.model.assurance import Assurance
from clauseproof.model.finding import Finding, Outcome
from clauseproof.model.unseen import Reason, Unseen
from clauseproof.model.verdict import Ruling, fold
from tests.support.case import case, outcomes, texts
from tests.support.certificates import DAY, NOW, Holder, authority, leaf
from tests.support.looks import presented, scanned, vendor
from tests.support.tls import listening, mute_tls, silent, tls

V = ssl.TLSVersion
NAME = "api.crm.example"
ROOT = authority()
GOOD = leaf(authority("Test Intermediate", ROOT), NAME, until=NOW + 90 * DAY)
GAP = Unseen(
    reason=Reason.DEADLINE, text="which AAAA records api.crm.example has is not fully known", remedy="run again"
)
YES, NO, CLOSED, SILENT, UNCLEAR = Answer.ACCEPTED, Answer.REFUSED, Answer.CLOSED, Answer.SILENT, Answer.UNCLEAR

pytestmark = pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1:DeprecationWarning")


def address(*answers: Answer | tuple[Answer, ...], at: str = "192.0.2.7") -> AddressScan:
    """An address by its answers from SSL 2.0 to TLS 1.3; a tuple stands for several looks."""
    return AddressScan(
        address=at,
        versions=tuple(
            VersionLooks(version=version, looks=tuple(map(attempt, answer if isinstance(answer, tuple) else (answer,))))
            for version, answer in zip(TlsVersion, answers, strict=False)
        ),
    )


def attempt(answer: Answer) -> Attempt:
    return Attempt(answer=answer, suites=("TLS_X",) if answer is YES else (), replies=(), engine="test")


def scan(*per_address: AddressScan, missing: tuple[Unseen, ...] = ()) -> Scan:
    return Scan(host=NAME, port=443, server_name=NAME, per_address=per_address, missing=missing)


def ruling(findings: Iterator[Finding] | list[Finding]) -> Ruling:
    return fold(findings, Assurance.STATED)[0]


def floor(facts: Scan, at_least: TlsVersion = TlsVersion.TLS1_3) -> list[Finding]:
    return list(tls_floor(TlsFloor(at_least=at_least), facts))


# tls-floor


def test_a_floor_is_kept_where_the_newest_is_spoken_and_everything_older_refused() -> None:
    findings = floor(scan(address(NO, NO, NO, NO, NO, YES)))
    assert outcomes(findings) == [Outcome.HOLDS]
    assert findings[0].assurance is Assurance.OBSERVED
    assert findings[0].about == "192.0.2.7"


@pytest.mark.parametrize("position", range(5))
def test_any_older_version_seen_twice_breaks_it(position: int) -> None:
    answers: list[Answer | tuple[Answer, ...]] = [NO, NO, NO, NO, NO, YES]
    answers[position] = (YES, YES)
    findings = floor(scan(address(*answers)))
    assert ruling(findings) is Ruling.NOT_SATISFIED
    assert list(TlsVersion)[position] in texts(findings)


def test_an_older_version_seen_once_is_undecided() -> None:
    assert ruling(floor(scan(address(NO, NO, NO, NO, YES, YES)))) is Ruling.INCONCLUSIVE


def test_two_looks_that_differ_are_undecided() -> None:
    findings = floor(scan(address(NO, NO, NO, NO, (YES, NO), YES)))
    assert ruling(findings) is Ruling.INCONCLUSIVE
    assert "accepted, then refused" in texts(findings)


@pytest.mark.parametrize("answer", [SILENT, UNCLEAR])
def test_an_older_version_that_was_not_refused_in_so_many_words_is_undecided(answer: Answer) -> None:
    assert ruling(floor(scan(address(NO, NO, NO, answer, NO, YES)))) is Ruling.INCONCLUSIVE


def test_a_closed_connection_refuses_only_beside_a_version_that_is_accepted() -> None:
    assert ruling(floor(scan(address(CLOSED, CLOSED, CLOSED, CLOSED, CLOSED, YES)))) is Ruling.SATISFIED
    assert ruling(floor(scan(address(CLOSED, CLOSED, CLOSED, CLOSED, CLOSED, CLOSED)))) is Ruling.INCONCLUSIVE


def test_refusing_everything_is_no_way_to_keep_it() -> None:
    findings = floor(scan(address(NO, NO, NO, NO, NO, NO)))
    assert ruling(findings) is Ruling.INCONCLUSIVE
    assert "was not seen to speak TLS 1.3" in texts(findings)


def test_a_lower_floor_lets_the_versions_above_it_be() -> None:
    facts = scan(address(NO, NO, NO, NO, (YES, YES), YES))
    assert ruling(floor(facts, TlsVersion.TLS1_2)) is Ruling.SATISFIED
    assert ruling(floor(scan(address(NO, NO, NO, NO, NO, YES)), TlsVersion.TLS1_2)) is Ruling.SATISFIED


def test_a_version_that_was_never_tried_is_not_refused() -> None:
    facts = AddressScan(address="192.0.2.7", versions=(VersionLooks(version=TlsVersion.TLS1_3, looks=(attempt(YES),)),))
    findings = floor(scan(facts))
    assert outcomes(findings) == [Outcome.UNKNOWN] * 5
    assert "was not tried with SSL 2.0" in texts(findings)


def test_the_worst_address_decides() -> None:
    good, bad = (
        address(NO, NO, NO, NO, NO, YES, at="192.0.2.1"),
        address(NO, NO, (YES, YES), NO, NO, YES, at="192.0.2.2"),
    )
    findings = floor(scan(good, bad))
    assert ruling(findings) is Ruling.NOT_SATISFIED
    assert [f.about for f in findings if f.outcome is Outcome.BROKEN] == ["192.0.2.2"]


def test_one_address_that_was_not_seen_keeps_it_open() -> None:
    gone = AddressScan(address="192.0.2.2", versions=GAP)
    assert ruling(floor(scan(address(NO, NO, NO, NO, NO, YES), gone))) is Ruling.INCONCLUSIVE


def test_addresses_that_may_exist_keep_it_open() -> None:
    assert ruling(floor(scan(address(NO, NO, NO, NO, NO, YES), missing=(GAP,)))) is Ruling.INCONCLUSIVE


def test_no_address_is_no_pass() -> None:
    findings = floor(scan())
    assert outcomes(findings) == [Outcome.UNKNOWN]


def test_a_version_that_does_not_exist_is_no_floor() -> None:
    with pytest.raises(ValidationError, match=r"TLS 1\.3"):
        TlsFloor.model_validate({"at_least": "TLS 1.4"})
    assert TlsFloor.model_validate({"at_least": "TLS 1.2"}).at_least is TlsVersion.TLS1_2


def test_a_real_server_of_tls_1_3_keeps_it(tmp_path: Path) -> None:
    with listening(tls(GOOD.write(tmp_path), V.TLSv1_3)) as port:
        findings = floor(scanned(vendor(port, "127.0.0.1")))
    assert fold(findings, Assurance.OBSERVED) == (Ruling.SATISFIED, Assurance.OBSERVED)


def test_a_real_server_that_closes_without_an_alert_keeps_it(tmp_path: Path) -> None:
    with listening(mute_tls(GOOD.write(tmp_path), V.TLSv1_3)) as port:
        assert ruling(floor(scanned(vendor(port, "127.0.0.1")))) is Ruling.SATISFIED


def test_one_real_address_of_two_that_accepts_tls_1_2_breaks_it(tmp_path: Path) -> None:
    pem = GOOD.write(tmp_path)
    with listening(tls(pem, V.TLSv1_3), "127.0.0.2") as port, listening(tls(pem), "127.0.0.3", port):
        findings = floor(scanned(vendor(port, "127.0.0.2", "127.0.0.3")))
    assert ruling(findings) is Ruling.NOT_SATISFIED
    assert "127.0.0.3 (api.crm.example) accepted TLS 1.2 in 2 looks" in texts(findings)


def test_a_real_server_of_tls_1_0_breaks_it(tmp_path: Path) -> None:
    with listening(tls(GOOD.write(tmp_path), V.TLSv1, V.TLSv1_2)) as port:
        assert "accepted TLS 1.0" in texts(floor(scanned(vendor(port, "127.0.0.1"))))


def test_an_address_that_does_not_answer_leaves_it_undecided(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clauseproof.probes.tls._PATIENCE_S", 0.1)
    with listening(silent) as port:
        assert ruling(floor(scanned(vendor(port, "127.0.0.1")))) is Ruling.INCONCLUSIVE


# certificate


def chain(*served: Served, missing: tuple[Unseen, ...] = ()) -> Chain:
    shown = (AddressChain(address="192.0.2.7", served=served),) if served else ()
    return Chain(name=NAME, port=443, server_name=NAME, looks=2, per_address=shown, missing=missing)


def twice(holder: Holder) -> Served:
    return Served(chain=holder.chain, times=2)


def judged(
    facts: Chain, claim: Certificate | None = None, anchors: tuple[bytes, ...] = (ROOT.pem,), days: int = 0
) -> list[Finding]:
    return list(certificate(claim or Certificate(), facts, case(NOW + days * DAY, anchors)))


def test_a_certificate_that_leads_to_an_anchor_holds_until_its_path_ends() -> None:
    findings = judged(chain(twice(GOOD)))
    assert outcomes(findings) == [Outcome.HOLDS]
    assert findings[0].until == NOW + 90 * DAY
    assert "revocation was not looked at" in texts(findings)


def test_the_same_record_is_judged_for_another_day() -> None:
    assert ruling(judged(chain(twice(GOOD)), days=80)) is Ruling.SATISFIED
    findings = judged(chain(twice(GOOD)), days=100)
    assert ruling(findings) is Ruling.NOT_SATISFIED
    assert "it expired on" in texts(findings)


def test_days_left_are_judged_where_the_contract_asks_for_them() -> None:
    asks = Certificate.model_validate({"valid_for": "30 days"})
    assert ruling(judged(chain(twice(GOOD)), asks, days=60)) is Ruling.SATISFIED
    findings = judged(chain(twice(GOOD)), asks, days=61)
    assert ruling(findings) is Ruling.NOT_SATISFIED
    assert "29 days, and 30 days are required" in texts(findings)


@pytest.mark.parametrize(
    ("holder", "says"),
    [
        (leaf(ROOT, NAME, since=NOW - 9 * DAY, until=NOW - DAY), "it expired on"),
        (leaf(ROOT, "other.example"), "it is for other.example, not for api.crm.example"),
        (leaf(None, NAME), "it signed itself"),
        (leaf(authority("Unknown Root"), NAME), "no path leads from it"),
    ],
)
def test_a_certificate_that_does_not_hold_is_a_contradiction_with_its_reason(holder: Holder, says: str) -> None:
    findings = judged(chain(twice(holder)))
    assert ruling(findings) is Ruling.NOT_SATISFIED
    assert says in texts(findings)


def test_a_bad_certificate_in_one_of_two_handshakes_is_undecided() -> None:
    other = Served(chain=leaf(None, NAME).chain, times=1)
    findings = judged(chain(Served(chain=GOOD.chain, times=1), other))
    assert ruling(findings) is Ruling.INCONCLUSIVE
    assert "1 of 2 handshakes" in texts(findings)


def test_without_anchors_nothing_is_decided() -> None:
    findings = judged(chain(twice(GOOD)), anchors=())
    assert ruling(findings) is Ruling.INCONCLUSIVE
    assert "network.ca_file" in texts(findings)


def test_anchors_that_cannot_be_read_decide_nothing() -> None:
    assert (
        ruling(judged(chain(twice(leaf(None, NAME))), anchors=(b"-----BEGIN CERTIFICATE-----\nx",)))
        is Ruling.INCONCLUSIVE
    )


def test_bytes_that_are_no_certificate_decide_nothing() -> None:
    assert ruling(judged(chain(Served(chain=(b"\x30\x03\x02\x01\x01",), times=2)))) is Ruling.INCONCLUSIVE


def test_no_certificate_is_no_pass() -> None:
    assert ruling(judged(chain())) is Ruling.INCONCLUSIVE
    assert ruling(judged(chain(twice(GOOD), missing=(GAP,)))) is Ruling.INCONCLUSIVE


def test_a_real_server_with_a_good_certificate_holds(tmp_path: Path) -> None:
    with listening(tls(GOOD.write(tmp_path))) as port:
        assert ruling(judged(presented(vendor(port, "127.0.0.1")))) is Ruling.SATISFIED


def test_one_real_address_of_two_with_an_expired_certificate_breaks_it(tmp_path: Path) -> None:
    old = leaf(ROOT, NAME, since=NOW - 9 * DAY, until=NOW - DAY)
    with (
        listening(tls(GOOD.write(tmp_path, "good")), "127.0.0.2") as port,
        listening(tls(old.write(tmp_path, "old")), "127.0.0.3", port),
    ):
        findings = judged(presented(vendor(port, "127.0.0.2", "127.0.0.3")))
    assert [f.about for f in findings if f.outcome is Outcome.BROKEN] == ["127.0.0.3"]


def test_a_real_address_that_presents_nothing_leaves_it_undecided(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clauseproof.probes.chain._PATIENCE_S", 0.3)
    with listening(silent) as port:
        assert ruling(judged(presented(vendor(port, "127.0.0.1")))) is Ruling.INCONCLUSIVE
