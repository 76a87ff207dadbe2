"""Where a key of Key Vault or Managed HSM is, and how to get there."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from clauseproof import __version__
from clauseproof.facts.azure import AzureKey
from clauseproof.model.errors import EvidenceRejected
from clauseproof.model.look import Look
from clauseproof.probes.kms.azure_credential import ForVault, credential
from clauseproof.probes.kms.azure_transport import transport

if TYPE_CHECKING:
    from azure.keyvault.keys import KeyClient

READ_S = 10.0
_LONGEST_WAIT_S = 2.0
_CA_LIMIT = 1 << 20


@dataclass(frozen=True)
class AzureReach:
    """Where a key is and how to get there, without any secret: `token` is the name of an environment variable."""

    vault: str
    name: str
    authority: str
    token: str | None
    connect_to: str | None
    ca_pem: str | None

    @classmethod
    def of(cls, key: AzureKey, look: Look) -> "AzureReach":
        """The way to a subject of the profile. Raises LookFailed where its ca_file cannot be read."""
        name = key.ca_file or look.network.ca_file
        try:
            ca_pem = None if name is None else look.read_file(name, _CA_LIMIT).decode()
        except UnicodeDecodeError as error:
            raise EvidenceRejected(f"{name} holds no certificates in PEM form", "mend ca_file") from error
        token = None if key.token is None else key.token.place
        return cls(key.vault, key.name, key.signs_in_at, token, key.connect_to, ca_pem)

    @classmethod
    def from_settings(cls, target: str, settings: Mapping[str, str]) -> "AzureReach":
        """The way that a journal remembers."""
        vault, _, name = target.partition("/keys/")
        more = (settings.get(word) for word in ("token", "connect_to", "ca_pem"))
        return cls(vault, name, settings["authority"], *more)

    @property
    def target(self) -> str:
        """The key, spelled in the one way that two drills of it have in common: names have no case in Key Vault."""
        return f"{self.vault}/keys/{self.name}".lower()

    def settings(self) -> dict[str, str]:
        """The way as a journal can keep it."""
        every = {
            "authority": self.authority,
            "token": self.token,
            "connect_to": self.connect_to,
            "ca_pem": self.ca_pem,
        }
        return {name: value for name, value in every.items() if value is not None}

    def client(self, *, attempts: int, within_s: float = READ_S, fresh: bool = False, **more: Any) -> "KeyClient":
        """A client whose calls take at most about `attempts` times `within_s`. Raises ValueError, see `credential`."""
        from azure.keyvault.keys import KeyClient

        return KeyClient(self.vault, **self._options(attempts, within_s, fresh), **more)

    def _options(self, attempts: int, within_s: float, fresh: bool) -> dict[str, Any]:
        return {
            "credential": ForVault(credential(self.authority, self.token, fresh=fresh), self.vault),
            "transport": transport(self.connect_to, self.ca_pem, within_s),
            "retry_policy": retries(attempts, within_s),
            "permit_redirects": False,
            "user_agent": f"clauseproof/{__version__}",
        }


def retries(attempts: int, within_s: float) -> Any:
    """The policy of a client that tries each call so often, each for so long."""
    from azure.core.pipeline.policies import RetryPolicy

    class Bounded(RetryPolicy[Any, Any]):
        def get_retry_after(self, response: Any) -> float | None:
            """As the service wishes, but never longer than the look has time for."""
            wished = super().get_retry_after(response)
            return None if wished is None else min(wished, _LONGEST_WAIT_S)

    again = attempts - 1
    return Bounded(
        retry_total=again,
        retry_connect=again,
        retry_read=again,
        retry_status=again,
        retry_backoff_factor=0.2,
        retry_backoff_max=_LONGEST_WAIT_S,
        timeout=within_s * attempts,
    )
