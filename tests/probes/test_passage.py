"""Endpoints behind proxies: real CONNECT and SOCKS5 servers on loopback, and such as refuse, hang and talk nonsense."""

import asyncio
import socket
import ssl
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from clauseproof.facts.dns import BY_PROXY, Origin, Resolution
from clauseproof.facts.endpoint import Endpoint
from clauseproof.facts.hello import Offers
from clauseproof.facts.manner import Depth, StartTls, Way
from clauseproof.facts.tls import Chain, Served
from clauseproof.model.errors import Denied, LookFailed, Unknowable, Unreachable
from clauseproof.model.look import Look
from clauseproof.model.profile import Network, Sources
from clauseproof.model.secret import SecretRef
from clauseproof.model.unseen import Reason, Unseen
from clauseproof.probes import chain as chains
from clauseproof.probes.chain import chain
from clauseproof.probes.dns import resolution
from clauseproof.probes.hello import ask as hellos
from clauseproof.probes.hello.offers import offers
from clauseproof.probes.place import ranges
from clauseproof.probes.scan import scan
from tests.support.certificates import authority, leaf
from tests.support.dns import NameServer, serving
from tests.support.hostile import mail
from tests.support.offers import Kept, answers, decisions
from tests.support.proxies import PROXIES, Led, answering, behind, connect_proxy
from tests.support.tls import Talk, listening, resetting, silent, tls

HOLDER = leaf(authority("Test Intermediate", authority()), "api.crm.example")
USER, PASSWORD = SecretRef("env", "PROXY_USER"), SecretRef("env", "PROXY_PASSWORD")
BOTH_SCHEMES = pytest.mark.parametrize("scheme", list(PROXIES))
pytestmark = pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1:DeprecationWarning")


@dataclass
class Seen:
    """What three looks saw, in one run of the loop as the engine has it."""

    names: Resolution
    offers: Offers
    chain: Chain
    looks: list[Look] = field(default_factory=list)


def look(user: str, password: str) -> Look:
    secrets = {USER: user, PASSWORD: password}
    return Look(keep=Kept(), reveal=secrets.__getitem__)


def seen(endpoint: Endpoint, user: str = "tester", password: str = "hunter2") -> Seen:
    async def story() -> Seen:
        looks = [look(user, password) for _ in range(3)]
        names = await resolution(endpoint, looks[0])
        heard, shown = await asyncio.gather(offers(endpoint, names, looks[1]), chain(endpoint, names, looks[2]))
        return Seen(names, heard, shown, looks)

    return asyncio.run(story())


def proxied(proxy: str, **given: object) -> Endpoint:
    return Endpoint.model_validate({"endpoint": "https://api.crm.example", "proxy": proxy, "depth": "fast"} | given)


def why(facts: Offers | Chain) -> list[Unseen]:
    found = [one.answers if isinstance(facts, Offers) else one.served for one in facts.per_address]  # type: ignore[union-attr]
    assert all(isinstance(one, Unseen) for one in found), found
    return [one for one in found if isinstance(one, Unseen)]


# through


@BOTH_SCHEMES
def test_versions_and_certificates_are_seen_through_a_proxy(tmp_path: Path, scheme: str) -> None:
    with behind(tls(HOLDER.write(tmp_path), ssl.TLSVersion.TLSv1_3), scheme) as (proxy, _):
        found = seen(proxied(proxy))
    assert decisions(answers(found.offers, BY_PROXY)) == "rrrra"
    assert (found.offers.way, found.chain.way) == (Way.PROXY, Way.PROXY)
    assert found.chain.per_address[0].served == (Served(chain=HOLDER.chain, times=2),)


@BOTH_SCHEMES
def test_the_proxy_looks_the_name_up_where_no_address_is_given(tmp_path: Path, scheme: str) -> None:
    with behind(tls(HOLDER.write(tmp_path)), scheme) as (proxy, led):
        found = seen(proxied(proxy))
    assert (found.names.origin, found.names.views, found.names.reachable) == (Origin.PROXY, (), (BY_PROXY,))
    assert set(led.asked) == {"api.crm.example:443"}


@BOTH_SCHEMES
def test_a_fixed_address_is_what_the_proxy_is_asked_for(tmp_path: Path, scheme: str) -> None:
    with behind(tls(HOLDER.write(tmp_path)), scheme) as (proxy, led):
        port = next(iter(led.to.values()))[1]
        found = seen(proxied(proxy, endpoint=f"api.crm.example:{port}", addresses=["127.0.0.1"]))
    assert (found.names.origin, found.names.reachable) == (Origin.PROFILE, ("127.0.0.1",))
    assert decisions(answers(found.offers)) == "rrraa"
    assert set(led.asked) == {f"127.0.0.1:{port}"}


def test_resolvers_of_the_endpoints_own_look_the_name_up_for_the_proxy(tmp_path: Path) -> None:
    with (
        behind(tls(HOLDER.write(tmp_path))) as (proxy, led),
        serving(NameServer({"api.crm.example.": ["60 A 127.0.0.1"]})) as own,
    ):
        port = next(iter(led.to.values()))[1]
        given = {"endpoint": f"api.crm.example:{port}", "resolvers": [own.text], "private_addresses": True}
        found = seen(proxied(proxy, **given))
    assert (found.names.origin, found.names.reachable) == (Origin.RESOLVERS, ("127.0.0.1",))
    assert set(led.asked) == {f"127.0.0.1:{port}"}


def test_an_endpoints_own_resolvers_are_asked_in_place_of_the_profiles() -> None:
    with serving(NameServer({"api.crm.example.": ["60 A 192.0.2.7"]})) as own, serving(NameServer({})) as profiles:
        endpoint = Endpoint(endpoint="https://api.crm.example", resolvers=(own.text,))
        names = asyncio.run(resolution(endpoint, Look(network=Network(resolvers=(profiles.text,)))))
    assert ([view.resolver for view in names.views], profiles.asked) == ([own.text], [])


def test_every_look_notes_which_way_it_went(tmp_path: Path) -> None:
    with behind(tls(HOLDER.write(tmp_path))) as (proxy, _):
        assert [one.way for one in seen(proxied(proxy)).looks] == [proxy] * 3
    assert [one.way for one in seen(Endpoint(endpoint="https://127.0.0.1:9", depth=Depth.FAST)).looks] == [""] * 3


@BOTH_SCHEMES
def test_starttls_begins_behind_the_tunnel(tmp_path: Path, scheme: str) -> None:
    with behind(mail(HOLDER.write(tmp_path)), scheme, port=25) as (proxy, _):
        found = seen(proxied(proxy, endpoint="api.crm.example:25", starttls="smtp"))
    assert found.offers.starttls is StartTls.SMTP
    assert decisions(answers(found.offers, BY_PROXY)) == "rrrra"
    assert found.chain.per_address[0].served == (Served(chain=HOLDER.chain, times=2),)


def test_a_server_that_does_not_begin_tls_is_told_apart_from_its_proxy() -> None:
    with behind(lambda connection: connection.sendall(b"554 not today\r\n"), port=25) as (proxy, _):
        found = seen(proxied(proxy, endpoint="api.crm.example:25", starttls="smtp"))
    (gap,) = why(found.offers)
    assert gap.text == (
        f"api.crm.example port 25 through {proxy} did not begin TLS by smtp: the server said '554 not today'"
    )
    assert why(found.chain) == [gap]


def test_one_finished_handshake_shows_who_answers_behind_the_proxy(tmp_path: Path) -> None:
    with behind(tls(HOLDER.write(tmp_path))) as (proxy, _):
        found = seen(proxied(proxy))
    assert [(one.address, one.served) for one in found.offers.behind or ()] == [
        (BY_PROXY, (Served(chain=HOLDER.chain, times=1),))
    ]


# logging in


@BOTH_SCHEMES
def test_a_login_opens_the_way(tmp_path: Path, scheme: str) -> None:
    with behind(tls(HOLDER.write(tmp_path)), scheme, "tester:hunter2") as (proxy, led):
        found = seen(proxied(proxy, proxy_user=USER, proxy_password=PASSWORD))
    assert decisions(answers(found.offers, BY_PROXY)) == "rrraa"
    assert set(led.logins) == {"tester:hunter2"}


@BOTH_SCHEMES
def test_a_login_that_is_refused_is_tried_once_in_all_looks(tmp_path: Path, scheme: str) -> None:
    with behind(tls(HOLDER.write(tmp_path)), scheme, "tester:right") as (proxy, led):
        found = seen(proxied(proxy, proxy_user=USER, proxy_password=PASSWORD))
    assert led.logins == ["tester:hunter2"]
    for gap in (*why(found.offers), *why(found.chain)):
        assert (gap.reason, "proxy_password" in gap.remedy) == (Reason.DENIED, True)


@BOTH_SCHEMES
def test_no_secret_is_in_what_was_seen(tmp_path: Path, scheme: str) -> None:
    for login in ("tester:hunter2", "tester:right"):  # the CONNECT proxy repeats a wrong one in its answer
        with behind(tls(HOLDER.write(tmp_path)), scheme, login) as (proxy, _):
            found = seen(proxied(proxy, proxy_user=USER, proxy_password=PASSWORD))
        told = f"{found} {found.offers.model_dump_json()} {found.chain.model_dump_json()}"
        assert "hunter2" not in told
        assert "dGVzdGVyOmh1bnRlcjI" not in told  # the same in base64


@BOTH_SCHEMES
def test_a_proxy_that_asks_for_a_login_where_none_is_given_says_so(tmp_path: Path, scheme: str) -> None:
    with behind(tls(HOLDER.write(tmp_path)), scheme, "tester:right") as (proxy, _):
        (gap,) = why(seen(proxied(proxy)).offers)
    assert (gap.reason, "proxy_user" in gap.remedy) == (Reason.DENIED, True)


@pytest.mark.parametrize(("user", "password"), [("a:b", "hunter2"), ("", "hunter2"), ("tester", "x" * 256)])
def test_a_login_that_cannot_be_told_is_not_sent(user: str, password: str) -> None:
    with pytest.raises(Denied, match="cannot be told to a proxy") as caught:
        seen(proxied("http://127.0.0.1:9", proxy_user=USER, proxy_password=PASSWORD), user=user, password=password)
    assert "hunter2" not in str(caught.value)


# proxies that do not lead there


@pytest.mark.parametrize(
    ("scheme", "talk", "reason", "says"),
    [
        ("http", connect_proxy(Led({})), Reason.DENIED, "status 403 (Forbidden)"),
        ("socks5", PROXIES["socks5"](Led({})), Reason.DENIED, "not allowed by its rules"),
        ("http", answering(b"HTTP/1.1 504 Gateway Timeout\r\n\r\n"), Reason.UNREACHABLE, "status 504"),
        ("http", answering(b"SSH-2.0-OpenSSH_9.2\r\n" * 8), Reason.UNREADABLE, "does not answer in HTTP"),
        ("socks5", answering(b"HTTP/1.1 400 Bad Request\r\n\r\n"), Reason.UNREADABLE, "does not answer in SOCKS5"),
        ("http", answering(b""), Reason.UNREACHABLE, "closed the connection"),
        ("http", answering(b"HTTP/1.1 200 " + b"X" * 40_000), Reason.UNREADABLE, "more than 32768 bytes"),
        ("http", resetting, Reason.UNREACHABLE, "reset"),
        ("http", silent, Reason.DEADLINE, "in time"),
        ("socks5", silent, Reason.DEADLINE, "in time"),
    ],
)
def test_a_proxy_that_does_not_lead_there_leaves_the_endpoint_unseen(
    monkeypatch: pytest.MonkeyPatch, scheme: str, talk: Talk, reason: Reason, says: str
) -> None:
    for module in (hellos, chains):
        monkeypatch.setattr(module, "PLAIN_PATIENCE_S", 0.5)
    with listening(talk) as port:
        found = seen(proxied(f"{scheme}://127.0.0.1:{port}"))
    (gap,) = why(found.offers)
    assert (gap.reason, says in gap.text) == (reason, True), gap
    assert f"api.crm.example port 443 through {scheme}://127.0.0.1:{port}" in gap.text
    assert why(found.chain)[0].reason is reason


def test_a_proxy_that_is_not_there_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    (gap,) = why(seen(proxied(f"http://127.0.0.1:{port}")).offers)
    assert (gap.reason, gap.remedy) == (Reason.UNREACHABLE, "check that the proxy is up and reachable from here")


def test_a_proxy_without_an_address_is_named() -> None:
    with pytest.raises(Unreachable, match=r"the proxy http://proxy\.invalid:3128 has no address"):
        seen(proxied("http://proxy.invalid:3128"))


def test_bytes_that_come_before_ours_through_a_tunnel_are_no_answer() -> None:
    with listening(answering(b"HTTP/1.1 200 OK\r\n\r\n\x15\x03\x03\x00\x02\x02\x46")) as port:
        (gap,) = why(seen(proxied(f"http://127.0.0.1:{port}")).offers)
    assert "7 bytes came through the proxy before anything was sent" in gap.text


def test_a_look_without_time_does_not_wait_for_a_proxy() -> None:
    endpoint = proxied("http://localhost:3128")
    names = asyncio.run(resolution(endpoint, Look()))
    with pytest.raises(LookFailed, match="out of time"):
        asyncio.run(offers(endpoint, names, Look(deadline=time.monotonic() - 1)))


# looks that do not go through proxies


def test_sslyze_looks_only_directly() -> None:
    endpoint = proxied("http://127.0.0.1:9", depth="full")
    with pytest.raises(
        Unknowable, match=r"api\.crm\.example is reached through a proxy, and sslyze looks only directly"
    ):
        scan(endpoint, asyncio.run(resolution(endpoint, Look())), Look())


def test_an_address_that_only_the_proxy_knows_has_no_place(tmp_path: Path) -> None:
    endpoint = proxied("http://127.0.0.1:9")
    files = Look(sources=Sources(ranges=("ranges.json",)), read_file=lambda name, limit: AWS_RANGES, keep=Kept())
    with pytest.raises(Unknowable, match=r"a proxy looks api\.crm\.example up"):
        ranges(endpoint, asyncio.run(resolution(endpoint, Look())), files)


AWS_RANGES = b"""{"syncToken": "1", "createDate": "2026-11-24-00-00-00", "ipv6_prefixes": [],
 "prefixes": [{"ip_prefix": "192.0.2.0/24", "region": "eu-central-1", "service": "EC2", "network_border_group": ""}]}"""
