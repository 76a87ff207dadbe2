"""A customer's own key service on loopback, which hands keys to callers with a token and writes down each that asked.

`GET /v1/keys/NAME` gives a key to any caller; `POST /v1/keys/NAME/off` and `/on` are the customer's. The log has one
JSON object per line, for fetches only, as a service that logs its administration elsewhere would write it.
"""

import asyncio
import base64
import hmac
import json
import os
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from clauseproof.sandbox.kms.clock import Clock
from clauseproof.sandbox.kms.double import Bendable
from clauseproof.sandbox.kms.faults import Failure, FaultBoard, Faults
from clauseproof.sandbox.kms.keystate import KeyState, Switch
from clauseproof.sandbox.kms.requests import reset
from clauseproof.sandbox.kms.serving import LoopbackServer

FETCH: Final = "fetch"
OFF: Final = "off"
ON: Final = "on"


class KeyServiceDouble(Bendable):
    """Runs for the length of a `with` block.

    Attributes:
        log: the file; made with the first line.
    """

    def __init__(
        self,
        log: Path,
        *,
        callers: Mapping[str, str],
        administrator: str,
        faults: Faults | None = None,
        clock: Clock | None = None,
    ) -> None:
        """`callers` are names by token; `administrator` is the token that may turn keys off and on."""
        self.log = log
        self._callers = dict(callers)
        self._administrator = administrator
        self._clock = clock or Clock()
        self._lock = threading.Lock()
        self._keys: dict[str, tuple[bytes, Switch]] = {}
        self._server = LoopbackServer(self._application())
        super().__init__(FaultBoard(faults or Faults()), self._server)

    @property
    def url(self) -> str:
        """Scheme, address and port."""
        return self._server.url

    def seed(self, name: str) -> bytes:
        """Make a key that is on; its 32 bytes."""
        made = os.urandom(32)
        with self._lock:
            self._keys[name] = (made, Switch(KeyState.ENABLED, self._clock.ticks))
        return made

    def is_on(self, name: str) -> bool:
        """What its administrator last said of a key."""
        return self._keys[name][1].declared is KeyState.ENABLED

    def write(self, line: Mapping[str, object]) -> None:
        """Put a line into the log, once the log's own lag is over."""
        if self.faults.log_lag_s > 0:
            later = threading.Timer(self.faults.log_lag_s, self._append, [line])
            later.daemon = True
            later.start()
        elif not self.faults.log_silent:
            self._append(line)

    def _append(self, line: Mapping[str, object]) -> None:
        with self._lock, self.log.open("a") as file:
            file.write(f"{json.dumps(line)}\n")

    def _application(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/v1/keys/{name}", self._answer, methods=["GET"]),
                Route("/v1/keys/{name}/{operation}", self._answer, methods=["POST"]),
            ]
        )

    async def _answer(self, request: Request) -> Response:
        operation = request.path_params.get("operation", FETCH)
        failure, delay_s = self._board.meet(operation)
        await asyncio.sleep(delay_s)
        if failure is Failure.RESET:
            return reset(request)
        answer = self._serve(request, operation, failure)
        return reset(request) if failure is Failure.ANSWER_LOST else answer

    def _serve(self, request: Request, operation: str, failure: Failure | None) -> Response:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        known = self._keys.get(request.path_params["name"])
        if failure in (Failure.SERVER_ERROR, Failure.THROTTLED):
            return _problem(503 if failure is Failure.SERVER_ERROR else 429)
        if failure is Failure.EXPIRED or known is None:
            return _problem(401 if failure is Failure.EXPIRED else 404)
        if operation == FETCH:
            return self._give(request.path_params["name"], self._callers.get(token), known)
        if operation in self.faults.denies or not hmac.compare_digest(token, self._administrator):
            return _problem(403)
        if operation not in (ON, OFF):
            return _problem(404)
        with self._lock:
            known[1].turn(KeyState.ENABLED if operation == ON else KeyState.DISABLED, self.faults)
        return Response(status_code=204)

    def _give(self, name: str, caller: str | None, known: tuple[bytes, Switch]) -> Response:
        if caller is None:
            return _problem(401)
        material, switch = known
        given = switch.obeyed(self.faults) is KeyState.ENABLED
        self.write(
            {
                "time": self._clock.now().isoformat(),
                "key": name,
                "caller": caller,
                "outcome": "served" if given else "refused",
            }
        )
        if not given:
            return _problem(403)
        return JSONResponse({"name": name, "material": base64.b64encode(material).decode()})


def _problem(status: int) -> Response:
    """RFC 9457, section 3."""
    return JSONResponse({"status": status}, status_code=status, media_type="application/problem+json")
