"""The JSON Schema of profiles, for editors that complete and check YAML while it is written.

Scalars are typed as such an editor types them: what we read as text may look like a number to it.
"""

import inspect
import json
import re
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from clauseproof.engine.registry import Registry
from clauseproof.model.assurance import Assurance
from clauseproof.profile.draft import Draft

_REF = "#/$defs/{model}"
_TEXT: dict[str, Any] = {"type": ["string", "number", "boolean"]}
_DURATION = (
    r"^\s*(P[0-9.DHMSTW]+|[0-9]+(\.[0-9]+)?\s*"
    r"(ms|milliseconds?|s|secs?|seconds?|mins?|minutes?|h|hours?|days?|weeks?))\s*$"
)
_RESERVED: dict[str, Any] = {
    "where": {
        "description": "The subjects this claim is about, by their names.",
        "anyOf": [{"type": "array", "items": _TEXT, "minItems": 1, "uniqueItems": True}, _TEXT],
    },
    "words": {"description": "The words of the promise that this claim tests.", **_TEXT},
}
_ATTRIBUTE = re.compile(r"    (\w+)(?:, \w+)*: (.*(?:\n {8}.*)*)")


class _ForEditors(GenerateJsonSchema):
    """Without what a profile cannot say (null), and with each key's own line of the docstring."""

    def str_schema(self, schema: core_schema.StringSchema) -> JsonSchemaValue:
        return super().str_schema(schema) | _TEXT

    def timedelta_schema(self, schema: core_schema.TimedeltaSchema) -> JsonSchemaValue:
        return {"type": "string", "pattern": _DURATION, "examples": ["15 min", "90 days", "PT15M"]}

    def enum_schema(self, schema: core_schema.EnumSchema) -> JsonSchemaValue:
        if schema["cls"] is Assurance:
            return {"type": "string", "enum": [str(level) for level in Assurance]}
        return super().enum_schema(schema)

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        made = super().default_schema(schema)
        if isinstance(schema.get("default"), Assurance):
            made["default"] = str(schema["default"])
        elif made.get("default") in (None, [], {}) or isinstance(schema.get("default"), BaseModel):
            made.pop("default", None)
        return made

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        made = super().model_schema(schema)
        made["description"] = _docstring(schema["cls"]).partition("\n\nAttributes:\n")[0]
        properties = made.get("properties", {})
        for key, words in _attributes(schema["cls"]):
            if key in properties:
                properties[key]["description"] = words
        return made

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def _docstring(cls: type) -> str:
    return inspect.cleandoc(cls.__doc__ or "")


def _attributes(cls: type[BaseModel]) -> Iterator[tuple[str, str]]:
    """What the docstrings of a class and its bases say of each key."""
    for base in reversed(cls.__mro__):
        attributes = _docstring(base).partition("\n\nAttributes:\n")[2]
        for name, words in _ATTRIBUTE.findall(attributes):
            info = cls.model_fields.get(name)
            yield (info.alias or name) if info else name, " ".join(words.split())


def profile_schema(registry: Registry) -> dict[str, Any]:
    """The schema of a profile that uses the claims and subjects of a registry."""
    defs: dict[str, Any] = {}
    schema = _model(Draft, defs)
    pattern = next(iter(schema["properties"]["subjects"].pop("patternProperties")))
    schema["properties"]["subjects"] |= {
        "propertyNames": {"pattern": pattern},
        "additionalProperties": {"anyOf": _subjects(registry, defs)},
    }
    defs["ClauseDraft"]["properties"]["claims"]["items"] = _claims(registry, defs)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "clauseproof profile",
        "$defs": dict(sorted(defs.items())),
    }


def spell_schema(registry: Registry) -> str:
    """The schema as its file holds it."""
    return json.dumps(profile_schema(registry), indent=2, ensure_ascii=False) + "\n"


def _model(cls: type[BaseModel], defs: dict[str, Any]) -> dict[str, Any]:
    """The schema of one class; the classes it refers to go to `defs`."""
    schema = cls.model_json_schema(schema_generator=_ForEditors, ref_template=_REF)
    defs.update(schema.pop("$defs", {}))
    return schema


def _subjects(registry: Registry, defs: dict[str, Any]) -> list[dict[str, str]]:
    """Each class of subjects, told apart by the word that it requires."""
    refs: list[dict[str, str]] = []
    for word, classes in sorted(registry.subjects.items()):
        for cls in sorted(classes, key=lambda cls: cls.__name__):
            name = f"subject.{word}.{cls.__name__}"
            defs[name] = _model(cls, defs)
            defs[name]["required"] = sorted({word, *defs[name].get("required", ())})
            refs.append({"$ref": _REF.format(model=name)})
    return refs


def _claims(registry: Registry, defs: dict[str, Any]) -> dict[str, Any]:
    """One entry of `claims`: a mapping with one claim kind."""
    for kind, check in registry.checks.items():
        schema = _model(check.claim, defs)
        schema["properties"] = {**_RESERVED, **schema.get("properties", {})}
        schema["required"] = ["where", *schema.get("required", ())]
        schema["title"] = kind
        defs[f"claim.{kind}"] = schema
    return {
        "type": "object",
        "properties": {kind: {"$ref": _REF.format(model=f"claim.{kind}")} for kind in sorted(registry.checks)},
        "additionalProperties": False,
        "minProperties": 1,
        "maxProperties": 1,
    }
