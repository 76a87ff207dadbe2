"""hsm-attestation: what an attestation proves of a key, through the check, and through the probe with real files."""

import base64
import os
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from checks.hardware import HsmAttestation, hsm_attestation
from clauseproof import Assurance, Case, Finding, Look, Outcome, Reason, Unseen
from clauseproof.facts.attestation import Attestation, EvidenceFile, KeyEvidence
from clauseproof.model.case import TrustAnchors
from clauseproof.model.profile import Clause, Place
from clauseproof.model.verdict import Ruling, fold
from clauseproof.probes.attestation import key_evidence
from clauseproof.sandbox.attestation import GENERATED, IMPORTED, SIGN_ECDSA, WRAPPED, make_attestation, make_device
from clauseproof.sandbox.attestation import Attestation as Handed

NOW = datetime(2026, 11, 24, tzinfo=UTC)
KEY = ec.generate_private_key(ec.SECP256R1()).public_key()
CLAUSE = Clause("DPA 5.2", "Keys in hardware", "Keys are held in an HSM.", 1, (), Place("p.yaml", 1, 1))


def pem(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def evidence(made: Handed, bound_to: bytes | Unseen | None = pem(KEY)) -> KeyEvidence:  # noqa: B008 - immutable
    return KeyEvidence(
        format="yubihsm2",
        attestation=EvidenceFile(name="key.attestation.pem", content=made.attestation),
        chain=tuple(EvidenceFile(name=f"chain-{n}.pem", content=data) for n, data in enumerate(made.chain)),
        bound_to=EvidenceFile(name="key.pem", content=bound_to) if isinstance(bound_to, bytes) else bound_to,
    )


def judge(
    made: Handed,
    seen: KeyEvidence | None = None,
    claim: HsmAttestation = HsmAttestation(),  # noqa: B008 - immutable
    *,
    at: datetime = NOW,
    trusted: bytes | None = None,
) -> list[Finding]:
    case = Case(at, CLAUSE, {}, anchors=TrustAnchors(hsm=(trusted or made.root,)))
    return list(hsm_attestation(claim, seen or evidence(made), case))


def ruling(findings: Iterable[Finding]) -> Ruling:
    return fold(findings, Assurance.STATED)[0]


def said(findings: Iterable[Finding], outcome: Outcome) -> str:
    return "\n".join(finding.text for finding in findings if finding.outcome is outcome)


def test_a_key_generated_inside_that_cannot_leave_is_satisfied_and_proven() -> None:
    findings = judge(make_attestation(KEY, now=NOW))
    assert fold(findings, Assurance.STATED) == (Ruling.SATISFIED, Assurance.PROVEN)
    assert 'Key 0x0042 "customer data key" was generated inside device 12345678' in said(findings, Outcome.HOLDS)
    assert "Example HSM Root CA, a root that the profile names" in said(findings, Outcome.HOLDS)


def test_the_proof_ends_with_the_first_certificate_of_the_chain() -> None:
    made = make_device(now=NOW, intermediate_until=NOW + timedelta(days=90)).attest(KEY)
    assert {f.until for f in judge(made) if f.outcome is Outcome.HOLDS} == {NOW + timedelta(days=90)}


def test_the_finding_says_what_is_not_proven() -> None:
    assert "does not say that the vendor uses this key" in said(judge(make_attestation(KEY, now=NOW)), Outcome.NOTE)


def test_an_exportable_key_is_not_satisfied() -> None:
    findings = judge(make_attestation(KEY, now=NOW, exportable=True))
    assert fold(findings, Assurance.STATED) == (Ruling.NOT_SATISFIED, Assurance.PROVEN)
    assert "can leave the device, encrypted under a wrap key" in said(findings, Outcome.BROKEN)


def test_an_imported_key_is_not_satisfied() -> None:
    findings = judge(make_attestation(KEY, now=NOW, imported=True))
    assert ruling(findings) is Ruling.NOT_SATISFIED
    assert "was imported into device 12345678" in said(findings, Outcome.BROKEN)


@pytest.mark.parametrize("origin", [GENERATED | WRAPPED, IMPORTED | WRAPPED])
def test_a_key_brought_in_under_wrap_is_not_satisfied_whatever_else_its_origin_says(origin: int) -> None:
    findings = judge(make_device(now=NOW).attest(KEY, origin=origin))
    assert ruling(findings) is Ruling.NOT_SATISFIED
    assert "was brought under a wrap key into device" in said(findings, Outcome.BROKEN)


def test_an_attestation_of_another_key_is_not_satisfied() -> None:
    other = ec.generate_private_key(ec.SECP256R1()).public_key()
    made = make_attestation(KEY, now=NOW)
    findings = judge(made, evidence(made, bound_to=pem(other)))
    assert ruling(findings) is Ruling.NOT_SATISFIED
    assert "about another key" in said(findings, Outcome.BROKEN)


def test_a_clause_that_allows_import_and_export_is_satisfied_by_such_a_key() -> None:
    made = make_attestation(KEY, now=NOW, imported=True, exportable=True)
    assert ruling(judge(made)) is Ruling.NOT_SATISFIED
    assert ruling(judge(made, claim=HsmAttestation(allow_import=True))) is Ruling.NOT_SATISFIED
    assert ruling(judge(made, claim=HsmAttestation(allow_export=True))) is Ruling.NOT_SATISFIED
    assert ruling(judge(made, claim=HsmAttestation(allow_import=True, allow_export=True))) is Ruling.SATISFIED


def test_a_capability_nobody_here_knows_is_inconclusive() -> None:
    findings = judge(make_device(now=NOW).attest(KEY, capabilities=SIGN_ECDSA | 1 << 60))
    assert ruling(findings) is Ruling.INCONCLUSIVE
    assert "bit 60" in said(findings, Outcome.UNKNOWN)


def test_a_root_that_nobody_trusts_is_inconclusive() -> None:
    findings = judge(make_attestation(KEY, now=NOW), trusted=make_device(now=NOW).above[-1].pem)
    assert ruling(findings) is Ruling.INCONCLUSIVE
    assert "is not a trusted root" in said(findings, Outcome.UNKNOWN)


def test_the_same_record_judged_after_the_chain_expired_is_inconclusive() -> None:
    made = make_device(now=NOW, intermediate_until=NOW + timedelta(days=90)).attest(KEY)
    assert ruling(judge(made)) is Ruling.SATISFIED
    late = judge(made, at=NOW + timedelta(days=91))
    assert ruling(late) is Ruling.INCONCLUSIVE
    assert "expired at 2027-02-22" in said(late, Outcome.UNKNOWN)


def test_a_truncated_attestation_is_inconclusive() -> None:
    made = make_attestation(KEY, now=NOW, exportable=True)
    cut = evidence(made).model_copy(update={"attestation": EvidenceFile(name="a", content=made.attestation[:300])})
    assert ruling(judge(made, cut)) is Ruling.INCONCLUSIVE


def test_an_exportable_key_without_a_valid_chain_is_inconclusive_not_contradicted() -> None:
    made = make_attestation(KEY, now=NOW, exportable=True)
    assert ruling(judge(made, evidence(Handed(made.attestation, (), made.root)))) is Ruling.INCONCLUSIVE


def test_without_a_key_to_compare_with_it_is_inconclusive() -> None:
    made = make_attestation(KEY, now=NOW)
    missing = Unseen(reason=Reason.UNREACHABLE, text="the file key.pem cannot be read")
    for bound_to, words in ((None, "name the key as bound_to"), (missing, "cannot be read"), (b"?", "no public key")):
        findings = judge(made, evidence(made, bound_to=bound_to))
        assert ruling(findings) is Ruling.INCONCLUSIVE
        assert words in said(findings, Outcome.UNKNOWN)


def test_the_missing_file_of_a_chain_is_named_beside_what_it_breaks() -> None:
    made = make_attestation(KEY, now=NOW)
    gone = Unseen(reason=Reason.UNREACHABLE, text="the file device.pem cannot be read")
    whole = evidence(made)
    findings = judge(made, whole.model_copy(update={"chain": (gone, *whole.chain[1:])}))
    assert ruling(findings) is Ruling.INCONCLUSIVE
    assert "no certificate at hand" in said(findings, Outcome.UNKNOWN)
    assert "the file device.pem cannot be read" in said(findings, Outcome.UNKNOWN)


def test_files_on_disk_become_a_verdict(tmp_path: Path) -> None:
    made = make_attestation(KEY, now=NOW)
    files = {"a.pem": made.attestation, "chain.pem": b"".join(made.chain), "key.der": base64.b64decode(body(pem(KEY)))}
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    look = Look(read_file=lambda name, limit: (tmp_path / name).read_bytes())
    subject = Attestation(attestation="a.pem", chain=("chain.pem",), bound_to="key.der")
    recorded = key_evidence(subject, look).model_dump(mode="json")
    assert ruling(judge(made, KeyEvidence.load(1, recorded))) is Ruling.SATISFIED


@pytest.mark.conformance
def test_a_real_device_satisfies_for_its_own_key_and_contradicts_for_another() -> None:
    place = os.environ.get("CLAUSEPROOF_VECTORS")
    if place is None:
        pytest.skip("set CLAUSEPROOF_VECTORS to a directory with vectors/yubihsm2 to test against a real device")
    folder = Path(place, "vectors", "yubihsm2")
    subject = Attestation(
        attestation="key-0x0024.attestation.pem",
        chain=("device-20783176.pem", "sub-ca-6742036.pem", "root-yubihsm.pem"),
        bound_to="key-0x0024.csr.pem",
    )
    look = Look(read_file=lambda name, limit: (folder / name).read_bytes())
    case = Case(NOW, CLAUSE, {})
    own = list(hsm_attestation(HsmAttestation(), key_evidence(subject, look), case))
    assert fold(own, Assurance.STATED) == (Ruling.SATISFIED, Assurance.PROVEN)
    other = subject.model_copy(update={"bound_to": "device-20783176.pem"})
    assert ruling(hsm_attestation(HsmAttestation(), key_evidence(other, look), case)) is Ruling.NOT_SATISFIED


def body(text: bytes) -> str:
    return "".join(text.decode().splitlines()[1:-1])
