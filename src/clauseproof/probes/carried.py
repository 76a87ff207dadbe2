"""One HTTP exchange over a passage: the library speaks HTTP, and the connection is ours, through a proxy or not."""

import asyncio
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
    request: HttpRequest, address: str, headers: dict[str, str], tls: ssl.SSLContext | None, way: Passage
) -> AsyncIterator[Any]:
    """The response of httpcore's to a request that is sent to one address; its body is still to be read.

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

    async def connect_tcp(self, host: str, port: int, *unused: object, **unused_too: object) -> "_Stream":
        """To where the passage leads, whatever the library asks for."""
        connection = self._way.open(self._address)
        try:
            failure = await self._way.begin(connection, self._address, self._ends_s)
            if failure is not None:
                raise NotLed(failure)
            return _Stream(*await asyncio.open_connection(sock=connection))
        except BaseException:
            connection.close()
            raise


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

    async def start_tls(self, ssl_context: ssl.SSLContext, server_hostname: str, **unused: object) -> "_Stream":
        await self._writer.start_tls(ssl_context, server_hostname=server_hostname)
        return self

    def get_extra_info(self, info: str) -> Any:
        return self._writer.get_extra_info(info)
