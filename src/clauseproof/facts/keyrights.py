"""What the providers' operations on a key let somebody do, in words that are the same for all of them.

From AWS's "Service Authorization Reference" for KMS, Cloud KMS's "Permissions and roles" and Managed HSM's "Local RBAC
built-in roles". What a table does not know is `OTHER`, and counts like anything else.
"""

import enum
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase

from clauseproof.facts.keys import Provider


class Right(enum.StrEnum):
    """What a principal may do with a key."""

    ENCRYPT = "encrypt"
    """Encrypt, and make data keys."""
    DECRYPT = "decrypt"
    SIGN = "sign"
    """Sign, authenticate, verify, and agree on keys."""
    READ = "read"
    """See that the key exists, its settings and its policy; nothing that opens data."""
    MANAGE = "manage"
    """Change, rotate, import, disable, delete, copy."""
    SHARE = "share"
    """Let others in, or take their access away."""
    OTHER = "other"


def _by_operation(prefix: str, words: Mapping[Right, str]) -> dict[str, Right]:
    return {f"{prefix}{name}": right for right, names in words.items() for name in names.split()}


_AWS = _by_operation(
    "kms:",
    {
        Right.ENCRYPT: "Encrypt GenerateDataKey GenerateDataKeyPair GenerateDataKeyPairWithoutPlaintext "
        "GenerateDataKeyWithoutPlaintext ReEncryptTo",
        Right.DECRYPT: "Decrypt ReEncryptFrom",
        Right.SIGN: "Decapsulate DeriveSharedSecret Encapsulate GenerateMac Sign Verify VerifyMac",
        Right.READ: "DescribeCustomKeyStores DescribeKey GetKeyLastUsage GetKeyPolicy GetKeyRotationStatus "
        "GetParametersForImport GetPublicKey ListAliases ListGrants ListKeyPolicies ListKeyRotations ListKeys "
        "ListResourceTags ListRetirableGrants",
        Right.MANAGE: "CancelKeyDeletion ConnectCustomKeyStore CreateAlias CreateCustomKeyStore CreateKey DeleteAlias "
        "DeleteCustomKeyStore DeleteImportedKeyMaterial DisableKey DisableKeyRotation DisconnectCustomKeyStore "
        "EnableKey EnableKeyRotation ImportKeyMaterial ReplicateKey RotateKeyOnDemand ScheduleKeyDeletion "
        "SynchronizeMultiRegionKey TagResource UntagResource UpdateAlias UpdateCustomKeyStore UpdateKeyDescription "
        "UpdatePrimaryRegion",
        Right.SHARE: "CreateGrant PutKeyPolicy RetireGrant RevokeGrant",
    },
)

_AZURE = _by_operation(
    "Microsoft.KeyVault/managedHsm/",
    {
        Right.ENCRYPT: "keys/encrypt/action keys/wrap/action",
        Right.DECRYPT: "keys/decrypt/action keys/unwrap/action",
        Right.SIGN: "keys/derive/action keys/sign/action keys/verify/action",
        Right.READ: "backup/status/action keys/deletedKeys/read/action keys/read/action restore/status/action "
        "roleAssignments/read/action roleDefinitions/read/action securitydomain/download/read "
        "securitydomain/transferkey/read securitydomain/upload/read",
        Right.MANAGE: "backup/start/action keys/backup/action keys/create keys/delete keys/deletedKeys/delete "
        "keys/deletedKeys/recover/action keys/import/action keys/restore/action keys/rotate/action keys/write/action "
        "restore/start/action rng/action securitydomain/upload/action",
        Right.SHARE: "keys/export/action keys/release/action roleAssignments/delete/action "
        "roleAssignments/write/action roleDefinitions/delete/action roleDefinitions/write/action "
        "securitydomain/download/action",
    },
)

_KEY_SERVICE = {"fetch": Right.DECRYPT}
"""Whoever is given a key, or a data key that was opened with it, can open the data."""

_SERVICES = ("kms:", "cloudkms.", "resourcemanager.", "microsoft.keyvault/")
_GOOGLE_VERBS = {
    verb: right
    for right, verbs in {
        Right.ENCRYPT: "useToEncrypt useToEncryptViaDelegation",
        Right.DECRYPT: "useToDecrypt useToDecryptViaDelegation",
        Right.SIGN: "useToDecapsulate useToSign useToVerify",
        Right.READ: "get getIamPolicy list verifyConnectivity viewPublicKey",
        Right.MANAGE: "create delete destroy restore update useToImport",
        Right.SHARE: "setIamPolicy",
    }.items()
    for verb in verbs.split()
}


def operations(provider: Provider, patterns: Iterable[str], but: Iterable[str] = ()) -> dict[str, Right]:
    """The provider's operations that some of `patterns` name and none of `but`, and what each lets somebody do.

    `*` and `?` stand for any text and any character, letter case for nothing (IAM user guide, "Action"). A name or
    pattern of the key service's that fits nothing in the tables is an operation all the same.
    """
    written, excepted = list(patterns), list(but)
    known = {Provider.AWS: _AWS, Provider.AZURE: _AZURE, Provider.KEY_SERVICE: _KEY_SERVICE}.get(provider, {})
    found = {name: right for name, right in known.items() if any(matches(pattern, name) for pattern in written)}
    ours = (pattern for pattern in written if pattern.lower().startswith(_SERVICES))
    found |= {new: _by_name(provider, new) for new in ours if not any(matches(new, name) for name in known)}
    return {n: right for n, right in found.items() if not any(matches(pattern, n) for pattern in excepted)}


def _by_name(provider: Provider, operation: str) -> Right:
    """A permission of Google's says in its last word what it is for."""
    if provider is Provider.GOOGLE:
        return _GOOGLE_VERBS.get(operation.rpartition(".")[2], Right.OTHER)
    return Right.OTHER


def matches(pattern: str, text: str) -> bool:
    """Whether a text fits a pattern in which `*` and `?` stand for any text and any character, in whatever case."""
    return fnmatchcase(text.lower(), pattern.lower().replace("[", "[[]"))
