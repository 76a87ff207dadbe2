"""Keys in hardware: proven by the module's own signature, not by a certificate on the wall."""

from collections.abc import Iterator

from clauseproof import Assurance, Case, Claim, EvidenceRejected, Finding, Unseen, broken, check, holds, note, unknown
from clauseproof.facts.attestation import EvidenceFile, KeyEvidence
from clauseproof.hardware import yubihsm
from clauseproof.hardware.publickey import read_public_key
from clauseproof.hardware.roots import YUBIHSM
from clauseproof.hardware.x509chain import Anchor, read_anchors
from clauseproof.hardware.yubihsm import KeyAttestation, Origin

LIMITS = (
    "The attestation says how this key came to be and where it can go. It does not say that the vendor uses this key "
    "for the data in question, and it bears no date. Revocation lists were not consulted."
)


class HsmAttestation(Claim):
    """The key in question was generated inside a genuine hardware security module and cannot leave it.

    Proven by an attestation that the module signed for this very key (`bound_to` of the subject), up to the maker's
    root, which is pinned, or to a root that the profile names under `anchors`. `allow_import` and `allow_export` are
    for contracts that promise only where the key lives.
    """

    allow_import: bool = False
    allow_export: bool = False


@check("hsm-attestation")
def hsm_attestation(claim: HsmAttestation, seen: KeyEvidence, case: Case) -> Iterator[Finding]:
    try:
        key = yubihsm.verify(_file(seen.attestation), _chain(seen), at=case.now, anchors=_anchors(case))
    except EvidenceRejected as rejection:
        yield unknown(f"The attestation proves nothing. {rejection.unseen().sentence}")
        yield from (unknown(missing.sentence) for missing in seen.chain if isinstance(missing, Unseen))
        return
    yield from _inside(key, claim.allow_import)
    yield from _stays(key, claim.allow_export)
    yield from _bound(key, seen.bound_to)
    yield note(LIMITS)


def _bound(key: KeyAttestation, bound_to: EvidenceFile | Unseen | None) -> Iterator[Finding]:
    if bound_to is None:
        yield unknown("Nothing says which key the attestation should be about. To settle it: name the key as bound_to")
        return
    if isinstance(bound_to, Unseen):
        yield unknown(bound_to.sentence)
        return
    try:
        wanted = read_public_key(bound_to.content, bound_to.name)
    except EvidenceRejected as rejection:
        yield unknown(rejection.unseen().sentence)
        return
    meant, digest = f"the {wanted.algorithm} key of {bound_to.name}", f"{wanted.spki_sha256} ({wanted.source})"
    if wanted.spki_sha256 != key.public_key_sha256:
        text = f"The attestation is about another key than {meant}. It attests SPKI SHA-256 {key.public_key_sha256}"
        yield broken(f"{text}; the file has {digest}", Assurance.PROVEN)
    else:
        text = f"The attestation is about {meant}. Its SPKI SHA-256 is {digest}"
        yield holds(text, Assurance.PROVEN, until=key.not_after)


def _inside(key: KeyAttestation, allow_import: bool) -> Iterator[Finding]:
    where = f"device {key.serial} (YubiHSM 2, firmware {key.firmware})"
    chain = f"the chain ends in {_root(key)}"
    if key.origin == {Origin.GENERATED}:
        yield holds(f"{_name(key)} was generated inside {where}; {chain}", Assurance.PROVEN, until=key.not_after)
    elif allow_import:
        text = f"{_name(key)} was {_entry(key)} {where}, which the clause allows; {chain}"
        yield holds(text, Assurance.PROVEN, until=key.not_after)
    else:
        yield broken(f"{_name(key)} was {_entry(key)} {where}, not generated there; {chain}", Assurance.PROVEN)


def _stays(key: KeyAttestation, allow_export: bool) -> Iterator[Finding]:
    able = ", ".join(key.capabilities) or "none"
    if key.exportable:
        text = f"{_name(key)} can leave the device, encrypted under a wrap key: its capabilities are {able}"
        yield note(f"{text}; the clause allows that") if allow_export else broken(text, Assurance.PROVEN)
    elif key.unknown_capabilities and not allow_export:
        yield unknown(
            f"{_name(key)} has capabilities that are not known here ({', '.join(key.unknown_capabilities)}), so that "
            "it may be able to leave the device. To settle it: judge again with a newer clauseproof"
        )
    else:
        text = f"{_name(key)} cannot leave the device: its capabilities are {able}, without {yubihsm.EXPORTABLE}"
        yield holds(text, Assurance.PROVEN, until=key.not_after)


def _name(key: KeyAttestation) -> str:
    return f'Key {key.object_id:#06x} "{key.label}"'


def _entry(key: KeyAttestation) -> str:
    return "brought under a wrap key into" if Origin.WRAPPED in key.origin else "imported into"


def _root(key: KeyAttestation) -> str:
    return f"{key.anchor.name}, {key.anchor.source}"


def _file(file: EvidenceFile) -> yubihsm.File:
    return file.name, file.content


def _chain(seen: KeyEvidence) -> list[yubihsm.File]:
    return [_file(file) for file in seen.chain if isinstance(file, EvidenceFile)]


def _anchors(case: Case) -> tuple[Anchor, ...]:
    named = (
        anchor
        for number, pem in enumerate(case.anchors.hsm, start=1)
        for anchor in read_anchors(pem, f"anchors.hsm, file {number}", "a root that the profile names")
    )
    return (YUBIHSM, *named)
