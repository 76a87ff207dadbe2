"""Who may use a key of AWS KMS, by the real SDK over the wire."""

import json
from collections.abc import Iterator

import pytest

from clauseproof.facts.keyaccess import Access
from clauseproof.model.errors import Denied
from clauseproof.probes.kms.aws import custody
from clauseproof.probes.kms.aws_access import access
from clauseproof.sandbox.kms.aws import AwsKmsDouble, KeySeed
from clauseproof.sandbox.kms.faults import Faults
from tests.support.keys import aws_key, client, look

ROOT = "arn:aws:iam::111122223333:root"
VENDOR = "arn:aws:iam::444455556666:role/crm"


@pytest.fixture
def double() -> Iterator[AwsKmsDouble]:
    with AwsKmsDouble() as running:
        yield running


def seen(double: AwsKmsDouble, arn: str) -> Access:
    key = aws_key(double, arn)
    return access(key, custody(key, look()), look())


def test_the_default_policy_leaves_the_key_to_its_account(double: AwsKmsDouble) -> None:
    found = seen(double, double.seed_key(KeySeed()))
    assert found.looked_at == ("key policy", "grants")
    assert [(a.principals, a.operations) for a in found.admissions] == [((ROOT,), ("kms:*",))]
    assert found.gaps == ()


def test_a_policy_that_is_read_is_the_one_that_was_put(double: AwsKmsDouble) -> None:
    ours = {"Effect": "Allow", "Principal": {"AWS": ROOT}, "Action": "kms:*", "Resource": "*"}
    theirs = {"Effect": "Allow", "Principal": {"AWS": VENDOR}, "Action": "kms:Decrypt", "Resource": "*"}
    arn = double.seed_key(KeySeed())
    client(double).put_key_policy(KeyId=arn, Policy=json.dumps({"Statement": [ours, theirs]}))
    assert [a.principals for a in seen(double, arn).admissions] == [(ROOT,), (VENDOR,)]


def test_a_grant_lets_in_its_grantee_and_whoever_may_retire_it(double: AwsKmsDouble) -> None:
    arn = double.seed_key(KeySeed())
    made = client(double).create_grant(
        KeyId=arn,
        GranteePrincipal=VENDOR,
        RetiringPrincipal=ROOT,
        Operations=["Decrypt", "Encrypt"],
        Constraints={"EncryptionContextSubset": {"tenant": "acme"}},
    )
    (_, grantee, retiring) = seen(double, arn).admissions
    assert (grantee.where, grantee.principals) == (f"grant {made['GrantId']}", (VENDOR,))
    assert grantee.operations == ("kms:Decrypt", "kms:Encrypt")
    assert grantee.narrowed_by == ("EncryptionContextSubset",)
    assert (retiring.principals, retiring.operations) == ((ROOT,), ("kms:RetireGrant",))


def test_every_page_of_grants_is_read(double: AwsKmsDouble) -> None:
    arn = double.seed_key(KeySeed())
    kms = client(double)
    for number in range(60):
        principal = f"arn:aws:iam::444455556666:role/crm-{number}"
        kms.create_grant(KeyId=arn, GranteePrincipal=principal, Operations=["Decrypt"])
    assert len(seen(double, arn).admissions) == 61
    assert [call.operation for call in double.calls].count("ListGrants") == 2


@pytest.mark.parametrize(("denied", "left"), [("GetKeyPolicy", "grants"), ("ListGrants", "key policy")])
def test_what_could_not_be_read_is_a_gap_that_names_the_permission(
    double: AwsKmsDouble, denied: str, left: str
) -> None:
    arn = double.seed_key(KeySeed())
    double.faults = Faults(denies=frozenset({denied}))
    found = seen(double, arn)
    assert found.looked_at == (left,)
    assert f"allow kms:{denied} on {arn}" in found.gaps[0].unseen.remedy


def test_nothing_read_is_no_access_seen(double: AwsKmsDouble) -> None:
    arn = double.seed_key(KeySeed())
    double.faults = Faults(denies=frozenset({"GetKeyPolicy", "ListGrants"}))
    with pytest.raises(Denied, match="kms:GetKeyPolicy"):
        seen(double, arn)
