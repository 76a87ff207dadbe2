"""Who may do what: the permissions of access policies and of built-in roles, by their data-plane names."""

from dataclasses import dataclass
from fnmatch import fnmatchcase

from clauseproof.sandbox.kms.azure.errors import AzureError, forbidden


@dataclass(frozen=True, kw_only=True)
class Caller:
    """A principal and the access token it sends.

    Attributes:
        token: what follows `Bearer`.
        object_id: of the user, group or service principal in its directory.
        allowed: permissions on keys, such as `get`, `list`, `decrypt`, `unwrapKey`, as patterns.
        denied: permissions taken away; these win.
    """

    token: str
    object_id: str
    allowed: frozenset[str] = frozenset({"*"})
    denied: frozenset[str] = frozenset()

    def may(self, permission: str) -> bool:
        """Whether it holds a permission on keys."""
        return _matches(self.allowed, permission) and not _matches(self.denied, permission)


def refusal(caller: Caller, permission: str, vault: str, region: str) -> AzureError:
    """A refusal for want of permission, which proves nothing about the key."""
    message = (
        f"The user, group or application 'oid={caller.object_id}' does not have keys {permission} permission "
        f"on key vault '{vault};location={region}'."
    )
    return forbidden(message, "AccessDenied")


def _matches(patterns: frozenset[str], permission: str) -> bool:
    return any(fnmatchcase(permission, pattern) for pattern in patterns)
