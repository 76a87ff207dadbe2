"""Keys for tests: subjects, looks, timelines, and a vendor that keeps a record under a key of a KMS double."""

import functools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from clauseproof.engine.journal import FileJournal, left_entries, open_entries, restore
from clauseproof.facts.drills import Answer, Lane, Sample
from clauseproof.facts.keys import AwsKey
from clauseproof.model.look import Look
from clauseproof.model.secret import SecretRef
from clauseproof.probes.kms import azure_undo, google_undo, keyservice_undo
from clauseproof.probes.kms.aws_drills import WAY_BACK, restore_key_state
from clauseproof.sandbox.crm import Contacts, application
from clauseproof.sandbox.envelope import DataKeys, kms_client
from clauseproof.sandbox.kms.aws import BUYER_ACCESS_KEY, AwsKmsDouble, Caller
from clauseproof.sandbox.kms.serving import LoopbackServer

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
SENTINEL = "a sentence that nobody else would write"
TOKEN = "Bearer of a test"
FAST = {"poll_every": "50 ms", "give_up_after": "3 s", "recover_within": "3 s"}
VENDOR = Caller(access_key="AKIAI44QH8DHBEXAMPLE", arn="arn:aws:iam::111122223333:user/crm")
UNDOES = {
    WAY_BACK: restore_key_state,
    google_undo.WAY_BACK: google_undo.restore_versions,
    azure_undo.WAY_BACK: azure_undo.restore_versions,
    keyservice_undo.WAY_BACK: keyservice_undo.restore_switch,
}


def day(text: str) -> datetime:
    """The first instant of a day."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def samples(lane: Lane, line: str, took_s: float = 0.0) -> tuple[Sample, ...]:
    """`1 served, 2 refused`: seconds and answers."""
    pairs = (entry.split() for entry in line.split(","))
    return tuple(
        Sample(
            lane=lane,
            t_s=float(at),
            took_s=took_s,
            outcome=Answer(what),
            code=None if what == "served" else "Code",
            digest=None,
        )
        for at, what in pairs
    )


def aws_key(double: AwsKmsDouble, arn: str, **more: Any) -> AwsKey:
    """A key of the double, drilled fast unless told otherwise."""
    return AwsKey.model_validate({"key": arn, "endpoint_url": double.url, "drill": FAST, **more})


def look(**more: Any) -> Look:
    """A look that opens any secret as the vendor's token, and whose artifacts go nowhere."""
    return Look(**{"reveal": reveal, "keep": keep, **more})


def keep(data: bytes) -> str:
    return f"sha256:{len(data)}"


def reveal(ref: SecretRef) -> str:
    return TOKEN


def journal(state: Path, **more: Any) -> FileJournal:
    """The real journal, with the ways back of all providers."""
    return FileJournal(state, UNDOES, **more)


def restore_all(state: Path) -> int:
    """What `clauseproof restore` does; returns how many entries it closed."""
    entries = (*open_entries(state), *left_entries(state))
    for entry in entries:
        restore(entry, UNDOES)
    return len(entries)


def state_of(double: AwsKmsDouble, arn: str) -> str:
    """What DescribeKey says."""
    return str(client(double).describe_key(KeyId=arn)["KeyMetadata"]["KeyState"])


def usable(double: AwsKmsDouble, arn: str) -> bool:
    """Whether the key is enabled, and encrypts and decrypts."""
    kms = client(double)
    sealed = kms.encrypt(KeyId=arn, Plaintext=b"x")["CiphertextBlob"]
    return state_of(double, arn) == "Enabled" and kms.decrypt(KeyId=arn, CiphertextBlob=sealed)["Plaintext"] == b"x"


def client(double: AwsKmsDouble, access_key: str = BUYER_ACCESS_KEY) -> Any:
    """An unmodified SDK client."""
    return _client_at(double.url, double.region, access_key)


@functools.lru_cache(maxsize=32)
def _client_at(url: str, region: str, access_key: str) -> Any:
    """Kept, since botocore takes longer to make one than a test to use it."""
    return kms_client(url, region=region, access_key=access_key)


@contextmanager
def vendor(
    double: AwsKmsDouble, arn: str, keep_s: float = 0.0, clock: Callable[[], float] = time.monotonic
) -> Iterator[dict[str, Any]]:
    """A CRM that keeps our record under the key, and plain data keys for `keep_s`; gives the data path to it."""
    double.admit(VENDOR)
    contacts = Contacts(DataKeys(client(double, VENDOR.access_key), arn, keep_s=keep_s, clock=clock), "acme")
    contacts.put("canary", {"note": SENTINEL})
    with LoopbackServer(application(contacts, authorization=TOKEN)) as server:
        yield {
            "url": f"{server.url}/v1/contacts/canary",
            "headers": {"Authorization": "${env:TOKEN}"},
            "expect_sentinel": SENTINEL,
            "json_pointer": "/note",
            "timeout": "2 s",
        }
