"""Public keys, signatures and message authentication codes."""

import hmac
from collections.abc import Mapping
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from clauseproof.sandbox.kms.aws.account import AwsKey
from clauseproof.sandbox.kms.aws.errors import AwsError, unsupported, validation
from clauseproof.sandbox.kms.aws.metadata import algorithms
from clauseproof.sandbox.kms.aws.request import Answer, Operation, Request
from clauseproof.sandbox.kms.secret import EcSecret, MacSecret, RsaSecret

_HASHES: Final[Mapping[str, hashes.HashAlgorithm]] = {
    "224": hashes.SHA224(),
    "256": hashes.SHA256(),
    "384": hashes.SHA384(),
    "512": hashes.SHA512(),
}


def _get_public_key(request: Request) -> Answer:
    key = request.key()
    secret = key.key.current.secret
    if not isinstance(secret, RsaSecret | EcSecret):
        raise unsupported(f"{key.arn} has no public key.")
    request.usable(key, key.usage)
    shown = {"KeyId": key.arn, "PublicKey": secret.public_der(), "KeyUsage": key.usage, "KeySpec": key.spec}
    return {**shown, "CustomerMasterKeySpec": key.spec, **algorithms(key)}


def _sign(request: Request) -> Answer:
    key, algorithm = _for_signing(request)
    digest = _digest(request, algorithm)
    match key.key.current.secret:
        case RsaSecret() as secret:
            signature = secret.sign(digest, _scheme(algorithm), _hash(algorithm))
        case EcSecret() as secret:
            signature = secret.sign(digest, _hash(algorithm))
        case _:
            raise AwsError("KMSInvalidStateException", f"{key.arn} is pending import.")
    return {"KeyId": key.arn, "Signature": signature, "SigningAlgorithm": algorithm}


def _verify(request: Request) -> Answer:
    key, algorithm = _for_signing(request)
    digest, signature = _digest(request, algorithm), request.params["Signature"]
    match key.key.current.secret:
        case RsaSecret() as secret:
            valid = secret.verifies(signature, digest, _scheme(algorithm), _hash(algorithm))
        case EcSecret() as secret:
            valid = secret.verifies(signature, digest, _hash(algorithm))
        case _:
            raise AwsError("KMSInvalidStateException", f"{key.arn} is pending import.")
    if not valid:
        raise AwsError("KMSInvalidSignatureException", "")
    return {"KeyId": key.arn, "SignatureValid": True, "SigningAlgorithm": algorithm}


def _generate_mac(request: Request) -> Answer:
    key, mac = _mac(request)
    return {"KeyId": key.arn, "Mac": mac, "MacAlgorithm": request.params["MacAlgorithm"]}


def _verify_mac(request: Request) -> Answer:
    key, mac = _mac(request)
    if not hmac.compare_digest(mac, request.params["Mac"]):
        raise AwsError("KMSInvalidMacException", "")
    return {"KeyId": key.arn, "MacValid": True, "MacAlgorithm": request.params["MacAlgorithm"]}


def _mac(request: Request) -> tuple[AwsKey, bytes]:
    key = request.key()
    request.usable(key, "GENERATE_VERIFY_MAC")
    algorithm = request.params["MacAlgorithm"]
    secret = key.key.current.secret
    if not isinstance(secret, MacSecret) or algorithm not in algorithms(key)["MacAlgorithms"]:
        raise AwsError("InvalidKeyUsageException", f"{algorithm} is not valid for key spec {key.spec}.")
    return key, secret.sign(request.params["Message"], _hash(algorithm))


def _for_signing(request: Request) -> tuple[AwsKey, str]:
    key = request.key()
    request.usable(key, "SIGN_VERIFY")
    algorithm: str = request.params["SigningAlgorithm"]
    if algorithm not in algorithms(key)["SigningAlgorithms"]:
        raise AwsError("InvalidKeyUsageException", f"Algorithm {algorithm} is incompatible with key spec {key.spec}.")
    return key, algorithm


def _digest(request: Request, algorithm: str) -> bytes:
    message: bytes = request.params["Message"]
    chosen = _hash(algorithm)
    if request.params.get("MessageType", "RAW") == "RAW":
        hashed = hashes.Hash(chosen)
        hashed.update(message)
        return hashed.finalize()
    if len(message) != chosen.digest_size:
        raise validation("Digest is invalid length for algorithm " + algorithm)
    return message


def _hash(algorithm: str) -> hashes.HashAlgorithm:
    return _HASHES[algorithm.rsplit("_", 1)[1]]


def _scheme(algorithm: str) -> padding.AsymmetricPadding:
    if algorithm.startswith("RSASSA_PSS"):
        return padding.PSS(padding.MGF1(_hash(algorithm)), padding.PSS.DIGEST_LENGTH)
    return padding.PKCS1v15()


OPERATIONS: Final[Mapping[str, Operation]] = {
    "GenerateMac": _generate_mac,
    "GetPublicKey": _get_public_key,
    "Sign": _sign,
    "Verify": _verify,
    "VerifyMac": _verify_mac,
}
