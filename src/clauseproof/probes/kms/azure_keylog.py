"""The audit log of a key of Key Vault, which the vault itself does not show."""

from clauseproof.facts.azure import AzureKey
from clauseproof.facts.keylog import UsageLog
from clauseproof.model.errors import Unknowable
from clauseproof.model.marks import probe
from clauseproof.model.permission import Permission


@probe(permission=Permission.OWN_ACCOUNT)
def usage_log(key: AzureKey) -> UsageLog:
    """Nothing is asked: always Unknowable.

    A vault logs nowhere until a diagnostic setting sends its AuditEvent category somewhere (Key Vault documentation,
    "Azure Key Vault logging"), and where that is only Azure Resource Manager and Azure Monitor know.
    """
    raise Unknowable(
        f"{key.vault} does not show its audit log, and Azure Monitor is not read here",
        "send AuditEvent of the vault to a Log Analytics workspace by a diagnostic setting, and look for the drill's "
        "calls there (by hand, or with azure-monitor-query in a check of your own)",
    )
