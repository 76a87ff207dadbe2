"""A revocation drill over two runs on Key Vault: the versions that were enabled are known again, and only those."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from clauseproof.engine.journal import left_entries, open_entries, read_left
from clauseproof.facts.drills import Answer, End, Lane
from clauseproof.model.errors import Unknowable
from clauseproof.probes.kms.azure_drills import revocation
from clauseproof.sandbox.kms.azure import AzureKeyVaultDouble, KeySeed
from clauseproof.sandbox.kms.faults import Faults
from tests.support.azurekeys import azure_key, azure_look, client, flags, usable, vendor
from tests.support.keys import FAST, day, journal, restore_all

SHARE = {**FAST, "per_run": "300 ms", "give_up_after": "2 min", "confirmations": 2}


@pytest.fixture
def double() -> Iterator[AzureKeyVaultDouble]:
    """It shows versions as disabled and serves them, until told otherwise: the first run sees no dark."""
    with AzureKeyVaultDouble() as running:
        running.faults = Faults(ignores_disable=True)
        yield running


@pytest.fixture
def cmk(double: AzureKeyVaultDouble) -> str:
    """Three versions, of which the first was disabled long before us."""
    past = (day("2026-02-01"), day("2026-03-01"))
    return double.seed_key(KeySeed(name="cmk", created=day("2026-01-01"), rotations=past, disabled=frozenset({1})))


def test_a_later_run_goes_on_with_the_same_canaries_and_enables_the_same_versions(
    double: AzureKeyVaultDouble, cmk: str, tmp_path: Path
) -> None:
    with vendor(double) as path:
        first = revocation(azure_key(double, cmk, data_path=path, drill=SHARE), azure_look(), journal(tmp_path))
        (left,) = left_entries(tmp_path)
        assert read_left(left).state == "0 of 3 versions enabled"
        double.faults = Faults()
        goes_on = azure_key(double, cmk, data_path=path, drill={**SHARE, "per_run": "10 s"})
        second = revocation(goes_on, azure_look(), journal(tmp_path))
    assert (first.dark_end, second.dark_end, second.light_end) == (End.LEFT, End.SETTLED, End.SETTLED)
    assert second.state_after == second.state_before
    assert second.samples[: len(first.samples)] == first.samples
    after = [s for s in second.samples if second.enable is not None and s.t_s > second.enable.answered_s]
    assert {s.outcome for s in after if s.lane is Lane.KMS} == {Answer.SERVED}, "the canaries are known again"
    assert flags(double) == [False, True, True]
    assert usable(double)
    assert (open_entries(tmp_path), left_entries(tmp_path)) == ((), ())


def test_one_version_that_somebody_enabled_meanwhile_ends_the_drill_and_the_others_come_back(
    double: AzureKeyVaultDouble, cmk: str, tmp_path: Path
) -> None:
    key = azure_key(double, cmk, drill=SHARE)
    revocation(key, azure_look(), journal(tmp_path))
    newest = client(double).get_key("cmk").properties.version
    client(double).update_key_properties("cmk", newest, enabled=True)
    with pytest.raises(Unknowable, match="was 0 of 3 versions enabled when the drill was left"):
        revocation(key, azure_look(), journal(tmp_path))
    assert flags(double) == [False, True, True]
    assert (open_entries(tmp_path), left_entries(tmp_path)) == ((), ())


def test_restore_brings_back_what_a_run_has_left(double: AzureKeyVaultDouble, cmk: str, tmp_path: Path) -> None:
    revocation(azure_key(double, cmk, drill=SHARE), azure_look(), journal(tmp_path))
    assert restore_all(tmp_path) == 1
    assert flags(double) == [False, True, True]
    assert usable(double)
