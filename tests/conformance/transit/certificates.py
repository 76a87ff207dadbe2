"""What the servers of the table show: one good certificate, and one for every way to be wrong."""

import hashlib
from datetime import timedelta
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import ReasonFlags
from cryptography.x509.ocsp import OCSPCertStatus, OCSPResponderEncoding, OCSPResponseBuilder

from tests.support.certificates import DAY, NOW, Holder, authority, leaf

NAMES = ("*.crm.example", "*.plain.example", "*.bogus.example")
_ROOT = authority()
_ISSUER = authority("Test Intermediate", _ROOT)
_GOOD = leaf(_ISSUER, *NAMES)
_OUTDATED = authority("Outdated Intermediate", _ROOT, until=NOW - DAY)


def write_all(folder: Path) -> None:
    """Each as `NAME.pem`, key and chain in one file that every user may read; and what else servers and
    clients are given: `root.pem`; `client.crt` without a key; OCSP responses about the good certificate, `*.ocsp`.
    """
    (folder / "root.pem").write_bytes(_ROOT.pem)
    made = _made()
    (folder / "client.crt").write_bytes(made["client"].pem + _ISSUER.pem)
    for name, status in (("unrevoked", OCSPCertStatus.GOOD), ("revoked", OCSPCertStatus.REVOKED)):
        (folder / f"{name}.ocsp").write_bytes(_ocsp(_GOOD, status))
    for name, holder in made.items():
        holder.write(folder, name).chmod(0o644)


def tlsa() -> str:
    """The data of a TLSA record that vouches for the good certificate's key (DANE-EE; RFC 6698, section 2.1)."""
    key = _GOOD.certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return f"3 1 1 {hashlib.sha256(key).hexdigest()}"


def _ocsp(holder: Holder, status: OCSPCertStatus) -> bytes:
    """An OCSP response signed by the issuer itself, DER."""
    revoked = status is OCSPCertStatus.REVOKED
    response = OCSPResponseBuilder().add_response(
        cert=holder.certificate,
        issuer=_ISSUER.certificate,
        algorithm=hashes.SHA256(),
        cert_status=status,
        this_update=NOW - timedelta(hours=1),
        next_update=NOW + DAY,
        revocation_time=NOW - DAY if revoked else None,
        revocation_reason=ReasonFlags.key_compromise if revoked else None,
    )
    signed = response.responder_id(OCSPResponderEncoding.HASH, _ISSUER.certificate).sign(_ISSUER.key, hashes.SHA256())
    return signed.public_bytes(Encoding.DER)


def _made() -> dict[str, Holder]:
    good = _GOOD
    alone = Holder(good.certificate, good.key)
    return {
        "good": good,
        "RSA": leaf(_ISSUER, *NAMES, key=rsa.generate_private_key(public_exponent=65537, key_size=2048)),
        "self-signed": leaf(None, *NAMES),
        "expired": leaf(_ISSUER, *NAMES, since=NOW - 90 * DAY, until=NOW - timedelta(hours=1)),
        "not yet valid": leaf(_ISSUER, *NAMES, since=NOW + DAY),
        "another's": leaf(_ISSUER, "www.other.example"),
        "for clients": leaf(_ISSUER, *NAMES, serves=False),
        "without its issuer": alone,
        "of an expired issuer": leaf(_OUTDATED, *NAMES),
        "a megabyte": leaf(_ISSUER, *NAMES, padding=1 << 20),
        "with eleven above": Holder(good.certificate, good.key, good.above * 11),
        "client": leaf(_ISSUER, "buyer.acme.example", serves=False),
    }
