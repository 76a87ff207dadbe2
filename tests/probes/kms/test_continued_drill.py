"""A revocation drill over several runs: left disabled, taken up, settled; whatever happens, the key comes back."""

import math
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from clauseproof.engine.journal import JournalOpen, LeftEntry, left_entries, open_entries, read_left
from clauseproof.facts.drills import Answer, End, Lane, LaneTimes, Revocation
from clauseproof.facts.keys import AwsKey
from clauseproof.model.errors import EvidenceRejected, LookFailed, NotPermitted, RestoreFailed, Unknowable, Unreachable
from clauseproof.probes.kms.aws_drills import revocation, rotation_drill
from clauseproof.sandbox.kms.aws import BUYER_ACCESS_KEY, AwsKmsDouble, KeySeed
from clauseproof.sandbox.kms.faults import EVERY, Faults
from tests.support.keys import (
    FAST,
    SENTINEL,
    TOKEN,
    aws_key,
    client,
    journal,
    look,
    restore_all,
    state_of,
    usable,
    vendor,
)

SHARE = {**FAST, "per_run": "300 ms", "give_up_after": "2 min", "confirmations": 2}
LONG = 600.0


@pytest.fixture
def double() -> Iterator[AwsKmsDouble]:
    with AwsKmsDouble() as running:
        yield running


@pytest.fixture
def arn(double: AwsKmsDouble) -> str:
    return double.seed_key(KeySeed())


@pytest.fixture
def deaf(double: AwsKmsDouble) -> None:
    """A key service that shows the key as disabled and serves it: no run sees the dark, and each leaves the key."""
    double.faults = Faults(ignores_disable=True)


def key(double: AwsKmsDouble, arn: str, path: dict[str, Any] | None = None, **drill: Any) -> AwsKey:
    return aws_key(double, arn, data_path=path, drill={**SHARE, **drill})


def times(drill: Revocation, lane: Lane) -> LaneTimes:
    found = drill.lane(lane)
    assert found is not None
    return found


def left_in(state: Path) -> LeftEntry:
    (path,) = left_entries(state)
    return read_left(path)


def turn_back(state: Path, by: timedelta) -> None:
    """Make what was left look as if all of it had happened so much earlier."""
    (path,) = left_entries(state)
    entry = read_left(path)
    at = re.search(r'"disable":\{[^}]*?"at":"([^"]+)"', entry.story)
    assert at is not None
    earlier = (datetime.fromisoformat(at[1]) - by).isoformat()
    story = entry.story.replace(at[1], earlier)
    moved = entry.model_copy(update={"story": story, "at": entry.at - by, "due": entry.due - by})
    path.write_text(moved.model_dump_json())


# leaving and going on


def test_a_run_whose_share_is_over_leaves_the_key_disabled_and_says_until_when(
    double: AwsKmsDouble, arn: str, tmp_path: Path
) -> None:
    with vendor(double, arn, keep_s=LONG) as path:
        drill = revocation(key(double, arn, path), look(), journal(tmp_path))
    assert (drill.dark_end, drill.enable, drill.light_end) == (End.LEFT, None, None)
    assert drill.left_until == drill.disable.at + timedelta(minutes=2)
    assert (drill.state_before, drill.state_after) == ("Enabled", "Disabled")
    assert state_of(double, arn) == "Disabled"
    assert times(drill, Lane.KMS).dark.new_after_s is not None, "the key service went dark within the share"
    assert times(drill, Lane.VENDOR).dark.new_after_s is None
    assert open_entries(tmp_path) == ()
    left = left_in(tmp_path)
    assert (left.by, left.state, left.due) == ("keys.revocation", "Disabled", drill.left_until)
    assert Revocation.load(Revocation.version, drill.model_dump(mode="json")) == drill


def test_without_consent_in_the_profile_no_run_leaves_a_key_disabled(
    double: AwsKmsDouble, arn: str, tmp_path: Path
) -> None:
    with vendor(double, arn, keep_s=LONG) as path:
        alone = aws_key(double, arn, data_path=path, drill={**FAST, "give_up_after": "500 ms"})
        drill = revocation(alone, look(), journal(tmp_path))
    assert drill.dark_end is End.GAVE_UP
    assert usable(double, arn)
    assert left_entries(tmp_path) == ()


def test_a_later_run_goes_on_until_both_sides_are_dark_and_brings_the_key_back(
    double: AwsKmsDouble, arn: str, tmp_path: Path
) -> None:
    first_kept, second_kept = list[bytes](), list[bytes]()
    later = [0.0]
    with vendor(double, arn, keep_s=LONG, clock=lambda: time.monotonic() + later[0]) as path:
        first = revocation(key(double, arn, path), look(keep=keeper(first_kept)), journal(tmp_path))
        forget = journal(tmp_path, on_point=lambda point: later.append(later.pop() + LONG * (point == "taken over")))
        second = revocation(key(double, arn, path, per_run="10 s"), look(keep=keeper(second_kept)), forget)
    assert (first.dark_end, second.dark_end, second.light_end) == (End.LEFT, End.SETTLED, End.SETTLED)
    assert second.disable == first.disable
    assert second.enable is not None
    assert second.enable.t_s > first.watched[-1].until_s
    assert second.left_until is None
    assert usable(double, arn)
    assert (open_entries(tmp_path), left_entries(tmp_path)) == ((), ())
    assert second.samples[: len(first.samples)] == first.samples, "nothing of the first run is lost"
    assert second.watched[0] == first.watched[0]
    assert len(second.watched) == 2
    vendor_times = times(second, Lane.VENDOR)
    assert vendor_times.dark.new_after_s is not None
    assert first.watched[-1].until_s < vendor_times.dark.old_until_s < vendor_times.dark.new_after_s
    assert vendor_times.light is not None
    assert vendor_times.light.new_after_s is not None
    assert first_kept == second_kept, "the story lies among the evidence of both runs"


def keeper(kept: list[bytes]) -> Any:
    def keep(data: bytes) -> str:
        kept.append(data)
        return f"sha256:{len(kept)}"

    return keep


def test_what_changed_while_nobody_watched_lies_somewhere_in_the_gap(
    double: AwsKmsDouble, arn: str, tmp_path: Path
) -> None:
    later = [0.0]
    with vendor(double, arn, keep_s=LONG, clock=lambda: time.monotonic() + later[0]) as path:
        revocation(key(double, arn, path), look(), journal(tmp_path))
        turn_back(tmp_path, timedelta(seconds=60))
        later[0] = LONG
        drill = revocation(key(double, arn, path, per_run="10 s"), look(), journal(tmp_path))
    dark = times(drill, Lane.VENDOR).dark
    assert dark.new_after_s is not None
    assert dark.old_until_s < 60 < dark.new_after_s
    assert [span.until_s - span.from_s < 30 for span in drill.watched] == [True, True]
    assert drill.watched[1].from_s > 59


def test_a_drill_can_be_left_as_often_as_it_takes(double: AwsKmsDouble, arn: str, tmp_path: Path) -> None:
    with vendor(double, arn, keep_s=LONG) as path:
        drills = [revocation(key(double, arn, path), look(), journal(tmp_path)) for _ in range(3)]
    assert {drill.dark_end for drill in drills} == {End.LEFT}
    assert {drill.left_until for drill in drills} == {drills[0].left_until}, "each run adds nothing to the dark time"
    assert [len(drill.watched) for drill in drills] == [1, 2, 3]
    assert drills[2].samples[: len(drills[1].samples)] == drills[1].samples
    assert restore_all(tmp_path) == 1
    assert usable(double, arn)


def test_a_run_that_comes_too_late_looks_once_more_and_enables(double: AwsKmsDouble, arn: str, tmp_path: Path) -> None:
    with vendor(double, arn, keep_s=LONG) as path:
        revocation(key(double, arn, path), look(), journal(tmp_path))
        turn_back(tmp_path, timedelta(minutes=3))
        drill = revocation(key(double, arn, path), look(), journal(tmp_path))
    assert drill.dark_end is End.GAVE_UP
    assert usable(double, arn)
    assert times(drill, Lane.VENDOR).dark.old_until_s > 180, "that the vendor served after so long was seen"
    assert drill.left_until is None


def test_a_shorter_time_in_the_profile_counts_at_once(double: AwsKmsDouble, arn: str, tmp_path: Path) -> None:
    with vendor(double, arn, keep_s=LONG) as path:
        revocation(key(double, arn, path), look(), journal(tmp_path))
        withdrawn = aws_key(double, arn, data_path=path, drill={**FAST, "give_up_after": "1 s"})
        drill = revocation(withdrawn, look(), journal(tmp_path))
    assert (drill.dark_end, drill.give_up_after_s) == (End.GAVE_UP, 1.0)
    assert usable(double, arn)


def test_a_run_that_is_told_to_stop_ends_the_drill_of_the_one_before_too(
    double: AwsKmsDouble, arn: str, tmp_path: Path
) -> None:
    told: list[str] = []
    with vendor(double, arn, keep_s=LONG) as path:
        revocation(key(double, arn, path), look(), journal(tmp_path))
        stop = journal(tmp_path, on_point=lambda point: told.append(point) if point == "taken over" else None)
        drill = revocation(key(double, arn, path), look(stopping=lambda: bool(told)), stop)
    assert drill.dark_end is End.INTERRUPTED
    assert usable(double, arn)
    assert left_entries(tmp_path) == ()


def test_told_to_stop_before_it_leaves_a_run_enables(double: AwsKmsDouble, arn: str, tmp_path: Path) -> None:
    told: list[str] = []
    stop = journal(tmp_path, on_point=lambda point: told.append(point) if point == "state read" else None)
    with vendor(double, arn, keep_s=LONG) as path:
        drill = revocation(key(double, arn, path), look(stopping=lambda: bool(told)), stop)
    assert (drill.dark_end, drill.left_until) == (End.INTERRUPTED, None)
    assert usable(double, arn)


# how long a drill is permitted


def test_a_drill_that_may_outlast_its_permission_is_not_left(double: AwsKmsDouble, arn: str, tmp_path: Path) -> None:
    told: list[str] = []
    with vendor(double, arn, keep_s=LONG) as path:
        ends = datetime.now(UTC) + timedelta(seconds=60)
        drill = revocation(key(double, arn, path), look(permitted_until=ends, tell=told.append), journal(tmp_path))
        beyond = datetime.now(UTC) + timedelta(seconds=180)
        left = revocation(key(double, arn, path), look(permitted_until=beyond), journal(tmp_path))
    assert (drill.dark_end, drill.left_until) == (End.PERMISSION_OVER, None)
    assert "revocation of subject: ends, since the permission would end before it" in told
    assert left.left_until is not None
    assert left.left_until <= beyond
    restore_all(tmp_path)
    assert usable(double, arn)


@pytest.mark.parametrize("per_run", [None, "1 min"])
def test_no_key_is_dark_beyond_the_end_of_the_permission(
    double: AwsKmsDouble, arn: str, deaf: None, tmp_path: Path, per_run: str | None
) -> None:
    ends = datetime.now(UTC) + timedelta(seconds=1)
    drill = revocation(key(double, arn, per_run=per_run), look(permitted_until=ends), journal(tmp_path))
    assert drill.dark_end is End.PERMISSION_OVER
    assert drill.enable is not None
    assert ends - timedelta(seconds=0.1) < drill.enable.at < ends + timedelta(seconds=10)
    assert (open_entries(tmp_path), left_entries(tmp_path)) == ((), ())
    assert usable(double, arn)


def test_a_permission_that_ended_meanwhile_lets_no_drill_begin(double: AwsKmsDouble, arn: str, tmp_path: Path) -> None:
    with pytest.raises(NotPermitted, match="the permission ended before the drill of subject changed anything"):
        revocation(key(double, arn), look(permitted_until=datetime.now(UTC)), journal(tmp_path))
    assert "DisableKey" not in {call.operation for call in double.calls}


# what may happen between two runs


def test_restore_ends_a_drill_that_was_left_and_the_next_one_begins_anew(
    double: AwsKmsDouble, arn: str, tmp_path: Path
) -> None:
    with vendor(double, arn, keep_s=LONG) as path:
        first = revocation(key(double, arn, path), look(), journal(tmp_path))
        assert restore_all(tmp_path) == 1
        assert usable(double, arn)
        again = revocation(key(double, arn, path), look(), journal(tmp_path))
    assert again.disable.at > first.disable.at
    assert len(again.watched) == 1
    restore_all(tmp_path)


def test_a_key_that_somebody_enabled_meanwhile_makes_the_timeline_worthless(
    double: AwsKmsDouble, arn: str, tmp_path: Path
) -> None:
    kept: list[bytes] = []
    with vendor(double, arn, keep_s=LONG) as path:
        revocation(key(double, arn, path), look(), journal(tmp_path))
        story = left_in(tmp_path).story
        client(double).enable_key(KeyId=arn)
        with pytest.raises(Unknowable, match="was Disabled when the drill was left to this run and is Enabled now"):
            revocation(key(double, arn, path), look(keep=keeper(kept)), journal(tmp_path))
    assert kept == [story.encode()]
    assert (open_entries(tmp_path), left_entries(tmp_path)) == ((), ())
    assert usable(double, arn)


def test_a_key_that_somebody_scheduled_for_deletion_meanwhile_is_left_to_them(
    double: AwsKmsDouble, arn: str, deaf: None, tmp_path: Path
) -> None:
    revocation(key(double, arn), look(), journal(tmp_path))
    client(double).schedule_key_deletion(KeyId=arn, PendingWindowInDays=7)
    with pytest.raises(RestoreFailed, match="is PendingDeletion now, which the drill did not do"):
        revocation(key(double, arn), look(), journal(tmp_path))
    assert len(open_entries(tmp_path)) == 1
    client(double).cancel_key_deletion(KeyId=arn)
    restore_all(tmp_path)
    assert usable(double, arn)


def test_a_run_that_cannot_reach_the_key_service_leaves_all_as_it_is(
    double: AwsKmsDouble, arn: str, deaf: None, tmp_path: Path
) -> None:
    revocation(key(double, arn), look(), journal(tmp_path))
    before = left_in(tmp_path)
    double.bend(reset_calls=EVERY)
    with pytest.raises(Unreachable):
        revocation(key(double, arn), look(), journal(tmp_path))
    assert left_in(tmp_path) == before
    double.bend(reset_calls=0)
    restore_all(tmp_path)
    assert usable(double, arn)


def test_another_record_than_before_cannot_be_compared(double: AwsKmsDouble, arn: str, tmp_path: Path) -> None:
    with vendor(double, arn, keep_s=LONG) as path:
        revocation(key(double, arn, path), look(), journal(tmp_path))
        other = {**path, "url": path["url"].replace("canary", "another")}
        for changed in (other, None):
            with pytest.raises(Unknowable, match="reads another record than before the drill"):
                revocation(key(double, arn, changed), look(), journal(tmp_path))
        slower = revocation(key(double, arn, {**path, "timeout": "5 s"}), look(), journal(tmp_path))
    assert slower.dark_end is End.LEFT, "how the record is reached may change"
    restore_all(tmp_path)


def test_a_clock_before_the_moment_of_leaving_is_noticed(
    double: AwsKmsDouble, arn: str, deaf: None, tmp_path: Path
) -> None:
    revocation(key(double, arn), look(), journal(tmp_path))
    turn_back(tmp_path, timedelta(hours=-1))
    with pytest.raises(Unknowable, match="the clock of this machine is before"):
        revocation(key(double, arn), look(), journal(tmp_path))
    restore_all(tmp_path)


def test_a_story_that_nobody_can_read_leaves_the_way_back(
    double: AwsKmsDouble, arn: str, deaf: None, tmp_path: Path
) -> None:
    revocation(key(double, arn), look(), journal(tmp_path))
    (path,) = left_entries(tmp_path)
    path.write_text(read_left(path).model_copy(update={"story": '{"of": "another version"}'}).model_dump_json())
    with pytest.raises(EvidenceRejected, match="cannot be read"):
        revocation(key(double, arn), look(), journal(tmp_path))
    restore_all(tmp_path)
    assert usable(double, arn)


def test_a_canary_that_another_process_sealed_is_known_by_its_fingerprint(
    double: AwsKmsDouble, arn: str, deaf: None, tmp_path: Path
) -> None:
    revocation(key(double, arn), look(), journal(tmp_path))
    double.faults = Faults()
    drill = revocation(key(double, arn), look(), journal(tmp_path))
    after = [s for s in drill.samples if drill.enable is not None and s.t_s > drill.enable.answered_s]
    assert {s.outcome for s in after} == {Answer.SERVED}
    assert after


def test_a_drill_whose_time_is_over_ends_even_where_nobody_can_go_on_with_it(
    double: AwsKmsDouble, arn: str, deaf: None, tmp_path: Path
) -> None:
    told: list[str] = []
    for story in ("nonsense", '{"of": "another version"}'):
        revocation(key(double, arn), look(), journal(tmp_path))
        (path,) = left_entries(tmp_path)
        over = {"story": story, "due": datetime.now(UTC)}
        path.write_text(read_left(path).model_copy(update=over).model_dump_json())
        with pytest.raises(EvidenceRejected, match="cannot be read"):
            revocation(key(double, arn), look(tell=told.append), journal(tmp_path))
        assert state_of(double, arn) == "Enabled"
        assert (open_entries(tmp_path), left_entries(tmp_path)) == ((), ())
    assert told == ["revocation of subject: its time is over and this run cannot go on; ENABLED again"] * 2


def test_a_drill_whose_time_is_over_and_whose_key_is_out_of_reach_is_a_restore_that_failed(
    double: AwsKmsDouble, arn: str, deaf: None, tmp_path: Path
) -> None:
    revocation(key(double, arn, recover_within="1 s"), look(), journal(tmp_path))
    turn_back(tmp_path, timedelta(minutes=3))
    double.bend(reset_calls=EVERY)
    with pytest.raises(RestoreFailed, match="could not be brought back"):
        revocation(key(double, arn), look(), journal(tmp_path))
    double.bend(reset_calls=0)
    assert restore_all(tmp_path) == 1
    assert usable(double, arn)


@pytest.mark.parametrize("runs_before", [0, 1])
def test_a_key_that_somebody_enabled_during_a_run_is_not_left_as_if_it_were_off(
    double: AwsKmsDouble, arn: str, tmp_path: Path, runs_before: int
) -> None:
    def enable(point: str) -> None:
        if point in ("key disabled", "story kept"):
            time.sleep(0.2)  # the refusal is seen before
            client(double).enable_key(KeyId=arn)

    with vendor(double, arn, keep_s=LONG) as path:
        for _ in range(runs_before):
            revocation(key(double, arn, path), look(), journal(tmp_path))
        with pytest.raises(
            Unknowable, match="was disabled by the drill and is Enabled now: somebody else ended the drill"
        ):
            revocation(key(double, arn, path), look(), journal(tmp_path, on_point=enable))
    assert (open_entries(tmp_path), left_entries(tmp_path)) == ((), ())
    assert usable(double, arn)


@pytest.mark.parametrize("per_run", [None, "300 ms"])
def test_a_machine_that_slept_in_the_middle_of_a_drill_has_seen_nothing(
    double: AwsKmsDouble, arn: str, tmp_path: Path, per_run: str | None
) -> None:
    """Its steady clock stood still meanwhile: a vendor that took an hour would seem to have taken a second."""
    lost, still = [0.0], list[float]()

    def clock() -> float:
        return still[0] if still else time.monotonic() - lost[0]

    def sleep(point: str) -> None:
        if point == "key disabled":
            still.append(clock())
            time.sleep(2.5)
            lost[0] = 2.5
            still.clear()

    with (
        vendor(double, arn, keep_s=0 if per_run is None else LONG) as path,
        pytest.raises(Unknowable, match="this machine slept or its clock was set while it drilled subject"),
    ):
        revocation(key(double, arn, path, per_run=per_run), look(clock=clock), journal(tmp_path, on_point=sleep))
    assert (open_entries(tmp_path), left_entries(tmp_path)) == ((), ())
    assert usable(double, arn)


# who may go on


def test_of_two_runs_that_take_a_drill_up_at_once_the_second_refuses(
    double: AwsKmsDouble, arn: str, deaf: None, tmp_path: Path
) -> None:
    refused: list[BaseException] = []

    def second(point: str) -> None:
        if point == "taken over" and not refused:
            with pytest.raises(LookFailed) as caught:
                revocation(key(double, arn), look(), journal(tmp_path))
            refused.append(caught.value)

    revocation(key(double, arn), look(), journal(tmp_path))
    double.faults = Faults()
    revocation(key(double, arn), look(), journal(tmp_path, on_point=second))
    assert refused
    assert usable(double, arn)


def test_a_run_that_was_overtaken_refuses_and_touches_nothing(double: AwsKmsDouble, arn: str, tmp_path: Path) -> None:
    """The other one left it again meanwhile: what was read is old, and its samples would be lost."""

    def overtake(point: str) -> None:
        if point == "before taking over":
            revocation(key(double, arn, path), look(), journal(tmp_path))

    with vendor(double, arn, keep_s=LONG) as path:
        revocation(key(double, arn, path), look(), journal(tmp_path))
        with pytest.raises(JournalOpen, match="another run drills it now"):
            revocation(key(double, arn, path), look(), journal(tmp_path, on_point=overtake))
    assert len(left_entries(tmp_path)) == 1
    assert open_entries(tmp_path) == ()
    restore_all(tmp_path)
    assert usable(double, arn)


def test_a_rotation_drill_of_a_key_that_was_left_refuses_in_so_many_words(
    double: AwsKmsDouble, arn: str, deaf: None, tmp_path: Path
) -> None:
    revocation(key(double, arn), look(), journal(tmp_path))
    with pytest.raises(LookFailed, match="is Disabled for a drill that was left to a later run, until") as caught:
        rotation_drill(key(double, arn), look(), journal(tmp_path))
    assert "clauseproof restore" in caught.value.what_to_do
    assert "RotateKeyOnDemand" not in {call.operation for call in double.calls}
    restore_all(tmp_path)


def test_a_drill_that_cannot_be_left_brings_the_key_back(
    double: AwsKmsDouble, arn: str, deaf: None, tmp_path: Path
) -> None:
    def block(point: str) -> None:
        if point == "state read":
            (path,) = open_entries(tmp_path)
            path.with_suffix(".left").mkdir()

    with pytest.raises(Exception, match="could not be left to a later run"):
        revocation(key(double, arn), look(), journal(tmp_path, on_point=block))
    assert usable(double, arn)
    assert open_entries(tmp_path) == ()


def test_what_is_left_holds_no_secret_and_nothing_of_the_record(
    double: AwsKmsDouble, arn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a-very-secret-secret")
    with vendor(double, arn, keep_s=LONG) as path:
        by_pointer = {name: value for name, value in path.items() if name != "expect_sentinel"}
        revocation(key(double, arn, by_pointer), look(), journal(tmp_path))
        (file,) = left_entries(tmp_path)
        for secret in ("a-very-secret-secret", BUYER_ACCESS_KEY, TOKEN, SENTINEL):
            assert secret not in file.read_text()
        drill = revocation(key(double, arn, by_pointer), look(), journal(tmp_path))
    served = [s for s in drill.samples if s.lane is Lane.VENDOR and s.outcome is Answer.SERVED]
    assert math.ceil(served[-1].t_s) > drill.watched[1].from_s, "the value the first run read still counts"
    restore_all(tmp_path)
