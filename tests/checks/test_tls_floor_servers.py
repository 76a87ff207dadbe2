"""A table of servers on loopback and the verdict that each must get: by our hellos alone, and by both engines."""

import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

import pytest

from checks.tls_floor import TlsFloor, tls_floor
from clauseproof.facts.endpoint import Endpoint
from clauseproof.facts.manner import Depth, StartTls
from clauseproof.facts.tls import Scan
from clauseproof.model.assurance import Assurance
from clauseproof.model.finding import Finding
from clauseproof.model.unseen import Reason, Unseen
from clauseproof.model.verdict import Ruling, fold
from tests.support.case import case, texts
from tests.support.certificates import DAY, NOW, authority, leaf
from tests.support.hostile import (
    alerting,
    anonymous,
    by_name,
    closing_all,
    intolerant,
    limited,
    lying,
    mail,
    outdated_once,
    ssl_3_0,
)
from tests.support.looks import scanned, vendor
from tests.support.offers import offered
from tests.support.tls import (
    Talk,
    dripping,
    garbage,
    listening,
    mute_tls,
    resetting,
    silent,
    tls,
)

V = ssl.TLSVersion
NAME = "api.crm.example"
KEPT, BROKEN, OPEN = Ruling.SATISFIED, Ruling.NOT_SATISFIED, Ruling.INCONCLUSIVE
NO_LEAVE = Unseen(reason=Reason.NOT_PERMITTED, text="no permission to scan", remedy="")
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1:DeprecationWarning")]


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return leaf(authority(), NAME).write(tmp_path_factory.mktemp("pem"))


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clauseproof.probes.hello.ask.PATIENCE_S", 0.7)
    monkeypatch.setattr("clauseproof.probes.tls._PATIENCE_S", 0.7)
    monkeypatch.setattr("clauseproof.probes.deep.LONGEST_S", 6.0)


def of(*args: ssl.TLSVersion) -> Callable[[Path], Talk]:
    return lambda pem: tls(pem, *args)


TABLE: dict[str, tuple[Callable[[Path], Talk], Ruling, Ruling]] = {
    "TLS 1.0 only": (of(V.TLSv1, V.TLSv1), BROKEN, BROKEN),
    "TLS 1.1 only": (of(V.TLSv1_1, V.TLSv1_1), BROKEN, BROKEN),
    "TLS 1.2 only": (of(V.TLSv1_2, V.TLSv1_2), BROKEN, BROKEN),
    "TLS 1.3 only": (of(V.TLSv1_3), KEPT, KEPT),
    "TLS 1.2 and 1.3": (of(V.TLSv1_2), BROKEN, BROKEN),
    "TLS 1.0 to 1.3": (of(V.TLSv1), BROKEN, BROKEN),
    "TLS 1.3 only, closing without an alert": (lambda pem: mute_tls(pem, V.TLSv1_3), KEPT, KEPT),
    "TLS 1.3 only, handshake_failure for all else": (lambda pem: alerting(pem, 40), KEPT, KEPT),
    "TLS 1.3 only, internal_error for all else": (lambda pem: alerting(pem, 80), OPEN, OPEN),
    "TLS 1.3 only, but TLS 1.2 once": (outdated_once, OPEN, OPEN),
    "intolerant of newer offers": (intolerant, BROKEN, BROKEN),
    "lying about older versions": (lying, BROKEN, BROKEN),
    "closing everything": (lambda pem: closing_all, OPEN, OPEN),
    "limiting connections": (limited, OPEN, OPEN),
    # sslyze needs whole handshakes, and these bytes are none; a ServerHello is enough.
    "SSL 3.0 in bytes": (lambda pem: ssl_3_0, BROKEN, BROKEN),
    "anonymous suites of TLS 1.2 only": (anonymous, BROKEN, BROKEN),
    "garbage": (lambda pem: garbage, OPEN, OPEN),
    "reset after accept": (lambda pem: resetting, OPEN, OPEN),
    "silent": (lambda pem: silent, OPEN, OPEN),
    "slow drip": (lambda pem: dripping, OPEN, OPEN),
}


def judged(endpoint: Endpoint, scan: Scan | Unseen) -> list[Finding]:
    return list(tls_floor(TlsFloor(), offered(endpoint), scan, case()))


def ruling(findings: list[Finding]) -> Ruling:
    return fold(findings, Assurance.OBSERVED)[0]


@pytest.mark.parametrize("server", TABLE)
def test_each_server_gets_its_verdict_from_our_hellos_alone(pem: Path, server: str) -> None:
    make, alone, _ = TABLE[server]
    with listening(make(pem)) as port:
        findings = judged(vendor(port, "127.0.0.1"), NO_LEAVE)
    assert ruling(findings) is alone, texts(findings)


@pytest.mark.parametrize("server", TABLE)
def test_each_server_gets_its_verdict_from_both_engines(pem: Path, server: str) -> None:
    make, _, both = TABLE[server]
    with listening(make(pem)) as port:
        endpoint = vendor(port, "127.0.0.1")
        heard = offered(endpoint)  # first, since what is done once must be done to our hellos
        findings = list(tls_floor(TlsFloor(), heard, scanned(endpoint), case()))
    assert ruling(findings) is both, texts(findings)


@pytest.mark.parametrize("server", [name for name in TABLE if name != "lying about older versions"])
def test_a_fast_look_gives_the_same_verdict(pem: Path, server: str) -> None:
    make, alone, _ = TABLE[server]
    with listening(make(pem)) as port:
        endpoint = vendor(port, "127.0.0.1").model_copy(update={"depth": Depth.FAST})
        findings = judged(endpoint, Unseen(reason=Reason.UNKNOWABLE, text="a fast look makes no deep scan"))
    assert ruling(findings) is alone, texts(findings)


def test_a_fast_look_takes_a_refusal_of_newer_offers_at_its_word(pem: Path) -> None:
    with listening(lying(pem)) as port:
        endpoint = vendor(port, "127.0.0.1").model_copy(update={"depth": Depth.FAST})
        findings = judged(endpoint, NO_LEAVE)
    assert ruling(findings) is KEPT
    assert "a fast look" in texts(findings)


@pytest.fixture(scope="module")
def three(pem: Path) -> Iterator[int]:
    """A name with three addresses, the third of which speaks TLS 1.2."""
    with ExitStack() as stack:
        port = stack.enter_context(listening(tls(pem, V.TLSv1_3), "127.0.0.2"))
        stack.enter_context(listening(tls(pem, V.TLSv1_3), "127.0.0.3", port))
        stack.enter_context(listening(tls(pem, V.TLSv1_2), "127.0.0.4", port))
        yield port


def test_one_bad_address_of_three_decides(three: int) -> None:
    endpoint = vendor(three, "127.0.0.2", "127.0.0.3", "127.0.0.4")
    for scan in (NO_LEAVE, scanned(endpoint)):
        assert ruling(judged(endpoint, scan)) is BROKEN


def test_two_good_addresses_beside_one_that_is_down_are_not_enough(three: int) -> None:
    endpoint = vendor(three, "127.0.0.2", "127.0.0.3", "127.0.0.5")
    for scan in (NO_LEAVE, scanned(endpoint)):
        assert ruling(judged(endpoint, scan)) is OPEN


@pytest.mark.parametrize(
    ("since", "until", "name"),
    [(NOW - DAY, NOW + DAY, NAME), (NOW - 9 * DAY, NOW - DAY, NAME), (NOW - DAY, NOW + DAY, "other.example")],
    ids=["self-signed", "expired", "wrong host"],
)
def test_a_bad_certificate_is_not_this_claims_business(
    tmp_path: Path, since: datetime, until: datetime, name: str
) -> None:
    bad = leaf(None, name, since=since, until=until).write(tmp_path)
    with listening(tls(bad, V.TLSv1_3)) as port:
        endpoint = vendor(port, "127.0.0.1")
        for scan in (NO_LEAVE, scanned(endpoint)):
            assert ruling(judged(endpoint, scan)) is KEPT


def test_a_chain_of_a_megabyte_keeps_the_engines_from_agreeing(tmp_path: Path) -> None:
    huge = leaf(None, NAME, padding=1 << 20).write(tmp_path)
    with listening(tls(huge, V.TLSv1_3)) as port:
        endpoint = vendor(port, "127.0.0.1")
        assert ruling(judged(endpoint, NO_LEAVE)) is KEPT
        assert ruling(judged(endpoint, scanned(endpoint))) is OPEN


def test_an_older_version_for_clients_without_a_name_breaks_it_if_it_is_the_same_service(
    tmp_path: Path, pem: Path
) -> None:
    other = leaf(authority(), "other.example").write(tmp_path)
    for without, expected in ((pem, BROKEN), (other, KEPT)):
        with listening(by_name(pem, without, NAME)) as port:
            endpoint = vendor(port, "127.0.0.1")
            for scan in (NO_LEAVE, scanned(endpoint)):
                findings = judged(endpoint, scan)
                assert ruling(findings) is expected, texts(findings)


def test_mail_is_judged_after_starttls_by_both(pem: Path) -> None:
    with listening(mail(pem)) as port:
        endpoint = vendor(port, "127.0.0.1").model_copy(update={"starttls": StartTls.SMTP})
        for scan in (NO_LEAVE, scanned(endpoint)):
            findings = judged(endpoint, scan)
            assert ruling(findings) is KEPT, texts(findings)
