"""A key with its materials and rotations, as all three providers have it; each double puts its protocol in front."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Generic, TypeVar

from clauseproof.sandbox.kms.clock import Clock
from clauseproof.sandbox.kms.faults import Faults
from clauseproof.sandbox.kms.keystate import KeyState, Switch
from clauseproof.sandbox.kms.secret import AesSecret, Secret, Undecryptable, another

MOST_CAUGHT_UP: Final = 10_000
"""Scheduled rotations made up for at one look, when a clock was moved far ahead."""


@dataclass(eq=False, kw_only=True)
class Material:
    """One generation of a key: AWS's key material, Google's and Azure's key version.

    Attributes:
        id: the provider's name for it.
        created: when it came into being.
        secret: None before an import, after its expiry, deletion or destruction.
        switch: its own state; AWS keeps the state on the key and leaves this alone.
        imported: the customer brought it.
        expires: when imported material is deleted by the provider.
        description: the customer's words about it.
    """

    id: str
    created: datetime
    secret: Secret | None = field(repr=False)
    switch: Switch
    imported: bool = False
    expires: datetime | None = None
    description: str = ""


@dataclass(frozen=True, kw_only=True)
class Rotation:
    """One rotation as the provider lists it."""

    at: datetime
    on_demand: bool
    material: str


M = TypeVar("M", bound=Material)


@dataclass(frozen=True, kw_only=True)
class Underway(Generic[M]):
    """A rotation asked for and not yet completed: when it was asked for, and the tick at which it completes."""

    since: datetime
    until_tick: float
    incoming: M | None


class Key(Generic[M]):
    """Materials in the order of their making, one of them current, and the schedule by which they change.

    `make` gives new material of the date handed in. Callers bring the key up to date with `settle` before they read it.
    A key may begin `empty`, before an import: its `current` is then a stand-in without a secret, and no material.

    Attributes:
        decoys: materials that a rotation which kept the old one pretends to have brought.
    """

    def __init__(
        self, *, created: datetime, first: M, make: Callable[[datetime], M], clock: Clock, empty: bool = False
    ) -> None:
        self.created = created
        self.clock = clock
        self.switch = Switch(KeyState.ENABLED, clock.ticks)
        self.materials: list[M] = [] if empty else [first]
        self.decoys: list[M] = []
        self.current = first
        self.rotations: list[Rotation] = []
        self.period: timedelta | None = None
        self.next_rotation: datetime | None = None
        self.underway: Underway[M] | None = None
        self._make = make

    def material(self, name: str) -> M | None:
        """The material of this id, if the key has it."""
        return next((material for material in self.materials if material.id == name), None)

    def open(self, material: str, sealed: bytes, context: bytes) -> bytes:
        """Decrypt with the material that sealed it. Raises `Undecryptable`."""
        found = self.material(material)
        if found is None or not isinstance(found.secret, AesSecret):
            raise Undecryptable
        return found.secret.open(sealed, context)

    def schedule(self, period: timedelta, start: datetime | None = None) -> None:
        """Rotate every `period`, counted from `start` (now unless given)."""
        self.period = period
        self.next_rotation = (start or self.clock.now()) + period

    def unschedule(self) -> None:
        """Rotate no more, except on demand."""
        self.period = self.next_rotation = None

    def rotate_on_demand(self, faults: Faults, incoming: M | None = None) -> None:
        """Begin a rotation to `incoming`, or to new material; `settle` completes it when its time has come."""
        done = self.clock.ticks() + faults.rotation_duration_s
        self.underway = Underway(since=self.clock.now(), until_tick=done, incoming=incoming)
        self.settle(faults)

    def settle(self, faults: Faults) -> None:
        """Do what has become due: expiry of imported material, rotations asked for, rotations scheduled."""
        now = self.clock.now()
        for material in self.materials:
            if material.expires is not None and material.expires <= now:
                material.secret = None
        if self.underway is not None and self.underway.until_tick <= self.clock.ticks():
            asked, self.underway = self.underway, None
            self._rotate(self.clock.now(), faults, incoming=asked.incoming, on_demand=True)
        self._settle_schedule(now, faults)

    def rotated(self, at: datetime, *, on_demand: bool) -> None:
        """Add a rotation that happened in the past, to give a key its history."""
        self._rotate(at, Faults(), incoming=None, on_demand=on_demand)

    def _settle_schedule(self, now: datetime, faults: Faults) -> None:
        if self.next_rotation is None or self.period is None:
            return
        if self.switch.declared is not KeyState.ENABLED:
            # AWS KMS API reference, GetKeyRotationStatus: nothing rotates while disabled; what is overdue follows.
            self.next_rotation = max(self.next_rotation, now)
            return
        for due in itertools.islice(self._due(now), MOST_CAUGHT_UP):
            if not faults.skips_scheduled_rotation:
                self._rotate(due, faults, incoming=None, on_demand=False)

    def _due(self, now: datetime) -> Iterator[datetime]:
        while self.next_rotation is not None and self.period is not None and self.next_rotation <= now:
            due = self.next_rotation
            self.next_rotation = due + self.period
            yield due

    def _rotate(self, at: datetime, faults: Faults, *, incoming: M | None, on_demand: bool) -> None:
        new = incoming or self._make(at)
        self.rotations.append(Rotation(at=at, on_demand=on_demand, material=new.id))
        if faults.rotation_keeps_material:
            self.decoys += [] if new in self.materials else [new]
            return
        if faults.loses_old_material:
            # Other secrets in their place, not none: the key goes on looking complete, and only decrypting tells.
            for old in (material for material in self.materials if material is not new):
                old.secret = another(old.secret)
        if new not in self.materials:
            self.materials.append(new)
        self.current = new
