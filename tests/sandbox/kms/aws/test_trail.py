import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from clauseproof.sandbox.kms.aws import BUYER_ACCESS_KEY, AwsKmsDouble, KeySeed
from clauseproof.sandbox.kms.clock import Clock
from clauseproof.sandbox.kms.faults import Faults

if TYPE_CHECKING:
    from tests.sandbox.kms.aws.conftest import Connect, ConnectAny

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def test_sts_says_who_calls(connect_any: "ConnectAny") -> None:
    with AwsKmsDouble(partition="aws-eusc", region="eusc-de-east-1") as double:
        identity = connect_any("sts", double).get_caller_identity()
    assert (identity["Account"], identity["Arn"]) == ("111122223333", "arn:aws-eusc:iam::111122223333:user/buyer")


def test_a_decryption_and_a_refused_one_are_found_in_the_trail(connect: "Connect", connect_any: "ConnectAny") -> None:
    with AwsKmsDouble(clock=Clock(now=lambda: NOW)) as double:
        kms = connect(double)
        key = double.seed_key(KeySeed())
        blob = kms.encrypt(KeyId=key, Plaintext=b"canary")["CiphertextBlob"]
        request = kms.decrypt(CiphertextBlob=blob)["ResponseMetadata"]["RequestId"]
        kms.disable_key(KeyId=key)
        with pytest.raises(kms.exceptions.DisabledException):
            kms.decrypt(CiphertextBlob=blob)
        attribute = {"AttributeKey": "EventName", "AttributeValue": "Decrypt"}
        events = connect_any("cloudtrail", double).lookup_events(LookupAttributes=[attribute])["Events"]
    refused, served = [json.loads(event["CloudTrailEvent"]) for event in events]
    assert (served["requestID"], "errorCode" in served) == (request, False)
    assert (refused["errorCode"], refused["resources"][0]["ARN"]) == ("DisabledException", key)
    assert served["userIdentity"]["arn"] == "arn:aws:iam::111122223333:user/buyer"
    assert [event["EventTime"] for event in events] == [NOW, NOW]
    assert events[0]["Resources"] == [{"ResourceType": "AWS::KMS::Key", "ResourceName": key}]


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("ResourceName", "{key}", 3),
        ("ResourceName", "other", 0),
        ("ReadOnly", "false", 1),
        ("Username", "buyer", 4),
        ("AccessKeyId", BUYER_ACCESS_KEY, 4),
        ("EventSource", "kms.amazonaws.com", 3),
    ],
)
def test_events_are_looked_up_by_one_attribute(
    connect: "Connect", connect_any: "ConnectAny", name: str, value: str, found: int
) -> None:
    with AwsKmsDouble() as double:
        connect_any("sts", double).get_caller_identity()
        kms = connect(double)
        key = double.seed_key(KeySeed())
        kms.describe_key(KeyId=key)
        kms.encrypt(KeyId=key, Plaintext=b"x")
        kms.disable_key(KeyId=key)
        attributes = [{"AttributeKey": name, "AttributeValue": value.format(key=key)}]
        assert len(connect_any("cloudtrail", double).lookup_events(LookupAttributes=attributes)["Events"]) == found


def test_two_attributes_are_one_too_many(connect_any: "ConnectAny") -> None:
    both = [
        {"AttributeKey": "EventName", "AttributeValue": "Decrypt"},
        {"AttributeKey": "ReadOnly", "AttributeValue": "true"},
    ]
    with AwsKmsDouble() as double, pytest.raises(ClientError, match="InvalidLookupAttributesException"):
        connect_any("cloudtrail", double).lookup_events(LookupAttributes=both)


def test_events_come_in_pages_newest_first(connect: "Connect", connect_any: "ConnectAny") -> None:
    with AwsKmsDouble() as double:
        kms = connect(double)
        for _ in range(5):
            kms.list_keys()
        kms.list_aliases()
        trail = connect_any("cloudtrail", double)
        first = trail.lookup_events(MaxResults=4)
        second = trail.lookup_events(MaxResults=4, NextToken=first["NextToken"])
    assert [event["EventName"] for event in first["Events"]] == ["ListAliases", "ListKeys", "ListKeys", "ListKeys"]
    # The first look-up is an event itself by the time of the second.
    assert len(second["Events"]) == 3


def test_a_time_range_bounds_the_events(connect: "Connect", connect_any: "ConnectAny") -> None:
    date = [NOW]
    with AwsKmsDouble(clock=Clock(now=lambda: date[0])) as double:
        kms, trail = connect(double), connect_any("cloudtrail", double)
        kms.list_keys()
        date[0] = NOW + timedelta(hours=1)
        kms.list_aliases()
        late = trail.lookup_events(StartTime=NOW + timedelta(minutes=30))["Events"]
        early = trail.lookup_events(EndTime=NOW + timedelta(minutes=30))["Events"]
    assert [event["EventName"] for event in late] == ["ListAliases"]
    assert [event["EventName"] for event in early] == ["ListKeys"]


def test_an_event_arrives_when_the_log_s_lag_is_over(connect: "Connect", connect_any: "ConnectAny") -> None:
    tick = [0.0]
    with AwsKmsDouble(faults=Faults(log_lag_s=300), clock=Clock(ticks=lambda: tick[0])) as double:
        connect(double).list_keys()
        trail = connect_any("cloudtrail", double)
        tick[0] = 299.0
        assert trail.lookup_events()["Events"] == []
        tick[0] = 300.0
        assert [event["EventName"] for event in trail.lookup_events()["Events"]] == ["ListKeys"]


def test_a_silent_log_never_shows_anything(connect: "Connect", connect_any: "ConnectAny") -> None:
    with AwsKmsDouble(faults=Faults(log_silent=True)) as double:
        connect(double).list_keys()
        assert connect_any("cloudtrail", double).lookup_events()["Events"] == []


def test_looking_up_events_can_be_denied(connect_any: "ConnectAny") -> None:
    denied = pytest.raises(ClientError, match="not authorized to perform: cloudtrail:LookupEvents")
    with AwsKmsDouble(faults=Faults(denies=frozenset({"LookupEvents"}))) as double, denied:
        connect_any("cloudtrail", double).lookup_events()


def test_the_last_use_of_a_key_is_its_last_successful_cryptographic_operation(connect: "Connect") -> None:
    with AwsKmsDouble() as double:
        kms = connect(double)
        key = double.seed_key(KeySeed())
        unused = kms.get_key_last_usage(KeyId=key)
        blob = kms.encrypt(KeyId=key, Plaintext=b"canary")
        kms.describe_key(KeyId=key)
        kms.disable_key(KeyId=key)
        with pytest.raises(kms.exceptions.DisabledException):
            kms.decrypt(CiphertextBlob=blob["CiphertextBlob"])
        used = kms.get_key_last_usage(KeyId=key)["KeyLastUsage"]
    assert not unused.get("KeyLastUsage")
    assert (used["Operation"], used["KmsRequestId"]) == ("Encrypt", blob["ResponseMetadata"]["RequestId"])
