"""Drills judged: over the wire through the engine, and rule by rule on timelines built in sight."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from checks.drills import RevocationDrill, RotationDrill, revocation_drill, rotation_drill
from clauseproof.facts import drills
from clauseproof.facts.drills import Act, Answer, Change, End, Lane, Span, lane_times
from clauseproof.facts.keys import Custody, KeyState, Manager, Origin, Provider, Usage
from clauseproof.model.assurance import Assurance
from clauseproof.model.finding import Finding, Outcome
from clauseproof.model.unseen import Reason, Unseen
from clauseproof.model.verdict import Ruling
from clauseproof.sandbox.kms.aws import AwsKmsDouble, KeySeed
from clauseproof.sandbox.kms.faults import EVERY, Faults
from tests.support.case import outcomes, texts
from tests.support.keyruns import judged, said
from tests.support.keys import FAST, NOW, aws_key, samples, usable, vendor

HOLDS, BROKEN, UNKNOWN = Outcome.HOLDS, Outcome.BROKEN, Outcome.UNKNOWN
ARN = "arn:aws:kms:eu-central-1:111122223333:key/k"
ALONE = Custody(
    provider=Provider.AWS,
    target=ARN,
    owner="111122223333",
    manager=Manager.CUSTOMER,
    origin=Origin.PROVIDER_MADE,
    state=KeyState.ENABLED,
    usage=Usage.ENCRYPT_DECRYPT,
    spec="SYMMETRIC_DEFAULT",
    created=NOW,
    partition="aws",
    region="eu-central-1",
    multi_region=False,
    replicas=(),
    store=None,
    protection=None,
    material_expires=None,
    deletion=None,
)


def within(seconds: float) -> RevocationDrill:
    return RevocationDrill(dark_within=timedelta(seconds=seconds))


@pytest.fixture
def double() -> Iterator[AwsKmsDouble]:
    with AwsKmsDouble() as running:
        yield running


# revocation-drill, over the wire


def test_a_vendor_that_loses_access_in_time_is_satisfied_as_observed(double: AwsKmsDouble, tmp_path: Path) -> None:
    arn = double.seed_key(KeySeed())
    with vendor(double, arn) as path:
        verdict = judged(aws_key(double, arn, data_path=path), "revocation-drill", within(60), tmp_path)
    assert (verdict.ruling, verdict.assurance) == (Ruling.SATISFIED, Assurance.OBSERVED), said(verdict)
    assert "The vendor's data path stopped serving" in said(verdict)
    assert usable(double, arn)


def test_a_vendor_that_serves_from_a_kept_data_key_is_contradicted(double: AwsKmsDouble, tmp_path: Path) -> None:
    arn = double.seed_key(KeySeed())
    with vendor(double, arn, keep_s=600) as path:
        key = aws_key(double, arn, data_path=path, drill={**FAST, "give_up_after": "2 s"})
        verdict = judged(key, "revocation-drill", within(0.5), tmp_path)
    assert (verdict.ruling, verdict.assurance) == (Ruling.NOT_SATISFIED, Assurance.OBSERVED)
    assert "had not stopped when the watch ended. The limit is 0.5 s" in said(verdict)
    assert usable(double, arn)


def test_a_vendor_of_a_key_with_replicas_is_not_contradicted_by_going_on(double: AwsKmsDouble, tmp_path: Path) -> None:
    arn = double.seed_key(KeySeed(replicas=("eu-west-1",)))
    with vendor(double, arn, keep_s=600) as path:
        key = aws_key(double, arn, data_path=path, drill={**FAST, "give_up_after": "2 s"})
        verdict = judged(key, "revocation-drill", within(0.5), tmp_path)
    assert verdict.ruling is Ruling.INCONCLUSIVE
    assert "It may have used the replicas of the key in eu-west-1" in said(verdict)


def test_a_run_that_leaves_the_key_is_inconclusive_and_the_next_one_decides(
    double: AwsKmsDouble, tmp_path: Path
) -> None:
    arn = double.seed_key(KeySeed())
    with vendor(double, arn, keep_s=600) as path:
        leaves = {**FAST, "give_up_after": "1 min", "per_run": "300 ms"}
        first = judged(aws_key(double, arn, data_path=path, drill=leaves), "revocation-drill", within(600), tmp_path)
        ends = {**FAST, "give_up_after": "2 s"}
        second = judged(aws_key(double, arn, data_path=path, drill=ends), "revocation-drill", within(1), tmp_path)
    assert (first.ruling, second.ruling) == (Ruling.INCONCLUSIVE, Ruling.NOT_SATISFIED)
    assert "The key is still disabled" in said(first)
    assert "went on over 2 runs" in said(second)
    assert usable(double, arn)


def test_a_look_too_short_for_the_limit_is_inconclusive(double: AwsKmsDouble, tmp_path: Path) -> None:
    arn = double.seed_key(KeySeed())
    with vendor(double, arn, keep_s=600) as path:
        key = aws_key(double, arn, data_path=path, drill={**FAST, "give_up_after": "1 s"})
        verdict = judged(key, "revocation-drill", within(900), tmp_path)
    assert verdict.ruling is Ruling.INCONCLUSIVE
    assert "too short for the limit of 15 min. To settle it: a drill.give_up_after beyond the limit" in said(verdict)


@pytest.mark.parametrize(
    ("faults", "says"),
    [
        (Faults(denies=frozenset({"DisableKey"})), "allow kms:DisableKey on"),
        (Faults(denies=frozenset({"Encrypt"})), "allow kms:Encrypt on"),
        (Faults(expired_credentials=True), "have expired"),
        (Faults(throttled_calls=EVERY), "throttled"),
        (Faults(ignores_disable=True), "not seen to refuse the disabled key"),
    ],
)
def test_what_keeps_a_drill_from_seeing_leaves_it_open(
    double: AwsKmsDouble, tmp_path: Path, faults: Faults, says: str
) -> None:
    arn = double.seed_key(KeySeed())
    double.faults = faults
    key = aws_key(double, arn, drill={**FAST, "give_up_after": "1 s"})
    verdict = judged(key, "revocation-drill", within(60), tmp_path)
    assert verdict.ruling is Ruling.INCONCLUSIVE
    assert says in said(verdict)


# revocation-drill, rule by rule


def timeline(
    vendor_line: str | None,
    kms_line: str = "1 refused, 2 refused, 3 refused, 101 served, 102 served, 103 served",
    *,
    watched: float = 100.0,
    dark_end: End = End.SETTLED,
    after: str | None = "Enabled",
) -> drills.Revocation:
    """Disabled from 0 to 100 (or `watched`); answers at once."""
    disable = Act(call="kms:DisableKey", at=NOW, t_s=0.0, took_s=0.0)
    enable = Act(call="kms:EnableKey", at=NOW + timedelta(seconds=watched), t_s=watched, took_s=0.0)
    seen = samples(Lane.KMS, kms_line) + (samples(Lane.VENDOR, vendor_line) if vendor_line else ())
    lanes = (Lane.KMS, Lane.VENDOR) if vendor_line else (Lane.KMS,)
    return drills.Revocation(
        target=ARN,
        disable=disable,
        enable=enable,
        poll_every_s=1.0,
        give_up_after_s=watched,
        confirmations=2,
        dark_end=dark_end,
        light_end=End.SETTLED,
        left_until=None,
        watched=(Span(from_s=-10.0, until_s=watched + 10.0),),
        lanes=tuple(lane_times(seen, lane, disable, enable, 2) for lane in lanes),
        samples=tuple(sorted(seen, key=lambda s: s.t_s)),
        addresses=("192.0.2.7",),
        skipped=(),
        state_before="Enabled",
        state_after=after,
    )


def judge(claim: RevocationDrill, drill: drills.Revocation, custody: Custody | Unseen = ALONE) -> list[Finding]:
    return list(revocation_drill(claim, drill, custody))


GOOD = "1 served, 2 served, 5 refused, 6 refused, 101 refused, 103 served, 104 served"


def test_the_doubt_of_the_polling_counts_against_the_proof() -> None:
    """Stopped between 2 s and 5 s."""
    assert outcomes(judge(within(5), timeline(GOOD))) == [HOLDS]
    assert outcomes(judge(within(4), timeline(GOOD))) == [UNKNOWN]
    assert outcomes(judge(within(1.9), timeline(GOOD))) == [BROKEN]


def test_a_contradiction_counts_the_reads_served_too_late() -> None:
    late = "1 served, 5 served, 9 served, 12 refused, 13 refused, 101 served, 102 served"
    text = texts(judge(within(4), timeline(late)))
    assert "still served 9 s after the key was disabled. The limit is 4 s; 2 reads were served after it" in text


def test_a_vendor_that_does_not_come_back_may_have_been_silent_for_other_reasons() -> None:
    silent = "1 served, 5 refused, 6 refused, 101 refused, 102 refused"
    findings = judge(within(10), timeline(silent))
    assert outcomes(findings) == [UNKNOWN]
    assert "the key may not be the reason" in texts(findings)


def test_a_vendor_that_cannot_be_reached_is_not_dark() -> None:
    lost = "1 served, 5 unclear, 6 unclear, 99 unclear, 101 served, 102 served"
    findings = judge(within(10), timeline(lost, dark_end=End.GAVE_UP))
    assert outcomes(findings) == [UNKNOWN]
    assert "then gave no clear answer (Code)" in texts(findings)


def test_a_key_service_that_never_refused_shows_nothing_of_the_vendor() -> None:
    ignoring = "1 served, 99 served, 101 served"
    assert outcomes(judge(within(10), timeline(GOOD, ignoring))) == [UNKNOWN, HOLDS]


def test_the_key_services_own_limit_is_judged_where_the_clause_has_one() -> None:
    ignoring = "1 served, 50 served, 99 served, 101 served"
    both = RevocationDrill(dark_within=timedelta(seconds=10), kms_dark_within=timedelta(seconds=30))
    assert outcomes(judge(both, timeline(GOOD, ignoring))) == [BROKEN, HOLDS]
    assert outcomes(judge(both, timeline(GOOD))) == [HOLDS, HOLDS]


def test_without_a_data_path_the_vendor_was_not_looked_at() -> None:
    findings = judge(within(10), timeline(None))
    assert outcomes(findings) == [UNKNOWN]
    assert "give the key a data_path" in texts(findings)


@pytest.mark.parametrize(("limit", "outcome"), [(3.0, HOLDS), (2.0, UNKNOWN), (0.5, BROKEN)])
def test_the_time_until_the_vendor_serves_again_is_judged_where_the_clause_limits_it(
    limit: float, outcome: Outcome
) -> None:
    """Served again between 1 s and 3 s after enabling."""
    claim = RevocationDrill(dark_within=timedelta(seconds=10), light_within=timedelta(seconds=limit))
    assert outcomes(judge(claim, timeline(GOOD))) == [HOLDS, outcome]


@pytest.mark.parametrize("after", ["Disabled", None])
def test_a_key_that_is_not_as_before_is_said_loudly(after: str | None) -> None:
    findings = judge(within(10), timeline(GOOD, after=after))
    assert outcomes(findings) == [HOLDS, UNKNOWN]
    assert "To mend it: clauseproof restore" in texts(findings)


def test_an_interrupted_drill_says_so_and_decides_only_what_it_saw() -> None:
    cut = timeline(
        "1 served, 2 served, 6 served, 7 served", "1 refused, 2 refused", watched=5, dark_end=End.INTERRUPTED
    )
    findings = judge(within(60), cut)
    assert outcomes(findings) == [UNKNOWN]
    assert "watched for 5 s (until the run was interrupted)" in texts(findings)
    assert outcomes(judge(within(1), cut)) == [BROKEN]


FLAPS = "1 served, 2 refused, 3 served, 4 refused, 50 refused, 99 refused, 101 served, 102 served"
BACK_ON = "1 refused, 2 refused, 40 refused, 60 served, 99 served, 101 served"
NEVER_OFF = "1 served, 50 served, 99 served, 101 served"


@pytest.mark.parametrize(
    ("kms_line", "limit", "outcome", "late"),
    [
        (FLAPS, 10, BROKEN, "99 s after the key was disabled"),
        (BACK_ON, 10, BROKEN, "39 s after the key was disabled"),
        (BACK_ON, 50, UNKNOWN, "the key service served the key as well"),
        (NEVER_OFF, 10, UNKNOWN, "the key service served the key as well"),
    ],
)
def test_a_vendor_is_blamed_for_serving_only_while_the_key_was_off(
    kms_line: str, limit: float, outcome: Outcome, late: str
) -> None:
    serving = "1 served, 39 served, 55 served, 70 served, 99 served, 101 served, 102 served"
    findings = [f for f in judge(within(limit), timeline(serving, kms_line)) if f.about == Lane.VENDOR]
    assert outcomes(findings) == [outcome]
    assert late.replace("99 s", "1 min 39 s") in texts(findings)


def test_a_drill_that_its_permission_ended_says_so_and_what_would_settle_it() -> None:
    short = timeline("1 served, 50 served, 99 served, 101 served, 102 served", dark_end=End.PERMISSION_OVER)
    text = texts(judge(within(900), short))
    assert "(for the permission ends before a longer drill would), too short for the limit of 15 min" in text
    assert "To settle it: a permission that lasts as long as drill.give_up_after" in text


# a revocation over several runs


def left(vendor_line: str, kms_line: str = "1 refused, 2 refused", *, watched: float = 100.0) -> drills.Revocation:
    """The key is still disabled after `watched` seconds."""
    made = timeline(vendor_line, kms_line, watched=watched, dark_end=End.LEFT, after="Disabled")
    lanes = tuple(lane_times(made.samples, lane, made.disable, None, 2) for lane in (Lane.KMS, Lane.VENDOR))
    watch = (Span(from_s=-10.0, until_s=watched),)
    until = NOW + timedelta(days=2)
    return made.model_copy(
        update={"enable": None, "light_end": None, "lanes": lanes, "watched": watch, "left_until": until}
    )


def over_two_runs(vendor_line: str, *, first_until: float, second_from: float) -> drills.Revocation:
    """Watched to `first_until` by one run, from `second_from` by another, which enabled the key at 100."""
    made = timeline(vendor_line)
    watch = (Span(from_s=-10.0, until_s=first_until), Span(from_s=second_from, until_s=110.0))
    lanes = (Lane.KMS, Lane.VENDOR)
    times = tuple(lane_times(made.samples, lane, made.disable, made.enable, 2, watch) for lane in lanes)
    return made.model_copy(update={"watched": watch, "lanes": times})


def test_a_key_that_was_left_disabled_is_open_says_until_when_and_how_to_end_it() -> None:
    findings = judge(within(900), left("1 served, 50 served, 99 served"))
    assert outcomes(findings) == [UNKNOWN, UNKNOWN]
    text = texts(findings)
    assert "was watched for 1 min 40 s (until this run's share of the time was over), too short for the limit" in text
    assert "To settle it: the next run with --drills" in text
    assert "The key is still disabled" in text
    assert "until 2026-11-26 09:00 UTC at the latest" in text
    assert "clauseproof restore ends the drill" in text


def test_served_beyond_the_limit_is_a_contradiction_already_while_the_drill_goes_on() -> None:
    findings = judge(within(60), left("1 served, 50 served, 99 served"))
    assert outcomes(findings) == [BROKEN, UNKNOWN]
    assert "still served 1 min 39 s after the key was disabled, and had not stopped when the watch ended" in texts(
        findings
    )


def test_a_vendor_that_went_dark_and_was_not_seen_to_come_back_yet_is_open() -> None:
    findings = judge(within(60), left("1 served, 5 refused, 6 refused"))
    assert outcomes(findings) == [UNKNOWN, UNKNOWN]
    assert "whether it serves again once it is enabled is not known yet" in texts(findings)


def test_a_key_service_that_does_not_refuse_yet_is_watched_on() -> None:
    findings = judge(within(900), left("1 served, 99 served", "1 served, 99 served"))
    assert outcomes(findings) == [UNKNOWN, UNKNOWN, UNKNOWN]
    assert "so nothing shows what the vendor does without it. To settle it: the next run with --drills" in texts(
        findings
    )


GAPPED = "1 served, 2 served, 50 refused, 51 refused, 101 refused, 103 served, 104 served"


@pytest.mark.parametrize(("limit", "outcome"), [(60.0, HOLDS), (20.0, UNKNOWN), (1.5, BROKEN)])
def test_a_change_that_fell_between_two_runs_may_have_come_at_any_time_in_the_gap(
    limit: float, outcome: Outcome
) -> None:
    findings = judge(within(limit), over_two_runs(GAPPED, first_until=3, second_from=49))
    assert outcomes(findings) == [outcome]
    assert "went on over 2 runs, and between them nobody watched for 46 s" in texts(findings)
    assert outcome is not UNKNOWN or "To settle it: a run with --drills at that time" in texts(findings)


def test_refusals_on_both_sides_of_a_gap_do_not_confirm_each_other() -> None:
    line = "1 served, 2 refused, 50 refused, 51 refused, 101 refused, 103 served, 104 served"
    drill = over_two_runs(line, first_until=3, second_from=49)
    assert outcomes(judge(within(20), drill)) == [UNKNOWN], "one refusal before the gap is none"
    assert outcomes(judge(within(52), drill)) == [HOLDS]


# a revocation of a key with replicas


ABROAD = ALONE.model_copy(update={"multi_region": True, "replicas": ("eu-west-1", "us-east-1")})
UNREAD = Unseen(reason=Reason.DENIED, text="denied")


def test_a_vendor_that_goes_dark_without_one_key_of_several_keeps_its_word_and_the_others_are_named() -> None:
    findings = judge(within(5), timeline(GOOD), ABROAD)
    assert outcomes(findings) == [HOLDS]
    assert "does not disable the replicas of the key in eu-west-1, us-east-1" in texts(findings)


@pytest.mark.parametrize(
    ("target", "custody", "outcome"),
    [
        (ARN, ABROAD, UNKNOWN),
        (ARN, ALONE, BROKEN),
        (ARN, UNREAD, BROKEN),
        (ARN.replace("key/", "key/mrk-"), UNREAD, UNKNOWN),
        (ARN, ABROAD.model_copy(update={"provider": Provider.AZURE}), BROKEN),
    ],
)
def test_a_vendor_that_goes_on_serving_may_have_used_a_replica_where_there_is_one(
    target: str, custody: Custody | Unseen, outcome: Outcome
) -> None:
    drill = timeline(GOOD).model_copy(update={"target": target})
    findings = judge(within(1.9), drill, custody)
    assert outcomes(findings) == [outcome]
    assert (outcome is BROKEN) != ("It may have used the replicas" in texts(findings))


def test_what_the_key_service_itself_does_has_no_such_excuse() -> None:
    ignoring = "1 served, 50 served, 99 served, 101 served"
    both = RevocationDrill(dark_within=timedelta(seconds=10), kms_dark_within=timedelta(seconds=30))
    assert outcomes(judge(both, timeline(GOOD, ignoring), ABROAD)) == [BROKEN, HOLDS]


# rotation-drill, over the wire


def test_a_rotation_that_does_what_it_should_is_satisfied_as_observed(double: AwsKmsDouble, tmp_path: Path) -> None:
    verdict = judged(aws_key(double, double.seed_key(KeySeed())), "rotation-drill", RotationDrill(), tmp_path)
    assert (verdict.ruling, verdict.assurance) == (Ruling.SATISFIED, Assurance.OBSERVED)
    assert "Left behind: 1 of 25 rotations on demand in the life of the key are used" in said(verdict)


def test_old_data_that_is_lost_is_a_contradiction(double: AwsKmsDouble, tmp_path: Path) -> None:
    double.faults = Faults(loses_old_material=True)
    verdict = judged(aws_key(double, double.seed_key(KeySeed())), "rotation-drill", RotationDrill(), tmp_path)
    assert verdict.ruling is Ruling.NOT_SATISFIED
    assert "no longer decrypts, tried twice: InvalidCiphertextException" in said(verdict)


def test_material_that_does_not_change_is_a_contradiction_after_the_limit(double: AwsKmsDouble, tmp_path: Path) -> None:
    double.faults = Faults(rotation_keeps_material=True)
    key = aws_key(double, double.seed_key(KeySeed()), drill={**FAST, "give_up_after": "1.5 s"})
    claim = RotationDrill(within=timedelta(seconds=0.3))
    verdict = judged(key, "rotation-drill", claim, tmp_path / "a")
    assert verdict.ruling is Ruling.NOT_SATISFIED
    assert "although the provider shows the rotation as completed; the limit is 0.3 s" in said(verdict)
    assert judged(key, "rotation-drill", RotationDrill(), tmp_path / "b").ruling is Ruling.INCONCLUSIVE


def test_a_budget_that_is_spent_leaves_it_open(double: AwsKmsDouble, tmp_path: Path) -> None:
    past = tuple(NOW - timedelta(days=n) for n in range(100, 125))
    key = aws_key(double, double.seed_key(KeySeed(created=past[-1], on_demand_rotations=past)))
    verdict = judged(key, "rotation-drill", RotationDrill(), tmp_path)
    assert verdict.ruling is Ruling.INCONCLUSIVE
    assert "has used 25 of 25 rotations on demand" in said(verdict)


# rotation-drill, rule by rule


def turned(
    before: str | None = "a",
    changed: Change = Change(old_until_s=2.0, new_after_s=5.0),  # noqa: B008 - immutable
    reads: str = "6 served",
    *,
    listed: bool = True,
) -> drills.RotationDrill:
    return drills.RotationDrill(
        target=ARN,
        rotate=Act(call="kms:RotateKeyOnDemand", at=NOW, t_s=0.0, took_s=0.0),
        poll_every_s=1.0,
        end=End.SETTLED,
        material_before=before,
        material_after="b",
        declared_after_s=1.0,
        changed=changed,
        looked_for_s=6.0,
        old_reads=samples(Lane.KMS, reads),
        listed=listed,
        used=1,
        budget=25,
        lasting=(),
    )


def judge_rotation(drill: drills.RotationDrill, within_s: float | None = None) -> list[Finding]:
    limit = None if within_s is None else timedelta(seconds=within_s)
    return list(rotation_drill(RotationDrill(within=limit), drill))


@pytest.mark.parametrize(("limit", "outcome"), [(5.0, HOLDS), (4.0, UNKNOWN), (1.0, BROKEN)])
def test_new_material_is_judged_by_the_limit_with_the_doubt_against_it(limit: float, outcome: Outcome) -> None:
    assert outcomes(judge_rotation(turned(), limit)) == [outcome, HOLDS]


def test_a_provider_that_names_no_material_leaves_it_open() -> None:
    assert outcomes(judge_rotation(turned(before=None))) == [UNKNOWN, HOLDS]


@pytest.mark.parametrize(
    ("reads", "outcome"),
    [
        ("6 refused, 7 served", HOLDS),
        ("6 refused, 7 refused", BROKEN),
        ("6 refused", UNKNOWN),
        ("6 refused, 7 unclear", UNKNOWN),
        ("6 unclear, 7 unclear", UNKNOWN),
    ],
)
def test_old_data_is_lost_only_if_two_looks_say_so(reads: str, outcome: Outcome) -> None:
    assert outcomes(judge_rotation(turned(reads=reads))) == [HOLDS, outcome]


def test_a_rotation_that_is_not_listed_is_not_yet_proven() -> None:
    assert outcomes(judge_rotation(turned(listed=False))) == [HOLDS, HOLDS, UNKNOWN]


def test_refusals_mean_what_the_facts_say_they_mean() -> None:
    assert {answer.value for answer in Answer} == {"served", "refused", "unclear"}
