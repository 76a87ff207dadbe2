"""Key material outside the provider: who keeps it, and where the provider asks for it."""

import enum

from clauseproof.model.assurance import Assurance
from clauseproof.model.facts import Facts
from clauseproof.model.frozen import Frozen
from clauseproof.model.unseen import Unseen


class Way(enum.StrEnum):
    """How the provider reaches an external key manager."""

    INTERNET = "internet"
    PRIVATE = "private network"
    UNSAID = "network"
    """Nobody says which."""


class Keeper(Frozen):
    """One external key behind a key of the provider's.

    Attributes:
        generation: the version it stands for; None where the key has only one.
        store: the provider's name of the connection or store; None where there is none.
        host: host, and port if it is not 443, of the external key manager or its proxy, as the provider calls it.
        key: the external key's id, in the words of its manager.
        connected: whether the provider says that it can reach it; None where it does not say.
        made_by_provider: whether the provider makes and destroys external keys there by itself.
    """

    generation: str | None
    store: str | None
    host: str | Unseen
    key: str | None
    way: Way
    connected: bool | None
    made_by_provider: bool | None


class External(Facts):
    """The external keys behind a key; none where its material lies with the provider."""

    kind = "keys.external"
    ceiling = Assurance.REPORTED

    keepers: tuple[Keeper, ...]

    @property
    def hosts(self) -> tuple[str, ...]:
        """The known hosts, each once."""
        return tuple(dict.fromkeys(keeper.host for keeper in self.keepers if isinstance(keeper.host, str)))
