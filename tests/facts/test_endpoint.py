"""What a profile may write beside the word `endpoint`."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from clauseproof.facts.endpoint import Endpoint, parse_endpoint
from clauseproof.facts.manner import StartTls


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("https://api.crm.example", "api.crm.example", 443),
        ("https://api.crm.example/", "api.crm.example", 443),
        ("https://API.crm.example.:8443", "api.crm.example", 8443),
        ("mail.crm.example:465", "mail.crm.example", 465),
        ("127.0.0.1:4433", "127.0.0.1", 4433),
        ("https://[2001:DB8::7]:8443", "2001:db8::7", 8443),
        ("https://xn--bcher-kva.example", "xn--bcher-kva.example", 443),
    ],
)
def test_host_and_port_are_read(text: str, host: str, port: int) -> None:
    endpoint = Endpoint(endpoint=text)
    assert (endpoint.host, endpoint.port) == (host, port)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("http://api.crm.example", "speaks TLS"),
        ("api.crm.example", "write https://HOST"),
        ("", "write https://HOST"),
        ("https://", "neither a host name nor an IP address"),
        ("https://api.crm.example/v1", "names a page"),
        ("https://api.crm.example?x=1", "names a page"),
        ("https://user:pw@api.crm.example", "a secret never stands in a profile"),
        ("https://api.crm.example:99999", "out of range"),
        ("https://api.crm.example:0", "port 0"),
        ("https://127.1", "looks like an address and is none"),
        ("https://0x7f000001", "looks like an address and is none"),
        ("https://bücher.example", "xn--"),
        ("https://[fe80::1%25eth0]", "neither a host name nor an IP address"),
        ("https://[::1", "Invalid IPv6 URL"),
        ("api.crm.example:44\n3", "white space"),
        ("https://-a.example", "neither a host name"),
        ("https://" + "a" * 64 + ".example", "neither a host name"),
    ],
)
def test_what_is_no_endpoint_is_refused_with_what_to_write(text: str, says: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Endpoint(endpoint=text)
    assert says in str(caught.value)


def test_a_password_is_not_repeated_in_the_error() -> None:
    with pytest.raises(ValueError, match="secret") as caught:
        parse_endpoint("https://user:hunter2@api.crm.example")
    assert "hunter2" not in str(caught.value)


def test_the_server_name_is_sent_and_expected_in_place_of_the_host() -> None:
    endpoint = Endpoint(endpoint="https://10.0.0.7", server_name="API.crm.example")
    assert (endpoint.sni, endpoint.name) == ("api.crm.example", "api.crm.example")


def test_an_address_is_never_sent_as_server_name() -> None:
    endpoint = Endpoint(endpoint="https://192.0.2.7")
    assert (endpoint.sni, endpoint.name, endpoint.literal) == (None, "192.0.2.7", True)


def test_fixed_addresses_are_hosts_that_somebody_must_permit() -> None:
    endpoint = Endpoint(endpoint="https://api.crm.example", addresses=("192.0.2.7", "2001:DB8::7"))
    assert endpoint.hosts() == ("api.crm.example", "192.0.2.7", "2001:db8::7")


def test_a_fixed_address_that_is_none_is_refused() -> None:
    with pytest.raises(ValidationError, match="is no IP address"):
        Endpoint(endpoint="https://api.crm.example", addresses=("api.crm.example",))


@given(st.text(max_size=300))
def test_any_text_is_read_or_refused_with_a_value_error(text: str) -> None:
    try:
        authority = parse_endpoint(text)
    except ValueError:
        return
    assert authority.host.isascii()
    assert 0 < authority.port < 65536


@pytest.mark.parametrize(
    ("text", "begins"),
    [
        ("mail.crm.example:25", StartTls.SMTP),
        ("mail.crm.example:587", StartTls.SMTP),
        ("mail.crm.example:143", StartTls.IMAP),
        ("mail.crm.example:110", StartTls.POP3),
        ("directory.crm.example:389", StartTls.LDAP),
        ("db.crm.example:5432", StartTls.POSTGRES),
        ("chat.crm.example:5222", StartTls.XMPP),
        ("[2001:db8::7]:21", StartTls.FTP),
        ("mail.crm.example:993", None),
        ("https://db.crm.example:5432", None),
        ("https://api.crm.example", None),
    ],
)
def test_a_port_that_is_known_for_a_plain_protocol_begins_with_it(text: str, begins: StartTls | None) -> None:
    assert Endpoint(endpoint=text).starttls is begins
    assert Endpoint(endpoint=text, starttls=StartTls.LDAP).starttls is StartTls.LDAP
    assert Endpoint(endpoint=text, starttls=None).starttls is None
