"""Who may do what: IAM bindings on keys, key rings and projects.

Source: Cloud KMS documentation, "Permissions and roles".
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Final

from clauseproof.sandbox.kms.google.names import lineage

USE: Final = ("cloudkms.cryptoKeyVersions.useToEncrypt", "cloudkms.cryptoKeyVersions.useToDecrypt")

ROLES: Final[Mapping[str, tuple[str, ...]]] = {
    "roles/owner": ("*",),
    "roles/viewer": ("cloudkms.*.get", "cloudkms.*.list", "cloudkms.*.getIamPolicy"),
    "roles/iam.denyReviewer": ("iam.denypolicies.get", "iam.denypolicies.list"),
    "roles/logging.privateLogViewer": ("logging.logEntries.list", "logging.privateLogEntries.list"),
    "roles/cloudkms.admin": (
        "cloudkms.*.create",
        "cloudkms.*.destroy",
        "cloudkms.*.get",
        "cloudkms.*.getIamPolicy",
        "cloudkms.*.list",
        "cloudkms.*.restore",
        "cloudkms.*.setIamPolicy",
        "cloudkms.*.update",
        "cloudkms.*.useToImport",
    ),
    "roles/cloudkms.viewer": ("cloudkms.*.get", "cloudkms.*.list"),
    "roles/cloudkms.cryptoKeyEncrypterDecrypter": USE,
    "roles/cloudkms.cryptoKeyEncrypter": USE[:1],
    "roles/cloudkms.cryptoKeyDecrypter": USE[1:],
    "roles/cloudkms.signer": ("cloudkms.cryptoKeyVersions.useToSign",),
    "roles/cloudkms.publicKeyViewer": ("cloudkms.cryptoKeyVersions.viewPublicKey",),
}
"""Permissions of each role as patterns."""


@dataclass(frozen=True, kw_only=True)
class Caller:
    """A principal and the access token it sends.

    Attributes:
        token: what follows `Bearer` in the metadata entry `authorization`.
        member: as in a binding, such as `serviceAccount:vendor@vendor-prod.iam.gserviceaccount.com`.
        denied: permissions that a deny policy takes away, as patterns; these win.
    """

    token: str
    member: str
    denied: frozenset[str] = frozenset()


@dataclass(kw_only=True)
class Bindings:
    """The allow policy of one resource: members by role, and the etag that changes with it.

    Attributes:
        conditions: CEL expressions by role; shown, and counted as met.
    """

    members: dict[str, list[str]] = field(default_factory=dict)
    conditions: dict[str, str] = field(default_factory=dict)
    generation: int = 0

    @property
    def etag(self) -> bytes:
        """Opaque to callers; one that is out of date makes a change fail."""
        return b"generation-%d" % self.generation


def permits(
    caller: Caller, permission: str, resource: str, policies: Mapping[str, Bindings], extra: Sequence[str]
) -> bool:
    """Whether a policy on `resource` or above grants `permission`; `extra` members may use every key."""
    if matches(caller.denied, permission):
        return False
    if caller.member in extra and permission in USE:
        return True
    named = {caller.member, "allAuthenticatedUsers", "allUsers"}
    return any(
        matches(ROLES.get(role, ()), permission)
        for name in lineage(resource)
        if name in policies
        for role, members in policies[name].members.items()
        if named & set(members)
    )


def matches(patterns: Iterable[str], permission: str) -> bool:
    """Whether one of the patterns stands for the permission."""
    return any(fnmatchcase(permission, pattern) for pattern in patterns)
