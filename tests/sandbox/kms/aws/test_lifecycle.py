from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from clauseproof.sandbox.kms.aws import AwsKmsDouble, CustomKeyStore, KeySeed
from clauseproof.sandbox.kms.clock import Clock
from clauseproof.sandbox.kms.faults import Faults

if TYPE_CHECKING:
    from tests.sandbox.kms.aws.conftest import Connect

LONG_AGO = datetime(2024, 3, 1, tzinfo=UTC)


def test_a_new_key_is_described_with_what_aws_says_of_one(connect: "Connect") -> None:
    with AwsKmsDouble() as double:
        kms = connect(double)
        made = kms.create_key(Description="canary")["KeyMetadata"]
        shown = kms.describe_key(KeyId=made["Arn"])["KeyMetadata"]
    assert shown == made
    assert made["Arn"] == f"arn:aws:kms:eu-central-1:111122223333:key/{made['KeyId']}"
    assert (made["KeyManager"], made["Origin"], made["KeyState"], made["MultiRegion"]) == (
        "CUSTOMER",
        "AWS_KMS",
        "Enabled",
        False,
    )
    assert len(made["CurrentKeyMaterialId"]) == 64


def test_the_partition_and_region_stand_in_every_arn(connect: "Connect") -> None:
    with AwsKmsDouble(partition="aws-eusc", region="eusc-de-east-1") as double:
        arn = connect(double).create_key()["KeyMetadata"]["Arn"]
    assert arn.startswith("arn:aws-eusc:kms:eusc-de-east-1:111122223333:key/")


def test_a_key_answers_to_its_id_its_arn_and_its_alias(connect: "Connect") -> None:
    with AwsKmsDouble() as double:
        kms = connect(double)
        arn = double.seed_key(KeySeed(alias="alias/data"))
        names = [arn, arn.rsplit("/", 1)[1], "alias/data", "arn:aws:kms:eu-central-1:111122223333:alias/data"]
        found = {kms.describe_key(KeyId=name)["KeyMetadata"]["Arn"] for name in names}
        aliases = kms.list_aliases(KeyId=arn)["Aliases"]
    assert found == {arn}
    assert [(alias["AliasName"], alias["TargetKeyId"]) for alias in aliases] == [("alias/data", arn.rsplit("/", 1)[1])]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("6b1c2d3e-0000-4000-8000-000000000000", "NotFoundException"),
        ("no-such-form", "NotFoundException"),
        ("alias/unknown", "NotFoundException"),
        ("arn:aws:kms:us-east-1:111122223333:key/6b1c2d3e-0000-4000-8000-000000000000", "NotFoundException"),
        ("arn:aws:s3:::bucket", "InvalidArnException"),
        ("arn:aws-cn:kms:eu-central-1:111122223333:key/6b1c2d3e-0000-4000-8000-000000000000", "InvalidArnException"),
        # Whoever asks about another account's key is not even told whether it exists.
        ("arn:aws:kms:eu-central-1:999988887777:key/6b1c2d3e-0000-4000-8000-000000000000", "AccessDeniedException"),
    ],
)
def test_a_name_that_leads_to_no_key_is_refused_as_aws_refuses_it(connect: "Connect", name: str, code: str) -> None:
    with AwsKmsDouble() as double, pytest.raises(ClientError) as refused:
        connect(double).describe_key(KeyId=name)
    assert refused.value.response["Error"]["Code"] == code


def test_disabling_shows_at_once_and_a_lag_delays_only_the_data_plane(connect: "Connect") -> None:
    tick = [0.0]
    with AwsKmsDouble(faults=Faults(disable_lag_s=300), clock=Clock(ticks=lambda: tick[0])) as double:
        kms = connect(double)
        key = double.seed_key(KeySeed())
        blob = kms.encrypt(KeyId=key, Plaintext=b"canary")["CiphertextBlob"]
        kms.disable_key(KeyId=key)
        assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "Disabled"
        assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"canary"
        tick[0] = 300
        with pytest.raises(kms.exceptions.DisabledException, match=f"{key} is disabled."):
            kms.decrypt(CiphertextBlob=blob)
        kms.enable_key(KeyId=key)
        assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"canary"


def test_a_provider_that_ignores_a_disable_shows_it_and_decrypts_on(connect: "Connect") -> None:
    with AwsKmsDouble(faults=Faults(ignores_disable=True)) as double:
        kms = connect(double)
        key = double.seed_key(KeySeed())
        blob = kms.encrypt(KeyId=key, Plaintext=b"canary")["CiphertextBlob"]
        kms.disable_key(KeyId=key)
        assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "Disabled"
        assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"canary"


def test_a_key_scheduled_for_deletion_refuses_and_comes_back_disabled(connect: "Connect") -> None:
    with AwsKmsDouble() as double:
        kms = connect(double)
        key = double.seed_key(KeySeed())
        blob = kms.encrypt(KeyId=key, Plaintext=b"canary")["CiphertextBlob"]
        planned = kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
        with pytest.raises(kms.exceptions.KMSInvalidStateException, match="is pending deletion"):
            kms.decrypt(CiphertextBlob=blob)
        shown = kms.describe_key(KeyId=key)["KeyMetadata"]
        kms.cancel_key_deletion(KeyId=key)
        after = kms.describe_key(KeyId=key)["KeyMetadata"]
    assert (shown["KeyState"], shown["DeletionDate"]) == ("PendingDeletion", planned["DeletionDate"])
    assert (after["KeyState"], "DeletionDate" in after) == ("Disabled", False)


@pytest.mark.parametrize("days", [6, 31])
def test_a_waiting_period_outside_7_to_30_days_is_refused(connect: "Connect", days: int) -> None:
    with AwsKmsDouble() as double, pytest.raises(ClientError) as refused:
        connect(double).schedule_key_deletion(KeyId=double.seed_key(KeySeed()), PendingWindowInDays=days)
    assert refused.value.response["Error"]["Code"] == "ValidationException"


def test_a_key_is_gone_when_its_waiting_period_is_over(connect: "Connect") -> None:
    date = [LONG_AGO]
    with AwsKmsDouble(clock=Clock(now=lambda: date[0])) as double:
        kms = connect(double)
        key = double.seed_key(KeySeed())
        kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
        date[0] = LONG_AGO + timedelta(days=7)
        with pytest.raises(kms.exceptions.NotFoundException):
            kms.describe_key(KeyId=key)
        assert kms.list_keys()["Keys"] == []


def test_keys_are_listed_in_pages(connect: "Connect") -> None:
    with AwsKmsDouble() as double:
        arns = [double.seed_key(KeySeed()) for _ in range(7)]
        pages = list(connect(double).get_paginator("list_keys").paginate(PaginationConfig={"PageSize": 3}))
    assert [len(page["Keys"]) for page in pages] == [3, 3, 1]
    assert [key["KeyArn"] for page in pages for key in page["Keys"]] == arns


def test_a_key_managed_by_aws_can_be_looked_at_and_not_used_or_disabled(connect: "Connect") -> None:
    with AwsKmsDouble() as double:
        kms = connect(double)
        key = double.seed_key(KeySeed(manager="AWS", alias="alias/aws/s3"))
        assert kms.describe_key(KeyId="alias/aws/s3")["KeyMetadata"]["KeyManager"] == "AWS"
        assert kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"] is True
        with pytest.raises(ClientError, match="AccessDenied"):
            kms.encrypt(KeyId=key, Plaintext=b"x")
        with pytest.raises(ClientError, match="AccessDenied"):
            kms.disable_key(KeyId=key)


def test_replicas_are_shown_with_region_and_arn(connect: "Connect") -> None:
    with AwsKmsDouble() as double:
        key = double.seed_key(KeySeed(replicas=("eu-west-1",)))
        shown = connect(double).describe_key(KeyId=key)["KeyMetadata"]["MultiRegionConfiguration"]
    assert key.rsplit("/", 1)[1].startswith("mrk-")
    assert shown["ReplicaKeys"] == [{"Arn": key.replace("eu-central-1", "eu-west-1"), "Region": "eu-west-1"}]


def test_a_provider_with_replicas_abroad_shows_them_on_every_key(connect: "Connect") -> None:
    with AwsKmsDouble(faults=Faults(replicas_abroad=("us-east-1",))) as double:
        key = double.seed_key(KeySeed())
        shown = connect(double).describe_key(KeyId=key)["KeyMetadata"]["MultiRegionConfiguration"]
    assert [replica["Region"] for replica in shown["ReplicaKeys"]] == ["us-east-1"]


def test_a_key_in_a_disconnected_external_store_is_unavailable(connect: "Connect") -> None:
    store = CustomKeyStore(id="cks-1234567890abcdef0", name="own hsm", endpoint="https://xks.example", created=LONG_AGO)
    with AwsKmsDouble() as double:
        double.seed_store(store)
        kms = connect(double)
        made = kms.create_key(Origin="EXTERNAL_KEY_STORE", CustomKeyStoreId=store.id, XksKeyId="hsm-key-7")[
            "KeyMetadata"
        ]
        blob = kms.encrypt(KeyId=made["Arn"], Plaintext=b"canary")["CiphertextBlob"]
        kms.disconnect_custom_key_store(CustomKeyStoreId=store.id)
        with pytest.raises(kms.exceptions.KMSInvalidStateException, match="unavailable"):
            kms.decrypt(CiphertextBlob=blob)
        listed = kms.describe_custom_key_stores()["CustomKeyStores"]
    assert (made["XksKeyConfiguration"], made["CustomKeyStoreId"]) == ({"Id": "hsm-key-7"}, store.id)
    assert "CurrentKeyMaterialId" not in made
    assert listed[0]["XksProxyConfiguration"]["UriEndpoint"] == "https://xks.example"
    assert listed[0]["ConnectionState"] == "DISCONNECTED"


def test_tags_are_kept(connect: "Connect") -> None:
    with AwsKmsDouble() as double:
        kms = connect(double)
        key = kms.create_key(Tags=[{"TagKey": "tenant", "TagValue": "acme"}])["KeyMetadata"]["Arn"]
        assert kms.list_resource_tags(KeyId=key)["Tags"] == [{"TagKey": "tenant", "TagValue": "acme"}]


def test_only_a_key_pending_deletion_can_have_its_deletion_cancelled(connect: "Connect") -> None:
    with AwsKmsDouble() as double:
        kms = connect(double)
        key = double.seed_key(KeySeed())
        kms.disable_key(KeyId=key)
        with pytest.raises(kms.exceptions.KMSInvalidStateException, match="is not pending deletion"):
            kms.cancel_key_deletion(KeyId=key)
