"""The provider's audit log of a key: is it kept, and are our own calls in it?"""

from pydantic import AwareDatetime

from clauseproof.model.assurance import Assurance
from clauseproof.model.facts import Facts
from clauseproof.model.frozen import Frozen


class Entry(Frozen):
    """One call as the log has it.

    Attributes:
        call: the provider's name, such as `kms:Decrypt`.
        error: the provider's code where the call was refused.
        id: the provider's identifier of the entry.
    """

    call: str
    at: AwareDatetime
    error: str | None
    id: str


class Own(Frozen):
    """A call of the drill's own, and what became of it in the log.

    Attributes:
        call, error: as the drill made it and was answered.
        at: when it was answered.
        missing_until_s: the last look that did not find it was this long after `at`; 0 if the first one did.
        found_after_s: the look that found it was this long after `at`; None where none did.
    """

    call: str
    error: str | None
    at: AwareDatetime
    missing_until_s: float
    found_after_s: float | None
    entry: Entry | None


class UsageLog(Facts):
    """The audit log of a key's uses.

    Attributes:
        target: the key, as the provider calls it.
        source: which log of the provider's.
        kept_days: how long the provider keeps it by itself; None where it does not say.
        newest: entries about the key, newest first, at most 50.
        own: the calls of this run's revocation drill.
    """

    kind = "keys.usage-log"
    ceiling = Assurance.OBSERVED

    target: str
    source: str
    kept_days: int | None
    newest: tuple[Entry, ...]
    own: tuple[Own, ...]
