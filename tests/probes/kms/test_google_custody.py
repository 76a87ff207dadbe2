"""What a key of Cloud KMS is made of, who keeps it outside Google, how long it outlives its deletion."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from clauseproof.facts.google import GoogleKey
from clauseproof.facts.keys import KeyState, Origin, Protection
from clauseproof.facts.keystores import External, Keeper, Way
from clauseproof.model.unseen import Unseen
from clauseproof.probes.kms.google import custody
from clauseproof.probes.kms.google_custody import deletion, external, materials
from clauseproof.sandbox.kms.faults import Faults
from clauseproof.sandbox.kms.google import EkmConnection, GoogleKmsDouble, KeySeed, Level, State
from tests.support.googlekeys import destroy, google_key, make_version, turn
from tests.support.keys import day, look

CONNECTION = "projects/buyer-prod/locations/europe-west3/ekmConnections/ekm"
BY_INTERNET = KeySeed(id="k", level=Level.EXTERNAL, external_uri="https://ekm.buyer.example/v0/keys/1")
BY_VPC = KeySeed(id="k", level=Level.EXTERNAL_VPC, external_path="v0/keys/1", backend=CONNECTION)


@pytest.fixture
def double() -> Iterator[GoogleKmsDouble]:
    with GoogleKmsDouble() as running:
        yield running


def seeded(double: GoogleKmsDouble, seed: KeySeed) -> GoogleKey:
    return google_key(double, double.seed_key(seed))


def kept_by(double: GoogleKmsDouble, seed: KeySeed) -> External:
    key = seeded(double, seed)
    return external(key, custody(key, look()), look())


# materials


def test_every_version_is_a_generation_with_a_state_of_its_own(double: GoogleKmsDouble) -> None:
    past = (day("2026-03-01"), day("2026-06-01"))
    key = seeded(double, KeySeed(id="k", created=day("2026-01-01"), rotations=past, level=Level.HSM))
    turn(double, key.name, 1, "DISABLED")
    found = materials(key, look()).generations
    assert [(one.id, one.state, one.current) for one in found] == [
        ("1", KeyState.DISABLED, False),
        ("2", KeyState.ENABLED, False),
        ("3", KeyState.ENABLED, True),
    ]
    assert {(one.origin, one.protection, one.fips, one.expires) for one in found} == {
        (Origin.PROVIDER_MADE, Protection.HSM, None, None)
    }
    assert [one.made for one in found] == [day("2026-01-01"), *past]


def test_versions_of_another_origin_than_the_primary_are_seen(double: GoogleKmsDouble) -> None:
    """The key was imported once, and somebody had Google make a version later."""
    key = seeded(double, KeySeed(id="k", imported="job"))
    make_version(double, key.name)
    assert [one.origin for one in materials(key, look()).in_use] == [Origin.IMPORTED, Origin.PROVIDER_MADE]


def test_what_is_destroyed_is_no_material_any_more(double: GoogleKmsDouble) -> None:
    key = seeded(double, KeySeed(id="k", rotations=(day("2026-06-01"),), states={1: State.DESTROYED}))
    destroy(double, key.name, 2)
    assert [(one.id, one.state) for one in materials(key, look()).generations] == [("2", KeyState.PENDING_DELETION)]


# external key managers


def test_a_key_reached_by_the_internet_is_named_with_its_host(double: GoogleKmsDouble) -> None:
    assert kept_by(double, BY_INTERNET).keepers == (
        Keeper(
            generation="1",
            store=None,
            host="ekm.buyer.example",
            key="https://ekm.buyer.example/v0/keys/1",
            way=Way.INTERNET,
            connected=None,
            made_by_provider=False,
        ),
    )


@pytest.mark.parametrize("coordinated", [False, True])
def test_a_key_reached_through_a_connection_is_named_with_its_manager(
    double: GoogleKmsDouble, coordinated: bool
) -> None:
    double.seed_connection(
        EkmConnection(
            name=CONNECTION,
            hostname="ekm.buyer.internal",
            service="projects/p/locations/l/namespaces/n/services/s",
            created=day("2026-01-01"),
            managed_by_kms=coordinated,
        )
    )
    (found,) = kept_by(double, BY_VPC).keepers
    assert (found.host, found.way, found.key) == ("ekm.buyer.internal", Way.PRIVATE, "v0/keys/1")
    assert (found.store, found.made_by_provider) == (CONNECTION, coordinated)


@pytest.mark.parametrize(
    ("faults", "says"),
    [
        (Faults(denies=frozenset({"GetEkmConnection"})), "lacks cloudkms.ekmConnections.get"),
        (Faults(), "knows no"),
    ],
)
def test_a_connection_that_cannot_be_read_leaves_the_host_unseen(
    double: GoogleKmsDouble, faults: Faults, says: str
) -> None:
    double.faults = faults
    (found,) = kept_by(double, BY_VPC).keepers
    assert isinstance(found.host, Unseen)
    assert says in found.host.text
    assert found.made_by_provider is None


@pytest.mark.parametrize("uri", ["", "not a url", "https://user@ekm.example/k"])
def test_a_version_without_a_proper_uri_has_no_host(double: GoogleKmsDouble, uri: str) -> None:
    (found,) = kept_by(double, KeySeed(id="k", level=Level.EXTERNAL, external_uri=uri)).keepers
    assert isinstance(found.host, Unseen)


def test_a_key_of_googles_own_has_no_keeper(double: GoogleKmsDouble) -> None:
    assert kept_by(double, KeySeed(id="k")).keepers == ()


# deletion


def test_a_version_waits_for_as_long_as_its_key_says(double: GoogleKmsDouble) -> None:
    key = seeded(double, KeySeed(id="k", destroy_after=timedelta(days=3)))
    found = deletion(key, custody(key, look()), look())
    assert (found.shortest, found.longest) == (timedelta(days=3), timedelta(days=3))
    assert (found.at_once, found.comes_back, found.due) == (None, None, None)


def test_a_key_that_is_to_be_destroyed_says_when(double: GoogleKmsDouble) -> None:
    key = seeded(double, KeySeed(id="k"))
    destroy(double, key.name, 1)
    assert deletion(key, custody(key, look()), look()).due is not None


def test_what_was_imported_can_come_back_and_what_lies_outside_can_go_at_once(double: GoogleKmsDouble) -> None:
    key = seeded(double, KeySeed(id="k", imported="job"))
    assert deletion(key, custody(key, look()), look()).comes_back is not None
    outside = seeded(double, BY_INTERNET)
    assert deletion(outside, custody(outside, look()), look()).at_once is not None
