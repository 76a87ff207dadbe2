"""Which uses of a key Google is told to write down: the audit configuration of the project and of what it lies in.

Data Access logs are off unless a policy turns them on, for one service or for all; what a folder or an organisation
turns on, a project cannot turn off (Cloud Audit Logs documentation, "Enable Data Access audit logs"). Using a key of
Cloud KMS is of type DATA_READ (Cloud KMS documentation, "Audit logging").
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from clauseproof.facts.google import GoogleKey
from clauseproof.facts.keylog import Recording
from clauseproof.model.errors import LookFailed
from clauseproof.model.look import Look
from clauseproof.model.unseen import Unseen
from clauseproof.probes.kms.google_access import ancestry
from clauseproof.probes.kms.google_iam import IamApi

DATA_ACCESS: Final = "data_access"
"""The stream that uses of keys belong to."""

_SERVICES = ("allServices", "cloudkms.googleapis.com")
_USES = "DATA_READ"
_MOST_EXEMPT = 50
_LONGEST_TEXT = 300


def recording(key: GoogleKey, look: Look) -> Recording | Unseen:
    """Whether the uses of the key are written down, and whose are not; Unseen where what was read does not tell."""
    iam = IamApi(key, look)
    exempt: dict[str, frozenset[str]] = {}
    read: list[str] = []
    unread: list[Unseen] = []
    try:
        resources = ancestry(iam, key)
    except LookFailed as error:
        return error.unseen()
    for resource in resources:
        try:
            exempted = exempted_by(iam.audit_configs(resource))
        except LookFailed as error:
            unread.append(error.unseen())
            continue
        read.append(resource)
        if exempted is not None:
            exempt[resource] = exempted
    if unread and not exempt:
        return unread[0]
    spared = frozenset.intersection(*exempt.values()) if exempt else frozenset[str]()
    return Recording(
        stream=DATA_ACCESS, policies=tuple(read), on=bool(exempt), exempt=tuple(sorted(spared))[:_MOST_EXEMPT]
    )


def exempted_by(configs: Iterable[Mapping[str, Any]]) -> frozenset[str] | None:
    """Whose uses of a key one policy leaves out of the log; None where it turns no logging on.

    Within a policy what is said of all services and of this one counts together, exemptions included; among policies a
    principal is exempt only where each of them that logs exempts it.
    """
    told = [
        kind
        for config in configs
        if config["service"] in _SERVICES
        for kind in config.get("auditLogConfigs", ())
        if kind["logType"] == _USES
    ]
    members = (str(member)[:_LONGEST_TEXT] for kind in told for member in kind.get("exemptedMembers", ()))
    return frozenset(members) if told else None
