"""A key of Google Cloud KMS as a profile names it."""

import re
from typing import Annotated, ClassVar, Self

from pydantic import AfterValidator, Field, model_validator

from clauseproof.facts.endpoint import parse_endpoint
from clauseproof.facts.keys import CloudKey
from clauseproof.facts.weburl import WebUrl, is_loopback, split_url

GOOGLE_CLOUD = "googleapis.com"
"""The universe domain of Google's own cloud."""

_ID = r"[A-Za-z0-9_-]{1,63}"
_NAME = re.compile(
    r"projects/([a-z0-9.-]{1,63}:)?[a-z][a-z0-9-]{4,28}[a-z0-9]/locations/[a-z0-9-]{1,63}"
    rf"/keyRings/{_ID}/cryptoKeys/{_ID}"
)
_SHAPE = "projects/<project id>/locations/<location>/keyRings/<key ring>/cryptoKeys/<key>"


def _key_name(value: str) -> str:
    if _NAME.fullmatch(value):
        return value
    if re.match(r"projects/\d+/", value):
        raise ValueError(f"{value!r} names its project by number; write the project's id: {_SHAPE}")
    if "/cryptoKeyVersions/" in value:
        raise ValueError(
            f"{value!r} names one version, and a promise is about the key; leave off /cryptoKeyVersions/..."
        )
    raise ValueError(f"{value!r} is no name of a key of Cloud KMS; write {_SHAPE}")


def _host_and_port(value: str) -> str:
    if "/" in value:
        raise ValueError(f"{value!r} is no endpoint of a gRPC service; write HOST or HOST:PORT")
    parse_endpoint(f"https://{value}")
    return value


def _domain(value: str) -> str:
    authority = parse_endpoint(f"https://{value}")
    if authority.literal or "." not in value or authority.host != value:
        raise ValueError(f"{value!r} is no universe domain; write one such as {GOOGLE_CLOUD}")
    return value


class GoogleKey(CloudKey):
    """A key of Cloud KMS in the buyer's project. Credentials are Google's application default, never from a profile.

    On the way to Cloud KMS `grpc_proxy`, else `https_proxy`, and `no_proxy` of the environment count, in lower case; on
    the way to IAM `HTTPS_PROXY` and `NO_PROXY`, as everywhere. The observation names the proxy.

    Attributes:
        name: written as `key`; the key's full resource name, with the project's id.
        endpoint: another endpoint than the universe's own, `HOST[:PORT]`: one below the universe domain, or this
            machine. Access tokens go nowhere else.
        universe_domain: `googleapis.com`, or that of a sovereign cloud built on Google's; credentials belong to one.
        insecure: speak without TLS and without credentials; to this machine only.
        iam_endpoint: where the Resource Manager and IAM APIs are asked, instead of the universe's own.
        log_endpoint: where Cloud Logging is asked, as `endpoint`.
    """

    key: ClassVar[str] = "key"

    name: Annotated[str, AfterValidator(_key_name)] = Field(alias="key", max_length=512)
    endpoint: Annotated[str, AfterValidator(_host_and_port)] | None = Field(default=None, max_length=256)
    universe_domain: Annotated[str, AfterValidator(_domain)] = GOOGLE_CLOUD
    insecure: bool = False
    iam_endpoint: WebUrl | None = None
    log_endpoint: Annotated[str, AfterValidator(_host_and_port)] | None = Field(default=None, max_length=256)

    @classmethod
    def accepts(cls, value: str) -> bool:
        """Whether it begins like a resource name of Google's."""
        return re.match(r"(//cloudkms\.[a-z0-9.-]+/)?projects/", value) is not None

    @property
    def project(self) -> str:
        """The project's id."""
        return self.name.split("/")[1]

    @property
    def location(self) -> str:
        """The location: a region such as `europe-west3`, a multi-region such as `europe`, or `global`."""
        return self.name.split("/")[3]

    @property
    def ring(self) -> str:
        """The key ring's full resource name."""
        return self.name.partition("/cryptoKeys/")[0]

    @model_validator(mode="after")
    def _tokens_stay(self) -> Self:
        """An access token serves whoever holds it: it goes to the universe that issued it, or to this machine."""
        endpoint, log = (parse_endpoint(f"https://{e}").host if e else None for e in (self.endpoint, self.log_endpoint))
        iam = split_url(self.iam_endpoint).hostname if self.iam_endpoint else None
        for field, host in (("endpoint", endpoint), ("iam_endpoint", iam), ("log_endpoint", log)):
            if host and not is_loopback(host) and not host.endswith(f".{self.universe_domain}"):
                raise ValueError(f"{field} {host} lies outside {self.universe_domain}, and access tokens stay inside")
        if self.insecure and not all(map(is_loopback, (endpoint or "", log or "localhost"))):
            raise ValueError("insecure is for endpoints on this machine, such as 127.0.0.1:8080")
        return self
