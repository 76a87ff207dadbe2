"""The frame around what a key sealed: which key and which of its materials can open it."""

from dataclasses import dataclass
from typing import Final

from clauseproof.sandbox.kms.secret import Undecryptable

_FORMAT: Final = 1
_LONGEST_NAME: Final = 255


@dataclass(frozen=True)
class Ciphertext:
    """What AWS and Google return from Encrypt: the callers see bytes, the service finds its key in them.

    Layout: one byte of format, then key name and material id each with one byte of length, then the sealed bytes.
    """

    key: str
    material: str
    sealed: bytes

    def to_bytes(self) -> bytes:
        """The frame in bytes."""
        names = b"".join(bytes([len(name)]) + name for name in (self.key.encode(), self.material.encode()))
        return bytes([_FORMAT]) + names + self.sealed

    @classmethod
    def from_bytes(cls, blob: bytes) -> "Ciphertext":
        """Raises `Undecryptable` for bytes that no double made."""
        if blob[:1] != bytes([_FORMAT]):
            raise Undecryptable
        key, rest = _name(blob[1:])
        material, sealed = _name(rest)
        return cls(key, material, sealed)

    def __post_init__(self) -> None:
        if max(len(self.key.encode()), len(self.material.encode())) > _LONGEST_NAME:
            raise ValueError("a key's and a material's name take at most 255 bytes in a ciphertext")


def _name(blob: bytes) -> tuple[str, bytes]:
    if not blob or len(blob) < 1 + blob[0]:
        raise Undecryptable
    try:
        return blob[1 : 1 + blob[0]].decode(), blob[1 + blob[0] :]
    except UnicodeDecodeError as error:
        raise Undecryptable from error
