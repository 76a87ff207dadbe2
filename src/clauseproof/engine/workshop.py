"""Makes the `Look` that one probe is handed: its deadline, files, secrets, artifacts and leave."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

from clauseproof.engine.events import Events, Silent
from clauseproof.engine.permit import Gate
from clauseproof.engine.plan import Key
from clauseproof.model.errors import Denied, Unreachable
from clauseproof.model.look import Look
from clauseproof.model.pace import Pace
from clauseproof.model.profile import Profile
from clauseproof.secrets import reveal


class Files(Protocol):
    """Where the files that a profile names are read from."""

    def read(self, name: str, limit: int) -> bytes:
        """The bytes of a file; OSError if it is not there, ValueError if it is longer than `limit`."""


@dataclass
class Workshop:
    """What all looks of a run share.

    Attributes:
        keep: stores bytes as an artifact of the run, returns their digest.
        files_read: digest of every file read so far, by the profile's name for it.
        permitted_until: when the profile's permission ends, by this machine's clock; None where there is none.
        stopping: set once; drills then restore and end early.
    """

    profile: Profile
    gate: Gate
    files: Files
    base: Path
    keep: Callable[[bytes], str]
    events: Events = field(default_factory=Silent)
    files_read: dict[str, str] = field(default_factory=dict)
    pace: Pace = field(default_factory=Pace)
    stop_asked: bool = False
    permitted_until: datetime | None = None

    def look(self, key: Key) -> Look:
        """A fresh look for one node of the plan; its deadline is set when it begins."""
        look = Look(
            subject=key.subject,
            vantage=key.vantage,
            network=self.profile.network,
            sources=self.profile.sources,
            pace=self.pace,
            permitted_until=self.permitted_until,
            peek_file=self._taken,
            keep=self.keep,
            reveal=lambda ref: reveal(ref, self.base),
            permits=self.gate.permits,
            stopping=lambda: self.stop_asked,
            tell=lambda line: self.events.told(key, line),
        )
        look.read_file = lambda name, limit: self._read(look, name, limit)
        return look

    def _read(self, look: Look, name: str, limit: int) -> bytes:
        data = self._taken(name, limit)
        self.files_read[name] = look.artifact(data)
        return data

    def _taken(self, name: str, limit: int) -> bytes:
        try:
            data = self.files.read(name, limit)
        except OSError as error:
            reason = error.strerror or error.__class__.__name__
            raise Unreachable(f"the file {name} cannot be read: {reason}", f"put {name} beside the profile") from error
        except ValueError as error:
            raise Unreachable(
                f"the file {name} was not read: {error}", f"name a file of at most {limit} bytes"
            ) from error
        if b"PRIVATE KEY-----" in data:
            raise Denied(
                f"the file {name} holds a private key and was not taken", f"name the public part in {name}'s place"
            )
        return data
