"""Problems name the nearest valid name, and nothing in them reaches a terminal unescaped."""

import pytest

from clauseproof.profile.problem import nearest, quote


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("tls_floor", "tls-floor"),
        ("TLS-Floor", "tls-floor"),
        ("tsl-floor", "tls-floor"),
        ("endpointlocation", "endpoint-location"),
        ("backup", None),
        ("x" * 10_000, None),
    ],
)
def test_the_nearest_name_is_found_whatever_its_case_and_separators(name: str, meant: str | None) -> None:
    assert nearest(name, ["certificate", "endpoint-location", "tls-floor"]) == meant


def test_a_quoted_text_is_short_and_harmless() -> None:
    assert quote("\x1b]0;title\x07\u202e") == "'\\x1b]0;title\\x07\\u202e'"
    assert len(quote("x" * 1_000)) == 82
