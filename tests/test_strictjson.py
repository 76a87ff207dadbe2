"""One reading only: what parsers disagree about is refused."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from clauseproof.strictjson import decode, decode_as, encode, pretty

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64) | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)


@given(JSON)
def test_what_is_encoded_is_decoded_unchanged(value: Any) -> None:
    assert decode(encode(value)) == value
    assert decode(pretty(value)) == value


@given(JSON)
def test_the_same_value_gives_the_same_bytes(value: Any) -> None:
    assert encode(json.loads(json.dumps(value))) == encode(value)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_with_a_value_error(raw: bytes) -> None:
    try:
        decode(raw)
    except ValueError:
        return
    json.loads(raw)


AMBIGUOUS = {
    "a key given twice": b'{"verdict": "not-satisfied", "verdict": "satisfied"}',
    "a key given twice, deep inside": b'{"deep": [{"a": 1, "b": 2, "a": 3}]}',
    "a key given twice, once escaped": b'{"\\u0061": 1, "a": 2}',
    "no number": b'{"took_s": NaN}',
    "minus infinity": b'{"took_s": -Infinity}',
    "a number beyond all numbers": b'{"took_s": 1e999}',
    "an integer of 5000 digits": b"1" * 5000,
    "half a surrogate pair": b'"\\ud800"',
    "no UTF-8": b'"\xff"',
    "a byte order mark": b"\xef\xbb\xbf{}",
    "300 levels": b"[" * 300 + b"]" * 300,
    "a million levels": b"[" * 1_000_000,
    "two values": b'{"a": 1} {"a": 2}',
    "nothing": b"",
}


@pytest.mark.parametrize("raw", AMBIGUOUS.values(), ids=AMBIGUOUS.keys())
def test_json_with_more_than_one_reading_is_refused(raw: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 (the refusals come from three parsers)
        decode(raw)


def test_the_refusal_names_the_key_that_is_given_twice() -> None:
    with pytest.raises(ValueError, match="key 'verdict' is given twice"):
        decode(b'{"clause": 1, "verdict": 2, "verdict": 3}')


class Point(BaseModel):
    x: int


def test_a_model_takes_no_number_written_as_text() -> None:
    with pytest.raises(ValueError, match="'x'"):
        decode_as(Point, b'{"x": "1"}')


def test_a_model_refuses_a_key_given_twice() -> None:
    with pytest.raises(ValueError, match="twice"):
        decode_as(Point, b'{"x": 1, "x": 2}')
    assert decode_as(Point, b'{"x": 2}').x == 2


class Box(BaseModel):
    content: Any


@pytest.mark.parametrize("content", [b"NaN", b"[Infinity]", b"1e999"])
def test_a_model_that_takes_anything_takes_no_number_that_is_none(content: bytes) -> None:
    with pytest.raises(ValueError, match="number"):
        decode_as(Box, b'{"content": ' + content + b"}")
