"""What the errors of Key Vault, Managed HSM and Azure's client library mean for whoever looks."""

from collections.abc import Mapping
from dataclasses import dataclass

from clauseproof.model.errors import Denied, EvidenceRejected, LookFailed, TimedOut, Unknowable, Unreachable


@dataclass(frozen=True)
class _Meaning:
    error: type[LookFailed]
    text: str
    remedy: str


_GRANT = "allow {right} on {key} to the caller, in the vault's access policies or by an Azure role"
_DENIED = _Meaning(Denied, "Key Vault refused {call} on {key}", _GRANT)
_TOKEN = _Meaning(
    Denied,
    "Key Vault does not accept the token used for {call} on {key}",
    "sign in at {authority} to the tenant of the vault, and run again",
)
_ABSENT = _Meaning(
    Unknowable,
    "{vault} knows no key {name}",
    "compare vault and name with the portal; a key that was deleted and purged is gone for good",
)
_THROTTLED = _Meaning(Unreachable, "Key Vault throttled {call} on {key}", "run again when fewer calls are made")
_BROKEN = _Meaning(Unreachable, "Key Vault failed at {call} on {key} ({code})", "run again later")
_UNREACHED = _Meaning(Unreachable, "{vault} could not be reached ({code})", "check the vault's name and the network")
_CONFUSED = _Meaning(
    EvidenceRejected, "{vault} gave an answer to {call} that makes no sense ({code})", "see who answers under this name"
)
_USAGE = _Meaning(Unknowable, "{key} does not allow {call} ({code})", "name the key that protects the data")
_UNTIMELY = _Meaning(Unknowable, "{key} is outside its period of validity", "name a key that may be used today")

_DEEPEST = 10
"""Errors inside errors that are looked through."""

DISABLED = "KeyDisabled"

MEANINGS: Mapping[str, _Meaning] = {
    DISABLED: _Meaning(Unknowable, "{key} is disabled", "enable the key's versions and run again"),
    "AccessDenied": _DENIED,
    "ForbiddenByPolicy": _DENIED,
    "ForbiddenByRbac": _DENIED,
    "HTTP 403": _DENIED,
    "ForbiddenByFirewall": _Meaning(
        Denied, "the firewall of {vault} keeps this address out", "allow it in the vault's network settings"
    ),
    "ForbiddenByConnection": _Meaning(
        Denied, "{vault} is closed to public networks", "look from a network with a private endpoint of the vault"
    ),
    "KeyOperationForbidden": _USAGE,
    "KeyExpired": _UNTIMELY,
    "KeyNotYetValid": _UNTIMELY,
    "HTTP 400": _Meaning(Unknowable, "{call} does not exist for {key}, a key of another kind ({code})", _USAGE.remedy),
    "HTTP 401": _TOKEN,
    "HTTP 404": _ABSENT,
    "HTTP 408": _Meaning(TimedOut, "{vault} gave up waiting for {call}", "run again"),
    "HTTP 409": _Meaning(Unreachable, "{key} is being changed by somebody else ({code})", "run again later"),
    "HTTP 429": _THROTTLED,
    # the client library's own, by class; an error of azure-identity has no answer with a status
    "ClientAuthenticationError": _Meaning(
        Denied,
        "no token for {vault} was given by {authority}",
        "log in (az login), set AZURE_CLIENT_ID and its secret, or give the key a token",
    ),
    "ChallengeRefused": _Meaning(
        EvidenceRejected,
        "{vault} asks for a token that is meant for another service, and got none",
        "see who answers under the vault's name",
    ),
    "InvalidCredentials": _Meaning(
        Denied, "Azure's credentials are set up wrongly for {call} on {key}", "correct AZURE_TOKEN_CREDENTIALS"
    ),
    "CertificateNotTrusted": _Meaning(
        Unreachable,
        "the certificate of {vault} is not trusted",
        "name its private authority as ca_file",
    ),
    "ServiceRequestTimeoutError": _Meaning(TimedOut, "{vault} could not be reached in time", "check the network"),
    "ServiceResponseTimeoutError": _Meaning(TimedOut, "{vault} gave no answer to {call} in time", "run again"),
    "ServiceRequestError": _UNREACHED,
    "ServiceResponseError": _UNREACHED,
    "DecodeError": _CONFUSED,
    "SerializationError": _CONFUSED,
    "DeserializationError": _CONFUSED,
    "JSONDecodeError": _CONFUSED,
    "AttributeError": _CONFUSED,
    "TypeError": _CONFUSED,
    "LookupError": _CONFUSED,
}
"""What a code, a status or a class means for whoever looks. The only table of its kind; all else is `_BROKEN`."""

_NAMED = (("The challenge", "ChallengeRefused"), ("Invalid value for AZURE", "InvalidCredentials"))
"""Errors that the client libraries raise as a bare ValueError, by how their text begins."""

REFUSALS = frozenset({DISABLED})
"""The specific word of Key Vault for a version that may not be used: the only one that proves a revocation."""

LOSSES = frozenset({"BadParameter"})
"""Key Vault's word for ciphertext that a version cannot open; it served the same call for the same version before."""


@dataclass(frozen=True)
class Failure:
    """A call that gave no answer: Key Vault's innermost code and status, or the client's own error by class."""

    code: str
    status: int | None
    names: tuple[str, ...]


def failure_of(error: Exception) -> Failure:
    """Take an error of azure-core or azure-identity apart; never the peer's text."""
    classes = tuple(base.__name__ for base in type(error).__mro__)
    if _untrusted(error):
        return Failure("CertificateNotTrusted", None, ("CertificateNotTrusted",))
    if isinstance(error, ValueError):
        named = next((name for words, name in _NAMED if str(error).startswith(words)), classes[0])
        return Failure(named, None, (named, *classes))
    status = getattr(error, "status_code", None)
    if not isinstance(status, int):
        return Failure(classes[0], None, classes)
    code = (_code(error) or f"HTTP {status}")[:80]
    return Failure(code, status, (code, f"HTTP {status}"))


def _code(error: Exception) -> str | None:
    """The inner code, which alone tells a disabled key from a caller without a right; else the outer one."""
    body = getattr(error, "error", None)
    inner = getattr(body, "innererror", None)
    if isinstance(inner, dict) and isinstance(inner.get("code"), str):
        return str(inner["code"])
    code = getattr(body, "code", None)
    return code if isinstance(code, str) else None


def _untrusted(error: BaseException) -> bool:
    import ssl

    behind: list[BaseException] = [error]
    for _ in range(_DEEPEST):
        if isinstance(behind[-1], ssl.SSLCertVerificationError):
            return True
        behind += _reasons(behind[-1])[:1]
    return False


def _reasons(error: BaseException) -> list[BaseException]:
    """What lies behind an error: azure-core, requests and urllib3 each keep it in a place of their own."""
    places = (getattr(error, "inner_exception", None), getattr(error, "reason", None), *error.args, error.__cause__)
    return [place for place in places if isinstance(place, BaseException)]


def explain(failure: Failure, words: Mapping[str, str]) -> LookFailed:
    """One of our errors: never Azure's own text, always what to do.

    `words` are `call`, `right`, `key`, `name`, `vault` and `authority`.
    """
    meaning = next((MEANINGS[name] for name in failure.names if name in MEANINGS), _BROKEN)
    every = {**words, "code": failure.code}
    return meaning.error(meaning.text.format(**every), meaning.remedy.format(**every))
