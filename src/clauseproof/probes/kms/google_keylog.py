"""What Cloud Audit Logs have of a key of Cloud KMS, and whether the drill's own calls are in them.

Changes are always written down. Encrypt and Decrypt are in Data Access logs, which are off unless the project or what
it lies in turns them on, and which only a right of its own lets somebody read; without it they seem to be empty.
"""

from clauseproof.facts.drills import Revocation
from clauseproof.facts.google import GoogleKey
from clauseproof.facts.keylog import UsageLog
from clauseproof.model.look import Look
from clauseproof.model.marks import probe
from clauseproof.model.permission import Permission
from clauseproof.probes.kms.auditlog import Names, calls_of, watch
from clauseproof.probes.kms.google_audit import DATA_ACCESS, recording
from clauseproof.probes.kms.google_log import ACTIVITY, GoogleLog
from clauseproof.probes.kms.google_versions import DISABLED, ENABLED

_UPDATE = "cloudkms.UpdateCryptoKeyVersion"
_NAMES = Names(f"{_UPDATE} {DISABLED}", f"{_UPDATE} {ENABLED}", "cloudkms.Decrypt", ACTIVITY, DATA_ACCESS)


@probe(
    permission=Permission.OWN_ACCOUNT,
    deadline_s=7200,
    rights=(
        "logging.logEntries.list",
        "logging.privateLogEntries.list",
        "resourcemanager.projects.get",
        "resourcemanager.projects.getIamPolicy",
        "resourcemanager.folders.getIamPolicy",
        "resourcemanager.organizations.getIamPolicy",
    ),
)
def usage_log(key: GoogleKey, drill: Revocation, look: Look) -> UsageLog:
    """ListLogEntries on the key, repeated until the drill's calls are there or `drill.log_within` is over.

    The audit configuration is read besides. How long entries are kept is a setting of the project's log buckets, which
    are not read. Raises LookFailed.
    """
    with GoogleLog(key, look) as log:
        return UsageLog(
            target=key.name,
            source="Google Cloud Audit Logs",
            kept_days=None,
            newest=tuple(log.newest()),
            recording=recording(key, look),
            own=watch(log, calls_of(drill, _NAMES), key.drill.log_within, look),
            routed=(DATA_ACCESS,),
        )
