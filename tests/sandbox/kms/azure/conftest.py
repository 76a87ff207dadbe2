import time
from collections.abc import Iterator
from typing import Any, Protocol

import pytest
from azure.core.credentials import AccessTokenInfo, TokenRequestOptions
from azure.core.pipeline.transport import RequestsTransport
from azure.keyvault.keys import KeyClient
from azure.keyvault.keys._shared import http_challenge_cache
from azure.keyvault.keys.crypto import CryptographyClient

from clauseproof.sandbox.kms.azure import AzureKeyVaultDouble


class Token:
    """A credential that hands out one token and remembers what it was asked for."""

    def __init__(self, token: str) -> None:
        self._token = token
        self.scopes: list[str] = []

    def get_token_info(self, *scopes: str, options: TokenRequestOptions | None = None) -> AccessTokenInfo:
        self.scopes += scopes
        return AccessTokenInfo(self._token, int(time.time()) + 3600)


class Connect(Protocol):
    """Makes an unmodified KeyClient with every check on, whose every call is tried once."""

    def __call__(self, double: AzureKeyVaultDouble, token: str = "buyer", **more: Any) -> KeyClient: ...


class ConnectCrypto(Protocol):
    """The same for a CryptographyClient on one version of a key."""

    def __call__(self, double: AzureKeyVaultDouble, key_id: str, token: str = "buyer") -> CryptographyClient: ...


@pytest.fixture
def transports() -> Iterator[list[RequestsTransport]]:
    # The SDK keeps challenges by host for the whole process; each double is another vault under the same name.
    http_challenge_cache.clear()
    opened: list[RequestsTransport] = []
    yield opened
    for transport in opened:
        transport.close()


@pytest.fixture
def credentials() -> list[Token]:
    """Those that `connect` gave to its clients."""
    return []


@pytest.fixture
def connect(transports: list[RequestsTransport], credentials: list[Token]) -> Connect:
    def client(double: AzureKeyVaultDouble, token: str = "buyer", **more: Any) -> KeyClient:
        transports.append(double.transport())
        credentials.append(Token(token))
        options = {"credential": credentials[-1], "transport": transports[-1], "retry_total": 0, **more}
        return KeyClient(vault_url=double.url, **options)

    return client


@pytest.fixture
def connect_crypto(transports: list[RequestsTransport]) -> ConnectCrypto:
    def client(double: AzureKeyVaultDouble, key_id: str, token: str = "buyer") -> CryptographyClient:
        transports.append(double.transport())
        credential: Any = Token(token)
        return CryptographyClient(key_id, credential, transport=transports[-1], retry_total=0)

    return client
