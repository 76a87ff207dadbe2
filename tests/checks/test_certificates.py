"""Certificates: satisfied, not satisfied, and undecided for every reason there is."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509 import ocsp

from checks.certificates import Certificate, certificate
from clauseproof.facts.manner import Way
from clauseproof.facts.revocation import AddressStaples, RevocationList, RevocationLists, Staples
from clauseproof.facts.tls import AddressChain, Chain, Served
from clauseproof.model.assurance import Assurance
from clauseproof.model.finding import Finding, Outcome
from clauseproof.model.look import Look
from clauseproof.model.unseen import Reason, Unseen
from clauseproof.model.verdict import Ruling, fold
from clauseproof.probes import staples as probe
from tests.support.case import case, outcomes, texts
from tests.support.certificates import DAY, NOW, Holder, authority, leaf
from tests.support.looks import presented, resolved, vendor
from tests.support.programs import s_server
from tests.support.revocation import REVOKED, crl, response
from tests.support.stamps import stamps
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


NO_STAPLES = Unseen(reason=Reason.UNREACHABLE, text="nobody asked for staples", remedy="")
NO_LISTS = Unseen(reason=Reason.UNKNOWABLE, text="the profile names no revocation list", remedy="name it")


def judged(
    facts: Chain,
    claim: Certificate | None = None,
    anchors: tuple[bytes, ...] = (ROOT.pem,),
    days: float = 0,
    staples: Staples | Unseen = NO_STAPLES,
    lists: RevocationLists | Unseen = NO_LISTS,
) -> list[Finding]:
    return list(certificate(claim or Certificate(), facts, staples, lists, case(NOW + days * DAY, anchors)))


def asking(**fields: Any) -> Certificate:
    return Certificate.model_validate(fields)


def test_a_certificate_that_leads_to_an_anchor_holds_until_its_path_ends() -> None:
    findings = judged(chain(twice(GOOD)))
    assert outcomes(findings) == [Outcome.HOLDS]
    assert (findings[0].until, findings[0].about) == (NOW + 90 * DAY, "192.0.2.7")
    assert findings[0].text == (
        f"api.crm.example (192.0.2.7) presents a valid certificate until {NOW + 90 * DAY:%Y-%m-%d}, for 90 more days. "
        "Its key is EC secp256r1, its signature ECDSA with SHA-256; its path CN=api.crm.example < CN=Test Intermediate "
        "< CN=Test Root"
    )


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


# keys, order, timestamps


@pytest.mark.parametrize(
    ("key", "claim", "expected"),
    [
        (rsa.generate_private_key(65537, 2048), {}, Ruling.SATISFIED),
        (rsa.generate_private_key(65537, 2048), {"least_rsa_bits": 3072}, Ruling.NOT_SATISFIED),
        (rsa.generate_private_key(65537, 3072), {"least_rsa_bits": 3072}, Ruling.SATISFIED),
        (ec.generate_private_key(ec.SECP256R1()), {"least_ec_bits": 384}, Ruling.NOT_SATISFIED),
        (ec.generate_private_key(ec.SECP256R1()), {"least_rsa_bits": 4096}, Ruling.SATISFIED),
        (rsa.generate_private_key(65537, 2048), {"keys": "EC"}, Ruling.NOT_SATISFIED),
        (ec.generate_private_key(ec.SECP256R1()), {"keys": ["RSA", "EC"]}, Ruling.SATISFIED),
    ],
)
def test_the_contract_may_ask_for_kinds_and_sizes_of_keys(
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, claim: dict[str, Any], expected: Ruling
) -> None:
    assert ruling(judged(chain(twice(leaf(ROOT, NAME, key=key))), asking(**claim))) is expected


def test_the_keys_of_issuers_count_and_the_roots_does_not() -> None:
    short = authority("Short", ROOT, key=rsa.generate_private_key(65537, 2048))
    findings = judged(chain(twice(leaf(short, NAME))), asking(least_rsa_bits=3072))
    assert "the key of CN=Short is RSA 2048, and 3072 bits are the least" in texts(findings)
    root = authority("Short Root", key=rsa.generate_private_key(65537, 2048))
    assert ruling(judged(chain(twice(leaf(root, NAME))), asking(least_rsa_bits=3072), (root.pem,))) is Ruling.SATISFIED


def test_a_wrong_order_is_mentioned_and_contradicts_where_the_contract_asks_for_it() -> None:
    lower = authority("Lower", authority("Upper", ROOT))
    own, *above = leaf(lower, NAME).chain
    facts = chain(Served(chain=(own, *reversed(above)), times=2))
    assert ruling(judged(facts)) is Ruling.SATISFIED
    assert "certificate 2 of those sent did not issue the one before it" in texts(judged(facts))
    assert ruling(judged(facts, asking(in_order=True))) is Ruling.NOT_SATISFIED
    assert ruling(judged(chain(twice(GOOD)), asking(in_order=True))) is Ruling.SATISFIED


def test_timestamps_are_counted_and_said_to_be_unverified() -> None:
    facts = chain(twice(leaf(ROOT, NAME, more=[stamps(b"one", b"two")])))
    (told,) = [f.text for f in judged(facts) if "timestamps" in f.text]
    assert told.startswith(
        "The certificate carries 2 signed certificate timestamps of 2 logs. They were counted and not"
    )
    assert "carries no signed certificate timestamps" in texts(judged(chain(twice(GOOD))))
    assert ruling(judged(facts, asking(least_scts=2))) is Ruling.SATISFIED
    findings = judged(facts, asking(least_scts=3))
    assert ruling(findings) is Ruling.INCONCLUSIVE
    assert "more may come with the handshake" in texts(findings)


# revocation


def stapling(*responses: bytes, address: str = "192.0.2.7") -> Staples:
    shown = AddressStaples(address=address, responses=responses)
    return Staples(host=NAME, port=443, server_name=NAME, looks=2, per_address=(shown,), missing=())


def listing(*lists: bytes | Unseen) -> RevocationLists:
    named = [one if isinstance(one, Unseen) else RevocationList(name="ca.crl", content=one) for one in lists]
    return RevocationLists(lists=tuple(named))


CA = authority("Revoking CA", ROOT)
OWN = leaf(CA, NAME)
SHOWN = Certificate(shown_unrevoked=True)


@pytest.mark.parametrize(
    ("staples", "lists", "says"),
    [
        (stapling(response(OWN, CA, REVOKED)), NO_LISTS, " (keyCompromise), says a stapled OCSP response"),
        (NO_STAPLES, listing(crl(CA, OWN)), " (keyCompromise), says ca.crl"),
        (stapling(response(OWN, CA)), listing(crl(CA, OWN, reason=None)), ", says ca.crl"),
    ],
)
def test_a_revoked_certificate_contradicts(
    staples: Staples | Unseen, lists: RevocationLists | Unseen, says: str
) -> None:
    findings = judged(chain(twice(OWN)), staples=staples, lists=lists)
    assert ruling(findings) is Ruling.NOT_SATISFIED
    assert f"its issuer revoked it on {NOW - 5 * DAY:%Y-%m-%d}{says}" in texts(findings)


@pytest.mark.parametrize(
    ("staples", "lists"), [(stapling(response(OWN, CA)), NO_LISTS), (stapling(), listing(crl(CA)))]
)
def test_a_fresh_word_shows_that_it_was_not_revoked(staples: Staples, lists: RevocationLists | Unseen) -> None:
    told = judged(chain(twice(OWN)), staples=staples, lists=lists)
    assert ruling(told) is Ruling.SATISFIED
    assert "was not revoked, says" in texts(told)
    findings = judged(chain(twice(OWN)), SHOWN, staples=staples, lists=lists)
    assert ruling(findings) is Ruling.SATISFIED
    assert [finding.until for finding in findings if "revoked" in finding.text] == [NOW + 3 * DAY]


@pytest.mark.parametrize(
    ("staples", "lists", "says"),
    [
        (NO_STAPLES, NO_LISTS, "nobody asked for staples; the profile names no revocation list"),
        (stapling(), NO_LISTS, "no OCSP response was stapled"),
        (stapling(response(OWN, CA), address="192.0.2.8"), NO_LISTS, "no OCSP response was stapled"),
        (stapling(response(GOOD, CA)), NO_LISTS, "it is about another certificate"),
        (stapling(response(OWN, CA, until=NOW - DAY / 2)), NO_LISTS, "it speaks of"),
        (stapling(b"\x30\x00"), NO_LISTS, "it cannot be read"),
        (stapling(), listing(NO_LISTS), "the profile names no revocation list"),
        (stapling(), listing(b"no list"), "no readable revocation list"),
    ],
)
def test_without_a_word_it_is_noted_and_undecided_where_the_contract_asks_for_one(
    staples: Staples | Unseen, lists: RevocationLists | Unseen, says: str
) -> None:
    told = judged(chain(twice(OWN)), staples=staples, lists=lists)
    assert ruling(told) is Ruling.SATISFIED
    assert f"Whether the certificate was revoked was not shown: {says}" in texts(told) or says in texts(told)
    findings = judged(chain(twice(OWN)), SHOWN, staples=staples, lists=lists)
    assert ruling(findings) is Ruling.INCONCLUSIVE
    assert says in texts(findings)


def test_a_certificate_that_asks_for_a_staple_and_comes_without_is_noted() -> None:
    own = leaf(CA, NAME, more=[x509.TLSFeature([x509.TLSFeatureType.status_request])])
    assert "although the certificate asks clients to insist on one" in texts(
        judged(chain(twice(own)), staples=stapling())
    )


def test_a_recorded_word_proves_nothing_of_a_later_day() -> None:
    facts, staples = chain(twice(OWN)), stapling(response(OWN, CA))
    assert ruling(judged(facts, SHOWN, days=2, staples=staples)) is Ruling.SATISFIED
    assert ruling(judged(facts, SHOWN, days=30, staples=staples)) is Ruling.INCONCLUSIVE
    assert ruling(judged(facts, days=30, staples=staples)) is Ruling.SATISFIED


def test_what_holds_for_all_addresses_is_noted_once() -> None:
    shown = [AddressChain(address=f"192.0.2.{n}", served=(twice(OWN),)) for n in (7, 8)]
    findings = judged(chain(twice(OWN)).model_copy(update={"per_address": tuple(shown)}))
    assert [f.outcome for f in findings].count(Outcome.HOLDS) == 2
    assert [f.outcome for f in findings].count(Outcome.NOTE) == 2


@pytest.mark.conformance
@pytest.mark.parametrize(
    ("status", "expected"), [(ocsp.OCSPCertStatus.GOOD, Ruling.SATISFIED), (REVOKED, Ruling.NOT_SATISFIED)]
)
def test_openssls_server_with_a_staple(tmp_path: Path, status: ocsp.OCSPCertStatus, expected: Ruling) -> None:
    path = tmp_path / "staple.der"
    path.write_bytes(response(OWN, CA, status))
    (tmp_path / "above.pem").write_bytes(CA.pem)
    options = ("-status_file", str(path), "-cert_chain", str(tmp_path / "above.pem"))
    with s_server(OWN.write(tmp_path), *options) as port:
        endpoint = vendor(port, "127.0.0.1")
        facts, staples = presented(endpoint), probe.staples(endpoint, resolved(endpoint), Look())
    findings = judged(facts, SHOWN, staples=staples)
    assert ruling(findings) is expected, texts(findings)
