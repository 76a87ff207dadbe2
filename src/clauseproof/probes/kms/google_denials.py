"""Google's IAM deny policies as denials of our facts. Pure.

Names of principals and permissions are written otherwise than in allow policies (IAM documentation, "Principal
identifiers" and "Permissions supported in deny policies"); they are brought to the form of allow policies, so that a
denial can be held against an admission.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from clauseproof.facts.keyaccess import EVERYONE, Admission, Level

LONGEST_TEXT = 300
_PRINCIPALS = (
    (re.compile(r"principalSet://goog/public:all"), EVERYONE),
    (re.compile(r"principal://goog/subject/([^/]+)"), r"user:\1"),
    (re.compile(r"principalSet://goog/group/([^/]+)"), r"group:\1"),
    (re.compile(r"principal://iam\.googleapis\.com/projects/[^/]+/serviceAccounts/([^/]+)"), r"serviceAccount:\1"),
)
_SERVICES = {"cloudresourcemanager": "resourcemanager"}
"""Services that allow policies call by another name."""


def is_readable(name: str) -> bool:
    """Whether a principal or permission can be gone by: whole, and of one service."""
    return len(name) <= LONGEST_TEXT and "*" not in name.partition("/")[0]


def denial(resource: str, policy: str, rule: Mapping[str, Any]) -> Admission | None:
    """One rule of a policy attached to `resource`; None for one that says nothing of keys and policies."""
    operations = tuple(_permissions(rule, "deniedPermissions"))
    if not operations:
        return None
    condition = rule.get("denialCondition") or {}
    expression = str(condition.get("expression") or "")
    return Admission(
        where=f"deny policy {policy} of {resource}"[:LONGEST_TEXT],
        level=Level.ABOVE,
        allows=False,
        principals=tuple(_principals(rule, "deniedPrincipals")),
        others=False,
        spared=tuple(_principals(rule, "exceptionPrincipals")),
        operations=operations,
        but=tuple(_permissions(rule, "exceptionPermissions")),
        confined_to=(),
        narrowed_by=(),
        depends_on=(f"{condition.get('title') or 'condition'}: {expression}"[:LONGEST_TEXT],) if condition else (),
        starts=None,
        ends=None,
    )


def _principals(rule: Mapping[str, Any], member: str) -> Iterator[str]:
    for name in rule.get(member, []):
        text = str(name)[:LONGEST_TEXT]
        fitting = ((pattern.fullmatch(text), written) for pattern, written in _PRINCIPALS)
        yield next((match.expand(written) for match, written in fitting if match is not None), text)


def _permissions(rule: Mapping[str, Any], member: str) -> Iterator[str]:
    """`cloudkms.googleapis.com/cryptoKeyVersions.useToDecrypt` as `cloudkms.cryptoKeyVersions.useToDecrypt`."""
    for name in rule.get(member, []):
        domain, _, permission = str(name)[:LONGEST_TEXT].partition("/")
        service = domain.partition(".")[0]
        if service in ("cloudkms", *_SERVICES):
            yield f"{_SERVICES.get(service, service)}.{permission}"
