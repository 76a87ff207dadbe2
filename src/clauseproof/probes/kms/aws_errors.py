"""What the errors of AWS KMS and of botocore mean for whoever looks."""

from collections.abc import Mapping
from dataclasses import dataclass

from clauseproof.model.errors import Denied, LookFailed, TimedOut, Unknowable, Unreachable


@dataclass(frozen=True)
class _Meaning:
    error: type[LookFailed]
    text: str
    remedy: str


_CREDENTIALS = _Meaning(
    Denied,
    "AWS does not accept the credentials used for {call} in {region}, partition {partition}",
    "credentials belong to one partition: use some of account {account} in {partition}, or name them as profile",
)
_EXPIRED = _Meaning(Denied, "the AWS credentials for {call} on {arn} have expired", "renew them and run again")
_DENIED = _Meaning(
    Denied,
    "AWS refused {call} on {arn}",
    "allow {call} on {arn} to the caller, in IAM and in the key's policy; the key is in account {account}",
)
_ABSENT = _Meaning(
    Unknowable,
    "AWS KMS knows no {arn}",
    "compare partition, region, account and key id with the console; a key that was deleted is gone for good",
)
_THROTTLED = _Meaning(Unreachable, "AWS throttled {call} on {arn}", "run again when fewer calls are made")
_BROKEN = _Meaning(Unreachable, "AWS KMS failed at {call} on {arn} ({code})", "run again later")
_UNREACHED = _Meaning(
    Unreachable, "AWS KMS could not be reached for {arn} ({code})", "check network, region and endpoint_url"
)
_USAGE = _Meaning(
    Unknowable, "{arn} is not a key that encrypts and decrypts ({code})", "name the key that protects the data"
)

MEANINGS: Mapping[str, _Meaning] = {
    "AccessDeniedException": _DENIED,
    "AccessDenied": _DENIED,
    "NotFoundException": _ABSENT,
    "InvalidArnException": _ABSENT,
    "ValidationException": _ABSENT,
    "UnrecognizedClientException": _CREDENTIALS,
    "InvalidClientTokenId": _CREDENTIALS,
    "InvalidSignatureException": _CREDENTIALS,
    "SignatureDoesNotMatch": _CREDENTIALS,
    "MissingAuthenticationTokenException": _CREDENTIALS,
    "IncompleteSignature": _CREDENTIALS,
    "OptInRequired": _CREDENTIALS,
    "ExpiredTokenException": _EXPIRED,
    "ExpiredToken": _EXPIRED,
    "RequestExpired": _EXPIRED,
    "ThrottlingException": _THROTTLED,
    "Throttling": _THROTTLED,
    "TooManyRequestsException": _THROTTLED,
    "RequestLimitExceeded": _THROTTLED,
    "InvalidKeyUsageException": _USAGE,
    "UnsupportedOperationException": _Meaning(
        Unknowable, "{call} does not exist for {arn}, a key of another kind", "name a symmetric key of AWS KMS"
    ),
    "DisabledException": _Meaning(Unknowable, "{arn} is disabled", "enable the key and run again"),
    "KMSInvalidStateException": _Meaning(
        Unknowable, "{arn} is in a state that does not allow {call}", "bring the key to state Enabled and run again"
    ),
    "ConflictException": _Meaning(Unknowable, "a rotation of {arn} is under way", "run again when it is completed"),
    "LimitExceededException": _Meaning(
        Unknowable, "AWS allows no further {call} on {arn}: its lifetime budget is spent", "drill another key"
    ),
    # botocore's own, by class
    "NoCredentialsError": _Meaning(
        Denied, "no AWS credentials were found for {call} on {arn}", "log in, set AWS_PROFILE, or name a profile"
    ),
    "PartialCredentialsError": _CREDENTIALS,
    "ProfileNotFound": _Meaning(
        Denied, "AWS's configuration files have no profile {profile}", "correct the subject's profile, or configure it"
    ),
    "CredentialRetrievalError": _EXPIRED,
    "TokenRetrievalError": _EXPIRED,
    "SSOError": _EXPIRED,
    "ConnectTimeoutError": _Meaning(TimedOut, "AWS KMS could not be reached in time for {arn}", "check the network"),
    "ReadTimeoutError": _Meaning(TimedOut, "AWS KMS gave no answer to {call} on {arn} in time", "run again"),
    "ConnectionError": _UNREACHED,
    "HTTPClientError": _UNREACHED,
}
"""What a code, or a class of botocore's, means for whoever looks. The only table of its kind; all else is `_BROKEN`."""

REFUSALS = frozenset({"DisabledException", "KMSInvalidStateException"})
"""The specific words of KMS for a key that may not be used: the only ones that prove a revocation."""

LOSSES = frozenset({"InvalidCiphertextException", "IncorrectKeyException"})
"""KMS's words for ciphertext that no material of the key can open."""


def code_of(error: Exception) -> str:
    """The service's error code, or the class name of an error of botocore's own."""
    from botocore.exceptions import ClientError

    if isinstance(error, ClientError):
        return str(error.response.get("Error", {}).get("Code", "unknown"))[:80]
    return type(error).__name__


def explain(error: Exception, operation: str, arn: str, profile: str | None, *, service: str = "kms") -> LookFailed:
    """One of our errors for one of botocore's: never AWS's own text, always what to do.

    `service` is the prefix of the right that the call needs.
    """
    code = code_of(error)
    names = [code, *(base.__name__ for base in type(error).__mro__)]
    meaning = next((MEANINGS[name] for name in names if name in MEANINGS), _BROKEN)
    _, partition, _, region, account, _ = arn.split(":", 5)
    words = {
        "call": f"{service}:{operation}",
        "arn": arn,
        "account": account,
        "partition": partition,
        "region": region,
        "profile": profile or "(default)",
        "code": code,
    }
    return meaning.error(meaning.text.format(**words), meaning.remedy.format(**words))
