"""Errors, named for what their reader must do. Those of a look become an `Unseen` in the ledger."""

from clauseproof.model.unseen import Reason, Unseen


class ClauseproofError(Exception):
    """Base of all errors raised on purpose: `what` happened to which subject, and `what_to_do` about it."""

    def __init__(self, what: str, what_to_do: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.what_to_do = what_to_do


class WiringError(ClauseproofError):
    """A check or probe is declared wrongly; names file and line."""


class ProfileError(ClauseproofError):
    """A profile cannot be accepted; names file, line and column."""


class LedgerError(ClauseproofError):
    """A run directory cannot be written or read."""


class RestoreFailed(ClauseproofError):
    """A drill's way back did not work; the journal stays open."""


class LookFailed(ClauseproofError):
    """A look gave nothing. The engine records it as an `Unseen` with this class's reason."""

    reason: Reason = Reason.FAILED

    def unseen(self) -> Unseen:
        """The same, as data."""
        return Unseen(reason=self.reason, text=self.what, remedy=self.what_to_do)


class Unreachable(LookFailed):
    """Nobody answered: no route, no name, connection refused or reset."""

    reason = Reason.UNREACHABLE


class TimedOut(LookFailed):
    """No answer in the time given."""

    reason = Reason.DEADLINE


class Denied(LookFailed):
    """A right is missing; `what_to_do` names it."""

    reason = Reason.DENIED


class EvidenceRejected(LookFailed):
    """Bytes of the vendor's that are not what they should be; `what` gives the offset or field."""

    reason = Reason.UNREADABLE


class Unknowable(LookFailed):
    """This source can never tell; `what_to_do` names one that could."""

    reason = Reason.UNKNOWABLE


class ExtraMissing(LookFailed):
    """An optional dependency is not installed; `what_to_do` is the command that installs it."""

    reason = Reason.EXTRA_MISSING


class NotPermitted(LookFailed):
    """The profile's permission does not cover this look; `what_to_do` is the line to add."""

    reason = Reason.NOT_PERMITTED
