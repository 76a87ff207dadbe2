"""The buyer's credentials, as AWS's default chain finds them, a token for Key Vault, and RSA keys made once."""

from collections.abc import Iterator

import pytest
from azure.keyvault.keys._shared import http_challenge_cache

from clauseproof.sandbox.kms.aws import BUYER_ACCESS_KEY
from clauseproof.sandbox.kms.azure import BUYER
from tests.support import rsakeys
from tests.support.azurekeys import TOKEN_NAME


@pytest.fixture(autouse=True)
def _buyer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", BUYER_ACCESS_KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "any secret will do")
    monkeypatch.setenv(TOKEN_NAME, BUYER.token)
    http_challenge_cache.clear()  # kept by host for the whole process; each double is another vault of the same name


@pytest.fixture(autouse=True)
def _rsa_keys() -> Iterator[None]:
    with rsakeys.reused():
        yield
