"""A hardware module's attestation of one of its keys, as the vendor handed it over."""

from typing import ClassVar, Literal

from pydantic import Field

from clauseproof.model.assurance import Assurance
from clauseproof.model.facts import Facts
from clauseproof.model.frozen import Frozen
from clauseproof.model.subject import Subject
from clauseproof.model.unseen import Unseen

MOST_FILES = 9
"""The most files with certificates above the attestation."""


class Attestation(Subject):
    """Evidence that a key lives in a hardware security module. All files are relative to the profile.

    Attributes:
        attestation: the attestation itself, PEM or DER; further certificates in it count as part of the chain.
        chain: the certificates from the module's own up to the maker's root, in any order.
        bound_to: the key in question: a public key, certificate request or certificate of it, PEM or DER. An
            attestation speaks of a key; this says which key the contract means.
        format: what made the attestation; `yubihsm2` is the YubiHSM 2's X.509 form.
    """

    key: ClassVar[str] = "attestation"

    attestation: str = Field(min_length=1)
    chain: tuple[str, ...] = Field(default=(), max_length=MOST_FILES)
    bound_to: str | None = Field(default=None, min_length=1)
    format: Literal["yubihsm2"] = "yubihsm2"

    def files(self) -> tuple[str, ...]:
        """Attestation, chain and the key in question."""
        return (self.attestation, *self.chain, *((self.bound_to,) if self.bound_to else ()))


class EvidenceFile(Frozen):
    """A file's name in the profile, and its bytes as they were."""

    name: str
    content: bytes


class KeyEvidence(Facts):
    """The bytes of an attestation and what belongs to it, unjudged: trust anchors and the date come with the case.

    Attributes:
        chain: an Unseen for each file that could not be read.
        bound_to: the key in question; None where the profile names none.
    """

    kind = "hsm.attestation"
    ceiling = Assurance.PROVEN

    format: Literal["yubihsm2"]
    attestation: EvidenceFile
    chain: tuple[EvidenceFile | Unseen, ...]
    bound_to: EvidenceFile | Unseen | None
