"""Reading X.509 without a word on stderr: what is odd in somebody's bytes is a matter for findings."""

import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from cryptography.utils import CryptographyDeprecationWarning

_ONE_AT_A_TIME = threading.RLock()  # `catch_warnings` changes a list that all threads share


@contextmanager
def unwarned() -> Iterator[None]:
    """Leaves out what `cryptography` warns of and reads all the same, such as a serial number of zero.

    However the interpreter was told to treat warnings, the same bytes are then read the same way.
    """
    with _ONE_AT_A_TIME, warnings.catch_warnings():
        warnings.simplefilter("ignore", CryptographyDeprecationWarning)
        yield
