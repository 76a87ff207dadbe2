"""Keys of Azure Key Vault and Managed HSM, in Azure's public cloud and in the sovereign ones."""

import re
from typing import Annotated, ClassVar, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from clauseproof.facts.keys import CloudKey
from clauseproof.facts.weburl import WebUrl, is_loopback, split_url
from clauseproof.model.secret import SecretRef

_NAME = r"[0-9A-Za-z-]{1,127}"
_DOMAIN = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?){1,4}"
_IDENTIFIER = re.compile(
    rf"https://(?P<host>[0-9a-z](?:[0-9a-z-]{{0,61}}[0-9a-z])?\.(?P<kind>vault|managedhsm)\.(?P<domain>{_DOMAIN}))"
    rf"/keys/(?P<name>{_NAME})(?P<version>/[0-9a-f]{{32}})?"
)

AUTHORITIES = {
    "azure.net": "https://login.microsoftonline.com",
    "azure.cn": "https://login.chinacloudapi.cn",
    "chinacloudapi.cn": "https://login.chinacloudapi.cn",
    "usgovcloudapi.net": "https://login.microsoftonline.us",
    "sovcloud-api.fr": "https://login.sovcloud-identity.fr",
    "sovcloud-api.de": "https://login.sovcloud-identity.de",
}
"""Where each cloud's tokens come from, by the domain of its vaults (azure-identity's `AzureAuthorityHosts`; for Bleu
and Delos the endpoints that Microsoft's own sign-in libraries list)."""


LOG_ENDPOINTS = {
    "azure.net": "https://api.loganalytics.io",
    "azure.cn": "https://api.loganalytics.azure.cn",
    "chinacloudapi.cn": "https://api.loganalytics.azure.cn",
    "usgovcloudapi.net": "https://api.loganalytics.us",
}
"""Where each cloud's Log Analytics is asked, by the domain of its vaults (azure-monitor-query's documentation)."""

_WORKSPACE = r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"


def _identifier(value: str) -> str:
    match = _IDENTIFIER.fullmatch(value)
    if match is None:
        raise ValueError(f"{value!r} is no identifier of a key; write https://<name>.vault.azure.net/keys/<key>")
    if match["version"]:
        raise ValueError(f"{value!r} is one version of a key; a promise is about all of them: leave the version out")
    return value


def _from_environment(value: object) -> SecretRef:
    ref = SecretRef.parse(value)
    if ref.scheme != "env":
        raise ValueError("write ${env:NAME}: the way back from a drill must find the token in any process")
    return ref


def _on_this_machine(value: str) -> str:
    host, _, port = value.rpartition(":")
    if not is_loopback(host.strip("[]")) or not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
        raise ValueError(f"{value!r} is no address and port of this machine, such as 127.0.0.1:8443")
    return value


class AzureKey(CloudKey):
    """A key of Azure Key Vault or Managed HSM. Credentials come from azure-identity's default chain.

    The chain asks no managed identity (169.254.169.254) unless `AZURE_TOKEN_CREDENTIALS` asks for one.
    `HTTPS_PROXY` and `NO_PROXY` of the environment count on the way to the vault, and the observation names the proxy.

    Attributes:
        identifier: written as `key`, without a version: `https://<name>.vault.azure.net/keys/<key>`, or under
            `managedhsm.azure.net`, or under a sovereign cloud's domain.
        authority: where tokens come from; needed for clouds whose own is not known here.
        ca_file: PEM of the authority that issued the vault's certificate, for private ones; `network.ca_file` else.
        token: a short-lived access token instead of azure-identity's, by reference to an environment variable.
        connect_to: connect to this address and port of this machine instead of the vault's host, under its name.
        log_workspace: id of the Log Analytics workspace that a diagnostic setting sends the vault's AuditEvent to.
        log_endpoint: another address of Log Analytics than the cloud's own; below its host or below the vault's domain.
        log_token, log_connect_to: as `token` and `connect_to`, for Log Analytics.
    """

    key: ClassVar[str] = "key"

    identifier: Annotated[str, AfterValidator(_identifier)] = Field(alias="key", max_length=400)
    authority: WebUrl | None = None
    ca_file: str | None = Field(default=None, min_length=1, max_length=1024)
    token: Annotated[SecretRef, BeforeValidator(_from_environment)] | None = None
    connect_to: Annotated[str, AfterValidator(_on_this_machine)] | None = None
    log_workspace: Annotated[str, Field(pattern=rf"^{_WORKSPACE}$")] | None = None
    log_endpoint: WebUrl | None = None
    log_token: Annotated[SecretRef, BeforeValidator(_from_environment)] | None = None
    log_connect_to: Annotated[str, AfterValidator(_on_this_machine)] | None = None

    @classmethod
    def accepts(cls, value: str) -> bool:
        """Whether it looks like an identifier of Key Vault or Managed HSM, in any cloud."""
        return re.match(r"https://[^/]*\.(vault|managedhsm)\.", value) is not None

    def files(self) -> tuple[str, ...]:
        """The private authority, if there is one."""
        return () if self.ca_file is None else (self.ca_file,)

    @property
    def vault(self) -> str:
        """The vault's URL, without a slash at the end."""
        return self.identifier.split("/keys/")[0]

    @property
    def name(self) -> str:
        """The key's name; Key Vault tells no upper from lower case."""
        return self.identifier.split("/keys/")[1]

    @property
    def managed_hsm(self) -> bool:
        """Whether it lives in a Managed HSM, which one customer has for itself."""
        return ".managedhsm." in self.vault

    @property
    def domain(self) -> str:
        """The cloud's domain, such as `azure.net`."""
        return self.vault.partition(".managedhsm." if self.managed_hsm else ".vault.")[2]

    @property
    def signs_in_at(self) -> str:
        """The authority that tokens come from."""
        return self.authority or AUTHORITIES[self.domain]

    @property
    def logs_at(self) -> str | None:
        """Where Log Analytics is asked; None where that is not known here."""
        return self.log_endpoint or LOG_ENDPOINTS.get(self.domain)

    @model_validator(mode="after")
    def _log_tokens_stay(self) -> Self:
        """A token serves whoever holds it: it goes to Log Analytics of the vault's own cloud, and encrypted."""
        if self.log_endpoint is None:
            return self
        parts = split_url(self.log_endpoint)
        own = [str(split_url(url).hostname) for url in (LOG_ENDPOINTS.get(self.domain),) if url]
        inside = parts.hostname in own or str(parts.hostname).endswith(
            tuple(f".{host}" for host in (*own, self.domain))
        )
        if parts.scheme != "https" or parts.path.strip("/") or not inside:
            raise ValueError(f"log_endpoint {self.log_endpoint} is not Log Analytics of the cloud of {self.domain}")
        return self

    @model_validator(mode="after")
    def _knows_where_tokens_come_from(self) -> Self:
        if self.authority is None and self.domain not in AUTHORITIES:
            raise ValueError(f"where tokens for {self.domain} come from is not known here; name the authority")
        if self.authority is not None and split_url(self.authority).path.strip("/"):
            raise ValueError("the authority is a host alone; the vault itself names the tenant")
        return self
