"""A look that gave nothing."""

import enum

from clauseproof.model.frozen import Frozen


class Reason(enum.StrEnum):
    """Why nothing was seen."""

    DENIED = "denied"
    """A right is missing in the account that was asked."""
    DEADLINE = "deadline"
    UNREACHABLE = "unreachable"
    EXTRA_MISSING = "extra-missing"
    UNKNOWABLE = "unknowable"
    """This source can never tell."""
    UNREADABLE = "unreadable"
    """An answer came and made no sense."""
    NOT_RUN = "not-run"
    """The run ended before this look was made."""
    NOT_PERMITTED = "not-permitted"
    """The profile's permission does not cover the look."""
    NOT_ASKED = "not-asked"
    """A drill, and the run was made without `--drills`."""
    FAILED = "failed"
    """A defect of the probe itself."""


class Unseen(Frozen):
    """Nothing was seen: why, in one sentence, and what would settle it."""

    reason: Reason
    text: str
    remedy: str = ""

    @property
    def sentence(self) -> str:
        """Reason and remedy in one text for a finding."""
        return f"{self.text}. To settle it: {self.remedy}" if self.remedy else self.text
