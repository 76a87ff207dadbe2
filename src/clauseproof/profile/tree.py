"""YAML to a tree of texts, each with its line and column.

Rules, kept while the file is read, so that no hostile file can grow first: at most 1 MiB of printable UTF-8, 20 levels
and 250,000 nodes; no anchors or aliases (a few lines of them unfold to gigabytes), no tags, one document, no key twice.
Every scalar stays the text that was written: an account `012345678901` is no number and `NO` is Norway.

The parser's events are read one by one, not its composed nodes: a bomb is refused at its first line instead of after it
was unfolded, and it takes a third of the time.
"""

import unicodedata
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import yaml

from clauseproof.profile.problem import Problems, Spot, quote

MAX_BYTES = 1 << 20
MAX_DEPTH = 20
MAX_NODES = 250_000

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NOTHING = frozenset({"", "~", "null", "Null", "NULL"})
_INVISIBLE_BUT_FINE = frozenset("\t\n\r\u00ad\u200c\u200d")


class Node:
    """A text, list or mapping of the file.

    Attributes:
        value: str, list of nodes, or dict of nodes by key.
        spot: where the value begins.
        name: where the key that leads to it stands; the value's own place for list entries and the root.
    """

    __slots__ = ("name", "spot", "value")

    def __init__(self, value: "str | list[Node] | dict[str, Node]", spot: Spot) -> None:
        self.value = value
        self.spot = spot
        self.name = spot

    @property
    def text(self) -> str | None:
        """The text of a scalar, None for a list or mapping."""
        return self.value if isinstance(self.value, str) else None

    def get(self, key: str) -> "Node | None":
        """A mapping's member; None if there is none, or this is no mapping."""
        return self.value.get(key) if isinstance(self.value, dict) else None

    def text_of(self, key: str) -> str | None:
        """The text of a mapping's member, if it is there and is a text."""
        member = self.get(key)
        return None if member is None else member.text

    def members(self) -> "Iterable[tuple[str, Node]]":
        """Keys and values of a mapping; nothing for anything else."""
        return self.value.items() if isinstance(self.value, dict) else ()

    def entries(self) -> "list[Node]":
        """Entries of a list; nothing for anything else."""
        return self.value if isinstance(self.value, list) else []

    def at(self, loc: Iterable[int | str]) -> "Node":
        """The node pydantic's `loc` points to; steps that name no node (a union's branch) are passed over."""
        here = self
        for step in loc:
            value = here.value
            if isinstance(value, dict):
                here = value.get(str(step), here)
            elif isinstance(value, list) and isinstance(step, int) and step < len(value):
                here = value[step]
        return here

    def plain(self) -> Any:
        """The same as nested dict, list and str."""
        value = self.value
        if isinstance(value, str):
            return value
        if isinstance(value, dict):
            return {key: node.plain() for key, node in value.items()}
        return [node.plain() for node in value]


def parse(data: bytes, problems: Problems) -> Node:
    """Read a YAML file whose root is a mapping; ProfileErrors where it cannot be read at all.

    Faults that leave the rest readable (a key twice, an empty value, a tag) go to `problems`.
    """
    text = _decode(data, problems)
    try:
        root = _Builder(problems).build(yaml.parse(text, Loader=_LOADER))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        spot = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        said = ", ".join(part for part in (error.context, error.problem) if part)
        raise problems.fatal(spot, f"this is not YAML: {said}") from error
    except yaml.YAMLError as error:
        raise problems.fatal((1, 1), f"this is not YAML: {quote(str(error))}") from error
    if not isinstance(root.value, dict):
        raise problems.fatal(root.spot, "the file must be a mapping of keys to values")
    return root


def _decode(data: bytes, problems: Problems) -> str:
    if len(data) > MAX_BYTES:
        raise problems.fatal((1, 1), f"the file has {len(data)} bytes, more than {MAX_BYTES}", "split it")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8-sig", "replace")
        what = f"byte 0x{data[error.start]:02x} is not UTF-8"
        raise problems.fatal(_spot_after(before), what, "save the file as UTF-8") from None
    for char in _unprintable(text):
        problems.add(_spot_after(text[: text.index(char)]), f"{_spell(char)} is not printable", advice="remove it")
    problems.raise_any()
    return text


def _unprintable(text: str) -> list[str]:
    """The characters that an editor would hide, reorder or obey; white space, soft hyphens and joiners are fine."""
    return sorted(
        char
        for char in set(text)
        if not (char.isprintable() or char in _INVISIBLE_BUT_FINE or unicodedata.category(char) == "Zs")
    )


def _spell(char: str) -> str:
    return f"the character U+{ord(char):04X} {unicodedata.name(char, '')}".rstrip()


def _spot_after(before: str) -> Spot:
    lines = before.split("\n")
    return len(lines), len(lines[-1]) + 1


class _Builder:
    """Turns parser events into nodes, without recursion."""

    def __init__(self, problems: Problems) -> None:
        self._problems = problems
        self._open: list[tuple[Node, tuple[str, Spot] | None]] = []
        """Collections not yet ended, each with the key whose value it waits for."""
        self._root: Node | None = None
        self._nodes = 0
        self._take: dict[type, Callable[[Any], None]] = {
            yaml.ScalarEvent: self._scalar,
            yaml.MappingStartEvent: lambda event: self._start(event, {}),
            yaml.SequenceStartEvent: lambda event: self._start(event, []),
            yaml.MappingEndEvent: lambda event: self._end(),
            yaml.SequenceEndEvent: lambda event: self._end(),
            yaml.AliasEvent: self._refuse_alias,
            yaml.DocumentStartEvent: self._refuse_second,
        }

    def build(self, events: Iterator[Any]) -> Node:
        for event in events:
            take = self._take.get(type(event))
            if take is not None:
                take(event)
        if self._root is None:
            raise self._problems.fatal((1, 1), "the file is empty")
        return self._root

    def _scalar(self, event: Any) -> None:
        spot = self._check(event)
        value: str = event.value
        if event.style == '"' and (hidden := _unprintable(value)):
            self._problems.add(spot, f"{_spell(hidden[0])} is not printable", advice="remove its escape")
        if not self._awaits_key():
            if not event.style and value in _NOTHING:
                self._refuse_nothing(spot, value)
            self._put(Node(value, spot))
            return
        node, _ = self._open[-1]
        self._open[-1] = node, (value, spot)

    def _start(self, event: Any, empty: "dict[str, Node] | list[Node]") -> None:
        spot = self._check(event)
        if self._awaits_key():
            raise self._problems.fatal(spot, "a key must be a word, not a list or mapping")
        if len(self._open) >= MAX_DEPTH:
            raise self._problems.fatal(spot, f"the file is nested more than {MAX_DEPTH} levels deep")
        self._open.append((Node(empty, spot), None))

    def _end(self) -> None:
        node, _ = self._open.pop()
        self._put(node)

    def _put(self, node: Node) -> None:
        if not self._open:
            self._root = node
            return
        holder, key = self._open[-1]
        if isinstance(holder.value, list):
            holder.value.append(node)
        elif key is not None and isinstance(holder.value, dict):
            self._open[-1] = holder, None
            node.name = key[1]
            first = holder.value.setdefault(key[0], node)
            if first is not node:
                what = f"the key {quote(key[0])} stands here a second time, first in line {first.name[0]}"
                self._problems.add(node.name, what, value=key[0], advice="keep one of the two")

    def _awaits_key(self) -> bool:
        return bool(self._open) and self._open[-1][1] is None and isinstance(self._open[-1][0].value, dict)

    def _check(self, event: Any) -> Spot:
        spot = _spot_of(event)
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise self._problems.fatal(spot, f"the file has more than {MAX_NODES} values", "split it")
        if event.anchor is not None:
            raise self._problems.fatal(spot, f"the anchor {quote(event.anchor)} is refused", "write the value out")
        if event.tag is not None:
            self._problems.add(spot, f"the tag {quote(event.tag)} is refused", advice="every value is typed by its key")
        return spot

    def _refuse_nothing(self, spot: Spot, value: str) -> None:
        key = self._open[-1][1] if self._open else None
        what = f"{quote(key[0])} has no value" if key else "this has no value"
        advice = f"remove it, or write {quote(value)} in quotation marks if that text is meant"
        self._problems.add(spot, what, value=value, advice=advice)

    def _refuse_alias(self, event: Any) -> None:
        raise self._problems.fatal(
            _spot_of(event), f"the alias {quote(event.anchor)} is refused", "write the value out"
        )

    def _refuse_second(self, event: Any) -> None:
        if self._root is not None:
            raise self._problems.fatal(_spot_of(event), "a second document begins here", "keep one document in a file")


def _spot_of(event: Any) -> Spot:
    mark = event.start_mark
    return mark.line + 1, mark.column + 1
