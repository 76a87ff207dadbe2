"""Who vouches for names: satisfied, not satisfied, and undecided for every reason there is."""

import asyncio
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import NameOID
from pydantic import ValidationError

from checks.names import Caa, CertificateIssuer, Dnssec, caa, certificate_issuer, dnssec
from clauseproof.facts.dns import Outcome as Told
from clauseproof.facts.endpoint import Endpoint
from clauseproof.facts.manner import Way
from clauseproof.facts.tls import AddressChain, Chain, Served
from clauseproof.facts.zone import Climb, Issuance, Property, SignedAnswers, Step
from clauseproof.model.assurance import Assurance
from clauseproof.model.finding import Finding, Outcome
from clauseproof.model.unseen import Reason, Unseen
from clauseproof.model.verdict import Ruling, fold
from clauseproof.probes.zone import issuance
from tests.support.case import case, outcomes, texts
from tests.support.certificates import DAY, NOW, Holder, authority, leaf, new_key
from tests.support.dns import NameServer, serving
from tests.support.looks import presented, vendor
from tests.support.signed import (
    SIGNED_UNTIL,
    SignedServer,
    Zone,
    anchor,
    answers_about,
    drop,
    look,
    replace,
    signed_server,
)
from tests.support.tls import listening, tls

NAME = "api.crm.example"


def ruling(findings: list[Finding]) -> Ruling:
    return fold(findings, Assurance.STATED)[0]


# dnssec: real servers with real zones

RECORDS = "api 300 IN A 192.0.2.7\nout 300 IN CNAME www.plain.example.\nnone 300 IN TXT x\n"
ROOT = Zone(".")
PLAIN = Zone("plain.example.", "www 60 IN A 192.0.2.3\n", signed=False)
GOOD = (ROOT, Zone("example."), Zone("crm.example.", RECORDS), PLAIN)


def vendor_zone(zone: Zone) -> SignedServer:
    return signed_server(ROOT, Zone("example."), zone, PLAIN)


def seen(server: SignedServer, name: str = NAME) -> SignedAnswers:
    with serving(server):
        return answers_about(name, server)


def proven(facts: SignedAnswers, later: timedelta = timedelta(0), anchors: bytes | None = None) -> list[Finding]:
    files = [anchor(ROOT) if anchors is None else anchors]
    return list(dnssec(Dnssec(), facts, case(facts.looked_at + later, dnssec=files)))


@pytest.fixture(scope="module")
def good() -> SignedAnswers:
    return seen(signed_server(*GOOD))


def test_a_signed_name_is_proven_until_the_first_signature_ends(good: SignedAnswers) -> None:
    findings = proven(good)
    assert fold(findings, Assurance.PROVEN) == (Ruling.SATISFIED, Assurance.PROVEN)
    assert findings[0].until == SIGNED_UNTIL
    assert "proven by the root > example > crm.example" in findings[0].text


@pytest.mark.parametrize(
    ("zone", "says"),
    [
        (Zone("crm.example.", RECORDS, ds=False), "example delegates crm.example without a DS record"),
        (Zone("crm.example.", RECORDS, signed=False), "example delegates crm.example without a DS record"),
        (Zone("crm.example.", RECORDS, bend=replace("api.crm.example.", "A", "192.0.2.66")), "does not fit"),
        (Zone("crm.example.", RECORDS, bend=drop("api.crm.example.", "RRSIG", "A")), "without a signature"),
        (Zone("crm.example.", RECORDS, begins=NOW - 9 * DAY, ends=NOW - DAY), "expired on"),
    ],
    ids=["no DS", "unsigned", "bogus", "stripped", "expired"],
)
def test_a_name_that_is_not_protected_contradicts(zone: Zone, says: str) -> None:
    findings = proven(seen(vendor_zone(zone)))
    assert ruling(findings) is Ruling.NOT_SATISFIED
    assert says in texts(findings)


def test_an_alias_into_an_unsigned_zone_contradicts() -> None:
    findings = proven(seen(signed_server(*GOOD), "out.crm.example"))
    assert ruling(findings) is Ruling.NOT_SATISFIED
    assert "example delegates plain.example" in texts(findings)


def test_a_proven_lack_of_protection_is_told_from_one_that_was_only_seen() -> None:
    bogus = vendor_zone(Zone("crm.example.", RECORDS, bend=replace("api.crm.example.", "A", "192.0.2.66")))
    unsigned = vendor_zone(Zone("crm.example.", RECORDS, ds=False))
    assert [f.assurance for f in proven(seen(bogus))] == [Assurance.OBSERVED]
    assert [f.assurance for f in proven(seen(unsigned))] == [Assurance.PROVEN]


def test_a_bogus_answer_in_one_of_two_looks_is_undecided(good: SignedAnswers) -> None:
    bent = seen(vendor_zone(Zone("crm.example.", RECORDS, signer=GOOD[2].signer, bend=drop(f"{NAME}.", "RRSIG", "A"))))
    halves = [
        sight.model_copy(update={"resolver": "127.0.0.1:53", "times": 1})
        for facts in (good, bent)
        for sight in facts.sights
    ]
    findings = proven(good.model_copy(update={"sights": tuple(halves)}))
    assert ruling(findings) is Ruling.INCONCLUSIVE
    assert "in 1 of 2 looks" in texts(findings)


def test_one_resolver_of_two_that_sees_a_bogus_answer_contradicts() -> None:
    bent = Zone("crm.example.", RECORDS, signer=GOOD[2].signer, bend=drop(f"{NAME}.", "RRSIG", "A"))
    root, example = GOOD[0], GOOD[1]
    with serving(signed_server(*GOOD)) as one, serving(signed_server(root, example, bent, PLAIN)) as two:
        findings = proven(answers_about(NAME, one, two))
        assert [f.about for f in findings if f.outcome is Outcome.BROKEN] == [two.text]


@pytest.mark.parametrize("type_", ["A", "AAAA", "DS", "DNSKEY"])
def test_a_question_that_was_not_answered_leaves_it_open(type_: str) -> None:
    findings = proven(seen(signed_server(*GOOD, **{type_: "SERVFAIL"})))
    assert ruling(findings) is Ruling.INCONCLUSIVE
    assert f"; {type_} of " in texts(findings)
    assert "server failure" in texts(findings)


def test_a_resolver_that_drops_signatures_leaves_it_open() -> None:
    server = signed_server(*GOOD)
    server.strips = True
    findings = proven(seen(server))
    assert ruling(findings) is Ruling.INCONCLUSIVE
    assert "network.resolvers that pass signatures on" in texts(findings)


def test_a_name_that_has_nothing_to_sign_leaves_it_open() -> None:
    assert "has no A or AAAA record" in texts(proven(seen(signed_server(*GOOD), "none.crm.example")))


def test_signatures_that_have_ended_since_say_nothing_about_a_later_day(good: SignedAnswers) -> None:
    assert ruling(proven(good, timedelta(days=10))) is Ruling.SATISFIED
    findings = proven(good, timedelta(days=30))
    assert ruling(findings) is Ruling.INCONCLUSIVE
    assert f"are good until {SIGNED_UNTIL:%Y-%m-%d}" in texts(findings)


def test_without_anchors_nothing_is_decided(good: SignedAnswers) -> None:
    assert ruling(list(dnssec(Dnssec(), good, case()))) is Ruling.INCONCLUSIVE
    assert ruling(proven(good, anchors=b"no anchor")) is Ruling.INCONCLUSIVE


def test_anchors_of_somebody_else_decide_nothing(good: SignedAnswers) -> None:
    assert ruling(proven(good, anchors=anchor(Zone(".")))) is Ruling.INCONCLUSIVE


def test_no_resolver_is_no_pass(good: SignedAnswers) -> None:
    assert ruling(proven(good.model_copy(update={"sights": ()}))) is Ruling.INCONCLUSIVE


# caa


def step(*properties: tuple[str, str], name: str = "crm.example.", outcome: Told = Told.ANSWERED) -> Step:
    shown = tuple(Property(critical=False, tag=tag, value=value) for tag, value in properties)
    return Step(name=name, outcome=outcome if shown or outcome is not Told.ANSWERED else Told.NO_DATA,
                properties=shown, detail="")  # fmt: skip


def climbs(*steps: Step, times: int = 2) -> Issuance:
    return Issuance(name=f"{NAME}.", looks=2, climbs=(Climb(resolver="192.0.2.53:53", steps=steps, times=times),))


def restricted(facts: Issuance, *issuers: str) -> list[Finding]:
    return list(caa(Caa(issuers=issuers or None), facts))


def test_records_that_allow_only_the_named_authorities_hold() -> None:
    facts = climbs(step(name=f"{NAME}."), step(("issue", "LetsEncrypt.org; accounturi=x"), ("iodef", "mailto:a@b")))
    findings = restricted(facts, "letsencrypt.org", "other.example")
    assert fold(findings, Assurance.OBSERVED) == (Ruling.SATISFIED, Assurance.OBSERVED)
    assert "the CAA records of crm.example allow letsencrypt.org" in texts(findings)


def test_any_restriction_will_do_where_the_clause_names_no_authority() -> None:
    assert ruling(restricted(climbs(step(("issue", "ca.example"))))) is Ruling.SATISFIED
    assert "allow nobody" in texts(restricted(climbs(step(("issue", ";")))))


@pytest.mark.parametrize("tag", ["issue", "issuewild"])
def test_an_authority_beyond_those_named_contradicts(tag: str) -> None:
    facts = climbs(step(("issue", "ca.example"), (tag, "other.example")))
    findings = restricted(facts, "ca.example")
    assert ruling(findings) is Ruling.NOT_SATISFIED
    assert "allow other.example to issue, and ca.example may" in texts(findings)


@pytest.mark.parametrize(
    "facts",
    [climbs(step(name=f"{NAME}."), step()), climbs(step(("issuewild", "ca.example"))), climbs(step(("x", "y")))],
)
def test_no_record_set_that_restricts_anybody_contradicts(facts: Issuance) -> None:
    findings = restricted(facts)
    assert ruling(findings) is Ruling.NOT_SATISFIED
    assert "every authority may issue" in texts(findings)


def test_a_contradiction_that_one_of_two_looks_saw_is_undecided() -> None:
    assert ruling(restricted(climbs(step(), times=1))) is Ruling.INCONCLUSIVE


def test_a_step_that_nobody_answered_leaves_it_open() -> None:
    findings = restricted(climbs(step(outcome=Told.TIMED_OUT)))
    assert ruling(findings) is Ruling.INCONCLUSIVE
    assert "timed out" in texts(findings)


def test_no_resolver_asked_is_no_restriction_seen() -> None:
    assert ruling(restricted(Issuance(name="a.", looks=2, climbs=()))) is Ruling.INCONCLUSIVE


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        (['60 CAA 0 issue "ca.example"'], Ruling.SATISFIED),
        (['60 CAA 0 issue "other.example"'], Ruling.NOT_SATISFIED),
        ([], Ruling.NOT_SATISFIED),
    ],
)
def test_a_real_name_server_is_judged_by_its_records(records: list[str], expected: Ruling) -> None:
    with serving(NameServer({"crm.example.": records, f"{NAME}.": []})) as server:
        facts = asyncio.run(issuance(Endpoint(endpoint=f"https://{NAME}"), look(server)))
    assert ruling(restricted(facts, "ca.example")) is expected


def test_a_real_name_server_that_fails_leaves_it_open() -> None:
    with serving(NameServer({}, {"CAA": "SERVFAIL"})) as server:
        facts = asyncio.run(issuance(Endpoint(endpoint=f"https://{NAME}"), look(server)))
    assert ruling(restricted(facts)) is Ruling.INCONCLUSIVE


# certificate-issuer


def authority_of(organisation: str, country: str, under: Holder) -> Holder:
    """An authority with an organisation and a country in its name."""
    key = new_key()
    pairs = [(NameOID.COUNTRY_NAME, country), (NameOID.ORGANIZATION_NAME, organisation), (NameOID.COMMON_NAME, "CA 1")]
    name = x509.Name([x509.NameAttribute(oid, value) for oid, value in pairs if value])
    plain = authority("CA 1", under).certificate
    builder = x509.CertificateBuilder(
        under.certificate.subject, name, key.public_key(), 7, plain.not_valid_before_utc, plain.not_valid_after_utc
    )
    for extension in plain.extensions:
        value = extension.value
        if isinstance(value, x509.SubjectKeyIdentifier):
            value = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        builder = builder.add_extension(value, extension.critical)
    return Holder(builder.sign(under.key, hashes.SHA256()), key, under.above)


TRUSTED = authority()
GERMAN = leaf(authority_of("D-Trust GmbH", "DE", TRUSTED), NAME)
AMERICAN = leaf(authority_of("Example Trust Inc", "US", TRUSTED), NAME)
GAP = Unseen(reason=Reason.DEADLINE, text="not all addresses are known", remedy="run again")


def chain(*served: Served, missing: tuple[Unseen, ...] = ()) -> Chain:
    shown = (AddressChain(address="192.0.2.7", served=served),) if served else ()
    return Chain(name=NAME, port=443, server_name=NAME, way=Way.DIRECT, looks=2, per_address=shown, missing=missing)


def twice(holder: Holder) -> Served:
    return Served(chain=holder.chain, times=2)


def issued(facts: Chain, **asked: object) -> list[Finding]:
    claim = CertificateIssuer.model_validate(asked)
    return list(certificate_issuer(claim, facts, case(NOW, anchors=[TRUSTED.pem])))


@pytest.mark.parametrize(
    "asked",
    [
        {"issuers": "d-trust gmbh"},
        {"issuers": ["Other", "CA 1"]},
        {"within": "EU"},
        {"within": ["CH", "DE"]},
        {"issuers": "D-Trust GmbH", "within": "EU"},
    ],
)
def test_an_allowed_authority_holds(asked: dict[str, object]) -> None:
    findings = issued(chain(twice(GERMAN)), **asked)
    assert fold(findings, Assurance.OBSERVED) == (Ruling.SATISFIED, Assurance.OBSERVED)
    assert "a certificate of D-Trust GmbH / CA 1 (DE)" in texts(findings)
    assert findings[0].until is not None


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"issuers": "D-Trust GmbH"}, "allowed are D-Trust GmbH"),
        ({"within": "EU"}, "US is not in EU"),
        ({"issuers": "Example Trust Inc", "within": "EU"}, "US is not in EU"),
    ],
)
def test_another_authority_contradicts(asked: dict[str, object], says: str) -> None:
    findings = issued(chain(twice(AMERICAN)), **asked)
    assert ruling(findings) is Ruling.NOT_SATISFIED
    assert says in texts(findings)


def test_an_authority_that_states_no_country_may_lie_in_any() -> None:
    stateless = leaf(authority_of("Nowhere Ltd", "", TRUSTED), NAME)
    findings = issued(chain(twice(stateless)), within="EU")
    assert ruling(findings) is Ruling.INCONCLUSIVE
    assert "states no country" in texts(findings)


def test_a_name_that_anybody_could_have_written_proves_nothing() -> None:
    forged = leaf(authority_of("D-Trust GmbH", "DE", authority("Unknown Root")), NAME)
    findings = issued(chain(twice(forged)), issuers="D-Trust GmbH")
    assert ruling(findings) is Ruling.INCONCLUSIVE
    assert "claims to come from D-Trust GmbH" in texts(findings)


def test_another_authority_in_one_of_two_handshakes_is_undecided() -> None:
    facts = chain(Served(chain=GERMAN.chain, times=1), Served(chain=AMERICAN.chain, times=1))
    assert ruling(issued(facts, within="EU")) is Ruling.INCONCLUSIVE


def test_what_was_not_seen_is_no_pass() -> None:
    assert ruling(issued(chain(), within="EU")) is Ruling.INCONCLUSIVE
    assert ruling(issued(chain(twice(GERMAN), missing=(GAP,)), within="EU")) is Ruling.INCONCLUSIVE
    unseen = chain().model_copy(update={"per_address": (AddressChain(address="192.0.2.7", served=GAP),)})
    assert ruling(issued(unseen, within="EU")) is Ruling.INCONCLUSIVE
    assert ruling(issued(chain(Served(chain=(b"\x30\x00",), times=2)), within="EU")) is Ruling.INCONCLUSIVE


def test_a_jurisdiction_nobody_knows_decides_nothing() -> None:
    findings = issued(chain(twice(GERMAN)), within="Atlantis")
    assert ruling(findings) is Ruling.INCONCLUSIVE
    assert "name one of EU" in texts(findings)


def test_without_anchors_no_issuer_is_proven() -> None:
    claim = CertificateIssuer.model_validate({"within": "EU"})
    assert ruling(list(certificate_issuer(claim, chain(twice(GERMAN)), case(NOW)))) is Ruling.INCONCLUSIVE


def test_a_claim_that_asks_nothing_is_refused() -> None:
    with pytest.raises(ValidationError, match="issuers: or within:"):
        CertificateIssuer()


def test_real_servers_are_judged_address_by_address(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("pem")
    with (
        listening(tls(GERMAN.write(folder, "de")), "127.0.0.2") as port,
        listening(tls(AMERICAN.write(folder, "us")), "127.0.0.3", port),
    ):
        findings = issued(presented(vendor(port, "127.0.0.2", "127.0.0.3")), within="EU")
    assert outcomes(findings) == [Outcome.HOLDS, Outcome.BROKEN]
    assert findings[1].about == "127.0.0.3"
