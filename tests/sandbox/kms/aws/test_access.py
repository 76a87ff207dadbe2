import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from clauseproof.sandbox.kms.aws import AwsKmsDouble, Caller, KeySeed
from clauseproof.sandbox.kms.faults import Faults

if TYPE_CHECKING:
    from tests.sandbox.kms.aws.conftest import Connect

BUYER = Caller(access_key="AKIABUYER", arn="arn:aws:iam::111122223333:user/buyer")
VENDOR = Caller(access_key="AKIAVENDOR", arn="arn:aws:sts::444455556666:assumed-role/CrmService/worker-3")
VENDOR_ROLE = "arn:aws:iam::444455556666:role/CrmService"


def policy(*statements: Mapping[str, object]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Resource": "*", **each} for each in statements]})


OWNER = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:root"}, "Action": "kms:*"}


def refused(error: pytest.ExceptionInfo[ClientError]) -> tuple[str, str]:
    answer = error.value.response["Error"]
    return answer["Code"], answer["Message"]


def test_the_default_policy_hands_the_decision_to_the_owner_s_account(connect: "Connect") -> None:
    with AwsKmsDouble(callers=[BUYER, VENDOR]) as double:
        key = double.seed_key(KeySeed())
        shown = json.loads(connect(double, BUYER.access_key).get_key_policy(KeyId=key)["Policy"])
        with pytest.raises(ClientError) as error:
            connect(double, VENDOR.access_key).encrypt(KeyId=key, Plaintext=b"x")
    assert shown["Statement"][0]["Principal"] == {"AWS": "arn:aws:iam::111122223333:root"}
    because = "because no resource-based policy allows the kms:Encrypt action"
    said = f"User: {VENDOR.arn} is not authorized to perform: kms:Encrypt on resource: {key} {because}"
    assert refused(error) == ("AccessDeniedException", said)


def test_a_role_named_in_the_policy_may_do_what_the_policy_says_and_no_more(connect: "Connect") -> None:
    vendor = {"Effect": "Allow", "Principal": {"AWS": [VENDOR_ROLE]}, "Action": ["kms:Decrypt", "kms:GenerateDataKey*"]}
    with AwsKmsDouble(callers=[BUYER, VENDOR]) as double:
        key = double.seed_key(KeySeed(policy=policy(OWNER, vendor)))
        kms = connect(double, VENDOR.access_key)
        made = kms.generate_data_key(KeyId=key, KeySpec="AES_256")
        assert kms.decrypt(CiphertextBlob=made["CiphertextBlob"])["Plaintext"] == made["Plaintext"]
        with pytest.raises(ClientError, match="AccessDenied"):
            kms.encrypt(KeyId=key, Plaintext=b"x")


def test_a_new_policy_replaces_the_old_one(connect: "Connect") -> None:
    vendor = {"Effect": "Allow", "Principal": {"AWS": VENDOR_ROLE}, "Action": "kms:Decrypt"}
    with AwsKmsDouble(callers=[BUYER, VENDOR]) as double:
        key = double.seed_key(KeySeed(policy=policy(OWNER, vendor)))
        buyer, kms = connect(double, BUYER.access_key), connect(double, VENDOR.access_key)
        blob = buyer.encrypt(KeyId=key, Plaintext=b"canary")["CiphertextBlob"]
        assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"canary"
        buyer.put_key_policy(KeyId=key, Policy=policy(OWNER))
        with pytest.raises(ClientError, match="AccessDenied"):
            kms.decrypt(CiphertextBlob=blob)


def test_an_explicit_deny_wins_over_every_allow(connect: "Connect") -> None:
    deny = {"Effect": "Deny", "Principal": "*", "Action": "kms:Decrypt"}
    with AwsKmsDouble(callers=[BUYER]) as double:
        kms = connect(double, BUYER.access_key)
        key = double.seed_key(KeySeed(policy=policy(OWNER, deny)))
        blob = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
        with pytest.raises(ClientError) as error:
            kms.decrypt(CiphertextBlob=blob)
    assert refused(error)[1].endswith("with an explicit deny in a resource-based policy")


def test_a_condition_that_the_double_does_not_know_allows_nothing(connect: "Connect") -> None:
    narrow = {**OWNER, "Action": "kms:Decrypt", "Condition": {"IpAddress": {"aws:SourceIp": "127.0.0.1/32"}}}
    owner = {**OWNER, "Action": ["kms:Encrypt"]}
    with AwsKmsDouble(callers=[BUYER]) as double:
        kms = connect(double, BUYER.access_key)
        blob = kms.encrypt(KeyId=double.seed_key(KeySeed(policy=policy(owner, narrow))), Plaintext=b"x")
        with pytest.raises(ClientError, match="AccessDenied"):
            kms.decrypt(CiphertextBlob=blob["CiphertextBlob"])


def test_a_denied_action_of_one_caller_leaves_the_others_alone(connect: "Connect") -> None:
    auditor = Caller(
        access_key="AKIAAUDITOR",
        arn="arn:aws:iam::111122223333:user/auditor",
        denied=frozenset({"kms:GetKeyRotationStatus"}),
    )
    with AwsKmsDouble(callers=[BUYER, auditor]) as double:
        key = double.seed_key(KeySeed())
        assert connect(double, BUYER.access_key).get_key_rotation_status(KeyId=key)["KeyRotationEnabled"] is False
        with pytest.raises(ClientError) as error:
            connect(double, auditor.access_key).get_key_rotation_status(KeyId=key)
    assert refused(error)[1].endswith("with an explicit deny in an identity-based policy")


def test_what_identity_based_policies_do_not_allow_is_denied(connect: "Connect") -> None:
    reader = Caller(
        access_key="AKIAREADER",
        arn="arn:aws:iam::111122223333:user/reader",
        allowed=frozenset({"kms:Describe*", "kms:List*"}),
    )
    with AwsKmsDouble(callers=[reader]) as double:
        kms = connect(double, reader.access_key)
        key = double.seed_key(KeySeed())
        assert kms.describe_key(KeyId=key)["KeyMetadata"]["Arn"] == key
        with pytest.raises(ClientError) as error:
            kms.get_key_policy(KeyId=key)
    assert refused(error)[1].endswith("because no identity-based policy allows the kms:GetKeyPolicy action")


def test_an_operation_denied_to_all_is_denied_to_all(connect: "Connect") -> None:
    with AwsKmsDouble(callers=[BUYER], faults=Faults(denies=frozenset({"ListKeyRotations"}))) as double:
        kms = connect(double, BUYER.access_key)
        key = double.seed_key(KeySeed())
        assert kms.describe_key(KeyId=key)["KeyMetadata"]["Enabled"] is True
        with pytest.raises(ClientError, match="not authorized to perform: kms:ListKeyRotations"):
            kms.list_key_rotations(KeyId=key)


def test_a_grant_lets_another_account_in_until_it_is_revoked(connect: "Connect") -> None:
    with AwsKmsDouble(callers=[BUYER, VENDOR]) as double:
        key = double.seed_key(KeySeed())
        buyer, vendor = connect(double, BUYER.access_key), connect(double, VENDOR.access_key)
        blob = buyer.encrypt(KeyId=key, Plaintext=b"canary")["CiphertextBlob"]
        made = buyer.create_grant(KeyId=key, GranteePrincipal=VENDOR_ROLE, Operations=["Decrypt"], Name="crm")
        assert vendor.decrypt(CiphertextBlob=blob)["Plaintext"] == b"canary"
        listed = buyer.list_grants(KeyId=key)["Grants"]
        buyer.revoke_grant(KeyId=key, GrantId=made["GrantId"])
        with pytest.raises(ClientError, match="AccessDenied"):
            vendor.decrypt(CiphertextBlob=blob)
        assert buyer.list_grants(KeyId=key)["Grants"] == []
    assert [(g["GranteePrincipal"], g["Operations"], g["Name"], g["IssuingAccount"]) for g in listed] == [
        (VENDOR_ROLE, ["Decrypt"], "crm", "arn:aws:iam::111122223333:root")
    ]


def test_a_grant_holds_in_its_encryption_context_only(connect: "Connect") -> None:
    with AwsKmsDouble(callers=[BUYER, VENDOR]) as double:
        key = double.seed_key(KeySeed())
        connect(double, BUYER.access_key).create_grant(
            KeyId=key,
            GranteePrincipal=VENDOR.arn,
            Operations=["Encrypt"],
            Constraints={"EncryptionContextSubset": {"tenant": "acme"}},
        )
        kms = connect(double, VENDOR.access_key)
        kms.encrypt(KeyId=key, Plaintext=b"x", EncryptionContext={"tenant": "acme", "table": "contacts"})
        with pytest.raises(ClientError, match="AccessDenied"):
            kms.encrypt(KeyId=key, Plaintext=b"x", EncryptionContext={"tenant": "other"})


def test_the_grantee_can_retire_a_grant(connect: "Connect") -> None:
    with AwsKmsDouble(callers=[BUYER, VENDOR]) as double:
        key = double.seed_key(KeySeed())
        buyer = connect(double, BUYER.access_key)
        made = buyer.create_grant(KeyId=key, GranteePrincipal=VENDOR.arn, Operations=["Encrypt"])
        connect(double, VENDOR.access_key).retire_grant(GrantToken=made["GrantToken"])
        assert buyer.list_grants(KeyId=key)["Grants"] == []


def test_foreign_grants_are_listed_and_work(connect: "Connect") -> None:
    with AwsKmsDouble(callers=[BUYER, VENDOR], faults=Faults(foreign_grantees=(VENDOR_ROLE,))) as double:
        key = double.seed_key(KeySeed())
        buyer = connect(double, BUYER.access_key)
        blob = buyer.encrypt(KeyId=key, Plaintext=b"canary")["CiphertextBlob"]
        assert [grant["GranteePrincipal"] for grant in buyer.list_grants(KeyId=key)["Grants"]] == [VENDOR_ROLE]
        assert connect(double, VENDOR.access_key).decrypt(CiphertextBlob=blob)["Plaintext"] == b"canary"


def test_another_account_s_key_can_be_described_but_not_managed_through_its_policy(connect: "Connect") -> None:
    everyone = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "kms:*"}
    with AwsKmsDouble(callers=[BUYER]) as double:
        kms = connect(double, BUYER.access_key)
        key = double.seed_key(KeySeed(account="444455556666", policy=policy(everyone)))
        assert kms.describe_key(KeyId=key)["KeyMetadata"]["AWSAccountId"] == "444455556666"
        with pytest.raises(ClientError, match="AccessDenied"):
            kms.disable_key(KeyId=key)
        assert kms.list_keys()["Keys"] == []


@pytest.mark.parametrize("text", ["{", "[]", '{"Statement": [{"Effect": "Perhaps"}]}', '{"Statement": [7]}'])
def test_a_malformed_policy_is_refused(connect: "Connect", text: str) -> None:
    with AwsKmsDouble(callers=[BUYER]) as double:
        kms = connect(double, BUYER.access_key)
        key = double.seed_key(KeySeed())
        with pytest.raises(kms.exceptions.MalformedPolicyDocumentException):
            kms.put_key_policy(KeyId=key, Policy=text)


def test_a_policy_that_locks_its_author_out_is_refused_unless_that_is_wanted(connect: "Connect") -> None:
    stranger = policy({**OWNER, "Principal": {"AWS": VENDOR_ROLE}})
    with AwsKmsDouble(callers=[BUYER]) as double:
        kms = connect(double, BUYER.access_key)
        key = double.seed_key(KeySeed())
        with pytest.raises(kms.exceptions.MalformedPolicyDocumentException, match="not allow you to update"):
            kms.put_key_policy(KeyId=key, Policy=stranger)
        kms.put_key_policy(KeyId=key, Policy=stranger, BypassPolicyLockoutSafetyCheck=True)
        with pytest.raises(ClientError, match="AccessDenied"):
            kms.describe_key(KeyId=key)
