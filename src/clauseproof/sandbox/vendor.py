"""The reference vendor: a CRM on loopback with everything around it that a contract speaks of.

names                   an authoritative server, UDP and TCP
TLS, per address        certificates of a private authority
HTTP API                contacts, each sealed under a data key of its own
key services            the customer's keys: AWS KMS (it wraps the data keys), Google Cloud KMS, Azure Managed HSM
papers                  contract, permission, reports, attestation, address ranges, and the buyer's profile
"""

import os
import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

import clauseproof.sandbox
from clauseproof.sandbox.character import HONEST, OVERCLAIMING, Character

if TYPE_CHECKING:
    from clauseproof.sandbox.service import Service

UNSET: Final = (
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "AWS_CA_BUNDLE"),
    *("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_KMS"),
    *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy", "grpc_proxy"),
)
"""Variables that would lead a look away from the reference vendor."""


class ReferenceVendor:
    """A vendor for the length of a `with` block. Creating one raises ExtraMissing without the extra `sandbox`.

    Attributes:
        profile: the buyer's profile of this vendor, in `folder`, with the files it names beside it.
        environment: variables that a run against the vendor needs, known once it runs.
        service: what is running, for whoever wants to talk to it.
    """

    service: "Service"

    def __init__(self, character: Character, folder: Path, *, now: datetime | None = None) -> None:
        clauseproof.sandbox.require()
        self.character = character
        self.folder = folder
        self.profile: Path = folder / f"{character.slug}-crm.yaml"
        self.environment: dict[str, str] = {}
        self._now = now or datetime.now(UTC)
        self._running = ExitStack()

    @classmethod
    def honest(cls, folder: Path, *, now: datetime | None = None) -> Self:
        """The vendor that keeps its word."""
        return cls(HONEST, folder, now=now)

    @classmethod
    def overclaiming(cls, folder: Path, *, now: datetime | None = None) -> Self:
        """The vendor that promises more than it does."""
        return cls(OVERCLAIMING, folder, now=now)

    def __enter__(self) -> Self:
        from clauseproof.sandbox import evidence, papers, service

        authorization, token = f"Bearer {secrets.token_urlsafe(24)}", secrets.token_urlsafe(24)
        sentinel = f"canary {secrets.token_hex(16)}"
        with ExitStack() as stack:
            self.service = running = service.start(
                stack, self.character, now=self._now, authorization=authorization, token=token, sentinel=sentinel
            )
            roots = {"private-ca": running.root.pem, "managed-hsm-ca": running.keys.azure.ca_file.read_bytes()}
            evidence.write_evidence(self.folder, self.character, roots, self._now)
            papers.write_papers(self.folder, self.character, self._now.date(), self._values(sentinel))
            self._running = stack.pop_all()
        self.environment = _environment(authorization, token)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._running.close()

    @contextmanager
    def surroundings(self) -> Iterator[None]:
        """`os.environ` as a run against the vendor needs it; afterwards as it was."""
        before = dict(os.environ)
        for name in UNSET:
            os.environ.pop(name, None)
        os.environ.update(self.environment)
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(before)

    def _values(self, sentinel: str) -> dict[str, str]:
        from clauseproof.sandbox import customerkeys

        running, keys = self.service, self.service.keys
        return {
            "port": str(running.port),
            "resolver": running.resolver,
            "sentinel": sentinel,
            "key": keys.contacts,
            "account": customerkeys.ACCOUNT,
            "kms": keys.aws.url,
            "attachments_key": keys.attachments,
            "project": customerkeys.PROJECT,
            "google": keys.google.address,
            "backups_key": keys.backups,
            "tenant": customerkeys.TENANT,
            "azure": "{}:{}".format(*keys.azure.address),
            "customer": customerkeys.CUSTOMER,
            "vendor_principal": customerkeys.VENDOR_PRINCIPAL,
        }


def _environment(authorization: str, token: str) -> dict[str, str]:
    from clauseproof.sandbox.kms.aws import BUYER_ACCESS_KEY

    return {
        "CRM_AUTHORIZATION": authorization,
        "BACKUPS_KEY_TOKEN": token,
        "AWS_ACCESS_KEY_ID": BUYER_ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": "not checked on loopback",
        # The user's own settings and the metadata services of clouds stay out of a run on loopback.
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_GCE_CHECK": "true",
        "AZURE_TOKEN_CREDENTIALS": "dev",
    }
