"""The rotation drill on AWS: real SDK, changing key material, real journal."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from clauseproof.engine.journal import open_entries
from clauseproof.facts.drills import Answer, End, RotationDrill
from clauseproof.model.errors import Denied, Unknowable, Unreachable
from clauseproof.probes.kms.aws_drills import rotation_drill
from clauseproof.sandbox.kms.aws import AwsKmsDouble, CustomKeyStore, KeySeed
from clauseproof.sandbox.kms.faults import EVERY, Faults
from tests.support.keys import FAST, aws_key, client, day, journal, look, usable


@pytest.fixture
def double() -> Iterator[AwsKmsDouble]:
    with AwsKmsDouble() as running:
        yield running


@pytest.fixture
def arn(double: AwsKmsDouble) -> str:
    return double.seed_key(KeySeed())


def drill(double: AwsKmsDouble, arn: str, state: Path, **more: object) -> RotationDrill:
    return rotation_drill(aws_key(double, arn, drill={**FAST, **more}), look(), journal(state))


def test_new_data_comes_under_new_material_and_old_data_stays_readable(
    double: AwsKmsDouble, arn: str, tmp_path: Path
) -> None:
    double.faults = Faults(rotation_duration_s=0.4)
    found = drill(double, arn, tmp_path)
    assert found.end is End.SETTLED
    assert None is not found.material_before != found.material_after
    assert found.changed.new_after_s is not None
    assert found.changed.old_until_s <= 0.4 <= found.changed.new_after_s
    assert found.declared_after_s is not None
    assert [read.outcome for read in found.old_reads] == [Answer.SERVED]
    assert (found.listed, found.used, found.budget) == (True, 1, 25)
    assert found.lasting == (
        "the new key material stays: a rotation cannot be taken back",
        "1 of 25 rotations on demand in the life of the key are used",
    )
    assert open_entries(tmp_path) == ()
    assert RotationDrill.load(RotationDrill.version, found.model_dump(mode="json")) == found


def test_a_rotation_that_is_listed_and_changes_nothing_is_caught(
    double: AwsKmsDouble, arn: str, tmp_path: Path
) -> None:
    double.faults = Faults(rotation_keeps_material=True)
    found = drill(double, arn, tmp_path, give_up_after="1 s")
    assert (found.end, found.listed) == (End.GAVE_UP, True)
    assert found.declared_after_s is not None
    assert found.material_before == found.material_after
    assert found.changed.new_after_s is None
    assert 0 < found.changed.old_until_s <= found.looked_for_s


def test_lost_old_data_is_looked_at_twice(double: AwsKmsDouble, arn: str, tmp_path: Path) -> None:
    double.faults = Faults(loses_old_material=True)
    found = drill(double, arn, tmp_path)
    assert [(read.outcome, read.code) for read in found.old_reads] == [
        (Answer.REFUSED, "InvalidCiphertextException"),
        (Answer.REFUSED, "InvalidCiphertextException"),
    ]


def test_a_rotation_that_takes_longer_than_the_drill_is_seen_as_under_way(
    double: AwsKmsDouble, arn: str, tmp_path: Path
) -> None:
    double.faults = Faults(rotation_duration_s=60)
    found = drill(double, arn, tmp_path, give_up_after="0.5 s")
    assert (found.end, found.declared_after_s, found.changed.new_after_s) == (End.GAVE_UP, None, None)
    assert [read.outcome for read in found.old_reads] == [Answer.SERVED]
    with pytest.raises(Unknowable, match="under way already"):
        drill(double, arn, tmp_path)


@pytest.mark.parametrize(("used", "kept", "drilled"), [(19, 5, True), (20, 5, False), (24, 0, True), (25, 0, False)])
def test_the_budget_of_a_lifetime_is_read_first_and_respected(
    double: AwsKmsDouble, tmp_path: Path, used: int, kept: int, drilled: bool
) -> None:
    past = tuple(datetime.fromtimestamp(86400 * n, UTC) for n in range(1, used + 1))
    arn = double.seed_key(KeySeed(created=day("1970-01-01"), on_demand_rotations=past, rotations=(day("2020-01-01"),)))
    if drilled:
        assert drill(double, arn, tmp_path, rotations_kept=kept).used == used + 1
    else:
        with pytest.raises(Unknowable, match=f"has used {used} of 25 rotations on demand"):
            drill(double, arn, tmp_path, rotations_kept=kept)
        assert "RotateKeyOnDemand" not in {call.operation for call in double.calls}


def test_keys_that_cannot_rotate_on_demand_are_told_apart(double: AwsKmsDouble, tmp_path: Path) -> None:
    double.seed_store(CustomKeyStore(id="cks-1", name="x", created=datetime.now(UTC)))
    for seed in (
        KeySeed(spec="ECC_NIST_P256", usage="SIGN_VERIFY"),
        KeySeed(origin="EXTERNAL_KEY_STORE", store="cks-1", xks_key="k"),
        KeySeed(origin="EXTERNAL", material=b"m" * 32),
    ):
        with pytest.raises(Unknowable):
            drill(double, double.seed_key(seed), tmp_path)
    assert open_entries(tmp_path) == ()


def test_without_the_right_to_rotate_the_key_is_as_before(double: AwsKmsDouble, arn: str, tmp_path: Path) -> None:
    double.faults = Faults(denies=frozenset({"RotateKeyOnDemand"}))
    with pytest.raises(Denied, match="kms:RotateKeyOnDemand"):
        drill(double, arn, tmp_path)
    assert usable(double, arn)
    assert open_entries(tmp_path) == ()


def test_a_lost_answer_is_never_asked_for_again(double: AwsKmsDouble, arn: str, tmp_path: Path) -> None:
    double.faults = Faults(lost_answers=EVERY, affects=frozenset({"RotateKeyOnDemand"}))
    with pytest.raises(Unreachable, match=r"whether .* was rotated is not known"):
        drill(double, arn, tmp_path)
    assert len(client(double).list_key_rotations(KeyId=arn)["Rotations"]) == 1


def test_a_key_service_that_falls_silent_ends_the_watch(double: AwsKmsDouble, arn: str, tmp_path: Path) -> None:
    def cut(point: str) -> None:
        if point == "rotation asked for":
            double.bend(denies=frozenset({"Encrypt"}))

    found = rotation_drill(aws_key(double, arn), look(), journal(tmp_path, on_point=cut))
    assert found.end is End.BLIND
    assert [read.outcome for read in found.old_reads] == [Answer.SERVED]


def test_a_run_that_is_told_to_stop_reports_what_it_saw(double: AwsKmsDouble, arn: str, tmp_path: Path) -> None:
    double.faults = Faults(rotation_duration_s=60)
    told = threading.Event()
    stop = journal(tmp_path, on_point=lambda point: told.set() if point == "rotation asked for" else None)
    key = aws_key(double, arn, drill={**FAST, "give_up_after": "5 min"})
    found = rotation_drill(key, look(stopping=told.is_set), stop)
    assert found.end is End.INTERRUPTED
    assert usable(double, arn)
