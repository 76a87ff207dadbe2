"""Proxies and resolvers as a profile may name them for an endpoint."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from clauseproof.facts.endpoint import Endpoint
from clauseproof.facts.nameserver import parse_nameserver
from clauseproof.facts.proxy import Proxy, Scheme, parse_proxy


@pytest.mark.parametrize(
    ("text", "proxy"),
    [
        ("http://proxy.poc.example:3128", Proxy(Scheme.HTTP, "proxy.poc.example", 3128)),
        ("http://PROXY.poc.example.:3128/", Proxy(Scheme.HTTP, "proxy.poc.example", 3128)),
        ("socks5://192.0.2.9:1080", Proxy(Scheme.SOCKS5, "192.0.2.9", 1080)),
        ("socks5://[2001:DB8::9]:1080", Proxy(Scheme.SOCKS5, "2001:db8::9", 1080)),
    ],
)
def test_scheme_host_and_port_are_read(text: str, proxy: Proxy) -> None:
    assert parse_proxy(text) == proxy
    assert parse_proxy(str(proxy)) == proxy


@pytest.mark.parametrize(
    "text",
    ["", "proxy.poc.example:3128", "https://proxy.poc.example:3128", "socks4://192.0.2.9:1080", "http://proxy.poc.example",
     "http://:3128", "http://proxy:0", "http://proxy:99999", "http://proxy:3128/path", "http://proxy:3128?x", "http://1.2:3128",
     "http://pro xy:3128", "http://proxy:31\n28", "http://[::1:3128"],
)  # fmt: skip
def test_anything_else_is_no_proxy(text: str) -> None:
    with pytest.raises(ValidationError):
        Endpoint(endpoint="https://api.crm.example", proxy=text)


@pytest.mark.parametrize(
    "text",
    ["http://tester:hunter2@proxy.poc.example:3128", "socks5://tester:hunter2@x", "http://hunter2@",
     "tester:hunter2@proxy.poc.example:3128", "http:/tester:hunter2@proxy.poc.example:3128"],
)  # fmt: skip
def test_a_password_in_a_proxy_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(ValueError, match="proxy_user and proxy_password") as caught:
        parse_proxy(text)
    assert "hunter2" not in str(caught.value)


@given(st.text(max_size=100))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        assert parse_proxy(text).port
    except ValueError:
        return


SECRET = "${env:PROXY_SECRET}"


def test_user_and_password_are_references_and_go_together() -> None:
    proxied = {"endpoint": "https://api.crm.example", "proxy": "http://192.0.2.9:3128"}
    made = Endpoint.model_validate({**proxied, "proxy_user": SECRET, "proxy_password": SECRET})
    assert made.model_dump(mode="json")["proxy_password"] == SECRET
    with pytest.raises(ValidationError, match="name both or neither"):
        Endpoint.model_validate({**proxied, "proxy_user": SECRET})
    with pytest.raises(ValidationError, match="no proxy is named"):
        Endpoint.model_validate({"endpoint": "https://api.crm.example", "proxy_user": SECRET, "proxy_password": SECRET})
    with pytest.raises(ValidationError, match="never stands in a profile"):
        Endpoint.model_validate({**proxied, "proxy_user": "tester", "proxy_password": SECRET})


@pytest.mark.parametrize(
    ("text", "server"),
    [
        ("192.0.2.53", ("192.0.2.53", 53)),
        ("192.0.2.53:5353", ("192.0.2.53", 5353)),
        ("2001:DB8::53", ("2001:db8::53", 53)),
        ("[2001:db8::53]:5353", ("2001:db8::53", 5353)),
        ("::1", ("::1", 53)),
    ],
)
def test_a_resolver_is_an_address_with_or_without_port(text: str, server: tuple[str, int]) -> None:
    assert parse_nameserver(text) == server
    assert Endpoint(endpoint="https://api.crm.example", resolvers=(text,)).resolvers == (text,)


@pytest.mark.parametrize("text", ["dns.example", "192.0.2.53:0", "192.0.2.53:99999", "[192.0.2.53]:53", "[::1]", ""])
def test_a_resolver_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValidationError, match="is no resolver"):
        Endpoint(endpoint="https://api.crm.example", resolvers=(text,))
