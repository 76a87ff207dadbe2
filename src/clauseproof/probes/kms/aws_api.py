"""The way to one key of AWS KMS: client and calls.

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
from clauseproof.model.errors import Unreachable
from clauseproof.model.look import Look
from clauseproof.probes.kms import environment
from clauseproof.probes.kms.aws_errors import code_of, explain

if TYPE_CHECKING:
    import boto3
    from botocore.config import Config
    from types_boto3_kms.client import KMSClient

CONNECT_S = 5.0
READ_S = 10.0
ATTEMPTS = 3
CONNECTIONS = 32
"""Connections a client keeps open: as many as the engine runs plain probes at once, so that none is made anew."""

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
        """A client of one's own, whose calls take at most about `attempts` times `within_s`.

        `fresh` reads credentials anew, so that renewed ones are found. Raises botocore's errors, see `explain`.
        """
        session = _new_session(self.profile) if fresh else _session(self.profile, _environment())
        config = _config(self.region, attempts=attempts, within_s=within_s)
        with _making_clients:  # a session is not made for several threads; its clients are
            return session.client("kms", endpoint_url=self.endpoint_url, config=config)

    def shared_client(self) -> "KMSClient":
        """The one client of all looks that go the same way; its calls take at most about ATTEMPTS times READ_S.

        Making a client takes as long as several calls. The shared one slows down to the rate that AWS allows, such as
        100 ListKeyRotations a second (developer guide, "Request quotas"), where retries alone leave some keys of a
        large account unread. Drills have clients of their own: what slows an inventory down must not slow a way back.
        """
        with _making_clients:
            return _shared(self.region, self.endpoint_url, self.profile, _environment())

    def client_of(self, service: str, *, attempts: int) -> Any:
        """A client of another service in the key's region, where botocore finds it (`AWS_ENDPOINT_URL_...` included).

        Raises botocore's errors, see `explain`.
        """
        session: Any = _session(self.profile, _environment())
        config = _config(self.region, attempts=attempts, within_s=READ_S)
        with _making_clients:
            return session.client(service, config=config)

    @property
    def region(self) -> str:
        """The region, from the ARN."""
        return self.arn.split(":")[3]


def _config(region: str, *, attempts: int, within_s: float, adaptive: bool = False) -> "Config":
    from botocore.config import Config

    return Config(
        region_name=region,
        connect_timeout=min(CONNECT_S, within_s),
        read_timeout=min(READ_S, within_s),
        retries={"mode": "adaptive" if adaptive else "standard", "total_max_attempts": attempts},
        max_pool_connections=CONNECTIONS,
        user_agent_extra=f"clauseproof/{__version__}",
    )


@functools.lru_cache(maxsize=32)
def _shared(region: str, endpoint_url: str | None, profile: str | None, environment: int) -> "KMSClient":
    config = _config(region, attempts=ATTEMPTS, within_s=READ_S, adaptive=True)
    return _session(profile, environment).client("kms", endpoint_url=endpoint_url, config=config)


def _new_session(profile: str | None) -> "boto3.Session":
    import boto3

    return boto3.Session(profile_name=profile)


@functools.lru_cache(maxsize=8)
def _session(profile: str | None, environment: int) -> "boto3.Session":
    """One session per profile and environment: it reads botocore's service model once, not once per key."""
    return _new_session(profile)


def _environment() -> int:
    """What botocore reads of the environment when a session or a client is made, its proxies included."""
    read = {name: value for name, value in os.environ.items() if name.upper().startswith(("AWS_", "HTTP", "NO_PROXY"))}
    return hash(frozenset(read.items()))


class Failed(Exception):
    """A call that gave no answer: `code` is the service's, or the class name of an error of botocore's."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error
        self.code = code_of(error)


class AwsApi:
    """Calls to one key, each noted in the look; what fails becomes one of our errors.

    With `attempts` they go through a client of their own, as those of a drill must; else through the shared one.
    """

    def __init__(self, reach: AwsReach, look: Look, *, attempts: int | None = None) -> None:
        self.reach = reach
        self._look = look
        self._attempts = attempts
        self._client: KMSClient | None = None

    def call(self, operation: str, **more: Any) -> dict[str, Any]:
        """`call("DescribeKey")` on the key. Raises LookFailed: Denied, Unreachable, TimedOut, Unknowable."""
        try:
            return self.try_call(operation, **more)
        except Failed as failed:
            raise explain(failed.error, operation, self.reach.arn, self.reach.profile) from failed.error

    def try_call(self, operation: str, **more: Any) -> dict[str, Any]:
        """The same for a caller who decides by the code. Raises Failed."""
        return self._ask(operation, {"KeyId": self.reach.arn, **more})

    def account_call(self, operation: str, **params: Any) -> dict[str, Any]:
        """A call about the key's account, not about the key, such as DescribeCustomKeyStores. Raises like `call`."""
        try:
            return self._ask(operation, params)
        except Failed as failed:
            raise explain(failed.error, operation, self.reach.arn, self.reach.profile) from failed.error

    def _ask(self, operation: str, params: Mapping[str, Any]) -> dict[str, Any]:
        from botocore.exceptions import BotoCoreError, ClientError

        self._look.called(f"kms:{operation}")
        try:
            method = getattr(self._connected(), _snake(operation))
            answer: dict[str, Any] = method(**params)
        except (ClientError, BotoCoreError) as error:
            raise Failed(error) from error
        return answer

    def _connected(self) -> "KMSClient":
        if self._client is None:
            within_s = max(1.0, min(READ_S, self._look.remaining_s()))
            if self._attempts is None and within_s == READ_S:
                self._client = self.reach.shared_client()
            else:
                self._client = self.reach.client(attempts=self._attempts or ATTEMPTS, within_s=within_s)
            self._look.went_through(environment.of_botocore(self._client.meta.endpoint_url))
        return self._client

    def pages(self, operation: str, member: str, most: int = 100, **more: Any) -> list[dict[str, Any]]:
        """All entries of a listing, at most `most` pages. Raises like `call`."""
        entries: list[dict[str, Any]] = []
        marker: dict[str, str] = {}
        for _ in range(most):
            page = self.call(operation, **more, **marker)
            entries += page.get(member, [])
            if not page.get("Truncated") or not page.get("NextMarker"):
                return entries
            marker = {"Marker": page["NextMarker"]}
        raise Unreachable(f"kms:{operation} on {self.reach.arn} does not come to an end", "run again")


def _snake(operation: str) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in operation).lstrip("_")
