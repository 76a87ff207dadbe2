import os
import subprocess
import sys

import httpx
import pytest

from clauseproof.sandbox.kms.azure import AzureKeyVaultDouble, KeySeed
from clauseproof.sandbox.kms.proxy import ConnectProxy

SHOW_KEY = """
import sys
from azure.core.credentials import AccessTokenInfo
from azure.keyvault.keys import KeyClient

class Token:
    def get_token_info(self, *scopes, options=None):
        return AccessTokenInfo("buyer", 4102444800)

url, ca_file = sys.argv[1:]
print(KeyClient(url, Token(), connection_verify=ca_file, retry_total=0).get_key("cmk").id)
"""


def test_another_process_reaches_a_vault_under_its_real_name_with_nothing_but_the_environment() -> None:
    with AzureKeyVaultDouble() as double, ConnectProxy({double.host_name: double.address}) as proxy:
        key = double.seed_key(KeySeed(name="cmk"))
        command = [sys.executable, "-c", SHOW_KEY, double.url, str(double.ca_file)]
        environment = {**os.environ, "HTTPS_PROXY": proxy.url, "https_proxy": proxy.url, "NO_PROXY": "", "no_proxy": ""}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.startswith(f"{key}/"), done.stderr


@pytest.mark.parametrize("url", ["https://elsewhere.example/", "https://probe.vault.azure.net:8443/"])
def test_any_other_place_is_refused(url: str) -> None:
    with ConnectProxy({"probe.vault.azure.net": ("127.0.0.1", 9)}) as proxy:
        client = httpx.Client(proxy=proxy.url, trust_env=False)
        with client, pytest.raises(httpx.ProxyError, match="403"):
            client.get(url)


def test_it_is_no_proxy_for_plain_http() -> None:
    with ConnectProxy({"probe.vault.azure.net": ("127.0.0.1", 9)}) as proxy:
        client = httpx.Client(proxy=proxy.url, trust_env=False)
        with client:
            assert client.get("http://probe.vault.azure.net/").status_code == 403


def test_an_endless_head_is_cut_off() -> None:
    with ConnectProxy({}) as proxy:
        client = httpx.Client(proxy=proxy.url, trust_env=False)
        with client, pytest.raises(httpx.TransportError):
            client.get("http://probe.vault.azure.net/", headers={"x": "y" * 65536})
