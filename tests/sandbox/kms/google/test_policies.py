from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from google.api_core import exceptions
from google.iam.v1 import policy_pb2  # type: ignore[import-untyped]

from clauseproof.sandbox.kms.faults import Faults
from clauseproof.sandbox.kms.google import Caller, EkmConnection, GoogleKmsDouble, KeySeed, Level

if TYPE_CHECKING:
    from tests.sandbox.kms.google.conftest import Connect, ConnectEkm

BUYER = Caller(token="buyer", member="user:buyer@buyer.example")
VENDOR = Caller(token="vendor", member="serviceAccount:crm@vendor-prod.iam.gserviceaccount.com")
USER = "roles/cloudkms.cryptoKeyEncrypterDecrypter"


def test_without_a_binding_a_stranger_is_refused_with_the_permission_named(connect: "Connect") -> None:
    with GoogleKmsDouble(callers=[BUYER, VENDOR]) as double:
        key = double.seed_key(KeySeed(id="data"))
        with pytest.raises(exceptions.PermissionDenied) as refused:
            connect(double, VENDOR.token).encrypt(name=key, plaintext=b"x")
    assert refused.value.message == (
        f"Permission 'cloudkms.cryptoKeyVersions.useToEncrypt' denied on resource '{key}' (or it may not exist)."
    )


def test_a_role_on_a_key_lets_its_members_use_it_and_not_manage_it(connect: "Connect") -> None:
    with GoogleKmsDouble(callers=[BUYER, VENDOR]) as double:
        key = double.seed_key(KeySeed(id="data", bindings={USER: [VENDOR.member]}))
        vendor = connect(double, VENDOR.token)
        made = vendor.encrypt(name=key, plaintext=b"canary")
        assert vendor.decrypt(name=key, ciphertext=made.ciphertext).plaintext == b"canary"
        with pytest.raises(exceptions.PermissionDenied, match=r"cloudkms\.cryptoKeys\.get"):
            vendor.get_crypto_key(name=key)
        with pytest.raises(exceptions.PermissionDenied, match=r"cloudkms\.cryptoKeyVersions\.destroy"):
            vendor.destroy_crypto_key_version(name=made.name)


def test_a_role_on_the_key_ring_is_inherited_and_not_shown_on_the_key(connect: "Connect") -> None:
    with GoogleKmsDouble(callers=[BUYER, VENDOR]) as double:
        key = double.seed_key(KeySeed(id="data"))
        double.bind(double.ring, USER, [VENDOR.member])
        assert connect(double, VENDOR.token).encrypt(name=key, plaintext=b"x").name.startswith(key)
        buyer = connect(double, BUYER.token)
        on_key, on_ring = (buyer.get_iam_policy(request={"resource": name}) for name in (key, double.ring))
    assert [len(policy.bindings) for policy in (on_key, on_ring)] == [0, 1]


def test_a_policy_set_by_a_call_takes_effect_and_can_be_taken_away(connect: "Connect") -> None:
    with GoogleKmsDouble(callers=[BUYER, VENDOR]) as double:
        key = double.seed_key(KeySeed(id="data"))
        buyer, vendor = connect(double, BUYER.token), connect(double, VENDOR.token)
        policy = policy_pb2.Policy(bindings=[policy_pb2.Binding(role=USER, members=[VENDOR.member])])
        given = buyer.set_iam_policy(request={"resource": key, "policy": policy})
        vendor.encrypt(name=key, plaintext=b"x")
        buyer.set_iam_policy(request={"resource": key, "policy": policy_pb2.Policy(etag=given.etag)})
        with pytest.raises(exceptions.PermissionDenied):
            vendor.encrypt(name=key, plaintext=b"x")
        with pytest.raises(exceptions.Aborted):
            buyer.set_iam_policy(request={"resource": key, "policy": policy_pb2.Policy(etag=given.etag)})


def test_permissions_can_be_asked_for(connect: "Connect") -> None:
    with GoogleKmsDouble(callers=[BUYER, VENDOR]) as double:
        key = double.seed_key(KeySeed(id="data", bindings={USER: [VENDOR.member]}))
        asked = ["cloudkms.cryptoKeyVersions.useToDecrypt", "cloudkms.cryptoKeyVersions.destroy"]
        held = connect(double, VENDOR.token).test_iam_permissions(request={"resource": key, "permissions": asked})
    assert list(held.permissions) == asked[:1]


def test_foreign_grantees_are_shown_and_may_decrypt(connect: "Connect") -> None:
    with GoogleKmsDouble(callers=[BUYER, VENDOR], faults=Faults(foreign_grantees=(VENDOR.member,))) as double:
        key = double.seed_key(KeySeed(id="data"))
        buyer = connect(double, BUYER.token)
        made = buyer.encrypt(name=key, plaintext=b"canary")
        assert connect(double, VENDOR.token).decrypt(name=key, ciphertext=made.ciphertext).plaintext == b"canary"
        shown = buyer.get_iam_policy(request={"resource": key})
    assert [(binding.role, list(binding.members)) for binding in shown.bindings] == [(USER, [VENDOR.member])]


def test_a_deny_policy_wins_over_the_owner_s_role(connect: "Connect") -> None:
    bounded = Caller(token="buyer", member=BUYER.member, denied=frozenset({"cloudkms.*.getIamPolicy"}))
    with GoogleKmsDouble(callers=[bounded]) as double:
        client = connect(double)
        key = double.seed_key(KeySeed(id="data"))
        assert client.get_crypto_key(name=key).name == key
        with pytest.raises(exceptions.PermissionDenied, match="getIamPolicy"):
            client.get_iam_policy(request={"resource": key})


def test_an_operation_denied_to_all_is_denied_to_the_owner(connect: "Connect") -> None:
    with GoogleKmsDouble(faults=Faults(denies=frozenset({"GetCryptoKeyVersion"}))) as double:
        client = connect(double)
        key = double.seed_key(KeySeed(id="data"))
        assert client.get_crypto_key(name=key).name == key
        with pytest.raises(exceptions.PermissionDenied, match=r"cloudkms\.cryptoKeyVersions\.get"):
            client.get_crypto_key_version(name=f"{key}/cryptoKeyVersions/1")


def test_an_external_key_says_where_it_is(connect: "Connect", connect_ekm: "ConnectEkm") -> None:
    name = "projects/buyer-prod/locations/europe-west3/ekmConnections/own"
    connection = EkmConnection(
        name=name,
        hostname="ekm.buyer.example",
        service="projects/p/services/s",
        created=datetime(2026, 1, 1, tzinfo=UTC),
    )
    with GoogleKmsDouble() as double:
        double.seed_connection(connection)
        seed = KeySeed(id="hyok", level=Level.EXTERNAL_VPC, external_path="v0/keys/7", backend=name)
        shown = connect(double).get_crypto_key(name=double.seed_key(seed))
        ekm = connect_ekm(double)
        found = ekm.get_ekm_connection(name=shown.crypto_key_backend)
        ekm.verify_connectivity(name=name)
        listed = list(ekm.list_ekm_connections(parent="projects/buyer-prod/locations/europe-west3"))
    assert shown.primary.external_protection_level_options.ekm_connection_key_path == "v0/keys/7"
    assert (found.service_resolvers[0].hostname, listed) == ("ekm.buyer.example", [found])


def test_an_external_key_manager_out_of_reach_is_not_verified(connect_ekm: "ConnectEkm") -> None:
    name = "projects/buyer-prod/locations/europe-west3/ekmConnections/own"
    connection = EkmConnection(
        name=name, hostname="ekm.example", service="s", created=datetime(2026, 1, 1, tzinfo=UTC), reachable=False
    )
    with GoogleKmsDouble() as double:
        double.seed_connection(connection)
        with pytest.raises(exceptions.FailedPrecondition, match=r"ekm\.example"):
            connect_ekm(double).verify_connectivity(name=name)
