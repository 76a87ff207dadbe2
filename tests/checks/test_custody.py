"""Custody judged: for AWS and Google over the wire through the engine, and rule by rule on facts built in sight."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from checks.custody import (
    Byok,
    DeletionWindow,
    HsmProtection,
    Hyok,
    KeyLocation,
    byok,
    deletion_window,
    hsm_protection,
    hyok,
    key_location,
)
from clauseproof.facts.keydeletion import Deletion
from clauseproof.facts.keymaterial import Fips, Generation, Materials
from clauseproof.facts.keys import Custody, KeyState, Manager, Origin, Protection, Provider, Usage
from clauseproof.facts.keystores import External, Keeper, Way
from clauseproof.model.assurance import Assurance
from clauseproof.model.claim import Claim
from clauseproof.model.finding import Finding, Outcome
from clauseproof.model.jurisdiction import Atlas, Jurisdiction, Member
from clauseproof.model.unseen import Reason, Unseen
from clauseproof.model.verdict import Ruling, Verdict
from clauseproof.sandbox.kms.aws import AwsKmsDouble, CustomKeyStore
from clauseproof.sandbox.kms.aws import KeySeed as AwsSeed
from clauseproof.sandbox.kms.faults import Faults
from clauseproof.sandbox.kms.google import GoogleKmsDouble, KeySeed, Level
from tests.support.case import EU, case, outcomes, texts
from tests.support.googlekeys import google_key, make_version
from tests.support.keyruns import judged_together, said
from tests.support.keys import NOW, aws_key, client

HOLDS, BROKEN, UNKNOWN = Outcome.HOLDS, Outcome.BROKEN, Outcome.UNKNOWN
SATISFIED, NOT_SATISFIED, INCONCLUSIVE = Ruling.SATISFIED, Ruling.NOT_SATISFIED, Ruling.INCONCLUSIVE
ATLAS = Atlas([Jurisdiction(name="EU", reference="", members=tuple(Member(code=code) for code in EU))])
DAY = timedelta(days=1)

AWS_IMPORTED = AwsSeed(origin="EXTERNAL", material=b"m" * 32)
AWS_EXTERNAL = AwsSeed(origin="EXTERNAL_KEY_STORE", store="cks-1", xks_key="buyers-own-key")
AWS_CLUSTER = AwsSeed(origin="AWS_CLOUDHSM", store="cks-2")
EXTERNAL = KeySeed(id="k", level=Level.EXTERNAL, external_uri="https://ekm.buyer.example/k")
IN_EU = KeyLocation(within=("EU",))


@pytest.fixture
def aws() -> Iterator[AwsKmsDouble]:
    with AwsKmsDouble() as running:
        stores = (("cks-1", "EXTERNAL_KEY_STORE"), ("cks-2", "AWS_CLOUDHSM"))
        for name, kind in stores:
            running.seed_store(
                CustomKeyStore(
                    id=name, name=name, kind=kind, endpoint="https://xks.buyer.example", created=datetime.now(UTC)
                )
            )
        yield running


@pytest.fixture
def google() -> Iterator[GoogleKmsDouble]:
    with GoogleKmsDouble() as running:
        yield running


def of_aws(double: AwsKmsDouble, seed: AwsSeed, claim: Claim, kind: str, folder: Path) -> Verdict:
    key = aws_key(double, double.seed_key(seed))
    return judged_together({"data-key": key}, kind, claim, folder, atlas=ATLAS)


def of_google(double: GoogleKmsDouble, seed: KeySeed, claim: Claim, kind: str, folder: Path) -> Verdict:
    key = google_key(double, double.seed_key(seed))
    return judged_together({"data-key": key}, kind, claim, folder, atlas=ATLAS)


# over the wire: each claim in its three verdicts, for both providers

OF_AWS: list[tuple[str, Claim, AwsSeed, Faults, Ruling, str]] = [
    ("byok", Byok(), AWS_IMPORTED, Faults(), SATISFIED, "was imported by the customer"),
    ("byok", Byok(), AWS_EXTERNAL, Faults(), SATISFIED, "the provider never had it"),
    ("byok", Byok(), AwsSeed(), Faults(), NOT_SATISFIED, "made by the provider"),
    ("byok", Byok(expires_within=365 * DAY), AWS_IMPORTED, Faults(), NOT_SATISFIED, "does not expire"),
    ("byok", Byok(), AwsSeed(origin="EXTERNAL"), Faults(), INCONCLUSIVE, "No material of the key is in use"),
    (
        "byok",
        Byok(),
        AWS_IMPORTED,
        Faults(denies=frozenset({"ListKeyRotations"})),
        INCONCLUSIVE,
        "allow kms:ListKeyRotations",
    ),
    ("hyok", Hyok(), AWS_EXTERNAL, Faults(), SATISFIED, "asks for it at xks.buyer.example"),
    ("hyok", Hyok(hosts=("xks.buyer.example",)), AWS_EXTERNAL, Faults(), SATISFIED, "asks for it at"),
    ("hyok", Hyok(hosts=("xks.other.example",)), AWS_EXTERNAL, Faults(), NOT_SATISFIED, "is not on the list"),
    ("hyok", Hyok(), AWS_IMPORTED, Faults(), NOT_SATISFIED, "imported into the provider's key service"),
    ("hyok", Hyok(), AWS_CLUSTER, Faults(), NOT_SATISFIED, "the clause requires it outside"),
    ("hyok", Hyok(single_tenant_hsm=True), AWS_CLUSTER, Faults(), SATISFIED, "of the customer's alone"),
    (
        "hyok",
        Hyok(hosts=("xks.buyer.example",)),
        AWS_EXTERNAL,
        Faults(denies=frozenset({"DescribeCustomKeyStores"})),
        INCONCLUSIVE,
        "kms:DescribeCustomKeyStores",
    ),
    ("hsm-protection", HsmProtection(), AWS_CLUSTER, Faults(), SATISFIED, "guarded by an HSM of the customer's alone"),
    (
        "hsm-protection",
        HsmProtection(single_tenant=True),
        AwsSeed(),
        Faults(),
        NOT_SATISFIED,
        "whose HSMs serve all its customers",
    ),
    (
        "hsm-protection",
        HsmProtection(),
        AwsSeed(),
        Faults(),
        INCONCLUSIVE,
        "cannot be known from the provider's API. To settle it: the certificate of the provider's HSM",
    ),
    (
        "hsm-protection",
        HsmProtection(fips_level=3),
        AWS_CLUSTER,
        Faults(),
        INCONCLUSIVE,
        "To which FIPS level the module of the key's material is validated cannot be known",
    ),
    ("hsm-protection", HsmProtection(), AWS_EXTERNAL, Faults(), INCONCLUSIVE, "lies outside the provider"),
    ("key-location", IN_EU, AwsSeed(), Faults(), SATISFIED, "eu-central-1 (DE) lies inside EU"),
    ("key-location", KeyLocation(partition="aws-eusc"), AwsSeed(), Faults(), NOT_SATISFIED, "partition aws, not in"),
    ("key-location", KeyLocation(outside=("DE",)), AwsSeed(), Faults(), NOT_SATISFIED, "does not lie outside DE"),
    (
        "key-location",
        KeyLocation(within=("EFTA",)),
        AwsSeed(),
        Faults(),
        INCONCLUSIVE,
        "No jurisdiction is called EFTA",
    ),
    ("key-location", IN_EU, AWS_EXTERNAL, Faults(), INCONCLUSIVE, "judge this key by endpoint-location too"),
    ("key-location", IN_EU, AwsSeed(), Faults(denies=frozenset({"DescribeKey"})), INCONCLUSIVE, "kms:DescribeKey"),
    ("deletion-window", DeletionWindow(at_most=30 * DAY), AwsSeed(), Faults(), SATISFIED, "waits 7 days to 30 days"),
    ("deletion-window", DeletionWindow(at_least=7 * DAY), AwsSeed(), Faults(), SATISFIED, "the least is 7 days"),
    ("deletion-window", DeletionWindow(at_most=3 * DAY), AwsSeed(), Faults(), NOT_SATISFIED, "and the limit is 3 days"),
    ("deletion-window", DeletionWindow(at_least=7 * DAY), AWS_IMPORTED, Faults(), NOT_SATISFIED, "destroyed at once"),
    ("deletion-window", DeletionWindow(at_most=14 * DAY), AwsSeed(), Faults(), INCONCLUSIVE, "depends on who asks"),
    ("deletion-window", DeletionWindow(at_most=3 * DAY), AWS_IMPORTED, Faults(), INCONCLUSIVE, "without waiting, by"),
    (
        "deletion-window",
        DeletionWindow(at_most=30 * DAY),
        AwsSeed(replicas=("eu-west-1",)),
        Faults(),
        INCONCLUSIVE,
        "as long as a replica lives",
    ),
]

OF_GOOGLE: list[tuple[str, Claim, KeySeed, Faults, Ruling, str]] = [
    (
        "byok",
        Byok(),
        KeySeed(id="k", imported="job"),
        Faults(),
        SATISFIED,
        "The key's material (generation 1) was imported",
    ),
    ("byok", Byok(), EXTERNAL, Faults(), SATISFIED, "the provider never had it"),
    ("byok", Byok(), KeySeed(id="k"), Faults(), NOT_SATISFIED, "made by the provider"),
    (
        "byok",
        Byok(),
        KeySeed(id="k", imported="job"),
        Faults(denies=frozenset({"ListCryptoKeyVersions"})),
        INCONCLUSIVE,
        "grant cloudkms.cryptoKeyVersions.list",
    ),
    ("hyok", Hyok(hosts=("ekm.buyer.example",)), EXTERNAL, Faults(), SATISFIED, "asks for it at ekm.buyer.example"),
    ("hyok", Hyok(hosts=("ekm.other.example",)), EXTERNAL, Faults(), NOT_SATISFIED, "is not on the list"),
    ("hyok", Hyok(), KeySeed(id="k", level=Level.HSM), Faults(), NOT_SATISFIED, "lies with the provider"),
    ("hyok", Hyok(), KeySeed(id="k", level=Level.HSM_SINGLE_TENANT), Faults(), NOT_SATISFIED, "requires it outside"),
    (
        "hyok",
        Hyok(hosts=("ekm.buyer.example",)),
        KeySeed(id="k", level=Level.EXTERNAL_VPC, external_path="k", backend="projects/p/locations/l/ekmConnections/c"),
        Faults(),
        INCONCLUSIVE,
        "cloudkms.ekmConnections.get",
    ),
    ("hsm-protection", HsmProtection(), KeySeed(id="k", level=Level.HSM), Faults(), SATISFIED, "guarded by an HSM"),
    ("hsm-protection", HsmProtection(), KeySeed(id="k"), Faults(), NOT_SATISFIED, "guarded by software"),
    (
        "hsm-protection",
        HsmProtection(single_tenant=True),
        KeySeed(id="k", level=Level.HSM),
        Faults(),
        NOT_SATISFIED,
        "whose HSMs serve all its customers",
    ),
    (
        "hsm-protection",
        HsmProtection(fips_level=3),
        KeySeed(id="k", level=Level.HSM),
        Faults(),
        INCONCLUSIVE,
        "cannot be known from the provider's API",
    ),
    ("key-location", IN_EU, KeySeed(id="k"), Faults(), SATISFIED, "europe-west3 (DE) lies inside EU"),
    ("key-location", KeyLocation(within=("FR",)), KeySeed(id="k"), Faults(), NOT_SATISFIED, "does not lie inside FR"),
    ("key-location", IN_EU, EXTERNAL, Faults(), INCONCLUSIVE, "judge this key by endpoint-location too"),
    (
        "deletion-window",
        DeletionWindow(at_most=3 * DAY),
        KeySeed(id="k", destroy_after=2 * DAY),
        Faults(),
        SATISFIED,
        "A deletion waits 2 days (the key's own setting); the limit is 3 days",
    ),
    ("deletion-window", DeletionWindow(at_most=14 * DAY), KeySeed(id="k"), Faults(), NOT_SATISFIED, "waits 30 days"),
    (
        "deletion-window",
        DeletionWindow(at_least=14 * DAY),
        KeySeed(id="k", destroy_after=DAY),
        Faults(),
        NOT_SATISFIED,
        "and the least is 14 days",
    ),
    (
        "deletion-window",
        DeletionWindow(at_most=30 * DAY),
        KeySeed(id="k"),
        Faults(denies=frozenset({"GetCryptoKey"})),
        INCONCLUSIVE,
        "grant cloudkms.cryptoKeys.get",
    ),
]


@pytest.mark.parametrize(("kind", "claim", "seed", "faults", "ruling", "says"), OF_AWS)
def test_a_key_of_aws(
    aws: AwsKmsDouble,
    tmp_path: Path,
    kind: str,
    claim: Claim,
    seed: AwsSeed,
    faults: Faults,
    ruling: Ruling,
    says: str,
) -> None:
    aws.faults = faults
    verdict = of_aws(aws, seed, claim, kind, tmp_path)
    assert verdict.ruling is ruling, said(verdict)
    assert says in said(verdict)
    assert verdict.assurance in (None, Assurance.REPORTED)


@pytest.mark.parametrize(("kind", "claim", "seed", "faults", "ruling", "says"), OF_GOOGLE)
def test_a_key_of_google(
    google: GoogleKmsDouble,
    tmp_path: Path,
    kind: str,
    claim: Claim,
    seed: KeySeed,
    faults: Faults,
    ruling: Ruling,
    says: str,
) -> None:
    google.faults = faults
    verdict = of_google(google, seed, claim, kind, tmp_path)
    assert verdict.ruling is ruling, said(verdict)
    assert says in said(verdict)
    assert verdict.assurance in (None, Assurance.REPORTED)


@pytest.mark.parametrize(
    ("location", "claim", "ruling", "says"),
    [
        ("eur4", IN_EU, SATISFIED, "lies inside EU"),
        ("eur4", KeyLocation(within=("FI",)), NOT_SATISFIED, "it lies in BE, NL"),
        ("nam4", IN_EU, NOT_SATISFIED, "does not lie inside EU"),
        ("global", IN_EU, NOT_SATISFIED, "global (anywhere) does not lie inside EU"),
        ("global", KeyLocation(outside=("US",)), INCONCLUSIVE, "may lie outside US, and may not"),
        ("europe", IN_EU, SATISFIED, "lies inside EU"),
        ("europe", KeyLocation(within=("DE",)), INCONCLUSIVE, "may lie inside DE, and may not"),
        ("europe", KeyLocation(within=("US",)), NOT_SATISFIED, "does not lie inside US"),
        ("eur5", IN_EU, INCONCLUSIVE, "In which country eur5 lies is not known here"),
    ],
)
def test_a_location_of_several_regions_is_judged_by_all_of_them(
    tmp_path: Path, location: str, claim: KeyLocation, ruling: Ruling, says: str
) -> None:
    with GoogleKmsDouble(location=location) as double:
        verdict = of_google(double, KeySeed(id="k"), claim, "key-location", tmp_path)
    assert verdict.ruling is ruling, said(verdict)
    assert says in said(verdict)


def test_a_sovereign_partition_is_told_from_a_region_in_the_same_country(tmp_path: Path) -> None:
    with AwsKmsDouble(partition="aws-eusc", region="eusc-de-east-1") as double:
        verdict = of_aws(double, AwsSeed(), KeyLocation(within=("EU",), partition="aws-eusc"), "key-location", tmp_path)
    assert verdict.ruling is SATISFIED


# wrong answers of other tools, each a regression case


def test_wrong_answer_1_a_denied_read_is_neither_a_failure_nor_a_pass(aws: AwsKmsDouble, tmp_path: Path) -> None:
    kinds: list[tuple[str, Claim]] = [
        ("byok", Byok()),
        ("hyok", Hyok()),
        ("hsm-protection", HsmProtection()),
        ("key-location", IN_EU),
        ("deletion-window", DeletionWindow(at_most=DAY)),
    ]
    aws.faults = Faults(denies=frozenset({"DescribeKey"}))
    for kind, claim in kinds:
        verdict = of_aws(aws, AwsSeed(), claim, kind, tmp_path)
        assert verdict.ruling is INCONCLUSIVE, kind
        assert "allow kms:DescribeKey on" in said(verdict)


def test_wrong_answer_4_one_region_inside_does_not_make_up_for_one_outside(aws: AwsKmsDouble, tmp_path: Path) -> None:
    seed = AwsSeed(replicas=("eu-west-1", "us-east-1"))
    verdict = of_aws(aws, seed, IN_EU, "key-location", tmp_path)
    assert verdict.ruling is NOT_SATISFIED
    assert "us-east-1 (US) does not lie inside EU" in said(verdict)
    inside = of_aws(aws, AwsSeed(replicas=("eu-west-1",)), IN_EU, "key-location", tmp_path)
    assert inside.ruling is SATISFIED


def test_wrong_answer_4_one_imported_version_does_not_make_up_for_one_that_google_made(
    google: GoogleKmsDouble, tmp_path: Path
) -> None:
    name = google.seed_key(KeySeed(id="k", imported="job"))
    make_version(google, name)
    verdict = judged_together({"k": google_key(google, name)}, "byok", Byok(), tmp_path)
    assert verdict.ruling is NOT_SATISFIED
    assert "The key's material (generation 2) was not brought by the customer" in said(verdict)


def test_wrong_answer_5_no_material_is_no_positive_finding(google: GoogleKmsDouble, tmp_path: Path) -> None:
    for kind, claim in (("byok", Byok()), ("hyok", Hyok()), ("hsm-protection", HsmProtection())):
        findings = run(kind, claim, Materials(generations=()))
        assert outcomes(findings) == [UNKNOWN]
        assert "No material of the key is in use at present (none is left)" in texts(findings)


# rule by rule


def generation(**more: Any) -> Generation:
    given = {
        "id": "1",
        "current": True,
        "state": KeyState.ENABLED,
        "origin": Origin.PROVIDER_MADE,
        "protection": Protection.HSM,
        "fips": None,
        "made": None,
        "expires": None,
    }
    return Generation.model_validate({**given, **more})


def made_of(*generations: Generation) -> Materials:
    return Materials(generations=generations)


def run(kind: str, claim: Claim, materials: Materials, external: External | Unseen | None = None) -> list[Finding]:
    checks: dict[str, Any] = {
        "byok": lambda: byok(claim, materials, case(NOW)),  # type: ignore[arg-type]
        "hyok": lambda: hyok(claim, materials, external or External(keepers=())),  # type: ignore[arg-type]
        "hsm-protection": lambda: hsm_protection(claim, materials),  # type: ignore[arg-type]
    }
    return list(checks[kind]())


def test_a_provider_that_does_not_say_where_material_is_from_leaves_it_open() -> None:
    """Key Vault carries no mark on imported keys."""
    findings = run("byok", Byok(), made_of(generation(origin=Origin.UNKNOWN)))
    assert outcomes(findings) == [UNKNOWN]
    assert "the audit log's entry of the import" in texts(findings)


def test_material_that_expires_says_until_when_the_promise_holds() -> None:
    soon, later = NOW + 5 * DAY, NOW + 50 * DAY
    imported = {"origin": Origin.IMPORTED}
    materials = made_of(generation(id="1", **imported, expires=later), generation(id="2", **imported, expires=soon))
    (finding,) = run("byok", Byok(), materials)
    assert finding.until == soon
    within = run("byok", Byok(expires_within=10 * DAY), materials)
    assert outcomes(within) == [HOLDS, BROKEN, HOLDS]
    assert "The key's material (generation 1) expires on 2027-01-13, later than in 10 days" in texts(within)


def test_versions_that_are_off_do_not_count() -> None:
    old = generation(id="1", protection=Protection.SOFTWARE, state=KeyState.DISABLED, current=False)
    assert outcomes(run("hsm-protection", HsmProtection(), made_of(old, generation(id="2")))) == [HOLDS]


def test_generations_that_are_alike_are_told_in_one_sentence() -> None:
    many = made_of(*(generation(id=str(n)) for n in range(1, 9)))
    (finding,) = run("hsm-protection", HsmProtection(), many)
    assert finding.text == "The key's material (generations 1, 2, 3, 4, 5 and 3 more) is guarded by an HSM"


@pytest.mark.parametrize(("level", "outcome"), [(2, HOLDS), (3, BROKEN)])
def test_a_fips_level_is_judged_where_the_api_names_one(level: int, outcome: Outcome) -> None:
    materials = made_of(generation(fips=Fips(standard="140-2", level=2)))
    assert outcomes(run("hsm-protection", HsmProtection(fips_level=level), materials)) == [HOLDS, outcome]


def keeper(**more: Any) -> Keeper:
    given = {
        "generation": None,
        "store": None,
        "host": "ekm.buyer.example",
        "key": "k",
        "way": Way.INTERNET,
        "connected": True,
        "made_by_provider": False,
    }
    return Keeper.model_validate({**given, **more})


OUTSIDE = made_of(generation(origin=Origin.EXTERNAL_KEY_STORE, protection=Protection.EXTERNAL))


def test_a_store_that_is_cut_off_and_keys_that_the_provider_makes_are_noted() -> None:
    findings = run("hyok", Hyok(), OUTSIDE, External(keepers=(keeper(connected=False, made_by_provider=True),)))
    assert outcomes(findings) == [HOLDS]
    assert "cannot reach the external key store at present" in texts(findings)
    assert "makes and destroys keys in the external key manager by itself" in texts(findings)


def test_a_host_that_was_not_seen_matters_only_where_hosts_are_listed() -> None:
    hidden = External(keepers=(keeper(host=Unseen(reason=Reason.DENIED, text="no right to look", remedy="grant it")),))
    assert outcomes(run("hyok", Hyok(), OUTSIDE, hidden)) == [HOLDS]
    assert outcomes(run("hyok", Hyok(hosts=("ekm.buyer.example",)), OUTSIDE, hidden)) == [HOLDS, UNKNOWN]
    unseen = Unseen(reason=Reason.DENIED, text="no right to look", remedy="grant it")
    assert outcomes(run("hyok", Hyok(), OUTSIDE, unseen)) == [HOLDS]
    assert outcomes(run("hyok", Hyok(hosts=("ekm.buyer.example",)), OUTSIDE, unseen)) == [HOLDS, UNKNOWN]


def custody(**more: Any) -> Custody:
    given = {
        "provider": Provider.AWS,
        "target": "arn:aws:kms:eu-central-1:111122223333:key/k",
        "owner": "111122223333",
        "manager": Manager.CUSTOMER,
        "origin": Origin.PROVIDER_MADE,
        "state": KeyState.ENABLED,
        "usage": Usage.ENCRYPT_DECRYPT,
        "spec": "SYMMETRIC_DEFAULT",
        "created": NOW,
        "partition": "aws",
        "region": "eu-central-1",
        "multi_region": False,
        "replicas": (),
        "store": None,
        "protection": None,
        "material_expires": None,
        "deletion": None,
    }
    return Custody.model_validate({**given, **more})


def test_the_same_place_gives_another_verdict_under_another_law() -> None:
    swiss = custody(region="eu-central-2")
    claim = KeyLocation(within=("ADEQUATE",))
    assert outcomes(key_location(claim, swiss, case(NOW, ADEQUATE=["CH", "DE"]))) == [HOLDS]
    assert outcomes(key_location(claim, swiss, case(NOW, ADEQUATE=["DE"]))) == [BROKEN]


def test_a_region_that_nobody_knows_is_not_guessed_from_its_name() -> None:
    findings = list(key_location(IN_EU, custody(region="eu-north-9"), case(NOW)))
    assert outcomes(findings) == [UNKNOWN]


@pytest.mark.parametrize("claim", [KeyLocation, DeletionWindow])
def test_a_claim_that_asks_nothing_is_refused(claim: type[Claim]) -> None:
    with pytest.raises(ValidationError, match="say "):
        claim()


def waiting(shortest: timedelta, longest: timedelta | None, **more: Any) -> Deletion:
    given = {"at_once": None, "comes_back": None, "due": None, "source": "the key's own setting"}
    return Deletion.model_validate({**given, "shortest": shortest, "longest": longest, **more})


@pytest.mark.parametrize(
    ("at_most", "deletion", "outcome"),
    [
        (7 * DAY, waiting(7 * DAY, 7 * DAY), HOLDS),
        (6 * DAY, waiting(7 * DAY, 7 * DAY), BROKEN),
        (10 * DAY, waiting(7 * DAY, 30 * DAY), UNKNOWN),
        (10 * DAY, waiting(7 * DAY, 30 * DAY, due=NOW + 20 * DAY), BROKEN),
        (10 * DAY, waiting(7 * DAY, 30 * DAY, due=NOW + 5 * DAY), UNKNOWN),
        (30 * DAY, waiting(7 * DAY, 30 * DAY, due=NOW + 20 * DAY), HOLDS),
        (DAY, waiting(7 * DAY, 30 * DAY, at_once="destroying it"), UNKNOWN),
        (40 * DAY, waiting(7 * DAY, None), UNKNOWN),
    ],
)
def test_how_soon_a_key_is_gone(at_most: timedelta, deletion: Deletion, outcome: Outcome) -> None:
    assert outcomes(deletion_window(DeletionWindow(at_most=at_most), deletion, case(NOW))) == [outcome]


@pytest.mark.parametrize(
    ("at_least", "deletion", "outcome"),
    [
        (7 * DAY, waiting(7 * DAY, 30 * DAY), HOLDS),
        (8 * DAY, waiting(7 * DAY, 30 * DAY), UNKNOWN),
        (8 * DAY, waiting(7 * DAY, None), UNKNOWN),
        (31 * DAY, waiting(7 * DAY, 30 * DAY), BROKEN),
        (DAY, waiting(7 * DAY, 30 * DAY, at_once="destroying it"), BROKEN),
    ],
)
def test_how_long_a_deletion_can_be_taken_back(at_least: timedelta, deletion: Deletion, outcome: Outcome) -> None:
    assert outcomes(deletion_window(DeletionWindow(at_least=at_least), deletion, case(NOW))) == [outcome]


def test_a_deletion_under_way_that_comes_too_late_is_broken_over_the_wire(aws: AwsKmsDouble, tmp_path: Path) -> None:
    arn = aws.seed_key(AwsSeed())
    client(aws).schedule_key_deletion(KeyId=arn, PendingWindowInDays=30)
    claim = DeletionWindow(at_most=14 * DAY)
    now = datetime.now(UTC)
    verdict = judged_together({"k": aws_key(aws, arn)}, "deletion-window", claim, tmp_path, now=now)
    assert verdict.ruling is NOT_SATISFIED
    assert "later than in 14 days" in said(verdict)


def test_a_material_that_can_come_back_is_noted() -> None:
    again = waiting(DAY, DAY, comes_back="importing the same key material again")
    findings = list(deletion_window(DeletionWindow(at_most=DAY), again, case(NOW)))
    assert "can come back by importing the same key material again" in texts(findings)
