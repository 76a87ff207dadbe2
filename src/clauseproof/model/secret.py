"""References to secrets. The secret itself is opened only where a probe uses it, and is never written down."""

import re
from typing import Any

from pydantic_core import CoreSchema, core_schema

_REF = re.compile(r"\$\{(env|file|keyring):([^${}]{1,512})\}")


class SecretRef:
    """Where a secret lies: `${env:NAME}`, `${file:PATH}` or `${keyring:SERVICE/USER}`; always a whole value."""

    __slots__ = ("place", "scheme")

    def __init__(self, scheme: str, place: str) -> None:
        self.scheme = scheme
        self.place = place

    @classmethod
    def parse(cls, value: object) -> "SecretRef":
        """Read a reference; anything else is a ValueError that does not repeat what may be a secret."""
        if isinstance(value, cls):
            return value
        match = _REF.fullmatch(str(value).strip())
        if match is None:
            raise ValueError(
                "a secret never stands in a profile: write ${env:NAME}, ${file:PATH} or ${keyring:SERVICE/USER}"
            )
        return cls(match[1], match[2])

    def __str__(self) -> str:
        return f"${{{self.scheme}:{self.place}}}"

    __repr__ = __str__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SecretRef) and str(self) == str(other)

    def __hash__(self) -> int:
        return hash(str(self))

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            cls.parse,
            serialization=core_schema.plain_serializer_function_ser_schema(str, return_schema=core_schema.str_schema()),
            json_schema_input_schema=core_schema.str_schema(pattern=r"^\$\{(env|file|keyring):[^${}]{1,512}\}$"),
        )
