"""What NSEC and NSEC3 records prove, by records written out by hand."""

from typing import Any

import dns.dnssec
import dns.name
import dns.rdata
import dns.rdatatype
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clauseproof.hardware.denial import MOST_ITERATIONS, Cut, Denials, Shown

A, AAAA, DS = dns.rdatatype.A, dns.rdatatype.AAAA, dns.rdatatype.DS
ZONE = dns.name.from_text("example.")


def name(text: str) -> dns.name.Name:
    return dns.name.from_text(text, ZONE)


def nsec(*lines: str) -> Denials:
    """`owner next types`, names relative to example."""
    records = []
    for line in lines:
        owner, following, types = line.split(" ", 2)
        records.append((name(owner), dns.rdata.from_text("IN", "NSEC", f"{name(following)} {types}")))
    return Denials(ZONE, nsec=tuple(records))


def nsec3(
    zone: dict[str, str], *, opt_out: bool = False, iterations: int = 1, leave_out: tuple[str, ...] = ()
) -> Denials:
    """The NSEC3 records of a zone, given the types at each name, but for some names."""
    hashed = sorted((_hash(owner, iterations), owner) for owner in zone)
    records: list[tuple[dns.name.Name, Any]] = []
    for (own, owner), (following, _) in zip(hashed, hashed[1:] + hashed[:1], strict=True):
        if owner not in leave_out:
            text = f"1 {int(opt_out)} {iterations} AB {following} {zone[owner]}"
            records.append((name(own), dns.rdata.from_text("IN", "NSEC3", text)))
    return Denials(ZONE, nsec3=tuple(records))


def _hash(owner: str, iterations: int) -> str:
    return dns.dnssec.nsec3_hash(name(owner), "AB", iterations, 1)


SMALL = {"@": "SOA NS", "api": "A", "sub": "NS", "signed": "NS DS", "deep": "", "below.deep": "A", "zz": "A"}
BY_NSEC = nsec(
    "@ api SOA NS RRSIG",
    "api below.deep A RRSIG",
    "below.deep signed A RRSIG",
    "signed sub NS DS RRSIG",
    "sub zz NS RRSIG",
    "zz @ A RRSIG",
)
BY_NSEC3 = nsec3(SMALL)
both = pytest.mark.parametrize("proof", [BY_NSEC, BY_NSEC3], ids=["nsec", "nsec3"])


@both
def test_a_type_that_a_name_does_not_have_is_proven_missing(proof: Denials) -> None:
    assert proof.lacks(name("api"), AAAA) is Shown.PROVEN
    assert proof.lacks(name("api"), A) is Shown.NOT


@both
def test_a_name_that_does_not_exist_lacks_everything(proof: Denials) -> None:
    assert proof.lacks(name("nothing"), A) is Shown.PROVEN
    assert proof.absent(name("nothing")) is Shown.PROVEN
    assert proof.absent(name("api")) is Shown.NOT


@both
def test_an_empty_non_terminal_lacks_everything_and_exists(proof: Denials) -> None:
    assert proof.lacks(name("deep"), A) is Shown.PROVEN
    assert proof.absent(name("deep")) is Shown.NOT


@both
def test_a_delegation_cannot_speak_for_what_lies_in_the_child(proof: Denials) -> None:
    assert proof.lacks(name("sub"), A) is Shown.NOT
    assert proof.lacks(name("www.sub"), A) is Shown.NOT


@both
def test_the_apex_of_a_child_cannot_deny_its_ds_record(proof: Denials) -> None:
    assert proof.lacks(name("sub"), DS) is Shown.PROVEN
    assert proof.lacks(name("@"), DS) is Shown.NOT
    assert proof.cut(name("@")) is Cut.UNPROVEN


@both
@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("sub", Cut.UNSIGNED),
        ("signed", Cut.UNPROVEN),
        ("api", Cut.INSIDE),
        ("deep", Cut.INSIDE),
        ("nothing", Cut.INSIDE),
    ],
)
def test_a_name_without_ds_record_is_a_delegation_or_not(proof: Denials, text: str, cut: Cut) -> None:
    assert proof.cut(name(text)) is cut


def test_a_gap_that_opts_out_may_hold_a_delegation() -> None:
    proof = nsec3({key: types for key, types in SMALL.items() if key != "sub"}, opt_out=True)
    assert proof.cut(name("sub")) is Cut.UNSIGNED
    assert proof.absent(name("sub")) is Shown.OPTED_OUT
    assert proof.lacks(name("sub"), A) is Shown.OPTED_OUT
    assert proof.lacks(name("api"), AAAA) is Shown.PROVEN


@pytest.mark.parametrize("wild", ["* A", "* CNAME"])
def test_a_wildcard_must_be_denied_too(wild: str) -> None:
    star, types = wild.split(" ", 1)
    by_nsec = nsec("@ * SOA NS", f"{star} api {types}", "api @ A")
    by_nsec3 = nsec3({"@": "SOA NS", star: types, "api": "A"})
    for proof in (by_nsec, by_nsec3):
        assert proof.lacks(name("nothing"), A) is Shown.NOT
        assert proof.lacks(name("nothing"), AAAA) is (Shown.PROVEN if types == "A" else Shown.NOT)


def test_without_a_proof_for_the_wildcard_nothing_is_proven() -> None:
    assert nsec("api zz A").lacks(name("nothing"), A) is Shown.NOT


def test_the_closest_encloser_must_be_shown() -> None:
    proof = nsec3(SMALL, leave_out=("@",))
    assert proof.lacks(name("nothing"), A) is Shown.NOT


@pytest.mark.parametrize("iterations", [0, MOST_ITERATIONS, MOST_ITERATIONS + 1])
def test_more_hash_iterations_than_are_worked_off_prove_nothing(iterations: int) -> None:
    shown = nsec3(SMALL, iterations=iterations).lacks(name("api"), AAAA)
    assert shown is (Shown.PROVEN if iterations <= MOST_ITERATIONS else Shown.NOT)


def test_records_with_other_parameters_than_the_first_are_left_aside() -> None:
    others = nsec3(SMALL, iterations=2, leave_out=tuple(key for key in SMALL if key != "zz"))
    assert Denials(ZONE, nsec3=(*BY_NSEC3.nsec3, *others.nsec3)).lacks(name("api"), AAAA) is Shown.PROVEN
    assert Denials(ZONE, nsec3=(*others.nsec3, *BY_NSEC3.nsec3)).lacks(name("api"), AAAA) is Shown.NOT


def test_one_record_alone_denies_all_but_its_owner() -> None:
    assert nsec3({"@": "SOA NS"}).absent(name("api")) is Shown.PROVEN
    assert nsec("@ @ SOA NS").absent(name("api")) is Shown.PROVEN


def test_no_records_prove_nothing() -> None:
    nothing = Denials(ZONE)
    assert nothing.lacks(name("api"), A) is Shown.NOT
    assert nothing.absent(name("api")) is Shown.NOT
    assert nothing.cut(name("api")) is Cut.UNPROVEN


def test_a_name_outside_the_zone_is_not_denied() -> None:
    outside = dns.name.from_text("other.test.")
    assert BY_NSEC.absent(outside) is Shown.NOT


@given(st.lists(st.sampled_from(["a", "api", "below", "deep", "m", "sub", "zz", "zzz"]), min_size=1, max_size=3))
def test_both_kinds_prove_the_same_of_a_zone(labels: list[str]) -> None:
    asked = name(".".join(labels))
    assert BY_NSEC.lacks(asked, A) == BY_NSEC3.lacks(asked, A)
    assert BY_NSEC.lacks(asked, DS) == BY_NSEC3.lacks(asked, DS)
