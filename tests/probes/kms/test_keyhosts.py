"""Where a key's external key manager is: the claims on places, judged for a key."""

import asyncio
from pathlib import Path

import pytest

from checks.location import EndpointLocation
from clauseproof.facts.keys import CloudKey
from clauseproof.facts.keystores import External, Keeper, Way
from clauseproof.model.errors import Unknowable
from clauseproof.model.jurisdiction import Atlas, Jurisdiction, Member
from clauseproof.model.look import Look
from clauseproof.model.profile import Network, Sources
from clauseproof.model.unseen import Reason, Unseen
from clauseproof.model.verdict import Ruling, Verdict
from clauseproof.probes.kms.keyhosts import key_host
from clauseproof.sandbox.kms.aws import AwsKmsDouble, CustomKeyStore
from clauseproof.sandbox.kms.aws import KeySeed as AwsSeed
from clauseproof.sandbox.kms.google import GoogleKmsDouble, KeySeed, Level
from tests.support.dns import NameServer, serving
from tests.support.googlekeys import google_key
from tests.support.keyruns import judged_together, said
from tests.support.keys import NOW, aws_key
from tests.support.places import aws

HERE, ABROAD = "192.0.2.7", "198.51.100.7"
EU = Atlas([Jurisdiction(name="EU", reference="", members=(Member(code="DE"),))])


def keeper(host: str | Unseen, generation: str = "1") -> Keeper:
    return Keeper(
        generation=generation,
        store=None,
        host=host,
        key=None,
        way=Way.INTERNET,
        connected=None,
        made_by_provider=None,
    )


def place_of(key: CloudKey, folder: Path) -> Verdict:
    """Inside the EU or not, by a list of addresses of which one region is German."""
    ranges = folder / "ip-ranges.json"
    ranges.write_bytes(
        aws((f"{HERE}/32", "eu-central-1", "EC2", "eu-central-1"), (f"{ABROAD}/32", "us-east-1", "EC2", "us-east-1"))
    )
    claim = EndpointLocation(within=("EU",))
    sources = Sources(ranges=(str(ranges),))
    return judged_together({"k": key}, "endpoint-location", claim, folder, atlas=EU, sources=sources)


@pytest.mark.parametrize(("host", "ruling"), [(HERE, Ruling.SATISFIED), (ABROAD, Ruling.NOT_SATISFIED)])
def test_the_host_of_an_aws_key_store_is_a_place(tmp_path: Path, host: str, ruling: Ruling) -> None:
    with AwsKmsDouble() as double:
        double.seed_store(CustomKeyStore(id="cks-1", name="x", endpoint=f"https://{host}", created=NOW))
        arn = double.seed_key(AwsSeed(origin="EXTERNAL_KEY_STORE", store="cks-1", xks_key="k"))
        verdict = place_of(aws_key(double, arn), tmp_path)
    assert verdict.ruling is ruling, said(verdict)
    assert host in said(verdict)


@pytest.mark.parametrize(("host", "ruling"), [(HERE, Ruling.SATISFIED), (ABROAD, Ruling.NOT_SATISFIED)])
def test_the_host_of_a_google_key_manager_is_a_place(tmp_path: Path, host: str, ruling: Ruling) -> None:
    with GoogleKmsDouble() as double:
        name = double.seed_key(KeySeed(id="k", level=Level.EXTERNAL, external_uri=f"https://{host}/k"))
        verdict = place_of(google_key(double, name), tmp_path)
    assert verdict.ruling is ruling, said(verdict)


def test_a_key_of_the_providers_own_has_no_host_and_stays_open(tmp_path: Path) -> None:
    with GoogleKmsDouble() as double:
        verdict = place_of(google_key(double, double.seed_key(KeySeed(id="k"))), tmp_path)
    assert verdict.ruling is Ruling.INCONCLUSIVE
    assert "judge it by key-location" in said(verdict)


def test_the_name_of_a_host_is_asked_for(tmp_path: Path) -> None:
    server = NameServer({"ekm.buyer.example.": [f"60 A {HERE}"]})
    with serving(server):
        at = Look(network=Network(resolvers=(server.text,)))
        found = asyncio.run(key_host(CloudKey(), External(keepers=(keeper("ekm.buyer.example"),)), at))
    assert found.reachable == (HERE,)


@pytest.mark.parametrize(
    ("keepers", "says"),
    [
        ((), "lies with the provider"),
        ((keeper("a.example"), keeper("b.example", "2")), "at several hosts: a.example, b.example"),
        ((keeper(Unseen(reason=Reason.DENIED, text="no right to look", remedy="grant it")),), "no right to look"),
    ],
)
def test_without_one_known_host_there_is_no_place(keepers: tuple[Keeper, ...], says: str) -> None:
    with pytest.raises(Unknowable, match=says):
        asyncio.run(key_host(CloudKey(), External(keepers=keepers), Look()))
