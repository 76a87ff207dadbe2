"""Azure's client libraries, imported by one thread at a time.

Their packages import each other in circles, so that two threads which begin at once wait for each other's half, and
Python breaks the deadlock with an error.
"""

import importlib
import threading

_importing = threading.Lock()
_KEYS = (
    "azure.core.exceptions",
    "azure.core.pipeline.policies",
    "azure.core.pipeline.transport",
    "azure.core.rest",
    "azure.keyvault.keys",
    "requests",
)


def load(*names: str) -> None:
    """Import what calls to a vault need, or these modules; afterwards any thread may import them as it likes."""
    with _importing:
        for name in names or _KEYS:
            importlib.import_module(name)
