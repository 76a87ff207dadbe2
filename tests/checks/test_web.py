"""Once by TLS, always by TLS: satisfied, not satisfied, and undecided for every reason there is."""

import asyncio
from pathlib import Path

import pytest

from checks.web import Hsts, NoPlaintext, hsts, no_plaintext
from clauseproof.facts.endpoint import Endpoint
from clauseproof.facts.manner import Way
from clauseproof.facts.tls import AddressChain, Chain, Served
from clauseproof.facts.web import AddressPages, AddressPlain, Heard, Page, Pages, Plain, PlainAnswers
from clauseproof.model.assurance import Assurance
from clauseproof.model.finding import Finding, Outcome
from clauseproof.model.look import Look
from clauseproof.model.unseen import Reason, Unseen
from clauseproof.model.verdict import Ruling, fold
from clauseproof.probes import visit
from clauseproof.probes.web import pages, plain_answers
from tests.support.case import case, outcomes, texts
from tests.support.certificates import NOW, Holder, authority, leaf
from tests.support.looks import presented, resolved, vendor
from tests.support.tls import Talk, listening, silent, tls
from tests.support.web import http, https, response, tls_or_plain

NAME, AT = "api.crm.example", "192.0.2.7"
ROOT = authority()
GOOD = leaf(ROOT, NAME)
GAP = Unseen(reason=Reason.DEADLINE, text="no answer in time", remedy="run again")
YEAR = "max-age=31536000"


def ruling(findings: list[Finding]) -> Ruling:
    return fold(findings, Assurance.STATED)[0]


def chain(*holders: Holder, address: str = AT) -> Chain:
    served = tuple(Served(chain=holder.chain, times=2 // len(holders)) for holder in holders)
    shown = (AddressChain(address=address, served=served or GAP),)
    return Chain(name=NAME, port=443, server_name=NAME, way=Way.DIRECT, looks=2, per_address=shown, missing=())


# hsts


def page(*fields: str, status: int = 200) -> Page:
    return Page(status=status, location=None, transport_security=fields)


def seen(*looks: Page | Unseen, missing: tuple[Unseen, ...] = ()) -> Pages:
    shown = (AddressPages(address=AT, looks=looks),) if looks else ()
    return Pages(name=NAME, port=443, page="/", per_address=shown, missing=missing)


def told(facts: Pages, asked: dict[str, object] | None = None, certificates: Chain | None = None) -> list[Finding]:
    claim = Hsts.model_validate(asked or {})
    return list(hsts(claim, facts, certificates or chain(GOOD), case(NOW, [ROOT.pem])))


def twice(field: str, status: int = 200) -> Pages:
    return seen(page(field, status=status), page(field, status=status))


@pytest.mark.parametrize(
    ("field", "asked"),
    [
        (YEAR, {}),
        (YEAR, {"at_least": "365 days"}),
        (f"{YEAR}; includeSubDomains", {"subdomains": True}),
        (f"{YEAR}; includeSubDomains; preload", {"subdomains": True, "preload": True}),
        ("max-age=60", {"at_least": "1 min"}),
    ],
)
def test_a_field_that_asks_for_enough_holds(field: str, asked: dict[str, object]) -> None:
    findings = told(twice(field), asked)
    assert fold(findings, Assurance.OBSERVED) == (Ruling.SATISFIED, Assurance.OBSERVED)
    assert f"sends Strict-Transport-Security: {field}" in texts(findings)


@pytest.mark.parametrize(
    ("field", "asked", "says"),
    [
        ("max-age=86400", {}, "180 days are required"),
        ("max-age=0", {"at_least": "1 s"}, "1 s are required"),
        (YEAR, {"at_least": "366 days"}, "366 days are required"),
        (YEAR, {"subdomains": True}, "subdomains must be included"),
        (f"{YEAR}; includeSubDomains", {"preload": True}, "preload must be asked for"),
        ("includeSubDomains", {}, "that clients ignore: it has no max-age"),
        ("max-age=never", {}, "that clients ignore"),
    ],
)
def test_a_field_that_asks_for_too_little_contradicts(field: str, asked: dict[str, object], says: str) -> None:
    findings = told(twice(field), asked)
    assert ruling(findings) is Ruling.NOT_SATISFIED
    assert says in texts(findings)


def test_only_the_first_field_of_a_response_counts() -> None:
    both = page("max-age=0", YEAR)
    assert ruling(told(seen(both, both))) is Ruling.NOT_SATISFIED


def test_a_redirect_may_carry_the_field_and_needs_it() -> None:
    assert ruling(told(twice(YEAR, 301))) is Ruling.SATISFIED
    assert ruling(told(seen(page(status=301), page(status=301)))) is Ruling.NOT_SATISFIED


def test_a_response_without_the_field_contradicts_unless_it_is_an_error() -> None:
    assert ruling(told(seen(page(), page()))) is Ruling.NOT_SATISFIED
    findings = told(seen(page(status=404), page(status=404)))
    assert ruling(findings) is Ruling.INCONCLUSIVE
    assert "name a page of the endpoint" in texts(findings)
    assert ruling(told(twice(YEAR, 404))) is Ruling.SATISFIED


def test_a_field_that_is_missing_once_is_undecided() -> None:
    findings = told(seen(page(YEAR), page()))
    assert ruling(findings) is Ruling.INCONCLUSIVE
    assert "in 1 of 2 looks" in texts(findings)


def test_clients_ignore_the_field_where_they_do_not_trust_the_certificate() -> None:
    for certificates in (chain(leaf(None, NAME)), chain(GOOD, leaf(ROOT, "other.example"))):
        findings = told(twice(YEAR), certificates=certificates)
        assert ruling(findings) is Ruling.INCONCLUSIVE
        assert "do not trust the certificate" in texts(findings)


def test_a_certificate_that_was_not_seen_leaves_it_open() -> None:
    assert ruling(told(twice(YEAR), certificates=chain())) is Ruling.INCONCLUSIVE
    assert ruling(told(twice(YEAR), certificates=chain(GOOD, address="192.0.2.8"))) is Ruling.INCONCLUSIVE


def test_what_was_not_seen_is_no_pass() -> None:
    assert ruling(told(seen())) is Ruling.INCONCLUSIVE
    assert ruling(told(seen(GAP, GAP))) is Ruling.INCONCLUSIVE
    assert ruling(told(seen(page(YEAR), GAP))) is Ruling.INCONCLUSIVE
    assert ruling(told(seen(page(YEAR), page(YEAR), missing=(GAP,)))) is Ruling.INCONCLUSIVE
    assert ruling(list(hsts(Hsts(), twice(YEAR), chain(GOOD), case(NOW)))) is Ruling.INCONCLUSIVE


def test_what_a_server_writes_into_the_field_is_shown_and_does_nothing() -> None:
    assert "\x1b" not in texts(told(twice("max-age=1\x1b[2J")))
    assert "\x1b" not in texts(told(twice(f'{YEAR}; x="\x1b[2J"')))


@pytest.fixture
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visit, "PATIENCE_S", 0.5)
    monkeypatch.setattr("clauseproof.probes.chain._PATIENCE_S", 0.5)


def real_hsts(endpoint: Endpoint) -> list[Finding]:
    facts = asyncio.run(pages(endpoint, resolved(endpoint), Look()))
    return list(hsts(Hsts(), facts, presented(endpoint), case(anchors=[ROOT.pem])))


@pytest.mark.usefixtures("_impatient")
@pytest.mark.parametrize(
    ("fields", "holder", "expected"),
    [
        ([f"Strict-Transport-Security: {YEAR}"], GOOD, Ruling.SATISFIED),
        ([], GOOD, Ruling.NOT_SATISFIED),
        ([f"Strict-Transport-Security: {YEAR}"], leaf(None, NAME), Ruling.INCONCLUSIVE),
    ],
)
def test_a_real_server_is_judged_by_what_it_sends(
    tmp_path: Path, fields: list[str], holder: Holder, expected: Ruling
) -> None:
    with listening(https(holder.write(tmp_path), response(200, *fields))) as port:
        assert ruling(real_hsts(vendor(port, "127.0.0.1"))) is expected


@pytest.mark.usefixtures("_impatient")
def test_one_real_address_of_two_without_the_field_contradicts(tmp_path: Path) -> None:
    pem = GOOD.write(tmp_path)
    with (
        listening(https(pem, response(200, f"Strict-Transport-Security: {YEAR}")), "127.0.0.2") as port,
        listening(https(pem, response(200)), "127.0.0.3", port),
    ):
        findings = real_hsts(vendor(port, "127.0.0.2", "127.0.0.3"))
    assert [f.about for f in findings if f.outcome is Outcome.BROKEN] == ["127.0.0.3"]


# no-plaintext


def answer(heard: Heard, status: int | None = None, location: str | None = None) -> Plain:
    return Plain(heard=heard, status=status, location=location, detail="")


def http_answer(status: int, location: str | None = None) -> Plain:
    return answer(Heard.HTTP, status, location)


TLS_ONLY, REFUSED = answer(Heard.TLS), answer(Heard.REFUSED)
MOVED = http_answer(301, f"https://{NAME}/")


def plain(
    on_endpoint: Plain = TLS_ONLY, on_http: Plain = REFUSED, *, once: bool = False, missing: tuple[Unseen, ...] = ()
) -> PlainAnswers:
    """Answers of two looks; with `once` the second look finds nothing wrong."""
    one = AddressPlain(
        address=AT,
        endpoint_port=(on_endpoint, TLS_ONLY if once else on_endpoint),
        http_port=(on_http, REFUSED if once else on_http),
    )
    return PlainAnswers(name=NAME, port=443, http_port=80, page="/", per_address=(one,), missing=missing)


def only_tls(facts: PlainAnswers, certificates: Chain | None = None, **asked: object) -> list[Finding]:
    return list(no_plaintext(NoPlaintext.model_validate(asked), facts, certificates or chain(GOOD)))


@pytest.mark.parametrize("on_endpoint", [TLS_ONLY, answer(Heard.CLOSED), answer(Heard.RESET), http_answer(400)])
@pytest.mark.parametrize(
    "on_http", [REFUSED, MOVED, http_answer(308, f"https://www.{NAME}/login"), http_answer(426), answer(Heard.CLOSED)]
)
def test_nothing_is_served_where_ports_refuse_or_send_to_https(on_endpoint: Plain, on_http: Plain) -> None:
    findings = only_tls(plain(on_endpoint, on_http))
    assert fold(findings, Assurance.OBSERVED) == (Ruling.SATISFIED, Assurance.OBSERVED)
    assert outcomes(findings) == [Outcome.HOLDS, Outcome.HOLDS]


@pytest.mark.parametrize(
    "location",
    [
        "http://api.crm.example/",
        "https://evil.example/",
        "https://api.crm.example.evil.example/",
        "https://evil.example/https://api.crm.example/",
        "https://user:pw@api.crm.example/",
        "https://evil.example\\@api.crm.example/",
        "//api.crm.example/",
        "/login",
        "",
        "https://",
        None,
    ],
)
def test_a_redirect_to_anywhere_else_contradicts(location: str | None) -> None:
    findings = only_tls(plain(on_http=http_answer(301, location)))
    assert ruling(findings) is Ruling.NOT_SATISFIED
    assert "only a redirect to https of the same site is allowed" in texts(findings)


def test_a_redirect_to_another_host_of_the_site_holds_where_the_clause_names_it() -> None:
    facts = plain(on_http=http_answer(302, "https://login.crm.example/"))
    assert ruling(only_tls(facts)) is Ruling.NOT_SATISFIED
    assert ruling(only_tls(facts, redirects_to="login.crm.example")) is Ruling.SATISFIED


@pytest.mark.parametrize("served", [http_answer(200), http_answer(204), http_answer(304), answer(Heard.TEXT)])
def test_whatever_is_served_without_tls_contradicts(served: Plain) -> None:
    assert ruling(only_tls(plain(on_endpoint=served))) is Ruling.NOT_SATISFIED
    assert ruling(only_tls(plain(on_http=served))) is Ruling.NOT_SATISFIED


def test_what_one_of_two_looks_was_served_is_undecided() -> None:
    assert ruling(only_tls(plain(on_http=http_answer(200), once=True))) is Ruling.INCONCLUSIVE


@pytest.mark.parametrize("status", [403, 404, 500, 503])
def test_an_error_may_hide_a_page_that_is_served(status: int) -> None:
    findings = only_tls(plain(on_http=http_answer(status)))
    assert ruling(findings) is Ruling.INCONCLUSIVE
    assert "name a page of the endpoint" in texts(findings)


@pytest.mark.parametrize("heard", [Heard.SILENCE, Heard.NOTHING, Heard.NO_WAY, Heard.BYTES])
def test_silence_proves_nothing(heard: Heard) -> None:
    assert ruling(only_tls(plain(on_http=answer(heard)))) is Ruling.INCONCLUSIVE
    assert ruling(only_tls(plain(on_endpoint=answer(heard)))) is Ruling.INCONCLUSIVE


def test_a_port_that_drops_everything_is_closed_where_the_clause_takes_it_so() -> None:
    facts = plain(on_http=answer(Heard.NOTHING))
    assert ruling(only_tls(facts, silence_is_closed="true")) is Ruling.SATISFIED
    assert ruling(only_tls(plain(on_http=answer(Heard.SILENCE)), silence_is_closed="true")) is Ruling.INCONCLUSIVE


def test_plain_http_is_left_aside_where_the_clause_is_about_the_port() -> None:
    findings = only_tls(plain(on_http=http_answer(200)), this_port_only="true")
    assert ruling(findings) is Ruling.SATISFIED
    assert "port 80" not in texts(findings)


def test_an_address_that_does_not_speak_tls_proves_nothing_by_refusing() -> None:
    for certificates in (chain(), chain(GOOD, address="192.0.2.8")):
        findings = only_tls(plain(), certificates)
        assert ruling(findings) is Ruling.INCONCLUSIVE
        assert "was not seen to speak TLS" in texts(findings)


def test_addresses_that_were_not_looked_at_keep_it_open() -> None:
    assert ruling(only_tls(plain(missing=(GAP,)))) is Ruling.INCONCLUSIVE
    nobody = plain().model_copy(update={"per_address": ()})
    assert ruling(only_tls(nobody)) is Ruling.INCONCLUSIVE


def real_plain(on_endpoint: Talk, on_http: Talk) -> list[Finding]:
    with listening(on_endpoint) as port, listening(on_http) as http_port:
        endpoint = vendor(port, "127.0.0.1").model_copy(update={"http_port": http_port})
        facts = asyncio.run(plain_answers(endpoint, resolved(endpoint), Look()))
        return list(no_plaintext(NoPlaintext(), facts, presented(endpoint)))


@pytest.mark.usefixtures("_impatient")
def test_real_ports_that_serve_nothing_hold(tmp_path: Path) -> None:
    moved = http(response(301, f"Location: https://{NAME}/"))
    assert ruling(real_plain(tls(GOOD.write(tmp_path)), moved)) is Ruling.SATISFIED


@pytest.mark.usefixtures("_impatient")
def test_a_real_port_that_serves_both_contradicts(tmp_path: Path) -> None:
    both = tls_or_plain(tls(GOOD.write(tmp_path)), http(response(200, body=b"contacts")))
    findings = real_plain(both, http(response(301, f"Location: https://{NAME}/")))
    assert ruling(findings) is Ruling.NOT_SATISFIED
    assert "answered with HTTP 200" in texts(findings)


@pytest.mark.usefixtures("_impatient")
def test_a_real_port_that_keeps_silent_leaves_it_open(tmp_path: Path) -> None:
    assert ruling(real_plain(tls(GOOD.write(tmp_path)), silent)) is Ruling.INCONCLUSIVE
