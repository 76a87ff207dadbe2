"""An attestation that a real device made, with the chain that Yubico made for it."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from clauseproof import EvidenceRejected
from clauseproof.hardware import yubihsm
from clauseproof.hardware.publickey import read_public_key
from clauseproof.hardware.yubihsm import File, KeyAttestation, Origin
from clauseproof.sandbox.attestation import make_attestation

pytestmark = pytest.mark.conformance

NOW = datetime(2026, 11, 24, tzinfo=UTC)
CHAIN = ("device-20783176.pem", "sub-ca-6742036.pem", "root-yubihsm.pem")


@pytest.fixture(scope="module")
def sample() -> dict[str, bytes]:
    place = os.environ.get("CLAUSEPROOF_VECTORS")
    if place is None:
        pytest.skip("set CLAUSEPROOF_VECTORS to a directory with vectors/yubihsm2 to test against a real device")
    return {path.name: path.read_bytes() for path in Path(place, "vectors", "yubihsm2").glob("*.pem")}


def judge(attestation: bytes, chain: list[File], at: datetime = NOW) -> KeyAttestation:
    return yubihsm.verify(("key.pem", attestation), chain, at=at)


def test_the_sample_is_proven_to_yubicos_pinned_root(sample: dict[str, bytes]) -> None:
    seen = judge(sample["key-0x0024.attestation.pem"], [(name, sample[name]) for name in CHAIN])
    assert (seen.serial, seen.firmware, seen.object_id) == (20783176, "2.2.0", 0x24)
    assert seen.capabilities == (
        "sign-pkcs",
        "sign-pss",
        "decrypt-pkcs",
        "decrypt-oaep",
        "sign-attestation-certificate",
    )
    assert seen.origin == {Origin.GENERATED}
    assert (seen.exportable, seen.domains) == (False, (3, 4))
    assert (seen.label, seen.algorithm) == ("Swish Sign RSA4096", "RSA 4096")
    assert (seen.not_before.year, seen.not_after.year) == (2017, 2071)


def test_the_request_for_the_attested_key_holds_that_key(sample: dict[str, bytes]) -> None:
    seen = judge(sample["key-0x0024.attestation.pem"], [(name, sample[name]) for name in CHAIN])
    assert read_public_key(sample["key-0x0024.csr.pem"], "key.csr").spki_sha256 == seen.public_key_sha256


@pytest.mark.parametrize("missing", CHAIN)
def test_no_link_of_the_sample_is_dispensable(sample: dict[str, bytes], missing: str) -> None:
    with pytest.raises(EvidenceRejected, match="no certificate at hand is that of its issuer"):
        judge(sample["key-0x0024.attestation.pem"], [(name, sample[name]) for name in CHAIN if name != missing])


@pytest.mark.parametrize("year", [2016, 2072])
def test_outside_its_dates_the_sample_proves_nothing(sample: dict[str, bytes], year: int) -> None:
    with pytest.raises(EvidenceRejected, match=r"not valid before 2017-01-01|expired at 2071-10-05"):
        judge(
            sample["key-0x0024.attestation.pem"],
            [(name, sample[name]) for name in CHAIN],
            datetime(year, 6, 1, tzinfo=UTC),
        )


def test_each_flipped_byte_of_the_sample_is_caught(sample: dict[str, bytes]) -> None:
    der = x509.load_pem_x509_certificate(sample["key-0x0024.attestation.pem"]).public_bytes(Encoding.DER)
    chain = [(name, sample[name]) for name in CHAIN]
    for position in range(0, len(der), 3):
        flipped = bytearray(der)
        flipped[position] ^= 0x01
        with pytest.raises(EvidenceRejected):
            judge(bytes(flipped), chain)


def test_a_chain_of_ones_own_does_not_pass_beside_the_samples(sample: dict[str, bytes]) -> None:
    made = make_attestation(ec.generate_private_key(ec.SECP256R1()).public_key(), now=NOW)
    with pytest.raises(EvidenceRejected, match=r"no certificate at hand|does not verify"):
        judge(made.attestation, [(name, sample[name]) for name in CHAIN])
