"""A gRPC server on loopback, for the length of a `with` block."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any, Final, Self

import grpc  # type: ignore[import-untyped]

from clauseproof.sandbox.pki import Leaf

LARGEST_REQUEST: Final = 256 * 1024
MOST_AT_ONCE: Final = 64
_STOP_S: Final = 5.0


class GrpcServer:
    """Serves methods by service and name, in plaintext or, with a certificate, over TLS. The port is open at once."""

    def __init__(
        self,
        services: Mapping[str, Mapping[str, Any]],
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        certificate: Leaf | None = None,
    ) -> None:
        self._server = grpc.server(
            ThreadPoolExecutor(MOST_AT_ONCE, thread_name_prefix="grpc-double"),
            options=[("grpc.max_receive_message_length", LARGEST_REQUEST), ("grpc.so_reuseport", 0)],
        )
        for service, methods in services.items():
            self._server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(service, methods)])
        self.host = host
        self.port: int = self._bind(f"{host}:{port}", certificate)

    def _bind(self, address: str, certificate: Leaf | None) -> Any:
        if certificate is None:
            return self._server.add_insecure_port(address)
        pair = (certificate.private_key, certificate.chain)
        return self._server.add_secure_port(address, grpc.ssl_server_credentials([pair]))

    @property
    def address(self) -> str:
        """Host and port, as a gRPC target and as `api_endpoint`."""
        return f"{self.host}:{self.port}"

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.stop(grace=0).wait(_STOP_S)
