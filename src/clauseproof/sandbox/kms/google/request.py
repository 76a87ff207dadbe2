"""One call on its way through: ask whether the caller may, find the resource, ask whether its state lets it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import grpc  # type: ignore[import-untyped]

from clauseproof.sandbox.kms.google.access import Caller, permits
from clauseproof.sandbox.kms.google.errors import GoogleError, denied, invalid, not_found, precondition
from clauseproof.sandbox.kms.google.messages import state_of, version_name
from clauseproof.sandbox.kms.google.names import CONNECTION, JOB, KEY, KINDS, RING, VERSION, key_of
from clauseproof.sandbox.kms.google.project import CryptoKey, EkmConnection, Holdings, ImportJob, Version
from clauseproof.sandbox.kms.keystate import KeyState

T = TypeVar("T")


@dataclass(frozen=True)
class Method:
    """One rpc: its types, what it needs, what it does.

    Attributes:
        request: the message class it takes, `answer` the one it gives.
        permission: the IAM permission it needs on its resource.
        act: the work.
    """

    request: Any
    answer: Any
    permission: str
    act: Callable[["Request"], Any]


class Request:
    """The message of one call, with the state it is made against.

    Attributes:
        resources: names resolved so far, for the log.
    """

    def __init__(self, name: str, method: Method, message: Any, caller: Caller, holdings: Holdings) -> None:
        self.name = name
        self.method = method
        self.message = message
        self.caller = caller
        self.holdings = holdings
        self.resources: list[str] = []

    def authorise(self, resource: str, permission: str | None = None) -> None:
        """Raises `GoogleError` with status PERMISSION_DENIED, as for a resource that does not exist."""
        if not any(kind.fullmatch(resource) for kind in KINDS):
            raise invalid(f"Resource name [{resource[:200]}] is not valid.")
        needed = permission or self.method.permission
        extra = self.holdings.faults.foreign_grantees
        withheld = self.name in self.holdings.faults.denies
        if withheld or not permits(self.caller, needed, resource, self.holdings.policies, extra):
            raise denied(needed, resource)

    def ring(self, name: str) -> str:
        """An existing key ring, by its name."""
        self._check(RING.fullmatch(name), name, "KeyRing")
        if name not in self.holdings.rings:
            raise not_found("KeyRing", name)
        return name

    def key(self, name: str) -> CryptoKey:
        """An existing key, by its name or that of one of its versions."""
        self._check(KEY.fullmatch(name) or VERSION.fullmatch(name), name, "CryptoKey")
        key = self.holdings.keys.get(key_of(name))
        if key is None:
            raise not_found("CryptoKey", key_of(name))
        self.resources.append(key.name)
        return self.holdings.current(key)

    def version(self, name: str) -> tuple[CryptoKey, Version]:
        """An existing version with its key."""
        self._check(VERSION.fullmatch(name), name, "CryptoKeyVersion")
        key = self.key(name)
        number = name.rsplit("/", 1)[1]
        version = next((each for each in key.versions if each.id == number), None)
        if version is None:
            raise not_found("CryptoKeyVersion", name)
        return key, version

    def job(self, name: str) -> ImportJob:
        """An existing import job."""
        self._check(JOB.fullmatch(name), name, "ImportJob")
        if name not in self.holdings.jobs:
            raise not_found("ImportJob", name)
        return self.holdings.jobs[name]

    def connection(self, name: str) -> EkmConnection:
        """An existing connection to an external key manager."""
        self._check(CONNECTION.fullmatch(name), name, "EkmConnection")
        if name not in self.holdings.connections:
            raise not_found("EkmConnection", name)
        return self.holdings.connections[name]

    def usable(self, key: CryptoKey, version: Version) -> None:
        """A cryptographic operation needs the version enabled, as far as the data plane knows."""
        state = version.switch.obeyed(self.holdings.faults)
        if state is not KeyState.ENABLED or version.other is not None:
            shown = state_of(version, state).name
            raise precondition(f"{version_name(key, version)} is not enabled, current state is: {shown}.")

    def page(self, items: Sequence[T]) -> tuple[Sequence[T], dict[str, Any]]:
        """One page of `items`, and the fields that say whether more follow. The double neither filters nor sorts."""
        if getattr(self.message, "filter", "") or getattr(self.message, "order_by", ""):
            raise GoogleError(grpc.StatusCode.UNIMPLEMENTED, "filter and order_by are not available here.")
        token = self.message.page_token or "0"
        if not token.isascii() or not token.isdigit():
            raise invalid("The page token is not valid.")
        start = int(token)
        end = start + (self.message.page_size or 100)
        more = str(end) if end < len(items) else ""
        return items[start:end], {"next_page_token": more, "total_size": len(items)}

    def _check(self, fits: object, name: str, kind: str) -> None:
        if not fits:
            raise invalid(f"Resource name [{name[:200]}] is not a valid {kind} name.")
