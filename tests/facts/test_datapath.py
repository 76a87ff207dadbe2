"""What a profile may say of a data path."""

import pytest
from pydantic import ValidationError

from clauseproof.facts.datapath import DataPath
from clauseproof.model.secret import SecretRef

GOOD = {"url": "https://api.crm.example/v1/contacts/7", "expect_sentinel": "a sentence of ours"}


def test_a_header_is_text_or_a_reference_and_the_reference_is_written_down_unopened() -> None:
    path = DataPath.model_validate({**GOOD, "headers": {"Authorization": "${env:TOKEN}", "X-Tenant": "acme"}})
    assert path.headers == {"Authorization": SecretRef("env", "TOKEN"), "X-Tenant": "acme"}
    assert '"Authorization":"${env:TOKEN}"' in path.model_dump_json()
    assert DataPath.model_validate_json(path.model_dump_json()) == path


@pytest.mark.parametrize(
    ("change", "because"),
    [
        ({"headers": {"Authorization": "Bearer abc"}}, "is a secret"),
        ({"headers": {"X-Vault-Token": "abc"}}, "is a secret"),
        ({"headers": {"Ocp-Apim-Subscription-Key": "abc"}}, "is a secret"),
        ({"headers": {"apikey": "abc"}}, "is a secret"),
        ({"headers": {"X-Search": "a sentence of ours"}}, "any error page may repeat"),
        ({"url": "https://api.crm.example/find?note=a+sentence+of%20ours"}, "any error page may repeat"),
        ({"method": "POST", "body": '{"find": "a sentence of ours"}'}, "any error page may repeat"),
        ({"headers": {"X-Token": "Bearer ${env:TOKEN}"}}, "never stands in a profile"),
        ({"headers": {"X": "a\r\nHost: evil"}}, "printable ASCII"),
        ({"headers": {"X Y": "a"}}, "no header's name"),
        ({"headers": {"Host": "other.example"}}, "not the profile's to set"),
        ({"url": "http://api.crm.example/"}, "not encrypted"),
        ({"url": "https://user:pass@api.crm.example/"}, "no user name or password"),
        ({"url": "ftp://api.crm.example/"}, "is no URL"),
        ({"url": "https:///x"}, "is no URL"),
        ({"url": "https://api.crm.example/a b"}, "is no URL"),
        ({"url": "https://api.crm.example:99999/"}, "Port out of range"),
        ({"body": "{}"}, "a GET has no body"),
        ({"expect_sentinel": None}, "what proves that the record was read"),
        ({"expect_sentinel": "short"}, "at least 8"),
        ({"json_pointer": "note"}, "should match"),
        ({"timeout": "2 min"}, "between 0.1 s and 60 s"),
        ({"address": "not an address"}, "does not appear to be an IPv4 or IPv6 address"),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_reason(change: dict[str, object], because: str) -> None:
    with pytest.raises(ValidationError, match=because):
        DataPath.model_validate({**GOOD, **change})


def test_the_port_follows_from_the_scheme() -> None:
    assert DataPath.model_validate(GOOD).port == 443
    assert DataPath.model_validate({**GOOD, "url": "http://[::1]/x"}).port == 80
    assert DataPath.model_validate({**GOOD, "url": "https://api.crm.example:8443/x"}).port == 8443
