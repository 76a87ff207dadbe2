"""A statement in a DSSE v1.0 envelope.

The envelope is written in one way only (compact JSON, sorted keys, standard base64), and one that is written
otherwise is refused: so every changed byte of `manifest.dsse.json` shows, those in base64's unused bits included.
Source: https://github.com/secure-systems-lab/dsse/blob/v1.0.2/envelope.md and protocol.md.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from clauseproof.ledger.signature import sign, verifies
from clauseproof.strictjson import decode, encode

if TYPE_CHECKING:
    from clauseproof.ledger.keys import PublicKey, Signer

PAYLOAD_TYPE = "application/vnd.in-toto+json"
_FIELDS = {"payload", "payloadType", "signatures"}


@dataclass(frozen=True)
class Envelope:
    """An envelope. Nothing in it is believed before `signed_by` says so.

    Attributes:
        payload: the statement's bytes.
        signatures: by key id, which is a hint and not signed itself.
    """

    payload: bytes
    payload_type: str
    signatures: Mapping[str, bytes]

    @property
    def keyids(self) -> tuple[str, ...]:
        """Key ids of the signatures."""
        return tuple(self.signatures)

    @property
    def signed(self) -> bytes:
        """What a signature covers, the protocol's PAE: version, type and payload, each behind its length in bytes."""
        kind = self.payload_type.encode()
        return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(self.payload), self.payload)

    def signed_by(self, key: "PublicKey") -> bool:
        """Whether a signature of the envelope is this key's, over payload type and payload."""
        signature = self.signatures.get(key.keyid)
        try:
            return signature is not None and verifies(key, signature, self.signed)
        except ValueError:
            return False

    def encode(self) -> bytes:
        """The envelope as JSON, in its one way."""
        signatures = [{"keyid": keyid, "sig": _base64(made)} for keyid, made in self.signatures.items()]
        return encode({"payload": _base64(self.payload), "payloadType": self.payload_type, "signatures": signatures})


def seal(payload: bytes, signer: "Signer | None") -> bytes:
    """An envelope around a payload; without a signer its list of signatures is empty."""
    bare = Envelope(payload, PAYLOAD_TYPE, {})
    if signer is None:
        return bare.encode()
    return Envelope(payload, PAYLOAD_TYPE, {signer.keyid: sign(signer, bare.signed)}).encode()


def unseal(raw: bytes) -> Envelope:
    """Read an envelope; ValueError that says why it is none."""
    data = decode(raw)
    if not isinstance(data, dict) or set(data) != _FIELDS:
        raise ValueError(f"an envelope has {', '.join(sorted(_FIELDS))} and nothing else")
    if not _is_text(data["payload"], data["payloadType"]) or not _are_signatures(data["signatures"]):
        raise ValueError("payload, payloadType or signatures are of another shape than DSSE gives them")
    signatures = {each["keyid"]: _bytes(each["sig"]) for each in data["signatures"]}
    envelope = Envelope(_bytes(data["payload"]), data["payloadType"], signatures)
    if envelope.encode() != raw:
        raise ValueError("the envelope is not written in the one way that a run writes it")
    return envelope


def _is_text(*values: Any) -> bool:
    return all(isinstance(value, str) for value in values)


def _are_signatures(values: Any) -> bool:
    return isinstance(values, list) and all(
        isinstance(each, dict) and set(each) == {"keyid", "sig"} and _is_text(*each.values()) for each in values
    )


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
