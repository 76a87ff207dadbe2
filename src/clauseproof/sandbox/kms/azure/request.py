"""One call on its way through: read its body, ask whether the caller may, find the key, ask what its state allows."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from clauseproof.sandbox.kms.azure.access import Caller, refusal
from clauseproof.sandbox.kms.azure.errors import AzureError, bad_parameter, forbidden, key_not_found
from clauseproof.sandbox.kms.azure.vault import Vault, VaultKey, Version
from clauseproof.sandbox.kms.keystate import KeyState

Answer = Mapping[str, Any] | None
_OPENING: Final = frozenset({"decrypt", "unwrapKey", "verify"})
"""What is allowed before and after a version's validity too (Key Vault documentation, "About keys")."""


@dataclass(frozen=True)
class Operation:
    """One operation of the REST interface.

    Attributes:
        name: as in Key Vault's audit log.
        permission: on keys, that the caller needs.
        act: the work; None answers with status 204.
    """

    name: str
    permission: str
    act: Callable[["Request"], Answer]


class Request:
    """The parts of one call, with the vault it is made against.

    Attributes:
        keys: identifiers of the keys resolved so far, for the log.
    """

    def __init__(
        self,
        operation: Operation,
        caller: Caller,
        vault: Vault,
        *,
        path: Mapping[str, str],
        query: Mapping[str, str],
        body: bytes,
    ) -> None:
        self.operation = operation
        self.caller = caller
        self.vault = vault
        self.path = path
        self.query = query
        self.keys: list[str] = []
        self.body = _object(body)

    def authorise(self) -> None:
        """Raises `AzureError`: Forbidden, with an inner code that is not about the key."""
        withheld = self.operation.name in self.vault.faults.denies
        if withheld or not self.caller.may(self.operation.permission):
            raise refusal(self.caller, self.operation.permission, self.vault.host.split(".")[0], self.vault.region)

    def key(self, *, deleted: bool = False) -> VaultKey:
        """The key that the path names."""
        key = self.vault.find(self.path["name"], deleted=deleted)
        self.keys.append(f"{self.vault.url}/keys/{key.name}")
        return key

    def version(self) -> tuple[VaultKey, Version]:
        """The version that the path names; the latest where it names none."""
        key = self.key()
        wanted = self.path.get("version", "")
        version = key.latest if not wanted else next((each for each in key.versions if each.id == wanted), None)
        if version is None:
            raise key_not_found(f"{key.name}/{wanted}")
        self.keys[-1] = f"{self.keys[-1]}/{version.id}"
        return key, version

    def usable(self, version: Version, operation: str) -> None:
        """A cryptographic operation needs the version enabled, inside its validity, and made for it."""
        if version.switch.obeyed(self.vault.faults) is not KeyState.ENABLED:
            raise forbidden(f"Operation {operation} is not allowed on a disabled key.", "KeyDisabled")
        now = self.vault.clock.now()
        if operation not in _OPENING and version.expires_at is not None and version.expires_at <= now:
            raise forbidden(f"Operation {operation} is not allowed on an expired key.", "KeyExpired")
        if operation not in _OPENING and version.not_before is not None and version.not_before > now:
            raise forbidden(f"Operation {operation} is not allowed on a key that is not yet valid.", "KeyNotYetValid")
        if operation not in version.operations:
            raise forbidden(f"Operation {operation} is not permitted on this key.", "KeyOperationForbidden")

    def text(self, member: str, default: str | None = None) -> str:
        """A string of the body. Raises `AzureError` with code BadParameter."""
        value = self.body.get(member, default)
        if not isinstance(value, str):
            raise bad_parameter(f"{member} must be a string.")
        return value

    def mapping(self, member: str) -> dict[str, Any]:
        """An object of the body, empty where there is none."""
        value = self.body.get(member)
        if not isinstance(value, dict | None):
            raise bad_parameter(f"{member} must be an object.")
        return value or {}

    def page(self, items: Sequence[Any], path: str) -> Answer:
        """One page of `items` by maxresults and skiptoken, with the link to the next."""
        start, size = self._number("$skiptoken", 0), self._number("maxresults", 25)
        if not 1 <= size <= 25:
            raise bad_parameter("maxresults must be between 1 and 25.")
        end = start + size
        version = self.query["api-version"]
        # Key Vault's own links name the port, which its clients must take for the same origin.
        link = f"https://{self.vault.host}:443{path}?api-version={version}&$skiptoken={end}&maxresults={size}"
        return {"value": items[start:end], "nextLink": link if end < len(items) else None}

    def _number(self, name: str, default: int) -> int:
        text = self.query.get(name, str(default))
        if not text.isascii() or not text.isdigit() or len(text) > 6:
            raise bad_parameter(f"{name} must be a number.")
        return int(text)


def _object(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body or b"{}")
    except (ValueError, RecursionError) as error:
        raise bad_parameter("The request body is not valid JSON.") from error
    if not isinstance(value, dict):
        raise bad_parameter("The request body is not a JSON object.")
    return value


def instant(value: Any) -> datetime | None:
    """A point in time as seconds since 1970, or none. Raises `AzureError` with code BadParameter."""
    if value is None:
        return None
    try:
        return datetime.fromtimestamp(value, UTC)
    except (TypeError, ValueError, OverflowError, OSError) as error:
        raise bad_parameter("A date must be a number of seconds since 1970.") from error


def conflict(message: str, inner: str) -> AzureError:
    """A name that a deleted key still holds."""
    return AzureError(409, "Conflict", message, inner)
