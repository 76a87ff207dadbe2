"""A vendor that fetches the customer's key from the customer's key service, and what it may do with it afterwards."""

import base64
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from clauseproof.sandbox.envelope import NONCE_BYTES, KeyRefused

_FETCH_S: Final = 3


@dataclass(frozen=True, kw_only=True)
class Habit:
    """What the vendor does with a key that it fetched.

    Attributes:
        keep_s: for how long it uses the key without asking again.
        copies: it keeps a copy for good, and uses that where it is refused.
        asks: whether it asks at all, once it has the key.
    """

    keep_s: float = 0.0
    copies: bool = False
    asks: bool = True


class FetchedDataKeys:
    """Data keys wrapped by a key that is fetched for it: `GET url` with a bearer token. Thread-safe."""

    def __init__(
        self, url: str, token: str, habit: Habit | None = None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._url = url
        self._token = token
        self._habit = habit or Habit()
        self._clock = clock
        self._lock = threading.Lock()
        self._held: tuple[float, bytes] | None = None

    def new(self, context: dict[str, str]) -> tuple[bytes, bytes]:
        """A fresh data key, plain and wrapped. Raises KeyRefused."""
        plain, nonce = os.urandom(32), os.urandom(NONCE_BYTES)
        return plain, nonce + AESGCM(self._key()).encrypt(nonce, plain, _bound_to(context))

    def unwrap(self, wrapped: bytes, context: dict[str, str]) -> bytes:
        """The plain data key. Raises KeyRefused."""
        return AESGCM(self._key()).decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], _bound_to(context))

    def _key(self) -> bytes:
        with self._lock:
            held, habit = self._held, self._habit
            if held is not None and (not habit.asks or self._clock() - held[0] < habit.keep_s):
                return held[1]
            try:
                self._held = (self._clock(), self._fetched())
            except KeyRefused:
                if held is None or not habit.copies:
                    raise
            return self._held[1] if self._held else b""

    def _fetched(self) -> bytes:
        import httpx

        headers = {"authorization": f"Bearer {self._token}"}
        try:
            answer = httpx.get(self._url, headers=headers, timeout=_FETCH_S, trust_env=False)
        except httpx.HTTPError as error:
            raise KeyRefused(type(error).__name__) from error
        if answer.status_code != 200:
            raise KeyRefused(f"HTTP {answer.status_code}")
        return base64.b64decode(answer.json()["material"])


def _bound_to(context: dict[str, str]) -> bytes:
    return repr(sorted(context.items())).encode()
