"""The drills on Azure: real SDK over TLS, real vendor that envelope-encrypts, real journal."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from clauseproof.engine.journal import JournalEntry, open_entries, read_entry
from clauseproof.facts.drills import Answer, End, Lane, LaneTimes, Revocation, RotationDrill
from clauseproof.model.errors import Denied, RestoreFailed, Unknowable, Unreachable
from clauseproof.probes.kms.azure_drills import revocation, rotation_drill
from clauseproof.probes.kms.azure_reach import AzureReach
from clauseproof.probes.kms.azure_undo import restore_versions
from clauseproof.sandbox.kms.azure import AzureKeyVaultDouble, Caller, KeySeed
from clauseproof.sandbox.kms.faults import EVERY, Faults
from tests.support.azurekeys import azure_key, azure_look, client, flags, usable, vendor
from tests.support.keys import FAST, SENTINEL, day, journal, restore_all


def three_versions(*disabled: int) -> KeySeed:
    """A key that was rotated twice; versions are numbered from 1."""
    made = (day("2026-02-01"), day("2026-03-01"))
    return KeySeed(name="cmk", created=day("2026-01-01"), rotations=made, disabled=frozenset(disabled))


@pytest.fixture
def double() -> Iterator[AzureKeyVaultDouble]:
    with AzureKeyVaultDouble() as running:
        yield running


@pytest.fixture
def cmk(double: AzureKeyVaultDouble) -> str:
    """Three versions, of which the first is disabled."""
    return double.seed_key(three_versions(1))


def times(drill: Revocation, lane: Lane) -> LaneTimes:
    found = drill.lane(lane)
    assert found is not None
    return found


def operations(double: AzureKeyVaultDouble) -> set[str]:
    return {call.operation for call in double.calls}


# revocation


def test_both_sides_go_dark_and_come_back_and_each_version_is_as_before(
    double: AzureKeyVaultDouble, cmk: str, tmp_path: Path
) -> None:
    double.faults = Faults(disable_lag_s=0.5, enable_lag_s=0.3)
    at = azure_look()
    with vendor(double) as path:
        drill = revocation(azure_key(double, cmk, data_path=path), at, journal(tmp_path))
    assert (drill.dark_end, drill.light_end) == (End.SETTLED, End.SETTLED)
    assert drill.state_before == drill.state_after
    assert drill.state_before.startswith("2 of 3 versions enabled (")
    for lane in (Lane.KMS, Lane.VENDOR):
        found = times(drill, lane)
        assert found.dark.new_after_s is not None
        assert found.dark.new_after_s >= 0.5, "the double's lag lies in the interval"
        assert found.light is not None
        assert found.light.new_after_s is not None
    assert flags(double) == [False, True, True]
    assert usable(double)
    assert open_entries(tmp_path) == ()
    assert at.calls == [
        "keyvault:challenge", "keyvault:KeyGet", "keyvault:KeyListVersions", "keyvault:KeyUnwrap", "keyvault:KeyUpdate",
    ]  # fmt: skip


def test_the_timeline_names_the_refusal_and_holds_none_of_the_record(
    double: AzureKeyVaultDouble, cmk: str, tmp_path: Path
) -> None:
    with vendor(double) as path:
        drill = revocation(azure_key(double, cmk, data_path=path), azure_look(), journal(tmp_path))
    refused = {(s.lane, s.code) for s in drill.samples if s.outcome is Answer.REFUSED}
    assert refused == {(Lane.KMS, "KeyDisabled"), (Lane.VENDOR, "HTTP 503")}
    assert SENTINEL not in drill.model_dump_json()
    assert Revocation.load(Revocation.version, drill.model_dump(mode="json")) == drill


@pytest.mark.parametrize(
    "operations_allowed",
    [None, ("encrypt", "decrypt"), ("wrapKey", "unwrapKey"), ("decrypt",)],
)
def test_no_public_operation_of_the_client_library_stands_in_for_the_service(
    double: AzureKeyVaultDouble, tmp_path: Path, operations_allowed: tuple[str, ...] | None
) -> None:
    seed = KeySeed(name="k", kty="RSA", operations=operations_allowed)
    drill = revocation(azure_key(double, double.seed_key(seed)), azure_look(), journal(tmp_path))
    asked = sum(call.operation in ("KeyUnwrap", "KeyDecrypt") and call.caller == "buyer" for call in double.calls)
    answered = [s for s in drill.samples if s.outcome is not Answer.UNCLEAR]
    assert asked >= len(answered) > 8
    assert times(drill, Lane.KMS).dark.new_after_s is not None


@pytest.mark.parametrize("operations_allowed", [("encrypt", "decrypt"), ("wrapKey", "unwrapKey")])
def test_a_symmetric_key_of_a_managed_hsm_is_drilled_by_the_service_alone(
    tmp_path: Path, operations_allowed: tuple[str, ...]
) -> None:
    seed = KeySeed(name="k", kty="oct-HSM", operations=operations_allowed)
    with AzureKeyVaultDouble(managed_hsm=True) as hsm:
        key = azure_key(hsm, hsm.seed_key(seed))
        assert times(revocation(key, azure_look(), journal(tmp_path)), Lane.KMS).dark.new_after_s is not None
        turned = rotation_drill(key, azure_look(), journal(tmp_path))
    assert (turned.end, [read.outcome for read in turned.old_reads]) == (End.SETTLED, [Answer.SERVED])
    assert (turned.used, turned.budget) == (1, 99)


def test_a_version_that_goes_on_serving_keeps_the_key_service_from_being_dark(
    double: AzureKeyVaultDouble, cmk: str, tmp_path: Path
) -> None:
    def meddle(point: str) -> None:
        if point == "key disabled":
            with client(double) as keys:
                older = sorted(keys.list_properties_of_key_versions("cmk"), key=lambda v: str(v.created_on))[1]
                keys.update_key_properties("cmk", older.version, enabled=True)

    key = azure_key(double, cmk, drill={**FAST, "give_up_after": "1 s"})
    drill = revocation(key, azure_look(), journal(tmp_path, on_point=meddle))
    assert drill.dark_end is End.GAVE_UP
    assert times(drill, Lane.KMS).dark.new_after_s is None


def test_a_refusal_for_want_of_a_right_is_no_darkness(double: AzureKeyVaultDouble, cmk: str, tmp_path: Path) -> None:
    def deny(point: str) -> None:
        if point == "key disabled":
            double.bend(denies=frozenset({"KeyUnwrap"}))
        if point == "dark":
            double.bend(denies=frozenset())

    drill = revocation(azure_key(double, cmk), azure_look(), journal(tmp_path, on_point=deny))
    assert drill.dark_end is End.BLIND
    assert times(drill, Lane.KMS).dark.new_after_s is None
    assert {s.code for s in drill.samples if s.outcome is Answer.UNCLEAR} == {"AccessDenied"}


@pytest.mark.parametrize("disabled", [(3,), (1, 2, 3)])
def test_a_key_whose_newest_version_is_off_is_not_drilled(
    double: AzureKeyVaultDouble, tmp_path: Path, disabled: tuple[int, ...]
) -> None:
    identifier = double.seed_key(three_versions(*disabled))
    with pytest.raises(Unknowable, match="gives a key back as it found it"):
        revocation(azure_key(double, identifier), azure_look(), journal(tmp_path))
    assert "KeyUpdate" not in operations(double)


@pytest.mark.parametrize("seed", [KeySeed(name="k", kty="EC-HSM"), KeySeed(name="k", operations=("sign", "verify"))])
def test_a_key_of_another_kind_is_not_drilled(double: AzureKeyVaultDouble, tmp_path: Path, seed: KeySeed) -> None:
    key = azure_key(double, double.seed_key(seed))
    for drill in (revocation, rotation_drill):
        with pytest.raises(Unknowable, match=r"the drill wraps and unwraps, or encrypts and decrypts"):
            drill(key, azure_look(), journal(tmp_path))
    assert not operations(double) & {"KeyUpdate", "KeyRotate"}


@pytest.mark.parametrize(
    ("operation", "right"), [("KeyUpdate", "keys/update"), ("KeyGet", "keys/get"), ("KeyListVersions", "keys/list")]
)
def test_without_a_right_nothing_is_left_behind(
    double: AzureKeyVaultDouble, cmk: str, tmp_path: Path, operation: str, right: str
) -> None:
    double.faults = Faults(denies=frozenset({operation}))
    with pytest.raises(Denied) as caught:
        revocation(azure_key(double, cmk), azure_look(), journal(tmp_path))
    assert f"allow {right} on" in caught.value.what_to_do
    double.faults = Faults()
    assert flags(double) == [False, True, True]
    assert open_entries(tmp_path) == ()


def test_a_baseline_that_does_not_serve_names_the_reason_and_touches_nothing(
    double: AzureKeyVaultDouble, cmk: str, tmp_path: Path
) -> None:
    double.faults = Faults(denies=frozenset({"KeyUnwrap"}))
    with pytest.raises(Unreachable, match="the key service did not serve: AccessDenied"):
        revocation(azure_key(double, cmk), azure_look(), journal(tmp_path))
    assert "KeyUpdate" not in operations(double)


def test_the_rights_that_the_drills_name_are_enough(double: AzureKeyVaultDouble, cmk: str, tmp_path: Path) -> None:
    double.admit(
        Caller(token="buyer", object_id="1", allowed=frozenset({"get", "list", "update", "unwrapKey", "rotate"}))
    )
    assert revocation(azure_key(double, cmk), azure_look(), journal(tmp_path)).dark_end is End.SETTLED
    assert rotation_drill(azure_key(double, cmk), azure_look(), journal(tmp_path)).end is End.SETTLED


def test_names_have_no_case_in_key_vault_and_so_none_in_the_journal(double: AzureKeyVaultDouble) -> None:

    one, other = (
        AzureReach.of(azure_key(double, f"{double.url}/keys/{name}"), azure_look()) for name in ("CMK", "cmk")
    )
    assert one.target == other.target


def test_a_lost_answer_to_the_disabling_is_taken_back(double: AzureKeyVaultDouble, cmk: str, tmp_path: Path) -> None:
    double.faults = Faults(lost_answers=3, affects=frozenset({"KeyUpdate"}))
    with pytest.raises(Unreachable):
        revocation(azure_key(double, cmk), azure_look(), journal(tmp_path))
    assert flags(double) == [False, True, True]


def test_a_key_that_somebody_else_deleted_is_left_to_them(
    double: AzureKeyVaultDouble, cmk: str, tmp_path: Path
) -> None:
    def meddle(point: str) -> None:
        if point == "dark":
            with client(double) as keys:
                keys.begin_delete_key("cmk").wait()

    with pytest.raises(RestoreFailed, match="was deleted, which the drill did not do"):
        revocation(azure_key(double, cmk), azure_look(), journal(tmp_path, on_point=meddle))
    assert len(open_entries(tmp_path)) == 1
    with client(double) as keys:
        keys.begin_recover_deleted_key("cmk").wait()
    restore_all(tmp_path)
    assert flags(double) == [False, True, True]


def test_the_way_back_taken_twice_is_harmless(double: AzureKeyVaultDouble, cmk: str, tmp_path: Path) -> None:
    read: list[JournalEntry] = []

    def note(point: str) -> None:
        if point == "journal written":
            read.append(read_entry(open_entries(tmp_path)[0]))

    revocation(azure_key(double, cmk), azure_look(), journal(tmp_path, on_point=note))
    before = len(double.calls)
    restore_versions(read[0])
    restore_versions(read[0])
    assert "KeyUpdate" not in {call.operation for call in double.calls[before:]}
    assert len(json.loads(read[0].prior)) == 2


def test_the_journal_holds_no_secret(double: AzureKeyVaultDouble, cmk: str, tmp_path: Path) -> None:
    written: list[str] = []

    def note(point: str) -> None:
        if point == "journal written":
            written.append(open_entries(tmp_path)[0].read_text())

    with vendor(double) as path:
        revocation(azure_key(double, cmk, data_path=path), azure_look(), journal(tmp_path, on_point=note))
    assert cmk in written[0]
    assert '"token":"KEY_VAULT_TOKEN"' in written[0]
    for secret in ("buyer", "Bearer", SENTINEL):
        assert secret not in written[0]


def test_no_drill_ever_deletes(double: AzureKeyVaultDouble, cmk: str, tmp_path: Path) -> None:
    revocation(azure_key(double, cmk), azure_look(), journal(tmp_path))
    rotation_drill(azure_key(double, cmk), azure_look(), journal(tmp_path))
    assert operations(double) == {"KeyGet", "KeyListVersions", "KeyUnwrap", "KeyUpdate", "KeyRotate"}


# rotation


def rotated(double: AzureKeyVaultDouble, identifier: str, state: Path, **more: object) -> RotationDrill:
    return rotation_drill(azure_key(double, identifier, drill={**FAST, **more}), azure_look(), journal(state))


def test_new_data_comes_under_a_new_version_and_old_data_stays_readable(
    double: AzureKeyVaultDouble, cmk: str, tmp_path: Path
) -> None:
    found = rotated(double, cmk, tmp_path)
    assert found.end is End.SETTLED
    assert None is not found.material_before != found.material_after
    assert found.changed.new_after_s is not None
    assert found.declared_after_s is not None
    assert [read.outcome for read in found.old_reads] == [Answer.SERVED]
    assert (found.listed, found.used, found.budget) == (True, None, None)
    assert found.lasting[0] == "the new version stays: a rotation cannot be taken back"
    assert flags(double) == [False, True, True, True]
    assert open_entries(tmp_path) == ()
    assert RotationDrill.load(RotationDrill.version, found.model_dump(mode="json")) == found


@pytest.mark.parametrize("kty", ["RSA-HSM", "oct-HSM"])
def test_a_new_version_that_is_the_old_key_under_another_name_is_caught(tmp_path: Path, kty: str) -> None:
    with AzureKeyVaultDouble(managed_hsm=True, faults=Faults(rotation_keeps_material=True)) as hsm:
        found = rotated(hsm, hsm.seed_key(KeySeed(name="cmk", kty=kty)), tmp_path, give_up_after="1 s")
    assert (found.end, found.listed) == (End.GAVE_UP, True)
    assert found.material_before == found.material_after
    assert found.changed.new_after_s is None
    assert 0 < found.changed.old_until_s <= found.looked_for_s


def test_lost_old_data_is_looked_at_twice(double: AzureKeyVaultDouble, cmk: str, tmp_path: Path) -> None:
    double.faults = Faults(loses_old_material=True)
    found = rotated(double, cmk, tmp_path)
    assert [(read.outcome, read.code) for read in found.old_reads] == [(Answer.REFUSED, "BadParameter")] * 2


def test_a_managed_hsm_keeps_some_of_its_hundred_versions(tmp_path: Path) -> None:
    made = tuple(day("2026-01-01").replace(hour=n % 24, day=1 + n // 24) for n in range(1, 95))
    with AzureKeyVaultDouble(managed_hsm=True) as hsm:
        identifier = hsm.seed_key(KeySeed(name="cmk", kty="oct-HSM", created=day("2026-01-01"), rotations=made))
        with pytest.raises(Unknowable, match="has used 94 of 99 rotations on demand"):
            rotated(hsm, identifier, tmp_path)
        assert rotated(hsm, identifier, tmp_path, rotations_kept=4).used == 95
        assert "KeyRotate" in operations(hsm)


def test_without_the_right_to_rotate_the_key_is_as_before(
    double: AzureKeyVaultDouble, cmk: str, tmp_path: Path
) -> None:
    double.faults = Faults(denies=frozenset({"KeyRotate"}))
    with pytest.raises(Denied, match="keyvault:KeyRotate"):
        rotated(double, cmk, tmp_path)
    assert flags(double) == [False, True, True]
    assert open_entries(tmp_path) == ()


def test_a_lost_answer_is_never_asked_for_again(double: AzureKeyVaultDouble, cmk: str, tmp_path: Path) -> None:
    double.faults = Faults(lost_answers=EVERY, affects=frozenset({"KeyRotate"}))
    with pytest.raises(Unreachable, match=r"whether .* was rotated is not known"):
        rotated(double, cmk, tmp_path)
    assert len(flags(double)) == 4


def test_a_vault_that_falls_silent_ends_the_watch(double: AzureKeyVaultDouble, cmk: str, tmp_path: Path) -> None:
    def cut(point: str) -> None:
        if point == "rotation asked for":
            double.bend(denies=frozenset({"KeyGet"}))

    found = rotation_drill(azure_key(double, cmk), azure_look(), journal(tmp_path, on_point=cut))
    assert found.end is End.BLIND
    assert [read.outcome for read in found.old_reads] == [Answer.SERVED]
