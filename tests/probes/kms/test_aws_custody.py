"""What a key of AWS KMS is made of, who keeps it outside AWS, how long it outlives its deletion: by the real SDK."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from clauseproof.facts.keydeletion import Deletion
from clauseproof.facts.keymaterial import Materials
from clauseproof.facts.keys import AwsKey, Custody, KeyState, Origin, Protection
from clauseproof.facts.keystores import External, Keeper, Way
from clauseproof.model.unseen import Unseen
from clauseproof.probes.kms.aws import custody
from clauseproof.probes.kms.aws_custody import deletion, external, materials
from clauseproof.sandbox.kms.aws import AwsKmsDouble, CustomKeyStore, KeySeed
from clauseproof.sandbox.kms.faults import Faults
from tests.support.keys import aws_key, client, day, look

XKS = KeySeed(origin="EXTERNAL_KEY_STORE", store="cks-1", xks_key="buyers-own-key")


@pytest.fixture
def double() -> Iterator[AwsKmsDouble]:
    with AwsKmsDouble() as running:
        running.seed_store(
            CustomKeyStore(id="cks-1", name="x", endpoint="https://xks.buyer.example", created=datetime.now(UTC))
        )
        running.seed_store(CustomKeyStore(id="cks-2", name="y", kind="AWS_CLOUDHSM", created=datetime.now(UTC)))
        yield running


def known(double: AwsKmsDouble, seed: KeySeed) -> tuple[AwsKey, Custody]:
    key = aws_key(double, double.seed_key(seed))
    return key, custody(key, look())


def made_of(double: AwsKmsDouble, seed: KeySeed) -> Materials:
    return materials(*known(double, seed), look())


def kept_by(double: AwsKmsDouble, seed: KeySeed) -> External:
    return external(*known(double, seed), look())


def deleted(double: AwsKmsDouble, seed: KeySeed) -> Deletion:
    return deletion(*known(double, seed))


# materials


@pytest.mark.parametrize(
    ("seed", "origin", "protection"),
    [
        (KeySeed(), Origin.PROVIDER_MADE, None),
        (KeySeed(origin="AWS_CLOUDHSM", store="cks-2"), Origin.HSM_CLUSTER, Protection.SINGLE_TENANT_HSM),
        (XKS, Origin.EXTERNAL_KEY_STORE, Protection.EXTERNAL),
    ],
)
def test_a_key_of_one_kind_of_material_is_not_asked_for_more(
    double: AwsKmsDouble, seed: KeySeed, origin: Origin, protection: Protection | None
) -> None:
    (found,) = made_of(double, seed).generations
    assert (found.id, found.current, found.state, found.fips) == (None, True, KeyState.ENABLED, None)
    assert (found.origin, found.protection) == (origin, protection)
    assert {call.operation for call in double.calls} == {"DescribeKey"}


def test_every_imported_material_is_seen_with_its_expiry(double: AwsKmsDouble) -> None:
    seed = KeySeed(
        origin="EXTERNAL",
        material=b"m" * 32,
        expires=day("2099-01-01"),
        created=day("2026-01-01"),
        on_demand_rotations=(day("2026-06-01"),),
    )
    first, second = made_of(double, seed).generations
    assert (first.current, first.origin, first.expires) == (False, Origin.IMPORTED, day("2099-01-01"))
    assert (second.current, second.made) == (True, day("2026-06-01"))
    assert first.id != second.id


def test_material_that_is_gone_is_not_in_use(double: AwsKmsDouble) -> None:
    key, seen = known(double, KeySeed(origin="EXTERNAL", material=b"m" * 32))
    client(double).delete_imported_key_material(KeyId=key.arn)
    found = materials(key, custody(key, look()), look())
    assert [one.state for one in found.generations] == [KeyState.PENDING_IMPORT]
    assert found.in_use == ()
    assert seen.state is KeyState.ENABLED, "it was there before"


def test_a_disabled_key_has_no_material_in_use(double: AwsKmsDouble) -> None:
    key, _ = known(double, KeySeed())
    client(double).disable_key(KeyId=key.arn)
    assert materials(key, custody(key, look()), look()).in_use == ()


# external key stores


def test_an_external_key_is_named_with_its_proxy(double: AwsKmsDouble) -> None:
    assert kept_by(double, XKS).keepers == (
        Keeper(
            generation=None,
            store="cks-1",
            host="xks.buyer.example",
            key="buyers-own-key",
            way=Way.INTERNET,
            connected=True,
            made_by_provider=False,
        ),
    )


def test_a_store_that_is_cut_off_and_one_behind_a_private_network(double: AwsKmsDouble) -> None:
    double.seed_store(
        CustomKeyStore(
            id="cks-1",
            name="x",
            endpoint="https://xks.buyer.internal",
            connection="DISCONNECTED",
            vpc_service="com.amazonaws.vpce.eu-central-1.vpce-svc-1",
            created=datetime.now(UTC),
        )
    )
    (found,) = kept_by(double, XKS).keepers
    assert (found.way, found.connected, found.host) == (Way.PRIVATE, False, "xks.buyer.internal")


def test_without_the_right_to_see_stores_the_host_is_unseen_and_the_key_is_not(double: AwsKmsDouble) -> None:
    double.faults = Faults(denies=frozenset({"DescribeCustomKeyStores"}))
    (found,) = kept_by(double, XKS).keepers
    assert isinstance(found.host, Unseen)
    assert "kms:DescribeCustomKeyStores" in found.host.text
    assert (found.key, found.connected) == ("buyers-own-key", None)


def test_a_key_of_awss_own_has_no_keeper(double: AwsKmsDouble) -> None:
    assert kept_by(double, KeySeed()).keepers == ()
    assert kept_by(double, KeySeed(origin="AWS_CLOUDHSM", store="cks-2")).keepers == ()


# deletion


def test_whoever_deletes_chooses_between_a_week_and_a_month(double: AwsKmsDouble) -> None:
    found = deleted(double, KeySeed())
    assert (found.shortest, found.longest) == (timedelta(days=7), timedelta(days=30))
    assert (found.at_once, found.comes_back, found.due) == (None, None, None)


def test_what_was_imported_can_go_at_once_and_come_back(double: AwsKmsDouble) -> None:
    found = deleted(double, KeySeed(origin="EXTERNAL", material=b"m" * 32))
    assert found.at_once == "deleting the imported key material"
    assert found.comes_back is not None


def test_a_key_with_replicas_waits_for_the_last_of_them(double: AwsKmsDouble) -> None:
    assert deleted(double, KeySeed(replicas=("eu-west-1",))).longest is None


def test_a_key_that_is_to_be_deleted_says_when(double: AwsKmsDouble) -> None:
    key, _ = known(double, KeySeed())
    client(double).schedule_key_deletion(KeyId=key.arn, PendingWindowInDays=9)
    found = deletion(key, custody(key, look()))
    assert found.due is not None
    assert timedelta(days=8) < found.due - datetime.now(UTC) <= timedelta(days=9)
