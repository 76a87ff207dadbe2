"""Drills on a key of AWS KMS, and the way back. Nothing here ever schedules a deletion."""

import base64
import json
import secrets
import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from clauseproof.facts.drills import Answer, Revocation, RotationDrill
from clauseproof.facts.drillshape import LONGEST
from clauseproof.facts.keys import AwsKey
from clauseproof.model.drill import Journal, Undo
from clauseproof.model.errors import RestoreFailed, Unknowable
from clauseproof.model.look import Look
from clauseproof.model.marks import probe, undoes
from clauseproof.model.permission import Permission
from clauseproof.probes.kms.acting import fingerprint
from clauseproof.probes.kms.aws import describe, rotation_events
from clauseproof.probes.kms.aws_api import ATTEMPTS, AwsApi, AwsReach, Failed
from clauseproof.probes.kms.aws_errors import LOSSES, REFUSALS, code_of, explain
from clauseproof.probes.kms.revocation import revoke
from clauseproof.probes.kms.rotating import Opened, Progress, rotate
from clauseproof.probes.record import Reading

WAY_BACK = "aws-kms-key-state"
ON_DEMAND_BUDGET = 25
"""RotateKeyOnDemand calls in the life of a key (AWS KMS API reference, RotateKeyOnDemand)."""

_DEADLINE_S = LONGEST.total_seconds() * 2
_RETRY_S = 1.0


@probe(
    permission=Permission.DRILL,
    deadline_s=_DEADLINE_S,
    rights=("kms:DescribeKey", "kms:Encrypt", "kms:Decrypt", "kms:DisableKey", "kms:EnableKey"),
)
def revocation(key: AwsKey, look: Look, journal: Journal) -> Revocation:
    """Disable the key, poll KMS and the vendor's data path, enable it, poll until both serve again."""
    return revoke(_RevocableAwsKey(key, look, REFUSALS), key.data_path, key.drill, look, journal)


@probe(
    permission=Permission.DRILL,
    deadline_s=_DEADLINE_S,
    rights=(
        "kms:DescribeKey",
        "kms:Encrypt",
        "kms:Decrypt",
        "kms:GetKeyRotationStatus",
        "kms:ListKeyRotations",
        "kms:RotateKeyOnDemand",
    ),
)
def rotation_drill(key: AwsKey, look: Look, journal: Journal) -> RotationDrill:
    """Rotate on demand; see new material in use and old ciphertext still readable. Uses one of 25 rotations."""
    return rotate(_RotatableAwsKey(key, look, LOSSES), key.drill, look, journal)


class _Hand:
    """A hand on one key: the control plane with retries, our canary without, so that each poll is one call.

    `refusals` are the codes for which opening the canary counts as refused.
    """

    def __init__(self, key: AwsKey, look: Look, refusals: frozenset[str]) -> None:
        self.key = key
        self.target = key.arn
        self.control = AwsApi(AwsReach.of(key), look, attempts=ATTEMPTS)
        self.once = AwsApi(AwsReach.of(key), look, attempts=1)
        self._canary = secrets.token_bytes(32)
        self.canary = fingerprint(self._canary)
        self._context = {"EncryptionContext": key.drill.canary_context} if key.drill.canary_context else {}
        self._refusals = refusals

    def state(self) -> str:
        return str(describe(self.control, self.key).get("KeyState"))

    def ready(self) -> str:
        metadata = describe(self.control, self.key)
        _must_encrypt(self.target, metadata)
        state = str(metadata.get("KeyState"))
        if state != "Enabled":
            raise Unknowable(
                f"{self.target} is {state}, and a drill gives a key back as it found it", "enable the key and run again"
            )
        return state

    def seal(self) -> bytes:
        sealed: bytes = self.control.call("Encrypt", Plaintext=self._canary, **self._context)["CiphertextBlob"]
        return sealed

    def opened(self, sealed: bytes) -> Opened:
        try:
            answer = self.once.try_call("Decrypt", CiphertextBlob=sealed, **self._context)
        except Failed as failed:
            outcome = Answer.REFUSED if failed.code in self._refusals else Answer.UNCLEAR
            return Opened(Reading(outcome, failed.code), None)
        if fingerprint(answer.get("Plaintext") or b"") != self.canary:
            return Opened(Reading(Answer.UNCLEAR, "AnotherPlaintext"), None)
        return Opened(Reading(Answer.SERVED, None), answer.get("KeyMaterialId"))

    def way_back(self, state: str, patience: timedelta, more: Mapping[str, str]) -> Undo:
        settings = {**AwsReach.of(self.key).settings(), "patience_s": str(patience.total_seconds()), **more}
        return Undo(kind=WAY_BACK, target=self.target, prior=state, settings=settings)


class _RevocableAwsKey(_Hand):
    disable_call = "kms:DisableKey"
    enable_call = "kms:EnableKey"

    def open(self, sealed: bytes) -> Reading:
        return self.opened(sealed).reading

    def disable(self) -> None:
        self.control.call("DisableKey")

    def enable(self) -> None:
        self.control.call("EnableKey")

    def undo(self, state: str, sealed: bytes, patience: timedelta) -> Undo:
        canary = {"canary": base64.b64encode(sealed).decode(), "context": json.dumps(self.key.drill.canary_context)}
        return self.way_back(state, patience, canary)

    def resume(self, undo: Undo, canary: str) -> None:
        self.canary = canary


class _RotatableAwsKey(_Hand):
    rotate_call = "kms:RotateKeyOnDemand"
    budget: int | None = ON_DEMAND_BUDGET

    def open(self, sealed: bytes) -> Opened:
        return self.opened(sealed)

    def progress(self) -> Progress:
        status = self.control.call("GetKeyRotationStatus")
        events = rotation_events(self.control)
        return Progress("OnDemandRotationStartDate" in status, len(events), sum(not e.automatic for e in events))

    def rotate(self) -> None:
        self.once.call("RotateKeyOnDemand")  # never a second time: a lost answer may have been a rotation

    def still_usable(self, state: str, patience: timedelta) -> Undo:
        return self.way_back(state, patience, {})

    def lasting(self, used: int) -> tuple[str, ...]:
        return (
            "the new key material stays: a rotation cannot be taken back",
            f"{used} of {ON_DEMAND_BUDGET} rotations on demand in the life of the key are used",
        )


def _must_encrypt(target: str, metadata: Mapping[str, Any]) -> None:
    usage, spec = metadata.get("KeyUsage"), metadata.get("KeySpec", metadata.get("CustomerMasterKeySpec"))
    if usage != "ENCRYPT_DECRYPT" or spec != "SYMMETRIC_DEFAULT":
        raise Unknowable(
            f"{target} is a key for {usage} of kind {spec}; the drill encrypts and decrypts with a symmetric key",
            "name the key that protects the data",
        )


@undoes(WAY_BACK)
def restore_key_state(undo: Undo) -> None:
    """Enable the key if it is disabled, and see that it is what it was and decrypts; harmless when taken twice.

    Credentials are read anew at every further try, so that renewed ones are used. A key in any other state than Enabled
    or Disabled was changed by somebody else, and is left to them.
    """
    reach = AwsReach.from_settings(undo.target, undo.settings)
    until = time.monotonic() + float(undo.settings.get("patience_s", "60"))
    problem = _try_way_back(reach, undo, fresh=False)
    while problem is not None:
        if time.monotonic() >= until:
            raise RestoreFailed(
                f"{undo.target} was {undo.prior} before the drill and could not be brought back: {problem}",
                "run clauseproof restore, or enable the key in the AWS console",
            )
        time.sleep(_RETRY_S)
        problem = _try_way_back(reach, undo, fresh=True)


def _try_way_back(reach: AwsReach, undo: Undo, *, fresh: bool) -> str | None:
    """What is still wrong, None if all is as before."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        client = reach.client(attempts=1, fresh=fresh)
        if _state(client, undo) == "Disabled":
            client.enable_key(KeyId=undo.target)
        refused = _still_refuses(client, undo)
        state = _state(client, undo)
    except (ClientError, BotoCoreError) as error:
        failure = explain(error, "EnableKey", reach.arn, reach.profile)
        return f"{failure.what} ({failure.what_to_do})"
    if state not in ("Enabled", "Disabled"):
        raise RestoreFailed(
            f"{undo.target} was {undo.prior} before the drill and is {state} now, which the drill did not do",
            "find out who changed it; then run clauseproof restore",
        )
    return f"it is {state}" if state != undo.prior else refused


def _state(client: Any, undo: Undo) -> str:
    return str(client.describe_key(KeyId=undo.target)["KeyMetadata"]["KeyState"])


def _still_refuses(client: Any, undo: Undo) -> str | None:
    """Decrypt the drill's canary. A caller who may enable but not decrypt has done what it could."""
    from botocore.exceptions import ClientError

    if "canary" not in undo.settings:
        return None
    sealed = base64.b64decode(undo.settings["canary"])
    context = json.loads(undo.settings.get("context", "{}"))
    try:
        client.decrypt(KeyId=undo.target, CiphertextBlob=sealed, EncryptionContext=context)
    except ClientError as error:
        if code_of(error) not in REFUSALS:
            return None if code_of(error).startswith("AccessDenied") else f"decrypting failed: {code_of(error)}"
        return f"it is enabled and still refuses to decrypt ({code_of(error)})"
    return None
