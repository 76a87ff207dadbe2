"""Tokens for Key Vault: azure-identity's default chain, or one that the environment holds.

The chain is the one its users expect, settable by `AZURE_TOKEN_CREDENTIALS`, except that without that variable it
leaves the managed identity out: finding out whether there is one means asking 169.254.169.254.
"""

import base64
import functools
import json
import logging
import os
import threading
import time
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from clauseproof.model.errors import Denied, EvidenceRejected
from clauseproof.probes.kms.azure_library import load

if TYPE_CHECKING:
    from azure.core.credentials import AccessTokenInfo, TokenRequestOptions

CHOICE = "AZURE_TOKEN_CREDENTIALS"
_LEFT_S = 300
"""A token that lasts less than this is asked for anew, as the client library does."""
_BRIEFLY_S = 60
"""How long the client library may take a token of ours for good: too short to keep it, so that it asks every time."""


class Tokens(Protocol):
    """What the client library asks for tokens."""

    def get_token_info(self, *scopes: str, options: "TokenRequestOptions | None" = None) -> "AccessTokenInfo":
        """A token for these scopes; the options name the tenant."""


def credential(authority: str, token: str | None, *, fresh: bool = False) -> Tokens:
    """Where tokens come from: the environment variable named `token`, else the default chain at `authority`.

    `fresh` asks the chain anew, so that renewed logins are found. ValueError where the chain is set up wrongly.
    """
    if token is not None:
        return EnvironmentToken(token)
    return _chain(authority) if fresh else _shared(authority, _environment())


class ForVault:
    """Tokens for one vault and nobody else, whatever an answer leads the client library to ask for.

    A listing may continue at any address that the vault names; a token serves whoever holds it.
    """

    def __init__(self, source: Tokens, vault: str) -> None:
        self._source = source
        self._host = str(urlsplit(vault).hostname)

    def get_token_info(self, *scopes: str, options: "TokenRequestOptions | None" = None) -> "AccessTokenInfo":
        """A token of the vault's own service. Raises EvidenceRejected for any other scope."""
        services = [str(urlsplit(scope).hostname) for scope in scopes]
        if not services or not all(self._host.endswith(f".{service}") for service in services):
            raise EvidenceRejected(
                f"{self._host} led to somebody who asks for a token of another service, and got none",
                "see who answers under the vault's name",
            )
        return self._source.get_token_info(*scopes, options=options)


def object_id(token: str) -> str | None:
    """Whom an access token is about, as the audit logs name it; None where it does not say.

    Only services can verify it; here it does no more than tell our calls from those of others.
    """
    try:
        part = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(f"{part}{'=' * (-len(part) % 4)}"))
        found = claims["oid"]
    except (IndexError, KeyError, TypeError, ValueError, RecursionError):
        return None
    return found.lower() if isinstance(found, str) and found else None


class EnvironmentToken:
    """A short-lived access token in an environment variable, looked up for every request. Raises Denied if unset."""

    def __init__(self, name: str) -> None:
        self._name = name

    def get_token_info(self, *scopes: str, options: "TokenRequestOptions | None" = None) -> "AccessTokenInfo":
        """The token as it is now."""
        from azure.core.credentials import AccessTokenInfo

        text = os.environ.get(self._name, "").strip()
        if not text:
            raise Denied(f"${{env:{self._name}}} holds no token", f"set the environment variable {self._name}")
        return AccessTokenInfo(text, int(time.time()) + _BRIEFLY_S)


class SharedTokens:
    """One chain for many keys: a chain that asks the Azure CLI would else start it once per key."""

    def __init__(self, source: Tokens) -> None:
        self._source = source
        self._lock = threading.Lock()
        self._kept: dict[tuple[tuple[str, ...], str | None], AccessTokenInfo] = {}

    def get_token_info(self, *scopes: str, options: "TokenRequestOptions | None" = None) -> "AccessTokenInfo":
        """The token for these scopes and this tenant, asked for at most once while it lasts."""
        wanted = options or {}
        key = (scopes, wanted.get("tenant_id"))
        with self._lock:
            kept = self._kept.get(key)
            if kept is None or wanted.get("claims") or kept.expires_on - time.time() < _LEFT_S:
                self._kept[key] = kept = self._source.get_token_info(*scopes, options=options)
            return kept


@functools.lru_cache(maxsize=8)
def _shared(authority: str, environment: int) -> SharedTokens:
    return SharedTokens(_chain(authority))


def _chain(authority: str) -> Tokens:
    load("azure.identity")
    from azure.identity import DefaultAzureCredential

    logging.getLogger("azure").addHandler(logging.NullHandler())  # what it has to say, our own errors say
    without = {} if os.environ.get(CHOICE) else {"exclude_managed_identity_credential": True}
    return DefaultAzureCredential(authority=authority, **without)


def _environment() -> int:
    return hash(frozenset((name, value) for name, value in os.environ.items() if name.startswith("AZURE_")))
