"""Who may use a key of Google Cloud KMS: bindings on the key, its key ring, and everything they lie in."""

from collections.abc import Callable, Iterable
from typing import Any

from clauseproof.facts.google import GoogleKey
from clauseproof.facts.keyaccess import EVERYONE, Access, Admission, Gap, Level
from clauseproof.facts.keys import Provider
from clauseproof.model.errors import LookFailed, Unknowable
from clauseproof.model.look import Look
from clauseproof.model.marks import probe
from clauseproof.model.permission import Permission
from clauseproof.probes.kms.google_api import GoogleApi, GoogleReach
from clauseproof.probes.kms.google_conditions import Scope, decide
from clauseproof.probes.kms.google_denials import denial
from clauseproof.probes.kms.google_iam import IamApi

MOST_ROLES = 300
_SHOWN = 300
_SHARING = (
    "resourcemanager.projects.setIamPolicy",
    "resourcemanager.folders.setIamPolicy",
    "resourcemanager.organizations.setIamPolicy",
)
_WORLD = frozenset({"allUsers", "allAuthenticatedUsers"})


@probe(
    permission=Permission.OWN_ACCOUNT,
    deadline_s=180,
    rights=(
        "cloudkms.cryptoKeys.getIamPolicy",
        "cloudkms.keyRings.getIamPolicy",
        "iam.denypolicies.get",
        "iam.denypolicies.list",
        "iam.roles.get",
        "resourcemanager.projects.get",
        "resourcemanager.projects.getIamPolicy",
        "resourcemanager.folders.getIamPolicy",
        "resourcemanager.organizations.getIamPolicy",
    ),
)
def access(key: GoogleKey, look: Look) -> Access:
    """GetIamPolicy of the key and of its key ring, then Resource Manager for the project and what it lies in.

    Raises LookFailed where not even the key's own policy could be read; what else could not be is a gap. Bindings of
    roles that have nothing to do with keys are left out. Deny policies are read last, at the project and above.
    """
    kms, iam = GoogleApi(GoogleReach.of(key), look), IamApi(key, look)
    reading = _Reading(key.name, _Roles(iam))
    reading.take(Level.KEY, key.name, lambda: _kms_bindings(kms, key.name))
    if not reading.looked_at:
        raise reading.failures[0]
    reading.take(Level.ABOVE, key.ring, lambda: _kms_bindings(kms, key.ring))
    for resource in reading.try_above(lambda: ancestry(iam, key)):
        reading.take(Level.ABOVE, resource, lambda resource=resource: iam.bindings(resource))  # type: ignore[misc]
        reading.take_denials(resource, lambda resource=resource: iam.denials(resource))  # type: ignore[misc]
    return Access(
        provider=Provider.GOOGLE,
        looked_at=tuple(reading.looked_at),
        admissions=tuple(reading.admissions),
        gaps=tuple(reading.gaps),
    )


def ancestry(iam: IamApi, key: GoogleKey) -> tuple[str, ...]:
    """The project and what it lies in, the nearest first. Raises LookFailed."""
    if key.insecure and key.iam_endpoint is None:
        raise Unknowable(
            f"what {key.name} inherits from its project and above was not looked at", "name iam_endpoint in the profile"
        )
    return iam.ancestry()


def _kms_bindings(api: GoogleApi, resource: str) -> list[Any]:
    policy = api.call("GetIamPolicy", resource=resource, options={"requested_policy_version": 3})
    return [_plain(binding) for binding in policy.bindings]


def _plain(binding: Any) -> dict[str, Any]:
    """A binding of a gRPC answer as REST writes it."""
    condition = {"title": binding.condition.title, "expression": binding.condition.expression}
    return {"role": binding.role, "members": list(binding.members), "condition": condition}


class _Roles:
    """What each role permits on keys, read once."""

    def __init__(self, iam: IamApi) -> None:
        self._iam = iam
        self._known: dict[str, tuple[str, ...] | None] = {}

    def permissions(self, role: str) -> tuple[str, ...] | None:
        """Permissions on keys and on policies; None where the role could not be read."""
        if role not in self._known and len(self._known) < MOST_ROLES:
            self._known[role] = self._read(role)
        return self._known.get(role)

    def _read(self, role: str) -> tuple[str, ...] | None:
        try:
            every = self._iam.permissions(role)
        except LookFailed:
            return None
        return tuple(sorted(p for p in every if p.startswith("cloudkms.") or p in _SHARING))


class _Reading:
    """What was read so far, and what could not be."""

    def __init__(self, key: str, roles: _Roles) -> None:
        self._key = key
        self._roles = roles
        self.looked_at: list[str] = []
        self.admissions: list[Admission] = []
        self.gaps: list[Gap] = []
        self.failures: list[LookFailed] = []

    def take(self, level: Level, resource: str, read: Callable[[], Iterable[Any]]) -> None:
        """Read one policy."""
        bindings = self.try_(level, read)
        if bindings is None:
            return
        self.looked_at.append(f"policy of {resource}")
        every = (self._admission(level, resource, binding) for binding in bindings)
        self.admissions += [found for found in every if found is not None and found.operations != ()]

    def take_denials(self, resource: str, read: Callable[[], Iterable[Any]]) -> None:
        """Read the deny policies attached to one resource."""
        rules = self.try_(Level.ABOVE, read, keeps_out=True)
        if rules is None:
            return
        self.looked_at.append(f"deny policies of {resource}")
        every = (denial(resource, policy, rule) for policy, rule in rules)
        self.admissions += [found for found in every if found is not None]

    def try_above(self, read: Callable[[], Iterable[str]]) -> Iterable[str]:
        """What the key lies in; where that is not known, neither admissions nor denials were seen there."""
        found = self.try_(Level.ABOVE, read)
        if found is None:
            self.gaps.append(self.gaps[-1].model_copy(update={"keeps_out": True}))
        return found or ()

    def try_(self, level: Level, read: Callable[[], Iterable[Any]], *, keeps_out: bool = False) -> Iterable[Any] | None:
        """What a reader gives, or a gap and None."""
        try:
            return read()
        except LookFailed as error:
            self.failures.append(error)
            self.gaps.append(Gap(level=level, keeps_out=keeps_out, unseen=error.unseen()))
            return None

    def _admission(self, level: Level, resource: str, binding: Any) -> Admission | None:
        """One binding; None for one whose condition lets nobody near the key."""
        role = str(binding["role"])
        condition = binding.get("condition") or {}
        expression = str(condition.get("expression") or "")
        scope = decide(expression, self._key) if expression else Scope()
        if scope is not None and scope.void:
            return None
        undecided = (f"{condition.get('title') or 'condition'}: {expression}"[:_SHOWN],)
        return Admission(
            where=f"{role[:_SHOWN]} on {resource}",
            level=level,
            allows=True,
            principals=tuple(EVERYONE if member in _WORLD else str(member) for member in binding.get("members", ())),
            others=False,
            spared=(),
            operations=self._roles.permissions(role),
            but=scope.but if scope else (),
            confined_to=(),
            narrowed_by=(),
            depends_on=() if scope else undecided,
            starts=scope.starts if scope else None,
            ends=scope.ends if scope else None,
        )
