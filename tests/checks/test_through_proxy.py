"""Claims on an endpoint that only a proxy leads to: kept, broken, open; and open where the proxy may have answered."""

import json
import ssl
from pathlib import Path
from typing import Any

import pytest

from clauseproof.facts.endpoint import Endpoint
from clauseproof.model.profile import Sources
from tests.support.certificates import DAY, NOW, Holder, authority, leaf
from tests.support.endpointruns import Judged, everything, judged
from tests.support.programs import node
from tests.support.proxies import PROXIES, Led, behind, intercepting
from tests.support.tls import Talk, listening, tls

NAME = "api.crm.example"
V = ssl.TLSVersion
PUBLIC, PRIVATE = authority("Public Root"), authority("Proxy Root")
ROOTS = (PRIVATE.pem, PUBLIC.pem)
"""The profile's own, to which a proxy's root was added, and the public ones."""
GOOD = leaf(PUBLIC, NAME)
OPENED = leaf(PRIVATE, NAME)
BOTH_SCHEMES = pytest.mark.parametrize("scheme", list(PROXIES))
pytestmark = pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1:DeprecationWarning")


def through(talk: Talk, kind: str, folder: Path, scheme: str = "http", tier: int = 2, **given: Any) -> Judged:
    """The verdict on a server behind a proxy; `depth` and `addresses` are the endpoint's, the rest the claim's."""
    with behind(talk, scheme) as (proxy, _):
        return at(proxy, kind, folder, tier, **given)


def at(proxy: str, kind: str, folder: Path, tier: int = 2, **given: Any) -> Judged:
    own = {key: given.pop(key) for key in ("depth", "addresses", "resolvers") if key in given}
    endpoint = Endpoint.model_validate({"endpoint": f"https://{NAME}", "proxy": proxy} | own)
    sources = given.pop("sources", None)
    assert sources is None or isinstance(sources, Sources)
    return judged(endpoint, kind, folder, ROOTS, tier=tier, sources=sources, **given)


def opened(kind: str, folder: Path, *versions: ssl.TLSVersion, holder: Holder = OPENED, **given: Any) -> Judged:
    """The verdict where a proxy opens all connections and answers itself."""
    with listening(intercepting(holder.write(folder), *versions)) as port:
        return at(f"http://127.0.0.1:{port}", kind, folder, **given)


# tls-floor


@BOTH_SCHEMES
@pytest.mark.parametrize(
    ("oldest", "expected"), [(V.TLSv1_3, "satisfied"), (V.TLSv1_2, "not-satisfied"), (V.TLSv1, "not-satisfied")]
)
def test_the_floor_is_judged_where_nobody_opens_the_connection(
    tmp_path: Path, scheme: str, oldest: ssl.TLSVersion, expected: str
) -> None:
    found = through(tls(GOOD.write(tmp_path), oldest), "tls-floor", tmp_path, scheme)
    assert found.ruling == expected
    assert "one engine, through a proxy" in found.text
    assert f"{NAME} (by the proxy)" in found.text


@pytest.mark.parametrize("oldest", [V.TLSv1_3, V.TLSv1_2])
def test_the_floor_of_a_proxy_that_opens_connections_says_nothing_of_the_endpoint(
    tmp_path: Path, oldest: ssl.TLSVersion
) -> None:
    found = opened("tls-floor", tmp_path, oldest)
    assert found.ruling == "inconclusive"
    assert "no public authority vouches for the certificate that was shown" in found.text
    assert "look from where the endpoint is reached directly" in found.text


def test_the_floor_is_open_where_the_proxy_does_not_lead_there(tmp_path: Path) -> None:
    with listening(PROXIES["http"](Led({}))) as port:
        found = at(f"http://127.0.0.1:{port}", "tls-floor", tmp_path)
    assert found.ruling == "inconclusive"
    assert "status 403 (Forbidden)" in found.text


def test_in_tier_1_two_engines_must_agree_and_only_one_looks_through_a_proxy(tmp_path: Path) -> None:
    found = through(tls(GOOD.write(tmp_path), V.TLSv1_3), "tls-floor", tmp_path, tier=1)
    assert found.ruling == "inconclusive"
    assert "in tier 1 two engines must say the same, of which sslyze looks only directly" in found.text


@pytest.mark.parametrize("given", [{"depth": "fast"}, {"scan": False}])
def test_in_tier_1_one_engine_is_enough_where_the_other_was_not_to_look_anyway(
    tmp_path: Path, given: dict[str, Any]
) -> None:
    found = through(tls(GOOD.write(tmp_path), V.TLSv1_3), "tls-floor", tmp_path, tier=1, **given)
    assert found.ruling == "satisfied"


# certificate and certificate-issuer


@BOTH_SCHEMES
@pytest.mark.parametrize(
    ("holder", "expected"),
    [
        (GOOD, "satisfied"),
        (leaf(PUBLIC, NAME, since=NOW - 9 * DAY, until=NOW - DAY), "not-satisfied"),
        (leaf(PUBLIC, "other.example"), "inconclusive"),
        (leaf(None, NAME), "inconclusive"),
        (OPENED, "inconclusive"),
    ],
)
def test_a_certificate_is_judged_where_a_public_authority_vouches_for_the_name(
    tmp_path: Path, scheme: str, holder: Holder, expected: str
) -> None:
    assert through(tls(holder.write(tmp_path)), "certificate", tmp_path, scheme).ruling == expected


def test_a_certificate_that_a_proxy_shows_of_its_own_is_not_the_endpoints(tmp_path: Path) -> None:
    found = opened("certificate", tmp_path)
    assert found.ruling == "inconclusive"
    assert "the proxy itself may have answered" in found.text


def test_the_same_private_root_is_trusted_on_the_direct_way(tmp_path: Path) -> None:
    with listening(tls(OPENED.write(tmp_path))) as port:
        endpoint = Endpoint(endpoint=f"https://{NAME}:{port}", addresses=("127.0.0.1",))
        assert judged(endpoint, "certificate", tmp_path, ROOTS).ruling == "satisfied"


@pytest.mark.parametrize(("issuer", "expected"), [("Public Root", "satisfied"), ("Another Authority", "not-satisfied")])
def test_an_issuer_is_judged_where_a_public_authority_vouches_for_the_name(
    tmp_path: Path, issuer: str, expected: str
) -> None:
    talk = tls(GOOD.write(tmp_path))
    assert through(talk, "certificate-issuer", tmp_path, issuers=issuer).ruling == expected


def test_the_issuer_that_a_proxy_shows_is_not_the_endpoints(tmp_path: Path) -> None:
    assert opened("certificate-issuer", tmp_path, issuers="Proxy Root").ruling == "inconclusive"


# post-quantum


@pytest.mark.parametrize(("curves", "expected"), [("auto", "satisfied"), ("X25519:P-256", "not-satisfied")])
def test_groups_are_judged_where_nobody_opens_the_connection(tmp_path: Path, curves: str, expected: str) -> None:
    with (
        node(GOOD.write(tmp_path), curves) as port,
        listening(PROXIES["http"](Led({f"{NAME}:443": ("127.0.0.1", port)}))) as outer,
    ):
        assert at(f"http://127.0.0.1:{outer}", "post-quantum", tmp_path).ruling == expected


def test_groups_of_a_proxy_that_opens_connections_say_nothing_of_the_endpoint(tmp_path: Path) -> None:
    assert opened("post-quantum", tmp_path).ruling == "inconclusive"


# where


SOURCES = Sources(ranges=("ranges.json",))
PREFIX = {"ip_prefix": "192.0.2.0/24", "region": "eu-central-1", "service": "EC2", "network_border_group": ""}
RANGES = {
    "syncToken": str(int(NOW.timestamp())),
    "createDate": f"{NOW:%Y-%m-%d-%H-%M-%S}",
    "prefixes": [PREFIX],
    "ipv6_prefixes": [],
}


@pytest.mark.parametrize(
    ("addresses", "within", "expected"),
    [
        (["192.0.2.7"], "EU", "satisfied"),
        (["192.0.2.7"], "US", "not-satisfied"),
        ([], "EU", "inconclusive"),
    ],
)
def test_only_an_address_that_the_profile_gives_can_be_located(
    tmp_path: Path, addresses: list[str], within: str, expected: str
) -> None:
    (tmp_path / "ranges.json").write_text(json.dumps(RANGES))
    found = at("http://127.0.0.1:9", "endpoint-location", tmp_path, addresses=addresses, within=within, sources=SOURCES)
    assert found.ruling == expected, found.text
    if not addresses:
        assert f"a proxy looks {NAME} up, and to which address it leads is not known here" in found.text


# everything else


ONLY_DIRECTLY: dict[str, dict[str, Any]] = {
    "tls-ciphers": {"mozilla": "modern 5.7"},
    "forward-secrecy": {},
    "tls-vulnerabilities": {},
    "early-data-off": {},
    "hsts": {},
    "no-plaintext": {},
    "mutual-tls": {},
}


@pytest.mark.parametrize("kind", list(ONLY_DIRECTLY))
def test_a_claim_that_needs_a_direct_look_is_open_and_says_so(tmp_path: Path, kind: str) -> None:
    found = through(tls(GOOD.write(tmp_path)), kind, tmp_path, **ONLY_DIRECTLY[kind])
    assert found.ruling == "inconclusive"
    assert f"{NAME} is reached through a proxy" in found.text


def test_every_claim_on_endpoints_was_tried_here() -> None:
    tried = {"tls-floor", "certificate", "certificate-issuer", "post-quantum", "endpoint-location", *ONLY_DIRECTLY}
    asks_resolvers_only = {"dnssec", "caa"}
    probes = everything().probes
    kinds = {
        kind
        for kind, check in everything().checks.items()
        if all((Endpoint, need.facts) in probes for need in check.needs if not need.optional) and check.needs
    }
    assert kinds - asks_resolvers_only - tried == set()


# which way


def test_every_observation_says_which_way_it_went(tmp_path: Path) -> None:
    with behind(tls(GOOD.write(tmp_path), V.TLSv1_3)) as (proxy, _):
        found = at(proxy, "tls-floor", tmp_path)
    ways = {seen.kind: seen.way for seen in found.observations}
    assert ways == {"dns.resolution": proxy, "tls.offers": proxy, "tls.scan": "direct"}
