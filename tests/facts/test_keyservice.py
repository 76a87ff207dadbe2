"""Which keys of a buyer's own key service a profile may describe."""

from typing import Any

import pytest
from pydantic import ValidationError

from clauseproof.facts.keys import Custody
from clauseproof.facts.keyservice import FetchedKey

LEAST: dict[str, Any] = {"key_service": "crm-key", "owner": "acme-keys", "vendor": ["crm"], "log": {"file": "k.jsonl"}}
ASK = {"url": "https://keys.acme.example/v1/crm-key", "json_pointer": "/kid"}
SWITCH: dict[str, Any] = {
    "off": {"url": "https://keys.acme.example/v1/crm-key/off"},
    "on": {"url": "https://keys.acme.example/v1/crm-key/on"},
    "ask": ASK,
}


def described(**more: Any) -> FetchedKey:
    return FetchedKey.model_validate({**LEAST, **more})


def test_a_name_an_owner_the_vendor_and_a_log_are_enough() -> None:
    key = described()
    assert (key.name, key.named, key.host, key.hosts(), key.files()) == ("crm-key", "crm-key", None, (), ("k.jsonl",))


def test_the_log_may_name_the_key_otherwise_than_its_url() -> None:
    key = described(key_service="https://keys.acme.example:8443/v1/crm-key", log={"file": "k", "named": "crm-key"})
    assert (key.host, key.named) == ("keys.acme.example:8443", "crm-key")


def test_a_key_known_by_name_lies_where_we_ask_for_it() -> None:
    assert described(switch=SWITCH).host == "keys.acme.example"


def test_only_the_data_path_needs_the_vendors_leave() -> None:
    path = {"url": "https://api.crm.example/c/1", "json_pointer": "/note"}
    assert described(switch=SWITCH, data_path=path).hosts() == ("api.crm.example",)


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"key_service": "http://keys.acme.example/k"}, "not encrypted"),
        ({"key_service": "a\x1b[31mkey"}, "is no name of a key"),
        ({"vendor": []}, "at least 1 item"),
        ({"log": {"file": "k", "served": ["OK"], "refused": ["ok"]}}, "ok is both served and refused"),
        ({"log": {"file": "k", "time": "time"}}, "pattern"),
        ({"log": {"file": "k", "wait": "1 hour"}}, "at most 10 minutes"),
        ({"log": {"file": "k", "clocks_within": "1 hour"}}, "set the clock"),
        ({"switch": {**SWITCH, "caller": "crm"}}, "cannot be ours too"),
        ({"switch": SWITCH, "data_path": ASK}, "must read a record through the vendor"),
        ({"data_path": ASK, "latency": {"baseline": ASK}}, "name one without the customer's key"),
        ({"switch": {**SWITCH, "off": {**SWITCH["off"], "method": "GET"}}}, "'POST', 'PUT' or 'PATCH'"),
        ({"switch": {**SWITCH, "off": {**SWITCH["off"], "headers": {"Authorization": "Bearer x"}}}}, "is a secret"),
        ({"switch": {**SWITCH, "ask": {**ASK, "proxy": "http://127.0.0.1:3128"}}}, "without proxy"),
        ({"switch": {**SWITCH, "ask": {"url": ASK["url"]}}}, "what proves that the record was read"),
        (
            {"switch": {**SWITCH, "ask": {**ASK, "headers": {"Authorization": "${file:token}"}}}},
            "would not be found by clauseproof restore; write the file's full path",
        ),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_reason(more: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says.replace("[", r"\[")):
        described(**more)


def test_a_switch_may_read_its_secrets_from_a_file_named_in_full() -> None:
    ask = {**ASK, "headers": {"Authorization": "${file:/run/secrets/token}"}}
    assert described(switch={**SWITCH, "ask": ask}).switch is not None


def test_custody_of_a_time_when_every_key_had_a_date_is_still_read() -> None:
    words = {"provider": "aws", "target": "arn", "owner": "1", "manager": "customer", "origin": "imported"}
    more = {"state": "enabled", "usage": "mac", "spec": "s", "created": "2026-01-01T00:00:00Z", "partition": "aws"}
    rest = {"region": "r", "multi_region": False, "replicas": None, "store": None, "protection": None}
    written = {**words, **more, **rest, "material_expires": None, "deletion": None}
    assert Custody.load(1, written) == Custody.load(2, written)
    with pytest.raises(ValueError, match="version 3 cannot be read"):
        Custody.load(3, written)
