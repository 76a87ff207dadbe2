"""Drills on a key of Google Cloud KMS, and the way back. Nothing here ever schedules a destruction.

Cloud KMS cannot disable a key, only its versions: a drill disables every version that is enabled, and enables exactly
those again.
"""

import base64
import json
import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from clauseproof.facts.drills import Answer, Revocation, RotationDrill
from clauseproof.facts.drillshape import LONGEST
from clauseproof.facts.google import GoogleKey
from clauseproof.facts.keys import Origin
from clauseproof.model.drill import Journal, Undo
from clauseproof.model.errors import LookFailed, Unknowable
from clauseproof.model.look import Look
from clauseproof.model.marks import probe
from clauseproof.model.permission import Permission
from clauseproof.probes.kms.acting import fingerprint
from clauseproof.probes.kms.google import number_of, origin_of, read_key, read_versions, rotation_events, states_of
from clauseproof.probes.kms.google_api import Failed, GoogleApi, GoogleReach
from clauseproof.probes.kms.google_errors import LOSSES, REFUSALS
from clauseproof.probes.kms.google_undo import WAY_BACK, turn
from clauseproof.probes.kms.google_versions import DISABLED, ENABLED, VersionStates
from clauseproof.probes.kms.revocation import revoke
from clauseproof.probes.kms.rotating import Opened, Progress, rotate
from clauseproof.probes.record import Reading

MOST_VERSIONS = 25
"""Each version costs two writes, and a project makes 60 in a minute (Cloud KMS documentation, "Quotas")."""

_DEADLINE_S = LONGEST.total_seconds() * 2
_WRITE_ATTEMPTS = 6


@probe(
    permission=Permission.DRILL,
    deadline_s=_DEADLINE_S,
    rights=(
        "cloudkms.cryptoKeys.get",
        "cloudkms.cryptoKeyVersions.list",
        "cloudkms.cryptoKeyVersions.update",
        "cloudkms.cryptoKeyVersions.useToDecrypt",
        "cloudkms.cryptoKeyVersions.useToEncrypt",
    ),
)
def revocation(key: GoogleKey, look: Look, journal: Journal) -> Revocation:
    """Disable every enabled version, poll Cloud KMS and the vendor's data path, enable them, poll until both serve."""
    return revoke(_RevocableGoogleKey(key, look, REFUSALS), key.data_path, key.drill, look, journal)


@probe(
    permission=Permission.DRILL,
    deadline_s=_DEADLINE_S,
    rights=(
        "cloudkms.cryptoKeys.get",
        "cloudkms.cryptoKeys.update",
        "cloudkms.cryptoKeyVersions.create",
        "cloudkms.cryptoKeyVersions.list",
        "cloudkms.cryptoKeyVersions.useToDecrypt",
        "cloudkms.cryptoKeyVersions.useToEncrypt",
    ),
)
def rotation_drill(key: GoogleKey, look: Look, journal: Journal) -> RotationDrill:
    """Make a version and make it primary; see it in use and old ciphertext still readable. Both stay."""
    return rotate(_RotatableGoogleKey(key, look, LOSSES), key.drill, look, journal)


class _Hand:
    """A hand on one key: the control plane with retries, our canary without, so that each poll is one call.

    `refusals` are the codes for which opening the canary counts as refused.
    """

    def __init__(self, key: GoogleKey, look: Look, refusals: frozenset[str]) -> None:
        self.key = key
        self.target = key.name
        reach = GoogleReach.of(key)
        self.control = GoogleApi(reach, look)
        self.write = GoogleApi(reach, look, attempts=_WRITE_ATTEMPTS)
        self.once = GoogleApi(reach, look, attempts=1)
        self._canary = secrets.token_bytes(32)
        self.canary = fingerprint(self._canary)
        self._context = json.dumps(key.drill.canary_context, sort_keys=True).encode()
        self._refusals = refusals

    def states(self) -> VersionStates:
        return states_of(read_versions(self.control))

    def state(self) -> str:
        return str(self.states())

    def ready(self) -> str:
        found = read_key(self.control)
        _must_encrypt(found)
        if found.primary.state.name != ENABLED:
            raise Unknowable(
                f"the primary version of {self.target} is {found.primary.state.name}, and a drill gives a key back as "
                "it found it",
                "enable the version and run again",
            )
        return self.state()

    def encrypted(self) -> tuple[bytes, str]:
        """Our canary, and the number of the version it is under."""
        answer = self.control.call(
            "Encrypt", name=self.target, plaintext=self._canary, additional_authenticated_data=self._context
        )
        return answer.ciphertext, answer.name.rpartition("/")[2]

    def decrypted(self, sealed: bytes) -> tuple[Reading, bool]:
        """The reading, and whether Cloud KMS says that the primary version opened it."""
        try:
            answer = self.once.try_call(
                "Decrypt", name=self.target, ciphertext=sealed, additional_authenticated_data=self._context
            )
        except Failed as failed:
            return Reading(Answer.REFUSED if failed.code in self._refusals else Answer.UNCLEAR, failed.code), False
        if fingerprint(answer.plaintext) != self.canary:
            return Reading(Answer.UNCLEAR, "AnotherPlaintext"), False
        return Reading(Answer.SERVED, None), answer.used_primary

    def way_back(self, state: str, patience: timedelta, more: Mapping[str, str]) -> Undo:
        settings = {**GoogleReach.of(self.key).settings(), "patience_s": str(patience.total_seconds()), **more}
        return Undo(kind=WAY_BACK, target=self.target, prior=state, settings=settings)


class _RevocableGoogleKey(_Hand):
    disable_call = f"cloudkms.UpdateCryptoKeyVersion {DISABLED}"
    enable_call = f"cloudkms.UpdateCryptoKeyVersion {ENABLED}"
    _touched: tuple[int, ...] = ()

    def ready(self) -> str:
        state = super().ready()
        self._touched = VersionStates.parse(state).enabled
        if len(self._touched) > MOST_VERSIONS:
            raise Unknowable(
                f"{self.target} has {len(self._touched)} enabled versions, each of which a drill must disable and "
                f"enable; it does so for {MOST_VERSIONS} at most",
                "disable old versions that protect nothing any more, or drill another key",
            )
        return state

    def seal(self) -> bytes:
        return self.encrypted()[0]

    def open(self, sealed: bytes) -> Reading:
        return self.decrypted(sealed)[0]

    def disable(self) -> None:
        for number in self._touched:
            self.write.call("UpdateCryptoKeyVersion", **turn(self.target, number, DISABLED))

    def enable(self) -> None:
        """Every version is tried, so that one that fails keeps no other dark."""
        failures: list[LookFailed] = []
        for number in self._touched:
            try:
                self.control.call("UpdateCryptoKeyVersion", **turn(self.target, number, ENABLED))
            except LookFailed as error:
                failures.append(error)
        if failures:
            raise failures[0]

    def undo(self, state: str, sealed: bytes, patience: timedelta) -> Undo:
        canary = {"canary": base64.b64encode(sealed).decode(), "context": base64.b64encode(self._context).decode()}
        return self.way_back(state, patience, canary)

    def resume(self, undo: Undo, canary: str) -> None:
        self.canary = canary
        self._touched = VersionStates.parse(undo.prior).enabled


class _RotatableGoogleKey(_Hand):
    rotate_call = "cloudkms.UpdateCryptoKeyPrimaryVersion"
    budget: int | None = None
    _added: int | None = None
    _first: int = 0

    def __init__(self, key: GoogleKey, look: Look, refusals: frozenset[str]) -> None:
        super().__init__(key, look, refusals)
        self._under: dict[bytes, str] = {}
        self._primary = ""

    def ready(self) -> str:
        state = super().ready()
        found = read_key(self.control)
        if found.import_only or origin_of(found.primary) not in (Origin.PROVIDER_MADE, Origin.SINGLE_TENANT_HSM):
            raise Unknowable(
                f"{self.target} is made of material that Google did not make ({origin_of(found.primary)}), and a drill "
                "would put material of Google's in its place",
                "rotate it with material of your own, and let rotation-schedule judge the date",
            )
        self._first = number_of(found.primary)
        return state

    def progress(self) -> Progress:
        found = read_key(self.control)
        self._primary = str(number_of(found.primary))
        return Progress(False, len(rotation_events(found, read_versions(self.control))), 0)

    def seal(self) -> bytes:
        sealed, number = self.encrypted()
        self._under[sealed] = number
        return sealed

    def open(self, sealed: bytes) -> Opened:
        """The version that Encrypt named counts only once Decrypt agrees on whether it is the primary one."""
        reading, used_primary = self.decrypted(sealed)
        number = self._under[sealed]
        return Opened(reading, number if used_primary == (number == self._primary) else None)

    def rotate(self) -> None:
        # Neither call is made a second time: a lost answer may have been a version.
        made = self.once.call("CreateCryptoKeyVersion", parent=self.target, crypto_key_version={})
        self._added = number_of(made)
        try:
            self.once.call("UpdateCryptoKeyPrimaryVersion", name=self.target, crypto_key_version_id=str(self._added))
        except LookFailed as error:
            what = f"{error.what}; version {self._added} was made before, stays, and may not be primary"
            raise type(error)(what, error.what_to_do) from error

    def still_usable(self, state: str, patience: timedelta) -> Undo:
        return self.way_back(state, patience, {})

    def lasting(self, used: int) -> tuple[str, ...]:
        return (
            f"version {self._added} stays until it is destroyed, and is billed as any other",
            f"version {self._added} stays primary; version {self._first}, primary before, could be made so again",
        )


def _must_encrypt(key: Any) -> None:
    if key.purpose.name != "ENCRYPT_DECRYPT":
        raise Unknowable(
            f"{key.name} is a key for {key.purpose.name}; the drill encrypts and decrypts with a symmetric key",
            "name the key that protects the data",
        )
    if "primary" not in key:
        raise Unknowable(f"{key.name} has no primary version and encrypts nothing", "import or make one, and run again")
