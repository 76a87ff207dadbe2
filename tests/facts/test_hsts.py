"""The field by which a site asks for https only."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clauseproof.facts.hsts import Policy, read_policy


@pytest.mark.parametrize(
    ("text", "policy"),
    [
        ("max-age=31536000", Policy(31536000, False, False)),
        ("max-age=31536000; includeSubDomains", Policy(31536000, True, False)),
        ('Max-Age="0" ; INCLUDESUBDOMAINS;preload', Policy(0, True, True)),
        ("max-age=1;", Policy(1, False, False)),
        (";; max-age=1", Policy(1, False, False)),
        ('max-age=1; other="a;b, \\"c"; more', Policy(1, False, False)),
        ("max-age=99999999999999999999999", Policy(10**10, False, False)),
    ],
)
def test_directives_are_read_as_clients_read_them(text: str, policy: Policy) -> None:
    assert read_policy(text) == policy


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no max-age"),
        ("includeSubDomains", "no max-age"),
        ("max-age", "no number of seconds"),
        ("max-age=-1", "no number of seconds"),
        ("max-age=1h", "no number of seconds"),
        ("max-age=१", "no number of seconds"),
        ("max-age=1; max-age=2", "twice"),
        ("max-age=1, max-age=2", "no directive"),
        ("max-age=1; =x", "no directive"),
        ('max-age="1', "no directive"),
    ],
)
def test_a_field_that_clients_ignore_is_refused(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        read_policy(text)


@given(st.text(alphabet='max-ge=10;", \\includeSubDomains\t', max_size=60))
def test_any_text_is_read_or_refused_with_a_value_error(text: str) -> None:
    try:
        policy = read_policy(text)
    except ValueError:
        return
    assert 0 <= policy.max_age_s <= 10**10
