"""Odd serial numbers, which `cryptography` reads and warns of: they are read, and nothing reaches stderr."""

import warnings

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.utils import CryptographyDeprecationWarning

from clauseproof.hardware.certificate import read_certificate
from clauseproof.hardware.publickey import read_public_key
from clauseproof.hardware.quiet import unwarned
from clauseproof.hardware.serverchain import read_roots
from tests.support.certificates import DAY, NOW, new_key

KEY = new_key()
NAME = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "odd")])


def numbered(serial: int) -> bytes:
    """A certificate whose serial number is one byte of any value; no builder would make it."""
    builder = x509.CertificateBuilder(NAME, NAME, KEY.public_key(), 1, NOW - DAY, NOW + DAY)
    der = builder.sign(KEY, hashes.SHA256()).public_bytes(Encoding.DER)
    start = b"\xa0\x03\x02\x01\x02\x02\x01"  # version 3, then an INTEGER of one byte
    assert der.count(start + b"\x01") == 1
    return der.replace(start + b"\x01", start + bytes([serial]))


@pytest.mark.parametrize("serial", [0x00, 0xFF], ids=["zero", "negative"])
@pytest.mark.filterwarnings("error")
def test_a_certificate_with_an_odd_serial_number_is_read_without_a_warning(serial: int) -> None:
    der = numbered(serial)
    assert read_certificate(der, "odd.der").subject == "CN=odd"
    assert read_public_key(der, "odd.der").source == "certificate"


@pytest.mark.filterwarnings("error")
def test_a_root_with_an_odd_serial_number_is_an_anchor() -> None:
    with unwarned():
        pem = x509.load_der_x509_certificate(numbered(0)).public_bytes(Encoding.PEM)
    assert read_roots((pem,)).count == 1


def test_other_warnings_still_come_through() -> None:
    with pytest.warns(UserWarning, match="something else"), unwarned():
        warnings.warn("something else", UserWarning, stacklevel=1)


def test_afterwards_the_warning_is_as_loud_as_before() -> None:
    with unwarned():
        pass
    with pytest.warns(CryptographyDeprecationWarning):
        x509.load_der_x509_certificate(numbered(0))
