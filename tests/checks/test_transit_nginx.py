"""A TLS server that no one here wrote, in several configurations, against the verdicts it must get."""

from collections.abc import Iterator

import pytest

from checks.certificates import Certificate, certificate
from checks.tls_floor import TlsFloor, tls_floor
from clauseproof.facts.hello import Offers
from clauseproof.facts.tls import Scan, TlsVersion
from clauseproof.model.assurance import Assurance
from clauseproof.model.finding import Outcome
from clauseproof.model.unseen import Reason, Unseen
from clauseproof.model.verdict import Ruling, fold
from tests.support.case import case, texts
from tests.support.certificates import DAY, NOW, authority, leaf
from tests.support.looks import presented, scanned, vendor
from tests.support.nginx import nginx
from tests.support.offers import offered

pytestmark = pytest.mark.conformance

ROOT = authority()
GOOD = leaf(authority("Test Intermediate", ROOT), "api.crm.example", until=NOW + 90 * DAY)
CONFIGURATIONS = {
    "127.0.0.21": "ssl_protocols TLSv1.3;",
    "127.0.0.22": "ssl_protocols TLSv1.2 TLSv1.3;",
    "127.0.0.23": "ssl_protocols TLSv1 TLSv1.1 TLSv1.2; ssl_ciphers ALL:@SECLEVEL=0;",
}


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    folder = tmp_path_factory.mktemp("nginx")
    with nginx(folder, GOOD.write(folder), CONFIGURATIONS) as chosen:
        yield chosen


@pytest.fixture(scope="module")
def scan(port: int) -> Scan:
    return scanned(vendor(port, *CONFIGURATIONS))


@pytest.fixture(scope="module")
def offers(port: int) -> Offers:
    return offered(vendor(port, *CONFIGURATIONS))


@pytest.mark.parametrize(
    ("at_least", "expected"),
    [
        (TlsVersion.TLS1_3, {"127.0.0.21": Outcome.HOLDS, "127.0.0.22": Outcome.BROKEN, "127.0.0.23": Outcome.BROKEN}),
        (TlsVersion.TLS1_2, {"127.0.0.21": Outcome.HOLDS, "127.0.0.22": Outcome.HOLDS, "127.0.0.23": Outcome.BROKEN}),
        (TlsVersion.TLS1_0, {"127.0.0.21": Outcome.HOLDS, "127.0.0.22": Outcome.HOLDS, "127.0.0.23": Outcome.HOLDS}),
    ],
)
def test_each_configuration_keeps_the_floors_it_keeps(
    offers: Offers, scan: Scan, at_least: TlsVersion, expected: dict[str, Outcome]
) -> None:
    for one in offers.per_address:
        alone = offers.model_copy(update={"per_address": (one,)})
        findings = list(tls_floor(TlsFloor(at_least=at_least), alone, scan, case()))
        assert {f.outcome for f in findings} == {expected[one.address]}, texts(findings)


def test_together_the_worst_configuration_decides(offers: Offers, scan: Scan) -> None:
    findings = list(tls_floor(TlsFloor(), offers, scan, case()))
    assert fold(findings, Assurance.OBSERVED) == (Ruling.NOT_SATISFIED, Assurance.OBSERVED)
    assert "api.crm.example (127.0.0.22) accepted TLS 1.2" in texts(findings)


def test_every_configuration_presents_the_certificate(port: int) -> None:
    chain = presented(vendor(port, *CONFIGURATIONS))
    unseen = Unseen(reason=Reason.NOT_RUN, text="nobody looked", remedy="")
    findings = list(certificate(Certificate(), chain, unseen, unseen, case(anchors=[ROOT.pem])))
    assert fold(findings, Assurance.OBSERVED) == (Ruling.SATISFIED, Assurance.OBSERVED)
    late = list(certificate(Certificate(), chain, unseen, unseen, case(NOW + 100 * DAY, [ROOT.pem])))
    assert fold(late, Assurance.OBSERVED)[0] is Ruling.NOT_SATISFIED


def test_an_address_where_nginx_does_not_listen_is_undecided(port: int) -> None:
    nobody = vendor(port, "127.0.0.29")
    findings = tls_floor(TlsFloor(), offered(nobody), scanned(nobody), case())
    assert fold(findings, Assurance.OBSERVED)[0] is Ruling.INCONCLUSIVE
