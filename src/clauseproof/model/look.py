"""What a probe is handed for one look: its time, its files, its secrets, and where to leave artifacts."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from clauseproof.model.errors import NotPermitted, TimedOut, Unreachable
from clauseproof.model.pace import Pace
from clauseproof.model.profile import Network, Sources
from clauseproof.model.secret import SecretRef


def _no_files(name: str, limit: int) -> bytes:
    raise Unreachable(f"no file {name} of at most {limit} bytes: this look was given no files")


def _no_secrets(ref: SecretRef) -> str:
    raise Unreachable(f"{ref} cannot be opened: this look was given no secrets")


def _keep_nothing(data: bytes) -> str:
    raise Unreachable(f"an artifact of {len(data)} bytes has no ledger to go to")


@dataclass
class Look:
    """The hands of one probe during one look. Ports are functions, so a test can give its own.

    Attributes:
        subject: the profile's name of the subject.
        vantage: the name of the place we look from.
        deadline: `clock()` value after which the result is discarded; pass `remaining_s()` to every blocking call.
        read_file: bytes of a file named in the profile, refused beyond `limit`; the run keeps a copy.
        peek_file: the same without a copy, for looks that wait for a file to grow; what counts is read in the end.
        keep: stores an artifact, returns its `sha256:` digest.
        reveal: opens a secret; the text must never be written down.
        permitted_until: when the profile's permission ends; None where the look needs none.
        permits: whether the profile's permission covers a host or address, for looks that need leave.
        stopping: whether the run asks the probe to end early; a drill then restores and reports what it has.
        tell: one line of progress for people.
        pace: how often an address may be connected to.
        calls: the exact API calls made, for the observation.
        way: how the subject was reached, for the observation: `direct`, or the URLs of the proxies that anything went
            through.
    """

    subject: str = "subject"
    vantage: str = "local"
    deadline: float = float("inf")
    network: Network = field(default_factory=Network)
    sources: Sources = field(default_factory=Sources)
    read_file: Callable[[str, int], bytes] = _no_files
    peek_file: Callable[[str, int], bytes] = _no_files
    keep: Callable[[bytes], str] = _keep_nothing
    reveal: Callable[[SecretRef], str] = _no_secrets
    permitted_until: datetime | None = None
    permits: Callable[[str], bool] = lambda host: True
    stopping: Callable[[], bool] = lambda: False
    tell: Callable[[str], None] = lambda line: None
    clock: Callable[[], float] = time.monotonic
    pace: Pace = field(default_factory=Pace)
    calls: list[str] = field(default_factory=list)
    artifacts: list[str] = field(default_factory=list)
    way: str = ""

    def remaining_s(self) -> float:
        """Seconds left; TimedOut when there are none."""
        left = self.deadline - self.clock()
        if left <= 0:
            raise TimedOut(f"the look at {self.subject} ran out of time")
        return left

    def called(self, call: str) -> None:
        """Note an API call, such as `kms:DescribeKey`; once each, in order."""
        if call not in self.calls:
            self.calls.append(call)

    def went_through(self, proxy: str | None) -> None:
        """Note the URL of a proxy on the way, each once; None for none."""
        if proxy is not None:
            known = [] if self.way in ("", "direct") else self.way.split(", ")
            self.way = ", ".join(dict.fromkeys([*known, proxy]))

    def artifact(self, data: bytes) -> str:
        """Keep raw bytes as evidence; returns their digest."""
        digest = self.keep(data)
        self.artifacts.append(digest)
        return digest

    def must_permit(self, host: str) -> None:
        """NotPermitted unless the profile's permission covers the host."""
        if not self.permits(host):
            raise NotPermitted(f"{host} is not covered by the permission", f"add {host} to permission.hosts")
