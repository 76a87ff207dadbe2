"""A key that the vendor fetches from the buyer's own key service and may keep for a while. There is no KMS to ask.

What can be known of it lies in two places: the log that the buyer's key service writes, and the vendor's data path.
"""

from datetime import timedelta
from pathlib import PurePath
from typing import Annotated, ClassVar, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from clauseproof.facts.datapath import DataPath, Pointer
from clauseproof.facts.httprequest import HttpRequest
from clauseproof.facts.keys import CloudKey
from clauseproof.facts.weburl import check_url, split_url
from clauseproof.model.frozen import Frozen
from clauseproof.model.secret import SecretRef
from clauseproof.model.units import Duration

LONGEST_WAIT = timedelta(minutes=10)
LONGEST_CLOCKS = timedelta(minutes=5)

Name = Annotated[str, Field(min_length=1, max_length=200)]
"""How the log names a caller or a key."""


def _key_name(value: str) -> str:
    if not value.isprintable() or value != value.strip():
        raise ValueError(f"{value!r} is no name of a key; write it as the log does, or as the key's URL")
    return check_url(value) if "://" in value else value


class ServiceLog(Frozen):
    """The log that the buyer's key service writes: JSON lines, one for each request, the newest last.

    The pointers (RFC 6901) say where a line tells what. A time is RFC 3339 with its zone, or a number of seconds or
    milliseconds since 1970. Lines of other keys may stand in between.

    Attributes:
        file: relative to the profile, at most 20 MiB; the newest 200,000 lines are read.
        named: how the log names the key, where that is not `key_service` itself.
        served, refused: what stands at `outcome` when the key was given, and when it was denied; letter case aside.
        wait: how long a look waits for the log to reach a moment that has passed.
        clocks_within: by how much the clock of the key service may differ from ours.
    """

    file: str = Field(min_length=1)
    time: Pointer = "/time"
    key: Pointer = "/key"
    caller: Pointer = "/caller"
    outcome: Pointer = "/outcome"
    named: Name | None = None
    served: tuple[Name, ...] = Field(default=("served", "success", "ok", "allowed", "200"), min_length=1)
    refused: tuple[Name, ...] = Field(default=("refused", "denied", "disabled", "forbidden", "403"), min_length=1)
    wait: Duration = timedelta(minutes=1)
    clocks_within: Duration = timedelta(seconds=5)

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        both = {word.casefold() for word in self.served} & {word.casefold() for word in self.refused}
        if both:
            raise ValueError(f"{', '.join(sorted(both))} is both served and refused")
        if self.wait > LONGEST_WAIT:
            raise ValueError("wait lasts at most 10 minutes")
        if self.clocks_within > LONGEST_CLOCKS:
            raise ValueError("clocks_within is at most 5 minutes; set the clock of the key service")
        return self


class Order(HttpRequest):
    """A request that changes something, and may be sent twice without harm. Status 2xx says that it was done."""

    method: Literal["POST", "PUT", "PATCH"] = "POST"


class Switch(Frozen):
    """How the buyer turns the key off and on at the key service, and sees whether it is served.

    Secrets are opened again by `clauseproof restore`, anywhere: a file is named by its full path. The key service is
    reached directly: a proxy or a client certificate would be one thing more that the way back depends on.

    Attributes:
        off, on: the key is no longer given to anybody, and given again.
        ask: a fetch of our own, which gives the key while it is on and is refused, by a status 4xx, while it is off.
            What comes back is kept as a digest only.
        caller: how the log names whoever sends `ask`; give it to nobody else.
    """

    off: Order
    on: Order
    ask: DataPath
    caller: Name | None = None

    @model_validator(mode="after")
    def _found_again(self) -> Self:
        if self.ask.proxy is not None or self.ask.client is not None:
            raise ValueError("ask goes to the key service directly, without proxy and client certificate")
        secrets = [value for request in (self.off, self.on, self.ask) for value in request.headers.values()]
        for secret in secrets:
            if isinstance(secret, SecretRef) and secret.scheme == "file" and not PurePath(secret.place).is_absolute():
                raise ValueError(f"{secret} would not be found by clauseproof restore; write the file's full path")
        return self


class FetchedKey(CloudKey):
    """A key in a key service of the buyer's own, from which the vendor fetches it.

    What only the buyer can know is taken from here, and is worth no more than that: whose service it is and who the
    vendor is in its log. That the vendor asks for the key, the log shows; that it keeps no copy, a drill with
    `data_path` and `switch`.

    Attributes:
        name: written as `key_service`; the key's name in the log, or its URL.
        owner: the buyer's account, project or tenant that the service runs in, as `customer-managed-key` names it.
        vendor: the names of the vendor's callers in the log.
        hands_out: `key` where the vendor is given the key itself, `data-key` where the service opens data keys with
            it (double key encryption) and the key never leaves.
    """

    key: ClassVar[str] = "key_service"

    name: Annotated[str, Field(min_length=1, max_length=512, alias="key_service"), AfterValidator(_key_name)]
    owner: str = Field(min_length=1, max_length=128)
    vendor: tuple[Name, ...] = Field(min_length=1, max_length=50)
    log: ServiceLog
    switch: Switch | None = None
    hands_out: Literal["key", "data-key"] = "key"

    @property
    def host(self) -> str | None:
        """The key service's host, with its port if that is not 443; None where the profile names no URL."""
        url = self.name if "://" in self.name else None if self.switch is None else self.switch.ask.url
        if url is None:
            return None
        host, port = split_url(url).hostname or "", split_url(url).port
        return host if port in (None, 443) else f"{host}:{port}"

    @property
    def where(self) -> str:
        """The key as nobody else's is called: its URL, or its name and its service's host."""
        return self.name if "://" in self.name or self.host is None else f"{self.name} at {self.host}"

    @property
    def named(self) -> str:
        """How the log names the key."""
        return self.log.named or self.name

    def files(self) -> tuple[str, ...]:
        """The log."""
        return (self.log.file,)

    @model_validator(mode="after")
    def _tells_us_apart(self) -> Self:
        if self.switch is not None and self.switch.caller in self.vendor:
            raise ValueError(f"{self.switch.caller} is the vendor's name in the log, and cannot be ours too")
        if self.switch is not None and self.data_path is not None and self.switch.ask.url == self.data_path.url:
            raise ValueError("data_path asks the key service; it must read a record through the vendor")
        return self
