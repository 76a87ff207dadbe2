"""The CRM over HTTP, its records under a key of the KMS double through the real AWS SDK."""

from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest

from clauseproof.sandbox.crm import Contacts, application
from clauseproof.sandbox.envelope import DataKeys, kms_client
from clauseproof.sandbox.kms.aws import BUYER_ACCESS_KEY, AwsKmsDouble, KeySeed
from clauseproof.sandbox.kms.serving import LoopbackServer

TOKEN = "Bearer a-token-of-this-test"
CANARY = {"name": "Clara Canary", "note": "a sentence that nobody else would write"}


@dataclass
class Desk:
    kms: AwsKmsDouble
    key: str
    contacts: Contacts
    http: httpx.Client
    ticks: list[float]

    def disable(self) -> None:
        kms_client(self.kms.url, region=self.kms.region, access_key=BUYER_ACCESS_KEY).disable_key(KeyId=self.key)

    def enable(self) -> None:
        kms_client(self.kms.url, region=self.kms.region, access_key=BUYER_ACCESS_KEY).enable_key(KeyId=self.key)

    def decrypts(self) -> int:
        return sum(call.operation == "Decrypt" for call in self.kms.calls)


def open_desk(keep_s: float) -> Iterator[Desk]:
    ticks = [0.0]
    with AwsKmsDouble() as kms:
        key = kms.seed_key(KeySeed())
        client = kms_client(kms.url, region=kms.region, access_key=BUYER_ACCESS_KEY)
        contacts = Contacts(DataKeys(client, key, keep_s=keep_s, clock=lambda: ticks[0]), "acme")
        with (
            LoopbackServer(application(contacts, authorization=TOKEN)) as server,
            httpx.Client(base_url=server.url, headers={"authorization": TOKEN}, trust_env=False) as http,
        ):
            yield Desk(kms, key, contacts, http, ticks)


@pytest.fixture
def honest() -> Iterator[Desk]:
    yield from open_desk(0)


@pytest.fixture
def caching() -> Iterator[Desk]:
    yield from open_desk(3600)


def test_a_contact_comes_back_as_it_was_written(honest: Desk) -> None:
    assert honest.http.put("/v1/contacts/canary", json=CANARY).status_code == 204
    assert honest.http.get("/v1/contacts/canary").json() == {"id": "canary", **CANARY}


def test_nothing_at_rest_is_in_the_clear(honest: Desk) -> None:
    honest.contacts.put("canary", CANARY)
    (sealed,) = honest.contacts.stored()
    assert b"Canary" not in sealed.ciphertext + sealed.wrapped_key + sealed.nonce


def test_every_read_asks_the_kms(honest: Desk) -> None:
    honest.contacts.put("canary", CANARY)
    for _ in range(3):
        honest.http.get("/v1/contacts/canary").raise_for_status()
    assert honest.decrypts() == 3


def test_a_read_under_a_disabled_key_is_refused_with_the_reason(honest: Desk) -> None:
    honest.contacts.put("canary", CANARY)
    honest.disable()
    refused = honest.http.get("/v1/contacts/canary")
    assert refused.status_code == 503
    assert "DisabledException" in refused.json()["title"]
    assert CANARY["note"] not in refused.text


def test_a_read_is_served_again_once_the_key_is_enabled(honest: Desk) -> None:
    honest.contacts.put("canary", CANARY)
    honest.disable()
    honest.enable()
    assert honest.http.get("/v1/contacts/canary").json()["note"] == CANARY["note"]


def test_a_cached_data_key_goes_on_serving_under_a_disabled_key(caching: Desk) -> None:
    caching.contacts.put("canary", CANARY)
    caching.disable()
    assert caching.http.get("/v1/contacts/canary").json()["note"] == CANARY["note"]
    assert caching.decrypts() == 0


def test_a_cached_data_key_is_forgotten_when_its_time_is_over(caching: Desk) -> None:
    caching.contacts.put("canary", CANARY)
    caching.disable()
    caching.ticks[0] = 3600.0
    assert caching.http.get("/v1/contacts/canary").status_code == 503


def test_a_contact_cannot_be_read_under_another_contact_s_name(honest: Desk) -> None:
    honest.contacts.put("canary", CANARY)
    honest.contacts._sealed["other"] = honest.contacts._sealed["canary"]
    refused = honest.http.get("/v1/contacts/other")
    assert refused.status_code == 503
    assert "InvalidCiphertext" in refused.text


def test_a_caller_without_the_token_is_not_admitted(honest: Desk) -> None:
    honest.contacts.put("canary", CANARY)
    refused = honest.http.get("/v1/contacts/canary", headers={"authorization": "Bearer wrong"})
    assert refused.status_code == 401
    assert "Canary" not in refused.text


def test_an_unknown_contact_is_not_found(honest: Desk) -> None:
    assert honest.http.get("/v1/contacts/nobody").status_code == 404


@pytest.mark.parametrize("body", [b"[1]", b"{", b'{"note": "' + b"x" * 70000 + b'"}'], ids=["list", "broken", "long"])
def test_what_is_no_contact_is_not_stored(honest: Desk, body: bytes) -> None:
    assert honest.http.put("/v1/contacts/canary", content=body).status_code == 400
    assert honest.contacts.stored() == ()
