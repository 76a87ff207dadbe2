"""One HTTPS exchange over a passage: the library speaks HTTP, and the connection is ours, through a proxy or not."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

from clauseproof.facts.httprequest import HttpRequest
from clauseproof.facts.weburl import split_url
from clauseproof.probes.passage import Failure, Passage


class NotLed(OSError):
    """The passage did not lead there; `failure` says why."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.why)
        self.failure = failure


@asynccontextmanager
async def carried(
    request: HttpRequest, address: str, headers: dict[str, str], tls: ssl.SSLContext, way: Passage
) -> AsyncIterator[Any]:
    """The response of httpcore's to an https request that is sent to one address; its body is still to be read.

    The caller bounds the time. Raises NotLed, OSError and httpcore's errors.
    """
    import httpcore

    parts = split_url(request.url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    url = httpcore.URL(scheme=parts.scheme, host=way.host, port=way.port, target=target)
    line = _Line(way, address, asyncio.get_running_loop().time() + request.timeout.total_seconds())
    backend = cast(httpcore.AsyncNetworkBackend, line)
    async with (
        httpcore.AsyncConnectionPool(ssl_context=tls, network_backend=backend) as pool,
        pool.stream(
            request.method,
            url,
            headers=[("host", parts.netloc), *headers.items()],
            content=None if request.body is None else request.body.encode(),
        ) as response,
    ):
        yield response


class _Line:
    """Makes the connection; httpcore's AsyncNetworkBackend in all but name, for that library is heavy to load."""

    def __init__(self, way: Passage, address: str, ends_s: float) -> None:
        self._way, self._address, self._ends_s = way, address, ends_s

    async def connect_tcp(self, host: str, port: int, *unused: object, **unused_too: object) -> "_Led":
        """To where the passage leads, whatever the library asks for."""
        connection = self._way.open(self._address)
        try:
            failure = await self._way.begin(connection, self._address, self._ends_s)
            if failure is not None:
                raise NotLed(failure)
        except BaseException:
            connection.close()
            raise
        return _Led(connection)


class _Led:
    """A connection of which nothing is read before TLS: what a proxy slipped in would be taken for what TLS brought."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    async def start_tls(self, ssl_context: ssl.SSLContext, server_hostname: str, **unused: object) -> "_Stream":
        return _Stream(
            *await asyncio.open_connection(sock=self._connection, ssl=ssl_context, server_hostname=server_hostname)
        )

    async def aclose(self) -> None:
        self._connection.close()


class _Stream:
    """Bytes both ways; httpcore's AsyncNetworkStream in all but name."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def read(self, max_bytes: int, **unused: object) -> bytes:
        return await self._reader.read(max_bytes)

    async def write(self, buffer: bytes, **unused: object) -> None:
        self._writer.write(buffer)
        await self._writer.drain()

    async def aclose(self) -> None:
        self._writer.transport.abort()  # an orderly end would wait for the server

    def get_extra_info(self, info: str) -> Any:
        return self._writer.get_extra_info(info)
