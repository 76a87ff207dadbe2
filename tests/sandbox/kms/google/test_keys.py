from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from google.api_core import exceptions
from google.cloud.kms_v1 import types as kms

from clauseproof.sandbox.kms.clock import Clock
from clauseproof.sandbox.kms.faults import Faults
from clauseproof.sandbox.kms.google import Algorithm, GoogleKmsDouble, KeySeed, Level, Purpose, State

if TYPE_CHECKING:
    from google.cloud.kms_v1 import KeyManagementServiceClient

    from tests.sandbox.kms.google.conftest import Connect

CREATED = datetime(2025, 1, 1, tzinfo=UTC)


def disable(client: "KeyManagementServiceClient", version: str) -> None:
    wanted = kms.CryptoKeyVersion(name=version, state=State.DISABLED)
    client.update_crypto_key_version(crypto_key_version=wanted, update_mask={"paths": ["state"]})


def enable(client: "KeyManagementServiceClient", version: str) -> None:
    wanted = kms.CryptoKeyVersion(name=version, state=State.ENABLED)
    client.update_crypto_key_version(crypto_key_version=wanted, update_mask={"paths": ["state"]})


def rotate(client: "KeyManagementServiceClient", key: str) -> None:
    version = client.create_crypto_key_version(parent=key, crypto_key_version=kms.CryptoKeyVersion())
    client.update_crypto_key_primary_version(name=key, crypto_key_version_id=version.name.rsplit("/", 1)[1])


def test_a_key_made_by_a_call_is_shown_listed_and_used(connect: "Connect") -> None:
    period = timedelta(days=90)
    with GoogleKmsDouble(clock=Clock(now=lambda: CREATED)) as double:
        client = connect(double)
        wanted = kms.CryptoKey(
            purpose=Purpose.ENCRYPT_DECRYPT,
            rotation_period=period,
            next_rotation_time=CREATED + period,
            labels={"tenant": "acme"},
        )
        made = client.create_crypto_key(parent=double.ring, crypto_key_id="data", crypto_key=wanted)
        assert client.get_crypto_key(name=made.name) == made
        assert [key.name for key in client.list_crypto_keys(parent=double.ring)] == [f"{double.ring}/cryptoKeys/data"]
        encrypted = client.encrypt(name=made.name, plaintext=b"canary")
        assert client.decrypt(name=made.name, ciphertext=encrypted.ciphertext).plaintext == b"canary"
    assert (made.primary.name, made.primary.state) == (encrypted.name, State.ENABLED)
    assert (made.rotation_period, made.next_rotation_time) == (period, CREATED + period)
    assert (made.primary.protection_level, dict(made.labels)) == (Level.SOFTWARE, {"tenant": "acme"})
    assert made.destroy_scheduled_duration == timedelta(days=30)


def test_an_old_ciphertext_opens_after_a_rotation_and_is_not_under_the_primary(connect: "Connect") -> None:
    with GoogleKmsDouble() as double:
        client = connect(double)
        key = double.seed_key(KeySeed(id="data"))
        before = client.encrypt(name=key, plaintext=b"canary")
        rotate(client, key)
        after = client.encrypt(name=key, plaintext=b"canary")
        opened = [client.decrypt(name=key, ciphertext=each.ciphertext) for each in (before, after)]
    assert [each.name.rsplit("/", 1)[1] for each in (before, after)] == ["1", "2"]
    assert [(each.plaintext, each.used_primary) for each in opened] == [(b"canary", False), (b"canary", True)]


def test_a_new_primary_is_shown_at_once_and_encrypts_when_the_lag_is_over(connect: "Connect") -> None:
    tick = [0.0]
    with GoogleKmsDouble(faults=Faults(rotation_duration_s=60), clock=Clock(ticks=lambda: tick[0])) as double:
        client = connect(double)
        key = double.seed_key(KeySeed(id="data"))
        rotate(client, key)
        assert client.get_crypto_key(name=key).primary.name.endswith("/2")
        assert client.encrypt(name=key, plaintext=b"x").name.endswith("/1")
        tick[0] = 60
        assert client.encrypt(name=key, plaintext=b"x").name.endswith("/2")


def test_a_rotation_that_keeps_the_material_shows_a_primary_that_never_encrypts(connect: "Connect") -> None:
    with GoogleKmsDouble(faults=Faults(rotation_keeps_material=True)) as double:
        client = connect(double)
        key = double.seed_key(KeySeed(id="data"))
        rotate(client, key)
        assert client.get_crypto_key(name=key).primary.name.endswith("/2")
        assert client.encrypt(name=key, plaintext=b"x").name.endswith("/1")


def test_a_scheduled_rotation_that_keeps_the_material_is_listed_all_the_same(connect: "Connect") -> None:
    now = CREATED + timedelta(days=100)
    with GoogleKmsDouble(faults=Faults(rotation_keeps_material=True), clock=Clock(now=lambda: now)) as double:
        client = connect(double)
        key = double.seed_key(KeySeed(id="data", created=CREATED, rotation_period=timedelta(days=90)))
        assert client.get_crypto_key(name=key).primary.create_time == CREATED + timedelta(days=90)
        assert len(list(client.list_crypto_key_versions(parent=key))) == 2
        assert client.encrypt(name=key, plaintext=b"x").name.endswith("/1")


def test_lost_old_material_makes_old_ciphertexts_fail_and_new_ones_not(connect: "Connect") -> None:
    with GoogleKmsDouble(faults=Faults(loses_old_material=True)) as double:
        client = connect(double)
        key = double.seed_key(KeySeed(id="data"))
        old = client.encrypt(name=key, plaintext=b"canary").ciphertext
        rotate(client, key)
        new = client.encrypt(name=key, plaintext=b"canary").ciphertext
        with pytest.raises(exceptions.InvalidArgument, match="Decryption failed"):
            client.decrypt(name=key, ciphertext=old)
        assert client.decrypt(name=key, ciphertext=new).plaintext == b"canary"


def test_a_schedule_makes_a_new_primary_on_its_dates(connect: "Connect") -> None:
    now = CREATED + timedelta(days=200)
    with GoogleKmsDouble(clock=Clock(now=lambda: now)) as double:
        client = connect(double)
        key = double.seed_key(KeySeed(id="data", created=CREATED, rotation_period=timedelta(days=90)))
        shown = client.get_crypto_key(name=key)
    assert (shown.primary.name.rsplit("/", 1)[1], shown.primary.create_time) == ("3", CREATED + timedelta(days=180))
    assert shown.next_rotation_time == CREATED + timedelta(days=270)


def test_a_skipped_schedule_shows_its_period_and_an_old_primary(connect: "Connect") -> None:
    now = CREATED + timedelta(days=200)
    with GoogleKmsDouble(faults=Faults(skips_scheduled_rotation=True), clock=Clock(now=lambda: now)) as double:
        client = connect(double)
        key = double.seed_key(KeySeed(id="data", created=CREATED, rotation_period=timedelta(days=90)))
        shown = client.get_crypto_key(name=key)
    assert (shown.rotation_period, shown.primary.create_time) == (timedelta(days=90), CREATED)


def test_a_manual_rotation_leaves_the_next_date_of_the_schedule(connect: "Connect") -> None:
    with GoogleKmsDouble(clock=Clock(now=lambda: CREATED)) as double:
        client = connect(double)
        key = double.seed_key(KeySeed(id="data", rotation_period=timedelta(days=90)))
        rotate(client, key)
        assert client.get_crypto_key(name=key).next_rotation_time == CREATED + timedelta(days=90)


def test_a_disabled_version_refuses_in_google_s_words(connect: "Connect") -> None:
    with GoogleKmsDouble() as double:
        client = connect(double)
        key = double.seed_key(KeySeed(id="data"))
        encrypted = client.encrypt(name=key, plaintext=b"canary")
        disable(client, encrypted.name)
        with pytest.raises(exceptions.FailedPrecondition) as refused:
            client.decrypt(name=key, ciphertext=encrypted.ciphertext)
        with pytest.raises(exceptions.FailedPrecondition):
            client.encrypt(name=key, plaintext=b"canary")
        enable(client, encrypted.name)
        assert client.decrypt(name=key, ciphertext=encrypted.ciphertext).plaintext == b"canary"
    assert refused.value.message == f"{encrypted.name} is not enabled, current state is: DISABLED."


def test_disabling_one_version_leaves_the_others_in_use(connect: "Connect") -> None:
    with GoogleKmsDouble() as double:
        client = connect(double)
        key = double.seed_key(KeySeed(id="data", created=CREATED, rotations=(CREATED + timedelta(days=1),)))
        encrypted = client.encrypt(name=key, plaintext=b"canary")
        disable(client, f"{key}/cryptoKeyVersions/1")
        assert client.decrypt(name=key, ciphertext=encrypted.ciphertext).plaintext == b"canary"
        states = [version.state for version in client.list_crypto_key_versions(parent=key)]
    assert states == [State.DISABLED, State.ENABLED]


def test_a_lagging_disable_is_shown_at_once_and_obeyed_later(connect: "Connect") -> None:
    tick = [0.0]
    with GoogleKmsDouble(faults=Faults(disable_lag_s=60), clock=Clock(ticks=lambda: tick[0])) as double:
        client = connect(double)
        key = double.seed_key(KeySeed(id="data"))
        encrypted = client.encrypt(name=key, plaintext=b"canary")
        disable(client, encrypted.name)
        assert client.get_crypto_key_version(name=encrypted.name).state == State.DISABLED
        assert client.decrypt(name=key, ciphertext=encrypted.ciphertext).plaintext == b"canary"
        tick[0] = 60
        with pytest.raises(exceptions.FailedPrecondition):
            client.decrypt(name=key, ciphertext=encrypted.ciphertext)


def test_a_provider_that_ignores_a_disable_decrypts_on(connect: "Connect") -> None:
    with GoogleKmsDouble(faults=Faults(ignores_disable=True)) as double:
        client = connect(double)
        key = double.seed_key(KeySeed(id="data"))
        encrypted = client.encrypt(name=key, plaintext=b"canary")
        disable(client, encrypted.name)
        assert client.get_crypto_key_version(name=encrypted.name).state == State.DISABLED
        assert client.decrypt(name=key, ciphertext=encrypted.ciphertext).plaintext == b"canary"


def test_a_version_to_be_destroyed_refuses_and_can_be_restored_to_disabled(connect: "Connect") -> None:
    with GoogleKmsDouble(clock=Clock(now=lambda: CREATED)) as double:
        client = connect(double)
        key = double.seed_key(KeySeed(id="data", destroy_after=timedelta(days=7)))
        encrypted = client.encrypt(name=key, plaintext=b"canary")
        planned = client.destroy_crypto_key_version(name=encrypted.name)
        with pytest.raises(exceptions.FailedPrecondition, match="current state is: DESTROY_SCHEDULED"):
            client.decrypt(name=key, ciphertext=encrypted.ciphertext)
        restored = client.restore_crypto_key_version(name=encrypted.name)
    assert (planned.state, planned.destroy_time) == (State.DESTROY_SCHEDULED, CREATED + timedelta(days=7))
    assert (restored.state, restored.destroy_time) == (State.DISABLED, None)


def test_a_version_is_destroyed_for_good_when_its_time_has_come(connect: "Connect") -> None:
    date = [CREATED]
    with GoogleKmsDouble(clock=Clock(now=lambda: date[0])) as double:
        client = connect(double)
        key = double.seed_key(KeySeed(id="data", destroy_after=timedelta(days=7)))
        encrypted = client.encrypt(name=key, plaintext=b"canary")
        client.destroy_crypto_key_version(name=encrypted.name)
        date[0] = CREATED + timedelta(days=7)
        gone = client.get_crypto_key_version(name=encrypted.name)
        for undo in (client.restore_crypto_key_version, client.destroy_crypto_key_version):
            with pytest.raises(exceptions.FailedPrecondition, match="DESTROYED"):
                undo(name=encrypted.name)
    assert (gone.state, gone.destroy_event_time) == (State.DESTROYED, CREATED + timedelta(days=7))


@pytest.mark.parametrize(
    "state",
    [State.PENDING_GENERATION, State.GENERATION_FAILED, State.IMPORT_FAILED, State.PENDING_EXTERNAL_DESTRUCTION],
)
def test_states_that_no_call_leads_to_can_be_seeded_and_refuse(connect: "Connect", state: State) -> None:
    with GoogleKmsDouble() as double:
        client = connect(double)
        key = double.seed_key(KeySeed(id="data", states={1: state}))
        assert client.get_crypto_key(name=key).primary.state == state
        with pytest.raises(exceptions.FailedPrecondition, match=f"current state is: {State(state).name}"):
            client.encrypt(name=key, plaintext=b"canary")
        with pytest.raises(exceptions.FailedPrecondition):
            enable(client, f"{key}/cryptoKeyVersions/1")


def test_asymmetric_keys_have_no_primary_and_no_schedule(connect: "Connect") -> None:
    seed = KeySeed(id="sign", purpose=Purpose.ASYMMETRIC_SIGN, algorithm=Algorithm.EC_SIGN_P256_SHA256)
    with GoogleKmsDouble() as double:
        client = connect(double)
        key = double.seed_key(seed)
        assert client.get_crypto_key(name=key).primary.name == ""
        wanted = kms.CryptoKey(name=key, rotation_period=timedelta(days=90))
        with pytest.raises(exceptions.InvalidArgument, match="ENCRYPT_DECRYPT"):
            client.update_crypto_key(crypto_key=wanted, update_mask={"paths": ["rotation_period"]})


def test_a_schedule_can_be_changed_and_taken_away(connect: "Connect") -> None:
    with GoogleKmsDouble() as double:
        client = connect(double)
        key = double.seed_key(KeySeed(id="data", rotation_period=timedelta(days=90)))
        mask = {"paths": ["rotation_period", "next_rotation_time"]}
        wanted = kms.CryptoKey(
            name=key, rotation_period=timedelta(days=30), next_rotation_time=CREATED + timedelta(days=9000)
        )
        changed = client.update_crypto_key(crypto_key=wanted, update_mask=mask)
        bare = client.update_crypto_key(crypto_key=kms.CryptoKey(name=key), update_mask=mask)
    assert changed.rotation_period == timedelta(days=30)
    assert (kms.CryptoKey.pb(bare).HasField("rotation_period"), bare.next_rotation_time) == (False, None)


def test_allowed_access_reasons_are_shown(connect: "Connect") -> None:
    reasons = (kms.AccessReason.CUSTOMER_INITIATED_ACCESS,)
    with GoogleKmsDouble() as double:
        client = connect(double)
        bounded = client.get_crypto_key(name=double.seed_key(KeySeed(id="bounded", justifications=reasons)))
        free = client.get_crypto_key(name=double.seed_key(KeySeed(id="free")))
    assert list(bounded.key_access_justifications_policy.allowed_access_reasons) == list(reasons)
    assert not kms.CryptoKey.pb(free).HasField("key_access_justifications_policy")


def test_versions_come_in_pages(connect: "Connect") -> None:
    dates = tuple(CREATED + timedelta(days=day) for day in range(1, 7))
    with GoogleKmsDouble() as double:
        client = connect(double)
        key = double.seed_key(KeySeed(id="data", created=CREATED, rotations=dates))
        pages = list(client.list_crypto_key_versions(request={"parent": key, "page_size": 3}).pages)
    assert [len(page.crypto_key_versions) for page in pages] == [3, 3, 1]
    assert {page.total_size for page in pages} == {7}


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("{ring}/cryptoKeys/none", exceptions.NotFound),
        ("projects/buyer-prod/locations/europe-west3/keyRings/none/cryptoKeys/none", exceptions.NotFound),
        ("nonsense", exceptions.InvalidArgument),
        ("projects/other/locations/europe-west3/keyRings/crm/cryptoKeys/data", exceptions.PermissionDenied),
        ("{ring}/cryptoKeys/with a blank", exceptions.InvalidArgument),
    ],
)
def test_a_name_that_leads_to_no_key_is_refused_as_google_refuses_it(
    connect: "Connect", name: str, error: type[Exception]
) -> None:
    with GoogleKmsDouble() as double, pytest.raises(error):
        connect(double).get_crypto_key(name=name.format(ring=double.ring))


def test_a_key_cannot_be_made_twice(connect: "Connect") -> None:
    with GoogleKmsDouble() as double:
        double.seed_key(KeySeed(id="data"))
        wanted = kms.CryptoKey(purpose=Purpose.ENCRYPT_DECRYPT)
        with pytest.raises(exceptions.AlreadyExists):
            connect(double).create_crypto_key(parent=double.ring, crypto_key_id="data", crypto_key=wanted)


def test_key_rings_are_made_and_listed(connect: "Connect") -> None:
    with GoogleKmsDouble() as double:
        client = connect(double)
        location = double.ring.partition("/keyRings/")[0]
        client.create_key_ring(parent=location, key_ring_id="second", key_ring=kms.KeyRing())
        rings = [ring.name for ring in client.list_key_rings(parent=location)]
    assert rings == [double.ring, f"{location}/keyRings/second"]
