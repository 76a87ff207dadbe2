"""YAML to texts with their places; whatever could hide, unfold or run is refused before it can grow."""

import json
import tracemalloc
from contextlib import suppress
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from clauseproof.profile import tree
from clauseproof.profile.problem import Problems, ProfileErrors
from clauseproof.profile.tree import MAX_BYTES, MAX_DEPTH, MAX_NODES, Node, parse

NO_TOKEN = "this is not YAML: while scanning for the next token, found character that cannot start any token"
TYPED = "every value is typed by its key"
OVERRIDE = "the character U+202E RIGHT-TO-LEFT OVERRIDE is not printable"


def read(text: str | bytes) -> Node:
    problems = Problems("p.yaml")
    root = parse(text if isinstance(text, bytes) else text.encode(), problems)
    problems.raise_any()
    return root


def refusal(text: str | bytes) -> str:
    """The first problem of a file that must be refused."""
    with pytest.raises(ProfileErrors) as refused:
        read(text)
    return str(refused.value.problems[0])


def test_every_scalar_is_its_text() -> None:
    written = "a: 012345678901\nb: 1.10\nc: NO\nd: 2026-11-24\ne: 1_000\nf: 0x1f\ng: 'null'\nh: |\n  one\n  two\n"
    assert read(written).plain() == {
        "a": "012345678901", "b": "1.10", "c": "NO", "d": "2026-11-24", "e": "1_000", "f": "0x1f", "g": "null",
        "h": "one\ntwo\n",
    }  # fmt: skip


def test_a_value_and_its_key_know_their_places() -> None:
    root = read("a:\n  - {b: ü, c: x}\n")
    entry = root.at(["a", 0])
    assert (root.at(["a"]).name, root.at(["a"]).spot) == ((1, 1), (2, 3))
    assert (entry.spot, entry.at(["b"]).name, entry.at(["b"]).spot) == ((2, 5), (2, 6), (2, 9))
    assert entry.at(["c"]).spot == (2, 15)


def test_a_step_that_names_no_node_is_passed_over() -> None:
    root = read("a: {b: x}\n")
    assert root.at(["a", "union-branch", "b"]).text == "x"


def test_a_byte_order_mark_is_no_part_of_the_first_key() -> None:
    assert read("\ufeffa: b\n".encode()).plain() == {"a": "b"}


def test_windows_line_ends_do_not_shift_lines() -> None:
    assert read("a: b\r\nc: d\r\n").at(["c"]).name == (2, 1)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: &x [1]\nb: 2\n", "p.yaml:1:4: the anchor 'x' is refused; write the value out"),
        ("a: *x\n", "p.yaml:1:4: the alias 'x' is refused; write the value out"),
        ("a: !!python/object/apply:os.system ['true']\n",
         f"p.yaml:1:4: the tag 'tag:yaml.org,2002:python/object/apply:os.system' is refused; {TYPED}"),
        ("a: !!str 1\n", f"p.yaml:1:4: the tag 'tag:yaml.org,2002:str' is refused; {TYPED}"),
        ("a: b\na: c\n", "p.yaml:2:1: the key 'a' stands here a second time, first in line 1; keep one of the two"),
        ("a: b\n---\nc: d\n", "p.yaml:2:1: a second document begins here; keep one document in a file"),
        ("? [a]\n: b\n", "p.yaml:1:3: a key must be a word, not a list or mapping"),
        ("", "p.yaml:1:1: the file is empty"),
        ("# nothing\n", "p.yaml:1:1: the file is empty"),
        ("- a\n", "p.yaml:1:1: the file must be a mapping of keys to values"),
        ("a: [b\nc: d\n",
         "p.yaml:2:2: this is not YAML: while parsing a flow sequence, did not find expected ',' or ']'"),
        ("a:\n\t- b\n",
         f"p.yaml:2:1: {NO_TOKEN}"),
    ],
)  # fmt: skip
def test_what_is_no_plain_tree_is_refused_at_its_place(text: str, message: str) -> None:
    assert refusal(text) == message


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("a: ü\n".encode("latin-1"), "p.yaml:1:4: byte 0xfc is not UTF-8; save the file as UTF-8"),
        ("a: b\n".encode("utf-16"), "p.yaml:1:1: byte 0xff is not UTF-8; save the file as UTF-8"),
        (b"a: b\nc: \0\n", "p.yaml:2:4: the character U+0000 is not printable; remove it"),
        (b"a: \x1b[31m\n", "p.yaml:1:4: the character U+001B is not printable; remove it"),
        ("a: x\u202ey\n".encode(), f"p.yaml:1:5: {OVERRIDE}; remove it"),
        ("a: x\u200by\n".encode(), "p.yaml:1:5: the character U+200B ZERO WIDTH SPACE is not printable; remove it"),
        ("a: x\u2028y\n".encode(), "p.yaml:1:5: the character U+2028 LINE SEPARATOR is not printable; remove it"),
        (b'a: "\\x1b[31m"\n', "p.yaml:1:4: the character U+001B is not printable; remove its escape"),
        (b'a: "\\u202e"\n', f"p.yaml:1:4: {OVERRIDE}; remove its escape"),
    ],
)  # fmt: skip
def test_characters_that_deceive_an_editor_or_a_terminal_are_refused(data: bytes, message: str) -> None:
    assert refusal(data) == message


def test_what_a_contract_is_set_in_is_printable() -> None:
    text = "“soft\u00adhyphen”\u00a0– naïve ﬁne"
    assert read(f"a: {text}\n").plain() == {"a": text}


BOMBS = {
    "laughs": "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{chr(ord('a') + i)}: &{chr(ord('a') + i)} [{','.join(['*' + chr(ord('a') + i - 1)] * 9)}]\n"
        for i in range(1, 26)
    ),
    "flow lists": "a: " + "[" * 900_000,
    "flow mappings": "{a: " * 200_000,
    "block lists": "- " * 500_000,
    "block mappings": "".join(" " * i + "a:\n" for i in range(1_400)),
    "values": "a: [" + "x," * 500_000 + "]",
    "keys": "{" + "a: b, " * 170_000 + "}",
    "one anchor": "a: &" + "x" * 1_000_000 + " b",
    "open quotation": 'a: "' + "\\" * 1_000_000,
}  # fmt: skip


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS.keys())
def test_a_bomb_is_refused_before_it_grows(bomb: str) -> None:
    tracemalloc.start()
    try:
        message = refusal(bomb)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(message) < 300
    assert peak < 120 * MAX_BYTES


def test_the_limits_are_those_stated() -> None:
    deep = "a: " + "[" * (MAX_DEPTH - 1) + "x" + "]" * (MAX_DEPTH - 1)
    assert read(deep).text_of("a") is None
    assert refusal("a: " + "[" * MAX_DEPTH) == f"p.yaml:1:{MAX_DEPTH + 3}: the file is nested more than 20 levels deep"
    assert f"more than {MAX_NODES} values" in refusal("a: [" + "x," * MAX_NODES + "]")
    assert len(read(b"a: b #" + b"x" * (MAX_BYTES - 6)).plain()) == 1
    assert refusal(b"a: b #" + b"x" * (MAX_BYTES - 5)) == (
        f"p.yaml:1:1: the file has {MAX_BYTES + 1} bytes, more than {MAX_BYTES}; split it"
    )


TREES = st.recursive(
    st.text(st.characters(codec="utf-8", exclude_categories=("C", "Zl", "Zp")), min_size=1),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.from_regex(r"[a-z]{1,8}", fullmatch=True), inner),
    max_leaves=20,
)


@given(st.dictionaries(st.from_regex(r"[a-z]{1,8}", fullmatch=True), TREES, min_size=1))
def test_what_was_written_is_what_is_read(value: dict[str, Any]) -> None:
    assert read(json.dumps(value, ensure_ascii=False)).plain() == value


@given(st.text(st.sampled_from("ab:-[]{},&*!|>'\"#%@?\n \t"), max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(ProfileErrors):
        assert isinstance(read(text).plain(), dict)


def test_the_loader_without_c_reads_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    written = "a:\n  - {b: 'x', c: y}\n  - z\nd: \"\\u00fc\"\ne: >\n  f\n  g\n"
    fast = read(written)
    monkeypatch.setattr(tree, "_LOADER", yaml.SafeLoader)
    slow = read(written)
    assert fast.plain() == slow.plain()
    places: list[list[int | str]] = [["a", 0, "b"], ["a", 0, "c"], ["a", 1], ["d"], ["e"]]
    for loc in places:
        assert (fast.at(loc).spot, fast.at(loc).name) == (slow.at(loc).spot, slow.at(loc).name)
