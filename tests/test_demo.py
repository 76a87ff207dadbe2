"""Both reference vendors, end to end: every seeded breach is reported under the right clause, and none elsewhere."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from clauseproof.doors.session import Session, Wishes
from clauseproof.sandbox.kms.aws import BUYER_ACCESS_KEY
from clauseproof.sandbox.vendor import ReferenceVendor

pytestmark = pytest.mark.slow

SEEDED = {
    ("DPA 3.1", "endpoint-location", "files"): "one endpoint in the United States",
    ("DPA 3.2", "endpoint-location", "files"): "one endpoint in the United States",
    ("DPA 4.1", "tls-floor", "api"): "TLS 1.2 still accepted on one of two addresses",
    ("DPA 5.2", "rotation-schedule", "data-key"): "a key that is never rotated",
    ("DPA 5.4", "revocation-drill", "data-key"): "a data path that serves from a cached data key after revocation",
    ("DPA 5.5", "hsm-attestation", "root-key"): "an exportable HSM key",
    ("DPA 6.1", "audit-report", "soc2"): "an expired SOC 2 report",
}
"""What the overclaiming vendor does not do, by the clause, the claim and the subject that must say so."""

KEPT = {
    ("DPA 3.1", "endpoint-location", "api"): "reported",
    ("DPA 3.2", "endpoint-location", "api"): "reported",
    ("DPA 4.1", "tls-floor", "files"): "observed",
    ("DPA 4.2", "certificate", "api"): "observed",
    ("DPA 4.2", "certificate", "files"): "observed",
    ("DPA 5.1", "customer-managed-key", "data-key"): "reported",
    ("DPA 5.3", "rotation-drill", "data-key"): "observed",
    ("DPA 6.2", "audit-report", "iso27001"): "vouched",
}
"""What both vendors do, with the strength of its proof."""

Verdict = dict[str, Any]


@dataclass(frozen=True)
class Ran:
    """A finished run: its exit code, its `results.json`, its directory, and what was secret."""

    code: int
    results: dict[str, Any]
    directory: Path
    authorization: str
    key_state: str

    @property
    def verdicts(self) -> dict[tuple[str, str, str], Verdict]:
        return {(v["clause"], v["claim"], *v["subjects"]): v for v in self.results["verdicts"]}


def run(make: Callable[[Path], ReferenceVendor], folder: Path) -> Ran:
    with make(folder / "deployment") as vendor, vendor.surroundings():
        session = Session(vendor.profile, Wishes(out=folder / "run", drills=True, operator="A. Ito"))
        session.begin()
        session.run.observer.wait()
        code = session.finish()
        state = vendor.service.client(BUYER_ACCESS_KEY).describe_key(KeyId=vendor.service.key)["KeyMetadata"]
        results = json.loads((folder / "run/results.json").read_text())
        return Ran(code, results, folder / "run", vendor.environment["CRM_AUTHORIZATION"], state["KeyState"])


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
def test_what_is_kept_is_proven_as_strongly_as_it_can_be(
    honest: Ran, overclaiming: Ran, identity: tuple[str, str, str]
) -> None:
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
        (("DPA 6.1", "audit-report", "soc2"), "", "12 months"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_each_contradiction_has_one_reason_and_it_is_the_seeded_one(
    overclaiming: Ran, identity: tuple[str, str, str], about: str, words: str
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


def test_both_keys_are_enabled_when_the_drills_are_over(honest: Ran, overclaiming: Ran) -> None:
    assert [honest.key_state, overclaiming.key_state] == ["Enabled", "Enabled"]


def test_the_token_of_the_data_path_is_written_down_nowhere(honest: Ran, overclaiming: Ran) -> None:
    for ran in (honest, overclaiming):
        token = ran.authorization.removeprefix("Bearer ").encode()
        files = [path for path in ran.directory.rglob("*") if path.is_file()]
        assert len(files) > 10
        assert [path for path in files if token in path.read_bytes()] == []
