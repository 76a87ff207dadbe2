import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from clauseproof.sandbox.kms.clock import Clock
from clauseproof.sandbox.kms.faults import Faults
from clauseproof.sandbox.kms.keystate import KeyState, Switch
from clauseproof.sandbox.kms.keystore import Key, Material
from clauseproof.sandbox.kms.secret import AesSecret, Undecryptable

BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)


class Times:
    """Both clocks, standing still until they are moved."""

    def __init__(self) -> None:
        self.date = BEGINNING
        self.tick = 0.0
        self.clock = Clock(now=lambda: self.date, ticks=lambda: self.tick)


@pytest.fixture
def times() -> Times:
    return Times()


def aes_key(times: Times) -> Key[Material]:
    numbers: Iterator[int] = itertools.count(1)

    def make(created: datetime) -> Material:
        switch = Switch(KeyState.ENABLED, times.clock.ticks)
        return Material(id=f"m{next(numbers)}", created=created, secret=AesSecret(), switch=switch)

    return Key(created=BEGINNING, first=make(BEGINNING), make=make, clock=times.clock)


def seal(key: Key[Material], plaintext: bytes) -> tuple[str, bytes]:
    assert isinstance(key.current.secret, AesSecret)
    return key.current.id, key.current.secret.seal(plaintext, b"context")


def test_what_was_sealed_before_a_rotation_opens_after_it_and_new_seals_use_new_material(times: Times) -> None:
    key = aes_key(times)
    old, sealed = seal(key, b"canary")
    key.rotate_on_demand(Faults())
    new, _ = seal(key, b"canary")
    assert (old, new, key.open(old, sealed, b"context")) == ("m1", "m2", b"canary")


def test_a_seal_opens_in_its_own_context_only(times: Times) -> None:
    key = aes_key(times)
    material, sealed = seal(key, b"canary")
    with pytest.raises(Undecryptable):
        key.open(material, sealed, b"another context")


def test_a_rotation_with_a_duration_is_listed_and_used_only_when_it_is_done(times: Times) -> None:
    key = aes_key(times)
    key.rotate_on_demand(Faults(rotation_duration_s=60))
    times.tick, times.date = 59.9, BEGINNING + timedelta(seconds=59)
    key.settle(Faults())
    assert (key.current.id, key.rotations, key.underway is None) == ("m1", [], False)
    times.tick, times.date = 60.0, BEGINNING + timedelta(seconds=60)
    key.settle(Faults())
    assert (key.current.id, [r.at for r in key.rotations], key.underway) == ("m2", [times.date], None)


def test_a_schedule_rotates_on_each_of_its_dates(times: Times) -> None:
    key = aes_key(times)
    key.schedule(timedelta(days=100))
    times.date = BEGINNING + timedelta(days=250)
    key.settle(Faults())
    assert [(r.at, r.on_demand) for r in key.rotations] == [
        (BEGINNING + timedelta(days=100), False),
        (BEGINNING + timedelta(days=200), False),
    ]
    assert key.next_rotation == BEGINNING + timedelta(days=300)


def test_a_disabled_key_is_not_rotated_and_catches_up_when_it_is_enabled(times: Times) -> None:
    key = aes_key(times)
    key.schedule(timedelta(days=100))
    key.switch.turn(KeyState.DISABLED, Faults())
    times.date = BEGINNING + timedelta(days=250)
    key.settle(Faults())
    assert key.rotations == []
    key.switch.turn(KeyState.ENABLED, Faults())
    key.settle(Faults())
    assert [r.at for r in key.rotations] == [times.date]


def test_a_skipped_schedule_moves_its_next_date_and_rotates_nothing(times: Times) -> None:
    key = aes_key(times)
    key.schedule(timedelta(days=100))
    times.date = BEGINNING + timedelta(days=150)
    key.settle(Faults(skips_scheduled_rotation=True))
    assert (key.rotations, key.next_rotation) == ([], BEGINNING + timedelta(days=200))


def test_a_rotation_that_keeps_the_material_is_listed_under_a_material_that_is_never_used(times: Times) -> None:
    key = aes_key(times)
    key.rotate_on_demand(Faults(rotation_keeps_material=True))
    listed = key.rotations[0].material
    assert (key.current.id, key.material(listed)) == ("m1", None)


def test_lost_old_material_shows_in_decryption_only(times: Times) -> None:
    key = aes_key(times)
    old, sealed = seal(key, b"canary")
    key.rotate_on_demand(Faults(loses_old_material=True))
    assert key.material(old) is not None
    with pytest.raises(Undecryptable):
        key.open(old, sealed, b"context")


def test_imported_material_is_gone_on_its_expiry(times: Times) -> None:
    key = aes_key(times)
    key.current.expires = BEGINNING + timedelta(days=1)
    old, sealed = seal(key, b"canary")
    times.date = BEGINNING + timedelta(days=1)
    key.settle(Faults())
    with pytest.raises(Undecryptable):
        key.open(old, sealed, b"context")
