"""Role assignments inside a Managed HSM, which keeps its own; those of a vault are in Azure Resource Manager.

Source: Key Vault REST reference, "Role Assignments"; Managed HSM documentation, "Local RBAC built-in roles".
"""

import uuid
from collections.abc import Mapping
from typing import Any, Final

from clauseproof.sandbox.kms.azure.errors import AzureError
from clauseproof.sandbox.kms.azure.request import Answer, Operation, Request
from clauseproof.sandbox.kms.azure.vault import Assignment

ADMINISTRATOR: Final = "a290e904-7015-4bba-90c8-60543313cdb4"
CRYPTO_OFFICER: Final = "515eb02d-2335-4d2d-92f2-b1cbdf9c3778"
CRYPTO_USER: Final = "21dbd100-6940-42c2-9190-5d6cb909625b"
SERVICE_ENCRYPTION_USER: Final = "33413926-3206-4cdd-b39a-83574fe37a17"

_PROVIDER: Final = "providers/Microsoft.Authorization"
_NAMES: Final = uuid.UUID("0f6d6a5e-52a5-5d5c-9a5e-2d1f6d1f0c57")


def _list_assignments(request: Request) -> Answer:
    vault = request.vault
    if not vault.managed_hsm:
        raise AzureError(404, "NotFound", "A vault keeps no role assignments; Azure Resource Manager does.")
    wanted = "/" + request.path.get("scope", "").strip("/")
    foreign = [Assignment(principal=principal, role=CRYPTO_USER) for principal in vault.faults.foreign_grantees]
    found = [each for each in (*vault.assignments, *foreign) if _within(wanted, each.scope)]
    path = f"{wanted.rstrip('/')}/{_PROVIDER}/roleAssignments"
    return request.page([_shown(each) for each in found], path)


def _within(wanted: str, scope: str) -> bool:
    """Assignments are listed at their scope and for everything below it."""
    return wanted == scope or scope == "/" or wanted.startswith(f"{scope}/")


def _shown(assignment: Assignment) -> Mapping[str, Any]:
    name = str(uuid.uuid5(_NAMES, repr(assignment)))
    return {
        "id": f"/{_PROVIDER}/roleAssignments/{name}",
        "name": name,
        "properties": {
            "principalId": assignment.principal,
            "roleDefinitionId": f"Microsoft.KeyVault/{_PROVIDER}/roleDefinitions/{assignment.role}",
            "scope": assignment.scope,
        },
        "type": "Microsoft.Authorization/roleAssignments",
    }


def _list_definitions(request: Request) -> Answer:
    if not request.vault.managed_hsm:
        raise AzureError(404, "NotFound", "A vault keeps no role definitions; Azure Resource Manager does.")
    shown = [_definition(role, name, actions) for role, (name, actions) in _BUILT_IN.items()]
    return request.page(shown, f"/{_PROVIDER}/roleDefinitions")


def _definition(role: str, name: str, actions: str) -> Mapping[str, Any]:
    allowed = [f"Microsoft.KeyVault/managedHsm/{action}" for action in actions.split()]
    permission = {"actions": [], "notActions": [], "dataActions": allowed, "notDataActions": []}
    return {
        "id": f"Microsoft.KeyVault/{_PROVIDER}/roleDefinitions/{role}",
        "name": role,
        "properties": {"roleName": name, "type": "AKVBuiltInRole", "permissions": [permission]},
        "type": "Microsoft.Authorization/roleDefinitions",
    }


_BUILT_IN: Final = {
    ADMINISTRATOR: (
        "Managed HSM Administrator",
        (
            "roleAssignments/read/action roleAssignments/write/action roleAssignments/delete/action "
            "roleDefinitions/read/action roleDefinitions/write/action roleDefinitions/delete/action "
            "securitydomain/download/action securitydomain/upload/action backup/start/action restore/start/action"
        ),
    ),
    CRYPTO_OFFICER: (
        "Managed HSM Crypto Officer",
        (
            "roleAssignments/read/action roleAssignments/write/action roleAssignments/delete/action "
            "roleDefinitions/read/action roleDefinitions/write/action roleDefinitions/delete/action "
            "keys/deletedKeys/read/action keys/deletedKeys/recover/action keys/deletedKeys/delete keys/export/action"
        ),
    ),
    CRYPTO_USER: (
        "Managed HSM Crypto User",
        (
            "roleAssignments/read/action roleDefinitions/read/action keys/read/action keys/write/action keys/create "
            "keys/rotate/action keys/delete keys/import/action keys/backup/action keys/restore/action "
            "keys/release/action keys/encrypt/action keys/decrypt/action keys/wrap/action keys/unwrap/action "
            "keys/sign/action keys/verify/action rng/action"
        ),
    ),
    SERVICE_ENCRYPTION_USER: (
        "Managed HSM Crypto Service Encryption User",
        "keys/read/action keys/wrap/action keys/unwrap/action",
    ),
}
"""Source: Managed HSM documentation, "Local RBAC built-in roles", section "Permitted operations"."""

_DEFINITIONS: Final = Operation("RoleDefinitionList", "listroledefinitions", _list_definitions)
_LIST: Final = Operation("RoleAssignmentList", "listroleassignments", _list_assignments)

OPERATIONS: Final[Mapping[tuple[str, str], Operation]] = {
    # A scope of `/` comes as one, two or three slashes, by the client that writes it.
    ("GET", f"/{_PROVIDER}/roleAssignments"): _LIST,
    ("GET", f"/{{scope:path}}/{_PROVIDER}/roleAssignments"): _LIST,
    ("GET", f"/{_PROVIDER}/roleDefinitions"): _DEFINITIONS,
    ("GET", f"/{{scope:path}}/{_PROVIDER}/roleDefinitions"): _DEFINITIONS,
}
