"""AWS JSON 1.1 by botocore's own service model: what a real client may send and what it will understand.

Source: the service models shipped in botocore (`data/kms/2014-11-01/service-2.json`) and the AWS JSON 1.1 protocol.
"""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final

import botocore.session
from botocore.model import (
    ListShape,
    MapShape,
    OperationModel,
    OperationNotFoundError,
    ServiceModel,
    Shape,
    StructureShape,
)

from clauseproof.sandbox.kms.aws.errors import AwsError, validation

LARGEST_REQUEST: Final = 256 * 1024
"""Bytes. The largest legal KMS request carries a policy of 128 KiB."""


@cache
def service(name: str) -> ServiceModel:
    """The model of one AWS service, as the installed botocore has it."""
    return botocore.session.get_session().get_service_model(name)


def operation_model(model: ServiceModel, name: str) -> OperationModel:
    """Raises `AwsError` with code UnknownOperationException."""
    try:
        return model.operation_model(name)
    except OperationNotFoundError as error:
        raise AwsError("UnknownOperationException", "") from error


def decode(shape: Shape | None, body: bytes) -> dict[str, Any]:
    """Read a request.

    Raises `AwsError`: SerializationException for what is no JSON of this shape, ValidationException for values that
    the model forbids.
    """
    try:
        raw = json.loads(body or b"{}")
    except (ValueError, RecursionError) as error:
        raise AwsError("SerializationException", "The request body could not be parsed as JSON.") from error
    if not isinstance(raw, dict):
        raise _unreadable(raw, "structure")
    return _structure(shape, raw, "") if isinstance(shape, StructureShape) else {}


def encode(shape: Shape | None, answer: Mapping[str, Any]) -> bytes:
    """Write an answer. A member that the model does not know is a mistake of the double: `KeyError`."""
    if shape is None:
        return b""
    return json.dumps(_to_json(shape, answer)).encode()


def _to_json(shape: Shape, value: Any) -> Any:
    if isinstance(shape, StructureShape):
        return {name: _to_json(shape.members[name], item) for name, item in value.items() if item is not None}
    if isinstance(shape, ListShape):
        return [_to_json(shape.member, item) for item in value]
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, datetime):
        return value.timestamp()
    return value


def _structure(shape: StructureShape, raw: Any, path: str) -> dict[str, Any]:
    if not isinstance(raw, dict):
        raise _unreadable(raw, "structure")
    given = {name: value for name, value in raw.items() if name in shape.members and value is not None}
    for name in shape.required_members:
        if name not in given:
            raise _breach("null", f"{path}{_lower(name)}", "Member must not be null")
    return {name: _value(shape.members[name], value, f"{path}{_lower(name)}") for name, value in given.items()}


def _value(shape: Shape, raw: Any, path: str) -> Any:
    match shape:
        case StructureShape():
            return _structure(shape, raw, f"{path}.")
        case ListShape():
            return _list(shape, raw, path)
        case MapShape():
            return _map(shape, raw, path)
    return _scalar(shape, raw, path)


def _list(shape: ListShape, raw: Any, path: str) -> list[Any]:
    if not isinstance(raw, list):
        raise _unreadable(raw, "list")
    _within(shape, len(raw), raw, path, "length")
    return [_value(shape.member, item, f"{path}.{i}.member") for i, item in enumerate(raw, 1)]


def _map(shape: MapShape, raw: Any, path: str) -> dict[str, Any]:
    if not isinstance(raw, dict):
        raise _unreadable(raw, "map")
    return {key: _value(shape.value, item, f"{path}.{key}") for key, item in raw.items()}


def _scalar(shape: Shape, raw: Any, path: str) -> Any:
    match shape.type_name:
        case "string":
            return _string(shape, raw, path)
        case "blob":
            return _blob(shape, raw, path)
        case "timestamp":
            return _timestamp(raw)
        case "boolean" if isinstance(raw, bool):
            return raw
        case "integer" | "long" if isinstance(raw, int) and not isinstance(raw, bool):
            _within(shape, raw, raw, path, "value")
            return raw
    raise _unreadable(raw, shape.type_name)


def _string(shape: Shape, raw: Any, path: str) -> str:
    if not isinstance(raw, str):
        raise _unreadable(raw, "string")
    allowed = getattr(shape, "enum", None)
    if allowed and raw not in allowed:
        raise _breach(raw, path, f"Member must satisfy enum value set: [{', '.join(allowed)}]")
    _within(shape, len(raw), raw, path, "length")
    pattern = shape.metadata.get("pattern")
    if pattern and not re.fullmatch(pattern, raw):
        raise _breach(raw, path, f"Member must satisfy regular expression pattern: {pattern}")
    return raw


def _blob(shape: Shape, raw: Any, path: str) -> bytes:
    try:
        blob = base64.b64decode(raw, validate=True)
    except (TypeError, ValueError, binascii.Error) as error:
        raise _unreadable(raw, "blob") from error
    _within(shape, len(blob), "java.nio.HeapByteBuffer", path, "length")
    return blob


def _timestamp(raw: Any) -> datetime:
    try:
        return datetime.fromtimestamp(raw, UTC)
    except (TypeError, ValueError, OverflowError, OSError) as error:
        raise _unreadable(raw, "timestamp") from error


def _within(shape: Shape, size: int, shown: Any, path: str, what: str) -> None:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and size < least:
        raise _breach(shown, path, f"Member must have {what} greater than or equal to {least}")
    if most is not None and size > most:
        raise _breach(shown, path, f"Member must have {what} less than or equal to {most}")


def _breach(value: Any, path: str, constraint: str) -> AwsError:
    shown = str(value)[:200]
    return validation(
        f"1 validation error detected: Value '{shown}' at '{path}' failed to satisfy constraint: {constraint}"
    )


def _unreadable(raw: Any, wanted: str) -> AwsError:
    return AwsError("SerializationException", f"{type(raw).__name__} can not be converted to {wanted}")


def _lower(name: str) -> str:
    return name[:1].lower() + name[1:]
