"""Hosts and resolvers as a profile may write them; what is accepted is what the permission's gate understands."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clauseproof.engine.permit import covers
from clauseproof.model.permission import Permission
from clauseproof.model.profile import Grant, Window
from clauseproof.profile.hosts import fault_of_host, fault_of_resolver

WEEK = Window.model_validate({"from": date(2026, 11, 16), "to": date(2026, 11, 27)})


def grants(entry: str, host: str) -> bool:
    return covers(Grant(granted_by="J. Doe", valid=WEEK, hosts=(entry,), allows=(Permission.SCAN,)), host)


@pytest.mark.parametrize(
    ("entry", "host"),
    [
        ("api.crm.example", "api.crm.example"),
        ("API.crm.example.", "api.crm.example"),
        ("*.crm.example", "api.crm.example"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("_dmarc.crm.example", "_dmarc.crm.example"),
        ("192.0.2.7", "192.0.2.7"),
        ("192.0.2.0/24", "192.0.2.7"),
        ("2001:db8::7", "2001:db8::7"),
        ("2001:db8::/32", "2001:db8::7"),
    ],
)
def test_what_is_accepted_grants_something(entry: str, host: str) -> None:
    assert fault_of_host(entry) is None
    assert grants(entry, host)


@pytest.mark.parametrize(
    "entry",
    ["", "*", "*.", "a..b", "-a.example", "api.*.example", "a b", "https://a.example", "a.example:443", "a.example/",
     "192.0.2.256", "192.0.2", "1", "192.0.2.1/24", "192.0.2.0/33", "[2001:db8::7]", "2001:db8::/129", "a" * 64,
     ".".join(["a" * 60] * 5), "bücher.example"],
)  # fmt: skip
def test_what_could_grant_nothing_or_too_much_is_refused(entry: str) -> None:
    assert fault_of_host(entry) is not None


@given(st.ip_addresses())
def test_every_address_is_a_host_and_a_resolver(address: object) -> None:
    assert fault_of_host(str(address)) is None
    assert fault_of_resolver(str(address)) is None


@pytest.mark.parametrize("text", ["192.0.2.53", "192.0.2.53:5353", "2001:db8::53", "[2001:db8::53]:5353", "::1"])
def test_a_resolver_is_an_address_with_or_without_port(text: str) -> None:
    assert fault_of_resolver(text) is None


@pytest.mark.parametrize(
    "text", ["", "dns.example", "192.0.2.53:0", "192.0.2.53:70000", "192.0.2.53:", "[192.0.2.53]:53", "::1]:53", "tcp://192.0.2.53"]
)  # fmt: skip
def test_anything_else_is_no_resolver(text: str) -> None:
    assert fault_of_resolver(text) is not None
