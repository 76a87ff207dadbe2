from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.keyvault.keys import (
    JsonWebKey,
    KeyRotationLifetimeAction,
    KeyRotationPolicy,
    KeyRotationPolicyAction,
    KeyVaultKey,
)
from azure.keyvault.keys.crypto import EncryptionAlgorithm
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from clauseproof.sandbox.kms.azure import AzureKeyVaultDouble, KeySeed
from clauseproof.sandbox.kms.clock import Clock
from clauseproof.sandbox.kms.faults import Faults

if TYPE_CHECKING:
    from tests.sandbox.kms.azure.conftest import Connect, ConnectCrypto

CREATED = datetime(2025, 1, 1, tzinfo=UTC)
OAEP = EncryptionAlgorithm.rsa_oaep_256


def modulus(key: KeyVaultKey) -> bytes:
    """Of an RSA key; the SDK's class sets its attributes at run time."""
    found: bytes = vars(key.key)["n"]
    return found


def test_a_key_made_by_a_call_is_shown_and_listed(connect: "Connect") -> None:
    with AzureKeyVaultDouble(clock=Clock(now=lambda: CREATED)) as double:
        client = connect(double)
        made = client.create_rsa_key("cmk", size=2048, hardware_protected=True, tags={"tenant": "acme"})
        shown = client.get_key("cmk")
        listed = list(client.list_properties_of_keys())
    assert (shown.id, modulus(shown)) == (made.id, modulus(made))
    assert (shown.key_type, shown.properties.hsm_platform, shown.properties.tags) == (
        "RSA-HSM",
        "2",
        {"tenant": "acme"},
    )
    assert (shown.properties.created_on, shown.properties.enabled) == (CREATED, True)
    assert [(each.name, each.version) for each in listed] == [("cmk", None)]


def test_a_rotation_adds_a_version_and_old_ciphertexts_need_the_old_one(
    connect: "Connect", connect_crypto: "ConnectCrypto"
) -> None:
    with AzureKeyVaultDouble() as double:
        client = connect(double)
        double.seed_key(KeySeed(name="cmk"))
        old = client.get_key("cmk")
        sealed = connect_crypto(double, old.id).encrypt(OAEP, b"canary").ciphertext
        new = client.rotate_key("cmk")
        assert connect_crypto(double, old.id).decrypt(OAEP, sealed).plaintext == b"canary"
        with pytest.raises(HttpResponseError) as refused:
            connect_crypto(double, new.id).decrypt(OAEP, sealed)
        assert client.get_key("cmk").id == new.id
        versions = [each.version for each in client.list_properties_of_key_versions("cmk")]
    assert refused.value.error is not None
    assert (refused.value.status_code, refused.value.error.code) == (400, "BadParameter")
    assert versions == [old.properties.version, new.properties.version]
    assert modulus(old) != modulus(new)


def test_a_rotation_that_keeps_the_material_shows_a_new_version_of_the_same_key(
    connect: "Connect", connect_crypto: "ConnectCrypto"
) -> None:
    with AzureKeyVaultDouble(faults=Faults(rotation_keeps_material=True)) as double:
        client = connect(double)
        double.seed_key(KeySeed(name="cmk"))
        old = client.get_key("cmk")
        sealed = connect_crypto(double, old.id).encrypt(OAEP, b"canary").ciphertext
        new = client.rotate_key("cmk")
        assert connect_crypto(double, new.id).decrypt(OAEP, sealed).plaintext == b"canary"
        assert len(list(client.list_properties_of_key_versions("cmk"))) == 2
    assert (new.id != old.id, modulus(new)) == (True, modulus(old))


def test_lost_old_material_shows_in_decryption_only(connect: "Connect", connect_crypto: "ConnectCrypto") -> None:
    with AzureKeyVaultDouble(faults=Faults(loses_old_material=True)) as double:
        client = connect(double)
        double.seed_key(KeySeed(name="cmk"))
        old = client.get_key("cmk")
        sealed = connect_crypto(double, old.id).encrypt(OAEP, b"canary").ciphertext
        client.rotate_key("cmk")
        assert modulus(client.get_key("cmk", old.properties.version)) == modulus(old)
        with pytest.raises(HttpResponseError, match="Decryption failed"):
            connect_crypto(double, old.id).decrypt(OAEP, sealed)


def test_a_disabled_version_refuses_with_the_inner_code_that_proves_it(
    connect: "Connect", connect_crypto: "ConnectCrypto"
) -> None:
    with AzureKeyVaultDouble() as double:
        client = connect(double)
        double.seed_key(KeySeed(name="cmk"))
        key = client.get_key("cmk")
        crypto = connect_crypto(double, key.id)
        sealed = crypto.encrypt(OAEP, b"canary").ciphertext
        client.update_key_properties("cmk", key.properties.version, enabled=False)
        with pytest.raises(HttpResponseError) as refused:
            crypto.decrypt(OAEP, sealed)
        client.update_key_properties("cmk", key.properties.version, enabled=True)
        assert crypto.decrypt(OAEP, sealed).plaintext == b"canary"
    assert refused.value.error is not None
    assert (refused.value.status_code, refused.value.error.code) == (403, "Forbidden")
    assert refused.value.error.innererror == {"code": "KeyDisabled"}


def test_a_lagging_disable_is_shown_at_once_and_obeyed_later(
    connect: "Connect", connect_crypto: "ConnectCrypto"
) -> None:
    tick = [0.0]
    with AzureKeyVaultDouble(faults=Faults(disable_lag_s=60), clock=Clock(ticks=lambda: tick[0])) as double:
        client = connect(double)
        double.seed_key(KeySeed(name="cmk"))
        key = client.get_key("cmk")
        crypto = connect_crypto(double, key.id)
        sealed = crypto.encrypt(OAEP, b"canary").ciphertext
        client.update_key_properties("cmk", enabled=False)
        assert client.get_key("cmk").properties.enabled is False
        assert crypto.decrypt(OAEP, sealed).plaintext == b"canary"
        tick[0] = 60
        with pytest.raises(HttpResponseError, match="disabled key"):
            crypto.decrypt(OAEP, sealed)


def test_a_provider_that_ignores_a_disable_decrypts_on(connect: "Connect", connect_crypto: "ConnectCrypto") -> None:
    with AzureKeyVaultDouble(faults=Faults(ignores_disable=True)) as double:
        client = connect(double)
        double.seed_key(KeySeed(name="cmk"))
        key = client.get_key("cmk")
        crypto = connect_crypto(double, key.id)
        sealed = crypto.encrypt(OAEP, b"canary").ciphertext
        client.update_key_properties("cmk", enabled=False)
        assert crypto.decrypt(OAEP, sealed).plaintext == b"canary"


def test_versions_can_be_seeded_with_their_dates_and_states(connect: "Connect") -> None:
    dates = (CREATED + timedelta(days=100), CREATED + timedelta(days=200))
    with AzureKeyVaultDouble() as double:
        double.seed_key(KeySeed(name="cmk", created=CREATED, rotations=dates, disabled=frozenset({1})))
        versions = list(connect(double).list_properties_of_key_versions("cmk"))
    assert [(each.created_on, each.enabled) for each in versions] == [
        (CREATED, False),
        (dates[0], True),
        (dates[1], True),
    ]


def test_a_rotation_policy_rotates_on_its_dates_and_sets_the_expiry(connect: "Connect") -> None:
    now = CREATED + timedelta(days=200)
    with AzureKeyVaultDouble(clock=Clock(now=lambda: now)) as double:
        double.seed_key(KeySeed(name="cmk", created=CREATED, rotate_after="P90D", expiry="P2Y"))
        client = connect(double)
        latest = client.get_key("cmk").properties
        policy = client.get_key_rotation_policy("cmk")
    assert latest.created_on == CREATED + timedelta(days=180)
    assert latest.expires_on == CREATED + timedelta(days=180 + 730)
    assert policy.expires_in == "P2Y"
    assert [(each.action, each.time_after_create) for each in policy.lifetime_actions] == [
        (KeyRotationPolicyAction.rotate, "P90D")
    ]


def test_a_policy_that_only_notifies_rotates_nothing(connect: "Connect") -> None:
    now = CREATED + timedelta(days=1000)
    with AzureKeyVaultDouble(clock=Clock(now=lambda: now)) as double:
        double.seed_key(KeySeed(name="cmk", created=CREATED, notify_before="P30D", expiry="P1Y"))
        client = connect(double)
        assert len(list(client.list_properties_of_key_versions("cmk"))) == 1
        actions = client.get_key_rotation_policy("cmk").lifetime_actions
    assert [each.action for each in actions] == [KeyRotationPolicyAction.notify]


def test_a_skipped_schedule_shows_its_policy_and_an_old_version(connect: "Connect") -> None:
    now = CREATED + timedelta(days=200)
    with AzureKeyVaultDouble(faults=Faults(skips_scheduled_rotation=True), clock=Clock(now=lambda: now)) as double:
        double.seed_key(KeySeed(name="cmk", created=CREATED, rotate_after="P90D"))
        assert connect(double).get_key("cmk").properties.created_on == CREATED


def test_a_policy_set_by_a_call_counts_from_the_latest_version(connect: "Connect") -> None:
    date = [CREATED]
    action = KeyRotationLifetimeAction(KeyRotationPolicyAction.rotate, time_before_expiry="P30D")
    with AzureKeyVaultDouble(clock=Clock(now=lambda: date[0])) as double:
        client = connect(double)
        double.seed_key(KeySeed(name="cmk"))
        client.update_key_rotation_policy("cmk", KeyRotationPolicy(), expires_in="P90D", lifetime_actions=[action])
        date[0] = CREATED + timedelta(days=50)
        client.rotate_key("cmk")
        date[0] = CREATED + timedelta(days=120)
        versions = [each.created_on for each in client.list_properties_of_key_versions("cmk")]
    assert versions == [CREATED, CREATED + timedelta(days=50), CREATED + timedelta(days=110)]


@pytest.mark.parametrize(
    ("expires_in", "trigger"),
    [
        ("P27D", {"time_after_create": "P10D"}),
        ("P90D", {"time_after_create": "P6D"}),
        (None, {"time_before_expiry": "P9D"}),
    ],
)
def test_a_policy_against_the_rules_is_refused(
    connect: "Connect", expires_in: str | None, trigger: dict[str, str]
) -> None:
    action = KeyRotationLifetimeAction(KeyRotationPolicyAction.rotate, **trigger)
    with AzureKeyVaultDouble() as double:
        double.seed_key(KeySeed(name="cmk"))
        with pytest.raises(HttpResponseError, match="BadParameter"):
            connect(double).update_key_rotation_policy(
                "cmk", KeyRotationPolicy(), expires_in=expires_in, lifetime_actions=[action]
            )


@pytest.mark.parametrize(
    ("days", "protected", "level"),
    [
        (90, False, "Recoverable+Purgeable"),
        (90, True, "Recoverable"),
        (7, False, "CustomizedRecoverable+Purgeable"),
        (7, True, "CustomizedRecoverable"),
    ],
)
def test_a_key_says_how_it_can_be_recovered(connect: "Connect", days: int, protected: bool, level: str) -> None:
    with AzureKeyVaultDouble(recoverable_days=days, purge_protection=protected) as double:
        double.seed_key(KeySeed(name="cmk"))
        shown = connect(double).get_key("cmk").properties
    assert (shown.recovery_level, shown.recoverable_days) == (level, days)


def test_a_deleted_key_can_be_recovered_until_it_is_purged(connect: "Connect") -> None:
    with AzureKeyVaultDouble(recoverable_days=7, clock=Clock(now=lambda: CREATED)) as double:
        client = connect(double)
        double.seed_key(KeySeed(name="cmk"))
        deleted = client.begin_delete_key("cmk").result()
        with pytest.raises(ResourceNotFoundError):
            client.get_key("cmk")
        with pytest.raises(ResourceExistsError):
            client.create_rsa_key("cmk")
        assert [each.name for each in client.list_deleted_keys()] == ["cmk"]
        client.begin_recover_deleted_key("cmk").result()
        assert client.get_key("cmk").name == "cmk"
        client.begin_delete_key("cmk").result()
        client.purge_deleted_key("cmk")
        with pytest.raises(ResourceNotFoundError):
            client.get_deleted_key("cmk")
    assert (deleted.deleted_date, deleted.scheduled_purge_date) == (CREATED, CREATED + timedelta(days=7))


def test_purge_protection_keeps_a_deleted_key_for_its_whole_time(connect: "Connect") -> None:
    date = [CREATED]
    with AzureKeyVaultDouble(recoverable_days=7, purge_protection=True, clock=Clock(now=lambda: date[0])) as double:
        client = connect(double)
        double.seed_key(KeySeed(name="cmk"))
        client.begin_delete_key("cmk").result()
        with pytest.raises(HttpResponseError, match="PurgeProtectionEnabled"):
            client.purge_deleted_key("cmk")
        assert client.get_deleted_key("cmk").name == "cmk"
        date[0] = CREATED + timedelta(days=7)
        with pytest.raises(ResourceNotFoundError):
            client.get_deleted_key("cmk")


def test_a_key_of_the_buyer_s_own_comes_in(connect: "Connect", connect_crypto: "ConnectCrypto") -> None:
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    numbers = private.private_numbers()

    def raw(number: int) -> bytes:
        return number.to_bytes((number.bit_length() + 7) // 8)

    web_key = JsonWebKey(
        kty="RSA",
        key_ops=["decrypt", "encrypt"],
        n=raw(numbers.public_numbers.n),
        e=raw(numbers.public_numbers.e),
        d=raw(numbers.d),
        p=raw(numbers.p),
        q=raw(numbers.q),
        dp=raw(numbers.dmp1),
        dq=raw(numbers.dmq1),
        qi=raw(numbers.iqmp),
    )
    sealed = private.public_key().encrypt(b"canary", padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None))
    with AzureKeyVaultDouble() as double:
        made = connect(double).import_key("byok", web_key, hardware_protected=True)
        assert connect_crypto(double, made.id).decrypt(OAEP, sealed).plaintext == b"canary"
    assert made.key_type == "RSA-HSM"


def test_lists_come_in_pages_whose_links_name_the_port(connect: "Connect") -> None:
    with AzureKeyVaultDouble() as double:
        for number in range(7):
            double.seed_key(KeySeed(name=f"key-{number}", kty="EC"))
        pages = [list(page) for page in connect(double).list_properties_of_keys(max_page_size=3).by_page()]
    assert [len(page) for page in pages] == [3, 3, 1]


def test_a_key_that_backs_a_certificate_says_so(connect: "Connect") -> None:
    with AzureKeyVaultDouble() as double:
        double.seed_key(KeySeed(name="cert", managed=True))
        assert connect(double).get_key("cert").properties.managed is True


def test_a_managed_hsm_attests_its_keys_under_its_own_root(connect: "Connect") -> None:
    with AzureKeyVaultDouble(managed_hsm=True) as double:
        double.seed_key(KeySeed(name="cmk"))
        client = connect(double)
        version = client.get_key("cmk").properties.version
        shown = client.get_key_attestation("cmk", version).properties.attestation
        root = double.hsm.maker_root
    assert shown is not None
    assert shown.certificate_pem_file is not None
    assert shown.private_key_attestation is not None
    partition, card = x509.load_pem_x509_certificates(shown.certificate_pem_file)
    card.verify_directly_issued_by(root)
    partition.verify_directly_issued_by(card)
    public = partition.public_key()
    assert isinstance(public, rsa.RSAPublicKey)
    blob = shown.private_key_attestation
    public.verify(blob[-256:], blob[:-256], padding.PKCS1v15(), hashes.SHA256())


def test_a_vault_attests_nothing(connect: "Connect") -> None:
    with AzureKeyVaultDouble() as double:
        double.seed_key(KeySeed(name="cmk"))
        client = connect(double)
        version = client.get_key("cmk").properties.version
        with pytest.raises(ResourceNotFoundError):
            client.get_key_attestation("cmk", version)


def test_a_managed_hsm_makes_hardware_keys_only_and_symmetric_ones_too(
    connect: "Connect", connect_crypto: "ConnectCrypto"
) -> None:
    with AzureKeyVaultDouble(managed_hsm=True) as double:
        client = connect(double)
        with pytest.raises(HttpResponseError, match="BadParameter"):
            client.create_rsa_key("soft")
        made = client.create_oct_key("hard", size=256, hardware_protected=True)
        crypto = connect_crypto(double, made.id)
        sealed = crypto.encrypt(EncryptionAlgorithm.a256_gcm, b"canary", additional_authenticated_data=b"acme")
        opened = crypto.decrypt(
            EncryptionAlgorithm.a256_gcm,
            sealed.ciphertext,
            iv=sealed.iv,
            authentication_tag=sealed.tag,
            additional_authenticated_data=b"acme",
        )
        assert len(client.get_random_bytes(16)) == 16
    assert double.url == "https://probe.managedhsm.azure.net"
    assert (opened.plaintext, vars(made.key)["k"]) == (b"canary", None)
