"""The reference vendor on loopback: a small CRM made of real parts, for `clauseproof demo` and for tests."""

from importlib.util import find_spec
from typing import Final

from clauseproof.model.errors import ExtraMissing

EXTRA: Final = ("mmdb_writer", "netaddr", "starlette", "uvicorn")
"""Top-level modules of the extra `sandbox`."""


def require() -> None:
    """Raise ExtraMissing, with the command that installs the extra, unless all of it is there."""
    missing = [name for name in EXTRA if find_spec(name) is None]
    if missing:
        raise ExtraMissing(
            f"the reference vendor needs the extra 'sandbox': {', '.join(missing)} not installed",
            'pip install "clauseproof[sandbox]"',
        )
