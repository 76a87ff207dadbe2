"""The reference key service, and what a vendor does with the key that it fetches there."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from clauseproof.sandbox.envelope import KeyRefused
from clauseproof.sandbox.fetching import FetchedDataKeys, Habit
from clauseproof.sandbox.keyservice import KeyServiceDouble
from clauseproof.sandbox.kms.faults import EVERY, Faults

CONTEXT = {"tenant": "acme"}


@pytest.fixture
def service(tmp_path: Path) -> Iterator[KeyServiceDouble]:
    with KeyServiceDouble(tmp_path / "k.jsonl", callers={"t": "crm"}, administrator="admin") as running:
        running.seed("crm-key")
        yield running


def ask(service: KeyServiceDouble, token: str = "t", name: str = "crm-key") -> httpx.Response:
    return httpx.get(f"{service.url}/v1/keys/{name}", headers={"authorization": f"Bearer {token}"})


def turn(service: KeyServiceDouble, to: str, token: str = "admin") -> int:
    url = f"{service.url}/v1/keys/crm-key/{to}"
    return httpx.post(url, headers={"authorization": f"Bearer {token}"}).status_code


def lines(service: KeyServiceDouble) -> list[dict[str, Any]]:
    return [json.loads(line) for line in service.log.read_text().splitlines()] if service.log.exists() else []


def vendor(service: KeyServiceDouble, habit: Habit, ticks: list[float] | None = None) -> FetchedDataKeys:
    now = ticks or [0.0]
    return FetchedDataKeys(f"{service.url}/v1/keys/crm-key", "t", habit, clock=lambda: now[0])


def test_a_key_is_given_while_it_is_on_and_every_fetch_is_written_down(service: KeyServiceDouble) -> None:
    assert ask(service).json()["material"] == ask(service).json()["material"]
    assert (turn(service, "off"), service.is_on("crm-key"), ask(service).status_code) == (204, False, 403)
    assert (turn(service, "on"), service.is_on("crm-key"), ask(service).status_code) == (204, True, 200)
    assert [line["outcome"] for line in lines(service)] == ["served", "served", "refused", "served"]
    assert {(line["caller"], line["key"]) for line in lines(service)} == {("crm", "crm-key")}


def test_only_known_callers_fetch_and_only_the_administrator_turns(service: KeyServiceDouble) -> None:
    assert (ask(service, "x").status_code, ask(service, name="none").status_code) == (401, 404)
    assert (turn(service, "off", "t"), turn(service, "about")) == (403, 404)
    assert service.is_on("crm-key")
    assert lines(service) == []


def test_it_lags_lies_and_breaks_as_it_is_told(service: KeyServiceDouble) -> None:
    service.faults = Faults(ignores_disable=True)
    turn(service, "off")
    assert ask(service).status_code == 200
    service.faults = Faults(disable_lag_s=60, log_silent=True)
    turn(service, "on")
    turn(service, "off")
    assert ask(service).status_code == 200
    assert len(lines(service)) == 1
    service.faults = Faults(reset_calls=EVERY)
    with pytest.raises(httpx.TransportError):
        ask(service)


def test_a_vendor_that_caches_asks_again_when_its_time_is_over(service: KeyServiceDouble) -> None:
    ticks = [0.0]
    keys = vendor(service, Habit(keep_s=60), ticks)
    plain, wrapped = keys.new(CONTEXT)
    assert keys.unwrap(wrapped, CONTEXT) == plain
    assert len(lines(service)) == 1
    turn(service, "off")
    ticks[0] = 61.0
    with pytest.raises(KeyRefused, match="HTTP 403"):
        keys.unwrap(wrapped, CONTEXT)
    assert [line["outcome"] for line in lines(service)] == ["served", "refused"]


@pytest.mark.parametrize(("habit", "fetches"), [(Habit(copies=True), 2), (Habit(asks=False), 1)])
def test_a_vendor_with_a_copy_opens_data_after_the_key_is_off(
    service: KeyServiceDouble, habit: Habit, fetches: int
) -> None:
    keys = vendor(service, habit)
    plain, wrapped = keys.new(CONTEXT)
    turn(service, "off")
    assert keys.unwrap(wrapped, CONTEXT) == plain
    assert len(lines(service)) == fetches
