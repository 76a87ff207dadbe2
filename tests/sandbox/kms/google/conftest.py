from collections.abc import Iterator
from typing import Protocol

import grpc  # type: ignore[import-untyped]
import pytest
from google.cloud.kms_v1 import EkmServiceClient, KeyManagementServiceClient
from google.cloud.kms_v1.services.ekm_service.transports import EkmServiceGrpcTransport
from google.cloud.kms_v1.services.key_management_service.transports import KeyManagementServiceGrpcTransport

from clauseproof.sandbox.kms.google import GoogleKmsDouble


class Token(grpc.UnaryUnaryClientInterceptor):  # type: ignore[misc]
    """Sends a bearer token, which the client library only does over TLS."""

    def __init__(self, token: str) -> None:
        self._token = token

    def intercept_unary_unary(self, continuation, details, request):  # type: ignore[no-untyped-def]
        metadata = [*(details.metadata or []), ("authorization", f"Bearer {self._token}")]
        return continuation(details._replace(metadata=metadata), request)


class Connect(Protocol):
    """Makes an unmodified client, with the token of one of the double's callers if one is given."""

    def __call__(self, double: GoogleKmsDouble, token: str | None = None) -> KeyManagementServiceClient: ...


@pytest.fixture
def channels() -> Iterator[list[grpc.Channel]]:
    opened: list[grpc.Channel] = []
    yield opened
    for channel in opened:
        channel.close()


@pytest.fixture
def connect(channels: list[grpc.Channel]) -> Connect:
    def client(double: GoogleKmsDouble, token: str | None = None) -> KeyManagementServiceClient:
        channels.append(grpc.insecure_channel(double.address))
        channel = channels[-1] if token is None else grpc.intercept_channel(channels[-1], Token(token))
        return KeyManagementServiceClient(
            transport=KeyManagementServiceGrpcTransport(host=double.address, channel=channel)
        )

    return client


class ConnectEkm(Protocol):
    """The same for the service of external key managers."""

    def __call__(self, double: GoogleKmsDouble) -> EkmServiceClient: ...


@pytest.fixture
def connect_ekm(channels: list[grpc.Channel]) -> ConnectEkm:
    def client(double: GoogleKmsDouble) -> EkmServiceClient:
        channels.append(grpc.insecure_channel(double.address))
        return EkmServiceClient(transport=EkmServiceGrpcTransport(host=double.address, channel=channels[-1]))

    return client
