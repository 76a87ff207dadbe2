"""From a leaf certificate to a pinned anchor at a given time.

The proof has five steps, repeated by number where each is done:

1. Each certificate was issued by the next one: the names match and the signature verifies, made with SHA-2 or EdDSA by
   an RSA key of 2048 to 8192 bits or a curve of at least 256 (RFC 5280, 6.1.3 (a)(1) and (a)(4)).
2. The last one is an anchor: it was given as a certificate, or it signed itself and its key is pinned. A pinned key
   says nothing of the other fields, so they count only under its own signature.
3. Every one of them is valid at the time asked about, the anchor's certificate included (6.1.3 (a)(2)).
4. Every issuer may issue: basicConstraints says so, no path length is exceeded, and keyUsage, where present, includes
   keyCertSign (6.1.4 (k) to (n)). Without this step whoever holds any certified key could certify more.
5. No critical extension is left unread, and none constrains names (6.1.4 (o), 6.1.5 (f)).

Names alone prove nothing: two devices may carry the same subject, so the signature picks the issuer. Revocation lists
are not consulted.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

from clauseproof.hardware.certificate import MOST_CERTIFICATES, Certificate, read_certificates
from clauseproof.hardware.publickey import algorithm
from clauseproof.hardware.rejection import UNREADABLE, rejected

_HASHES = frozenset({"sha256", "sha384", "sha512", "sha3-256", "sha3-384", "sha3-512"})


@dataclass(frozen=True)
class Anchor:
    """A key that is trusted to end a chain.

    Attributes:
        source: who says that it may be trusted, for sentences: `pinned from Yubico's published root`.
        certificate: set where a certificate was given rather than a pin.
    """

    name: str
    spki_sha256: str
    source: str
    certificate: Certificate | None = None


@dataclass(frozen=True)
class Chain:
    """A verified chain, leaf first, the anchor's certificate last.

    Attributes:
        not_before: the latest beginning of all validities.
        not_after: the earliest end of all validities, after which the proof no longer stands.
    """

    certificates: tuple[Certificate, ...]
    anchor: Anchor
    not_before: datetime
    not_after: datetime


def read_anchors(data: bytes, where: str, source: str) -> tuple[Anchor, ...]:
    """Anchors given as certificates in a PEM or DER file; EvidenceRejected if it cannot be read."""
    return tuple(Anchor(c.subject, c.spki_sha256, source, c) for c in read_certificates(data, where))


def verify(leaf: Certificate, others: Iterable[Certificate], anchors: Sequence[Anchor], at: datetime) -> Chain:
    """Prove the five steps for `leaf`, choosing from `others` in any order.

    Args:
        others: intermediates and roots as the evidence brings them; those that do not belong are ignored.
        at: the instant asked about, aware.

    Raises:
        EvidenceRejected: the step that fails, naming the certificate.
    """
    path, anchor = _walk(leaf, _pool(leaf, others, anchors), anchors, at)
    _all_valid(path, at)
    for below, issuer in enumerate(path[1:]):
        _may_issue(issuer, path[1 : 1 + below])
    for certificate in path:
        _nothing_unread(certificate)
    return Chain(path, anchor, max(c.not_before for c in path), min(c.not_after for c in path))


def _pool(leaf: Certificate, others: Iterable[Certificate], anchors: Sequence[Anchor]) -> list[Certificate]:
    """Everything that could issue something, each once."""
    given = list(others)
    if len(given) >= MOST_CERTIFICATES:
        raise rejected(leaf.where, f"comes with {len(given)} certificates, more than {MOST_CERTIFICATES - 1}")
    given += [anchor.certificate for anchor in anchors if anchor.certificate is not None]
    return list({c.sha256: c for c in given if c.sha256 != leaf.sha256}.values())


def _walk(
    leaf: Certificate, pool: list[Certificate], anchors: Sequence[Anchor], at: datetime
) -> tuple[tuple[Certificate, ...], Anchor]:
    """Steps 1 and 2: climb until an anchor; each certificate is used at most once, so it ends."""
    path = [leaf]
    while True:
        issuer = _issuer(path[-1], [c for c in pool if c not in path], at)
        path.append(issuer)
        anchor = _anchor(issuer, anchors)
        if anchor is not None:
            return tuple(path), anchor
        if issuer.self_issued:
            raise rejected(
                issuer.where,
                f"the chain ends at {issuer.subject} with the key {issuer.spki_sha256}, which is not a trusted root",
                "name that root under anchors in the profile if you trust it, or ask for a chain to a pinned root",
            )


def _issuer(certificate: Certificate, pool: list[Certificate], at: datetime) -> Certificate:
    """Step 1: who signed it. Of two editions of one issuer, the one that is valid is meant."""
    named = [c for c in pool if c.parsed.subject == certificate.parsed.issuer]
    signers = [c for c in named if _signed(certificate, c)]
    for signer in sorted(signers, key=lambda c: not c.valid_at(at)):
        _strong_enough(certificate, signer)
        return signer
    if named:
        raise rejected(certificate.where, f"its signature does not verify with the key of {named[0].where}")
    raise rejected(
        certificate.where, f"no certificate at hand is that of its issuer, {certificate.issuer}", "hand it in too"
    )


def _signed(certificate: Certificate, issuer: Certificate) -> bool:
    try:
        certificate.parsed.verify_directly_issued_by(issuer.parsed)
    except (InvalidSignature, *UNREADABLE):
        return False
    return True


def _strong_enough(certificate: Certificate, issuer: Certificate) -> None:
    """Step 1: the algorithms."""
    digest = certificate.parsed.signature_hash_algorithm
    key = issuer.parsed.public_key()
    if digest is not None and digest.name not in _HASHES:
        raise rejected(certificate.where, f"its signature is over {digest.name}; SHA-256 or longer is accepted")
    if not _accepted(key):
        raise rejected(issuer.where, f"a key of the kind {algorithm(key)} is not accepted for an issuer")


def _accepted(key: PublicKeyTypes) -> bool:
    if isinstance(key, rsa.RSAPublicKey):
        return 2048 <= key.key_size <= 8192
    if isinstance(key, ec.EllipticCurvePublicKey):
        return key.key_size >= 256
    return isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey)


def _anchor(certificate: Certificate, anchors: Sequence[Anchor]) -> Anchor | None:
    """Step 2."""
    for anchor in anchors:
        if anchor.certificate is not None and anchor.certificate.sha256 == certificate.sha256:
            return anchor
        if anchor.spki_sha256 == certificate.spki_sha256 and _signed(certificate, certificate):
            return anchor
    return None


def _all_valid(path: Sequence[Certificate], at: datetime) -> None:
    """Step 3."""
    for certificate in path:
        if at > certificate.not_after:
            raise rejected(certificate.where, f"expired at {_utc(certificate.not_after)}")
        if at < certificate.not_before:
            raise rejected(certificate.where, f"is not valid before {_utc(certificate.not_before)}")


def _utc(when: datetime) -> str:
    return when.strftime("%Y-%m-%d %H:%M:%S UTC")


def _may_issue(issuer: Certificate, between: Sequence[Certificate]) -> None:
    """Step 4; `between` are the issuers that stand between this one and the leaf."""
    if issuer.is_ca is not True:
        raise rejected(issuer.where, "issued a certificate, and its basicConstraints do not make it an authority")
    if issuer.may_sign is False:
        raise rejected(issuer.where, "issued a certificate, and its keyUsage does not include keyCertSign")
    depth = sum(not c.self_issued for c in between)
    if issuer.path_length is not None and depth > issuer.path_length:
        raise rejected(
            issuer.where,
            f"allows {issuer.path_length} authorities below itself (pathLenConstraint), and {depth} follow",
        )


def _nothing_unread(certificate: Certificate) -> None:
    """Step 5."""
    if certificate.unread:
        raise rejected(certificate.where, f"extension {certificate.unread[0]} must be evaluated, and is not understood")
