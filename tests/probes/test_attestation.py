"""Reading an attestation's files: bytes as they are, gaps named."""

import pytest

from clauseproof import EvidenceRejected, Look, Reason, Unreachable, Unseen
from clauseproof.facts.attestation import Attestation, KeyEvidence
from clauseproof.probes.attestation import key_evidence


def look_at(files: dict[str, bytes]) -> Look:
    def read(name: str, limit: int) -> bytes:
        if name not in files:
            raise Unreachable(f"the file {name} cannot be read", f"put {name} beside the profile")
        if len(files[name]) > limit:
            raise EvidenceRejected(f"{name} is larger than {limit} bytes")
        return files[name]

    return Look(read_file=read)


SUBJECT = Attestation(attestation="key.pem", chain=("device.pem", "sub-ca.pem"), bound_to="key.csr")


def test_the_bytes_of_all_files_are_recorded_as_they_are() -> None:
    files = {"key.pem": b"\x00\xff", "device.pem": b"d", "sub-ca.pem": b"s", "key.csr": b"c"}
    seen = key_evidence(SUBJECT, look_at(files))
    again = KeyEvidence.load(1, seen.model_dump(mode="json"))
    assert again == seen
    assert again.attestation.content == b"\x00\xff"
    assert [file.name for file in again.chain if not isinstance(file, Unseen)] == ["device.pem", "sub-ca.pem"]


def test_a_missing_file_of_the_chain_is_a_gap_in_its_place() -> None:
    seen = key_evidence(SUBJECT, look_at({"key.pem": b"k", "sub-ca.pem": b"s"}))
    gap, present = seen.chain
    assert isinstance(gap, Unseen)
    assert gap.reason is Reason.UNREACHABLE
    assert gap.remedy == "put device.pem beside the profile"
    assert not isinstance(present, Unseen)
    assert isinstance(seen.bound_to, Unseen)


def test_no_key_in_question_is_an_explicit_none() -> None:
    assert key_evidence(Attestation(attestation="key.pem"), look_at({"key.pem": b"k"})).bound_to is None


def test_without_the_attestation_nothing_is_seen() -> None:
    with pytest.raises(Unreachable, match=r"the file key\.pem cannot be read"):
        key_evidence(SUBJECT, look_at({}))


def test_a_large_file_is_not_recorded() -> None:
    with pytest.raises(EvidenceRejected, match="larger than 131072 bytes"):
        key_evidence(SUBJECT, look_at({"key.pem": bytes(128 * 1024 + 1)}))


def test_a_private_key_is_never_recorded() -> None:
    secret = b"-----BEGIN EC PRIVATE KEY-----\nMHc\n-----END EC PRIVATE KEY-----\n"
    seen = key_evidence(SUBJECT, look_at({"key.pem": b"k", "key.csr": secret}))
    assert isinstance(seen.bound_to, Unseen)
    assert "treat that key as exposed" in seen.bound_to.remedy
    assert b"MHc" not in seen.model_dump_json().encode()


def test_the_subject_names_all_its_files() -> None:
    assert SUBJECT.files() == ("key.pem", "device.pem", "sub-ca.pem", "key.csr")
