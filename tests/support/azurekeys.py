"""Keys of Key Vault for tests: subjects, looks, the state of versions, and a vendor that keeps a record under one."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from azure.core.credentials import AccessTokenInfo
from azure.core.exceptions import AzureError, HttpResponseError
from azure.keyvault.keys import KeyClient
from azure.keyvault.keys.crypto import CryptographyClient, KeyWrapAlgorithm

from clauseproof.facts.azure import AzureKey
from clauseproof.model.look import Look
from clauseproof.sandbox.crm import Contacts, application
from clauseproof.sandbox.envelope import DataKeys, KeyRefused
from clauseproof.sandbox.kms.azure import BUYER, AzureKeyVaultDouble, Caller
from clauseproof.sandbox.kms.serving import LoopbackServer
from tests.support.keys import FAST, SENTINEL, TOKEN, look

TOKEN_NAME = "KEY_VAULT_TOKEN"
VENDOR = Caller(token="vendor", object_id="22222222-2222-2222-2222-222222222222")


def azure_key(double: AzureKeyVaultDouble, identifier: str, **more: Any) -> AzureKey:
    """A key of the double, drilled fast unless told otherwise, with the token that the environment holds."""
    host, port = double.address
    way = {"connect_to": f"{host}:{port}", "ca_file": str(double.ca_file), "token": f"${{env:{TOKEN_NAME}}}"}
    return AzureKey.model_validate({"key": identifier, **way, "drill": FAST, **more})


def azure_look(**more: Any) -> Look:
    """A look that reads any file of this machine."""
    return look(read_file=lambda name, limit: Path(name).read_bytes(), **more)


class Token:
    """A credential that hands out one token."""

    def __init__(self, token: str) -> None:
        self._token = token

    def get_token_info(self, *scopes: str, options: Any = None) -> AccessTokenInfo:
        return AccessTokenInfo(self._token, int(time.time()) + 3600)


def client(double: AzureKeyVaultDouble, token: str = BUYER.token) -> KeyClient:
    """An unmodified SDK client."""
    credential: Any = Token(token)
    return KeyClient(double.url, credential, transport=double.transport(), retry_total=0)


def crypto(double: AzureKeyVaultDouble, version: str, token: str = BUYER.token) -> CryptographyClient:
    """The same for one version, by its full identifier."""
    credential: Any = Token(token)
    return CryptographyClient(version, credential, transport=double.transport(), retry_total=0)


def flags(double: AzureKeyVaultDouble, name: str = "cmk") -> list[bool]:
    """Whether each version is enabled, oldest first."""
    with client(double) as keys:
        listed = sorted(keys.list_properties_of_key_versions(name), key=lambda version: str(version.created_on))
        return [bool(version.enabled) for version in listed]


def usable(double: AzureKeyVaultDouble, name: str = "cmk") -> bool:
    """Whether the key wraps, and the service unwraps."""
    with client(double) as keys:
        version = str(keys.get_key(name).id)
    with crypto(double, version) as cipher:
        wrapped = cipher.wrap_key(KeyWrapAlgorithm.rsa_oaep_256, b"x" * 32).encrypted_key
        try:
            return bool(cipher.unwrap_key(KeyWrapAlgorithm.rsa_oaep_256, wrapped).key == b"x" * 32)
        except HttpResponseError:
            return False


class WrappingKms:
    """Key Vault as the vendor's envelope encryption asks for a KMS: data keys made here, wrapped there."""

    def __init__(self, double: AzureKeyVaultDouble, name: str) -> None:
        self._double = double
        with client(double, VENDOR.token) as keys:
            self._cipher = crypto(double, str(keys.get_key(name).id), VENDOR.token)

    def generate_data_key(self, **params: Any) -> dict[str, bytes]:
        plain = os.urandom(32)
        wrapped = self._cipher.wrap_key(KeyWrapAlgorithm.rsa_oaep_256, plain).encrypted_key
        return {"Plaintext": plain, "CiphertextBlob": wrapped}

    def decrypt(self, **params: Any) -> dict[str, bytes]:
        try:
            unwrapped = self._cipher.unwrap_key(KeyWrapAlgorithm.rsa_oaep_256, params["CiphertextBlob"])
        except AzureError as error:
            raise KeyRefused(type(error).__name__) from error
        return {"Plaintext": unwrapped.key}


@contextmanager
def vendor(double: AzureKeyVaultDouble, name: str = "cmk", keep_s: float = 0.0) -> Iterator[dict[str, Any]]:
    """A CRM that keeps our record under the newest version, and plain data keys for `keep_s`; gives the data path."""
    double.admit(VENDOR)
    kms: Any = WrappingKms(double, name)
    contacts = Contacts(DataKeys(kms, name, keep_s=keep_s), "acme")
    contacts.put("canary", {"note": SENTINEL})
    with LoopbackServer(application(contacts, authorization=TOKEN)) as server:
        yield {
            "url": f"{server.url}/v1/contacts/canary",
            "headers": {"Authorization": "${env:TOKEN}"},
            "expect_sentinel": SENTINEL,
            "json_pointer": "/note",
            "timeout": "2 s",
        }
