"""Trust anchors for DNSSEC: IANA's, and those of a file."""

import pytest

from clauseproof.hardware.dnsanchors import IANA, MOST_BYTES, read_anchors
from clauseproof.model.errors import EvidenceRejected
from tests.support.signed import Signer


def test_the_anchors_of_iana_are_the_two_keys_of_the_root() -> None:
    ((zone, records),) = read_anchors((IANA,)).by_zone.items()
    assert str(zone) == "."
    assert [(record.key_tag, record.algorithm, record.digest_type) for record in records] == [
        (20326, 8, 2),
        (38696, 8, 2),
    ]


def test_keys_and_digests_of_several_zones_and_files_are_read() -> None:
    signer = Signer()
    one = f"; ours\n. IN DS {signer.ds('.')}\n".encode()
    two = f"crm.example. 3600 IN DNSKEY {signer.key}\n".encode()
    assert {str(zone): len(records) for zone, records in read_anchors((one, two)).by_zone.items()} == {
        ".": 1,
        "crm.example.": 1,
    }


def test_the_closest_anchor_at_or_above_a_name_is_found() -> None:
    import dns.name

    signer = Signer()
    text = f". IN DS {signer.ds('.')}\ncrm.example. IN DS {signer.ds('crm.example.')}\n"
    anchors = read_anchors((text.encode(),))
    assert str(anchors.closest(dns.name.from_text("api.crm.example."))) == "crm.example."
    assert str(anchors.closest(dns.name.from_text("other.example."))) == "."
    assert read_anchors((text.splitlines()[1].encode(),)).closest(dns.name.from_text("other.example.")) is None


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "there are none"),
        (b"; nothing\n", "there are none"),
        (b"crm.example. IN A 192.0.2.1\n", "a A record is no anchor"),
        (b". IN DS 20326 8\n", "expecting an identifier"),
        (b"-----BEGIN CERTIFICATE-----\n", "unknown rdatatype"),
        (b"$INCLUDE /etc/hostname\n", "unknown rdatatype"),
        (b"\xff\xfe", "utf-8"),
        (b"." * (MOST_BYTES + 1), "more than"),
    ],
)
def test_anything_else_is_refused_with_what_to_write(data: bytes, says: str) -> None:
    with pytest.raises(EvidenceRejected) as caught:
        read_anchors((data,))
    assert says in caught.value.what
    assert caught.value.what_to_do
