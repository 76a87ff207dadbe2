"""TLSA records: which certificates a zone's owner vouches for (RFC 6698), as mail servers use them (RFC 7672)."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from clauseproof.hardware.certificate import read_certificate
from clauseproof.hardware.serverchain import Valid, judge_chain, read_roots
from clauseproof.model.errors import EvidenceRejected

_TRUST_ANCHOR, _END_ENTITY = 2, 3
_WHOLE, _KEY = 0, 1


@dataclass(frozen=True)
class Tlsa:
    """Usage, selector, matching type and data of one record."""

    usage: int
    selector: int
    matching: int
    data: bytes

    def __str__(self) -> str:
        return f"{self.usage} {self.selector} {self.matching} {self.data.hex()[:16]}…"

    @property
    def usable(self) -> bool:
        """Whether a mail server may use it: usages 0 and 1 mean nothing there (RFC 7672, section 3.1.3)."""
        known = self.selector in (_WHOLE, _KEY) and self.matching in (0, 1, 2)
        return known and self.usage in (_TRUST_ANCHOR, _END_ENTITY)


def read_tlsa(text: str) -> Tlsa:
    """Read a record in presentation form: `3 1 1 2bb183...`; ValueError for anything else."""
    parts = text.split()
    if len(parts) < 4:
        raise ValueError(f"{text[:80]!r} is no TLSA record")
    usage, selector, matching = (int(part) for part in parts[:3])
    return Tlsa(usage, selector, matching, bytes.fromhex("".join(parts[3:])))


def vouches(record: Tlsa, chain: Sequence[bytes], host: str, when: datetime) -> bool:
    """Whether a usable record vouches for a server's chain (DER, its own first).

    DANE-EE (3) names the server's own certificate, whose names and dates then do not matter. DANE-TA (2) names a
    certificate of the chain, to which a path valid for the host must lead. EvidenceRejected for what cannot be read.
    """
    if record.usage == _END_ENTITY:
        return bool(chain) and _fits(record, chain[0])
    return any(_fits(record, der) and _leads_to(der, chain, host, when) for der in chain)


def _fits(record: Tlsa, der: bytes) -> bool:
    certificate = read_certificate(der, "a certificate of the chain").parsed
    whole = record.selector == _WHOLE
    data = der if whole else certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    seen = {0: lambda: data, 1: lambda: hashlib.sha256(data).digest(), 2: lambda: hashlib.sha512(data).digest()}
    return seen[record.matching]() == record.data


def _leads_to(anchor: bytes, chain: Sequence[bytes], host: str, when: datetime) -> bool:
    pem = read_certificate(anchor, "a certificate of the chain").parsed.public_bytes(Encoding.PEM)
    try:
        return isinstance(judge_chain(chain, host, when, read_roots((pem,))), Valid)
    except EvidenceRejected:
        return False
