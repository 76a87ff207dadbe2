"""From a leaf to an anchor: each of the five steps refused for its own reason."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from clauseproof import EvidenceRejected
from clauseproof.hardware.certificate import Certificate, read_certificate
from clauseproof.hardware.x509chain import Anchor, read_anchors, verify

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
CA = x509.BasicConstraints(ca=True, path_length=None)


def new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def issue(
    subject: str,
    key: PrivateKey,
    issuer: str,
    signer: PrivateKey,
    *extensions: x509.ExtensionType,
    critical: bool = True,
    first: datetime = NOW - timedelta(days=1),
    last: datetime = NOW + timedelta(days=1),
    digest: hashes.SHA256 | hashes.SHA224 = hashes.SHA256(),  # noqa: B008 - immutable
) -> Certificate:
    names = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]) for name in (issuer, subject)]
    builder = x509.CertificateBuilder(names[0], names[1], key.public_key(), x509.random_serial_number(), first, last)
    for extension in extensions:
        builder = builder.add_extension(extension, critical)
    return read_certificate(builder.sign(signer, digest).public_bytes(Encoding.DER), f"{subject}.pem")


def pin(root: Certificate) -> list[Anchor]:
    return [Anchor("root", root.spki_sha256, "pinned here")]


ROOT_KEY, MIDDLE_KEY, LEAF_KEY = new_key(), new_key(), new_key()
ROOT = issue("root", ROOT_KEY, "root", ROOT_KEY, CA)
MIDDLE = issue("middle", MIDDLE_KEY, "root", ROOT_KEY, CA)
LEAF = issue("leaf", LEAF_KEY, "middle", MIDDLE_KEY)


@pytest.mark.parametrize("others", list(permutations([ROOT, MIDDLE, LEAF])))
def test_a_chain_is_found_whatever_the_order(others: tuple[Certificate, ...]) -> None:
    chain = verify(LEAF, others, pin(ROOT), NOW)
    assert chain.certificates == (LEAF, MIDDLE, ROOT)
    assert chain.anchor.name == "root"


def test_the_proof_stands_as_long_as_all_certificates_are_valid() -> None:
    short = issue("middle", MIDDLE_KEY, "root", ROOT_KEY, CA, first=NOW, last=NOW + timedelta(hours=1))
    chain = verify(LEAF, [short, ROOT], pin(ROOT), NOW)
    assert (chain.not_before, chain.not_after) == (NOW, NOW + timedelta(hours=1))
    assert verify(LEAF, [short, ROOT], pin(ROOT), NOW + timedelta(hours=1)).certificates[1] == short


def test_step_1_a_missing_issuer_is_named() -> None:
    with pytest.raises(EvidenceRejected, match=r"^leaf\.pem: no certificate at hand is that of its issuer, CN=middle"):
        verify(LEAF, [ROOT], pin(ROOT), NOW)


def test_step_1_an_issuer_of_the_right_name_and_another_key_is_refused() -> None:
    impostor = issue("middle", new_key(), "root", ROOT_KEY, CA)
    with pytest.raises(
        EvidenceRejected, match=r"^leaf\.pem: its signature does not verify with the key of middle\.pem"
    ):
        verify(LEAF, [impostor, ROOT], pin(ROOT), NOW)


def test_step_1_the_signature_picks_among_issuers_of_one_name() -> None:
    impostor = issue("middle", new_key(), "root", ROOT_KEY, CA)
    assert verify(LEAF, [impostor, MIDDLE, ROOT], pin(ROOT), NOW).certificates[1] == MIDDLE


def test_step_1_of_two_editions_of_an_issuer_the_valid_one_is_taken() -> None:
    expired = issue("root", ROOT_KEY, "root", ROOT_KEY, CA, first=NOW - timedelta(days=9), last=NOW - timedelta(days=2))
    assert verify(LEAF, [MIDDLE, expired, ROOT], pin(ROOT), NOW).certificates[-1] == ROOT


def test_step_1_a_short_digest_is_refused() -> None:
    leaf = issue("leaf", LEAF_KEY, "middle", MIDDLE_KEY, digest=hashes.SHA224())
    with pytest.raises(EvidenceRejected, match=r"^leaf\.pem: its signature is over sha224"):
        verify(leaf, [MIDDLE, ROOT], pin(ROOT), NOW)


def test_step_1_a_short_rsa_key_may_not_issue() -> None:
    short = rsa.generate_private_key(65537, 1024)
    root = issue("root", short, "root", short, CA)
    with pytest.raises(EvidenceRejected, match=r"^root\.pem: a key of the kind RSA 1024 is not accepted"):
        verify(issue("leaf", LEAF_KEY, "root", short), [root], pin(root), NOW)


def test_step_2_a_root_that_nobody_pinned_is_refused_with_its_key() -> None:
    other = issue("other", new_key(), "other", new_key(), CA)
    with pytest.raises(
        EvidenceRejected, match=f"ends at CN=root with the key {ROOT.spki_sha256}, which is not a trusted"
    ):
        verify(LEAF, [MIDDLE, ROOT], pin(other), NOW)


def test_step_2_a_pinned_key_needs_a_certificate_that_it_signed_itself() -> None:
    borrowed = issue("root", ROOT_KEY, "root", new_key(), CA, last=NOW + timedelta(days=9999))
    with pytest.raises(EvidenceRejected, match="is not a trusted root"):
        verify(LEAF, [MIDDLE, borrowed], pin(ROOT), NOW)


def test_step_2_an_anchor_given_as_a_certificate_need_not_come_with_the_evidence() -> None:
    anchors = read_anchors(ROOT.parsed.public_bytes(Encoding.PEM), "mine.pem", "given in the profile")
    assert verify(LEAF, [MIDDLE], anchors, NOW).anchor.source == "given in the profile"


def test_step_2_an_intermediate_given_as_an_anchor_ends_the_chain() -> None:
    anchors = read_anchors(MIDDLE.parsed.public_bytes(Encoding.PEM), "mine.pem", "given in the profile")
    assert verify(LEAF, [], anchors, NOW).certificates[-1].sha256 == MIDDLE.sha256


def test_step_2_no_anchors_trust_nothing() -> None:
    with pytest.raises(EvidenceRejected, match="is not a trusted root"):
        verify(LEAF, [MIDDLE, ROOT], [], NOW)


def test_step_2_a_circle_of_issuers_ends() -> None:
    a, b = new_key(), new_key()
    circle = [issue("a", a, "b", b, CA), issue("b", b, "a", a, CA)]
    with pytest.raises(EvidenceRejected, match="no certificate at hand is that of its issuer"):
        verify(issue("leaf", LEAF_KEY, "a", a), circle, pin(ROOT), NOW)


@pytest.mark.parametrize("at", [NOW - timedelta(days=2), NOW + timedelta(days=2)])
def test_step_3_outside_its_validity_nothing_is_proven(at: datetime) -> None:
    with pytest.raises(
        EvidenceRejected, match=r"^leaf\.pem: (is not valid before|expired at) 2026-11-2[35] 12:00:00 UTC"
    ):
        verify(LEAF, [MIDDLE, ROOT], pin(ROOT), at)


def test_step_3_an_expired_intermediate_is_refused_by_name() -> None:
    expired = issue("middle", MIDDLE_KEY, "root", ROOT_KEY, CA, last=NOW - timedelta(seconds=1))
    with pytest.raises(EvidenceRejected, match=r"^middle\.pem: expired at 2026-11-24 11:59:59 UTC"):
        verify(LEAF, [expired, ROOT], pin(ROOT), NOW)


def test_step_3_an_expired_root_is_refused_though_its_key_is_pinned() -> None:
    expired = issue("root", ROOT_KEY, "root", ROOT_KEY, CA, last=NOW - timedelta(seconds=1))
    with pytest.raises(EvidenceRejected, match=r"^root\.pem: expired"):
        verify(LEAF, [MIDDLE, expired], pin(ROOT), NOW)


@pytest.mark.parametrize("constraints", [[], [x509.BasicConstraints(ca=False, path_length=None)]])
def test_step_4_whoever_is_no_authority_may_not_issue(constraints: list[x509.BasicConstraints]) -> None:
    middle = issue("middle", MIDDLE_KEY, "root", ROOT_KEY, *constraints)
    with pytest.raises(EvidenceRejected, match=r"^middle\.pem: .* basicConstraints do not make it an authority"):
        verify(LEAF, [middle, ROOT], pin(ROOT), NOW)


def test_step_4_a_path_length_is_kept() -> None:
    tight = issue("root", ROOT_KEY, "root", ROOT_KEY, x509.BasicConstraints(ca=True, path_length=0))
    with pytest.raises(EvidenceRejected, match=r"^root\.pem: allows 0 authorities below itself .*, and 1 follow"):
        verify(LEAF, [MIDDLE, tight], pin(ROOT), NOW)
    assert verify(issue("leaf", LEAF_KEY, "root", ROOT_KEY), [tight], pin(ROOT), NOW).certificates[-1] == tight


def test_step_4_a_key_usage_without_certificate_signing_is_refused() -> None:
    usage = x509.KeyUsage(True, False, False, False, False, False, True, False, False)
    with pytest.raises(EvidenceRejected, match=r"^middle\.pem: .* keyUsage does not include keyCertSign"):
        verify(LEAF, [issue("middle", MIDDLE_KEY, "root", ROOT_KEY, CA, usage), ROOT], pin(ROOT), NOW)


def unread_extensions() -> Iterator[tuple[x509.ExtensionType, bool]]:
    yield x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00"), True
    yield x509.NameConstraints([x509.DNSName("example")], None), False
    yield x509.PolicyConstraints(0, None), True


@pytest.mark.parametrize(("extension", "critical"), list(unread_extensions()))
def test_step_5_what_must_be_evaluated_and_is_not_is_refused(extension: x509.ExtensionType, critical: bool) -> None:
    middle = issue("middle", MIDDLE_KEY, "root", ROOT_KEY, CA, extension, critical=critical)
    with pytest.raises(
        EvidenceRejected, match=rf"^middle\.pem: extension {extension.oid.dotted_string} must be evaluated"
    ):
        verify(LEAF, [middle, ROOT], pin(ROOT), NOW)


def test_more_certificates_than_ten_are_refused() -> None:
    with pytest.raises(EvidenceRejected, match="comes with 10 certificates, more than 9"):
        verify(LEAF, [ROOT] * 10, pin(ROOT), NOW)
