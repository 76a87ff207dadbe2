"""Which keys a profile may name, and what they say of themselves."""

from datetime import timedelta

import pytest
from pydantic import ValidationError

from clauseproof.facts.keys import AwsKey, Rotation, RotationEvent, Schedule
from tests.support.keys import day

ID = "49d865cd-fccb-4aea-84f0-f2c4e79678f9"
FRANKFURT = f"arn:aws:kms:eu-central-1:111122223333:key/{ID}"


@pytest.mark.parametrize(
    ("arn", "partition", "region"),
    [
        (FRANKFURT, "aws", "eu-central-1"),
        (f"arn:aws-eusc:kms:eusc-de-east-1:111122223333:key/{ID}", "aws-eusc", "eusc-de-east-1"),
        (f"arn:aws-us-gov:kms:us-gov-west-1:111122223333:key/{ID}", "aws-us-gov", "us-gov-west-1"),
        (f"arn:aws-cn:kms:cn-north-1:111122223333:key/{ID}", "aws-cn", "cn-north-1"),
        (f"arn:aws-iso-b:kms:us-isob-east-1:111122223333:key/mrk-{ID.replace('-', '')}", "aws-iso-b", "us-isob-east-1"),
    ],
)
def test_region_partition_and_account_come_from_the_arn_in_every_partition(
    arn: str, partition: str, region: str
) -> None:
    key = AwsKey(key=arn)
    assert (key.partition, key.region, key.account) == (partition, region, "111122223333")


def test_the_word_key_is_taken_by_an_arn_of_aws_kms_only() -> None:
    assert AwsKey.accepts(FRANKFURT)
    assert not AwsKey.accepts("projects/p/locations/europe-west3/keyRings/r/cryptoKeys/k")
    assert not AwsKey.accepts("https://probe.vault.azure.net/keys/cmk")
    assert not AwsKey.accepts("arn:aws:s3:::bucket")


def test_an_alias_is_recognised() -> None:
    assert AwsKey(key="arn:aws:kms:eu-central-1:111122223333:alias/crm").is_alias
    assert not AwsKey(key=FRANKFURT).is_alias


@pytest.mark.parametrize("arn", [ID, "arn:aws:kms:eu-central-1:1111:key/x", FRANKFURT + "\n", FRANKFURT + " x"])
def test_what_is_no_arn_is_refused_with_the_form_to_write(arn: str) -> None:
    with pytest.raises(ValidationError, match="write arn:<partition>:kms:<region>"):
        AwsKey(key=arn)


def test_an_endpoint_without_encryption_is_refused_unless_it_is_this_machine() -> None:
    assert AwsKey(key=FRANKFURT, endpoint_url="http://127.0.0.1:8080").endpoint_url
    with pytest.raises(ValidationError, match="not encrypted"):
        AwsKey(key=FRANKFURT, endpoint_url="http://kms.example.com")


def test_only_the_data_path_needs_somebody_elses_leave() -> None:
    path = {"url": "https://api.crm.example/v1/contacts/7", "expect_sentinel": "a sentence of ours"}
    assert AwsKey(key=FRANKFURT).hosts() == ()
    assert AwsKey.model_validate({"key": FRANKFURT, "data_path": path}).hosts() == ("api.crm.example",)


def test_a_drill_that_would_last_too_long_or_poll_too_often_is_refused() -> None:
    with pytest.raises(ValidationError, match="at most 3 hours"):
        AwsKey.model_validate({"key": FRANKFURT, "drill": {"give_up_after": "3 hours"}})
    with pytest.raises(ValidationError, match="make poll_every longer"):
        AwsKey.model_validate({"key": FRANKFURT, "drill": {"poll_every": "1 ms"}})


def test_a_key_may_stay_disabled_for_days_only_with_each_runs_share_in_the_profile() -> None:
    days = {"give_up_after": "7 days", "per_run": "2 hours", "poll_every": "2 min"}
    assert AwsKey.model_validate({"key": FRANKFURT, "drill": days}).drill.within_a_run == timedelta(hours=2)
    for wrong, says in (
        ({"per_run": "3 hours"}, "per_run and recover_within last at most 3 hours together"),
        ({"give_up_after": "8 days"}, "give_up_after lasts at most 7 days"),
        ({"give_up_after": "2 hours"}, "per_run is one run's share of give_up_after, and shorter"),
        ({"poll_every": "30 s"}, "make poll_every longer"),
    ):
        with pytest.raises(ValidationError, match=says):
            AwsKey.model_validate({"key": FRANKFURT, "drill": days | wrong})


def test_rotations_out_of_order_are_no_facts() -> None:
    events = tuple(RotationEvent(at=day(d), automatic=True, material=None) for d in ("2026-05-01", "2026-04-01"))
    with pytest.raises(ValidationError, match="oldest first"):
        Rotation(schedule=Schedule.ON, period_days=90, next_due=None, underway_since=None, events=events)
