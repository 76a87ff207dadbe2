"""How long a key outlives the wish to destroy it."""

from datetime import timedelta

from pydantic import AwareDatetime

from clauseproof.model.assurance import Assurance
from clauseproof.model.facts import Facts


class Deletion(Facts):
    """The time between asking for a key's deletion and its material being gone.

    Attributes:
        shortest, longest: both the same where the key's settings fix it; otherwise whoever asks chooses in between.
            `longest` is None where it waits for something else, such as a last replica.
        at_once: how the customer can destroy the material without waiting; None where that is not possible.
        comes_back: how destroyed material could be used again after all; None where it cannot.
        due: when material that is already to be deleted will be.
        source: where the limits are from: a setting of the key, or the provider's documentation.
    """

    kind = "keys.deletion"
    ceiling = Assurance.REPORTED

    shortest: timedelta
    longest: timedelta | None
    at_once: str | None
    comes_back: str | None
    due: AwareDatetime | None
    source: str
