"""JSON as people read it: what fits in a line stands in one line."""

import json
from collections.abc import Iterator

_WIDTH = 72
_flat = json.JSONEncoder(
    ensure_ascii=False
).encode  # `json.dumps` would make an encoder for each of thousands of pieces


def excerpt(value: object, limit: int) -> tuple[str, bool]:
    """The beginning of a value as JSON, at most `limit` characters and a piece; and whether that is all of it."""
    pieces: list[str] = []
    length = 0
    for piece in _pieces(value, 0):
        if length + len(piece) > limit:
            room = max(0, limit - length)
            return "".join((*pieces, piece[:room])), False
        pieces.append(piece)
        length += len(piece)
    return "".join(pieces), True


def _pieces(value: object, depth: int) -> Iterator[str]:
    flat = _flat(value)
    if not isinstance(value, dict | list) or len(flat) + depth <= _WIDTH:
        yield flat
        return
    opening, closing = ("{", "}") if isinstance(value, dict) else ("[", "]")
    members = value.items() if isinstance(value, dict) else (("", member) for member in value)
    before = f"{opening}\n"
    for name, member in members:
        yield before + " " * (depth + 2) + (f"{_flat(name)}: " if opening == "{" else "")
        yield from _pieces(member, depth + 2)
        before = ",\n"
    yield f"\n{' ' * depth}{closing}"
