"""What a key is made of, generation by generation: every material or version that has ever encrypted under it."""

from pydantic import AwareDatetime, Field

from clauseproof.facts.keys import KeyState, Origin, Protection
from clauseproof.model.assurance import Assurance
from clauseproof.model.facts import Facts
from clauseproof.model.frozen import Frozen


class Fips(Frozen):
    """What the provider's API says that the module was validated to: `140-2` or `140-3`, and the overall level."""

    standard: str
    level: int = Field(ge=1, le=4)


class Generation(Frozen):
    """One generation of a key's material: AWS's key material, a version of Google's or Azure's.

    Attributes:
        id: the provider's; None where it names none.
        current: whether new data is encrypted under it.
        state: its own where generations have states, else the key's.
        protection: what guards it; None where the provider's API does not say.
        fips: None where the provider's API does not say.
        expires: when the provider deletes it by itself; None where it never does.
    """

    id: str | None
    current: bool
    state: KeyState
    origin: Origin
    protection: Protection | None
    fips: Fips | None
    made: AwareDatetime | None
    expires: AwareDatetime | None


class Materials(Facts):
    """Every generation of a key, oldest first; those that were destroyed or never came into being are left out."""

    kind = "keys.materials"
    ceiling = Assurance.REPORTED

    generations: tuple[Generation, ...]

    @property
    def in_use(self) -> tuple[Generation, ...]:
        """Those that encrypt or decrypt at present."""
        return tuple(generation for generation in self.generations if generation.state is KeyState.ENABLED)
