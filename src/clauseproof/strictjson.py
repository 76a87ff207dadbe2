"""JSON with one reading only.

A file may come from somebody who wants two readers to see two things, so everything that parsers disagree
about is refused: a key given twice, NaN and infinities (RFC 8259 section 6 has none), numbers that overflow to
infinity, lone surrogates, text that is not UTF-8, and nesting deeper than pydantic's parser goes (about 200 levels).
"""

import json
import math
from collections.abc import Iterable
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import from_json, to_json

M = TypeVar("M", bound=BaseModel)


def encode(value: Any) -> bytes:
    """Compact JSON with sorted keys, UTF-8: the same bytes for the same value, as everything signed here is written."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def pretty(value: Any) -> bytes:
    """JSON for people, two spaces, keys in the order given, with a final newline."""
    return to_json(value, indent=2) + b"\n"


def decode(raw: bytes) -> Any:
    """Read JSON; ValueError for everything that has no, or more than one, reading."""
    from_json(raw, allow_inf_nan=False)  # bounds the depth, and refuses bad UTF-8 and lone surrogates
    return _READER.decode(raw.decode())


def decode_as(model: type[M], raw: bytes) -> M:
    """Read JSON as a model, no type coerced; ValueError that says which field is wrong."""
    try:
        value = model.model_validate_json(raw, strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise ValueError(f"{'.'.join(map(str, first['loc']))[:200]!a}: {first['msg'][:200]!a}") from error
    _CHECKER.decode(raw.decode())
    return value


def _must_differ(pairs: list[tuple[str, Any]]) -> None:
    if len(dict(pairs)) != len(pairs):
        raise ValueError(f"key {_twice(name for name, _ in pairs)[:100]!a} is given twice")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    _must_differ(pairs)
    return dict(pairs)


def _twice(names: Iterable[str]) -> str:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return ""


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON number")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:40]} is too large for a number")
    return number


_READER = json.JSONDecoder(object_pairs_hook=_once, parse_constant=_refuse, parse_float=_finite)
_CHECKER = json.JSONDecoder(object_pairs_hook=_must_differ, parse_constant=_refuse, parse_float=_finite)
"""Refuses the same and builds nothing."""
