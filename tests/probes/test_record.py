"""Is this answer the record?"""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clauseproof.facts.datapath import DataPath
from clauseproof.facts.drills import Answer
from clauseproof.probes.record import Reading, Record, combine, value_at

URL = "https://api.crm.example/v1/contacts/7"
SENTINEL = "zwölf Boxkämpfer"
SERVED, REFUSED, UNCLEAR = Answer.SERVED, Answer.REFUSED, Answer.UNCLEAR


def record(sentinel: str | None = SENTINEL, pointer: str | None = None) -> Record:
    return Record(DataPath(url=URL, expect_sentinel=sentinel, json_pointer=pointer))


def test_the_sentinel_is_found_as_text_and_as_json_escapes_it() -> None:
    assert record().judge(200, f"<p>{SENTINEL}</p>".encode()).outcome is SERVED
    assert record().judge(200, json.dumps({"note": SENTINEL}).encode()).outcome is SERVED


@pytest.mark.parametrize("status", [200, 400, 403, 404, 410, 500, 503])
def test_an_answer_without_the_record_is_a_refusal(status: int) -> None:
    assert record().judge(status, b'{"note": "gone"}').outcome is REFUSED


@pytest.mark.parametrize("status", [302, 401, 407, 408, 425, 429, 502, 504])
def test_what_speaks_of_session_request_or_gateway_proves_nothing(status: int) -> None:
    assert record().judge(status, b"").outcome is UNCLEAR


@pytest.mark.parametrize("status", [401, 404, 500, 503])
def test_a_record_behind_an_error_status_is_served_all_the_same(status: int) -> None:
    reading = record().judge(status, SENTINEL.encode())
    assert (reading.outcome, reading.code) == (SERVED, f"HTTP {status}")


def test_a_body_that_could_not_be_read_proves_nothing() -> None:
    assert record().judge(200, None).outcome is UNCLEAR


def test_with_a_pointer_the_sentinel_must_stand_there() -> None:
    body = json.dumps({"note": "cleared", "log": SENTINEL}).encode()
    assert record(pointer="/log").judge(200, body).outcome is SERVED
    assert record(pointer="/note").judge(200, body).outcome is REFUSED


def test_without_a_sentinel_the_first_value_is_the_one_to_expect() -> None:
    follower = record(sentinel=None, pointer="/note")
    assert follower.judge(500, b'{"note": "an error page"}').outcome is REFUSED, "no record is learnt from an error"
    assert follower.judge(200, b'{"note": {"a": 1, "b": 2}}').outcome is SERVED
    assert follower.judge(200, b'{"note": {"b": 2, "a": 1}, "at": 7}').outcome is SERVED
    assert follower.judge(200, b'{"note": "<encrypted>"}').outcome is REFUSED
    assert follower.judge(200, b'{"note": null}').outcome is REFUSED


def test_what_is_kept_is_a_digest() -> None:
    reading = record().judge(200, SENTINEL.encode())
    assert reading.digest is not None
    assert reading.digest.startswith("sha256:")
    assert SENTINEL not in repr(reading)


@pytest.mark.parametrize(
    ("pointer", "value"),
    [
        ("", '{"a/b":[10,20],"m~n":null,"x":"y"}'),
        ("/a~1b/1", "20"),
        ("/x", "y"),
        ("/m~0n", None),
        ("/a~1b/2", None),
        ("/a~1b/01", None),
        ("/a~1b/-", None),
        ("/x/0", None),
        ("/nowhere", None),
    ],
)
def test_pointers_follow_rfc_6901(pointer: str, value: str | None) -> None:
    assert value_at(b'{"a/b": [10, 20], "m~n": null, "x": "y"}', pointer) == value


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"{", b"[" * 500_000, b'{"a": ' + b"9" * 10_000 + b"}"])
def test_a_body_that_is_no_json_has_no_value(body: bytes) -> None:
    assert value_at(body, "/a/b") is None


@given(body=st.binary(max_size=200), status=st.integers(100, 599))
def test_no_answer_breaks_the_reader_or_passes_without_the_record(body: bytes, status: int) -> None:
    for judged in (record(), record(pointer="/note"), record(sentinel=None, pointer="/note")):
        reading = judged.judge(status, body)
        assert reading.outcome is not SERVED or b"note" in body


def test_several_addresses_serve_while_one_serves_and_refuse_only_together() -> None:
    served, refused, unclear = Reading(SERVED, None), Reading(REFUSED, "HTTP 503"), Reading(UNCLEAR, "Timeout")
    assert combine([refused, served]).outcome is SERVED
    assert combine([refused, unclear]) == unclear
    assert combine([refused, refused]).code == "HTTP 503"
    assert combine([]).outcome is UNCLEAR
