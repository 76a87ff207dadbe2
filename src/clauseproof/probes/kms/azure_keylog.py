"""What Log Analytics has of a key of Key Vault, and whether the drill's own calls are in it.

A vault logs nowhere until a diagnostic setting sends its AuditEvent category somewhere (Key Vault documentation, "Azure
Key Vault logging"); where that is only Azure Resource Manager knows, and the profile says it.
"""

from clauseproof.facts.azure import AzureKey
from clauseproof.facts.drills import Revocation
from clauseproof.facts.keylog import UsageLog
from clauseproof.model.look import Look
from clauseproof.model.marks import probe
from clauseproof.model.permission import Permission
from clauseproof.probes.kms.auditlog import Names, calls_of, watch
from clauseproof.probes.kms.azure_log import AUDIT_EVENT, AzureLog

_NAMES = Names(
    "keyvault:KeyUpdate enabled=false",
    "keyvault:KeyUpdate enabled=true",
    "keyvault:KeyUnwrap/KeyDecrypt",
    AUDIT_EVENT,
    AUDIT_EVENT,
)


@probe(
    permission=Permission.OWN_ACCOUNT,
    deadline_s=7200,
    rights=(
        "Microsoft.OperationalInsights/workspaces/query/read",
        "Microsoft.OperationalInsights/workspaces/query/AZKVAuditLogs/read",
        "Microsoft.OperationalInsights/workspaces/query/AzureDiagnostics/read",
    ),
)
def usage_log(key: AzureKey, drill: Revocation, look: Look) -> UsageLog:
    """Queries of the workspace, repeated until the drill's calls are there or `drill.log_within` is over.

    Raises LookFailed; Unknowable where the profile names no workspace.
    """
    with AzureLog(key, look) as log:
        return UsageLog(
            target=f"{key.vault}/keys/{key.name}",
            source=f"Log Analytics workspace {key.log_workspace}",
            kept_days=None,
            newest=tuple(log.newest()),
            own=watch(log, calls_of(drill, _NAMES), key.drill.log_within, look),
            routed=(AUDIT_EVENT,),
            recording=None,
        )
