"""Signing keys: made once, kept private, and recognised by their fingerprint."""

import hashlib
import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from clauseproof.ledger.keys import PASSPHRASE, PublicKey, load_key, load_or_make_key
from clauseproof.ledger.state import state_directory
from clauseproof.model.errors import LedgerError
from tests.ledger.runs import NOW, new_signer

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes


def saved(path: Path, key: "PrivateKeyTypes", encryption: KeySerializationEncryption | None = None) -> Path:
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption or NoEncryption()))
    return path


def test_the_first_use_makes_an_ed25519_key_that_only_its_owner_reads(tmp_path: Path) -> None:
    signer = load_or_make_key(tmp_path)
    (path,) = tmp_path.iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_bytes().startswith(b"-----BEGIN PRIVATE KEY-----")
    assert isinstance(load_pem_private_key(path.read_bytes(), None), ed25519.Ed25519PrivateKey)
    assert signer.public_pem.startswith(b"-----BEGIN PUBLIC KEY-----")


def test_the_second_use_takes_the_same_key(tmp_path: Path) -> None:
    assert load_or_make_key(tmp_path).keyid == load_or_make_key(tmp_path).keyid


def test_uses_that_start_at_once_take_one_key_and_leave_one_file(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        keyids = set(pool.map(lambda _: load_or_make_key(tmp_path).keyid, range(32)))
    assert len(keyids) == 1
    assert len(list(tmp_path.iterdir())) == 1


def test_a_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    load_or_make_key(tmp_path)
    (path,) = tmp_path.iterdir()
    path.chmod(0o640)
    with pytest.raises(LedgerError, match="may be read by others") as error:
        load_or_make_key(tmp_path)
    assert "chmod 600" in error.value.what_to_do


def test_the_key_id_is_the_fingerprint_of_the_public_key(tmp_path: Path) -> None:
    private = ed25519.Ed25519PrivateKey.generate()
    spki = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert load_key(saved(tmp_path / "k", private)).keyid == hashlib.sha256(spki).hexdigest()


@pytest.mark.parametrize("curve", [ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1()], ids=lambda curve: str(curve.name))
def test_an_elliptic_curve_key_of_ones_own_is_taken(tmp_path: Path, curve: ec.EllipticCurve) -> None:
    assert load_key(saved(tmp_path / "k", ec.generate_private_key(curve))).keyid


UNUSABLE: dict[str, "PrivateKeyTypes"] = {
    "another Edwards curve": ed448.Ed448PrivateKey.generate(),
    "a curve of other people": ec.generate_private_key(ec.SECP256K1()),
    "RSA of 1024 bits": rsa.generate_private_key(65537, 1024),
}


@pytest.mark.parametrize("key", UNUSABLE.values(), ids=UNUSABLE.keys())
def test_a_key_of_another_kind_is_refused_and_the_kinds_are_named(tmp_path: Path, key: "PrivateKeyTypes") -> None:
    with pytest.raises(LedgerError, match="that we do not sign with") as error:
        load_key(saved(tmp_path / "k", key))
    assert "Ed25519" in error.value.what_to_do


def test_an_encrypted_key_is_opened_with_the_passphrase_of_the_environment(tmp_path: Path) -> None:
    path = saved(tmp_path / "k", ed25519.Ed25519PrivateKey.generate(), BestAvailableEncryption(b"open sesame"))
    assert load_key(path, {PASSPHRASE: "open sesame"}).keyid
    with pytest.raises(LedgerError, match="is encrypted") as error:
        load_key(path, {})
    assert PASSPHRASE in error.value.what_to_do
    with pytest.raises(LedgerError, match="does not open it"):
        load_key(path, {PASSPHRASE: "wrong"})


def test_an_open_key_ignores_the_passphrase(tmp_path: Path) -> None:
    assert load_key(saved(tmp_path / "k", ed25519.Ed25519PrivateKey.generate()), {PASSPHRASE: "unused"}).keyid


@pytest.mark.parametrize("content", [b"", b"no key", b"-----BEGIN PRIVATE KEY-----\nMA==\n-----END PRIVATE KEY-----\n"])
def test_a_file_without_a_key_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "k").write_bytes(content)
    with pytest.raises(LedgerError, match="no private key that we can use"):
        load_key(tmp_path / "k")
    with pytest.raises(LedgerError):
        PublicKey.load(tmp_path / "k")


def test_a_key_that_cannot_be_made_names_the_ways_out(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="no signing key can be made") as error:
        load_or_make_key(tmp_path / "gone")
    assert "--key" in error.value.what_to_do


def test_a_key_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="No such file"):
        load_key(tmp_path / "absent.pem")


def test_a_public_key_is_read_back_from_its_pem(tmp_path: Path) -> None:
    signer = new_signer()
    (tmp_path / "pub").write_bytes(signer.public_pem)
    assert PublicKey.load(tmp_path / "pub") == signer.public


@pytest.mark.parametrize("key", UNUSABLE.values(), ids=UNUSABLE.keys())
def test_a_key_of_another_kind_that_somebody_else_names_is_not_opened(key: "PrivateKeyTypes") -> None:
    named = PublicKey(key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
    with pytest.raises(ValueError, match="that we do not sign with"):
        named.open()


# The SubjectPublicKeyInfo of an algorithm that nobody has: object identifier 1.2.3.4 and an empty bit string.
NOBODYS = bytes.fromhex("300a3005060 32a0304030100".replace(" ", ""))


@pytest.mark.parametrize("der", [b"", b"\x30", NOBODYS])
def test_bytes_that_are_no_key_we_know_are_a_value_error(der: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 (the text is the library's)
        PublicKey(der).open()


def test_a_certificate_pins_its_public_key(tmp_path: Path) -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Acme GmbH")])
    builder = x509.CertificateBuilder(name, name, private.public_key(), 7, NOW, NOW + timedelta(days=1))
    (tmp_path / "cert").write_bytes(builder.sign(private, SHA256()).public_bytes(Encoding.PEM))
    assert PublicKey.load(tmp_path / "cert") == PublicKey.of(private.public_key())


def test_a_private_key_is_no_key_to_verify_with(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="needs the public one"):
        PublicKey.load(saved(tmp_path / "k", ed25519.Ed25519PrivateKey.generate()))


def test_a_signer_does_not_show_its_private_key() -> None:
    assert "private" not in repr(new_signer())


def test_the_state_directory_is_what_the_environment_says_and_private(tmp_path: Path) -> None:
    given = state_directory({"CLAUSEPROOF_HOME": str(tmp_path / "a/home")})
    assert given == tmp_path / "a/home"
    assert stat.S_IMODE(given.stat().st_mode) == 0o700


def test_a_state_directory_that_cannot_be_made_names_the_variable(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(LedgerError) as error:
        state_directory({"CLAUSEPROOF_HOME": str(tmp_path / "file/home")})
    assert "CLAUSEPROOF_HOME" in error.value.what_to_do


def test_without_the_variable_the_state_lies_in_the_users_data_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert tmp_path in state_directory({}).parents
