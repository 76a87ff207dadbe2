"""The ways in which a double can lie, lag or break, changeable while it runs."""

import sys
import threading
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from clauseproof.sandbox.kms.quota import Quota

EVERY: Final = sys.maxsize
"""As a number of calls: every call from now on."""

STRANGER: Final = "stranger"
STRANGE_AGENT: Final = "SomebodyElse/1.0"
"""Who made all calls, by a log that misnames them."""


@dataclass(frozen=True, kw_only=True)
class Faults:
    """What a provider does wrong. The default provider does nothing wrong.

    Attributes:
        disable_lag_s: seconds until cryptographic calls notice that a key was disabled or scheduled for deletion.
        enable_lag_s: seconds until cryptographic calls notice that a key was enabled.
        ignores_disable: the control plane shows the key as disabled and the data plane serves it all the same.
        rotation_duration_s: seconds until an on-demand rotation is completed.
        rotation_keeps_material: a rotation is listed with a new identifier while the old material goes on being used.
        loses_old_material: what was encrypted before a rotation cannot be decrypted after it.
        skips_scheduled_rotation: the schedule is shown as on and its date passes without a rotation.
        replicas_abroad: regions shown as holding a replica of every key; only AWS has replicas of a single key.
        foreign_grantees: principals that hold a right to encrypt and decrypt on every key; an Azure vault, unlike a
            Managed HSM, does not itself say who does.
        log_lag_s: seconds until a call appears in the provider's audit log.
        log_silent: nothing ever appears in the provider's audit log.
        log_loses: operations that never appear in it.
        log_misnames: everything appears in it under another caller's name and client.
        log_garbage: entries that make no sense stand between the others, on Google and Azure.
        denies: operations refused to everyone for want of permission, by the provider's operation names.
        expired_credentials: every caller's credentials count as expired.
        throttled_calls: how many calls are refused as too many.
        calls_per_s: how many calls a second are served, those beyond are refused as too many; 0 for all.
        server_error_calls: how many calls end in an internal error of the provider.
        reset_calls: how many connections are reset before anything is done.
        lost_answers: how many calls are carried out and their connection reset before the answer.
        delay_s: seconds that each answer is held back.
        spares: how many calls go through before throttling, errors, resets, expiry and delay begin.
        affects: operations that throttling, errors, resets, expiry and delay apply to; empty means all.
    """

    disable_lag_s: float = 0.0
    enable_lag_s: float = 0.0
    ignores_disable: bool = False
    rotation_duration_s: float = 0.0
    rotation_keeps_material: bool = False
    loses_old_material: bool = False
    skips_scheduled_rotation: bool = False
    replicas_abroad: tuple[str, ...] = ()
    foreign_grantees: tuple[str, ...] = ()
    log_lag_s: float = 0.0
    log_silent: bool = False
    log_loses: frozenset[str] = frozenset()
    log_misnames: bool = False
    log_garbage: bool = False
    denies: frozenset[str] = frozenset()
    expired_credentials: bool = False
    throttled_calls: int = 0
    calls_per_s: int = 0
    server_error_calls: int = 0
    reset_calls: int = 0
    lost_answers: int = 0
    delay_s: float = 0.0
    spares: int = 0
    affects: frozenset[str] = frozenset()


class Failure(StrEnum):
    """How one call breaks, whatever it asks for."""

    RESET = "reset"
    SERVER_ERROR = "server error"
    THROTTLED = "throttled"
    EXPIRED = "expired"
    ANSWER_LOST = "answer lost"


class FaultBoard:
    """Holds the faults in force and counts the calls they have met. Thread-safe."""

    def __init__(self, faults: Faults) -> None:
        self._lock = threading.Lock()
        self.set(faults)

    @property
    def faults(self) -> Faults:
        """The faults in force."""
        return self._faults

    def set(self, faults: Faults) -> None:
        """Put other faults in force; every count starts again."""
        with self._lock:
            self._faults = faults
            self._spared = 0
            self._quota = Quota(faults.calls_per_s) if faults.calls_per_s else None
            self._left = {
                Failure.RESET: faults.reset_calls,
                Failure.SERVER_ERROR: faults.server_error_calls,
                Failure.THROTTLED: faults.throttled_calls,
                Failure.EXPIRED: EVERY if faults.expired_credentials else 0,
                Failure.ANSWER_LOST: faults.lost_answers,
            }

    def meet(self, operation: str) -> tuple[Failure | None, float]:
        """Count a call of `operation`; return how it breaks, if it does, and for how many seconds it is held back."""
        with self._lock:
            faults = self._faults
            if faults.affects and operation not in faults.affects:
                return None, 0.0
            if self._spared < faults.spares:
                self._spared += 1
                return None, 0.0
            return self._next_failure(), faults.delay_s

    def _next_failure(self) -> Failure | None:
        for failure, left in self._left.items():
            if left > 0:
                self._left[failure] = left - 1
                return failure
        return Failure.THROTTLED if self._quota is not None and not self._quota.take() else None
