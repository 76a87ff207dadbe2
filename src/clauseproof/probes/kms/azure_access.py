"""Who may use a key of a Managed HSM, which keeps its own roles. A vault does not know who may use its keys."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from clauseproof.facts.azure import AzureKey
from clauseproof.facts.keyaccess import Access, Admission, Level
from clauseproof.facts.keys import Provider
from clauseproof.model.errors import EvidenceRejected, Unknowable, Unreachable
from clauseproof.model.look import Look
from clauseproof.model.marks import probe
from clauseproof.model.permission import Permission
from clauseproof.probes.kms.azure_api import AzureApi
from clauseproof.probes.kms.azure_reach import AzureReach

if TYPE_CHECKING:
    from azure.keyvault.keys import KeyClient

_PROVIDER = "providers/Microsoft.Authorization"
_MOST_PAGES = 40
_LONGEST_TEXT = 300


@probe(
    permission=Permission.OWN_ACCOUNT,
    deadline_s=60,
    rights=(
        "Microsoft.KeyVault/managedHsm/roleAssignments/read/action",
        "Microsoft.KeyVault/managedHsm/roleDefinitions/read/action",
    ),
)
def access(key: AzureKey, look: Look) -> Access:
    """RoleAssignmentList at the key, which shows those above it too, and RoleDefinitionList for what each role allows.

    Unknowable for a vault: its access policies and role assignments lie in Azure Resource Manager.
    """
    if not key.managed_hsm:
        raise Unknowable(
            f"{key.vault} does not itself say who may use its keys, and Azure Resource Manager is not read here",
            "look at the vault's access policies and role assignments there (in the portal, or with "
            "azure-mgmt-keyvault and azure-mgmt-authorization in a check of your own)",
        )
    with AzureApi(AzureReach.of(key, look), look) as api:
        api.tenant()
        scope = f"/keys/{key.name}".lower()
        roles = {_last(role.get("id")): role for role in _listed(api, "RoleDefinitionList", "/", "roleDefinitions")}
        assigned = _listed(api, "RoleAssignmentList", scope, "roleAssignments")
        return Access(
            provider=Provider.AZURE,
            looked_at=(f"the local roles of {key.vault} at {scope} and above",),
            admissions=tuple(_admission(one, roles, scope) for one in assigned if _scope(one) in ("/", "/keys", scope)),
            gaps=(),
        )


def _listed(api: AzureApi, operation: str, scope: str, what: str) -> list[dict[str, Any]]:
    """Every entry of a listing, page by page, never at another host."""
    path: str | None = f"{scope.rstrip('/')}/{_PROVIDER}/{what}"
    entries: list[dict[str, Any]] = []
    for _ in range(_MOST_PAGES):
        page = api.call(operation, lambda client, path=path: _page(client, str(path)))  # type: ignore[misc]
        entries += [entry for entry in page.get("value", []) if isinstance(entry, dict)]
        following = str(page.get("nextLink") or "")
        if not following:
            return entries
        if urlsplit(following).hostname != urlsplit(api.reach.vault).hostname:
            raise EvidenceRejected(f"{api.reach.vault} continues a listing at another host", "look at it by hand")
        path = following.partition(str(urlsplit(following).netloc))[2]
    raise Unreachable(f"the roles of {api.reach.vault} do not come to an end", "look at them by hand")


def _page(client: "KeyClient", path: str) -> Mapping[str, Any]:
    from azure.core.rest import HttpRequest

    answer = client.send_request(HttpRequest("GET", path))
    answer.raise_for_status()
    read = answer.json()
    return read if isinstance(read, dict) else {}


def _scope(assignment: Mapping[str, Any]) -> str:
    return str(_within(assignment, "properties").get("scope", "/")).lower()[:_LONGEST_TEXT]


def _admission(assignment: Mapping[str, Any], roles: Mapping[str, Mapping[str, Any]], key: str) -> Admission:
    said = _within(assignment, "properties")
    scope, role = _scope(assignment), _last(said.get("roleDefinitionId"))
    definition = roles.get(role)
    name = role if definition is None else str(_within(definition, "properties").get("roleName", role))
    return Admission(
        where=f"the role {name[:_LONGEST_TEXT]} at {scope}",
        level=Level.KEY if scope == key else Level.ABOVE,
        allows=True,
        principals=(str(said.get("principalId", ""))[:_LONGEST_TEXT],),
        others=False,
        spared=(),
        operations=None if definition is None else tuple(_actions(definition, "dataActions")),
        but=() if definition is None else tuple(_actions(definition, "notDataActions")),
        confined_to=(),
        narrowed_by=(),
        depends_on=(),
        starts=None,
        ends=None,
    )


def _actions(definition: Mapping[str, Any], member: str) -> Iterator[str]:
    """The data actions of a role; the other actions are for the control plane, which opens no key."""
    for permission in _within(definition, "properties").get("permissions") or ():
        listed = permission.get(member) if isinstance(permission, dict) else None
        yield from (str(action)[:_LONGEST_TEXT] for action in listed or ())


def _within(entry: Mapping[str, Any], member: str) -> Mapping[str, Any]:
    inside = entry.get(member)
    return inside if isinstance(inside, dict) else {}


def _last(identifier: Any) -> str:
    return str(identifier or "").rpartition("/")[2].lower()[:_LONGEST_TEXT]
