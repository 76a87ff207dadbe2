"""Little runs of a lamp: is it lit? Written, signed and bent by the tests of the ledger."""

import base64
import hashlib
import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from clauseproof import __version__
from clauseproof.ledger.envelope import seal
from clauseproof.ledger.files import digest_of
from clauseproof.ledger.keys import PublicKey, Signer
from clauseproof.ledger.read import LedgerReader
from clauseproof.ledger.write import LedgerWriter
from clauseproof.model.assurance import Assurance
from clauseproof.model.facts import Facts
from clauseproof.model.finding import Finding, Outcome
from clauseproof.model.observation import Observation
from clauseproof.model.permission import Permission
from clauseproof.model.profile import ContractFile, Untested
from clauseproof.model.run import ClaimRecord, ClauseRecord, ProfileRecord, RunRecord, SubjectRecord
from clauseproof.model.unseen import Unseen
from clauseproof.model.verdict import Verdict, WaiverNote, fold

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
PROFILE = b"buyer: Acme GmbH\n"
CONTRACT = b"The hall lamp shall be lit at night and in every room."
PHOTO = b"\x89 a photograph of the lamp"
CHECKS = {"lamp.py": "c" * 64}


class Light(Facts):
    """Whether a lamp was lit."""

    kind: ClassVar[str] = "lamp.light"
    ceiling: ClassVar[Assurance] = Assurance.OBSERVED

    lit: bool


def new_signer() -> Signer:
    """A fresh Ed25519 key."""
    private = Ed25519PrivateKey.generate()
    return Signer(private, PublicKey.of(private.public_key()))


def clause(
    number: int, *claims: ClaimRecord, untested: tuple[Untested, ...] = (), floor: Assurance = Assurance.STATED
) -> ClauseRecord:
    """A clause about lamps."""
    return ClauseRecord(
        id=f"C {number}",
        title="Lamps",
        promise="The hall lamp shall be lit at night and in every room.",
        contract="C",
        passage="line 1",
        tier=1,
        assurance=floor,
        remedy=None,
        claims=claims,
        untested=untested,
    )


def record(**changes: Any) -> RunRecord:
    """A whole run of a profile with one tested clause, one without claims, and words that nobody tests."""
    claim = ClaimRecord(kind="lamp-lit", where=("hall", "attic"), words="lit at night", params={})
    gap = Untested(words="in every room", because="the cellar is locked")
    hall = SubjectRecord(type="Lamp", key="lamp", value="hall", holds=(), environment=None, fields={})
    profile = ProfileRecord(
        path="acme.yaml",
        sha256=hashlib.sha256(PROFILE).hexdigest(),
        buyer="Acme GmbH",
        vendor="Example Ltd",
        contract=(ContractFile(id="C", file="contract.md", status="draft"),),
        permission=None,
        population=None,
        datasets={},
        subjects={"hall": hall, "attic": hall.model_copy(update={"value": "attic"})},
        clauses=(clause(1, claim, untested=(gap,)), clause(2)),
        waivers=(),
    )
    whole = RunRecord(
        id="20261124T090000Z-0001",
        started=NOW,
        finished=NOW + timedelta(seconds=3),
        complete=True,
        now=NOW,
        clauseproof=__version__,
        operator="A. Ito, Acme GmbH",
        vantages=("local",),
        permission=(Permission.CONNECT, Permission.OWN_ACCOUNT),
        drills=False,
        only=(),
        profile=profile,
        files={"acme.yaml": digest_of(PROFILE), "contract.md": digest_of(CONTRACT)},
        checks=CHECKS,
        atlas=None,
        tls_anchors=(),
        hsm_anchors=(),
        previous=None,
    )
    return whole.model_copy(update=changes)


def observation(subject: str, result: Facts | Unseen, **changes: Any) -> Observation:
    """A look at a lamp."""
    given: dict[str, Any] = {"version": 1 if isinstance(result, Facts) else 0, "kind": "lamp.light", "vantage": "local"}
    given |= {"at": NOW, "took_s": 0.25, "probe": "lamps:look", "permission": "connect"}
    return Observation(subject=subject, result=result, **(given | changes))


def replay(directory: Path) -> Iterator[Verdict]:
    """Judge the lamps of a recorded run: a lamp that is not lit breaks the clause."""
    reader = LedgerReader.open(directory)
    for subject in ("hall", "attic"):
        line = reader.line("lamp.light", subject, "local")
        assert line is not None
        lit = Light.load(line.version, line.data).lit
        outcome, text = (Outcome.HOLDS, "the lamp is lit") if lit else (Outcome.BROKEN, "the lamp is dark")
        yield verdict(subject, Finding(outcome, text, "", Assurance.OBSERVED, None, (line.digest,)))


def verdict(subject: str, *findings: Finding, **changes: Any) -> Verdict:
    """The fold of findings on one lamp."""
    ruling, assurance = fold(findings, Assurance.STATED)
    given = {"ruling": ruling, "assurance": assurance, "words": "lit at night", "tier": 1}
    return Verdict(clause="C 1", claim="lamp-lit", subjects=(subject,), findings=findings, **(given | changes))


def waiver(*, expired: bool = False) -> WaiverNote:
    """Somebody accepts the dark."""
    return WaiverNote("J. Doe", "bulb on order", date(2026, 12, 31), expired)


def begin(directory: Path, of: RunRecord | None = None, *, lit: bool = True) -> LedgerWriter:
    """A run with two observations, their photograph, and the verdicts they give; not finished."""
    writer = LedgerWriter.create(directory, (of or record()).model_copy(update={"finished": None, "complete": False}))
    for data in (PROFILE, CONTRACT):
        writer.artifact(data)
    photo = writer.artifact(PHOTO)
    first = writer.observe(observation("hall", Light(lit=lit), artifacts=(photo,), calls=("lamp:Look",)))
    writer.observe(observation("attic", Light(lit=True), inputs=(first,)))
    for each in replay(directory):
        writer.verdict(each)
    return writer


def finished(directory: Path, signer: Signer | None, of: RunRecord | None = None, *, lit: bool = True) -> str:
    """The same, finished and signed; returns the manifest's digest."""
    return begin(directory, of, lit=lit).finish(of or record(), signer, b"<!doctype html><title>Lamps</title>")


def payload(directory: Path) -> dict[str, Any]:
    """What the manifest of a run states."""
    envelope = json.loads((directory / "manifest.dsse.json").read_bytes())
    stated: dict[str, Any] = json.loads(base64.b64decode(envelope["payload"]))
    return stated


def resign(directory: Path, signer: Signer, change: Callable[[dict[str, Any]], None] = lambda stated: None) -> None:
    """Sign a run anew as it lies there now: what somebody does who has a key and rewrites a run."""
    stated = payload(directory)
    for subject in stated["subject"]:
        path = directory / subject["name"]
        if path.is_file():
            subject["digest"]["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    change(stated)
    (directory / "manifest.dsse.json").write_bytes(seal(json.dumps(stated).encode(), signer))
