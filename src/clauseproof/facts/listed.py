"""Texts that a profile may write alone or as a list."""

from typing import Annotated

from pydantic import BeforeValidator, Field


def listed(value: object) -> object:
    """A text as a list of itself; anything else as it is."""
    return (value,) if isinstance(value, str) else value


Listed = Annotated[
    tuple[Annotated[str, Field(min_length=1, max_length=300)], ...],
    BeforeValidator(listed, json_schema_input_type=str | list[str]),
    Field(min_length=1),
]
"""One text, or a list of at least one."""
