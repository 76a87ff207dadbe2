"""What a run that leaves a key disabled hands to the one that goes on: the drill so far, without a secret."""

import json
from datetime import UTC, datetime

from clauseproof.facts.datapath import DataPath
from clauseproof.facts.drills import Act, Sample, Span
from clauseproof.model.drill import Left
from clauseproof.model.errors import EvidenceRejected, Unknowable
from clauseproof.model.frozen import Frozen
from clauseproof.probes.kms.acting import fingerprint

_OR_END_IT = "or end the drill now: clauseproof restore"


class Story(Frozen):
    """A revocation so far.

    Attributes:
        state_before: the provider's word for the key's state before it was disabled.
        sealed: our canary, encrypted under the key; canary: the fingerprint of what it holds.
        path: which record is read, see `record_of`; None where the key has no data path.
        first: digest of the value that each read of the record must give, see `probes.record.Record`.
        addresses, skipped: those of the data path, see `Revocation`.
    """

    state_before: str
    sealed: bytes
    canary: str
    path: str | None
    first: str | None
    addresses: tuple[str, ...]
    skipped: tuple[str, ...]
    disable: Act
    samples: tuple[Sample, ...]
    watched: tuple[Span, ...]

    @classmethod
    def of(cls, left: Left, path: DataPath | None) -> "Story":
        """Read a story again. EvidenceRejected or Unknowable where this run cannot go on with it."""
        try:
            story = cls.model_validate_json(left.story)
        except ValueError as error:
            what = f"what an earlier run left of the drill of {left.target} cannot be read"
            raise EvidenceRejected(
                what, f"go on with the version of clauseproof that wrote it, {_OR_END_IT}"
            ) from error
        if story.path != record_of(path):
            raise Unknowable(
                f"the data path of {left.target} reads another record than before the drill, and their answers cannot "
                "be compared",
                f"put url, method, body, expect_sentinel and json_pointer back, {_OR_END_IT}",
            )
        if datetime.now(UTC) < left.at:
            raise Unknowable(
                f"the clock of this machine is before {left.at:%Y-%m-%d %H:%M} UTC, when {left.target} was left "
                f"{left.state}",
                f"set the clock, {_OR_END_IT}",
            )
        return story


def record_of(path: DataPath | None) -> str | None:
    """What a data path reads, as a fingerprint; how it is reached may change while a drill goes on."""
    if path is None:
        return None
    return fingerprint(json.dumps([path.url, path.method, path.body, path.expect_sentinel, path.json_pointer]).encode())
