"""A revocation drill over two runs on Cloud KMS: the versions that were enabled are known again, and only those."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from clauseproof.engine.journal import left_entries, open_entries, read_left
from clauseproof.facts.drills import Answer, End, Lane
from clauseproof.model.errors import Unknowable
from clauseproof.probes.kms.google_drills import revocation
from clauseproof.sandbox.kms.faults import Faults
from clauseproof.sandbox.kms.google import GoogleKmsDouble, KeySeed, State
from tests.support.googlekeys import google_key, states_of, turn, usable, vendor
from tests.support.keys import FAST, day, journal, look, restore_all

SHARE = {**FAST, "per_run": "300 ms", "give_up_after": "2 min", "confirmations": 2}


@pytest.fixture
def double() -> Iterator[GoogleKmsDouble]:
    """It shows versions as disabled and serves them, until told otherwise: the first run sees no dark."""
    with GoogleKmsDouble() as running:
        running.faults = Faults(ignores_disable=True)
        yield running


@pytest.fixture
def name(double: GoogleKmsDouble) -> str:
    """Three versions, of which the second was off long before us."""
    past = (day("2026-03-01"), day("2026-06-01"))
    return double.seed_key(
        KeySeed(id="contacts", created=day("2026-01-01"), rotations=past, states={2: State.DISABLED})
    )


def test_a_later_run_goes_on_with_the_same_canary_and_enables_the_same_versions(
    double: GoogleKmsDouble, name: str, tmp_path: Path
) -> None:
    with vendor(double, name) as path:
        key = google_key(double, name, data_path=path, drill=SHARE)
        first = revocation(key, look(), journal(tmp_path))
        (left,) = left_entries(tmp_path)
        assert read_left(left).state == "DISABLED 1-3"
        double.faults = Faults()
        second = revocation(
            google_key(double, name, data_path=path, drill={**SHARE, "per_run": "10 s"}), look(), journal(tmp_path)
        )
    assert (first.dark_end, second.dark_end, second.light_end) == (End.LEFT, End.SETTLED, End.SETTLED)
    assert second.state_after == second.state_before == "ENABLED 1,3; DISABLED 2"
    assert second.samples[: len(first.samples)] == first.samples
    after = [s for s in second.samples if second.enable is not None and s.t_s > second.enable.answered_s]
    assert {s.outcome for s in after if s.lane is Lane.KMS} == {Answer.SERVED}, "the canary is known by its fingerprint"
    assert usable(double, name, disabled=(2,))
    assert (open_entries(tmp_path), left_entries(tmp_path)) == ((), ())


def test_one_version_that_somebody_enabled_meanwhile_ends_the_drill_and_the_others_come_back(
    double: GoogleKmsDouble, name: str, tmp_path: Path
) -> None:
    key = google_key(double, name, drill=SHARE)
    revocation(key, look(), journal(tmp_path))
    turn(double, name, 1, "ENABLED")
    with pytest.raises(Unknowable, match="was DISABLED 1-3 when the drill was left"):
        revocation(key, look(), journal(tmp_path))
    assert states_of(double, name) == {1: "ENABLED", 2: "DISABLED", 3: "ENABLED"}
    assert (open_entries(tmp_path), left_entries(tmp_path)) == ((), ())


def test_restore_brings_back_what_a_run_has_left(double: GoogleKmsDouble, name: str, tmp_path: Path) -> None:
    revocation(google_key(double, name, drill=SHARE), look(), journal(tmp_path))
    assert restore_all(tmp_path) == 1
    assert usable(double, name, disabled=(2,))
