"""Drills on a key of Key Vault or Managed HSM. Nothing here ever deletes anything.

Key Vault has no switch for a key, only one for each version: a drill disables every version that is enabled, and
enables exactly those again.
"""

import json
import secrets
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import timedelta
from types import TracebackType
from typing import TYPE_CHECKING, Self

from clauseproof.facts.azure import AzureKey
from clauseproof.facts.drills import Answer, Revocation, RotationDrill
from clauseproof.facts.drillshape import LONGEST
from clauseproof.model.drill import Journal, Undo
from clauseproof.model.errors import LookFailed, Unknowable
from clauseproof.model.look import Look
from clauseproof.model.marks import probe
from clauseproof.model.permission import Permission
from clauseproof.probes.kms.acting import fingerprint
from clauseproof.probes.kms.azure_api import AzureApi, Failed
from clauseproof.probes.kms.azure_canary import Canaries, Sealed, opened, pair_for, same_material, seal
from clauseproof.probes.kms.azure_errors import LOSSES, REFUSALS
from clauseproof.probes.kms.azure_reach import AzureReach
from clauseproof.probes.kms.azure_undo import WAY_BACK
from clauseproof.probes.kms.azure_versions import Versions
from clauseproof.probes.kms.revocation import revoke
from clauseproof.probes.kms.rotating import Opened, Progress, rotate
from clauseproof.probes.record import Reading, combine

if TYPE_CHECKING:
    from azure.keyvault.keys import KeyVaultKey

MOST_ENABLED = 100
"""Enabled versions that a drill disables and enables one by one."""
HSM_VERSIONS = 100
"""Versions that a key of a Managed HSM can have in its life (Managed HSM documentation, "Service limits")."""

_WATCHED = 3
"""Newest enabled versions that are asked at each poll: another may go on serving for longer."""
_DEADLINE_S = LONGEST.total_seconds() * 2


@probe(
    permission=Permission.DRILL,
    deadline_s=_DEADLINE_S,
    rights=("keys/get", "keys/list", "keys/update", "keys/unwrapKey"),
)
def revocation(key: AzureKey, look: Look, journal: Journal) -> Revocation:
    """Disable every enabled version, poll the vault and the vendor's data path, enable them, poll until both serve."""
    with _RevocableAzureKey(key, look, REFUSALS) as hand:
        return revoke(hand, key.data_path, key.drill, look, journal)


@probe(
    permission=Permission.DRILL,
    deadline_s=_DEADLINE_S,
    rights=("keys/get", "keys/list", "keys/rotate", "keys/unwrapKey"),
)
def rotation_drill(key: AzureKey, look: Look, journal: Journal) -> RotationDrill:
    """Rotate; see the new version differ from the old one, and the old one still open what it sealed. Both stay."""
    with _RotatableAzureKey(key, look, LOSSES) as hand:
        return rotate(hand, key.drill, look, journal)


class _Hand:
    """A hand on one key: the control plane with retries, our canary without, so that each poll is one call.

    `refusals` are the codes for which opening the canary counts as refused.
    """

    def __init__(self, key: AzureKey, look: Look, refusals: frozenset[str]) -> None:
        self.key = key
        self.reach = AzureReach.of(key, look)
        self.target = self.reach.target
        self._stack = ExitStack()
        self.control = self._stack.enter_context(AzureApi(self.reach, look))
        self.once = self._stack.enter_context(AzureApi(self.reach, look, attempts=1))
        self._canary = secrets.token_bytes(32)
        self.canary = fingerprint(self._canary)
        self._refusals = refusals

    def versions(self) -> Versions:
        return Versions.of((str(v.version), bool(v.enabled)) for v in self.control.versions())

    def state(self) -> str:
        return str(self.versions())

    def ready(self) -> str:
        self.control.tenant()
        pair_for(self.control.get())
        self.before = self.versions()
        if self.before.newest not in self.before.enabled:
            raise Unknowable(
                f"the newest version of {self.target} is disabled, and a drill gives a key back as it found it",
                "enable the version and run again",
            )
        return str(self.before)

    def reading(self, sealed: Sealed, version: str | None = None) -> Reading:
        try:
            text = self.once.attempt(
                sealed.operation, lambda: opened(self.once.connected(), self.reach.name, sealed, version)
            )
        except Failed as failed:
            code = failed.failure.code
            return Reading(Answer.REFUSED if code in self._refusals else Answer.UNCLEAR, code)
        except LookFailed as error:  # the token's own
            return Reading(Answer.UNCLEAR, type(error).__name__)
        if fingerprint(text) != self.canary:
            return Reading(Answer.UNCLEAR, "AnotherPlaintext")
        return Reading(Answer.SERVED, None)

    def way_back(self, patience: timedelta, more: Mapping[str, str]) -> Undo:
        settings = {**self.reach.settings(), "patience_s": str(patience.total_seconds()), **more}
        return Undo(kind=WAY_BACK, target=self.target, prior=json.dumps(self.before.enabled), settings=settings)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)


class _RevocableAzureKey(_Hand):
    disable_call = "keyvault:KeyUpdate enabled=false"
    enable_call = "keyvault:KeyUpdate enabled=true"

    def ready(self) -> str:
        state = super().ready()
        if len(self.before.enabled) > MOST_ENABLED:
            raise Unknowable(
                f"{self.target} has {len(self.before.enabled)} enabled versions, each of which a drill must disable "
                f"and enable; it does so for {MOST_ENABLED} at most",
                "disable old versions that protect nothing any more, or drill another key",
            )
        return state

    def seal(self) -> bytes:
        newest_first = self.before.enabled[::-1][:_WATCHED]
        sealed = tuple(seal(self.control, self.control.get(version), self._canary) for version in newest_first)
        return Canaries(sealed=sealed).model_dump_json().encode()

    def open(self, sealed: bytes) -> Reading:
        """Refused only where every version watched refuses."""
        canaries = Canaries.model_validate_json(sealed).sealed
        return combine(self.reading(canary) for canary in canaries)

    def disable(self) -> None:
        for version in self.before.enabled:
            self.control.set_enabled(version, False)

    def enable(self) -> None:
        """Every version is tried, so that one that fails keeps no other dark."""
        failures: list[LookFailed] = []
        for version in self.before.enabled[::-1]:
            try:
                self.control.set_enabled(version, True)
            except LookFailed as error:
                failures.append(error)
        if failures:
            raise failures[0]

    def undo(self, state: str, sealed: bytes, patience: timedelta) -> Undo:
        return self.way_back(patience, {"canary": sealed.decode()})

    def resume(self, undo: Undo, canary: str) -> None:
        self.canary = canary
        self.before = Versions.of((version, True) for version in json.loads(undo.prior))


class _RotatableAzureKey(_Hand):
    rotate_call = "keyvault:KeyRotate"

    def __init__(self, key: AzureKey, look: Look, refusals: frozenset[str]) -> None:
        super().__init__(key, look, refusals)
        self.budget = HSM_VERSIONS - 1 if key.managed_hsm else None
        self._first: tuple[KeyVaultKey, Sealed] | None = None
        self._sealed_under: dict[str, KeyVaultKey] = {}
        self._listed = 0

    def progress(self) -> Progress:
        """Key Vault answers when the new version is made; every version but the first counts as a rotation."""
        self._listed = len(self.versions().every) - 1
        return Progress(False, self._listed, self._listed)

    def seal(self) -> bytes:
        """Under whatever version the key's name means now."""
        key = self.control.get()
        sealed = seal(self.control, key, self._canary)
        self._sealed_under[sealed.version] = key
        self._first = self._first or (key, sealed)
        return sealed.model_dump_json().encode()

    def open(self, sealed: bytes) -> Opened:
        """Opened with the version it is under; a version that is the first one under another name counts as that."""
        canary = Sealed.model_validate_json(sealed)
        reading = self.reading(canary)
        return Opened(reading, self._material(canary.version) if reading.outcome is Answer.SERVED else None)

    def _material(self, version: str) -> str | None:
        if self._first is None:
            return version
        key, sealed = self._first
        if version == sealed.version:
            return version
        same = same_material(key, self._sealed_under[version], lambda: self._opens(sealed, version))
        if same is None:
            return None
        return sealed.version if same else version

    def _opens(self, sealed: Sealed, version: str) -> bool | None:
        outcome = self.reading(sealed, version).outcome
        return None if outcome is Answer.UNCLEAR else outcome is Answer.SERVED

    def rotate(self) -> None:
        self.once.rotate()  # never a second time: a lost answer may have been a version

    def still_usable(self, state: str, patience: timedelta) -> Undo:
        return self.way_back(patience, {})

    def lasting(self, used: int) -> tuple[str, ...]:
        budget = f", {used + 1} of the {HSM_VERSIONS} it can have" if self.budget is not None else ""
        return (
            f"the new version stays{budget}: a rotation cannot be taken back",
            "whoever names a version in the key's identifier goes on using the old one",
        )
