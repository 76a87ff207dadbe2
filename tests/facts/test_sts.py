"""MTA-STS announcements and policies as senders read them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clauseproof.facts.sts import Policy, announcements, policy_id, read_policy

POLICY = "version: STSv1\r\nmode: enforce\r\nmx: mx.crm.example\r\nmx: *.mail.example\r\nmax_age: 604800\r\n"


def test_a_policy_is_read() -> None:
    assert read_policy(POLICY) == Policy("enforce", ("mx.crm.example", "*.mail.example"), 604800)


@pytest.mark.parametrize(
    ("text", "mode"),
    [
        (POLICY.replace("\r\n", "\n"), "enforce"),
        (POLICY.replace("enforce", "testing"), "testing"),
        (POLICY + "future: field\n", "enforce"),
        (POLICY + "mode: none\n", "enforce"),
        ("version: STSv1\nmode: none\nmax_age: 86400\n", "none"),
    ],
)
def test_what_senders_overlook_is_overlooked(text: str, mode: str) -> None:
    assert read_policy(text).mode == mode


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "version"),
        (POLICY.replace("STSv1", "STSv2"), "version"),
        (POLICY.replace("mode: enforce\r\n", ""), "mode is 'missing'"),
        (POLICY.replace("enforce", "strict"), "mode is 'strict'"),
        ("version: STSv1\nmode: enforce\nmax_age: 1\n", "names no mx"),
        (POLICY.replace("mx.crm.example", "mx crm"), "is no host name"),
        (POLICY.replace("*.mail.example", "a.*.example"), "is no host name"),
        (POLICY.replace("604800", "31557601"), "max_age"),
        (POLICY.replace("max_age: 604800", ""), "max_age"),
        ("<html>\n", "is no line of a policy"),
    ],
)
def test_a_policy_that_senders_ignore_is_refused(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says.replace("*", r"\*")):
        read_policy(text)


@pytest.mark.parametrize(
    ("host", "covered"),
    [
        ("mx.crm.example", True),
        ("MX.crm.example.", True),
        ("a.mail.example", True),
        ("a.b.mail.example", False),
        ("mail.example", False),
        ("crm.example", False),
        ("other.mx.crm.example", False),
    ],
)
def test_a_wildcard_stands_for_one_label(host: str, covered: bool) -> None:
    assert read_policy(POLICY).covers(host) is covered


def test_only_records_of_this_version_announce_anything() -> None:
    records = ("v=STSv1; id=1;", "v=spf1 -all", "v=STSv1", "V=STSv1; id=2", "v=STSv1;id=3")
    assert announcements(records) == ("v=STSv1; id=1;", "v=STSv1;id=3")


def test_an_announcement_has_one_id() -> None:
    assert policy_id("v=STSv1; id=20261124T00;") == "20261124T00"
    assert policy_id("v=STSv1; other=x; id = a1") == "a1"


@pytest.mark.parametrize("record", ["v=STSv1;", "v=STSv1; id=;", "v=STSv1; id=a-b;", "v=STSv1; id=1; id=2;"])
def test_an_announcement_without_a_usable_id_is_refused(record: str) -> None:
    with pytest.raises(ValueError, match="no id"):
        policy_id(record)


@given(st.text(max_size=200), st.sampled_from(["", POLICY]))
def test_any_text_is_read_or_refused_with_a_value_error(text: str, before: str) -> None:
    try:
        policy = read_policy(before + text)
    except ValueError:
        return
    assert policy.mode in ("enforce", "testing", "none")
