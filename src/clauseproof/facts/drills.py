"""Drills on a key as timelines: what was served or refused at which second, before, during and after the change.

Times are seconds. In a revocation, 0 is the moment the call that disabled the key was answered. Asking takes time, so
every change of an answer lies in an interval, and both its ends are given: the last time the old answer was asked
for, and the first time the new one had arrived. Whoever judges can then let the doubt count against the proof.

A revocation may go on over several runs. Times then count from the same moment, by the clock of the machine (UTC)
from run to run and by a steady one within each; what lay between two runs nobody watched, and it widens the interval of
a change that fell into it.
"""

import enum
import math
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from itertools import groupby, takewhile
from typing import Any

from pydantic import AwareDatetime

from clauseproof.model.assurance import Assurance
from clauseproof.model.facts import Facts
from clauseproof.model.frozen import Frozen


class Lane(enum.StrEnum):
    """Who is asked."""

    KMS = "kms"
    """The key service itself: decrypt our canary."""
    VENDOR = "vendor"
    """The vendor's data path: read our record."""
    LOG = "log"
    """Nobody is asked: the vendor's own fetches of the key, as the log of the buyer's key service dates them."""


class Answer(enum.StrEnum):
    """What an asked side did.

    `REFUSED` is the specific refusal only. Of a key service: its own word for a key that is disabled or unusable. Of a
    data path: a complete HTTP answer without the record, status 2xx, 4xx or 5xx, except those that speak of the
    request, the session or a gateway (401, 407, 408, 425, 429, 502, 504). Everything else, a failed connection
    included, is `UNCLEAR` and proves nothing.
    """

    SERVED = "served"
    REFUSED = "refused"
    UNCLEAR = "unclear"


class Sample(Frozen):
    """One question and its answer.

    Attributes:
        t_s: when it was asked; took_s: how long the answer took.
        code: the provider's error code, or an HTTP status; None where all went well.
        digest: `sha256:<hex>` of what the data path gave; None where it gave nothing. Never the data itself.
    """

    lane: Lane
    t_s: float
    took_s: float
    outcome: Answer
    code: str | None
    digest: str | None

    @property
    def answered_s(self) -> float:
        """When the answer had arrived."""
        return self.t_s + self.took_s


class Act(Frozen):
    """One change we made: the call, when it was sent, how long it took."""

    call: str
    at: AwareDatetime
    t_s: float
    took_s: float

    @property
    def answered_s(self) -> float:
        """When the answer had arrived."""
        return self.t_s + self.took_s


class End(enum.StrEnum):
    """Why a drill stopped waiting."""

    SETTLED = "settled"
    """What it waited for came, as often in a row as asked for."""
    GAVE_UP = "gave-up"
    """Its time was over."""
    INTERRUPTED = "interrupted"
    """The run was told to stop."""
    BLIND = "blind"
    """The key service gave no usable answer any more: network or credentials lost."""
    LEFT = "left"
    """One run's share was over; the key stays disabled, and a later run goes on."""
    PERMISSION_OVER = "permission-over"
    """The profile's permission ends before the drill would have to: the key was not left disabled beyond it."""


class Span(Frozen):
    """A time in which both sides were asked without a break."""

    from_s: float
    until_s: float


class Change(Frozen):
    """When a lane's answer changed, after an act.

    Attributes:
        old_until_s: the last old answer was asked for this long after the act had been answered; 0 if there was none.
        new_after_s: the new answer had arrived this long after the act was sent; None where the lane did not change.
    """

    old_until_s: float
    new_after_s: float | None

    @property
    def resolution_s(self) -> float | None:
        """The width of the interval in which the change lies."""
        return None if self.new_after_s is None else round(max(0.0, self.new_after_s - self.old_until_s), 6)


class LaneTimes(Frozen):
    """What a lane did. `light` is None where it was never dark."""

    lane: Lane
    dark: Change
    light: Change | None


class Revocation(Facts):
    """A key was disabled under our eyes, and enabled again, by this run or by a later one.

    Attributes:
        target: the provider's full name of the key.
        disable, enable: our two acts; `enable` is named "way back" where our own call failed and the journal's worked,
            and None where the run left the key disabled to a later one.
        give_up_after_s: the longest dark time the drill would have waited.
        dark_end, light_end: why the wait for darkness and the wait for light ended; `light_end` is None where the key
            was left disabled.
        left_until: when a key that was left disabled must be enabled at the latest; None where it was not left.
        watched: when the sides were asked, oldest first: one span for each run that took part.
        lanes: the summary of `samples`, one per lane asked; a key without a data path has no vendor's lane.
        addresses: the data path's addresses that were read from; skipped: those that did not serve before the drill.
        state_before, state_after: the provider's word; `state_after` is None where it could not be read.
    """

    kind = "keys.revocation"
    version = 3
    ceiling = Assurance.OBSERVED

    target: str
    disable: Act
    enable: Act | None
    poll_every_s: float
    give_up_after_s: float
    confirmations: int
    dark_end: End
    light_end: End | None
    left_until: AwareDatetime | None
    watched: tuple[Span, ...]
    lanes: tuple[LaneTimes, ...]
    samples: tuple[Sample, ...]
    addresses: tuple[str, ...]
    skipped: tuple[str, ...]
    state_before: str
    state_after: str | None

    def lane(self, lane: Lane) -> LaneTimes | None:
        """The summary of one lane; None where it was not asked."""
        return next((times for times in self.lanes if times.lane is lane), None)

    def while_disabled(self, lane: Lane) -> list[Sample]:
        """What one lane answered between our two acts, or since the first where there is no second."""
        phase = between(self.samples, self.disable.t_s, math.inf if self.enable is None else self.enable.t_s)
        return [sample for sample in phase if sample.lane is lane]

    @property
    def watched_until_s(self) -> float:
        """How long the disabled key was watched: until it was enabled, or until the run left it."""
        return self.enable.t_s if self.enable is not None else self.watched[-1].until_s

    @classmethod
    def upgrade(cls, written: int, data: dict[str, Any]) -> dict[str, Any]:
        """Version 1 knew drills of one run only; version 2 none that its permission ended."""
        if written == 2:
            return data
        if written != 1:
            return super().upgrade(written, data)
        ends = [(sample["t_s"], sample["t_s"] + sample["took_s"]) for sample in data["samples"]] or [(0.0, 0.0)]
        span = {"from_s": min(start for start, _ in ends), "until_s": max(end for _, end in ends)}
        return {**data, "left_until": None, "watched": [span]}


class RotationDrill(Facts):
    """A rotation was asked for under our eyes; 0 is the moment the call was answered.

    Attributes:
        material_before, material_after: the provider's id of the material that new ciphertext was under, before and at
            the end; None where the provider does not say.
        declared_after_s: when the control plane first showed the rotation as completed; None if it did not.
        changed: when new ciphertext came to be under new material.
        looked_for_s: how long the drill looked, at most.
        old_reads: what became of decrypting the ciphertext made before; a refusal is looked at a second time.
        listed: whether the provider's list of rotations grew.
        budget: on-demand rotations in the key's life; used: how many are spent, ours included; None where unlimited.
        lasting: what cannot be taken back, in sentences.
    """

    kind = "keys.rotation-drill"
    ceiling = Assurance.OBSERVED

    target: str
    rotate: Act
    poll_every_s: float
    end: End
    material_before: str | None
    material_after: str | None
    declared_after_s: float | None
    changed: Change
    looked_for_s: float
    old_reads: tuple[Sample, ...]
    listed: bool
    used: int | None
    budget: int | None
    lasting: tuple[str, ...]


def between(samples: Iterable[Sample], from_s: float, until_s: float) -> list[Sample]:
    """Asked after one moment and answered before another: an answer on its way when a key changes speaks of neither."""
    return [sample for sample in samples if from_s <= sample.t_s and sample.answered_s <= until_s]


def change(
    samples: tuple[Sample, ...],
    act: Act,
    until_s: float,
    new: Answer,
    confirmations: int,
    watched: tuple[Span, ...] = (),
) -> Change:
    """When one lane's answer changed to `new` for good, between an act and `until_s`.

    The change counts once `new` was answered `confirmations` times in one span of `watched` since the last old
    answer. Samples are one lane's, in the order asked. Unclear ones neither make a change nor undo one; they widen the
    interval.
    """
    old = Answer.REFUSED if new is Answer.SERVED else Answer.SERVED
    seen = between(samples, act.t_s, until_s)
    tail = list(takewhile(lambda sample: sample.outcome is not old, reversed(seen)))[::-1]
    before = seen[: len(seen) - len(tail)]
    fresh = _by_span((sample for sample in tail if sample.outcome is new), watched)
    confirmed = next((answers for answers in fresh if len(answers) >= confirmations), None)
    return Change(
        old_until_s=round(max(0.0, before[-1].t_s - act.answered_s), 6) if before else 0.0,
        new_after_s=round(confirmed[0].answered_s - act.t_s, 6) if confirmed else None,
    )


def _by_span(samples: Iterable[Sample], watched: tuple[Span, ...]) -> Iterator[list[Sample]]:
    starts = [span.from_s for span in watched[1:]]
    for _, answers in groupby(samples, lambda sample: bisect_right(starts, sample.t_s)):
        yield list(answers)


def lane_times(
    samples: tuple[Sample, ...],
    lane: Lane,
    disable: Act,
    enable: Act | None,
    confirmations: int,
    watched: tuple[Span, ...] = (),
) -> LaneTimes:
    """The summary of one lane, from the samples of all; without a second act there is no light."""
    own = tuple(sample for sample in samples if sample.lane is lane)
    until_s = math.inf if enable is None else enable.t_s
    dark = change(own, disable, until_s, Answer.REFUSED, confirmations, watched)
    if dark.new_after_s is None or enable is None:
        return LaneTimes(lane=lane, dark=dark, light=None)
    return LaneTimes(lane=lane, dark=dark, light=change(own, enable, math.inf, Answer.SERVED, confirmations, watched))
