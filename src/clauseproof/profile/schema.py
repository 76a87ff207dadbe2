"""The JSON Schema of profiles, for editors: `python -m clauseproof.profile.schema > profiles/schema.json`."""

import inspect
import json
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from clauseproof.engine.registry import Registry
from clauseproof.model.assurance import Assurance
from clauseproof.model.subject import Subject
from clauseproof.profile.draft import Draft

_DEFS = "#/$defs/"
_DURATION = (
    r"^\s*(P[0-9.DHMSTW]+|[0-9]+(\.[0-9]+)?\s*"
    r"(ms|milliseconds?|s|secs?|seconds?|mins?|minutes?|h|hours?|days?|weeks?))\s*$"
)


class _ForEditors(GenerateJsonSchema):
    """Scalars as an editor's YAML reader types them: what we read as text may look like a number to it."""

    def str_schema(self, schema: core_schema.StringSchema) -> JsonSchemaValue:
        return {**super().str_schema(schema), "type": ["string", "number", "boolean"]}

    def timedelta_schema(self, schema: core_schema.TimedeltaSchema) -> JsonSchemaValue:
        return {"type": "string", "pattern": _DURATION, "examples": ["15 min", "90 days", "PT15M"]}

    def enum_schema(self, schema: core_schema.EnumSchema) -> JsonSchemaValue:
        if schema["cls"] is Assurance:
            return {"type": "string", "enum": [str(level) for level in Assurance]}
        return super().enum_schema(schema)


def profile_schema(registry: Registry) -> dict[str, Any]:
    """The schema of a profile that uses the claims and subjects of a registry."""
    schema = Draft.model_json_schema(schema_generator=_ForEditors, ref_template=_DEFS + "{model}")
    defs: dict[str, Any] = schema.pop("$defs")
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **_described(schema, Draft)}
    schema["title"] = "clauseproof profile"
    for word, classes in sorted(registry.subjects.items()):
        for cls in classes:
            defs[f"subject.{word}.{cls.__name__}"] = _subject(word, cls, defs)
    subjects = [{"$ref": _DEFS + name} for name in sorted(defs) if name.startswith("subject.")]
    schema["properties"]["subjects"]["additionalProperties"] = {"anyOf": subjects} if subjects else False
    defs["claim"] = _claims(registry, defs)
    defs["ClauseDraft"] = _described(defs["ClauseDraft"], None)
    defs["ClauseDraft"]["properties"]["claims"]["items"] = {"$ref": _DEFS + "claim"}
    return {**schema, "$defs": dict(sorted(defs.items()))}


def _model(cls: type[BaseModel], defs: dict[str, Any]) -> dict[str, Any]:
    """The schema of one class; the classes it refers to go to `defs`."""
    schema = cls.model_json_schema(schema_generator=_ForEditors, ref_template=_DEFS + "{model}")
    defs.update(schema.pop("$defs", {}))
    return _described(schema, cls)


def _described(schema: dict[str, Any], cls: type[BaseModel] | None) -> dict[str, Any]:
    if cls is not None and cls.__doc__:
        schema["description"] = inspect.cleandoc(cls.__doc__)
    return schema


def _subject(word: str, cls: type[Subject], defs: dict[str, Any]) -> dict[str, Any]:
    schema = _model(cls, defs)
    schema["required"] = sorted({word, *schema.get("required", ())})
    return schema


def _claims(registry: Registry, defs: dict[str, Any]) -> dict[str, Any]:
    """One entry of `claims`: a mapping with one claim kind."""
    properties: dict[str, Any] = {}
    for kind, check in sorted(registry.checks.items()):
        schema = _model(check.claim, defs)
        schema["properties"] = {**_RESERVED, **schema.get("properties", {})}
        schema["required"] = ["where", *schema.get("required", ())]
        schema["title"] = kind
        defs[f"claim.{kind}"] = schema
        properties[kind] = {"$ref": f"{_DEFS}claim.{kind}"}
    return {
        "type": "object",
        "description": "One claim: its kind, and beneath it the subjects, the words it tests, and its own keys.",
        "properties": properties,
        "additionalProperties": False,
        "minProperties": 1,
        "maxProperties": 1,
    }


_NAME = {"type": ["string", "number", "boolean"]}
_RESERVED: dict[str, Any] = {
    "where": {
        "description": "The subjects this claim is about, by their names.",
        "anyOf": [{"type": "array", "items": _NAME, "minItems": 1, "uniqueItems": True}, _NAME],
    },
    "words": {"description": "The words of the promise that this claim tests.", **_NAME},
}


def spell_schema(registry: Registry) -> str:
    """The schema as the file holds it."""
    return json.dumps(profile_schema(registry), indent=2, ensure_ascii=False) + "\n"
