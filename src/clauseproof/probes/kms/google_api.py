"""The way to one key of Cloud KMS: client, calls, and when a call is tried again.

Credentials are Google's application default, and are shown only to the universe that issued them: the client library no
longer looks. Its retries and those of gRPC are off, since they go on for a minute where nobody answers. Away from
Google's machines `NO_GCE_CHECK=true` keeps google-auth from asking for a metadata server that is not there.
"""

import functools
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from clauseproof import __version__
from clauseproof.facts.google import GOOGLE_CLOUD, GoogleKey
from clauseproof.model.errors import LookFailed, Unreachable
from clauseproof.model.look import Look
from clauseproof.probes.kms import environment
from clauseproof.probes.kms.google_errors import TRANSIENT, AnotherUniverse, code_of, explain

if TYPE_CHECKING:
    from google.cloud.kms_v1 import EkmServiceClient, KeyManagementServiceClient
    from google.cloud.logging_v2.services.logging_service_v2 import LoggingServiceV2Client

CALL_S = 10.0
ATTEMPTS = 3
_PAUSE_S = 0.25
_OPTIONS = (
    ("grpc.max_reconnect_backoff_ms", 2000),
    ("grpc.enable_retries", 0),
    ("grpc.primary_user_agent", f"clauseproof/{__version__}"),
)
"""The user agent that Google's audit logs show is gRPC's, not the one that the client library is given."""
_ALONE = ("grpc.use_local_subchannel_pool", 1)
"""Channels share connections, and with them a connection's long wait after a failure, unless told not to."""

_SCOPE = "https://www.googleapis.com/auth/cloudkms"

_making_clients = threading.Lock()


class Clients:
    """Clients of the services at one endpoint, each connected when first used.

    Attributes:
        email: the service account that they act as; None for anybody else.
    """

    def __init__(self, make: Callable[[Any], Any], email: str | None = None) -> None:
        self._make = make
        self.email = email

    @functools.cached_property
    def keys(self) -> "KeyManagementServiceClient":
        """The key management service."""
        from google.cloud.kms_v1 import KeyManagementServiceClient

        client: KeyManagementServiceClient = self._make(KeyManagementServiceClient)
        return client

    @functools.cached_property
    def external(self) -> "EkmServiceClient":
        """The service of connections to external key managers."""
        from google.cloud.kms_v1 import EkmServiceClient

        client: EkmServiceClient = self._make(EkmServiceClient)
        return client

    @functools.cached_property
    def logs(self) -> "LoggingServiceV2Client":
        """Cloud Logging, whose endpoint is another."""
        from google.cloud.logging_v2.services.logging_service_v2 import LoggingServiceV2Client

        client: LoggingServiceV2Client = self._make(LoggingServiceV2Client)
        return client

    def close(self) -> None:
        """Close what was connected."""
        for client in ("keys", "external", "logs"):
            if client in self.__dict__:
                getattr(self, client).transport.close()


@dataclass(frozen=True)
class GoogleReach:
    """Where a key is and how to get there, without any secret."""

    name: str
    endpoint: str | None
    universe: str
    insecure: bool

    @classmethod
    def of(cls, key: GoogleKey) -> "GoogleReach":
        """The way to a subject of the profile."""
        return cls(key.name, key.endpoint, key.universe_domain, key.insecure)

    @classmethod
    def from_settings(cls, name: str, settings: Mapping[str, str]) -> "GoogleReach":
        """The way that a journal remembers."""
        universe = settings.get("universe_domain", GOOGLE_CLOUD)
        return cls(name, settings.get("endpoint"), universe, settings.get("insecure") == "true")

    def settings(self) -> dict[str, str]:
        """The way as a journal can keep it."""
        every = {"endpoint": self.endpoint, "universe_domain": self.universe, "insecure": self.insecure and "true"}
        return {name: value for name, value in every.items() if value}

    def clients(self) -> Clients:
        """Clients shared by all keys behind one endpoint. Raises google-auth's errors, see `explain`."""
        with _making_clients:
            return _shared(replace(self, name=""), _environment())

    @contextmanager
    def fresh_clients(self) -> Iterator[Clients]:
        """Clients of their own, with credentials read anew, so that renewed ones are found."""
        made = connect(self, _SCOPE, _ALONE)
        try:
            yield made
        finally:
            made.close()


@functools.lru_cache(maxsize=8)
def _shared(reach: GoogleReach, environment: int) -> Clients:
    return connect(reach, _SCOPE)


def _environment() -> int:
    """Changes when other credentials may be found."""
    names = [name for name in os.environ if name.startswith(("GOOGLE_", "CLOUDSDK_", "GRPC_"))]
    return hash(frozenset((name, os.environ[name]) for name in names))


def connect(reach: GoogleReach, scope: str, *more_options: tuple[str, int]) -> Clients:
    """Clients with credentials for `scope`, read anew. Raises google-auth's errors, see `explain`."""
    credentials = _nobody() if reach.insecure else _credentials(reach.universe, scope)

    def make(client: Any) -> Any:
        from google.api_core.client_options import ClientOptions
        from google.api_core.gapic_v1.client_info import ClientInfo

        transport = client.get_transport_class("grpc")
        open_channel = _plain if reach.insecure else transport.create_channel

        def channel(host: str, **more: Any) -> Any:
            return open_channel(host, **{**more, "options": [*more.get("options", ()), *_OPTIONS, *more_options]})

        return client(
            transport=functools.partial(transport, channel=channel),
            client_options=ClientOptions(api_endpoint=reach.endpoint, universe_domain=reach.universe),
            client_info=ClientInfo(user_agent=f"clauseproof/{__version__}"),  # type: ignore[no-untyped-call]
            credentials=credentials,
        )

    email = str(getattr(credentials, "service_account_email", None) or "")
    return Clients(make, email if "@" in email else None)


def _credentials(universe: str, scope: str) -> Any:
    import google.auth

    found, _ = google.auth.default(default_scopes=[scope])
    issuer = found.universe_domain
    if issuer != universe:
        raise AnotherUniverse(f"{issuer} is not {universe}")
    return found


def _plain(host: str, *, options: list[tuple[str, int | str]], **unused: Any) -> Any:
    import grpc  # type: ignore[import-untyped]

    return grpc.insecure_channel(host, options=options)


def _nobody() -> Any:
    from google.auth.credentials import AnonymousCredentials

    return AnonymousCredentials()  # type: ignore[no-untyped-call]


class Failed(Exception):
    """A call that gave no answer: `code` is the service's, or the class name of an error of google-auth's."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error
        self.code = type(error).__name__ if isinstance(error, LookFailed) else code_of(error)


class GoogleApi:
    """Calls about one key, each noted in the look; what fails becomes one of our errors."""

    def __init__(self, reach: GoogleReach, look: Look, *, attempts: int = ATTEMPTS) -> None:
        self.reach = reach
        self._look = look
        self._attempts = attempts

    def call(self, operation: str, **request: Any) -> Any:
        """`call("GetCryptoKey", name=...)`. Raises LookFailed: Denied, Unreachable, TimedOut, Unknowable."""
        try:
            return self.try_call(operation, **request)
        except Failed as failed:
            resource = next((v for k, v in request.items() if k in ("name", "parent", "resource")), self.reach.name)
            raise explain(failed.error, operation, str(resource)) from failed.error

    def try_call(self, operation: str, **request: Any) -> Any:
        """The same for a caller who decides by the code. Raises Failed."""
        self._look.called(f"cloudkms.{operation}")
        self._look.went_through(environment.of_grpc(self.reach.endpoint or f"cloudkms.{self.reach.universe}"))
        for left in range(self._attempts - 1, -1, -1):
            try:
                return invoke(self.reach.clients, operation, request, self._timeout_s())
            except Failed as failed:
                if left == 0 or failed.code not in TRANSIENT:
                    raise
            time.sleep(_PAUSE_S * 2 ** (self._attempts - 1 - left))
        raise AssertionError("an API is made with at least one attempt")

    def pages(self, operation: str, member: str, most: int = 100, **request: Any) -> list[Any]:
        """All entries of a listing, at most `most` pages. Raises like `call`."""
        entries: list[Any] = []
        token = ""
        for _ in range(most):
            page = self.call(operation, **request, page_size=1000, page_token=token)
            entries += getattr(page, member)
            token = page.next_page_token
            if not token:
                return entries
        raise Unreachable(f"cloudkms.{operation} on {self.reach.name} does not come to an end", "run again")

    def _timeout_s(self) -> float:
        try:
            return min(CALL_S, self._look.remaining_s())
        except LookFailed as error:
            raise Failed(error) from error


def invoke(clients: Callable[[], Clients], operation: str, request: Mapping[str, Any], timeout_s: float) -> Any:
    """One call, made once. Raises Failed."""
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # before gRPC is imported: else it writes lines to stderr
    from google.api_core.exceptions import GoogleAPIError
    from google.auth.exceptions import GoogleAuthError

    try:
        connected = clients()
        method = getattr(_serving(connected, operation), _snake(operation))
        return method(request=dict(request), timeout=timeout_s, retry=None)
    except (GoogleAPIError, GoogleAuthError, AnotherUniverse) as error:
        raise Failed(error) from error


def _serving(connected: Clients, operation: str) -> Any:
    if "Ekm" in operation:
        return connected.external
    return connected.logs if "LogEntries" in operation else connected.keys


def _snake(operation: str) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in operation).lstrip("_")
