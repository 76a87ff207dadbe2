"""Calls to one key of Key Vault or Managed HSM, each named as in Azure's audit log."""

import itertools
import re
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple, Self, TypeVar

from clauseproof.model.errors import Denied, EvidenceRejected, LookFailed, Unreachable
from clauseproof.model.look import Look
from clauseproof.probes.kms import environment
from clauseproof.probes.kms.azure_errors import Failure, explain, failure_of
from clauseproof.probes.kms.azure_library import load
from clauseproof.probes.kms.azure_reach import READ_S, AzureReach
from clauseproof.probes.kms.azure_transport import transport

if TYPE_CHECKING:
    from azure.keyvault.keys import DeletedKey, KeyClient, KeyProperties, KeyRotationPolicy, KeyVaultKey

MOST_PAGES = 80
"""Of 25 versions each."""
_REGION = re.compile(r"[a-z0-9-]{1,64}")
_PARAMETER = re.compile(r'(\w{1,40})="([^"]{0,400})"')
_PLACE = re.compile(r"(https://[0-9A-Za-z.:-]{1,253})/([0-9A-Za-z.-]{1,253})(?:/|$)")
_ALSO = {
    "https://login.windows.net": "https://login.microsoftonline.com",
    "https://login.microsoft.com": "https://login.microsoftonline.com",
    "https://login.partner.microsoftonline.cn": "https://login.chinacloudapi.cn",
}
"""Authorities under a second name."""

RIGHTS: Mapping[str, str] = {
    "KeyGet": "keys/get",
    "KeyGetDeleted": "keys/get",
    "KeyListVersions": "keys/list",
    "KeyUpdate": "keys/update",
    "KeyRotate": "keys/rotate",
    "KeyRotationPolicyGet": "keys/getrotationpolicy",
    "KeyWrap": "keys/wrapKey",
    "KeyUnwrap": "keys/unwrapKey",
    "KeyEncrypt": "keys/encrypt",
    "KeyDecrypt": "keys/decrypt",
    "RoleAssignmentList": "Microsoft.KeyVault/managedHsm/roleAssignments/read/action",
    "RoleDefinitionList": "Microsoft.KeyVault/managedHsm/roleDefinitions/read/action",
}
"""The right that each operation needs, in the words of access policies; `docs/permissions.md` has the roles'."""

T = TypeVar("T")


class Challenge(NamedTuple):
    """What a vault asks of a caller without a token: a token of which authority, for which tenant."""

    authority: str
    tenant: str


class Failed(Exception):
    """A call that gave no answer."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.code)
        self.failure = failure


class AzureApi:
    """Calls to one key, each noted in the look; what fails becomes one of our errors. Use it in a `with` block.

    Attributes:
        region: where the vault says it is, in a header of its answers; None before the first answer with one.
    """

    def __init__(self, reach: AzureReach, look: Look, *, attempts: int = 3, fresh: bool = False) -> None:
        self.reach = reach
        self.region: str | None = None
        self._look = look
        self._attempts = attempts
        self._fresh = fresh
        load()
        self._client: KeyClient | None = None

    def get(self, version: str | None = None) -> "KeyVaultKey":
        """KeyGet: one version, the newest unless named. Raises LookFailed."""
        return self.call("KeyGet", lambda client: client.get_key(self.reach.name, version))

    def versions(self) -> "list[KeyProperties]":
        """KeyListVersions: all versions, oldest first. Raises LookFailed."""

        def listed(client: "KeyClient") -> "list[list[KeyProperties]]":
            pages = client.list_properties_of_key_versions(self.reach.name).by_page()
            return [list(page) for page in itertools.islice(pages, MOST_PAGES + 1)]

        pages = self.call("KeyListVersions", listed)
        if len(pages) > MOST_PAGES:
            raise Unreachable(f"the versions of {self.reach.target} do not come to an end", "see the portal")
        found = [version for page in pages for version in page]
        if not found or any(version.version is None or version.created_on is None for version in found):
            raise EvidenceRejected(f"{self.reach.vault} lists versions of {self.reach.name} without name or date")
        return sorted(found, key=lambda version: (version.created_on, version.version))

    def deleted(self) -> "DeletedKey":
        """KeyGetDeleted. Raises LookFailed."""
        return self.call("KeyGetDeleted", lambda client: client.get_deleted_key(self.reach.name))

    def policy(self) -> "KeyRotationPolicy":
        """KeyRotationPolicyGet. Raises LookFailed."""
        return self.call("KeyRotationPolicyGet", lambda client: client.get_key_rotation_policy(self.reach.name))

    def set_enabled(self, version: str, enabled: bool) -> None:
        """KeyUpdate of one version's flag. Raises LookFailed."""
        self.call("KeyUpdate", lambda client: client.update_key_properties(self.reach.name, version, enabled=enabled))

    def rotate(self) -> None:
        """KeyRotate. Raises LookFailed."""
        self.call("KeyRotate", lambda client: client.rotate_key(self.reach.name))

    def call(self, operation: str, work: "Callable[[KeyClient], T]") -> T:
        """Any call. Raises LookFailed: Denied, Unreachable, TimedOut, Unknowable, EvidenceRejected."""
        try:
            return self.attempt(operation, lambda: work(self.connected()))
        except Failed as failed:
            raise self.explained(failed.failure, operation) from failed

    def attempt(self, operation: str, work: Callable[[], T]) -> T:
        """The same for a caller who decides by the code. Raises Failed."""
        from azure.core.exceptions import AzureError

        self._look.called(f"keyvault:{operation}")
        if self.reach.connect_to is None:
            self._look.went_through(environment.of_requests(self.reach.vault))
        try:
            return work()
        except (AzureError, ValueError, AttributeError, TypeError, LookupError) as error:
            raise Failed(failure_of(error)) from error  # the last three: the library met an answer it cannot read

    def explained(self, failure: Failure, operation: str) -> LookFailed:
        """What a failure means."""
        return explain(failure, words(self.reach, operation))

    def tenant(self) -> str:
        """The tenant whose tokens the vault takes, which needs none to tell. Raises LookFailed.

        Denied where they come from another authority than the profile's: it would be asked in vain.
        """
        challenge = self.challenge()
        if _same_authority(challenge.authority, self.reach.authority):
            return challenge.tenant
        raise Denied(
            f"{self.reach.vault} takes tokens of {challenge.authority}, not of {self.reach.authority}",
            "correct the key's authority",
        )

    def challenge(self) -> Challenge:
        """What the vault answers to a request without a token. Raises LookFailed.

        Any client's first request gets it (Key Vault documentation, "Authentication, requests and responses").
        """
        status, header = self.attempt_challenge()
        said = dict(_PARAMETER.findall(header[:4096]))
        place = _PLACE.match(said.get("authorization") or said.get("authorization_uri") or "")
        if status != 401 or place is None:
            raise EvidenceRejected(
                f"{self.reach.vault} does not ask for a token as Key Vault does (HTTP {status})",
                "see who answers under the vault's name",
            )
        return Challenge(place[1].lower(), place[2].lower())

    def attempt_challenge(self) -> tuple[int, str]:
        """Status and `WWW-Authenticate` of a request without a token. Raises LookFailed."""
        from azure.core.rest import HttpRequest

        within_s = max(1.0, min(READ_S, self._look.remaining_s()))
        request = HttpRequest("GET", f"{self.reach.vault}/keys/{self.reach.name}", params={"api-version": "7.4"})

        def ask() -> tuple[int, str]:
            with transport(self.reach.connect_to, self.reach.ca_pem, within_s) as way:
                answer = way.send(request, stream=True)
                return answer.status_code, answer.headers.get("WWW-Authenticate", "")

        try:
            return self.attempt("challenge", ask)
        except Failed as failed:
            raise self.explained(failed.failure, "challenge") from failed

    def connected(self) -> "KeyClient":
        """The client, made when first needed. Raises ValueError where Azure's credentials are set up wrongly."""
        if self._client is None:
            within_s = max(1.0, min(READ_S, self._look.remaining_s()))
            self._client = self.reach.client(
                attempts=self._attempts, within_s=within_s, fresh=self._fresh, raw_response_hook=self._note_region
            )
        return self._client

    def _note_region(self, response: Any) -> None:
        region = str(response.http_response.headers.get("x-ms-keyvault-region", "")).lower()
        if _REGION.fullmatch(region):
            self.region = region

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None


def _same_authority(one: str, other: str) -> bool:
    first, second = (authority.lower().rstrip("/") for authority in (one, other))
    return _ALSO.get(first, first) == _ALSO.get(second, second)


def word(value: Any) -> str:
    """The wire's word of one of the client library's enumerations, which turn into text by another name."""
    return str(getattr(value, "value", value) or "")


def words(reach: AzureReach, operation: str) -> dict[str, str]:
    """What `explain` needs to know of a call."""
    return {
        "call": f"keyvault:{operation}",
        "right": RIGHTS.get(operation, operation),
        "key": f"{reach.vault}/keys/{reach.name}",
        "name": reach.name,
        "vault": reach.vault,
        "authority": reach.authority,
    }
