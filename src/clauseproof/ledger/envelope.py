"""A statement in a DSSE v1.0 envelope, through securesystemslib.

The envelope is written in one way only (compact JSON, sorted keys, standard base64), and one that is written
otherwise is refused: so every changed byte of `manifest.dsse.json` shows, those in base64's unused bits included.
Source: https://github.com/secure-systems-lab/dsse/blob/v1.0.2/envelope.md and protocol.md.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from clauseproof.ledger.strictjson import decode, encode

if TYPE_CHECKING:
    from securesystemslib.dsse import Envelope as Dsse
    from securesystemslib.signer import SSlibKey  # type: ignore[attr-defined]

    from clauseproof.ledger.keys import PublicKey, Signer

PAYLOAD_TYPE = "application/vnd.in-toto+json"
_FIELDS = {"payload", "payloadType", "signatures"}


@dataclass(frozen=True)
class Envelope:
    """A read envelope. Nothing in it is believed before `signed_by` says so.

    Attributes:
        payload: the statement's bytes.
        keyids: key ids of the signatures; a hint, and not signed itself.
    """

    payload: bytes
    payload_type: str
    keyids: tuple[str, ...]
    _dsse: "Dsse"

    def signed_by(self, key: "PublicKey") -> bool:
        """Whether a signature of the envelope is this key's, over payload type and payload."""
        from securesystemslib.exceptions import VerificationError

        try:
            self._dsse.verify([_verifying(key)], 1)
        except (VerificationError, ValueError):
            return False
        return True


def seal(payload: bytes, signer: "Signer | None") -> bytes:
    """An envelope around a payload; without a signer its list of signatures is empty."""
    from securesystemslib.dsse import Envelope as Dsse
    from securesystemslib.signer import CryptoSigner  # type: ignore[attr-defined]

    dsse = Dsse(payload, PAYLOAD_TYPE, {})
    if signer is not None:
        dsse.sign(CryptoSigner(signer.private, _verifying(signer.public)))
    return encode(dsse.to_dict())


def unseal(raw: bytes) -> Envelope:
    """Read an envelope; ValueError that says why it is none."""
    from securesystemslib.dsse import Envelope as Dsse

    data = decode(raw)
    if not isinstance(data, dict) or set(data) != _FIELDS:
        raise ValueError(f"an envelope has {', '.join(sorted(_FIELDS))} and nothing else")
    if not _is_text(data["payload"], data["payloadType"]) or not _are_signatures(data["signatures"]):
        raise ValueError("payload, payloadType or signatures are of another shape than DSSE gives them")
    dsse = Dsse.from_dict(data)
    if encode(dsse.to_dict()) != raw:
        raise ValueError("the envelope is not written in the one way that a run writes it")
    return Envelope(dsse.payload, dsse.payload_type, tuple(dsse.signatures), dsse)


def _is_text(*values: Any) -> bool:
    return all(isinstance(value, str) for value in values)


def _are_signatures(values: Any) -> bool:
    return isinstance(values, list) and all(
        isinstance(each, dict) and set(each) == {"keyid", "sig"} and _is_text(*each.values()) for each in values
    )


def _verifying(key: "PublicKey") -> "SSlibKey":
    from securesystemslib.signer import SSlibKey  # type: ignore[attr-defined]

    return SSlibKey.from_crypto(key.open(), keyid=key.keyid)
