from typing import TYPE_CHECKING, Any, Protocol

import boto3
import pytest
from botocore.config import Config

from clauseproof.sandbox.kms.aws import BUYER_ACCESS_KEY, AwsKmsDouble

if TYPE_CHECKING:
    from types_boto3_kms import KMSClient


class Connect(Protocol):
    """Makes an unmodified SDK client whose every call is one request."""

    def __call__(
        self, double: AwsKmsDouble, access_key: str = BUYER_ACCESS_KEY, region: str | None = None
    ) -> "KMSClient": ...


@pytest.fixture(scope="session")
def session() -> boto3.Session:
    return boto3.Session()


def arguments(double: AwsKmsDouble, access_key: str, region: str | None) -> dict[str, Any]:
    return {
        "endpoint_url": double.url,
        "region_name": region or double.region,
        "aws_access_key_id": access_key,
        "aws_secret_access_key": "any secret will do",
        "config": Config(retries={"total_max_attempts": 1}, read_timeout=5, connect_timeout=5),
    }


@pytest.fixture
def connect(session: boto3.Session) -> Connect:
    def kms(double: AwsKmsDouble, access_key: str = BUYER_ACCESS_KEY, region: str | None = None) -> "KMSClient":
        return session.client("kms", **arguments(double, access_key, region))

    return kms


class ConnectAny(Protocol):
    """The same for any other service."""

    def __call__(self, service: str, double: AwsKmsDouble, access_key: str = BUYER_ACCESS_KEY) -> Any: ...


@pytest.fixture
def connect_any(session: boto3.Session) -> ConnectAny:
    def client(service: str, double: AwsKmsDouble, access_key: str = BUYER_ACCESS_KEY) -> Any:
        untyped: Any = session
        return untyped.client(service, **arguments(double, access_key, None))

    return client
