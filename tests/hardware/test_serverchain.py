"""What a recorded chain of a TLS server is worth, and every reason why it is worth nothing."""

from datetime import timedelta

import certifi
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given, settings
from hypothesis import strategies as st

from clauseproof.hardware.serverchain import Invalid, Roots, Valid, judge_chain, read_roots
from clauseproof.model.errors import EvidenceRejected
from tests.support.certificates import DAY, NOW, Holder, authority, leaf, over_sha1

ROOT = authority("Test Root")
BETWEEN = authority("Test Intermediate", ROOT)
STRANGER = authority("Unknown Root")
NAME = "api.crm.example"


def roots(*holders: Holder) -> Roots:
    return read_roots(tuple(holder.pem for holder in holders or (ROOT,)))


def reasons(holder: Holder, name: str = NAME) -> tuple[str, ...]:
    opinion = judge_chain(holder.chain, name, NOW, roots())
    assert isinstance(opinion, Invalid)
    return opinion.reasons


@pytest.mark.parametrize(
    ("written", "asked"),
    [(NAME, NAME), ("*.crm.example", NAME), ("127.0.0.1", "127.0.0.1"), ("2001:db8::7", "2001:db8::7")],
)
def test_a_chain_to_an_anchor_is_valid_for_its_names(written: str, asked: str) -> None:
    opinion = judge_chain(leaf(BETWEEN, written).chain, asked, NOW, roots())
    assert isinstance(opinion, Valid)
    assert opinion.path[1:] == ("CN=Test Intermediate", "CN=Test Root")


def test_it_is_valid_until_the_first_of_the_path_ends() -> None:
    brief = authority("Brief", ROOT, until=NOW + 10 * DAY)
    opinion = judge_chain(leaf(brief, NAME, until=NOW + 90 * DAY).chain, NAME, NOW, roots())
    assert isinstance(opinion, Valid)
    assert opinion.until == NOW + 10 * DAY


def test_the_same_bytes_are_judged_anew_for_another_day() -> None:
    chain = leaf(BETWEEN, NAME, until=NOW + 90 * DAY).chain
    assert isinstance(judge_chain(chain, NAME, NOW + 89 * DAY, roots()), Valid)
    assert isinstance(judge_chain(chain, NAME, NOW + 91 * DAY, roots()), Invalid)


def test_an_expired_certificate_is_named_with_its_day() -> None:
    assert reasons(leaf(BETWEEN, NAME, since=NOW - 9 * DAY, until=NOW - DAY)) == (
        f"it expired on {NOW - DAY:%Y-%m-%d}",
    )


def test_a_certificate_of_the_future_is_named_with_its_day() -> None:
    assert reasons(leaf(BETWEEN, NAME, since=NOW + DAY)) == (f"it is not valid before {NOW + DAY:%Y-%m-%d}",)


def test_an_expired_intermediate_is_told_from_the_servers_own() -> None:
    old = authority("Old", ROOT, until=NOW - DAY)
    assert reasons(leaf(old, NAME)) == (
        f"the certificate of CN=Old that was sent with it expired on {NOW - DAY:%Y-%m-%d}",
    )


@pytest.mark.parametrize("written", ["crm.example", "*.example", "*.api.crm.example", "api.crm.example.evil.example"])
def test_a_certificate_for_another_name_is_named_with_the_name(written: str) -> None:
    assert reasons(leaf(BETWEEN, written)) == (f"it is for {written}, not for {NAME}",)


def test_a_self_signed_certificate_is_called_that() -> None:
    assert reasons(leaf(None, NAME)) == ("it signed itself and is none of the 1 trust anchors",)


def test_an_unknown_root_is_told_with_the_last_issuer() -> None:
    (reason,) = reasons(leaf(STRANGER, NAME))
    assert reason == "no path leads from it to one of the 1 trust anchors (last issuer: CN=Unknown Root)"


def test_a_missing_intermediate_is_told_with_the_last_issuer() -> None:
    alone = leaf(BETWEEN, NAME)
    (reason,) = reasons(Holder(alone.certificate, alone.key))
    assert "last issuer: CN=Test Intermediate" in reason


def test_a_certificate_for_clients_serves_nobody() -> None:
    (reason,) = reasons(leaf(BETWEEN, NAME, serves=False))
    assert "EKU" in reason


def test_a_short_rsa_key_is_refused() -> None:
    (reason,) = reasons(leaf(BETWEEN, NAME, key=rsa.generate_private_key(65537, 1024)))
    assert reason == f"the RSA key of CN={NAME} has 1024 bits, and 2048 are the least"
    assert isinstance(
        judge_chain(leaf(BETWEEN, NAME, key=rsa.generate_private_key(65537, 2048)).chain, NAME, NOW, roots()), Valid
    )


def test_a_short_rsa_key_that_is_not_on_the_path_does_no_harm() -> None:
    own = leaf(BETWEEN, NAME)
    stray = leaf(BETWEEN, "stray.example", key=rsa.generate_private_key(65537, 1024))
    assert isinstance(judge_chain((*own.chain, stray.chain[0]), NAME, NOW, roots()), Valid)


def test_a_signature_over_sha_1_is_named() -> None:
    old = authority("Old CA", ROOT, key=rsa.generate_private_key(65537, 2048))
    chain = leaf(old, NAME).chain
    opinion = judge_chain((over_sha1(chain[0]), *chain[1:]), NAME, NOW, roots())
    assert isinstance(opinion, Invalid)
    assert f"the signature of CN={NAME} is over SHA1" in opinion.reasons


def test_the_path_ends_in_the_anchor_and_names_the_issuer() -> None:
    opinion = judge_chain(leaf(BETWEEN, NAME).chain, NAME, NOW, roots())
    assert isinstance(opinion, Valid)
    assert opinion.issuer == BETWEEN.certificate
    assert opinion.certificates[-1] == ROOT.certificate
    own = leaf(None, NAME)
    alone = judge_chain(own.chain, NAME, NOW, roots(own))
    assert isinstance(alone, Valid)
    assert alone.issuer == own.certificate


def test_a_root_that_ended_is_no_anchor() -> None:
    ended = authority("Ended", until=NOW - DAY)
    opinion = judge_chain(leaf(ended, NAME).chain, NAME, NOW, roots(ended))
    assert opinion == Invalid((f"a certificate above it is not valid on {NOW:%Y-%m-%d}",))


def test_all_faults_come_back_at_once() -> None:
    worst = leaf(STRANGER, "x.example", since=NOW - 9 * DAY, until=NOW - DAY, key=rsa.generate_private_key(65537, 1024))
    found = " | ".join(reasons(worst))
    assert all(word in found for word in ("expired", "not for api.crm.example", "1024 bits", "no path leads"))


def test_intermediates_in_any_order_make_a_path() -> None:
    upper = authority("Upper", ROOT)
    lower = authority("Lower", upper)
    own, *above = leaf(lower, NAME).chain
    assert isinstance(judge_chain((own, *reversed(above)), NAME, NOW, roots()), Valid)


def test_a_certificate_that_is_its_own_anchor_is_valid() -> None:
    own = leaf(None, NAME)
    assert isinstance(judge_chain(own.chain, NAME, NOW, roots(own)), Valid)


def test_the_names_of_a_hostile_certificate_are_escaped() -> None:
    evil = leaf(authority("\x1b[2J<script>"), NAME)
    assert "\x1b" not in " ".join(reasons(evil))


def test_a_name_that_no_certificate_can_bear_is_rejected() -> None:
    with pytest.raises(EvidenceRejected, match="no certificate can be for such a name"):
        judge_chain(leaf(BETWEEN, NAME).chain, "a_b.crm.example", NOW, roots())


def test_anchors_that_are_none_are_rejected() -> None:
    with pytest.raises(EvidenceRejected, match="trust anchors"):
        read_roots((b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",))


@pytest.mark.filterwarnings("error")
def test_the_public_roots_are_read_without_a_warning() -> None:
    from pathlib import Path

    assert read_roots((Path(certifi.where()).read_bytes(),)).count > 100


def test_a_certificate_for_a_name_that_is_none_is_for_another_name() -> None:
    """The name that the certificate has is the vendor's to choose, and need not be ASCII."""
    opinion = judge_chain((GOOD.replace(NAME.encode(), "é".encode() + NAME[2:].encode()),), NAME, NOW, roots())
    assert isinstance(opinion, Invalid)
    assert NAME in "; ".join(opinion.reasons)


@settings(max_examples=200, deadline=timedelta(seconds=5))
@given(st.binary(max_size=60), st.integers(0, 400))
def test_damaged_bytes_are_rejected_or_judged_and_nothing_else(noise: bytes, where: int) -> None:
    der = GOOD[:where] + noise + GOOD[where + len(noise) :]
    try:
        opinion = judge_chain((der,), NAME, NOW, roots())
    except EvidenceRejected:
        return
    assert isinstance(opinion, Valid | Invalid)


GOOD = leaf(ROOT, NAME).chain[0]
