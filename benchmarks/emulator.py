"""A moto server with many keys in it, and a wire that takes its time.

`python -m benchmarks.emulator COUNT QUOTA` puts COUNT symmetric keys into moto, serves the application of `moto_server`
on 127.0.0.1 and prints its port. With a QUOTA other than 0 it throttles ListKeyRotations beyond so many a second.
All keys share one private key: moto makes RSA for each symmetric key, and never uses it. Connections are kept open as
AWS keeps them, which `moto_server` by itself does not. `GET /calls` gives the calls by name since it was last asked.
"""

import asyncio
import contextlib
import json
import logging
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from clauseproof.sandbox.kms.quota import Quota

REGION, ACCOUNT = "eu-west-1", "123456789012"
NEGLECTED = 10
"""All keys were made three years ago; every tenth was never rotated."""


def arn(number: int) -> str:
    """The key with this number."""
    return f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{number:08x}-0000-4000-8000-000000000000"


def fill(count: int) -> None:
    """Put keys into moto."""
    from moto.kms import models, utils

    material, names = utils.generate_private_key("SYMMETRIC_DEFAULT"), map(arn, range(count))
    setattr(models, "generate_private_key", lambda spec: material)  # noqa: B010 (moto's own, replaced)
    setattr(models, "generate_key_id", lambda multi_region: next(names).rpartition("/")[2])  # noqa: B010
    backend = models.kms_backends[ACCOUNT][REGION]
    made = datetime.now(UTC) - timedelta(days=3 * 365)
    for number in range(count):
        key = backend.create_key(None, "ENCRYPT_DECRYPT", "SYMMETRIC_DEFAULT", "", None)
        key.creation_date = made.timestamp()
        if number % NEGLECTED:
            backend.enable_key_rotation(key.id)
            backend.rotate_key_on_demand(key.id)


class Counted:
    """A WSGI application that counts the calls to another, and throttles one of them."""

    def __init__(self, app: Callable[..., Iterable[bytes]], quota: Quota | None) -> None:
        self._app = app
        self._quota = quota
        self._calls: Counter[str] = Counter()
        self._lock = threading.Lock()

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one request."""
        if environ["PATH_INFO"] == "/calls":
            said, self._calls = json.dumps(self._calls).encode(), Counter()
            return _answer(start, "200 OK", said)
        name = environ.get("HTTP_X_AMZ_TARGET", "other").rpartition(".")[2]
        with self._lock:
            self._calls[name] += 1
            throttled = name == "ListKeyRotations" and self._quota is not None and not self._quota.take()
        if throttled:
            environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
            return _answer(start, "400 Bad Request", b'{"__type": "ThrottlingException"}')
        return self._app(environ, start)


def _answer(start: Callable[..., Any], status: str, body: bytes) -> Iterable[bytes]:
    start(status, [("Content-Type", "application/x-amz-json-1.1"), ("Content-Length", str(len(body)))])
    return [body]


def serve(count: int, quota: int) -> None:
    """Fill moto, print the port, and serve until killed."""
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
    from werkzeug.serving import make_server

    class Handler(MotoRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    fill(count)
    app = Counted(DomainDispatcherApplication(create_backend_app), Quota(quota) if quota else None)
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Handler)
    print(server.port, flush=True)
    server.serve_forever()


class Wire:
    """Carries connections to a port of this machine and lets each answer wait before its first byte."""

    def __init__(self, port: int, delay_s: float) -> None:
        self._port = port
        self._delay_s = delay_s

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        asked = asyncio.Event()
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._port)
        with contextlib.suppress(ConnectionError):
            await asyncio.gather(self._out(reader, far_writer, asked), self._back(far_reader, writer, asked))

    async def _out(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, asked: asyncio.Event) -> None:
        while data := await reader.read(65536):
            asked.set()
            writer.write(data)
        writer.close()

    async def _back(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, asked: asyncio.Event) -> None:
        while data := await reader.read(65536):
            if asked.is_set():
                asked.clear()
                await asyncio.sleep(self._delay_s)
            writer.write(data)
        writer.close()


@contextlib.contextmanager
def wire(port: int, delay_s: float) -> Iterator[int]:
    """A port that leads to another by a `Wire` in a thread of its own."""
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(asyncio.start_server(Wire(port, delay_s).carry, "127.0.0.1", 0, backlog=1024))
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


if __name__ == "__main__":
    serve(int(sys.argv[1]), int(sys.argv[2]))
