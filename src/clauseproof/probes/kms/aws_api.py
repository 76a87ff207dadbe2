"""The way to one key of AWS KMS: client, calls, and what its errors mean.

Credentials come from boto3's default chain. The region comes from the key's ARN.
"""

import functools
import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from clauseproof import __version__
from clauseproof.facts.keys import AwsKey
from clauseproof.model.errors import Denied, LookFailed, TimedOut, Unknowable, Unreachable
from clauseproof.model.look import Look

if TYPE_CHECKING:
    import boto3
    from types_boto3_kms.client import KMSClient

CONNECT_S = 5.0
READ_S = 10.0

_making_clients = threading.Lock()


@dataclass(frozen=True)
class AwsReach:
    """Where a key is and how to get there, without any secret."""

    arn: str
    endpoint_url: str | None
    profile: str | None

    @classmethod
    def of(cls, key: AwsKey) -> "AwsReach":
        """The way to a subject of the profile."""
        return cls(key.arn, key.endpoint_url, key.profile)

    @classmethod
    def from_settings(cls, arn: str, settings: Mapping[str, str]) -> "AwsReach":
        """The way that a journal remembers."""
        return cls(arn, settings.get("endpoint_url"), settings.get("profile"))

    def settings(self) -> dict[str, str]:
        """The way as a journal can keep it."""
        every = {"endpoint_url": self.endpoint_url, "profile": self.profile}
        return {name: value for name, value in every.items() if value is not None}

    def client(self, *, attempts: int, within_s: float = READ_S, fresh: bool = False) -> "KMSClient":
        """A client whose calls take at most about `attempts` times `within_s`.

        `fresh` reads credentials anew, so that renewed ones are found. Raises botocore's errors, see `explain`.
        """
        from botocore.config import Config

        config = Config(
            region_name=self.arn.split(":")[3],
            connect_timeout=min(CONNECT_S, within_s),
            read_timeout=min(READ_S, within_s),
            retries={"mode": "standard", "total_max_attempts": attempts},
            user_agent_extra=f"clauseproof/{__version__}",
        )
        session = _new_session(self.profile) if fresh else _session(self.profile, _environment())
        with _making_clients:  # a session is not made for several threads; its clients are
            return session.client("kms", endpoint_url=self.endpoint_url, config=config)


def _new_session(profile: str | None) -> "boto3.Session":
    import boto3

    return boto3.Session(profile_name=profile)


@functools.lru_cache(maxsize=8)
def _session(profile: str | None, environment: int) -> "boto3.Session":
    """One session per profile and AWS environment: it reads botocore's service model once, not once per key."""
    return _new_session(profile)


def _environment() -> int:
    return hash(frozenset((name, value) for name, value in os.environ.items() if name.startswith("AWS_")))


class Failed(Exception):
    """A call that gave no answer: `code` is the service's, or the class name of an error of botocore's."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error
        self.code = code_of(error)


class AwsApi:
    """Calls to one key, each noted in the look; what fails becomes one of our errors."""

    def __init__(self, reach: AwsReach, look: Look, *, attempts: int = 3) -> None:
        self.reach = reach
        self._look = look
        self._attempts = attempts
        self._client: KMSClient | None = None

    def call(self, operation: str, **more: Any) -> dict[str, Any]:
        """`call("DescribeKey")` on the key. Raises LookFailed: Denied, Unreachable, TimedOut, Unknowable."""
        try:
            return self.try_call(operation, **more)
        except Failed as failed:
            raise explain(failed.error, operation, self.reach) from failed.error

    def try_call(self, operation: str, **more: Any) -> dict[str, Any]:
        """The same for a caller who decides by the code. Raises Failed."""
        from botocore.exceptions import BotoCoreError, ClientError

        self._look.called(f"kms:{operation}")
        try:
            method = getattr(self._connected(), _snake(operation))
            answer: dict[str, Any] = method(KeyId=self.reach.arn, **more)
        except (ClientError, BotoCoreError) as error:
            raise Failed(error) from error
        return answer

    def _connected(self) -> "KMSClient":
        if self._client is None:
            within_s = max(1.0, min(READ_S, self._look.remaining_s()))
            self._client = self.reach.client(attempts=self._attempts, within_s=within_s)
        return self._client

    def pages(self, operation: str, member: str, most: int = 100) -> list[dict[str, Any]]:
        """All entries of a listing, at most `most` pages. Raises like `call`."""
        entries: list[dict[str, Any]] = []
        marker: dict[str, str] = {}
        for _ in range(most):
            page = self.call(operation, **marker)
            entries += page.get(member, [])
            if not page.get("Truncated") or not page.get("NextMarker"):
                return entries
            marker = {"Marker": page["NextMarker"]}
        raise Unreachable(f"kms:{operation} on {self.reach.arn} does not come to an end", "run again")


def _snake(operation: str) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in operation).lstrip("_")


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


def explain(error: Exception, operation: str, reach: AwsReach) -> LookFailed:
    """One of our errors for one of botocore's: never AWS's own text, always what to do."""
    code = code_of(error)
    names = [code, *(base.__name__ for base in type(error).__mro__)]
    meaning = next((MEANINGS[name] for name in names if name in MEANINGS), _BROKEN)
    _, partition, _, region, account, _ = reach.arn.split(":", 5)
    words = {
        "call": f"kms:{operation}",
        "arn": reach.arn,
        "account": account,
        "partition": partition,
        "region": region,
        "profile": reach.profile or "(default)",
        "code": code,
    }
    return meaning.error(meaning.text.format(**words), meaning.remedy.format(**words))
