"""Who shares a client of AWS KMS with whom, and what that does to an inventory that AWS throttles."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from clauseproof.facts.keys import Custody
from clauseproof.probes.kms.aws import custody
from clauseproof.probes.kms.aws_api import AwsReach
from clauseproof.sandbox.kms.aws import AwsKmsDouble, KeySeed
from clauseproof.sandbox.kms.faults import Faults
from tests.support.keys import aws_key, look

REACH = AwsReach("arn:aws:kms:eu-central-1:111122223333:key/1", "http://127.0.0.1:9", None)


def test_looks_that_go_the_same_way_share_a_client() -> None:
    assert REACH.shared_client() is replace(REACH, arn=f"{REACH.arn}2").shared_client()


@pytest.mark.parametrize(
    "other",
    [
        replace(REACH, arn=REACH.arn.replace("eu-central-1", "eu-west-1")),
        replace(REACH, endpoint_url="http://127.0.0.1:10"),
        replace(REACH, endpoint_url=None),
    ],
)
def test_another_region_or_endpoint_has_a_client_of_its_own(other: AwsReach) -> None:
    assert other.shared_client() is not REACH.shared_client()


@pytest.mark.parametrize(
    ("name", "value"), [("AWS_ACCESS_KEY_ID", "AKIAAUDITOR000000001"), ("https_proxy", "http://proxy.example:3128")]
)
def test_other_credentials_or_another_proxy_have_a_client_of_their_own(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    before = REACH.shared_client()
    monkeypatch.setenv(name, value)
    assert REACH.shared_client() is not before


def test_drills_share_no_client() -> None:
    assert REACH.client(attempts=3) is not REACH.client(attempts=3)


def test_an_inventory_faster_than_aws_allows_loses_no_key() -> None:
    with AwsKmsDouble() as double:
        keys = [aws_key(double, double.seed_key(KeySeed())) for _ in range(60)]
        double.faults = Faults(calls_per_s=20)
        with ThreadPoolExecutor(32) as threads:
            seen = list(threads.map(lambda key: custody(key, look()), keys))
    assert [type(facts) for facts in seen] == [Custody] * 60
