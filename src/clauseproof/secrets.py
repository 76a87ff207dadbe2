"""Opens references to secrets, only when a probe or a way back asks. The text goes there and nowhere else."""

import importlib
import os
from pathlib import Path

from clauseproof.model.errors import Denied, ExtraMissing
from clauseproof.model.secret import SecretRef

_LIMIT = 64 * 1024


def reveal(ref: SecretRef, base: Path) -> str:
    """The secret behind a reference; `${file:...}` is relative to `base`. Denied or ExtraMissing name the reference."""
    if ref.scheme == "env":
        value = os.environ.get(ref.place)
        if value is None:
            raise Denied(f"{ref} is not set", f"set the environment variable {ref.place}")
        return value
    if ref.scheme == "file":
        return _from_file(ref, base)
    return _from_keyring(ref)


def _from_file(ref: SecretRef, base: Path) -> str:
    try:
        with (base / ref.place).open("rb") as file:
            data = file.read(_LIMIT + 1)
        if len(data) > _LIMIT:
            raise Denied(f"{ref} holds more than {_LIMIT} bytes", "put the secret alone into the file")
        return data.decode().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Denied(f"{ref} cannot be read: {error.__class__.__name__}", f"make {ref.place} readable") from error


def _from_keyring(ref: SecretRef) -> str:
    try:
        keyring = importlib.import_module("keyring")
    except ImportError as error:
        raise ExtraMissing(f"{ref} needs the keyring package", "pip install keyring") from error
    service, _, user = ref.place.partition("/")
    try:
        value = keyring.get_password(service, user)
    except Exception as error:  # each platform's keyring has errors of its own, and the way back must outlive them all
        raise Denied(f"the platform's keyring did not open {ref}: {type(error).__name__}", "unlock it") from error
    if not isinstance(value, str):
        raise Denied(f"{ref} is not in the platform's keyring", f"keyring set {service} {user}")
    return value
