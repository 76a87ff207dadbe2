"""What verifying a run found, as data."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

_LONGEST = 400


class Trust(StrEnum):
    """How far a signature reaches."""

    PINNED = "pinned key"
    """Signed by the key that the verifier brought: integrity and origin."""
    EMBEDDED = "key found in the file"
    """Signed by the key that stands in the file: integrity since the signature, and nothing about who signed."""
    UNSIGNED = "unsigned"
    """No signature that verifies."""


class ProblemKind(StrEnum):
    """What is wrong with a run."""

    MISSING = "missing"
    ADDED = "added"
    CHANGED = "changed"
    UNSAFE = "unsafe"
    """A link, a device, or a name that leaves the directory."""
    TOO_LARGE = "too large"
    TRUNCATED = "truncated"
    UNREADABLE = "unreadable"
    UNSIGNED = "unsigned"
    BAD_SIGNATURE = "bad signature"
    WRONG_KEY = "wrong key"
    """Signed, but not by the key that the verifier brought."""
    BAD_ENVELOPE = "bad envelope"
    BAD_STATEMENT = "bad statement"
    """The statement is none of a run, or says of the run what the run does not."""
    EVIDENCE_MISSING = "evidence missing"
    RESULTS_DIFFER = "results differ"
    """`results.json` or the manifest sums up what `verdicts.jsonl` does not say."""
    VERDICT_DIFFERS = "verdict differs"
    """A verdict that its findings, or the recorded facts, do not yield."""
    NOT_REPLAYED = "not replayed"
    """Judging again was asked for and could not be done."""
    NOT_NEWEST = "not the newest"


class StepState(StrEnum):
    """What came of a step."""

    HELD = "held"
    FAILED = "failed"
    NOT_DONE = "not done"
    """Nothing was shown: an earlier step failed, or the verifier did not bring what the step needs."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong; texts are safe to print, whatever the run directory holds.

    Attributes:
        about: the file, verdict or digest concerned.
    """

    kind: ProblemKind
    about: str
    text: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "about", printable(self.about))
        object.__setattr__(self, "text", printable(self.text))


@dataclass(frozen=True, slots=True)
class Step:
    """One of the numbered steps of `verify`; `note` says, safe to print, what was or was not shown."""

    number: int
    title: str
    state: StepState
    note: str
    problems: tuple[Problem, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "note", printable(self.note))


@dataclass(frozen=True, slots=True)
class Verification:
    """All steps, and what a reader may rely on.

    Attributes:
        keyid: fingerprint of the key whose signature verified; None where none did.
        manifest: `sha256:` digest of the manifest, the head to compare with one kept elsewhere; None without one.
        run: id of the run; complete: whether it ran to its end. None where `run.json` cannot be read.
        other_code: check files (and `clauseproof`) that judged and are not the ones that judged again.
    """

    directory: Path
    trust: Trust
    keyid: str | None
    manifest: str | None
    run: str | None
    complete: bool | None
    other_code: tuple[str, ...]
    steps: tuple[Step, ...]

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Everything wrong, in the order of the steps."""
        return tuple(problem for step in self.steps for problem in step.problems)

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong; a step that was not done shows nothing either way."""
        return self.trust is not Trust.UNSIGNED and not self.problems


def printable(text: str) -> str:
    """A text of somebody else's for a terminal: no control, bidirectional or other invisible characters, bounded."""
    shown = "".join(
        c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in text[:_LONGEST]
    )
    return shown if len(text) <= _LONGEST else f"{shown}..."
