"""Third-party data that the conformance tests need and the project does not carry."""

import os
from pathlib import Path

import pytest


def vectors(*parts: str) -> Path:
    """A file or folder under $CLAUSEPROOF_VECTORS; skips the test where it is not there."""
    root = os.environ.get("CLAUSEPROOF_VECTORS")
    if not root:
        pytest.skip(f"set CLAUSEPROOF_VECTORS to a directory with {'/'.join(parts)}")
    path = Path(root, *parts)
    if not path.exists():
        pytest.skip(f"CLAUSEPROOF_VECTORS has no {'/'.join(parts)}")
    return path


def database(variable: str, what: str) -> bytes:
    """The database that an environment variable names; skips the test where it names none."""
    path = os.environ.get(variable)
    if not path:
        pytest.skip(f"set {variable} to {what}")
    return Path(path).read_bytes()
