"""Certificates: satisfied, not satisfied, and undecided for every reason there is."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from checks.certificates import Certificate, certificate
from clauseproof.facts.manner import Way
from clauseproof.facts.tls import AddressChain, Chain, Served
from clauseproof.model.assurance import Assurance
from clauseproof.model.finding import Finding, Outcome
from clauseproof.model.unseen import Reason, Unseen
from clauseproof.model.verdict import Ruling, fold
from tests.support.case import case, outcomes, texts
from tests.support.certificates import DAY, NOW, Holder, authority, leaf
from tests.support.looks import presented, vendor
from tests.support.tls import listening, silent, tls

NAME = "api.crm.example"
ROOT = authority()
GOOD = leaf(authority("Test Intermediate", ROOT), NAME, until=NOW + 90 * DAY)
GAP = Unseen(
    reason=Reason.DEADLINE, text="which AAAA records api.crm.example has is not fully known", remedy="run again"
)


def ruling(findings: Iterator[Finding] | list[Finding]) -> Ruling:
    return fold(findings, Assurance.STATED)[0]


def chain(*served: Served, missing: tuple[Unseen, ...] = ()) -> Chain:
    shown = (AddressChain(address="192.0.2.7", served=served),) if served else ()
    return Chain(name=NAME, port=443, server_name=NAME, way=Way.DIRECT, looks=2, per_address=shown, missing=missing)


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
