"""Which certificates TLSA records vouch for."""

import pytest

from clauseproof.hardware.tlsa import Tlsa, read_tlsa, vouches
from clauseproof.model.errors import EvidenceRejected
from tests.support.certificates import DAY, NOW, Holder, authority, leaf
from tests.support.smtp import tlsa

HOST = "mx.crm.example"
ROOT = authority()
BETWEEN = authority("Test Intermediate", ROOT)
GOOD = leaf(BETWEEN, HOST)
WITH_ROOT = Holder(GOOD.certificate, GOOD.key, (*GOOD.above, ROOT.certificate))


def vouched(record: str, holder: Holder = GOOD, host: str = HOST, days: int = 0) -> bool:
    return vouches(read_tlsa(record), holder.chain, host, NOW + days * DAY)


@pytest.mark.parametrize("selector", [0, 1])
@pytest.mark.parametrize("matching", [0, 1, 2])
def test_a_record_vouches_for_the_servers_own_certificate(selector: int, matching: int) -> None:
    assert vouched(tlsa(GOOD, 3, selector, matching))
    assert not vouched(tlsa(leaf(BETWEEN, HOST), 3, selector, matching))


def test_names_and_dates_do_not_matter_to_it() -> None:
    """RFC 7672, section 3.1.1."""
    assert vouched(tlsa(GOOD), host="other.example", days=9999)


def test_it_does_not_vouch_for_what_stands_above() -> None:
    assert not vouched(tlsa(GOOD, 3, of=1))


@pytest.mark.parametrize("selector", [0, 1])
def test_a_record_vouches_for_what_its_trust_anchor_issued(selector: int) -> None:
    assert vouched(tlsa(WITH_ROOT, 2, selector, of=2), WITH_ROOT)


@pytest.mark.parametrize(("host", "days"), [("other.example", 0), (HOST, 9999)])
def test_names_and_dates_matter_to_that(host: str, days: int) -> None:
    assert not vouched(tlsa(WITH_ROOT, 2, of=2), WITH_ROOT, host, days)


def test_a_trust_anchor_that_is_only_shown_vouches_for_nothing() -> None:
    """Whoever takes the name of a chain and appends the anchor has no path to it."""
    forged = leaf(authority("Elsewhere"), HOST)
    shown = Holder(forged.certificate, forged.key, (*forged.above, ROOT.certificate))
    assert not vouched(tlsa(WITH_ROOT, 2, of=2), shown)


@pytest.mark.parametrize(
    ("record", "usable"),
    [("3 1 1", True), ("2 0 2", True), ("0 1 1", False), ("1 1 1", False), ("3 2 1", False), ("3 1 3", False)],
)
def test_usages_that_mean_nothing_to_mail_servers_are_not_used(record: str, usable: bool) -> None:
    assert read_tlsa(f"{record} 00").usable is usable


def test_a_record_is_read_from_its_presentation_form() -> None:
    assert read_tlsa("3 0 1 AB cd\tef") == Tlsa(3, 0, 1, b"\xab\xcd\xef")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no TLSA"),
        ("3 1 1", "no TLSA"),
        ("3 1 1 xyz", "hexa"),
        ("a 1 1 00", "invalid literal"),
        ("3 1 1 0", "hexa"),
    ],
)
def test_what_is_no_record_is_refused(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        read_tlsa(text)


def test_bytes_that_are_no_certificate_are_rejected() -> None:
    with pytest.raises(EvidenceRejected):
        vouches(read_tlsa(tlsa(GOOD)), (b"\x30\x00",), HOST, NOW)
    assert not vouches(read_tlsa(tlsa(GOOD)), (), HOST, NOW)
