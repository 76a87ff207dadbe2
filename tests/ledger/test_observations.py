"""Lines of `observations.jsonl`: found by what they are of, read where they lie, refused where they are ambiguous."""

import gc
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clauseproof.ledger.jsonlines import cut_off, lines
from clauseproof.ledger.layout import MAX_LINE, MAX_LINES
from clauseproof.ledger.line import Line
from clauseproof.ledger.observations import Observations
from clauseproof.model.errors import LedgerError
from clauseproof.model.unseen import Reason, Unseen
from tests.ledger.runs import NOW, Light, observation


def written(path: Path, *raw: bytes) -> Observations:
    path.write_bytes(b"".join(each + b"\n" for each in raw))
    return Observations(path)


def changed(**changes: Any) -> bytes:
    line = json.loads(observation("hall", Light(lit=True)).encode()) | changes
    return json.dumps({key: value for key, value in line.items() if value != "DROP"}).encode()


def test_a_line_gives_back_what_the_observation_said() -> None:
    seen = observation("hall", Light(lit=True), calls=("lamp:Look",), inputs=("sha256:1",), artifacts=("sha256:2",))
    line = Line.decode(seen.encode())
    assert (line.kind, line.version, line.subject, line.vantage) == ("lamp.light", 1, "hall", "local")
    assert (line.at, line.took_s, line.probe, line.permission) == (NOW, 0.25, "lamps:look", "connect")
    assert (line.calls, line.inputs, line.artifacts) == (("lamp:Look",), ("sha256:1",), ("sha256:2",))
    assert line.seen
    assert Light.load(line.version, line.data) == Light(lit=True)


def test_a_line_says_which_way_the_look_went_and_one_of_before_does_not() -> None:
    seen = observation("hall", Light(lit=True), way="http://192.0.2.9:3128")
    assert Line.decode(seen.encode()).way == "http://192.0.2.9:3128"
    assert Line.decode(changed(way="DROP")).way == ""


def test_a_look_that_gave_nothing_gives_back_its_reason() -> None:
    nothing = Unseen(reason=Reason.DENIED, text="no right to look", remedy="grant lamp:Look")
    line = Line.decode(observation("hall", nothing).encode())
    assert not line.seen
    assert Unseen.model_validate(line.data) == nothing


@pytest.mark.parametrize(
    "raw",
    [
        changed(facts="DROP"),
        changed(unseen={"reason": "denied", "text": "x", "remedy": ""}),
        changed(version="1"),
        changed(version=-1),
        changed(at="2026-11-24T09:00:00"),
        changed(took_s=None),
        changed(subject="DROP"),
        changed(artifacts="DROP"),
        changed(extra=1),
        changed(facts=[]),
        b"[]",
        b"",
    ],
)
def test_a_line_of_another_shape_is_refused(raw: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 (each says what is wrong in its own words)
        Line.decode(raw)


@given(st.binary(max_size=300))
def test_any_bytes_are_a_line_or_a_value_error(raw: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 (no random bytes are a line)
        Line.decode(raw)


def test_a_line_is_found_by_kind_subject_and_vantage(tmp_path: Path) -> None:
    of = [("hall", "local"), ("hall", "berlin"), ("attic", "local")]
    found = written(tmp_path / "o", *(observation(s, Light(lit=s == "hall"), vantage=v).encode() for s, v in of))
    line = found.line("lamp.light", "attic", "local")
    assert line is not None
    assert (line.subject, line.data) == ("attic", {"lit": False})
    assert found.line("lamp.light", "attic", "berlin") is None
    assert [(each.subject, each.vantage) for each in found.lines()] == of


def test_two_lines_for_one_look_are_refused(tmp_path: Path) -> None:
    found = written(tmp_path / "o", *(observation("hall", Light(lit=lit)).encode() for lit in (False, True)))
    with pytest.raises(LedgerError, match=r"o:2: 'lamp\.light of hall' is recorded twice"):
        found.line("lamp.light", "hall", "local")


def test_a_key_given_twice_is_refused_when_its_line_is_read(tmp_path: Path) -> None:
    raw = observation("hall", Light(lit=False)).encode().replace(b'{"lit":false}', b'{"lit":false,"lit":true}')
    with pytest.raises(LedgerError, match="'lit' is given twice"):
        written(tmp_path / "o", raw).line("lamp.light", "hall", "local")


def test_a_line_that_is_no_observation_is_named_by_number(tmp_path: Path) -> None:
    found = written(tmp_path / "o", observation("hall", Light(lit=True)).encode(), b"{}")
    with pytest.raises(LedgerError, match="o:2 is no observation"):
        found.line("lamp.light", "hall", "local")


def test_a_line_cut_off_by_a_kill_is_left_out_and_told(tmp_path: Path) -> None:
    path = tmp_path / "o"
    whole = observation("hall", Light(lit=True)).encode()
    path.write_bytes(whole + b"\n" + observation("attic", Light(lit=True)).encode()[:50])
    assert cut_off(path)
    assert [line.subject for line in Observations(path).lines()] == ["hall"]
    assert Observations(path).line("lamp.light", "attic", "local") is None


@pytest.mark.parametrize("content", [b"", b"{}\n"])
def test_a_file_that_ends_with_a_line_or_is_empty_is_not_cut_off(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "o").write_bytes(content)
    assert not cut_off(tmp_path / "o")


def test_a_line_beyond_sixteen_mebibytes_is_refused_unread(tmp_path: Path) -> None:
    with (tmp_path / "o").open("wb") as file:
        file.truncate(MAX_LINE * 8)
    with pytest.raises(LedgerError, match="o:1 is longer than"):
        list(lines(tmp_path / "o"))


def test_a_line_of_exactly_sixteen_mebibytes_is_read(tmp_path: Path) -> None:
    (tmp_path / "o").write_bytes(b"x" * MAX_LINE + b"\n")
    assert [len(raw) for _, raw in lines(tmp_path / "o")] == [MAX_LINE]


def test_offsets_are_where_the_lines_begin(tmp_path: Path) -> None:
    (tmp_path / "o").write_bytes(b"ab\n\nc\n")
    assert list(lines(tmp_path / "o")) == [(0, b"ab"), (3, b""), (4, b"c")]


def test_more_than_a_million_lines_are_refused(tmp_path: Path) -> None:
    (tmp_path / "o").write_bytes(b"\n" * (MAX_LINES + 1))
    with pytest.raises(LedgerError, match="has more than 1000000 lines"):
        for _ in lines(tmp_path / "o"):
            pass


def test_an_index_that_is_gone_leaves_no_file_open(tmp_path: Path) -> None:
    path = tmp_path / "o"
    found = written(path, observation("hall", Light(lit=True)).encode())
    assert found.line("lamp.light", "hall", "local") is not None
    assert path in open_files()
    del found
    gc.collect()
    assert path not in open_files()


def open_files() -> set[Path]:
    """What this process has open at the moment; other tests' files may close at any time."""
    return {path.resolve() for path in Path("/proc/self/fd").iterdir()}
