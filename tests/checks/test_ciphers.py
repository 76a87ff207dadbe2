"""Suites and groups: satisfied, not satisfied, and undecided for every reason there is."""

import ssl
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from pydantic import ValidationError

from checks.ciphers import ForwardSecrecy, PostQuantum, TlsCiphers, forward_secrecy, post_quantum, tls_ciphers
from clauseproof.facts.codepoints import Group
from clauseproof.facts.hello import (
    AddressOffers,
    Answers,
    Because,
    Decision,
    Exchange,
    GroupAnswer,
    Offers,
    VersionAnswer,
)
from clauseproof.facts.manner import Depth, Way
from clauseproof.facts.tls import AddressScan, Answer, Attempt, Reply, Scan, TlsVersion, VersionLooks
from clauseproof.model.assurance import Assurance
from clauseproof.model.finding import Finding, Outcome
from clauseproof.model.unseen import Reason, Unseen
from clauseproof.model.verdict import Ruling, fold
from tests.support.case import case, outcomes, texts
from tests.support.certificates import authority, leaf
from tests.support.exchanges import SILENT, alert, asked, chose
from tests.support.hostile import anonymous, flapping
from tests.support.looks import scanned, vendor
from tests.support.nginx import nginx
from tests.support.offers import answers, decisions, offered
from tests.support.programs import node, s_server
from tests.support.tls import Talk, listening, server_context, tls

NAME = "api.crm.example"
SATISFIED, BROKEN, OPEN = Ruling.SATISFIED, Ruling.NOT_SATISFIED, Ruling.INCONCLUSIVE
GAP = Unseen(reason=Reason.DEADLINE, text="which AAAA records exist is not fully known", remedy="run again")
AES128 = "TLS_AES_128_GCM_SHA256"
GCM, CBC = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA"
STATIC = "TLS_RSA_WITH_AES_128_GCM_SHA256"

Looks = Sequence[tuple[tuple[str, ...], Answer]]
"""What each look at a version accepted, and how all other offers were answered."""


def scan(versions: Mapping[TlsVersion, Looks], *more: AddressScan, missing: tuple[Unseen, ...] = ()) -> Scan:
    """One address that refuses every version that is not named."""
    seen = [version_looks(version, versions.get(version, [((), Answer.REFUSED)])) for version in TlsVersion]
    one = AddressScan(address="192.0.2.7", versions=tuple(seen))
    return Scan(host=NAME, port=443, server_name=NAME, per_address=(one, *more), missing=missing)


def version_looks(version: TlsVersion, looks: Looks) -> VersionLooks:
    made = []
    for suites, rest in looks:
        answer = Answer.ACCEPTED if suites else rest
        said = (Reply(said="TLS alert: handshake failure", times=9),)
        made.append(Attempt(answer=answer, suites=tuple(suites), rest=rest, replies=said, engine="test"))
    return VersionLooks(version=version, looks=tuple(made))


def twice(*suites: str, rest: Answer = Answer.REFUSED) -> Looks:
    return [(suites, rest), (suites, rest)]


MODERN = {TlsVersion.TLS1_3: twice(AES128)}


def ruling(findings: list[Finding]) -> Ruling:
    return fold(findings, Assurance.OBSERVED)[0]


def ciphers(facts: Scan, **claim: Any) -> list[Finding]:
    return list(tls_ciphers(TlsCiphers.model_validate(claim or {"mozilla": "intermediate 5.7"}), facts))


def secrecy(facts: Scan) -> list[Finding]:
    return list(forward_secrecy(ForwardSecrecy(), facts))


# tls-ciphers


@pytest.mark.parametrize(
    ("profile", "versions", "expected"),
    [
        ("modern 5.7", MODERN, SATISFIED),
        ("modern 5.7", {**MODERN, TlsVersion.TLS1_2: twice(GCM)}, BROKEN),
        ("intermediate 5.7", {**MODERN, TlsVersion.TLS1_2: twice(GCM)}, SATISFIED),
        ("intermediate 5.7", {**MODERN, TlsVersion.TLS1_2: twice(GCM, CBC)}, BROKEN),
        ("old 5.7", {TlsVersion.TLS1_0: twice(CBC), TlsVersion.TLS1_2: twice(GCM, CBC, STATIC)}, SATISFIED),
        # The suite is in the configuration, and the version is not.
        ("old 5.7", {TlsVersion.SSL3_0: twice("TLS_RSA_WITH_AES_128_CBC_SHA"), **MODERN}, BROKEN),
        ("modern 5.7", {TlsVersion.TLS1_3: twice(AES128, "TLS_AES_128_CCM_8_SHA256")}, BROKEN),
    ],
)
def test_a_configuration_of_mozillas_allows_its_suites_in_its_versions(
    profile: str, versions: dict[TlsVersion, Looks], expected: Ruling
) -> None:
    assert ruling(ciphers(scan(versions), mozilla=profile)) is expected


def test_an_allow_list_allows_what_is_on_it() -> None:
    facts = scan({**MODERN, TlsVersion.TLS1_2: twice(GCM)})
    assert ruling(ciphers(facts, allowed=[AES128, GCM])) is SATISFIED
    findings = ciphers(facts, allowed=AES128)
    assert ruling(findings) is BROKEN
    (bad,) = [finding for finding in findings if finding.outcome is Outcome.BROKEN]
    assert bad.text == f"api.crm.example (192.0.2.7) accepts {GCM} in TLS 1.2, which is not allowed"


def test_what_is_accepted_is_told_with_a_pass() -> None:
    (finding,) = ciphers(scan({**MODERN, TlsVersion.TLS1_2: twice(GCM)}))
    assert finding.text.startswith(
        "api.crm.example (192.0.2.7) accepts only suites of Mozilla's intermediate profile, version 5.7. TLS 1.2: "
    )
    assert (finding.assurance, finding.about) == (Assurance.OBSERVED, "192.0.2.7")


def test_many_suites_are_counted() -> None:
    suites = [f"TLS_ODD_WITH_{n}" for n in range(7)]
    assert "TLS_ODD_WITH_2 and 4 more in TLS 1.2" in texts(ciphers(scan({TlsVersion.TLS1_2: twice(*suites)})))


@pytest.mark.parametrize(
    "looks", [[((CBC,), Answer.REFUSED)], [((CBC, GCM), Answer.REFUSED), ((GCM,), Answer.REFUSED)]]
)
def test_a_suite_that_one_look_saw_leaves_it_open(looks: Looks) -> None:
    findings = ciphers(scan({**MODERN, TlsVersion.TLS1_2: looks}))
    assert ruling(findings) is OPEN
    assert "in one look only" in texts(findings)


@pytest.mark.parametrize("rest", [Answer.SILENT, Answer.UNCLEAR])
def test_offers_that_were_not_refused_leave_it_open(rest: Answer) -> None:
    findings = ciphers(scan({**MODERN, TlsVersion.TLS1_2: twice(GCM, rest=rest)}))
    assert ruling(findings) is OPEN
    assert "may accept more suites of TLS 1.2" in texts(findings)


@pytest.mark.parametrize("rest", [Answer.SILENT, Answer.UNCLEAR])
def test_a_version_that_was_not_refused_leaves_it_open(rest: Answer) -> None:
    assert ruling(ciphers(scan({**MODERN, TlsVersion.TLS1_1: [((), rest)]}))) is OPEN


def test_a_closed_connection_refuses_beside_something_accepted_only() -> None:
    closed = {version: [((), Answer.CLOSED)] for version in TlsVersion if version < TlsVersion.TLS1_3}
    assert ruling(ciphers(scan({**closed, **MODERN}))) is SATISFIED
    assert ruling(ciphers(scan({**closed, TlsVersion.TLS1_3: [((), Answer.CLOSED)]}))) is OPEN


def test_refusing_everything_is_no_way_to_keep_it() -> None:
    findings = ciphers(scan({}))
    assert ruling(findings) is OPEN
    assert "was not seen to accept any suite" in texts(findings)


def test_facts_that_do_not_say_how_other_suites_were_answered_leave_it_open() -> None:
    facts = scan({**MODERN, TlsVersion.TLS1_2: twice(GCM)})
    written = facts.model_dump(mode="json", by_alias=True)
    assert ruling(ciphers(Scan.load(1, written))) is OPEN


def test_a_version_that_was_never_tried_leaves_it_open() -> None:
    one = AddressScan(address="192.0.2.7", versions=(version_looks(TlsVersion.TLS1_3, twice(AES128)),))
    facts = Scan(host=NAME, port=443, server_name=NAME, per_address=(one,), missing=())
    assert "was not tried with SSL 2.0, SSL 3.0" in texts(ciphers(facts))


def test_the_worst_address_decides_and_an_unseen_one_leaves_it_open() -> None:
    bad = scan({TlsVersion.TLS1_2: twice(CBC)}).per_address[0].model_copy(update={"address": "192.0.2.8"})
    gone = AddressScan(address="192.0.2.9", versions=GAP)
    assert ruling(ciphers(scan(MODERN, bad))) is BROKEN
    assert ruling(ciphers(scan(MODERN, gone))) is OPEN
    assert ruling(ciphers(scan(MODERN, missing=(GAP,)))) is OPEN
    nobody = Scan(host=NAME, port=443, server_name=NAME, per_address=(), missing=())
    assert outcomes(ciphers(nobody)) == [Outcome.UNKNOWN]


@pytest.mark.parametrize(
    "claim",
    [
        {},
        {"mozilla": "modern 5.7", "allowed": [AES128]},
        {"mozilla": "modern"},
        {"mozilla": "modern 4.0"},
        {"allowed": []},
        {"allowed": ["ECDHE-RSA-AES128-GCM-SHA256"]},
    ],
)
def test_a_claim_says_one_thing_that_can_be_tried(claim: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        TlsCiphers.model_validate(claim)


# forward-secrecy


@pytest.mark.parametrize(
    ("suite", "expected"),
    [
        (GCM, SATISFIED),
        ("TLS_DHE_RSA_WITH_AES_128_GCM_SHA256", SATISFIED),
        (STATIC, BROKEN),
        ("TLS_ECDH_RSA_WITH_AES_128_CBC_SHA", BROKEN),
        ("TLS_DH_anon_WITH_AES_128_CBC_SHA", BROKEN),
        ("TLS_ECDH_anon_WITH_AES_128_CBC_SHA", BROKEN),
        ("TLS_GOSTR341112_256_WITH_KUZNYECHIK_CTR_OMAC", OPEN),
    ],
)
def test_key_exchanges_that_have_it_and_that_do_not(suite: str, expected: Ruling) -> None:
    assert ruling(secrecy(scan({**MODERN, TlsVersion.TLS1_2: twice(suite)}))) is expected


def test_every_suite_of_tls_1_3_has_it() -> None:
    findings = secrecy(scan(MODERN))
    assert ruling(findings) is SATISFIED
    assert "session tickets cannot be seen" in texts(findings)


def test_ssl_2_0_has_none() -> None:
    assert ruling(secrecy(scan({**MODERN, TlsVersion.SSL2_0: twice("SSL_CK_RC4_128_WITH_MD5")}))) is BROKEN


# post-quantum


def offers(
    groups: dict[Group, Decision | None],
    tls_1_3: Decision = Decision.ACCEPTED,
    way: Way = Way.DIRECT,
    missing: tuple[Unseen, ...] = (),
    because: Because = Because.VERSION_ALERT,
    exchanges: tuple[Exchange, ...] = (),
) -> Offers:
    answers = Answers(
        versions=(
            VersionAnswer(version=TlsVersion.TLS1_3, decision=tls_1_3, because=because, times=1, covered_by=None),
        ),
        nameless=None,
        groups=tuple(
            GroupAnswer(group=group, decision=groups.get(group), because=Because.RETRY if groups.get(group) else None)
            for group in Group
        ),
        exchanges=exchanges,
    )
    one = AddressOffers(address="192.0.2.7", answers=answers, connections=9)
    return Offers(
        host=NAME,
        port=443,
        server_name=NAME,
        starttls=None,
        way=way,
        depth=Depth.FULL,
        engine="test",
        per_address=(one,),
        behind=None,
        missing=missing,
    )


def quantum(facts: Offers, group: str | None = None) -> list[Finding]:
    return list(post_quantum(PostQuantum.model_validate({"group": group} if group else {}), facts, case()))


HYBRID = Group.X25519MLKEM768
REFUSED = dict.fromkeys(Group, Decision.REFUSED)


def test_a_group_that_a_retry_asks_for_is_taken() -> None:
    (finding,) = quantum(offers({**REFUSED, HYBRID: Decision.ACCEPTED}))
    assert finding.outcome is Outcome.HOLDS
    assert finding.assurance is Assurance.OBSERVED
    assert finding.text == (
        "api.crm.example (192.0.2.7) takes the post-quantum group X25519MLKEM768. A HelloRetryRequest asked for it"
    )


@pytest.mark.parametrize(
    ("group", "expected"), [(None, SATISFIED), ("X25519MLKEM768", SATISFIED), ("SecP256r1MLKEM768", BROKEN)]
)
def test_the_contract_may_name_the_group(group: str | None, expected: Ruling) -> None:
    assert ruling(quantum(offers({**REFUSED, HYBRID: Decision.ACCEPTED}), group)) is expected


def test_none_that_will_do_is_a_contradiction() -> None:
    assert ruling(quantum(offers({**REFUSED, Group.X25519: Decision.ACCEPTED}))) is BROKEN


@pytest.mark.parametrize("open_", [Decision.UNKNOWN, None])
def test_one_group_of_which_nothing_is_known_leaves_it_open(open_: Decision | None) -> None:
    assert ruling(quantum(offers({**REFUSED, Group.MLKEM1024: open_}))) is OPEN
    assert ruling(quantum(offers({**REFUSED, Group.MLKEM1024: open_}), "X25519MLKEM768")) is BROKEN


def test_a_look_that_did_not_ask_says_how_to_ask() -> None:
    findings = quantum(offers({}))
    assert ruling(findings) is OPEN
    assert "depth: full" in texts(findings)


OLDER = asked(TlsVersion.TLS1_2, chose(TlsVersion.TLS1_2))
NO_1_3 = asked(TlsVersion.TLS1_3, alert(70))
LOWER = asked(TlsVersion.TLS1_3, chose(TlsVersion.TLS1_2))


@pytest.mark.parametrize(
    ("exchanges", "expected"),
    [
        ((OLDER, NO_1_3, NO_1_3), BROKEN),
        ((LOWER, LOWER), BROKEN),
        ((LOWER, NO_1_3), BROKEN),
        ((OLDER, NO_1_3), OPEN),
        ((OLDER, NO_1_3, asked(TlsVersion.TLS1_3, SILENT)), OPEN),
        ((OLDER, LOWER), OPEN),
        ((NO_1_3, NO_1_3), OPEN),
    ],
)
def test_a_refusal_of_tls_1_3_counts_if_it_came_twice_from_an_address_that_speaks(
    exchanges: tuple[Exchange, ...], expected: Ruling
) -> None:
    findings = quantum(offers({}, tls_1_3=Decision.REFUSED, exchanges=exchanges))
    assert ruling(findings) is expected
    assert "refuses TLS 1.3, which every post-quantum group needs" in texts(findings)


@pytest.mark.parametrize("because", [Because.EXHAUSTED, Because.CLOSED])
def test_a_refusal_that_the_prober_counts_only_if_repeated_counts(because: Because) -> None:
    assert ruling(quantum(offers({}, tls_1_3=Decision.REFUSED, because=because))) is BROKEN


def test_through_a_proxy_nothing_is_decided() -> None:
    assert ruling(quantum(offers({HYBRID: Decision.ACCEPTED}, way=Way.PROXY))) is OPEN


def test_addresses_that_were_not_seen_leave_it_open() -> None:
    facts = offers({HYBRID: Decision.ACCEPTED})
    gone = AddressOffers(address="192.0.2.8", answers=GAP, connections=0)
    assert ruling(quantum(facts.model_copy(update={"per_address": (*facts.per_address, gone)}))) is OPEN
    assert ruling(quantum(offers({HYBRID: Decision.ACCEPTED}, missing=(GAP,)))) is OPEN
    assert outcomes(quantum(facts.model_copy(update={"per_address": ()}))) == [Outcome.UNKNOWN]


def test_a_group_that_is_no_post_quantum_one_is_no_claim() -> None:
    with pytest.raises(ValidationError):
        PostQuantum.model_validate({"group": "x25519"})


# Real servers.


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    holder = leaf(authority(), NAME, key=rsa.generate_private_key(65537, 2048))
    return holder.write(tmp_path_factory.mktemp("pem"))


def choosing(pem: Path, suites: str) -> Talk:
    """Python's server with these suites of TLS 1.2, by OpenSSL's names."""
    context = server_context(pem, ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)
    context.set_ciphers(suites)

    def talk(connection: Any) -> None:
        with context.wrap_socket(connection, server_side=True) as session:
            session.recv(1)

    return talk


@pytest.mark.parametrize(
    ("suites", "mozilla", "secret"),
    [
        ("ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-CHACHA20-POLY1305", SATISFIED, SATISFIED),
        ("ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-SHA", BROKEN, SATISFIED),
        ("ECDHE-RSA-AES128-GCM-SHA256:AES128-GCM-SHA256", BROKEN, BROKEN),
    ],
)
def test_a_real_server_keeps_what_its_suites_keep(pem: Path, suites: str, mozilla: Ruling, secret: Ruling) -> None:
    with listening(choosing(pem, suites)) as port:
        facts = scanned(vendor(port, "127.0.0.1"))
    assert (ruling(ciphers(facts)), ruling(secrecy(facts))) == (mozilla, secret), texts(ciphers(facts))


def test_a_server_that_authenticates_nobody_has_no_forward_secrecy(pem: Path) -> None:
    with listening(anonymous(pem)) as port:
        facts = scanned(vendor(port, "127.0.0.1"))
    assert (ruling(ciphers(facts)), ruling(secrecy(facts))) == (BROKEN, BROKEN), texts(secrecy(facts))


@pytest.mark.conformance
@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["-tls1_3"], SATISFIED),
        (["-cipher", "ECDHE+AESGCM"], SATISFIED),
        (["-cipher", "ALL:@SECLEVEL=0"], BROKEN),
        (["-tls1_3", "-ciphersuites", "TLS_AES_128_GCM_SHA256:TLS_AES_128_CCM_SHA256"], BROKEN),
    ],
)
def test_openssls_server(pem: Path, options: list[str], expected: Ruling) -> None:
    with s_server(pem, "-quiet", *options) as port:  # else its complaints fill a pipe that nobody reads
        findings = ciphers(scanned(vendor(port, "127.0.0.1")))
    assert ruling(findings) is expected, texts(findings)


@pytest.mark.conformance
def test_nginx_by_mozillas_own_configurations(tmp_path: Path, pem: Path) -> None:
    old = "ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3; ssl_ciphers ALL:!aNULL:!DSS:@SECLEVEL=0;"
    settings = {
        "127.0.0.31": "ssl_protocols TLSv1.3;",
        "127.0.0.32": "ssl_protocols TLSv1.2 TLSv1.3; ssl_ciphers ECDHE-RSA-AES128-GCM-SHA256;",
        "127.0.0.33": old,
    }
    with nginx(tmp_path, pem, settings) as port:
        facts = scanned(vendor(port, *settings))
    told = {
        profile: [
            ruling(ciphers(facts.model_copy(update={"per_address": (one,)}), mozilla=profile))
            for one in facts.per_address
        ]
        for profile in ("modern 5.7", "intermediate 5.7")
    }
    assert told == {
        "modern 5.7": [SATISFIED, BROKEN, BROKEN],
        "intermediate 5.7": [SATISFIED, SATISFIED, BROKEN],
    }


@pytest.mark.conformance
@pytest.mark.parametrize(
    ("curves", "any_group", "hybrid_of_p256"), [("auto", SATISFIED, BROKEN), ("X25519:P-256", BROKEN, BROKEN)]
)
def test_node_takes_the_hybrid_of_x25519(pem: Path, curves: str, any_group: Ruling, hybrid_of_p256: Ruling) -> None:
    with node(pem, curves) as port:
        facts = offered(vendor(port, "127.0.0.1"))
    assert ruling(quantum(facts)) is any_group, texts(quantum(facts))
    assert ruling(quantum(facts, "SecP256r1MLKEM768")) is hybrid_of_p256


@pytest.mark.conformance
def test_an_older_openssl_takes_no_post_quantum_group(pem: Path) -> None:
    with s_server(pem, "-groups", "X25519:P-256") as port:
        assert ruling(quantum(offered(vendor(port, "127.0.0.1")))) is BROKEN


def test_a_server_of_tls_1_2_takes_no_post_quantum_group(pem: Path) -> None:
    with listening(tls(pem, ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_2)) as port:
        assert ruling(quantum(offered(vendor(port, "127.0.0.1")))) is BROKEN


@pytest.mark.parametrize("code", [40, 70])
def test_a_server_that_refuses_one_hello_of_tls_1_3_is_asked_for_its_groups(pem: Path, code: int) -> None:
    with listening(flapping(pem, code)) as port:
        facts = offered(vendor(port, "127.0.0.1"))
    assert decisions(answers(facts))[-1] == "a"
    assert "refuses TLS 1.3" not in texts(quantum(facts))


def test_a_fast_look_that_was_refused_once_contradicts_nothing(pem: Path) -> None:
    with listening(tls(pem, ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_2)) as port:
        findings = quantum(offered(vendor(port, "127.0.0.1").model_copy(update={"depth": Depth.FAST})))
    assert ruling(findings) is OPEN
    assert "with depth: full" in texts(findings)
