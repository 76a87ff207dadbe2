"""A buyer's key service for tests: its double, a vendor that fetches from it, and what a profile says of both."""

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from clauseproof.facts.keyservice import FetchedKey
from clauseproof.model.look import Look
from clauseproof.sandbox.crm import Contacts, application
from clauseproof.sandbox.fetching import FetchedDataKeys, Habit
from clauseproof.sandbox.keyservice import KeyServiceDouble
from clauseproof.sandbox.kms.faults import Faults
from clauseproof.sandbox.kms.serving import LoopbackServer
from tests.support.keys import FAST, SENTINEL, TOKEN, reveal

NAME = "crm-key"
VENDOR, OURS = "crm-prod", "acme-audit"


@contextmanager
def key_service(folder: Path | None = None, faults: Faults | None = None) -> Iterator[KeyServiceDouble]:
    """One that knows the vendor, a stranger, and us as auditor and administrator.

    In `folder` lie its log and, for whoever restores, our token.
    """
    ours = TOKEN.removeprefix("Bearer ")
    callers = {"vendor-token": VENDOR, "stranger-token": "mallory", ours: OURS}
    with tempfile.TemporaryDirectory() as made:
        log = (folder or Path(made)) / "keys.jsonl"
        token_beside(log).write_text(TOKEN)
        with KeyServiceDouble(log, callers=callers, administrator=ours, faults=faults) as service:
            yield service


def token_beside(log: Path) -> Path:
    """Where our token lies."""
    return log.with_name("token")


@contextmanager
def vendor(
    service: KeyServiceDouble, name: str, keep_s: float = 0.0, habit: Habit | None = None
) -> Iterator[dict[str, Any]]:
    """A CRM that keeps our record under the key, for which it asks once by then; gives the data path to it."""
    keys = FetchedDataKeys(f"{service.url}/v1/keys/{name}", "vendor-token", habit or Habit(keep_s=keep_s))
    contacts = Contacts(keys, "acme")
    contacts.put("canary", {"note": SENTINEL})
    with LoopbackServer(application(contacts, authorization=TOKEN)) as server:
        yield {
            "url": f"{server.url}/v1/contacts/canary",
            "headers": {"Authorization": "${env:TOKEN}"},
            "expect_sentinel": SENTINEL,
            "json_pointer": "/note",
        }


def words(service: KeyServiceDouble, name: str) -> dict[str, Any]:
    """What a profile says of a key, but for its data path and its drill."""
    url = f"{service.url}/v1/keys/{name}"
    ours = {"Authorization": f"${{file:{token_beside(service.log)}}}"}
    return {
        "key_service": name,
        "owner": "acme-keys",
        "vendor": [VENDOR],
        "log": {"file": str(service.log), "clocks_within": "10 ms", "wait": "1 s"},
        "switch": {
            "off": {"url": f"{url}/off", "headers": ours},
            "on": {"url": f"{url}/on", "headers": ours},
            "ask": {"url": url, "headers": ours, "json_pointer": "/material"},
            "caller": OURS,
        },
    }


@dataclass(frozen=True)
class House:
    """A key service with one key, and a vendor that keeps our record under it."""

    service: KeyServiceDouble
    data_path: dict[str, Any]

    def key(self, **more: Any) -> FetchedKey:
        """The key with a data path and a switch, drilled fast unless told otherwise."""
        fast = {"data_path": self.data_path, "drill": {**FAST, "log_within": "1 s"}}
        return FetchedKey.model_validate({**words(self.service, NAME), **fast, **more})


@contextmanager
def house(folder: Path, habit: Habit | None = None) -> Iterator[House]:
    """Both running."""
    folder.mkdir(exist_ok=True)
    with key_service(folder) as service:
        service.seed(NAME)
        with vendor(service, NAME, habit=habit) as path:
            yield House(service, path)


def look(**more: Any) -> Look:
    """A look that opens any secret as our token, keeps artifacts nowhere, and reads any file by its full name."""

    def read(name: str, limit: int) -> bytes:
        return Path(name).read_bytes()

    files = {"read_file": read, "peek_file": read, "keep": lambda data: f"sha256:{len(data)}"}
    return Look(**{"reveal": reveal, **files, **more})


def line(at: datetime | str, caller: str = VENDOR, outcome: str = "served", key: str = NAME) -> str:
    """One line of a log."""
    moment = at if isinstance(at, str) else at.isoformat()
    return json.dumps({"time": moment, "key": key, "caller": caller, "outcome": outcome})
