"""OCSP responses and revocation lists, and every way to get one wrong."""

from collections.abc import Sequence
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.support.certificates import DAY, NOW, Holder, _start, new_key

GOOD, REVOKED, UNKNOWN = ocsp.OCSPCertStatus.GOOD, ocsp.OCSPCertStatus.REVOKED, ocsp.OCSPCertStatus.UNKNOWN
COMPROMISED, HELD = x509.ReasonFlags.key_compromise, x509.ReasonFlags.certificate_hold
POINT = x509.UniformResourceIdentifier("http://crl.example/1.crl")


def points(*names: x509.GeneralName) -> x509.CRLDistributionPoints:
    """The extension by which a certificate names its lists."""
    return x509.CRLDistributionPoints(
        [x509.DistributionPoint(full_name=list(names), relative_name=None, reasons=None, crl_issuer=None)]
    )


def response(
    holder: Holder,
    issuer: Holder,
    status: ocsp.OCSPCertStatus = GOOD,
    *,
    signer: Holder | None = None,
    carries: Sequence[x509.Certificate] = (),
    since: datetime = NOW - DAY,
    until: datetime | None = NOW + 3 * DAY,
    revoked: datetime = NOW - 5 * DAY,
    reason: x509.ReasonFlags | None = COMPROMISED,
) -> bytes:
    """What the issuer, or a signer with its certificate, says of a certificate; DER."""
    signer = signer or issuer
    builder = ocsp.OCSPResponseBuilder().add_response(
        cert=holder.certificate,
        issuer=issuer.certificate,
        algorithm=hashes.SHA1(),
        cert_status=status,
        this_update=since,
        next_update=until,
        revocation_time=revoked if status is REVOKED else None,
        revocation_reason=reason if status is REVOKED else None,
    )
    builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, signer.certificate)
    if carries:
        builder = builder.certificates(list(carries))
    return builder.sign(signer.key, hashes.SHA256()).public_bytes(Encoding.DER)


def responder(issuer: Holder, *, appointed: bool = True, until: datetime = NOW + 30 * DAY) -> Holder:
    """A certificate for signing OCSP responses, or for something else."""
    key = new_key()
    purpose = ExtendedKeyUsageOID.OCSP_SIGNING if appointed else ExtendedKeyUsageOID.SERVER_AUTH
    builder = _start("Responder", issuer, key, NOW - DAY, until)
    builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
    return Holder(builder.sign(issuer.key, hashes.SHA256()), key)


def crl(
    issuer: Holder,
    *revoked: Holder,
    signer: Holder | None = None,
    since: datetime = NOW - DAY,
    until: datetime = NOW + 3 * DAY,
    when: datetime = NOW - 5 * DAY,
    reason: x509.ReasonFlags | None = COMPROMISED,
    more: Sequence[x509.ExtensionType] = (),
) -> bytes:
    """The issuer's list, DER; `more` are critical extensions."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.certificate.subject)
        .last_update(since)
        .next_update(until)
    )
    for holder in revoked:
        entry = x509.RevokedCertificateBuilder().serial_number(holder.certificate.serial_number).revocation_date(when)
        if reason is not None:
            entry = entry.add_extension(x509.CRLReason(reason), critical=False)
        builder = builder.add_revoked_certificate(entry.build())
    for extension in more:
        builder = builder.add_extension(extension, critical=True)
    signed = builder.sign((signer or issuer).key, hashes.SHA256())
    return signed.public_bytes(Encoding.DER)
