"""Which way calls to a key service go, by the providers' own libraries: an observation never says `direct` wrongly."""

import pytest

from clauseproof.facts.keys import AwsKey
from clauseproof.model.errors import Unreachable
from clauseproof.model.look import Look
from clauseproof.probes.kms import aws, azure, google
from clauseproof.probes.kms.environment import UNREADABLE, of_botocore, of_grpc, of_requests
from clauseproof.sandbox.kms.azure import AzureKeyVaultDouble
from clauseproof.sandbox.kms.azure import KeySeed as VaultKey
from clauseproof.sandbox.kms.google import GoogleKmsDouble
from clauseproof.sandbox.kms.google import KeySeed as GoogleSeed
from clauseproof.sandbox.kms.proxy import ConnectProxy
from tests.support.azurekeys import azure_key, azure_look
from tests.support.googlekeys import google_key
from tests.support.keys import look
from tests.support.proxies import Led, connect_proxy
from tests.support.tls import listening

KMS = "https://kms.eu-central-1.amazonaws.com"
VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "grpc_proxy", "no_grpc_proxy")


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def test_without_a_proxy_in_the_environment_there_is_none() -> None:
    assert (of_botocore(KMS), of_requests(KMS), of_grpc("cloudkms.googleapis.com")) == (None, None, None)


@pytest.mark.parametrize(
    ("name", "by_botocore", "by_requests", "by_grpc"),
    [
        ("HTTPS_PROXY", True, True, False),
        ("https_proxy", True, True, True),
        ("http_proxy", False, False, True),
        ("grpc_proxy", False, False, True),
        ("ALL_PROXY", False, True, False),
    ],
)
def test_each_library_has_its_own_variables(
    monkeypatch: pytest.MonkeyPatch, name: str, *, by_botocore: bool, by_requests: bool, by_grpc: bool
) -> None:
    monkeypatch.setenv(name, "http://proxy.example:3128")
    found = [of_botocore(KMS), of_requests(KMS), of_grpc("cloudkms.googleapis.com")]
    assert [one == "http://proxy.example:3128" for one in found] == [by_botocore, by_requests, by_grpc]


@pytest.mark.parametrize("spared", ["kms.eu-central-1.amazonaws.com", ".amazonaws.com", "localhost, .amazonaws.com"])
def test_hosts_that_the_environment_spares_are_reached_directly(monkeypatch: pytest.MonkeyPatch, spared: str) -> None:
    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    monkeypatch.setenv("no_proxy", spared)
    assert (of_botocore(KMS), of_requests(KMS), of_grpc(KMS.removeprefix("https://"))) == (None, None, None)


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("http://tester:hunter2@proxy.example:3128/", "http://proxy.example:3128"),
        ("proxy.example:3128", "http://proxy.example:3128"),
        ("http://[2001:db8::1]:3128", "http://[2001:db8::1]:3128"),
        ("http://tester:hunter2@:3128", UNREADABLE),
        ("http://proxy.example:hunter2", UNREADABLE),
        ("http://tester:hunter2@" + "x" * 999, UNREADABLE),
        ("http://hunter2/x@proxy.example:3128", UNREADABLE),
        ("http://tester:12#hunter2@proxy.example:3128", UNREADABLE),
        ("http://tester:12?hunter2@proxy.example:3128", UNREADABLE),
    ],
)
def test_a_login_in_the_environment_is_never_written_down(
    monkeypatch: pytest.MonkeyPatch, written: str, shown: str
) -> None:
    monkeypatch.setenv("grpc_proxy", written)
    assert of_grpc("cloudkms.googleapis.com") == shown


def test_a_key_of_aws_is_asked_through_it(monkeypatch: pytest.MonkeyPatch) -> None:
    led, hands = Led({}), look()
    with listening(connect_proxy(led)) as port:
        monkeypatch.setenv("HTTPS_PROXY", f"http://tester:hunter2@127.0.0.1:{port}")
        with pytest.raises(Unreachable):
            aws.custody(AwsKey(key="arn:aws:kms:eu-central-1:111122223333:key/1"), hands)
    assert set(led.asked) == {"kms.eu-central-1.amazonaws.com:443"}
    assert hands.way == f"http://127.0.0.1:{port}"


def test_a_key_of_azure_is_asked_through_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with AzureKeyVaultDouble() as double, ConnectProxy({double.host_name: double.address}) as proxy:
        key = azure_key(double, double.seed_key(VaultKey(name="cmk")), connect_to=None)
        hands = azure_look()
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        assert azure.custody(key, hands).owner
    assert hands.way == proxy.url


def test_a_vault_that_the_profile_finds_on_this_machine_is_asked_directly(monkeypatch: pytest.MonkeyPatch) -> None:
    with AzureKeyVaultDouble() as double:
        key, hands = azure_key(double, double.seed_key(VaultKey(name="cmk"))), azure_look()
        monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
        assert azure.custody(key, hands).owner
    assert hands.way == ""


def test_a_key_of_google_is_asked_through_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with GoogleKmsDouble() as double:
        key = google_key(double, double.seed_key(GoogleSeed(id="cmk")))
        address = str(key.endpoint)
        host, _, port = address.rpartition(":")
        led, hands = Led({address: (host, int(port))}), look()
        with listening(connect_proxy(led)) as proxy_port:
            monkeypatch.setenv("grpc_proxy", f"http://127.0.0.1:{proxy_port}")
            assert google.custody(key, hands).target == key.name
    assert set(led.asked) == {address}
    assert hands.way == f"http://127.0.0.1:{proxy_port}"


def test_several_proxies_on_the_way_are_all_named_once() -> None:
    hands = Look(way="direct")
    for proxy in ("http://a.example:1", None, "socks5://b.example:2", "http://a.example:1"):
        hands.went_through(proxy)
    assert hands.way == "http://a.example:1, socks5://b.example:2"
