"""Who signs a run, and the public half by which others know the signer.

Ed25519 (RFC 8032) is made on first use; keys brought along may also be ECDSA on P-256, P-384 or P-521, or RSA from
2048 bits.
"""

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from clauseproof.ledger.files import read_bounded
from clauseproof.model.errors import LedgerError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes

PASSPHRASE = "CLAUSEPROOF_KEY_PASSPHRASE"  # noqa: S105
"""Name of the environment variable that opens an encrypted key."""
KEY_FILE = "signing-key.pem"
_LIMIT = 64 * 1024
_CURVES = ("secp256r1", "secp384r1", "secp521r1")
_KINDS = "use Ed25519, ECDSA on P-256, P-384 or P-521, or RSA of 2048 bits or more"


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A public key.

    Attributes:
        der: its SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7).
        keyid: hex SHA-256 of `der`, the fingerprint that people compare.
    """

    der: bytes
    keyid: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "keyid", hashlib.sha256(self.der).hexdigest())

    @property
    def pem(self) -> bytes:
        """The same as PEM."""
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        return self.open().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    @classmethod
    def from_pem(cls, pem: bytes) -> "PublicKey":
        """Read a PEM public key or certificate; ValueError for anything else, a private key included."""
        from cryptography.hazmat.primitives.serialization import load_pem_public_key
        from cryptography.x509 import load_pem_x509_certificate

        if b"PRIVATE KEY" in pem:
            raise ValueError("this is a private key: a verifier needs the public one")
        if b"BEGIN CERTIFICATE" in pem:
            return cls.of(load_pem_x509_certificate(pem).public_key())
        return cls.of(load_pem_public_key(pem))

    @classmethod
    def load(cls, path: Path) -> "PublicKey":
        """Read a file with a PEM public key or certificate; LedgerError if it has none that we can use."""
        try:
            return cls.from_pem(read_bounded(path.resolve(), _LIMIT))
        except (ValueError, _unsupported()) as error:
            raise LedgerError(f"{path} holds no usable public key: {error}", _KINDS) from error

    @classmethod
    def of(cls, key: "PublicKeyTypes") -> "PublicKey":
        """Take a key of `cryptography`; ValueError for kinds that we do not sign with."""
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        _must_be_usable(key)
        return cls(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))

    def open(self) -> "PublicKeyTypes":
        """The key for `cryptography`; ValueError if the bytes are none, or of a kind that we do not sign with."""
        from cryptography.hazmat.primitives.serialization import load_der_public_key

        try:
            key = load_der_public_key(self.der)
        except _unsupported() as error:
            raise ValueError(str(error)) from error
        _must_be_usable(key)
        return key


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key and its public half; never shows the private one."""

    private: "PrivateKeyTypes" = field(repr=False)
    public: PublicKey

    @property
    def keyid(self) -> str:
        """Hex SHA-256 of the public key."""
        return self.public.keyid

    @property
    def public_pem(self) -> bytes:
        """What to give to whoever shall verify."""
        return self.public.pem


def load_or_make_key(state_dir: Path) -> Signer:
    """The installation's own Ed25519 key, made (PEM PKCS #8, mode 0600) when first asked for.

    LedgerError if others may read it. Two processes that start at once get the same key.
    """
    path = state_dir / KEY_FILE
    if not path.exists():
        _make(path)
    mode = path.stat().st_mode & 0o777
    if mode & 0o077:
        raise LedgerError(f"{path} may be read by others (mode {mode:03o})", f"chmod 600 {path}, or make a new key")
    return load_key(path, {})


def load_key(path: Path, environ: Mapping[str, str] | None = None) -> Signer:
    """A private key of one's own, PEM; an encrypted one is opened with `CLAUSEPROOF_KEY_PASSPHRASE`.

    LedgerError if there is no such key, its kind is not one that we sign with, or the passphrase does not open it.
    """
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    pem = read_bounded(path.resolve(), _LIMIT)
    passphrase = _passphrase(path, pem, os.environ if environ is None else environ)
    try:
        private = load_pem_private_key(pem, passphrase)
        return Signer(private, PublicKey.of(private.public_key()))
    except (ValueError, TypeError, _unsupported()) as error:
        told = f"{PASSPHRASE} does not open it" if passphrase else "it is no private key that we can use"
        raise LedgerError(f"{path}: {told}: {error}", _KINDS) from error


def _passphrase(path: Path, pem: bytes, environ: Mapping[str, str]) -> bytes | None:
    if b"ENCRYPTED" not in pem:
        return None
    given = environ.get(PASSPHRASE)
    if not given:
        raise LedgerError(f"{path} is encrypted", f"put its passphrase into the environment variable {PASSPHRASE}")
    return given.encode()


def _make(path: Path) -> None:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")  # mode 0600
        with os.fdopen(handle, "wb") as file:
            file.write(pem)
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):  # whoever links first has made the key; the other uses it
            os.link(name, path)
        Path(name).unlink()
    except OSError as error:
        raise LedgerError(
            f"no signing key can be made at {path}: {error.strerror}", "set CLAUSEPROOF_HOME, or bring a key with --key"
        ) from error


def _must_be_usable(key: object) -> None:
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    usable = (
        isinstance(key, ed25519.Ed25519PublicKey)
        or (isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in _CURVES)
        or (isinstance(key, rsa.RSAPublicKey) and 2048 <= key.key_size <= 8192)
    )
    if not usable:
        raise ValueError(f"{type(key).__name__} is a key that we do not sign with")


def _unsupported() -> type[Exception]:
    from cryptography.exceptions import UnsupportedAlgorithm

    return UnsupportedAlgorithm
