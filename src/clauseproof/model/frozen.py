"""The base of everything that is written down: immutable, strict about unknown keys, JSON both ways."""

from pydantic import BaseModel, ConfigDict


class Frozen(BaseModel):
    """An immutable value. Unknown keys and infinite numbers are errors; bytes travel as base64 in JSON."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        allow_inf_nan=False,
        ser_json_bytes="base64",
        val_json_bytes="base64",
        ser_json_timedelta="iso8601",
    )
