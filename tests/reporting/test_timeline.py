"""A drill as a picture: what was served and refused, and nothing between two polls that nobody saw."""

from pathlib import Path
from typing import Any

import pytest

from clauseproof.facts.drills import Act, Answer, Change, End, Lane, LaneTimes, Revocation, Sample, Span
from clauseproof.reporting import timeline as room
from clauseproof.reporting.dossier import Dossier
from clauseproof.reporting.exhibit import Exhibit
from clauseproof.reporting.html.drill import picture, sentence
from clauseproof.reporting.timeline import Gap, Stretch, Timeline, Track, ticks, timeline, timelines
from tests.reporting.example import example
from tests.reporting.support import NOW, Script


def exhibit(data: dict[str, Any], *, version: int = Revocation.version, kind: str = Revocation.kind) -> Exhibit:
    return Exhibit(
        "sha256:1", kind, version, "data-key", "here", NOW, 1.0, "p", "drill", "", None, "", (), (), (), data
    )


def revocation(**changed: Any) -> dict[str, Any]:
    """What the revocation drill records: the key service dark from second 1, the vendor from second 10."""

    def sample(lane: Lane, t_s: float, outcome: Answer) -> Sample:
        return Sample(lane=lane, t_s=t_s, took_s=0.5, outcome=outcome, code=None, digest=None)

    facts = Revocation(
        target="arn:aws:kms:eu-central-1:111122223333:key/1f0c",
        disable=Act(call="kms:DisableKey", at=NOW, t_s=-0.2, took_s=0.2),
        enable=Act(call="kms:EnableKey", at=NOW, t_s=20.0, took_s=0.2),
        poll_every_s=5.0,
        give_up_after_s=60.0,
        confirmations=2,
        dark_end=End.SETTLED,
        light_end=End.SETTLED,
        left_until=None,
        watched=(Span(from_s=-5.0, until_s=25.5),),
        lanes=(LaneTimes(lane=Lane.KMS, dark=Change(old_until_s=0.0, new_after_s=1.0), light=None),),
        samples=(
            sample(Lane.KMS, -5, Answer.SERVED),
            sample(Lane.VENDOR, -5, Answer.SERVED),
            sample(Lane.KMS, 1, Answer.REFUSED),
            sample(Lane.VENDOR, 5, Answer.SERVED),
            sample(Lane.VENDOR, 10, Answer.REFUSED),
            sample(Lane.VENDOR, 15, Answer.UNCLEAR),
            sample(Lane.KMS, 19, Answer.REFUSED),
            sample(Lane.KMS, 21, Answer.SERVED),
            sample(Lane.VENDOR, 25, Answer.SERVED),
        ),
        addresses=("192.0.2.7",),
        skipped=(),
        state_before="enabled",
        state_after="enabled",
    )
    return facts.model_dump(mode="json") | changed


def drawn(**changed: Any) -> Timeline:
    made = timeline(exhibit(revocation(**changed)), 8.0)
    assert made is not None
    return made


def test_each_side_has_a_track_with_its_answers_in_order() -> None:
    kms, vendor = drawn().tracks
    assert kms.stretches == (Stretch(-5, -5, True), Stretch(1, 19, False), Stretch(21, 21, True))
    assert vendor.stretches == (
        Stretch(-5, 5, True),
        Stretch(10, 10, False),
        Stretch(15, 15, None),
        Stretch(25, 25, True),
    )


def test_what_we_did_stands_at_its_second() -> None:
    assert [(moment.at_s, moment.label) for moment in drawn().moments] == [(0.0, "key disabled"), (20.0, "enabled")]


def test_a_drill_that_never_enabled_the_key_has_one_moment() -> None:
    assert [moment.label for moment in drawn(enable=None).moments] == ["key disabled"]


def test_it_lasts_from_the_first_question_to_the_last_answer() -> None:
    assert (drawn().start_s, drawn().end_s) == (-5.0, 25.5)


@pytest.mark.parametrize(
    "other",
    [
        exhibit(revocation(), version=Revocation.version + 1),
        exhibit(revocation(), kind="keys.custody"),
        exhibit(revocation(samples=[])),
        exhibit(revocation(samples=[{"lane": "kms"}])),
        exhibit(revocation(samples=[{"lane": "kms", "t_s": "soon", "took_s": 0, "outcome": "served"}])),
        exhibit(revocation(samples=7)),
        exhibit(revocation(enable={})),
        exhibit({}),
    ],
)
def test_a_shape_that_nobody_knows_is_no_picture_and_no_error(other: Exhibit) -> None:
    assert timeline(other, None) is None


def test_the_limit_is_the_one_of_the_claim_on_that_key() -> None:
    script = Script()
    script.clause("C 1", "", "x", ("revocation-drill", ("data-key",), None, {"dark_within": "PT15M"}))
    other = script.clauses[0].model_copy(update={"claims": ()})
    (with_limit,) = timelines([exhibit(revocation())], script.clauses[0].claims)
    (without,) = timelines([exhibit(revocation())], other.claims)
    assert (with_limit.limit_s, without.limit_s) == (900.0, None)


def test_being_served_after_the_limit_and_before_the_key_is_back_is_drawn_as_late() -> None:
    data = revocation()
    vendor = [s | {"outcome": "served"} for s in data["samples"] if s["lane"] == "vendor"]
    late = timeline(exhibit(data | {"samples": vendor}), 8.0)
    assert late is not None
    (lane,) = picture(late, "p").lanes
    assert [(bar.look, bar.label) for bar in lane.bars] == [
        ("served", "served"),
        ("late", "12 s too long"),
        ("served", "served"),
    ]


def test_the_limit_on_the_vendor_makes_nothing_of_the_key_service_late() -> None:
    data = revocation()
    kms = [s | {"outcome": "served"} for s in data["samples"] if s["lane"] == "kms"]
    made = timeline(exhibit(data | {"samples": kms}), 8.0)
    assert made is not None
    assert {bar.look for lane in picture(made, "p").lanes for bar in lane.bars} == {"served"}


def test_without_a_limit_nothing_is_late() -> None:
    made = timeline(exhibit(revocation()), None)
    assert made is not None
    assert "late" not in {bar.look for lane in picture(made, "p").lanes for bar in lane.bars}


def test_everything_is_drawn_inside_the_picture() -> None:
    shown = picture(drawn(), "p")
    places = [mark.x for mark in (*shown.moments, *shown.ticks)]
    places += [bar.x for lane in shown.lanes for bar in lane.bars]
    places += [bar.x + bar.width for lane in shown.lanes for bar in lane.bars if bar.width > 0.5]
    assert all(0 <= x <= 100 for x in places)


def test_the_picture_can_be_read_aloud() -> None:
    told = sentence(drawn())
    assert told.startswith("Key disabled at 0 s, enabled at 20 s. The limit is 8 s.")
    assert "Vendor’s data path: served until 5 s, refused until 10 s, neither served nor refused until 15 s" in told


def test_ticks_are_round_and_few() -> None:
    assert ticks(900) == [0.0, 300.0, 600.0, 900.0]
    assert ticks(4) == [0.0, 1.0, 2.0, 3.0, 4.0]
    assert len(ticks(3 * 3600)) <= 7


def test_the_example_has_one_drill_with_its_limit(tmp_path: Path) -> None:
    dossier: Dossier = example().dossier(tmp_path / "run")
    found = [made.limit_s for one in dossier.entries for made in timelines(dossier.exhibits_of(one), one.clause.claims)]
    assert found == [300.0]


def test_a_drill_without_polls_of_a_lane_has_no_track_for_it() -> None:
    data = revocation()
    data["samples"] = [s for s in data["samples"] if s["lane"] == "kms"]
    made = room.timeline(exhibit(data), None)
    assert made is not None
    assert [track.name for track in made.tracks] == ["Key service"]


# a drill over several runs

TWO_RUNS = [{"from_s": -5.0, "until_s": 6.0}, {"from_s": 14.0, "until_s": 25.5}]


def test_what_lies_between_two_runs_is_a_gap_that_no_stretch_spans() -> None:
    data = revocation()
    kms = [s | {"outcome": "served"} for s in data["samples"] if s["lane"] == "kms"]
    made = drawn(samples=kms, watched=TWO_RUNS)
    assert made.gaps == (Gap(6.0, 14.0),)
    assert made.tracks[0].stretches == (Stretch(-5, 1, True), Stretch(19, 21, True))


def test_a_gap_is_drawn_and_read_aloud() -> None:
    made = drawn(watched=TWO_RUNS)
    (gap,) = picture(made, "p").gaps
    assert (gap.look, gap.label) == ("gap", "not watched")
    assert 0 < gap.x < gap.x + gap.width < 100
    assert "Nobody watched from 6 s to 14 s." in sentence(made)
    assert picture(drawn(), "p").gaps == ()


def test_a_run_that_left_the_key_disabled_ends_with_that() -> None:
    left = drawn(enable=None, left_until="2026-11-25T09:00:00Z")
    assert [moment.label for moment in left.moments] == ["key disabled", "left disabled"]
    assert left.enabled_s is None


def test_served_after_the_limit_is_late_to_the_end_where_the_key_was_left_disabled() -> None:
    data = revocation()
    vendor = [s | {"outcome": "served"} for s in data["samples"] if s["lane"] == "vendor"]
    made = drawn(samples=vendor, enable=None, left_until="2026-11-25T09:00:00Z")
    (lane,) = picture(made, "p").lanes
    assert [bar.look for bar in lane.bars] == ["served", "late"]


@pytest.mark.parametrize("watched", [7, [1, 2], [{"from_s": 0, "until_s": "x"}, {"from_s": 1, "until_s": 2}]])
def test_spans_that_nobody_knows_are_no_picture(watched: Any) -> None:
    assert timeline(exhibit(revocation(watched=watched)), None) is None


def test_the_first_version_of_the_facts_is_still_drawn() -> None:
    old = revocation()
    del old["watched"], old["left_until"]
    made = timeline(exhibit(old, version=1), None)
    assert made is not None
    assert made.gaps == ()


def test_fetches_of_a_log_are_a_track_of_their_own_that_no_limit_binds() -> None:
    samples = revocation()["samples"]
    refused = {"lane": "log", "took_s": 0.0, "outcome": "refused", "code": "denied", "digest": None}
    *_, log = drawn(samples=[*samples, *({**refused, "t_s": second} for second in (11.0, 12.0))]).tracks
    assert log == Track("Vendor’s fetches in the log", (Stretch(11, 12, False),), bound=False)
