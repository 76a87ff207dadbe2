"""The versions of a key of Key Vault: each is enabled or disabled by itself. Pure."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

_SHOWN = 6


@dataclass(frozen=True)
class Versions:
    """Ids of all versions and of those enabled, oldest first.

    As text `2 of 3 versions enabled (1f9c3a2b, 77d0e4f1)`, in which a change of any flag shows.
    """

    every: tuple[str, ...]
    enabled: tuple[str, ...]

    @classmethod
    def of(cls, listed: Iterable[tuple[str, bool]]) -> "Versions":
        """From every version's id and flag, oldest first."""
        found = tuple(listed)
        return cls(tuple(name for name, _ in found), tuple(name for name, enabled in found if enabled))

    @property
    def newest(self) -> str:
        """The version that the key's name alone means."""
        return self.every[-1]

    def __str__(self) -> str:
        counted = f"{len(self.enabled)} of {len(self.every)} versions enabled"
        return f"{counted} ({self._names()})" if self.enabled else counted

    def _names(self) -> str:
        if len(self.enabled) <= _SHOWN:
            return ", ".join(name[:8] for name in self.enabled)
        return f"list {hashlib.sha256(' '.join(self.enabled).encode()).hexdigest()[:16]}"
