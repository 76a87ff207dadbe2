"""What a claim speaks about."""

from typing import ClassVar

from clauseproof.model.frozen import Frozen


class Subject(Frozen):
    """A part of the deployment: an endpoint, a key, a document.

    A subclass sets `key`, the profile's word for it, and has a field of that name that holds the value beside the
    word: `{endpoint: "https://api.example"}`. Where several subclasses share a word (keys of three clouds), `accepts`
    tells them apart by the value.

    Attributes:
        holds: the datasets of the profile that this subject stores or carries.
        environment: the buyer's name for it, such as `poc` or `production`.
    """

    key: ClassVar[str] = ""

    holds: tuple[str, ...] = ()
    environment: str | None = None

    @classmethod
    def accepts(cls, value: str) -> bool:
        """Whether `value`, the text beside the profile's word, names a subject of this class."""
        return True

    def hosts(self) -> tuple[str, ...]:
        """Host names and addresses that a look at this subject contacts and that somebody else must permit."""
        return ()

    def files(self) -> tuple[str, ...]:
        """Files named by this subject, relative to the profile; the run keeps a copy of each that a probe read."""
        return ()
