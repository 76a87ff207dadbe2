"""The audit log of a key of Cloud KMS, which Cloud KMS itself does not show."""

from clauseproof.facts.google import GoogleKey
from clauseproof.facts.keylog import UsageLog
from clauseproof.model.errors import Unknowable
from clauseproof.model.marks import probe
from clauseproof.model.permission import Permission


@probe(permission=Permission.OWN_ACCOUNT)
def usage_log(key: GoogleKey) -> UsageLog:
    """Nothing is asked: always Unknowable.

    Encrypt and Decrypt are in Data Access audit logs, which are off unless the project turns them on (Cloud KMS
    documentation, "Audit logging"). Cloud Logging has them, behind an API of its own.
    """
    raise Unknowable(
        f"Cloud KMS does not show the audit log of {key.name}, and Cloud Logging is not read here",
        f"turn on Data Access logs of cloudkms.googleapis.com in {key.project}, and look for the drill's calls in "
        "Cloud Logging (by hand, or with google-cloud-logging in a check of your own)",
    )
