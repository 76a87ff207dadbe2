"""Both reference vendors while they run: what each does, seen by clients that know nothing of it."""

import os
import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import dns.message
import dns.query
import httpx
import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.core.rest import HttpRequest

from clauseproof.sandbox.customerkeys import VENDOR_PRINCIPAL
from clauseproof.sandbox.kms.aws import BUYER_ACCESS_KEY
from clauseproof.sandbox.kms.azure import CRYPTO_USER, SERVICE_ENCRYPTION_USER
from clauseproof.sandbox.places import VIRGINIA
from clauseproof.sandbox.vendor import UNSET, ReferenceVendor
from tests.support.azurekeys import client as azure_client
from tests.support.googlekeys import client as google_client

NOW = datetime.now(UTC)


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReferenceVendor]:
    with ReferenceVendor.honest(tmp_path_factory.mktemp("honest")) as vendor:
        yield vendor


@pytest.fixture(scope="module")
def overclaiming(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReferenceVendor]:
    with ReferenceVendor.overclaiming(tmp_path_factory.mktemp("overclaiming")) as vendor:
        yield vendor


def addresses(vendor: ReferenceVendor, host: str) -> list[str]:
    """The addresses of `host` in the vendor's domain, from its own name server."""
    server, _, port = vendor.service.resolver.rpartition(":")
    query = dns.message.make_query(f"{host}.{vendor.character.domain}", "A")
    response = dns.query.udp(query, server, timeout=5, port=int(port))
    return sorted(record.to_text() for rrset in response.answer for record in rrset)


def accepts_tls_1_2(vendor: ReferenceVendor, host: str, address: str) -> bool:
    client = ssl.create_default_context(cafile=vendor.folder / "evidence/private-ca.pem")
    client.maximum_version = ssl.TLSVersion.TLSv1_2
    raw = socket.create_connection((address, vendor.service.port), 5)
    try:
        with client.wrap_socket(raw, server_hostname=f"{host}.{vendor.character.domain}") as stream:
            return stream.version() == "TLSv1.2"
    except ssl.SSLError as error:
        if "PROTOCOL_VERSION" not in str(error):
            raise
        return False


def read_canary(vendor: ReferenceVendor, address: str) -> httpx.Response:
    """Read our record as any client does, with the host's name and the connection to one address."""
    host = f"api.{vendor.character.domain}"
    trust = ssl.create_default_context(cafile=vendor.folder / "evidence/private-ca.pem")
    with httpx.Client(verify=trust, trust_env=False) as client:
        return client.get(
            f"https://{address}:{vendor.service.port}/v1/contacts/canary",
            headers={"host": host, "authorization": vendor.environment["CRM_AUTHORIZATION"]},
            extensions={"sni_hostname": host},
        )


def test_the_api_has_two_addresses_and_files_one(honest: ReferenceVendor) -> None:
    assert addresses(honest, "api") == ["127.20.1.1", "127.20.1.2"]
    assert addresses(honest, "files") == ["127.20.1.3"]


def test_both_vendors_run_side_by_side(honest: ReferenceVendor, overclaiming: ReferenceVendor) -> None:
    assert read_canary(honest, "127.20.1.1").status_code == 200
    assert read_canary(overclaiming, "127.20.2.1").status_code == 200


def test_the_honest_vendor_refuses_tls_1_2_everywhere(honest: ReferenceVendor) -> None:
    tried = {(host, a): accepts_tls_1_2(honest, host, a) for host in ("api", "files") for a in addresses(honest, host)}
    assert len(tried) == 3
    assert not any(tried.values())


def test_the_overclaiming_vendor_accepts_tls_1_2_on_one_of_two_addresses(overclaiming: ReferenceVendor) -> None:
    tried = {address: accepts_tls_1_2(overclaiming, "api", address) for address in addresses(overclaiming, "api")}
    assert tried == {"127.20.2.1": False, "127.20.2.2": True}
    assert not accepts_tls_1_2(overclaiming, "files", *addresses(overclaiming, "files"))


def test_one_endpoint_of_the_overclaiming_vendor_stands_in_the_united_states(overclaiming: ReferenceVendor) -> None:
    abroad = [stand.host for stand in overclaiming.character.stands if stand.site is VIRGINIA]
    assert abroad == ["files"]


def test_the_canary_holds_the_sentence_that_the_profile_expects(honest: ReferenceVendor) -> None:
    sentinel = read_canary(honest, "127.20.1.2").json()["note"]
    assert f"expect_sentinel: {sentinel}\n" in honest.profile.read_text()


def test_a_disabled_key_darkens_the_honest_vendor_and_not_the_overclaiming_one(
    honest: ReferenceVendor, overclaiming: ReferenceVendor
) -> None:
    status = {}
    for vendor, address in ((honest, "127.20.1.1"), (overclaiming, "127.20.2.1")):
        vendor.service.keys.aws.bend(disable_lag_s=0.0, enable_lag_s=0.0)
        buyer = vendor.service.client(BUYER_ACCESS_KEY)
        buyer.disable_key(KeyId=vendor.service.keys.contacts)
        status[vendor.character.slug] = read_canary(vendor, address).status_code
        buyer.enable_key(KeyId=vendor.service.keys.contacts)
        assert read_canary(vendor, address).status_code == 200
    assert status == {"plainword": 503, "bigword": 200}


def test_the_honest_vendor_s_key_was_rotated_forty_days_ago_and_will_be_again(honest: ReferenceVendor) -> None:
    buyer = honest.service.client(BUYER_ACCESS_KEY)
    status = buyer.get_key_rotation_status(KeyId=honest.service.keys.contacts)
    rotations = buyer.list_key_rotations(KeyId=honest.service.keys.contacts)["Rotations"]
    assert (status["KeyRotationEnabled"], status["RotationPeriodInDays"]) == (True, 90)
    assert (NOW - max(rotation["RotationDate"] for rotation in rotations)).days in (39, 40)


def test_the_overclaiming_vendor_s_key_was_never_rotated(overclaiming: ReferenceVendor) -> None:
    buyer = overclaiming.service.client(BUYER_ACCESS_KEY)
    assert buyer.get_key_rotation_status(KeyId=overclaiming.service.keys.contacts)["KeyRotationEnabled"] is False
    assert buyer.list_key_rotations(KeyId=overclaiming.service.keys.contacts)["Rotations"] == []


def test_the_vendor_may_use_the_key_and_not_manage_it(honest: ReferenceVendor) -> None:
    vendor = honest.service.client("AKIAI44QH8DHBEXAMPLE")
    assert vendor.describe_key(KeyId=honest.service.keys.contacts)["KeyMetadata"]["AWSAccountId"] == "111122223333"
    with pytest.raises(vendor.exceptions.ClientError, match="AccessDenied"):
        vendor.disable_key(KeyId=honest.service.keys.contacts)


def guards(vendor: ReferenceVendor) -> set[str]:
    """What guards the key of attachments, over all its versions."""
    keys = vendor.service.keys
    versions = google_client(keys.google).list_crypto_key_versions(parent=keys.attachments, retry=None, timeout=5)
    return {version.protection_level.name for version in versions}


def test_the_attachments_key_lies_in_an_hsm_only_at_the_honest_vendor(
    honest: ReferenceVendor, overclaiming: ReferenceVendor
) -> None:
    assert (guards(honest), guards(overclaiming)) == ({"HSM"}, {"SOFTWARE"})


def users(vendor: ReferenceVendor) -> dict[str, str]:
    """Who has a role at the key of backups itself: the role's definition by the principal."""
    listing = "/keys/backups/providers/Microsoft.Authorization/roleAssignments"
    with azure_client(vendor.service.keys.azure, vendor.environment["BACKUPS_KEY_TOKEN"]) as hsm:
        answer = hsm.send_request(HttpRequest("GET", listing)).json()
    every = [assignment["properties"] for assignment in answer["value"]]
    return {
        one["principalId"]: one["roleDefinitionId"].rpartition("/")[2]
        for one in every
        if one["scope"] == "/keys/backups"
    }


def test_a_stranger_may_use_the_backups_key_only_at_the_overclaiming_vendor(
    honest: ReferenceVendor, overclaiming: ReferenceVendor
) -> None:
    assert users(honest) == {VENDOR_PRINCIPAL: SERVICE_ENCRYPTION_USER}
    assert users(overclaiming) == users(honest) | {"55555555-5555-5555-5555-555555555555": CRYPTO_USER}


def test_the_token_of_the_hsm_is_another_in_each_deployment(
    honest: ReferenceVendor, overclaiming: ReferenceVendor
) -> None:
    tokens = {vendor.environment["BACKUPS_KEY_TOKEN"] for vendor in (honest, overclaiming)}
    assert len(tokens) == 2
    with azure_client(honest.service.keys.azure, "buyer") as hsm, pytest.raises(ClientAuthenticationError):
        hsm.get_key("backups")


def test_the_surroundings_are_set_for_the_run_and_restored(
    honest: ReferenceVendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "the user's own")
    before = dict(os.environ)
    with honest.surroundings():
        assert [name for name in UNSET if name in os.environ] == []
        assert os.environ["AWS_EC2_METADATA_DISABLED"] == "true"
        assert os.environ["CRM_AUTHORIZATION"].startswith("Bearer ")
    assert dict(os.environ) == before


def test_nothing_listens_when_the_block_has_ended(tmp_path: Path) -> None:
    with ReferenceVendor.honest(tmp_path) as vendor:
        service, address = vendor.service, addresses(vendor, "files")[0]
    keys = service.keys
    ports = [
        (address, service.port),
        ("127.0.0.1", int(service.resolver.rpartition(":")[2])),
        (keys.google.host, keys.google.port),
        keys.azure.address,
    ]
    for where in ports:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(where, 5)


def test_a_vendor_that_cannot_start_leaves_nothing_running(tmp_path: Path) -> None:
    (tmp_path / "evidence").write_text("a file where a folder should be")
    vendor = ReferenceVendor.honest(tmp_path)
    with pytest.raises(FileExistsError), vendor:
        raise AssertionError("it must not start")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.20.1.1", vendor.service.port), 5)


def test_papers_of_another_decade_are_dated_by_that_decade(tmp_path: Path) -> None:
    now = datetime(2036, 2, 29, 23, 59, tzinfo=UTC)
    with ReferenceVendor.honest(tmp_path, now=now) as vendor:
        assert "valid: {from: 2036-02-22, to: 2036-03-07}" in vendor.profile.read_text()
