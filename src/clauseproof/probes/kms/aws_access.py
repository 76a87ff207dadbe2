"""Who may use a key of AWS KMS: its key policy and its grants."""

from collections.abc import Iterator, Mapping
from typing import Any

from clauseproof.facts.keyaccess import Access, Admission, Gap, Level
from clauseproof.facts.keys import AwsKey, Custody, Provider
from clauseproof.model.errors import LookFailed
from clauseproof.model.look import Look
from clauseproof.model.marks import probe
from clauseproof.model.permission import Permission
from clauseproof.probes.kms.aws_api import AwsApi, AwsReach
from clauseproof.probes.kms.aws_policy import read_policy


@probe(permission=Permission.OWN_ACCOUNT, deadline_s=120, rights=("kms:GetKeyPolicy", "kms:ListGrants"))
def access(key: AwsKey, custody: Custody, look: Look) -> Access:
    """GetKeyPolicy and ListGrants. Raises LookFailed where neither could be read.

    Whom an account lets by its own IAM policies, where the key policy leaves that to the account, KMS does not show.
    """
    api = AwsApi(AwsReach.of(key), look)
    admissions: list[Admission] = []
    looked_at: list[str] = []
    failures: list[LookFailed] = []
    for name, read in (("key policy", _policy), ("grants", _grants)):
        try:
            admissions += read(api, custody.target)
            looked_at.append(name)
        except LookFailed as error:
            failures.append(error)
    if not looked_at:
        raise failures[0]
    gaps = tuple(Gap(level=Level.KEY, keeps_out=False, unseen=error.unseen()) for error in failures)
    return Access(provider=Provider.AWS, looked_at=tuple(looked_at), admissions=tuple(admissions), gaps=gaps)


def _policy(api: AwsApi, arn: str) -> tuple[Admission, ...]:
    return read_policy(api.call("GetKeyPolicy", PolicyName="default")["Policy"], arn)


def _grants(api: AwsApi, arn: str) -> Iterator[Admission]:
    for entry in api.pages("ListGrants", "Grants"):
        yield _grant(entry, "Grantee", tuple(f"kms:{operation}" for operation in entry["Operations"]))
        if _who(entry, "Retiring") is not None:
            yield _grant(entry, "Retiring", ("kms:RetireGrant",))


def _grant(entry: Mapping[str, Any], whose: str, operations: tuple[str, ...]) -> Admission:
    return Admission(
        where=f"grant {entry['GrantId']}",
        level=Level.KEY,
        allows=True,
        principals=(_who(entry, whose) or "unknown",),
        others=False,
        spared=(),
        operations=operations,
        but=(),
        confined_to=(),
        narrowed_by=tuple(sorted(entry.get("Constraints") or {})),
        depends_on=(),
        starts=None,
        ends=None,
    )


def _who(entry: Mapping[str, Any], whose: str) -> str | None:
    """`Grantee` or `Retiring`: a principal, or a service of AWS's."""
    found: str | None = entry.get(f"{whose}ServicePrincipal") or entry.get(f"{whose}Principal")
    return found
