"""Both reference vendors, end to end: every seeded breach is reported under the right clause, and none elsewhere."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from clauseproof.doors.session import Session, Wishes
from clauseproof.sandbox.character import OVERCLAIMING
from clauseproof.sandbox.kms.aws import BUYER_ACCESS_KEY
from clauseproof.sandbox.vendor import ReferenceVendor
from tests.support.azurekeys import client
from tests.support.googlekeys import states_of

pytestmark = pytest.mark.slow

HSM_TOKEN = "BACKUPS_KEY_TOKEN"

SEEDED: dict[tuple[str, ...], str] = {
    ("DPA 3.1", "endpoint-location", "files"): "one endpoint in the United States",
    ("DPA 3.2", "endpoint-location", "files"): "one endpoint in the United States",
    ("DPA 4.1", "tls-floor", "api"): "TLS 1.2 still accepted on one of two addresses",
    ("DPA 5.2", "rotation-schedule", "data-key"): "a key that is never rotated",
    ("DPA 5.4", "revocation-drill", "data-key"): "a data path that serves from a cached data key after revocation",
    ("DPA 5.5", "hsm-attestation", "root-key"): "an exportable HSM key",
    ("DPA 5.7", "hsm-protection", "attachments-key"): "a key in software where an HSM was promised",
    ("DPA 5.8", "key-separation", "backups-key"): "a principal that may use the key, and of which nobody speaks",
    ("DPA 6.1", "audit-report", "soc2"): "an expired SOC 2 report",
}
"""What the overclaiming vendor does not do, by the clause, the claim and the subject that must say so."""

KEPT: dict[tuple[str, ...], str] = {
    ("DPA 3.1", "endpoint-location", "api"): "reported",
    ("DPA 3.2", "endpoint-location", "api"): "reported",
    ("DPA 4.1", "tls-floor", "files"): "observed",
    ("DPA 4.2", "certificate", "api"): "observed",
    ("DPA 4.2", "certificate", "files"): "observed",
    ("DPA 5.1", "customer-managed-key", "data-key"): "reported",
    ("DPA 5.1", "customer-managed-key", "attachments-key"): "reported",
    ("DPA 5.1", "customer-managed-key", "backups-key"): "reported",
    ("DPA 5.2", "rotation-schedule", "attachments-key"): "reported",
    ("DPA 5.2", "rotation-schedule", "backups-key"): "reported",
    ("DPA 5.3", "rotation-drill", "data-key"): "observed",
    ("DPA 5.3", "rotation-drill", "attachments-key"): "observed",
    ("DPA 5.3", "rotation-drill", "backups-key"): "observed",
    ("DPA 5.6", "key-location", "attachments-key"): "reported",
    ("DPA 5.9", "deletion-window", "backups-key"): "reported",
    ("DPA 5.10", "distinct-keys", "data-key", "attachments-key", "backups-key"): "reported",
    ("DPA 6.2", "audit-report", "iso27001"): "vouched",
}
"""What both vendors do, with the strength of its proof."""

Identity = tuple[str, ...]
Verdict = dict[str, Any]


@dataclass(frozen=True)
class Ran:
    """A finished run: its exit code, its `results.json`, its directory, and what was secret."""

    code: int
    results: dict[str, Any]
    directory: Path
    tokens: tuple[str, ...]
    key_states: tuple[str, ...]

    @property
    def verdicts(self) -> dict[Identity, Verdict]:
        return {(v["clause"], v["claim"], *v["subjects"]): v for v in self.results["verdicts"]}


def run(make: Callable[[Path], ReferenceVendor], folder: Path) -> Ran:
    with make(folder / "deployment") as vendor, vendor.surroundings():
        session = Session(vendor.profile, Wishes(out=folder / "run", drills=True, operator="A. Ito"))
        session.begin()
        session.run.observer.wait()
        code = session.finish()
        results = json.loads((folder / "run/results.json").read_text())
        tokens = (vendor.environment["CRM_AUTHORIZATION"].removeprefix("Bearer "), vendor.environment[HSM_TOKEN])
        return Ran(code, results, folder / "run", tokens, states(vendor))


def states(vendor: ReferenceVendor) -> tuple[str, ...]:
    """Of each customer key, as its key service names the state."""
    keys = vendor.service.keys
    contacts = vendor.service.client(BUYER_ACCESS_KEY).describe_key(KeyId=keys.contacts)["KeyMetadata"]
    with client(keys.azure, vendor.environment[HSM_TOKEN]) as hsm:
        backups = [version.enabled for version in hsm.list_properties_of_key_versions("backups")]
    return (contacts["KeyState"], *states_of(keys.google, keys.attachments).values(), *map(str, backups))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CLAUSEPROOF_HOME", str(tmp_path_factory.mktemp("home")))
        yield


@pytest.fixture(scope="module")
def honest(home: None, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    return run(ReferenceVendor.honest, tmp_path_factory.mktemp("honest"))


@pytest.fixture(scope="module")
def overclaiming(home: None, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    return run(ReferenceVendor.overclaiming, tmp_path_factory.mktemp("overclaiming"))


def test_the_vendor_that_keeps_its_word_is_consistent_with_every_clause(honest: Ran) -> None:
    assert {identity: verdict["verdict"] for identity, verdict in honest.verdicts.items()} == dict.fromkeys(
        KEPT | SEEDED, "satisfied"
    )
    assert honest.results["untested"] == []
    assert honest.code == 0


def test_every_seeded_breach_is_reported_with_the_right_clause_and_none_elsewhere(overclaiming: Ran) -> None:
    assert {identity: verdict["verdict"] for identity, verdict in overclaiming.verdicts.items()} == (
        dict.fromkeys(SEEDED, "not-satisfied") | dict.fromkeys(KEPT, "satisfied")
    )
    assert overclaiming.code == 1


def test_words_that_nobody_tests_are_named(overclaiming: Ran) -> None:
    assert [(entry["clause"], entry["words"]) for entry in overclaiming.results["untested"]] == [
        ("DPA 4.1", "so shall every link inside Vendor's network"),
        ("DPA 7.1", None),
    ]


@pytest.mark.parametrize("identity", KEPT, ids=lambda identity: "-".join(identity))
def test_what_is_kept_is_proven_as_strongly_as_it_can_be(honest: Ran, overclaiming: Ran, identity: Identity) -> None:
    assert honest.verdicts[identity]["assurance"] == KEPT[identity]
    assert overclaiming.verdicts[identity]["assurance"] == KEPT[identity]


@pytest.mark.parametrize(
    ("identity", "about", "words"),
    [
        (("DPA 3.1", "endpoint-location", "files"), "127.20.2.3", "United States"),
        (("DPA 4.1", "tls-floor", "api"), "127.20.2.2", "TLS 1.2"),
        (("DPA 5.2", "rotation-schedule", "data-key"), "", "never rotated"),
        (("DPA 5.4", "revocation-drill", "data-key"), "vendor", "still served"),
        (("DPA 5.5", "hsm-attestation", "root-key"), "", "can leave the device"),
        (("DPA 5.7", "hsm-protection", "attachments-key"), "", "guarded by software"),
        (("DPA 5.8", "key-separation", "backups-key"), *OVERCLAIMING.backup_strangers, "may decrypt"),
        (("DPA 6.1", "audit-report", "soc2"), "", "12 months"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_each_contradiction_has_one_reason_and_it_is_the_seeded_one(
    overclaiming: Ran, identity: Identity, about: str, words: str
) -> None:
    (broken,) = (f for f in overclaiming.verdicts[identity]["findings"] if f["outcome"] == "broken")
    assert broken["about"] == about
    assert words in broken["text"]


def test_every_finding_that_counts_names_its_evidence(honest: Ran, overclaiming: Ran) -> None:
    recorded = {
        finding["outcome"]: finding["evidence"]
        for ran in (honest, overclaiming)
        for verdict in ran.verdicts.values()
        for finding in verdict["findings"]
        if finding["outcome"] != "note"
    }
    assert set(recorded) == {"holds", "broken"}
    assert all(recorded.values())


def test_every_key_is_enabled_in_every_version_when_the_drills_are_over(honest: Ran, overclaiming: Ran) -> None:
    made = 6  # five before the rotation drill, and one by it
    for ran in (honest, overclaiming):
        assert ran.key_states == ("Enabled", *["ENABLED"] * made, *["True"] * made)


def test_the_tokens_of_the_data_path_and_of_the_hsm_are_written_down_nowhere(honest: Ran, overclaiming: Ran) -> None:
    for ran in (honest, overclaiming):
        files = [path for path in ran.directory.parent.rglob("*") if path.is_file()]
        assert len(files) > 10
        assert [path for path in files for token in ran.tokens if token.encode() in path.read_bytes()] == []
