"""Records that a trust anchor vouches for, and every way in which the proof fails."""

from collections.abc import Iterable
from datetime import datetime, timedelta

import dns.message
import dns.name
import dns.rdataset
import dns.rdatatype
import dns.rrset
import pytest
from dns.rdtypes.dnskeybase import Flag
from hypothesis import given
from hypothesis import strategies as st

from clauseproof.hardware import dnssec
from clauseproof.hardware.dnsanchors import read_anchors
from clauseproof.hardware.dnsopinion import Bogus, Insecure, Opinion, Secure, Undecided
from clauseproof.hardware.dnssec import judge_records
from tests.support.dns import serving
from tests.support.signed import (
    DAY,
    NOW,
    SIGNED_UNTIL,
    Signer,
    Zone,
    all_of,
    anchor,
    answers_about,
    drop,
    replace,
    sign,
    signed_server,
)

CRM = """
api 300 IN A 192.0.2.7
short 300 IN CNAME api
out 300 IN CNAME www.plain.example.
*.wild 300 IN A 192.0.2.9
below.deep 300 IN A 192.0.2.8
"""
PLAIN = Zone("plain.example.", "www 60 IN A 192.0.2.3\n", signed=False)
ROOT, EXAMPLE, VENDOR = Zone("."), Zone("example."), Zone("crm.example.", CRM)


def zones(root: Zone = ROOT, example: Zone = EXAMPLE, crm: Zone = VENDOR) -> tuple[Zone, ...]:
    return root, example, crm, PLAIN


def responses(name: str, of: Iterable[Zone], **moods: str) -> dict[tuple[str, str], bytes]:
    with serving(signed_server(*of, **moods)) as server:
        (sight,) = answers_about(name, server).sights
    return sight.responses


def opinion(
    name: str = "api.crm.example",
    of: Iterable[Zone] | None = None,
    rdtype: str = "A",
    when: datetime = NOW,
    anchors: bytes | None = None,
    mood: str = "",
) -> Opinion:
    """The opinion on what a server for some zones tells; `mood` is a type of question that it fails to answer."""
    served = tuple(of or zones())
    found = responses(name, served, **({mood: "SERVFAIL"} if mood else {}))
    return judge_records(found, f"{name}.", rdtype, when, read_anchors((anchors or anchor(served[0]),)))


def reason(told: Opinion) -> str:
    assert not isinstance(told, Secure)
    return told.reason


# What is proven


def test_records_are_proven_through_every_zone_from_the_anchor_down() -> None:
    assert opinion() == Secure("api.crm.example.", ("192.0.2.7",), (".", "example.", "crm.example."), SIGNED_UNTIL)


@pytest.mark.parametrize("nsec3", [False, True])
@pytest.mark.parametrize(
    ("name", "rdtype", "at", "records"),
    [
        ("short.crm.example", "A", "api.crm.example.", ("192.0.2.7",)),
        ("any.wild.crm.example", "A", "any.wild.crm.example.", ("192.0.2.9",)),
        ("api.crm.example", "AAAA", "api.crm.example.", ()),
        ("short.crm.example", "AAAA", "api.crm.example.", ()),
        ("any.wild.crm.example", "AAAA", "any.wild.crm.example.", ()),
        ("deep.crm.example", "A", "deep.crm.example.", ()),
        ("gone.crm.example", "A", "gone.crm.example.", ()),
    ],
)
def test_aliases_wildcards_and_absence_are_proven_too(
    nsec3: bool, name: str, rdtype: str, at: str, records: tuple[str, ...]
) -> None:
    crm = Zone("crm.example.", CRM, nsec3=nsec3)
    told = opinion(name, zones(crm=crm), rdtype)
    assert isinstance(told, Secure), told
    assert (told.name, told.records) == (at, records)


def test_the_first_signature_to_end_says_until_when() -> None:
    told = opinion(of=zones(example=Zone("example.", ends=NOW + 2 * DAY)))
    assert isinstance(told, Secure)
    assert told.until == NOW + 2 * DAY


def test_an_anchor_for_a_lower_zone_is_enough() -> None:
    root = Zone(".", signed=False)
    told = opinion(of=(root, VENDOR), anchors=anchor(VENDOR))
    assert isinstance(told, Secure)
    assert told.zones == ("crm.example.",)


def test_an_anchor_may_be_the_key_itself() -> None:
    told = opinion(anchors=f". IN DNSKEY {ROOT.signer.key}\n".encode())
    assert isinstance(told, Secure)


# Where signatures end


@pytest.mark.parametrize("nsec3", [False, True])
def test_a_delegation_without_ds_is_insecure_and_proven_so(nsec3: bool) -> None:
    crm = Zone("crm.example.", CRM, ds=False)
    told = opinion(of=zones(example=Zone("example.", nsec3=nsec3), crm=crm))
    assert told == Insecure("example delegates crm.example without a DS record, and proves so", proven=True)


def test_a_delegation_in_an_opt_out_gap_is_insecure() -> None:
    crm = Zone("crm.example.", CRM, ds=False)
    told = opinion(of=zones(example=Zone("example.", nsec3=True, opt_out=True), crm=crm))
    assert isinstance(told, Insecure)
    assert told.proven


def test_an_unsigned_zone_is_insecure() -> None:
    assert isinstance(opinion("www.plain.example"), Insecure)


def test_an_alias_into_an_unsigned_zone_is_insecure() -> None:
    assert "example delegates plain.example" in reason(opinion("out.crm.example"))


def test_a_missing_ds_without_proof_is_insecure_and_said_to_be_unproven() -> None:
    bend = all_of(drop("crm.example.", "NSEC"), drop("crm.example.", "RRSIG", "NSEC"))
    told = opinion(of=zones(example=Zone("example.", bend=bend), crm=Zone("crm.example.", CRM, ds=False)))
    assert told == Insecure("example has no DS record for crm.example, and no signed proof of that", proven=False)


# What is bogus


@pytest.mark.parametrize(
    ("crm", "says"),
    [
        (Zone("crm.example.", CRM, bend=replace("api.crm.example.", "A", "192.0.2.66")), "does not fit them"),
        (Zone("crm.example.", CRM, bend=drop("api.crm.example.", "RRSIG", "A")), "without a signature, though"),
        (Zone("crm.example.", CRM, begins=NOW - 9 * DAY, ends=NOW - DAY), "expired on"),
        (Zone("crm.example.", CRM, begins=NOW + DAY), "is not valid before"),
        (Zone("crm.example.", CRM, bend=drop("crm.example.", "DNSKEY")), "shows no keys, though the DS records"),
        (Zone("crm.example.", CRM, bend=drop("crm.example.", "RRSIG", "DNSKEY")), "without a signature of its own"),
        (
            Zone("crm.example.", CRM, bend=replace("crm.example.", "DNSKEY", str(Signer().key))),
            "none of the keys of crm.example is one that the DS records in example name",
        ),
    ],
)
def test_a_zone_that_does_not_fit_its_signatures_is_bogus(crm: Zone, says: str) -> None:
    told = opinion(of=zones(crm=crm))
    assert isinstance(told, Bogus)
    assert says in told.reason


@pytest.mark.parametrize(
    ("bend", "says"),
    [
        (drop("crm.example.", "RRSIG", "DS"), "the DS records of crm.example came without a signature"),
        (replace("crm.example.", "DS", Signer().ds("crm.example.")), "over the DS records of crm.example does not fit"),
    ],
)
def test_ds_records_that_the_parent_did_not_sign_are_bogus(bend: object, says: str) -> None:
    told = opinion(of=zones(example=Zone("example.", bend=bend)))  # type: ignore[arg-type]
    assert isinstance(told, Bogus)
    assert says in told.reason


def test_an_absence_without_proof_is_bogus() -> None:
    bend = all_of(drop("api.crm.example.", "NSEC"), drop("api.crm.example.", "RRSIG", "NSEC"))
    told = opinion(of=zones(crm=Zone("crm.example.", CRM, bend=bend)), rdtype="AAAA")
    assert reason(told) == "crm.example does not prove that api.crm.example has no AAAA record"


def test_a_wildcard_that_stands_in_for_a_name_that_exists_is_bogus() -> None:
    """Without the proof that the name itself does not exist, a wildcard's signature fits any name."""
    owners = ["crm.example.", "api.crm.example.", "short.crm.example.", "out.crm.example.", "*.wild.crm.example."]
    bend = all_of(*(drop(owner, "NSEC") for owner in [*owners, "below.deep.crm.example."]))
    told = opinion("any.wild.crm.example", zones(crm=Zone("crm.example.", CRM, bend=bend)))
    assert "come from a wildcard, and nothing proves" in reason(told)


def test_a_signature_by_a_zone_that_has_no_say_is_bogus() -> None:
    other = Zone("other.example.", "api 300 IN A 192.0.2.7\n")

    def bend(made: dns.zone.Zone) -> None:
        found = made.get_rrset("api.crm.example.", "A")
        assert found is not None
        foreign = dns.rdataset.from_rdata(300, sign(found, other))
        foreign.covers = found.rdtype
        made.replace_rdataset("api.crm.example.", foreign)

    told = opinion(of=(*zones(crm=Zone("crm.example.", CRM, bend=bend)), other))
    assert "are signed by other.example, which has no say there" in reason(told)


def test_a_child_cannot_sign_its_own_ds_records() -> None:
    crm = Zone("crm.example.", CRM)

    def bend(made: dns.zone.Zone) -> None:
        found = made.get_rrset("crm.example.", "DS")
        assert found is not None
        own = dns.rdataset.from_rdata(300, sign(found, crm))
        own.covers = found.rdtype
        made.replace_rdataset("crm.example.", own)

    told = opinion(of=zones(example=Zone("example.", bend=bend), crm=crm))
    assert "are signed by crm.example, which has no say there" in reason(told)


def test_a_key_that_nobody_named_cannot_bring_in_others() -> None:
    """Whoever adds a key to the set, and signs the set with it, has not been vouched for."""
    intruder = Zone("crm.example.", CRM)

    def bend(made: dns.zone.Zone) -> None:
        replace("crm.example.", "DNSKEY", str(VENDOR.signer.key), str(intruder.signer.key))(made)
        found = made.get_rrset("crm.example.", "DNSKEY")
        assert found is not None
        forged = dns.rdataset.from_rdata(300, sign(found, intruder))
        forged.covers = found.rdtype
        made.replace_rdataset("crm.example.", forged)

    crm = Zone("crm.example.", CRM, signer=VENDOR.signer, bend=bend)
    told = opinion(of=zones(crm=crm))
    assert isinstance(told, Bogus)
    assert "none of its zone's" in told.reason


def test_a_wildcards_own_proof_cannot_be_moved_to_another_name() -> None:
    """RFC 4035, section 5.4: its signature would fit any name below; it says nothing about them."""
    crm = Zone("crm.example.", "api 300 IN A 192.0.2.7\n* 300 IN TXT x\n")
    found = responses("api.crm.example", zones(crm=crm))
    absent = dns.message.from_wire(found["api.crm.example.", "AAAA"])
    wild, api = dns.name.from_text("*.crm.example."), dns.name.from_text("api.crm.example.")
    moved = [one for one in absent.authority if one.name == wild]
    for one in moved:
        one.name = api
    absent.answer, absent.authority = (
        [],
        [*(one for one in absent.authority if one.rdtype == 6 or one.covers == 6), *moved],
    )
    absent.question[0].rdtype = dns.rdatatype.A
    forged = found | {("api.crm.example.", "A"): absent.to_wire()}
    told = judge_records(forged, "api.crm.example.", "A", NOW, read_anchors((anchor(ROOT),)))
    assert reason(told) == "crm.example does not prove that api.crm.example has no A record"


def test_a_revoked_key_signs_no_records() -> None:
    """RFC 5011, section 2.1: it signs its own key set, to be seen, and nothing else."""
    signer = Signer(flags=Flag.ZONE | Flag.SEP | Flag.REVOKE)
    told = opinion(of=zones(crm=Zone("crm.example.", CRM, signer=signer)))
    assert isinstance(told, Bogus)


# What stays open


@pytest.mark.parametrize("rdtype", ["A", "DNSKEY", "DS"])
def test_a_question_that_was_not_answered_leaves_it_open(rdtype: str) -> None:
    told = opinion(mood=rdtype)
    assert isinstance(told, Undecided)
    assert f"which {rdtype} records" in told.reason


def test_a_resolver_that_drops_signatures_leaves_it_open() -> None:
    server = signed_server(*zones())
    server.strips = True
    with serving(server):
        (sight,) = answers_about("api.crm.example", server).sights
    told = judge_records(sight.responses, "api.crm.example.", "A", NOW, read_anchors((anchor(ROOT),)))
    assert isinstance(told, Undecided)
    assert "ask another resolver" in told.reason


def test_a_root_with_other_keys_than_the_anchors_is_not_the_vendors_fault() -> None:
    told = opinion(anchors=anchor(Zone(".")))
    assert isinstance(told, Undecided)
    assert "none of the keys of the root" in told.reason


def test_a_name_that_no_anchor_is_above_is_open() -> None:
    told = opinion(anchors=anchor(Zone("other.test.")))
    assert isinstance(told, Undecided)
    assert "no trust anchor" in told.reason


def test_an_algorithm_that_cannot_be_checked_is_open() -> None:
    ds = VENDOR.signer.ds("crm.example.").split(" ", 3)
    odd = replace("crm.example.", "DS", f"{ds[0]} {ds[1]} 200 {ds[3]}")
    example = Zone("example.", bend=odd)

    def resign(made: dns.zone.Zone) -> None:
        odd(made)
        found = made.get_rrset("crm.example.", "DS")
        assert found is not None
        fresh = dns.rdataset.from_rdata(300, sign(found, example))
        fresh.covers = found.rdtype
        made.replace_rdataset("crm.example.", fresh)

    example.bend = resign
    told = opinion(of=zones(example=example))
    assert isinstance(told, Undecided)
    assert "digest" in told.reason


def test_a_record_is_judged_for_the_day_that_is_asked_about() -> None:
    found, anchors = responses("api.crm.example", zones()), read_anchors((anchor(ROOT),))
    last = judge_records(found, "api.crm.example.", "A", SIGNED_UNTIL, anchors)
    after = judge_records(found, "api.crm.example.", "A", SIGNED_UNTIL + timedelta(seconds=1), anchors)
    assert isinstance(last, Secure)
    assert not isinstance(after, Secure)


# Hostile responses


def test_no_set_of_keys_and_signatures_keeps_it_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dnssec, "MOST_CHECKS", 3)
    told = opinion()
    assert isinstance(told, Undecided)
    assert "more than 3 signatures" in told.reason


def test_more_keys_than_a_zone_has_are_not_read() -> None:
    signers = [Signer() for _ in range(dnssec.MOST_KEYS)]
    many = [str(signer.key) for signer in [VENDOR.signer, *signers]]
    crm = Zone("crm.example.", CRM, signer=VENDOR.signer, bend=replace("crm.example.", "DNSKEY", *many))
    assert "shows 17 keys" in reason(opinion(of=zones(crm=crm)))


def test_a_chain_of_aliases_ends() -> None:
    records = "".join(f"a{n} 300 IN CNAME a{n + 1}\n" for n in range(12)) + "a12 300 IN A 192.0.2.1\n"
    crm = Zone("crm.example.", records)
    found: dict[tuple[str, str], bytes] = {}
    for start in (0, 8):
        found |= responses(f"a{start}.crm.example", zones(crm=crm))
    told = judge_records(found, "a0.crm.example.", "A", NOW, read_anchors((anchor(ROOT),)))
    assert isinstance(told, Undecided)
    assert "behind 8 others" in told.reason


GENUINE = responses("api.crm.example", zones())
ANCHORS = read_anchors((anchor(ROOT),))


@given(st.sampled_from(sorted(GENUINE)), st.data())
def test_no_change_of_bytes_proves_other_records(question: tuple[str, str], data: st.DataObject) -> None:
    wire = bytearray(GENUINE[question])
    for _ in range(data.draw(st.integers(1, 3))):
        wire[data.draw(st.integers(0, len(wire) - 1))] = data.draw(st.integers(0, 255))
    told = judge_records(GENUINE | {question: bytes(wire)}, "api.crm.example.", "A", NOW, ANCHORS)
    assert not isinstance(told, Secure) or told.records == ("192.0.2.7",)


@given(st.binary(max_size=300))
def test_any_bytes_give_an_opinion(wire: bytes) -> None:
    for question in (("api.crm.example.", "A"), (".", "DNSKEY")):
        told = judge_records(GENUINE | {question: wire}, "api.crm.example.", "A", NOW, ANCHORS)
        assert isinstance(told, Secure | Insecure | Bogus | Undecided)
