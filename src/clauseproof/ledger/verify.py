"""Verifying a run directory, in numbered steps.

1. The directory holds the files of a run and nothing else.
2. The manifest is a DSSE envelope.
3. The envelope is signed.
4. What is signed is the statement of a run.
5. Every file is named by the statement and has the digest it gives.
6. The record can be read to its end, and is of the run that the statement describes.
7. Everything named as evidence is there.
8. Verdicts follow from their findings; results and statement sum them up.
9. The recorded observations, judged again, give the recorded verdicts.
10. No later run of the same profile is in the folder.

A step that fails does not hide the next: all that is wrong is said at once. Nothing in the directory is executed or
imported: judging again is the caller's own code, given as a function. The directory must not change meanwhile. What no
verifier can see from a directory alone is a later run that was removed: compare `Verification.manifest` with the
digest that the operator published.
"""

from collections.abc import Mapping
from pathlib import Path

from clauseproof.ledger import chain, recorded, sealed
from clauseproof.ledger.audit import Audit, Replay, StepTaker, take
from clauseproof.ledger.keys import PublicKey
from clauseproof.ledger.verification import Verification
from clauseproof.model.errors import LedgerError

_STEPS: tuple[tuple[str, StepTaker], ...] = (
    ("The directory holds the files of a run and nothing else", sealed.contents),
    ("The manifest is a DSSE envelope", sealed.envelope),
    ("The envelope is signed", sealed.signature),
    ("What is signed is the statement of a run", sealed.statement),
    ("Every file is named by the statement and unchanged", sealed.files),
    ("The record can be read to its end", recorded.record),
    ("Everything named as evidence is there", recorded.evidence),
    ("Results and statement sum up the verdicts", recorded.sums),
    ("The recorded observations, judged again, give the verdicts", recorded.replay),
    ("No later run of the profile is in the folder", chain.newest),
)


def verify(
    directory: Path,
    trusted: PublicKey | None = None,
    replay: Replay | None = None,
    *,
    checks: Mapping[str, str] | None = None,
    newest_of: Path | None = None,
) -> Verification:
    """Verify a run directory; LedgerError only if there is no such directory.

    Args:
        trusted: the key that must have signed; without it a signature proves integrity, not origin.
        replay: judges the directory again; without it step 9 is not done.
        checks: hex SHA-256, by name, of the check files that `replay` uses; tells other code from tampering.
        newest_of: the folder that holds the runs; without it step 10 is not done.
    """
    if not directory.is_dir():
        raise LedgerError(f"{directory} is no directory", "name the folder of one run")
    audit = Audit(directory, trusted, replay, checks, newest_of)
    steps = tuple(take(audit, number, title, step) for number, (title, step) in enumerate(_STEPS, 1))
    record = None if audit.recorded is None else audit.recorded.record
    return Verification(
        directory=directory,
        trust=audit.trust,
        keyid=audit.keyid,
        manifest=audit.manifest,
        run=None if record is None else record.id,
        complete=None if record is None else record.complete,
        other_code=audit.other_code,
        steps=steps,
    )
