"""Jurisdictions are dated sets with a legal reference; a file of the user's takes the place of those shipped."""

import json
import os
from datetime import date, timedelta
from pathlib import Path

import pytest

from clauseproof.profile.atlas import load_atlas, read_atlas
from clauseproof.profile.problem import ProfileErrors

TODAY = date(2026, 11, 24)
TERRITORIES = {"AX", "GF", "GP", "MF", "MQ", "RE", "YT"}


def shipped(name: str, day: date) -> frozenset[str]:
    atlas, _ = load_atlas()
    return atlas.countries(name, day)


def refusal(text: str) -> list[str]:
    with pytest.raises(ProfileErrors) as refused:
        read_atlas(text.encode(), "own.yaml")
    return [str(problem) for problem in refused.value.problems]


def test_the_union_has_twenty_seven_members_and_their_territories() -> None:
    assert len(shipped("EU", TODAY) - TERRITORIES) == 27
    assert shipped("EU", TODAY) >= TERRITORIES


@pytest.mark.parametrize(
    ("code", "last_out", "first_in"),
    [("HR", date(2013, 6, 30), date(2013, 7, 1)), ("BG", date(2006, 12, 31), date(2007, 1, 1))],
)
def test_a_member_belongs_from_its_accession_on(code: str, last_out: date, first_in: date) -> None:
    assert code not in shipped("EU", last_out)
    assert code in shipped("EU", first_in)


def test_the_united_kingdom_left_after_january_2020() -> None:
    assert "GB" in shipped("EU", date(2020, 1, 31))
    assert "GB" not in shipped("EU", date(2020, 2, 1))


def test_the_economic_area_is_the_union_and_three_more() -> None:
    assert shipped("EEA", TODAY) - shipped("EU", TODAY) == {"IS", "LI", "NO"}


def test_adequacy_includes_the_area() -> None:
    assert shipped("EU+adequacy", TODAY) > shipped("EEA", TODAY)


ADOPTED = {
    "CH": date(2000, 7, 26),
    "CA": date(2001, 12, 20),
    "AR": date(2003, 6, 30),
    "GG": date(2003, 11, 21),
    "IM": date(2004, 4, 28),
    "JE": date(2008, 5, 8),
    "FO": date(2010, 3, 5),
    "AD": date(2010, 10, 19),
    "IL": date(2011, 1, 31),
    "UY": date(2012, 8, 21),
    "NZ": date(2012, 12, 19),
    "JP": date(2019, 1, 23),
    "KR": date(2021, 12, 17),
    "BR": date(2026, 1, 26),
}
"""Days of the Commission's adequacy decisions, as the Official Journal has them."""


@pytest.mark.parametrize("code", list(ADOPTED))
def test_a_country_is_adequate_from_the_day_of_its_decision_on(code: str) -> None:
    day = ADOPTED[code]
    assert code not in shipped("EU+adequacy", day - timedelta(days=1))
    assert all(code in shipped("EU+adequacy", later) for later in (day, TODAY))


def test_nobody_else_is_adequate_but_the_united_kingdom() -> None:
    assert shipped("EU+adequacy", TODAY) - shipped("EEA", TODAY) == {*ADOPTED, "GB"}


def test_the_united_kingdom_stayed_adequate_until_its_renewed_decision_ends() -> None:
    days = [date(2020, 1, 31), date(2020, 2, 1), date(2021, 1, 1), date(2021, 6, 28), date(2025, 12, 28), TODAY]
    assert all("GB" in shipped("EU+adequacy", day) for day in [*days, date(2031, 12, 27)])
    assert "GB" not in shipped("EU+adequacy", date(2031, 12, 28))


def test_the_united_states_are_adequate_only_where_a_framework_was_in_force() -> None:
    assert "US" not in shipped("EU+adequacy", TODAY)
    inside = [day for day in (date(2015, 10, 5), date(2015, 10, 6), date(2016, 7, 12), date(2020, 7, 16), TODAY)
              if "US" in shipped("EU+adequacy+DPF", day)]  # fmt: skip
    assert inside == [date(2015, 10, 5), date(2016, 7, 12), TODAY]


def test_a_bare_country_code_names_itself() -> None:
    assert shipped("US", TODAY) == {"US"}


def test_a_file_takes_the_place_of_what_is_shipped(tmp_path: Path) -> None:
    own = "Home:\n  reference: house rules\n  members: [{code: CH}, {code: LI, to: 2026-01-01}]\n"
    (tmp_path / "own.yaml").write_text(own)
    atlas, data = load_atlas(tmp_path / "own.yaml")
    assert (atlas.names, data) == (("Home",), own.encode())
    assert atlas.countries("Home", TODAY) == {"CH"}


def test_the_bytes_of_an_atlas_give_it_again() -> None:
    atlas, data = load_atlas()
    again = read_atlas(data, "the run's jurisdictions")
    assert [again.countries(name, TODAY) for name in again.names] == [
        atlas.countries(name, TODAY) for name in atlas.names
    ]


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        ("A: {reference: r, members: [{code: Germany}]}",
         ["own.yaml:1:36: 'Germany' does not have the form ^[A-Z]{2}$"]),
        ("A: {reference: r, members: [{code: DE, from: 1.1.1958}]}",
         ["own.yaml:1:46: '1.1.1958' is no clear date; write YYYY-MM-DD"]),
        ("A: {reference: r, members: [{code: DE, from: 2020-01-02, to: 2020-01-01}]}",
         ["own.yaml:1:62: DE ends on 2020-01-01, before it starts on 2020-01-02"]),
        ("A: {members: []}", ["own.yaml:1:4: 'reference' is missing"]),
        ("A: {reference: r, membres: []}", ["own.yaml:1:19: unknown key 'membres'; did you mean 'members'?"]),
        ("EU: {reference: r}\nA: {reference: r, includes: [EUU]}",
         ["own.yaml:2:30: 'EUU' is no jurisdiction of this file; did you mean 'EU'?"]),
        ("A: {reference: r, includes: [A]}", ["own.yaml:1:30: 'A' includes itself through 'A'"]),
        ("A: {reference: r, includes: [B]}\nB: {reference: r, includes: [A]}",
         ["own.yaml:1:30: 'A' includes itself through 'B'", "own.yaml:2:30: 'B' includes itself through 'A'"]),
    ],
)  # fmt: skip
def test_a_wrong_file_is_told_with_its_places(text: str, messages: list[str]) -> None:
    assert refusal(text) == messages


def test_a_file_that_is_not_there_is_told_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(
        ProfileErrors, match=r"none\.yaml:1:1: there is no file 'none\.yaml'; name a jurisdictions file"
    ):
        load_atlas(tmp_path / "none.yaml")


@pytest.mark.conformance
@pytest.mark.parametrize(
    ("name", "theirs"),
    [("EU", "EU"), ("EEA", "EEE"), ("EU+adequacy", "adequate_international_transfer")],
)
def test_the_sets_are_those_of_a_list_made_in_2023(name: str, theirs: str) -> None:
    vectors = os.environ.get("CLAUSEPROOF_VECTORS")
    if not vectors:
        pytest.skip("CLAUSEPROOF_VECTORS names no folder of third-party data")
    path = Path(vectors) / "data" / "jurisdictions" / f"igreedy2-{theirs}_countries.json"
    listed = {entry["alpha-2"] for entry in json.loads(path.read_text())}
    day = date(2023, 6, 1)
    ours = shipped(name, day) - (shipped("EEA", day) if name == "EU+adequacy" else TERRITORIES)
    assert ours == listed
