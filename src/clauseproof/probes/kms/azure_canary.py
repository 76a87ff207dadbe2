"""Our own canary under one version of a key: sealed with the public part, or by the service, opened by the service.

Everything the service is meant to do goes to the service as a call of our own. The client library's CryptographyClient
does public operations by itself, which "succeed" on a disabled key, and wraps under a random key of its own making
where a symmetric key shows it no material.
"""

import base64
import binascii
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from clauseproof.model.errors import EvidenceRejected, Unknowable
from clauseproof.model.frozen import Frozen
from clauseproof.probes.kms.azure_api import AzureApi, word

if TYPE_CHECKING:
    from azure.keyvault.keys import KeyClient, KeyVaultKey

_RSA = "RSA-OAEP-256"
_GCM = "A256GCM"
_KW = "A256KW"
_VERBS = {"KeyUnwrap": "unwrapkey", "KeyDecrypt": "decrypt", "KeyWrap": "wrapkey", "KeyEncrypt": "encrypt"}


class Pair(NamedTuple):
    """How a kind of key seals and opens: the operations, and the algorithm (Key Vault REST reference, "Decrypt")."""

    seals: str
    opens: str
    algorithm: str


class Sealed(Frozen):
    """A canary under one version: what to send to have it opened."""

    version: str
    operation: str
    body: dict[str, str]


class Canaries(Frozen):
    """One canary for each of several versions of a key."""

    sealed: tuple[Sealed, ...]


def pair_for(key: "KeyVaultKey") -> Pair:
    """How this key seals and opens; Unknowable for one that does neither."""
    kind = word(key.key_type).removesuffix("-HSM")
    allowed = {word(operation) for operation in key.key_operations or ()}
    if kind == "RSA" and "unwrapKey" in allowed:
        return Pair("KeyWrap", "KeyUnwrap", _RSA)
    if kind == "RSA" and "decrypt" in allowed:
        return Pair("KeyEncrypt", "KeyDecrypt", _RSA)
    if kind == "oct" and {"encrypt", "decrypt"} <= allowed:
        return Pair("KeyEncrypt", "KeyDecrypt", _GCM)
    if kind == "oct" and {"wrapKey", "unwrapKey"} <= allowed:
        return Pair("KeyWrap", "KeyUnwrap", _KW)
    shown = ", ".join(sorted(allowed)) or "nothing"
    raise Unknowable(
        f"{key.id} is a key of kind {kind} for {shown}; the drill wraps and unwraps, or encrypts and decrypts",
        "name the key that protects the data",
    )


def seal(api: AzureApi, key: "KeyVaultKey", text: bytes) -> Sealed:
    """Seal a canary under the version that `key` is. Raises LookFailed."""
    pair, version = pair_for(key), str(key.properties.version)
    if pair.algorithm == _RSA:
        value = _encode(_sealed_here(key, text))
        return Sealed(version=version, operation=pair.opens, body={"alg": _RSA, "value": value})
    asked = {"alg": pair.algorithm, "value": _encode(text)}
    answer = api.call(pair.seals, lambda client: _post(client, api.reach.name, version, pair.seals, asked))
    more = {name: str(answer[name]) for name in ("value", "iv", "tag") if answer.get(name)}
    return Sealed(version=version, operation=pair.opens, body={"alg": pair.algorithm, **more})


def _sealed_here(key: "KeyVaultKey", text: bytes) -> bytes:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding, rsa

    web_key: Any = key.key
    try:
        public = rsa.RSAPublicNumbers(int.from_bytes(web_key.e), int.from_bytes(web_key.n)).public_key()
        return public.encrypt(text, padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None))
    except (TypeError, ValueError) as error:
        raise EvidenceRejected(f"{key.id} shows no usable RSA public key") from error


def opened(client: "KeyClient", name: str, sealed: Sealed, version: str | None = None) -> bytes:
    """What the service opens, with the version that sealed or with another. Raises azure-core's errors."""
    answer = _post(client, name, version or sealed.version, sealed.operation, sealed.body)
    return _decode(answer.get("value"))


def _post(client: "KeyClient", name: str, version: str, operation: str, body: Mapping[str, str]) -> dict[str, Any]:
    from azure.core.rest import HttpRequest

    answer = client.send_request(HttpRequest("POST", f"/keys/{name}/{version}/{_VERBS[operation]}", json=dict(body)))
    answer.raise_for_status()
    read = answer.json()
    return read if isinstance(read, dict) else {}


def _encode(blob: bytes) -> str:
    return base64.urlsafe_b64encode(blob).rstrip(b"=").decode()


def _decode(text: Any) -> bytes:
    """Base64url without padding (RFC 7515, section 2); of anything else nothing."""
    try:
        bare = str(text).encode("ascii")
        return base64.b64decode(bare + b"=" * (-len(bare) % 4), altchars=b"-_", validate=True)
    except (UnicodeEncodeError, binascii.Error):
        return b""


def same_material(before: "KeyVaultKey", after: "KeyVaultKey", opens_old: Callable[[], bool | None]) -> bool | None:
    """Whether two versions are the same key under two names; None where that could not be seen.

    Public parts tell, since only the private part of the one that was shown opened the canary sealed with it. A
    symmetric key shows none: then `opens_old`, whether the later version opens what the earlier one sealed.
    """
    old, new = (getattr(key.key, "n", None) for key in (before, after))
    return old == new if isinstance(old, bytes) and isinstance(new, bytes) else opens_old()
