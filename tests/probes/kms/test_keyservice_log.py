"""The log of a buyer's key service: what its lines say, and that a hostile one says nothing else."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clauseproof.facts.drills import Answer
from clauseproof.facts.keyfetches import FetchLog
from clauseproof.facts.keyservice import FetchedKey
from clauseproof.model.errors import Unreachable
from clauseproof.probes.kms import keyservice_log
from clauseproof.probes.kms.keyservice_log import parse, read_log, read_until
from tests.support.keys import NOW
from tests.support.keyservice import NAME, VENDOR, line, look

HOUR = timedelta(hours=1)
GOOD = line(NOW - HOUR)


def key(**log: Any) -> FetchedKey:
    words = {"key_service": NAME, "owner": "acme-keys", "vendor": [VENDOR], "log": {"file": "k.jsonl", **log}}
    return FetchedKey.model_validate(words)


def read(*lines: str | bytes, end: str = "\n", **log: Any) -> FetchLog:
    raw = b"\n".join(one if isinstance(one, bytes) else one.encode() for one in lines)
    return parse(raw + end.encode(), key(**log), NOW)[0]


def reasons(log: FetchLog) -> dict[str, int]:
    return {unread.reason: unread.lines for unread in log.unread}


def test_every_caller_of_the_key_is_counted_by_what_it_got() -> None:
    log = read(
        line(NOW - 3 * HOUR),
        line(NOW - 2 * HOUR, outcome="DENIED"),
        line(NOW - HOUR, outcome="perhaps"),
        line(NOW - HOUR, caller="mallory"),
        line(NOW, key="another"),
        "",
    )
    vendor, mallory = log.callers
    assert (vendor.name, vendor.vendor, vendor.served, vendor.refused, vendor.unclear) == (VENDOR, True, 1, 1, 1)
    assert (mallory.name, mallory.vendor, mallory.served) == ("mallory", False, 1)
    assert (log.lines, log.others, log.first_at, log.newest_at) == (5, 1, NOW - 3 * HOUR, NOW)
    assert vendor.newest_served is not None
    assert vendor.newest_served.line == 1
    assert log.asked_last is not None
    assert (log.asked_last.outcome, log.asked_last.word) == (Answer.UNCLEAR, "perhaps")


def test_the_newest_fetch_is_so_by_its_date_and_not_by_its_place() -> None:
    log = read(line(NOW), line(NOW - HOUR))
    assert [(caller.newest.line, caller.first.line) for caller in log.callers] == [(1, 2)]


@pytest.mark.parametrize(
    "written",
    ["2026-11-24T08:00:00Z", "2026-11-24 08:00:00.000+00:00", "2026-11-24T09:00:00+01:00", 1795507200, 1795507200000.0],
)
def test_a_time_is_rfc_3339_or_a_number_since_1970(written: str | float) -> None:
    told = json.dumps({"time": written, "key": NAME, "caller": VENDOR, "outcome": 200})
    assert read(told).newest_at == datetime(2026, 11, 24, 8, tzinfo=UTC)


def test_pointers_say_where_a_line_tells_what() -> None:
    told = {"@t": "2026-11-24T08:00:00Z", "req": {"kid": NAME, "who": ["x", VENDOR]}, "ok": True}
    log = read(
        json.dumps(told),
        time="/@t",
        key="/req/kid",
        caller="/req/who/1",
        outcome="/ok",
        served=["true"],
        refused=["false"],
    )
    assert [(fetch.caller, fetch.word, fetch.outcome) for fetch in log.newest] == [(VENDOR, "true", Answer.SERVED)]


@pytest.mark.parametrize(
    ("hostile", "reason"),
    [
        ("not JSON", "no JSON, or one with two readings, or too deep"),
        ('{"time":NaN}', "no JSON, or one with two readings, or too deep"),
        (GOOD.replace("{", '{"caller":"x",', 1), "no JSON, or one with two readings, or too deep"),
        ('{"a":' * 5000 + "1" + "}" * 5000, "no JSON, or one with two readings, or too deep"),
        ('{"time":' + "9" * 5000 + "}", "no JSON, or one with two readings, or too deep"),
        (b'{"time":"\xff"}', "no JSON, or one with two readings, or too deep"),
        (f"[{GOOD}]", "no JSON object"),
        ('{"x":"' + "a" * 70_000 + '"}', "longer than 64 KiB"),
        ("{}", "no time"),
        (
            line("2026-11-24T08:00:00"),
            "a time that is neither RFC 3339 with a zone nor seconds or milliseconds since 1970",
        ),
        (
            line("2026-13-45T99:00:00Z"),
            "a time that is neither RFC 3339 with a zone nor seconds or milliseconds since 1970",
        ),
        ('{"time":1e400}', "no JSON, or one with two readings, or too deep"),
        ('{"time":true}', "a time that is neither RFC 3339 with a zone nor seconds or milliseconds since 1970"),
        (line(NOW + HOUR), "a date that has not come yet"),
        (line("2099-01-01T00:00:00Z", key="another"), "a date that has not come yet"),
        (line(NOW, caller="a\u202eb"), "the caller has control characters"),
        (line(NOW, caller="\x1b[2J"), "the caller has control characters"),
        (line(NOW, caller="c" * 201), "the caller is too long"),
        (line(NOW, outcome="served\n"), "the outcome has control characters"),
        ('{"time":"2026-11-24T08:00:00Z","key":"crm-key","outcome":"served"}', "no caller"),
        ('{"time":"2026-11-24T08:00:00Z","key":"crm-key","caller":null,"outcome":"served"}', "no caller"),
    ],
)
def test_a_line_without_its_one_meaning_is_counted_and_says_nothing(hostile: str | bytes, reason: str) -> None:
    log = read(GOOD, hostile, GOOD)
    assert reasons(log) == {reason: 1}
    assert log.unread[0].last == 2
    assert [caller.served for caller in log.callers] == [2]
    assert log.newest_at == NOW - HOUR


def test_a_last_line_without_its_end_is_being_written() -> None:
    assert reasons(read(GOOD, GOOD[:20], end="")) == {}
    assert [caller.served for caller in read(GOOD, GOOD, end="").callers] == [2]


def test_many_callers_are_bounded_and_the_vendor_is_never_lost() -> None:
    crowd = [line(NOW, caller=f"c{n}") for n in range(150)]
    log = read(*crowd, line(NOW))
    assert len(log.callers) == 100
    assert [caller.name for caller in log.by_vendor] == [VENDOR]
    assert (log.further, len(log.newest)) == (51, 50)


def test_a_caller_that_was_served_is_not_lost_among_those_that_were_refused() -> None:
    crowd = [line(NOW, caller=f"c{n}", outcome="refused") for n in range(150)]
    assert "mallory" in [caller.name for caller in read(*crowd, line(NOW, caller="mallory")).callers]


@pytest.mark.parametrize("asked_for", ["k" * 5000, "crm-key\n", "\x1b[31mcrm-key"])
def test_a_line_about_a_key_that_nobody_has_is_about_another_key(asked_for: str) -> None:
    log = read(GOOD, line(NOW, key=asked_for))
    assert (log.others, log.unread) == (1, ())


def test_only_the_newest_lines_of_a_long_log_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyservice_log, "MOST_LINES", 2)
    log = read(line(NOW - 3 * HOUR), line(NOW - 2 * HOUR), line(NOW - HOUR))
    assert (log.lines, log.skipped, log.first_at) == (3, 1, NOW - 2 * HOUR)


@given(st.lists(st.one_of(st.binary(max_size=200), st.just(GOOD.encode())), max_size=20))
def test_no_bytes_make_the_reader_fail_and_every_line_is_accounted_for(lines: list[bytes]) -> None:
    log, _ = parse(b"\n".join(lines) + b"\n", key(), NOW)
    fetches = sum(caller.served + caller.refused + caller.unclear for caller in log.callers)
    assert fetches + log.others + sum(reasons(log).values()) == log.lines
    assert fetches >= lines.count(GOOD.encode())


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=30) | st.just(NAME) | st.just(1795507200),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)


@given(st.fixed_dictionaries({"time": JSON, "key": JSON, "caller": JSON, "outcome": JSON}))
def test_no_value_of_any_type_makes_the_reader_fail_or_leaves_a_control_character(told: dict[str, Any]) -> None:
    log, fetches = parse(json.dumps(told).encode() + b"\n", key(), NOW)
    assert log.lines == 1
    assert len(fetches) == len(log.callers)
    assert all(caller.name.isprintable() and len(caller.name) <= 200 for caller in log.callers)


def test_a_log_that_is_not_there_is_said(tmp_path: Path) -> None:
    def none(name: str, limit: int) -> bytes:
        raise Unreachable(f"there is no file {name}")

    with pytest.raises(Unreachable, match=r"no file k\.jsonl"):
        read_log(key(), look(read_file=none))


def test_waiting_for_a_log_ends_when_it_has_come_to_the_moment(tmp_path: Path) -> None:
    file, marks = tmp_path / "k.jsonl", list[int]()
    file.write_text(f"{GOOD}\n")

    def mark() -> None:
        marks.append(1)
        file.write_text(f"{GOOD}\n{line(datetime.now(UTC))}\n")

    began = datetime.now(UTC)
    log, _ = read_until(began, timedelta(minutes=1), key(file=str(file)), look(), mark)
    assert log.newest_at is not None
    assert log.newest_at > began
    assert marks == [1]


def test_waiting_for_a_log_ends_with_the_patience_or_the_run(tmp_path: Path) -> None:
    file = tmp_path / "k.jsonl"
    file.write_text(f"{GOOD}\n")
    log, _ = read_until(NOW, timedelta(milliseconds=50), key(file=str(file)), look())
    assert log.newest_at == NOW - HOUR
    stopped = look(stopping=lambda: True)
    assert read_until(NOW, timedelta(hours=1), key(file=str(file)), stopped)[0].lines == 1


def test_a_log_that_is_waited_for_is_kept_once_and_read_on_from_where_it_ended(tmp_path: Path) -> None:
    file, kept, began = tmp_path / "k.jsonl", list[str](), datetime.now(UTC)
    file.write_text(f"{GOOD}\n")
    appended = [line(began - HOUR), line(began - HOUR)[:30], line(began - HOUR)[30:] + "\n" + line(began + HOUR / 600)]

    def mark() -> None:
        with file.open("a") as log:
            log.write(appended.pop(0) + ("" if len(appended) == 1 else "\n"))

    def read(name: str, limit: int) -> bytes:
        kept.append(name)
        return file.read_bytes()

    spoken = key(file=str(file), clocks_within="10 s")
    log, _ = read_until(began, timedelta(minutes=1), spoken, look(read_file=read), mark)
    assert (log.lines, log.unread, appended, kept) == (4, (), [], [str(file)])


def test_a_log_that_was_rotated_while_it_was_waited_for_is_read_from_its_beginning(tmp_path: Path) -> None:
    file, began = tmp_path / "k.jsonl", datetime.now(UTC)
    file.write_text(f"{GOOD}\n" * 9)
    new = f"{line(datetime.now(UTC))}\n"
    log, _ = read_until(began, timedelta(minutes=1), key(file=str(file)), look(), lambda: file.write_text(new))
    assert log.lines == 1
