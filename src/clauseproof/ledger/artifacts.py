"""Raw bytes kept as evidence, each under its own digest."""

import hashlib
from pathlib import Path

from clauseproof.ledger.files import digest_of, put, read_bounded
from clauseproof.ledger.layout import MAX_ARTIFACT, artifact_name
from clauseproof.model.errors import LedgerError


def store(directory: Path, data: bytes) -> str:
    """Keep bytes in a run directory; returns their digest. The same bytes are kept once.

    Safe to call from several threads. LedgerError beyond 64 MiB.
    """
    if len(data) > MAX_ARTIFACT:
        raise LedgerError(f"an artifact of {len(data)} bytes is too large", f"keep at most {MAX_ARTIFACT} bytes of it")
    digest = digest_of(data)
    path = directory / artifact_name(digest)
    if not path.exists():
        put(path, data, durable=False)
    return digest


def load(directory: Path, digest: str, limit: int = MAX_ARTIFACT) -> bytes:
    """Bytes of a kept artifact; LedgerError if absent, larger than `limit`, or not what the digest says."""
    path = directory / artifact_name(digest)
    data = read_bounded(path, limit)
    if hashlib.sha256(data).hexdigest() != path.name:
        raise LedgerError(f"{path} is not what its name says", "the artifact was changed after the run")
    return data
