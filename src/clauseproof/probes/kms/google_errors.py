"""What the errors of Cloud KMS, of gRPC and of Google's credentials mean for whoever looks."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from clauseproof.model.errors import Denied, LookFailed, TimedOut, Unknowable, Unreachable


class AnotherUniverse(Exception):
    """The credentials belong to another cloud than the key, and their access tokens must not be shown to it."""


@dataclass(frozen=True)
class _Meaning:
    error: type[LookFailed]
    text: str
    remedy: str


_CREDENTIALS = _Meaning(
    Denied,
    "Google does not accept the credentials used for {call} on {resource}",
    "log in again (gcloud auth application-default login), or renew what GOOGLE_APPLICATION_CREDENTIALS names",
)
_UNREACHED = _Meaning(
    Unreachable, "{service} could not be reached for {resource} ({code})", "check network, location and endpoint"
)
_BROKEN = _Meaning(Unreachable, "{service} failed at {call} on {resource} ({code})", "run again later")
_STATE = _Meaning(
    Unknowable,
    "{resource} is in a state that does not allow {call} ({code})",
    "bring its versions to state ENABLED and run again",
)

MEANINGS: Mapping[str, _Meaning] = {
    "PERMISSION_DENIED": _Meaning(
        Denied,
        "Google refused {call} on {resource}: the caller lacks {permission}",
        "grant {permission} on {resource} to the caller; Google answers the same where the resource does not exist",
    ),
    "SERVICE_DISABLED": _Meaning(
        Denied,
        "the {service} API is not enabled in the project that the credentials for {call} belong to",
        "enable {api}.googleapis.com there, or name a quota project in the credentials",
    ),
    "NOT_FOUND": _Meaning(
        Unknowable,
        "Cloud KMS knows no {resource}",
        "compare project, location, key ring and key with the console; a key that was deleted is gone for good",
    ),
    "INVALID_ARGUMENT": _Meaning(
        Unknowable,
        "{call} does not exist for {resource}, a key of another kind",
        "name a symmetric key of Cloud KMS, of purpose ENCRYPT_DECRYPT",
    ),
    "FAILED_PRECONDITION": _STATE,
    "RESOURCE_EXHAUSTED": _Meaning(
        Unreachable, "Google throttled {call} on {resource}", "run again when fewer calls are made"
    ),
    "UNAUTHENTICATED": _CREDENTIALS,
    "DEADLINE_EXCEEDED": _Meaning(TimedOut, "{service} gave no answer to {call} on {resource} in time", "run again"),
    "UNAVAILABLE": _UNREACHED,
    # google-auth's own, by class
    "DefaultCredentialsError": _Meaning(
        Denied,
        "no Google credentials were found for {call} on {resource}",
        "run gcloud auth application-default login, or set GOOGLE_APPLICATION_CREDENTIALS",
    ),
    "TransportError": _UNREACHED,
    "GoogleAuthError": _CREDENTIALS,
    "AnotherUniverse": _Meaning(
        Denied,
        "the credentials for {call} on {resource} belong to another universe than the key",
        "use credentials of the key's own cloud, or correct universe_domain",
    ),
}
"""What a code, or a class of google-auth's, means for whoever looks. The only such table; all else is `_BROKEN`."""

PERMISSIONS: Mapping[str, str] = {
    "CreateCryptoKeyVersion": "cloudkms.cryptoKeyVersions.create",
    "Decrypt": "cloudkms.cryptoKeyVersions.useToDecrypt",
    "Encrypt": "cloudkms.cryptoKeyVersions.useToEncrypt",
    "GetCryptoKey": "cloudkms.cryptoKeys.get",
    "GetCryptoKeyVersion": "cloudkms.cryptoKeyVersions.get",
    "GetIamPolicy": "cloudkms.cryptoKeys.getIamPolicy",
    "GetEkmConnection": "cloudkms.ekmConnections.get",
    "ListLogEntries": "logging.privateLogEntries.list",
    "ListCryptoKeyVersions": "cloudkms.cryptoKeyVersions.list",
    "UpdateCryptoKeyPrimaryVersion": "cloudkms.cryptoKeys.update",
    "UpdateCryptoKeyVersion": "cloudkms.cryptoKeyVersions.update",
}
"""The permission that each call needs (Cloud KMS documentation, "Permissions and roles")."""

_SERVICES = {"cloudkms": "Cloud KMS", "logging": "Cloud Logging"}
_OF_LOGGING: Mapping[str, _Meaning] = {
    "NOT_FOUND": _Meaning(Unknowable, "Cloud Logging knows no {resource}", "compare the project with the console"),
    "INVALID_ARGUMENT": _Meaning(
        Unknowable, "Cloud Logging does not understand what it is asked of {resource}", "look for the calls by hand"
    ),
}

TRANSIENT = frozenset({"UNAVAILABLE", "RESOURCE_EXHAUSTED", "INTERNAL", "ABORTED", "UNKNOWN"})
"""What may be otherwise a moment later."""

REFUSALS = frozenset(f"FAILED_PRECONDITION {state}" for state in ("DISABLED", "DESTROY_SCHEDULED", "DESTROYED"))
"""The specific words of Cloud KMS for a version that may not be used: the only ones that prove a revocation."""

LOSSES = frozenset({"INVALID_ARGUMENT"}) | REFUSALS
"""Its words for ciphertext, rightly addressed, that no version of the key can open."""

_NOT_ENABLED = re.compile(
    r"\bcryptoKeys/[A-Za-z0-9_-]{1,63}/cryptoKeyVersions/\d{1,10} is not enabled, current state is: ([A-Z_]{3,40})\."
)
_DENIED = re.compile(r"Permission '(cloudkms\.[A-Za-z.]{3,80})' denied on resource '([A-Za-z0-9/_:.-]{8,512})'")
_VIOLATIONS = {"KEY_DISABLED": "DISABLED", "KEY_DESTROYED": "DESTROYED", "KEY_DESTROY_SCHEDULED": "DESTROY_SCHEDULED"}


def code_of(error: Exception) -> str:
    """The status by name, for an unusable version with its state; or the class name of an error of google-auth's."""
    from google.api_core.exceptions import GoogleAPICallError

    if not isinstance(error, GoogleAPICallError):
        return type(error).__name__
    status = str(getattr(error.grpc_status_code, "name", "UNKNOWN"))
    if status == "FAILED_PRECONDITION":
        return " ".join(filter(None, (status, _state_in(error))))
    if status == "PERMISSION_DENIED" and _api_is_off(error):
        return "SERVICE_DISABLED"
    if status == "UNAVAILABLE" and "Getting metadata from plugin failed" in str(error.message):
        return "UNAUTHENTICATED"  # gRPC's words where fresh access tokens could not be had
    return status


def _state_in(error: Exception) -> str | None:
    """The state of the version that a call was refused for, by the error's details or by its sentence."""
    for detail in getattr(error, "details", ()):
        for violation in getattr(detail, "violations", ()):
            if violation.type in _VIOLATIONS:
                return _VIOLATIONS[violation.type]
    said = _NOT_ENABLED.search(str(getattr(error, "message", "")))
    return said[1] if said else None


def _api_is_off(error: Exception) -> bool:
    said = str(getattr(error, "message", ""))
    return getattr(error, "reason", None) == "SERVICE_DISABLED" or "has not been used in project" in said


def explain(error: Exception, operation: str, resource: str, api: str = "cloudkms") -> LookFailed:
    """One of our errors for one of Google's: never Google's own text, always what to do."""
    if isinstance(error, LookFailed):
        return error
    code = code_of(error)
    names = [code, code.partition(" ")[0], *(base.__name__ for base in type(error).__mro__)]
    meanings = {**MEANINGS, **_OF_LOGGING} if api == "logging" else MEANINGS
    meaning = next((meanings[name] for name in names if name in meanings), _BROKEN)
    denied = _DENIED.search(str(getattr(error, "message", "")))
    words = {
        "call": f"{api}.{operation}",
        "api": api,
        "service": _SERVICES[api],
        "resource": denied[2] if denied else resource,
        "permission": denied[1] if denied else PERMISSIONS.get(operation, f"the permission for {operation}"),
        "code": code,
    }
    return meaning.error(meaning.text.format(**words), meaning.remedy.format(**words))
