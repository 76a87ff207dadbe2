"""A buyer's key service for tests: its double, a vendor that fetches from it, and a drill in a process of its own.

`python -m tests.support.keyservice KEY STATE N` drills and is killed at point N.
"""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from clauseproof.facts.keyservice import FetchedKey
from clauseproof.model.look import Look
from clauseproof.model.secret import SecretRef
from clauseproof.probes.kms import keyservice_drills
from clauseproof.sandbox.crm import Contacts, application
from clauseproof.sandbox.fetching import FetchedDataKeys, Habit
from clauseproof.sandbox.keyservice import KeyServiceDouble
from clauseproof.sandbox.kms.faults import Faults
from clauseproof.sandbox.kms.serving import LoopbackServer
from tests.support.drilling import Countdown
from tests.support.keys import FAST, SENTINEL, journal

NAME = "crm-key"
VENDOR, OURS = "crm-prod", "acme-audit"
SECRETS = {
    "KEY_SERVICE_ADMIN": "Bearer admin-token",
    "KEY_SERVICE_READER": "Bearer our-token",
    "CRM_TOKEN": "Bearer of a test",
}
"""What the environment of a run holds, and of whoever restores."""


@dataclass(frozen=True)
class House:
    """A key service with one key, and a vendor that keeps our record under it."""

    service: KeyServiceDouble
    vendor_url: str

    def key(self, **more: Any) -> FetchedKey:
        """The key with a data path and a switch, drilled fast unless told otherwise."""
        return FetchedKey.model_validate({**self.described(), **more})

    def described(self) -> dict[str, Any]:
        """What a profile would say of it."""
        return {
            "key_service": NAME,
            "owner": "acme-keys",
            "vendor": [VENDOR],
            "log": {"file": str(self.service.log), "clocks_within": "10 ms", "wait": "1 s"},
            "switch": switch(self.service.url),
            "drill": {**FAST, "log_within": "1 s"},
            "data_path": {
                "url": f"{self.vendor_url}/v1/contacts/canary",
                "headers": {"Authorization": "${env:CRM_TOKEN}"},
                "expect_sentinel": SENTINEL,
                "json_pointer": "/note",
                "timeout": "2 s",
            },
        }


def switch(url: str) -> dict[str, Any]:
    """The three requests of the double."""
    admin = {"Authorization": "${env:KEY_SERVICE_ADMIN}"}
    return {
        "off": {"url": f"{url}/v1/keys/{NAME}/off", "headers": admin},
        "on": {"url": f"{url}/v1/keys/{NAME}/on", "headers": admin},
        "ask": {
            "url": f"{url}/v1/keys/{NAME}",
            "headers": {"Authorization": "${env:KEY_SERVICE_READER}"},
            "json_pointer": "/material",
            "timeout": "2 s",
        },
        "caller": OURS,
    }


@contextmanager
def house(folder: Path, habit: Habit | None = None, faults: Faults | None = None) -> Iterator[House]:
    """Both running; the vendor has stored the record, for which it asked for the key once."""
    callers = {"vendor-token": VENDOR, "our-token": OURS, "stranger-token": "mallory"}
    with ExitStack() as stack:
        folder.mkdir(exist_ok=True)
        service = KeyServiceDouble(folder / "keys.jsonl", callers=callers, administrator="admin-token", faults=faults)
        stack.enter_context(service)
        service.seed(NAME)
        keys = FetchedDataKeys(f"{service.url}/v1/keys/{NAME}", "vendor-token", habit)
        contacts = Contacts(keys, "acme")
        contacts.put("canary", {"note": SENTINEL})
        server = LoopbackServer(application(contacts, authorization=SECRETS["CRM_TOKEN"]))
        yield House(service, stack.enter_context(server).url)


def look(**more: Any) -> Look:
    """A look with the secrets of a run, that reads any file of this machine by its full name."""
    files = {"read_file": lambda name, limit: Path(name).read_bytes(), "keep": lambda data: f"sha256:{len(data)}"}
    return Look(**{"reveal": reveal, **files, **more})


def reveal(ref: SecretRef) -> str:
    return SECRETS[ref.place]


def line(at: datetime | str, caller: str = VENDOR, outcome: str = "served", key: str = NAME) -> str:
    """One line of a log."""
    moment = at if isinstance(at, str) else at.isoformat()
    return json.dumps({"time": moment, "key": key, "caller": caller, "outcome": outcome})


def main(key: str, state: str, point: str) -> None:
    """One drill of the key given as JSON."""
    os.environ.update(SECRETS)
    at = journal(Path(state), on_point=Countdown(int(point)))
    keyservice_drills.revocation(FetchedKey.model_validate_json(key), look(), at)


if __name__ == "__main__":
    main(*sys.argv[1:])
