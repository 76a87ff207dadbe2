"""Keys of Cloud KMS for tests: subjects, an unmodified client, and a vendor that keeps a record under such a key."""

import functools
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import grpc  # type: ignore[import-untyped]
from google.api_core.exceptions import GoogleAPICallError
from google.cloud.kms_v1 import KeyManagementServiceClient
from google.cloud.kms_v1.services.key_management_service.transports import KeyManagementServiceGrpcTransport

from clauseproof.facts.google import GoogleKey
from clauseproof.sandbox.crm import Contacts, application
from clauseproof.sandbox.envelope import DataKeys, KeyRefused
from clauseproof.sandbox.kms.google import GoogleKmsDouble
from clauseproof.sandbox.kms.serving import LoopbackServer
from tests.support.keys import FAST, SENTINEL, TOKEN


def google_key(double: GoogleKmsDouble, name: str, **more: Any) -> GoogleKey:
    """A key of the double, drilled fast unless told otherwise."""
    return GoogleKey.model_validate({"key": name, "endpoint": double.address, "insecure": True, "drill": FAST, **more})


@functools.lru_cache(maxsize=32)
def client_at(address: str) -> KeyManagementServiceClient:
    """An unmodified client, on a channel without TLS."""
    channel = grpc.insecure_channel(address, options=[("grpc.use_local_subchannel_pool", 1)])
    return KeyManagementServiceClient(transport=KeyManagementServiceGrpcTransport(host=address, channel=channel))


def client(double: GoogleKmsDouble) -> KeyManagementServiceClient:
    """The same, for a double."""
    return client_at(double.address)


def states_of(double: GoogleKmsDouble, name: str) -> dict[int, str]:
    """The state of every version, by number."""
    versions = client(double).list_crypto_key_versions(parent=name, retry=None, timeout=5)
    return {int(version.name.rpartition("/")[2]): version.state.name for version in versions}


def usable(double: GoogleKmsDouble, name: str, disabled: tuple[int, ...] = ()) -> bool:
    """Whether every version but `disabled` ones is enabled, and the key encrypts and decrypts."""
    kms = client(double)
    sealed = kms.encrypt(name=name, plaintext=b"x", retry=None, timeout=5).ciphertext
    opened = kms.decrypt(name=name, ciphertext=sealed, retry=None, timeout=5).plaintext
    expected = {number: "DISABLED" if number in disabled else "ENABLED" for number in states_of(double, name)}
    return states_of(double, name) == expected and opened == b"x"


def turn(double: GoogleKmsDouble, name: str, number: int, state: str) -> None:
    """What an administrator does to one version."""
    version = {"name": f"{name}/cryptoKeyVersions/{number}", "state": state}
    request = {"crypto_key_version": version, "update_mask": {"paths": ["state"]}}
    client(double).update_crypto_key_version(request=request, retry=None, timeout=5)


def make_version(double: GoogleKmsDouble, name: str) -> None:
    """Make a version that is not primary."""
    client(double).create_crypto_key_version(request={"parent": name, "crypto_key_version": {}}, timeout=5)


def destroy(double: GoogleKmsDouble, name: str, number: int) -> None:
    """Schedule the destruction of one version."""
    client(double).destroy_crypto_key_version(name=f"{name}/cryptoKeyVersions/{number}", retry=None, timeout=5)


class WrappingKms:
    """Cloud KMS as the vendor's envelope encryption asks for a KMS: data keys made here, wrapped there."""

    def __init__(self, double: GoogleKmsDouble) -> None:
        self._kms = client(double)

    def generate_data_key(self, **params: Any) -> dict[str, bytes]:
        plain = os.urandom(32)
        wrapped = self._ask(self._kms.encrypt, params, plaintext=plain).ciphertext
        return {"Plaintext": plain, "CiphertextBlob": wrapped}

    def decrypt(self, **params: Any) -> dict[str, bytes]:
        return {"Plaintext": self._ask(self._kms.decrypt, params, ciphertext=params["CiphertextBlob"]).plaintext}

    def _ask(self, call: Any, params: Mapping[str, Any], **more: bytes) -> Any:
        context = repr(sorted(params["EncryptionContext"].items())).encode()
        request = {"name": params["KeyId"], "additional_authenticated_data": context, **more}
        try:
            return call(request=request, retry=None, timeout=3)
        except GoogleAPICallError as error:
            raise KeyRefused(str(error.grpc_status_code)) from error


@contextmanager
def vendor(double: GoogleKmsDouble, name: str, keep_s: float = 0.0) -> Iterator[dict[str, Any]]:
    """A CRM that keeps our record under the key, and plain data keys for `keep_s`; gives the data path to it."""
    kms: Any = WrappingKms(double)
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
