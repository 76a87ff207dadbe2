"""Reads the files of an attestation. What they prove is judged later, with a case's trust anchors and date."""

from clauseproof.facts.attestation import Attestation, EvidenceFile, KeyEvidence
from clauseproof.model.errors import EvidenceRejected, LookFailed
from clauseproof.model.look import Look
from clauseproof.model.marks import probe
from clauseproof.model.permission import Permission
from clauseproof.model.unseen import Unseen

MOST_BYTES = 128 * 1024
"""The largest file, in bytes: ten certificates of an unusual size."""


@probe(permission=Permission.OWN_ACCOUNT, deadline_s=10)
def key_evidence(attestation: Attestation, look: Look) -> KeyEvidence:
    """The bytes of all files that the profile names; only without the attestation itself is nothing seen.

    Raises:
        Unreachable: there is no such attestation.
        EvidenceRejected: it is larger than 128 KiB, or holds a private key.
    """
    return KeyEvidence(
        format=attestation.format,
        attestation=_read(look, attestation.attestation),
        chain=tuple(_try(look, name) for name in attestation.chain),
        bound_to=_try(look, attestation.bound_to) if attestation.bound_to else None,
    )


def _read(look: Look, name: str) -> EvidenceFile:
    content = look.read_file(name, MOST_BYTES)
    if b"PRIVATE KEY-----" in content:
        raise EvidenceRejected(
            f"{name} holds a private key, which nobody needs in order to judge",
            "name a file with the public key only, delete this run and treat that key as exposed",
        )
    return EvidenceFile(name=name, content=content)


def _try(look: Look, name: str) -> EvidenceFile | Unseen:
    try:
        return _read(look, name)
    except LookFailed as error:
        return error.unseen()
