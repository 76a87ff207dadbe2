"""Pydantic's errors in the words of whoever wrote the file, at their line and column.

A value is never repeated where the schema expects a secret reference: what stands there may be the secret itself.
"""

from collections.abc import Mapping
from enum import Enum
from types import UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from clauseproof.model.jurisdiction import Atlas, UnknownJurisdiction
from clauseproof.model.secret import SecretRef
from clauseproof.profile.problem import Problems, quote
from clauseproof.profile.tree import Node

M = TypeVar("M", bound=BaseModel)

_LIMITS = {
    "less_than_equal": "is more than {le}",
    "less_than": "is not less than {lt}",
    "greater_than_equal": "is less than {ge}",
    "greater_than": "is not more than {gt}",
    "string_too_short": "has fewer than {min_length} characters",
    "string_too_long": "has more than {max_length} characters",
    "string_pattern_mismatch": "does not have the form {pattern}",
    "too_short": "has fewer than {min_length} entries",
    "too_long": "has more than {max_length} entries",
}
_SHAPES = {
    "dict_type": "a mapping of keys to values",
    "mapping_type": "a mapping of keys to values",
    "model_type": "a mapping of keys to values",
    "model_attributes_type": "a mapping of keys to values",
    "list_type": "a list",
    "tuple_type": "a list",
    "string_type": "a text",
    "int_parsing": "a whole number",
    "int_type": "a whole number",
    "float_parsing": "a number",
    "float_type": "a number",
    "bool_parsing": "true or false",
    "bool_type": "true or false",
}


def validate(
    model: type[M], node: Node, problems: Problems, *, without: tuple[str, ...] = (), atlas: Atlas | None = None
) -> M | None:
    """The node as a model; None, and its faults in `problems`, if it is not one.

    Keys in `without` are left to the caller. Names of jurisdictions must be known to the `atlas`.
    """
    plain = node.plain()
    if isinstance(plain, dict):
        plain = {key: value for key, value in plain.items() if key not in without}
    try:
        return model.model_validate(plain, context={"atlas": atlas})
    except ValidationError as error:
        for one in error.errors(include_url=False):
            _explain(one, model, node, problems, without)
        return None


def _explain(one: Any, model: type[BaseModel], root: Node, problems: Problems, reserved: tuple[str, ...]) -> None:
    loc: tuple[int | str, ...] = one["loc"]
    kind: str = one["type"]
    if kind == "missing":
        problems.add(root.at(loc[:-1]).spot, f"{loc[-1]!r} is missing")
        return
    if kind == "extra_forbidden":
        key, choices = str(loc[-1]), _keys(model, loc[:-1])
        choices += reserved if len(loc) == 1 else ()
        problems.add(root.at(loc).name, f"unknown key {quote(key)}", value=key, choices=choices)
        return
    node = root.at(loc)
    in_key = loc[-1:] == ("[key]",)
    spot = node.name if in_key else node.spot
    if problems.has(spot):
        return
    annotation = _annotation_at(model, loc)
    value = None if _may_be_secret(annotation) else str(loc[-2]) if in_key else node.text
    what, unknown = _sentence(one, kind, value), one.get("ctx", {}).get("error")
    if isinstance(unknown, UnknownJurisdiction):
        problems.add(spot, what, value=value, choices=unknown.choices, advice=unknown.advice)
    else:
        problems.add(spot, what, value=value, choices=_choices(annotation))


def _sentence(one: Any, kind: str, value: str | None) -> str:
    """What is wrong, in one sentence."""
    shown = "this" if value is None else quote(value)
    said: str = one["msg"]
    if kind == "value_error":
        return str(one["ctx"]["error"])
    if kind in _SHAPES:
        return f"{shown} is not {_SHAPES[kind]}"
    if kind in _LIMITS:
        return f"{shown} {_LIMITS[kind].format_map(one['ctx'])}"
    if kind in ("enum", "literal_error"):
        return f"{shown} is none of {one['ctx']['expected']}"
    return f"{shown}: {said[:1].lower()}{said[1:]}"


def _choices(annotation: Any) -> list[str]:
    """The values that are right, where the type has few of them."""
    found: list[str] = []
    for option in _options(annotation):
        if isinstance(option, type) and issubclass(option, Enum):
            found += [str(member) for member in option]
        elif get_origin(option) is Literal:
            found += [str(value) for value in get_args(option)]
    return found


def _keys(model: type[BaseModel], loc: tuple[int | str, ...]) -> list[str]:
    """The keys that a mapping at `loc` may have."""
    return [
        info.alias or name
        for option in _options(_annotation_at(model, loc))
        if isinstance(option, type) and issubclass(option, BaseModel)
        for name, info in option.model_fields.items()
    ]


def _annotation_at(model: type[BaseModel], loc: tuple[int | str, ...]) -> Any:
    """The type that the schema has at `loc`; where a step cannot be followed, the last one that could."""
    here: Any = model
    for step in loc:
        inner = next((found for option in _options(here) if (found := _member(option, step)) is not None), None)
        here = here if inner is None else inner
    return here


def _member(option: Any, step: int | str) -> Any:
    if isinstance(option, type) and issubclass(option, BaseModel):
        fields = option.model_fields.items()
        return next((info.annotation for name, info in fields if step in (name, info.alias)), None)
    origin, args = get_origin(option), get_args(option)
    if origin in (list, tuple) and isinstance(step, int):
        return args[0]
    if isinstance(origin, type) and issubclass(origin, Mapping) and step != "[key]":
        return args[1]
    return None


def _options(annotation: Any) -> list[Any]:
    """The members of a union, the inside of an Annotated; anything else alone."""
    origin = get_origin(annotation)
    if origin in (Union, UnionType):
        return [option for member in get_args(annotation) for option in _options(member)]
    if origin is Annotated:
        return _options(get_args(annotation)[0])
    return [annotation]


def _may_be_secret(annotation: Any, seen: frozenset[Any] = frozenset()) -> bool:
    """Whether a secret reference is expected here or anywhere below."""
    if annotation is SecretRef:
        return True
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        fields = [] if annotation in seen else list(annotation.model_fields.values())
        return any(_may_be_secret(info.annotation, seen | {annotation}) for info in fields)
    return any(_may_be_secret(arg, seen) for arg in get_args(annotation))
