"""A key as DescribeKey shows it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from clauseproof.sandbox.kms.aws.account import Account, AwsKey
from clauseproof.sandbox.kms.keystate import KeyState

_STATES: Final = {
    KeyState.ENABLED: "Enabled",
    KeyState.DISABLED: "Disabled",
    KeyState.PENDING_DELETION: "PendingDeletion",
    KeyState.PENDING_IMPORT: "PendingImport",
    KeyState.UNAVAILABLE: "Unavailable",
}
_RSA_ENCRYPTION: Final = ["RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"]
_RSA_SIGNING: Final = [f"RSASSA_{scheme}_SHA_{bits}" for scheme in ("PKCS1_V1_5", "PSS") for bits in (256, 384, 512)]
_EC_HASHES: Final = {"ECC_NIST_P256": 256, "ECC_NIST_P384": 384, "ECC_NIST_P521": 512, "ECC_SECG_P256K1": 256}


def state_name(state: KeyState) -> str:
    """The value of KeyState."""
    return _STATES[state]


def key_metadata(account: Account, key: AwsKey) -> dict[str, Any]:
    """The members of KeyMetadata that apply to this key."""
    state = account.state(key)
    return {
        "AWSAccountId": key.account,
        "KeyId": key.id,
        "Arn": key.arn,
        "CreationDate": key.key.created,
        "Enabled": state is KeyState.ENABLED,
        "Description": key.description,
        "KeyUsage": key.usage,
        "KeyState": state_name(state),
        "Origin": key.origin,
        "KeyManager": key.manager,
        "CustomerMasterKeySpec": key.spec,
        "KeySpec": key.spec,
        **algorithms(key),
        **_custody(account, key),
        **_deletion(key, state),
        **_regions(account, key),
    }


def algorithms(key: AwsKey) -> Mapping[str, list[str]]:
    """Which algorithms the key serves, under the member's name for its usage."""
    if key.symmetric:
        return {"EncryptionAlgorithms": ["SYMMETRIC_DEFAULT"]}
    if key.usage == "GENERATE_VERIFY_MAC":
        return {"MacAlgorithms": [f"HMAC_SHA_{key.spec.removeprefix('HMAC_')}"]}
    if key.usage == "ENCRYPT_DECRYPT":
        return {"EncryptionAlgorithms": _RSA_ENCRYPTION}
    if key.spec.startswith("RSA_"):
        return {"SigningAlgorithms": _RSA_SIGNING}
    return {"SigningAlgorithms": [f"ECDSA_SHA_{_EC_HASHES[key.spec]}"]}


def _custody(account: Account, key: AwsKey) -> Mapping[str, Any]:
    store = account.stores.get(key.store or "")
    shown: dict[str, Any] = {
        "CustomKeyStoreId": key.store,
        "CloudHsmClusterId": store.cluster if store else None,
        "XksKeyConfiguration": {"Id": key.xks_key} if key.xks_key else None,
    }
    if key.imported and key.key.current.secret is not None:
        shown |= expiry(key.key.current.expires)
    if key.symmetric and key.store is None and key.key.current.secret is not None:
        shown["CurrentKeyMaterialId"] = key.key.current.id
    return shown


def expiry(expires: datetime | None) -> Mapping[str, Any]:
    """The members that say whether and when imported material expires."""
    model = "KEY_MATERIAL_DOES_NOT_EXPIRE" if expires is None else "KEY_MATERIAL_EXPIRES"
    return {"ExpirationModel": model, "ValidTo": expires}


def _deletion(key: AwsKey, state: KeyState) -> Mapping[str, Any]:
    if state is not KeyState.PENDING_DELETION:
        return {}
    return {"DeletionDate": key.deletion, "PendingDeletionWindowInDays": key.window_days if key.multi_region else None}


def _regions(account: Account, key: AwsKey) -> Mapping[str, Any]:
    replicas = (*key.replicas, *account.faults.replicas_abroad)
    if not key.multi_region and not replicas:
        return {"MultiRegion": False}

    def place(region: str) -> Mapping[str, str]:
        return {"Arn": key.arn.replace(f":{account.region}:", f":{region}:"), "Region": region}

    configuration = {
        "MultiRegionKeyType": "PRIMARY",
        "PrimaryKey": place(account.region),
        "ReplicaKeys": [place(region) for region in replicas],
    }
    return {"MultiRegion": True, "MultiRegionConfiguration": configuration}
