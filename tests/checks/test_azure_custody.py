"""Custody claims on Azure: over TLS through the engine, each satisfied, contradicted and left open."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from checks.custody import Byok, DeletionWindow, HsmProtection, Hyok, KeyLocation
from checks.separation import DistinctKeys, KeySeparation
from clauseproof.facts.keyrights import Right
from clauseproof.model.claim import Claim
from clauseproof.model.jurisdiction import Atlas, Jurisdiction, Member
from clauseproof.model.verdict import Ruling
from clauseproof.sandbox.kms.azure import CRYPTO_USER, Assignment, AzureKeyVaultDouble, KeySeed
from clauseproof.sandbox.kms.faults import Faults
from tests.support.azurekeys import azure_key
from tests.support.case import EU
from tests.support.keyruns import judged_together, said

SATISFIED, NOT_SATISFIED, INCONCLUSIVE = Ruling.SATISFIED, Ruling.NOT_SATISFIED, Ruling.INCONCLUSIVE
ATLAS = Atlas([Jurisdiction(name="EU", reference="", members=tuple(Member(code=code) for code in EU))])
DAY = timedelta(days=1)
RSA, AES = KeySeed(name="k"), KeySeed(name="k", kty="oct-HSM")
SOFT = KeySeed(name="k", kty="RSA")
IN_EU = KeyLocation(within=("EU",))
OURS = KeySeparation(allowed=("admin",), vendor=("vendor",), vendor_may=(Right.ENCRYPT, Right.DECRYPT, Right.READ))


@contextmanager
def vault(kind: str) -> Iterator[AzureKeyVaultDouble]:
    """A vault or an HSM, by its words: `hsm`, `protected`, `in REGION`."""
    words = kind.split()
    region = words[words.index("in") + 1] if "in" in words else "westeurope"
    with AzureKeyVaultDouble(
        managed_hsm="hsm" in words, region=region, purge_protection="protected" in words, recoverable_days=30
    ) as running:
        yield running


CASES: list[tuple[str, Claim, str, KeySeed, Faults, Ruling, str]] = [
    ("byok", Byok(), "vault", RSA, Faults(), INCONCLUSIVE, "imported cannot be known from the provider's API"),
    ("byok", Byok(), "hsm", AES, Faults(), INCONCLUSIVE, "imported cannot be known from the provider's API"),
    ("hyok", Hyok(), "hsm", AES, Faults(), NOT_SATISFIED, "the clause requires it outside"),
    ("hyok", Hyok(single_tenant_hsm=True), "hsm", AES, Faults(), SATISFIED, "an HSM of the customer's alone"),
    ("hyok", Hyok(single_tenant_hsm=True), "vault", RSA, Faults(), INCONCLUSIVE, "is held cannot be known"),
    ("hsm-protection", HsmProtection(fips_level=3), "vault", RSA, Faults(), SATISFIED, "FIPS 140-3 level 3"),
    ("hsm-protection", HsmProtection(), "vault", SOFT, Faults(), NOT_SATISFIED, "is guarded by software"),
    (
        "hsm-protection",
        HsmProtection(fips_level=3),
        "vault",
        KeySeed(name="k", hsm_platform="1"),
        Faults(),
        NOT_SATISFIED,
        "FIPS 140-2 level 2, and the clause requires level 3",
    ),
    ("hsm-protection", HsmProtection(fips_level=3), "hsm", AES, Faults(), INCONCLUSIVE, "FIPS level"),
    ("hsm-protection", HsmProtection(single_tenant=True), "hsm", AES, Faults(), SATISFIED, "customer's alone"),
    ("key-location", IN_EU, "vault", RSA, Faults(), SATISFIED, "northeurope (IE) lies"),
    ("key-location", KeyLocation(within=("NL",)), "vault", RSA, Faults(), NOT_SATISFIED, "northeurope (IE)"),
    ("key-location", IN_EU, "vault in eastus", RSA, Faults(), NOT_SATISFIED, "eastus"),
    ("key-location", IN_EU, "vault in atlantis", RSA, Faults(), INCONCLUSIVE, "not known here"),
    ("key-location", IN_EU, "hsm", AES, Faults(), INCONCLUSIVE, "In which further regions the key is kept"),
    ("key-location", KeyLocation(partition="azure.net"), "hsm", AES, Faults(), SATISFIED, "azure.net"),
    ("key-location", KeyLocation(partition="sovcloud-api.fr"), "vault", RSA, Faults(), NOT_SATISFIED, "azure.net"),
    ("deletion-window", DeletionWindow(at_most=30 * DAY), "vault", RSA, Faults(), SATISFIED, "waits 30 days"),
    ("deletion-window", DeletionWindow(at_most=7 * DAY), "vault protected", RSA, Faults(), NOT_SATISFIED, "30 days"),
    ("deletion-window", DeletionWindow(at_most=7 * DAY), "vault", RSA, Faults(), INCONCLUSIVE, "purging the deleted"),
    ("deletion-window", DeletionWindow(at_least=30 * DAY), "vault protected", RSA, Faults(), SATISFIED, "30 days"),
    ("deletion-window", DeletionWindow(at_least=30 * DAY), "vault", RSA, Faults(), NOT_SATISFIED, "purging"),
    ("key-separation", OURS, "vault", RSA, Faults(), INCONCLUSIVE, "Azure Resource Manager is not read here"),
    ("key-separation", OURS, "hsm", AES, Faults(), SATISFIED, "Nobody off the list can use the key"),
    (
        "key-separation",
        OURS,
        "hsm",
        AES,
        Faults(foreign_grantees=("stranger",)),
        NOT_SATISFIED,
        "stranger may decrypt",
    ),
]


@pytest.mark.parametrize(("kind", "claim", "where", "seed", "faults", "ruling", "says"), CASES)
def test_a_custody_claim_on_azure(
    tmp_path: Path, kind: str, claim: Claim, where: str, seed: KeySeed, faults: Faults, ruling: Ruling, says: str
) -> None:
    with vault(where) as double:
        key = azure_key(double, double.seed_key(seed))
        double.faults = faults
        verdict = judged_together({"data-key": key}, kind, claim, tmp_path, atlas=ATLAS)
    assert verdict.ruling is ruling, said(verdict)
    assert says in said(verdict)


@pytest.mark.parametrize(
    ("kind", "claim", "denied", "right"),
    [
        ("byok", Byok(), "KeyListVersions", "keys/list"),
        ("hsm-protection", HsmProtection(), "KeyGet", "keys/get"),
        ("key-location", IN_EU, "KeyGet", "keys/get"),
        ("deletion-window", DeletionWindow(at_most=DAY), "KeyGet", "keys/get"),
        ("key-separation", OURS, "RoleAssignmentList", "Microsoft.KeyVault/managedHsm/roleAssignments/read/action"),
    ],
)
def test_a_missing_right_leaves_a_claim_open_and_is_named(
    tmp_path: Path, kind: str, claim: Claim, denied: str, right: str
) -> None:
    with vault("hsm") as double:
        key = azure_key(double, double.seed_key(AES))
        double.faults = Faults(denies=frozenset({denied}))
        verdict = judged_together({"data-key": key}, kind, claim, tmp_path, atlas=ATLAS)
    assert verdict.ruling is INCONCLUSIVE
    assert f"allow {right} on" in said(verdict)


def test_a_vendor_with_more_than_it_may_is_contradicted(tmp_path: Path) -> None:
    with vault("hsm") as double:
        double.assign(Assignment(principal="vendor", role=CRYPTO_USER, scope="/keys/k"))
        key = azure_key(double, double.seed_key(AES))
        verdict = judged_together({"data-key": key}, "key-separation", OURS, tmp_path)
    assert verdict.ruling is NOT_SATISFIED
    assert "the vendor may not" in said(verdict)


def test_two_keys_are_different_and_one_key_under_two_names_is_not(tmp_path: Path) -> None:
    with vault("vault") as double:
        one, other = (azure_key(double, double.seed_key(KeySeed(name=name)), holds=(name,)) for name in ("a", "b"))
        apart = judged_together({"a": one, "b": other}, "distinct-keys", DistinctKeys(), tmp_path / "1")
        twice = judged_together({"a": one, "b": one}, "distinct-keys", DistinctKeys(per="tenant"), tmp_path / "2")
    assert (apart.ruling, twice.ruling) == (SATISFIED, NOT_SATISFIED), said(apart)
