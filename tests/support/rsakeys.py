"""RSA keys, of which a test gets those that the tests before it had made: each takes a core for 50 ms."""

import itertools
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

_generate = rsa.generate_private_key
_made: defaultdict[tuple[int, int], list[rsa.RSAPrivateKey]] = defaultdict(list)
_lock = threading.Lock()


@contextmanager
def reused() -> Iterator[None]:
    """Within the block no key comes twice; the next block begins with the first key again."""
    given: defaultdict[tuple[int, int], Iterator[int]] = defaultdict(itertools.count)

    def next_key(public_exponent: int, key_size: int, backend: Any = None) -> rsa.RSAPrivateKey:
        kind = (public_exponent, key_size)
        with _lock:
            number = next(given[kind])
            if number == len(_made[kind]):
                _made[kind].append(_generate(public_exponent, key_size))
            return _made[kind][number]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rsa, "generate_private_key", next_key)
        yield
