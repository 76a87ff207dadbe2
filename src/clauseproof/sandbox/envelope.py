"""Envelope encryption under a customer's key: a data key per record, wrapped by the KMS, kept beside the ciphertext."""

import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

if TYPE_CHECKING:
    from types_boto3_kms.client import KMSClient

NONCE_BYTES: Final = 12
_KMS_S: Final = 3
_UNCHECKED: Final = "the double knows its callers by the access key alone"


class KeyRefused(Exception):
    """The KMS would not unwrap a data key; `code` is its own word for why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def kms_client(url: str, *, region: str, access_key: str) -> "KMSClient":
    """A real AWS SDK client for a KMS on loopback; credentials, proxies and settings of the environment stay out."""
    import boto3
    from botocore.config import Config

    config = Config(
        connect_timeout=_KMS_S,
        read_timeout=_KMS_S,
        retries={"total_max_attempts": 1},
        proxies={},
        max_pool_connections=50,
    )
    session = boto3.session.Session(aws_access_key_id=access_key, aws_secret_access_key=_UNCHECKED)
    return session.client("kms", region_name=region, endpoint_url=url, config=config)


class Wrapper(Protocol):
    """Makes data keys and unwraps them, by whatever key stands behind it."""

    def new(self, context: dict[str, str]) -> tuple[bytes, bytes]:
        """A fresh data key, plain and wrapped. Raises KeyRefused."""

    def unwrap(self, wrapped: bytes, context: dict[str, str]) -> bytes:
        """The plain data key. Raises KeyRefused."""


class DataKeys:
    """Data keys under one customer key.

    Each use of a key asks the KMS, unless `keep_s` lets a plain key live on in memory for that many seconds, as
    caching clients do: then whoever disables the customer key waits that long.
    """

    def __init__(
        self, kms: "KMSClient", key: str, *, keep_s: float = 0.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._kms = kms
        self._key = key
        self._keep_s = keep_s
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: dict[bytes, tuple[float, bytes]] = {}

    def new(self, context: dict[str, str]) -> tuple[bytes, bytes]:
        """A fresh data key, plain and wrapped. Raises KeyRefused."""
        made = self._ask(self._kms.generate_data_key, KeyId=self._key, KeySpec="AES_256", EncryptionContext=context)
        self._keep(made["CiphertextBlob"], made["Plaintext"])
        return made["Plaintext"], made["CiphertextBlob"]

    def unwrap(self, wrapped: bytes, context: dict[str, str]) -> bytes:
        """The plain data key. Raises KeyRefused."""
        with self._lock:
            since, plain = self._kept.get(wrapped, (float("-inf"), b""))
        if self._clock() - since < self._keep_s:
            return plain
        told = self._ask(self._kms.decrypt, CiphertextBlob=wrapped, KeyId=self._key, EncryptionContext=context)
        self._keep(wrapped, told["Plaintext"])
        return bytes(told["Plaintext"])

    def _keep(self, wrapped: bytes, plain: bytes) -> None:
        if self._keep_s > 0:
            with self._lock:
                self._kept[wrapped] = (self._clock(), plain)

    def _ask(self, call: Callable[..., Any], **params: Any) -> Any:
        from botocore.exceptions import ClientError

        try:
            return call(**params)
        except ClientError as error:
            raise KeyRefused(error.response["Error"]["Code"]) from error


@dataclass(frozen=True)
class Sealed:
    """A record at rest: nothing in it can be read without the customer key."""

    wrapped_key: bytes
    nonce: bytes
    ciphertext: bytes


def seal(keys: Wrapper, plain: bytes, context: dict[str, str]) -> Sealed:
    """Encrypt a record under a data key of its own. Raises KeyRefused."""
    key, wrapped = keys.new(context)
    nonce = os.urandom(NONCE_BYTES)
    return Sealed(wrapped, nonce, AESGCM(key).encrypt(nonce, plain, None))


def open_sealed(keys: Wrapper, sealed: Sealed, context: dict[str, str]) -> bytes:
    """Decrypt a record. Raises KeyRefused."""
    key = keys.unwrap(sealed.wrapped_key, context)
    return AESGCM(key).decrypt(sealed.nonce, sealed.ciphertext, None)
