"""The CRM's HTTP API: contacts that are stored encrypted under the customer's key and nowhere in the clear."""

import hmac
import json
import threading
from collections.abc import Mapping
from typing import Any, Final

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from clauseproof.sandbox.envelope import KeyRefused, Sealed, Wrapper, open_sealed, seal

LONGEST_BODY: Final = 65536


class Contacts:
    """One tenant's contacts by id, sealed. Thread-safe."""

    def __init__(self, keys: Wrapper, tenant: str) -> None:
        self._keys = keys
        self._tenant = tenant
        self._lock = threading.Lock()
        self._sealed: dict[str, Sealed] = {}

    def put(self, name: str, contact: Mapping[str, Any]) -> None:
        """Store or replace. Raises KeyRefused."""
        sealed = seal(self._keys, json.dumps({"id": name, **contact}).encode(), self._context(name))
        with self._lock:
            self._sealed[name] = sealed

    def get(self, name: str) -> bytes | None:
        """The contact as JSON, None where there is none. Raises KeyRefused."""
        with self._lock:
            sealed = self._sealed.get(name)
        return None if sealed is None else open_sealed(self._keys, sealed, self._context(name))

    def stored(self) -> tuple[Sealed, ...]:
        """Everything at rest, as a thief of the disk would find it."""
        with self._lock:
            return tuple(self._sealed.values())

    def _context(self, name: str) -> dict[str, str]:
        return {"tenant": self._tenant, "contact": name}


def application(contacts: Contacts, *, authorization: str) -> Starlette:
    """The API; `authorization` is the whole header that a caller must send."""

    async def read(request: Request) -> Response:
        _admit(request, authorization)
        found = await run_in_threadpool(contacts.get, request.path_params["name"])
        return _problem(404, "no such contact") if found is None else Response(found, media_type="application/json")

    async def write(request: Request) -> Response:
        _admit(request, authorization)
        contact = await _contact(request)
        if contact is None:
            return _problem(400, f"send a contact as a JSON object of at most {LONGEST_BODY} bytes")
        await run_in_threadpool(contacts.put, request.path_params["name"], contact)
        return Response(status_code=204)

    async def alive(request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    return Starlette(
        routes=[
            Route("/health", alive),
            Route("/v1/contacts/{name}", read, methods=["GET"]),
            Route("/v1/contacts/{name}", write, methods=["PUT"]),
        ],
        exception_handlers={KeyRefused: _key_refused, _NotAdmitted: _not_admitted},
    )


class _NotAdmitted(Exception):
    """The caller sent no valid token."""


def _admit(request: Request, authorization: str) -> None:
    sent = request.headers.get("authorization", "")
    if not hmac.compare_digest(sent.encode(), authorization.encode()):
        raise _NotAdmitted


async def _contact(request: Request) -> dict[str, Any] | None:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LONGEST_BODY:
            return None
    try:
        contact = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return contact if isinstance(contact, dict) else None


def _key_refused(request: Request, error: Exception) -> Response:
    code = error.code if isinstance(error, KeyRefused) else ""
    return _problem(503, f"the customer's key cannot be used: {code}")


def _not_admitted(request: Request, error: Exception) -> Response:
    problem = _problem(401, "a bearer token is needed")
    problem.headers["www-authenticate"] = "Bearer"
    return problem


def _problem(status: int, title: str) -> Response:
    """RFC 9457, section 3."""
    return JSONResponse({"status": status, "title": title}, status_code=status, media_type="application/problem+json")
