"""What the certificates of a TLS server are worth, at any time and to any anchors: recorded bytes in, an opinion out.

The path is built and judged by `cryptography.x509.verification`, which follows RFC 5280 and the CA/Browser Forum's
profile. It stops at the first fault with words for programmers, so the faults are looked for again here, all of them,
only to be named; and it lets a short RSA key pass in the server's own certificate, which is refused here. Revocation is
not looked at.
"""

import functools
import ipaddress
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from clauseproof.hardware.certificate import Certificate, digest_name, read_certificate
from clauseproof.hardware.quiet import unwarned
from clauseproof.hardware.rejection import printable, rejected
from clauseproof.model.errors import EvidenceRejected

LEAST_RSA_BITS = 2048
"""CA/Browser Forum Baseline Requirements, section 6.1.5."""
_BROKEN_HASHES = frozenset({"md5", "sha1"})
_MOST_NAMES = 5


@dataclass(frozen=True)
class Valid:
    """A path from the server's certificate to an anchor.

    Attributes:
        path: the subjects of its certificates, for sentences.
        until: the earliest end of validity of all of them.
        certificates: the server's own first, the anchor last; one where the server's own is the anchor.
    """

    path: tuple[str, ...]
    until: datetime
    certificates: tuple[x509.Certificate, ...]

    @property
    def issuer(self) -> x509.Certificate:
        """The certificate that issued the server's own."""
        return self.certificates[min(1, len(self.certificates) - 1)]


@dataclass(frozen=True)
class Invalid:
    """Every reason found why the chain does not hold, each the end of a sentence about the server's certificate."""

    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Roots:
    """Trust anchors, ready for use."""

    store: Store
    count: int


@functools.lru_cache(maxsize=8)
def read_roots(pems: tuple[bytes, ...]) -> Roots:
    """Trust anchors of PEM files; EvidenceRejected if one cannot be read, or there is none."""
    if not pems:
        raise EvidenceRejected(
            "there are no trust anchors to judge with", "give some in network.ca_file of the profile"
        )
    try:
        with unwarned():  # some public roots have a serial number of zero
            anchors = [anchor for pem in pems for anchor in x509.load_pem_x509_certificates(pem)]
        return Roots(Store(anchors), len(anchors))
    except ValueError as error:
        raise rejected("the trust anchors", printable(error), "give certificates in PEM form") from error


def judge_chain(chain: Sequence[bytes], name: str, when: datetime, roots: Roots) -> Valid | Invalid:
    """Whether a server's chain (DER, its own first) is good for a host name or address at a time.

    Raises:
        EvidenceRejected: a certificate that cannot be read, or a name that no certificate can be for.
    """
    leaf, *others = [read_certificate(der, f"certificate {n}") for n, der in enumerate(chain, start=1)]
    sent = [leaf, *others]
    try:
        path = _verify(leaf, others, name, when, roots)
    except VerificationError as error:
        reasons = (*_out_of_time(sent, when), *_wrong_name(leaf, name), *_weak_keys(sent), *_weak_signatures(sent))
        reasons += tuple(_no_path(leaf, others, roots))
        return Invalid(reasons or (_words(error, when),))
    if weak := tuple(_weak_keys([certificate for certificate in sent if certificate.parsed in path])):
        return Invalid(weak)
    until = min(certificate.not_valid_after_utc for certificate in path)
    return Valid(tuple(printable(c.subject.rfc4514_string()) for c in path), until, tuple(path))


def certifies(der: bytes, name: str) -> bool:
    """Whether a certificate is for a host name or address, whatever else it is worth; an unreadable one is for none."""
    try:
        leaf = read_certificate(der, "the certificate")
    except EvidenceRejected:
        return False
    return any(_covers(pattern, name) for pattern in _names(leaf))


def _verify(
    leaf: Certificate,
    others: Sequence[Certificate],
    name: str,
    when: datetime,
    roots: Roots,
) -> list[x509.Certificate]:
    try:
        verifier = PolicyBuilder().store(roots.store).time(when).build_server_verifier(_subject(name))
    except ValueError as error:
        raise rejected(printable(name), "no certificate can be for such a name", "correct the endpoint") from error
    return verifier.verify(leaf.parsed, [other.parsed for other in others])


def _subject(name: str) -> x509.DNSName | x509.IPAddress:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _out_of_time(certificates: Sequence[Certificate], when: datetime) -> Iterator[str]:
    for number, certificate in enumerate(certificates):
        whose = "it" if number == 0 else f"the certificate of {certificate.subject} that was sent with it"
        if when > certificate.not_after:
            yield f"{whose} expired on {certificate.not_after:%Y-%m-%d}"
        elif when < certificate.not_before:
            yield f"{whose} is not valid before {certificate.not_before:%Y-%m-%d}"


def _weak_keys(certificates: Sequence[Certificate]) -> Iterator[str]:
    for certificate in certificates:
        key = certificate.parsed.public_key()
        if isinstance(key, rsa.RSAPublicKey) and key.key_size < LEAST_RSA_BITS:
            yield f"the RSA key of {certificate.subject} has {key.key_size} bits, and {LEAST_RSA_BITS} are the least"


def _weak_signatures(certificates: Sequence[Certificate]) -> Iterator[str]:
    """A root's own signature proves nothing and may be as weak as it likes."""
    for certificate in certificates:
        digest = digest_name(certificate.parsed)
        if digest in _BROKEN_HASHES and not certificate.self_issued:
            yield f"the signature of {certificate.subject} is over {digest.upper()}"


def _wrong_name(leaf: Certificate, name: str) -> Iterator[str]:
    names = _names(leaf)
    if not any(_covers(pattern, name) for pattern in names):
        told = ", ".join(printable(n) for n in names[:_MOST_NAMES]) or "nothing"
        yield f"it is for {told}{' and others' if len(names) > _MOST_NAMES else ''}, not for {name}"


def _names(leaf: Certificate) -> list[str]:
    try:
        san = leaf.parsed.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    return [*san.get_values_for_type(x509.DNSName), *map(str, san.get_values_for_type(x509.IPAddress))]


def _covers(pattern: str, name: str) -> bool:
    """RFC 9525, section 6.3: the same name, or a wildcard in place of the whole first label."""
    first, _, rest = name.partition(".")
    return pattern.lower() == name or (bool(first and rest) and pattern.lower() == f"*.{rest}")


def _no_path(leaf: Certificate, others: Sequence[Certificate], roots: Roots) -> Iterator[str]:
    """The fault that is left when names and dates are granted: the chain is tried for its own name in its own time."""
    own = [name.replace("*", "any", 1) for name in _names(leaf)]
    when = max(certificate.not_before for certificate in (leaf, *others))
    try:
        if own:
            _verify(leaf, others, own[0], when, roots)
    except VerificationError as error:
        if "no interior errors" not in str(error):
            yield _words(error, when)
        elif leaf.self_issued:
            yield f"it signed itself and is none of the {roots.count} trust anchors"
        else:
            last = others[-1] if others else leaf
            yield f"no path leads from it to one of the {roots.count} trust anchors (last issuer: {last.issuer})"
    except EvidenceRejected:
        return


def _words(error: VerificationError, when: datetime) -> str:
    text = re.sub(r"\s*\(encountered processing .*\)$", "", str(error), flags=re.DOTALL)
    text = text.removeprefix("validation failed: ").removeprefix("candidates exhausted: ")
    if "not valid at validation time" in text:
        return f"a certificate above it is not valid on {when:%Y-%m-%d}"
    return f"it does not pass RFC 5280 and the CA/Browser Forum's profile: {printable(text)}"
