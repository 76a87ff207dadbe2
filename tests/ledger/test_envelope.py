"""DSSE envelopes, checked against securesystemslib, which shares no code with ours."""

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from securesystemslib.dsse import Envelope as Dsse
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import CryptoSigner, SSlibKey  # type: ignore[attr-defined]

from clauseproof.ledger.envelope import PAYLOAD_TYPE, Envelope, seal, unseal
from clauseproof.ledger.keys import PublicKey, Signer
from tests.ledger.runs import new_signer

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

PAYLOAD = b'{"_type":"https://in-toto.io/Statement/v1"}'


def verify_independently(envelope: bytes, signer: PublicKey) -> None:
    """VerificationError unless a signature is the key's."""
    key = SSlibKey.from_crypto(load_pem_public_key(signer.pem), keyid=signer.keyid)
    Dsse.from_dict(json.loads(envelope)).verify([key], 1)


PRIVATE: dict[str, "PrivateKeyTypes"] = {
    "Ed25519": ed25519.Ed25519PrivateKey.generate(),
    "P-256": ec.generate_private_key(ec.SECP256R1()),
    "P-384": ec.generate_private_key(ec.SECP384R1()),
    "P-521": ec.generate_private_key(ec.SECP521R1()),
    "RSA": rsa.generate_private_key(65537, 2048),
}


@pytest.mark.parametrize("private", PRIVATE.values(), ids=PRIVATE.keys())
def test_an_envelope_verifies_with_ours_and_with_an_independent_implementation(private: "PrivateKeyTypes") -> None:
    signer = Signer(private, PublicKey.of(private.public_key()))
    sealed = seal(PAYLOAD, signer)
    verify_independently(sealed, signer.public)
    envelope = unseal(sealed)
    assert envelope.signed_by(signer.public)
    assert (envelope.payload, envelope.payload_type, envelope.keyids) == (PAYLOAD, PAYLOAD_TYPE, (signer.keyid,))


def test_another_key_did_not_sign() -> None:
    sealed, other = seal(PAYLOAD, new_signer()), new_signer()
    assert not unseal(sealed).signed_by(other.public)
    with pytest.raises(VerificationError):
        verify_independently(sealed, other.public)


@pytest.mark.parametrize("private", PRIVATE.values(), ids=PRIVATE.keys())
def test_an_envelope_of_an_independent_implementation_verifies_with_ours(private: "PrivateKeyTypes") -> None:
    public = PublicKey.of(private.public_key())
    dsse = Dsse(PAYLOAD, PAYLOAD_TYPE, {})
    dsse.sign(CryptoSigner(private, SSlibKey.from_crypto(private.public_key(), keyid=public.keyid)))
    assert unseal(compact(dsse.to_dict())).signed_by(public)


def test_what_is_signed_is_the_example_of_the_protocol() -> None:
    example = Envelope(b"hello world", "http://example.com/HelloWorld", {})
    assert example.signed == b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"


def test_lengths_are_of_bytes_not_of_letters() -> None:
    assert Envelope("é".encode(), "é", {}).signed == "DSSEv1 2 é 2 é".encode()


@pytest.mark.parametrize(
    ("key", "value"),
    [("payload", base64.b64encode(b"{}").decode()), ("payloadType", "application/vnd.in-toto.other+json")],
)
def test_the_signature_covers_payload_and_payload_type(key: str, value: str) -> None:
    signer = new_signer()
    changed = json.loads(seal(PAYLOAD, signer)) | {key: value}
    assert not unseal(compact(changed)).signed_by(signer.public)


def test_an_unsigned_envelope_has_no_signatures_and_nobody_signed_it() -> None:
    envelope = unseal(seal(PAYLOAD, None))
    assert envelope.keyids == ()
    assert not envelope.signed_by(new_signer().public)


def test_a_foreign_key_id_on_a_valid_signature_does_not_count() -> None:
    signer, other = new_signer(), new_signer()
    changed = json.loads(seal(PAYLOAD, signer))
    changed["signatures"][0]["keyid"] = other.keyid
    envelope = unseal(compact(changed))
    assert not envelope.signed_by(signer.public)
    assert not envelope.signed_by(other.public)


def compact(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def bent(**changes: Any) -> bytes:
    return compact(json.loads(seal(PAYLOAD, new_signer())) | changes)


SIGNED = seal(PAYLOAD, new_signer())
BENT = {
    "no JSON": b"payload",
    "a list": b"[]",
    "a further key": bent(more=1),
    "no signatures": compact({"payload": "", "payloadType": PAYLOAD_TYPE}),
    "signatures that are no list": bent(signatures={}),
    "a signature without a key id": bent(signatures=[{"sig": ""}]),
    "a signature with a further key": bent(signatures=[{"sig": "", "keyid": "", "cert": ""}]),
    "a signature that is no text": bent(signatures=[{"sig": 1, "keyid": ""}]),
    "a signature that is no base64": bent(signatures=[{"sig": "?", "keyid": ""}]),
    "two signatures under one key id": bent(signatures=[{"sig": "", "keyid": ""}] * 2),
    "a payload that is no base64": bent(payload="%%"),
    "a payload that is no text": bent(payload=None),
    "a payload type that is no text": bent(payloadType=None),
    "unused bits of base64 set": bent(payload="eyB=", signatures=[]),
    "base64 for addresses": bent(payload="_-8=", signatures=[]),
    "white space": SIGNED + b"\n",
    "keys in another order": json.dumps(dict(reversed(json.loads(SIGNED).items())), separators=(",", ":")).encode(),
}


@pytest.mark.parametrize("raw", BENT.values(), ids=BENT.keys())
def test_an_envelope_written_in_any_other_way_is_refused(raw: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 (each says in its own words why)
        unseal(raw)
