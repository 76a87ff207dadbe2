"""Whether a certificate was revoked, by recorded OCSP responses and revocation lists. No I/O, at any time.

An OCSP response (RFC 6960, section 3.2) is believed where:

1. its status is successful, and one of its answers is about this certificate: serial number, and the hashes of the
   issuer's name and key;
2. the issuer signed it, or a certificate in it that the issuer issued for this purpose and that is valid;
3. it is of the time asked about: thisUpdate is past and nextUpdate is not.

A list (RFC 5280, section 6.3) is believed where:

1. the issuer of the certificate issued and signed it, and may sign lists;
2. it covers this certificate: it is whole, not a delta, not indirect, for all reasons, and where it is one of several
   it names a distribution point of the certificate;
3. no critical extension is left unread;
4. it is of the time asked about.

Signatures must be over SHA-2. A revocation stays, whenever it is asked about after it; one that was only a hold counts
no longer than its source. A certificate of a responder is not asked about itself.
"""

import enum
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, SignatureAlgorithmOID

from clauseproof.hardware.quiet import unwarned
from clauseproof.hardware.rejection import UNREADABLE, printable, rejected
from clauseproof.model.errors import EvidenceRejected

_STRONG = (hashes.SHA256, hashes.SHA384, hashes.SHA512)
_READ = (x509.IssuingDistributionPoint, x509.AuthorityKeyIdentifier, x509.CRLNumber)
_HOLD = x509.ReasonFlags.certificate_hold


class Standing(enum.Enum):
    """What a source says of a certificate."""

    GOOD = enum.auto()
    REVOKED = enum.auto()


@dataclass(frozen=True)
class Word:
    """What one source says.

    Attributes:
        since: when it was revoked; None where it was not.
        reason: why, in the words of RFC 5280, section 5.3.1; empty where it does not say.
        until: when a newer word is due.
    """

    standing: Standing
    since: datetime | None
    reason: str
    until: datetime


def judge_response(der: bytes, leaf: x509.Certificate, issuer: x509.Certificate, when: datetime) -> Word:
    """What a stapled OCSP response says of a certificate; EvidenceRejected where it says nothing that is proven."""
    where = "the stapled OCSP response"
    try:
        with unwarned():
            return _response(ocsp.load_der_ocsp_response(der), leaf, issuer, when, where)
    except UNREADABLE as error:
        raise rejected(where, f"it cannot be read: {printable(error)}") from error


def judge_list(data: bytes, name: str, leaf: x509.Certificate, issuer: x509.Certificate, when: datetime) -> Word:
    """What a list, PEM or DER, says of a certificate; EvidenceRejected where it says nothing that is proven.

    Args:
        name: of its file, for errors.
    """
    try:
        with unwarned():
            load = x509.load_pem_x509_crl if b"-----BEGIN" in data[:4096] else x509.load_der_x509_crl
            return _list(load(data), leaf, issuer, when, name)
    except UNREADABLE as error:
        raise rejected(name, f"no readable revocation list: {printable(error)}") from error


def _response(
    response: ocsp.OCSPResponse, leaf: x509.Certificate, issuer: x509.Certificate, when: datetime, where: str
) -> Word:
    """The steps for a response."""
    if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
        raise rejected(where, f"its status is {response.response_status.name.lower()}")
    answer = next((one for one in response.responses if _is_about(one, leaf, issuer)), None)
    if answer is None:
        raise rejected(where, "it is about another certificate")
    _signed(response, issuer, when, where)
    if answer.certificate_status is ocsp.OCSPCertStatus.UNKNOWN:
        raise rejected(where, "it says that the responder does not know the certificate")
    since = answer.revocation_time_utc
    return _word(when, where, answer.this_update_utc, answer.next_update_utc, since, answer.revocation_reason)


def _is_about(answer: ocsp.OCSPSingleResponse, leaf: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Step 1: the same request for this certificate would have asked for this answer."""
    asked = ocsp.OCSPRequestBuilder().add_certificate(leaf, issuer, answer.hash_algorithm).build()
    return (answer.serial_number, answer.issuer_name_hash, answer.issuer_key_hash) == (
        asked.serial_number,
        asked.issuer_name_hash,
        asked.issuer_key_hash,
    )


def _signed(response: ocsp.OCSPResponse, issuer: x509.Certificate, when: datetime, where: str) -> None:
    """Step 2."""
    digest = response.signature_hash_algorithm
    if response.signature_algorithm_oid == SignatureAlgorithmOID.RSASSA_PSS:
        raise rejected(where, "its signature is of the kind RSASSA-PSS, which is not read here")
    if digest is not None and not isinstance(digest, _STRONG):
        raise rejected(where, f"its signature is over {digest.name}; SHA-256 or longer is accepted")
    signers = [issuer, *(one for one in response.certificates if _may_answer(one, issuer, when))]
    if not any(_verifies(s.public_key(), response.signature, response.tbs_response_bytes, digest) for s in signers):
        raise rejected(where, "neither the issuer signed it nor a responder that the issuer appointed")


def _may_answer(responder: x509.Certificate, issuer: x509.Certificate, when: datetime) -> bool:
    """Whether the issuer itself issued this certificate for signing responses (RFC 6960, section 4.2.2.2)."""
    try:
        responder.verify_directly_issued_by(issuer)
        usage = responder.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except (InvalidSignature, x509.ExtensionNotFound, *UNREADABLE):
        return False
    valid = responder.not_valid_before_utc <= when <= responder.not_valid_after_utc
    return valid and ExtendedKeyUsageOID.OCSP_SIGNING in usage


def _verifies(key: PublicKeyTypes, signature: bytes, data: bytes, digest: hashes.HashAlgorithm | None) -> bool:
    try:
        if isinstance(key, rsa.RSAPublicKey) and digest is not None:
            key.verify(signature, data, padding.PKCS1v15(), digest)
        elif isinstance(key, ec.EllipticCurvePublicKey) and digest is not None:
            key.verify(signature, data, ec.ECDSA(digest))
        elif isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey) and digest is None:
            key.verify(signature, data)
        else:
            return False
    except InvalidSignature:
        return False
    return True


def _list(
    crl: x509.CertificateRevocationList, leaf: x509.Certificate, issuer: x509.Certificate, when: datetime, where: str
) -> Word:
    """The steps for a list."""
    if crl.issuer != issuer.subject or leaf.issuer != issuer.subject:
        raise rejected(where, f"it is the list of {printable(crl.issuer.rfc4514_string())}, not of the issuer")
    digest = crl.signature_hash_algorithm
    if digest is not None and not isinstance(digest, _STRONG):
        raise rejected(where, f"its signature is over {digest.name}; SHA-256 or longer is accepted")
    if not _may_sign_lists(issuer) or not _list_signed(crl, issuer):
        raise rejected(where, "the issuer did not sign it")
    for reason in _not_covered(crl, leaf):
        raise rejected(where, reason, "name the list that the certificate's distribution point leads to")
    entry = crl.get_revoked_certificate_by_serial_number(leaf.serial_number)
    since = entry.revocation_date_utc if entry else None
    return _word(when, where, crl.last_update_utc, crl.next_update_utc, since, _entry_reason(entry))


def _may_sign_lists(issuer: x509.Certificate) -> bool:
    try:
        return issuer.extensions.get_extension_for_class(x509.KeyUsage).value.crl_sign
    except x509.ExtensionNotFound:
        return True


def _list_signed(crl: x509.CertificateRevocationList, issuer: x509.Certificate) -> bool:
    key = issuer.public_key()
    keys = rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | ed448.Ed448PublicKey
    return isinstance(key, keys) and crl.is_signature_valid(key)


def _not_covered(crl: x509.CertificateRevocationList, leaf: x509.Certificate) -> Iterator[str]:
    """Steps 2 and 3: why a list does not speak of a certificate."""
    for extension in crl.extensions:
        if isinstance(extension.value, x509.DeltaCRLIndicator):
            yield "it is a delta to another list"
        elif extension.critical and not isinstance(extension.value, _READ):
            yield f"extension {extension.oid.dotted_string} must be evaluated, and is not understood"
        elif isinstance(extension.value, x509.IssuingDistributionPoint):
            yield from _outside(extension.value, leaf)


def _outside(part: x509.IssuingDistributionPoint, leaf: x509.Certificate) -> Iterator[str]:
    if part.indirect_crl or part.only_contains_ca_certs or part.only_contains_attribute_certs:
        yield "it is for other certificates than a server's"
    if part.only_some_reasons:
        yield "it is for some reasons only"
    if part.relative_name or (part.full_name and not set(part.full_name) & set(_points(leaf))):
        yield "it is for certificates of another distribution point"


def _points(leaf: x509.Certificate) -> Iterator[x509.GeneralName]:
    try:
        points = leaf.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    except x509.ExtensionNotFound:
        return
    for point in points:
        yield from point.full_name or ()


def _entry_reason(entry: x509.RevokedCertificate | None) -> x509.ReasonFlags | None:
    try:
        return entry.extensions.get_extension_for_class(x509.CRLReason).value.reason if entry else None
    except x509.ExtensionNotFound:
        return None


def _word(
    when: datetime,
    where: str,
    this_update: datetime,
    next_update: datetime | None,
    since: datetime | None,
    reason: x509.ReasonFlags | None,
) -> Word:
    """The last step: a revocation stays; everything else is good for its time."""
    told = reason.value if reason else ""
    if since is not None and since <= when and reason is not _HOLD:
        return Word(Standing.REVOKED, since, told, next_update or when)
    if next_update is None:
        raise rejected(where, "it does not say until when it holds")
    if not this_update <= when <= next_update:
        raise _out_of_time(where, this_update, next_update)
    revoked = since is not None and since <= when
    return Word(Standing.REVOKED if revoked else Standing.GOOD, since if revoked else None, told, next_update)


def _out_of_time(where: str, this_update: datetime, next_update: datetime) -> EvidenceRejected:
    told = f"it speaks of {this_update:%Y-%m-%d %H:%M} to {next_update:%Y-%m-%d %H:%M} UTC only"
    return rejected(where, told, "look again for a newer one")
