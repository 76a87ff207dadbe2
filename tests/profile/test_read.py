"""A profile that is right becomes data; whatever is wrong with one is told where it stands, all at once."""

from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from clauseproof.model.assurance import Assurance
from clauseproof.model.permission import Permission
from clauseproof.profile.files import RecordedFiles
from clauseproof.profile.problem import ProfileErrors
from clauseproof.profile.read import read_profile
from tests.profile import family
from tests.profile.support import PROFILE, accepted, problems, read, registry, told, write


def test_subjects_and_claims_are_typed_by_their_classes(tmp_path: Path) -> None:
    profile = accepted(tmp_path, PROFILE)
    assert profile.subjects["box"] == family.Letterbox(
        letterbox="front door", holds=("mail",), opened=date(2026, 1, 31)
    )
    assert [type(subject).__name__ for subject in profile.subjects.values()] == ["Letterbox", "Pigeon", "Owl"]
    (use,) = profile.clauses[0].claims
    assert use.claim == family.LettersArrive(within=timedelta(days=2))
    assert (use.kind, use.where, use.words) == ("letters-arrive", ("box",), "within two days")


def test_a_single_name_will_do_for_where(tmp_path: Path) -> None:
    assert accepted(tmp_path, PROFILE).clauses[1].claims[0].where == ("pigeon",)


def test_each_claim_and_clause_knows_its_line_and_column(tmp_path: Path) -> None:
    clause = accepted(tmp_path, PROFILE).clauses[0]
    assert str(clause.place) == f"{tmp_path}/post.yaml:18:5"
    assert str(clause.claims[0].place) == f"{tmp_path}/post.yaml:25:9"


def test_a_clause_knows_where_in_the_contract_its_promise_stands(tmp_path: Path) -> None:
    clauses = accepted(tmp_path, PROFILE).clauses
    assert [(clause.contract, clause.passage) for clause in clauses] == [("DPA", "line 4"), ("DPA", "line 8")]


def test_the_document_of_highest_precedence_that_holds_a_promise_is_named(tmp_path: Path) -> None:
    (tmp_path / "msa.md").write_text(
        "Each bird\nflies. Letters shall arrive within two days\nat every letterbox of the Customer."
    )
    profile = PROFILE.replace("contract:\n", "contract:\n  - {id: MSA, file: msa.md, from: 2026-03-01}\n")
    clauses = accepted(tmp_path, profile).clauses
    assert [(clause.contract, clause.passage) for clause in clauses] == [("MSA", "line 2"), ("DPA", "line 8")]


def test_everything_else_is_carried_over(tmp_path: Path) -> None:
    profile = accepted(tmp_path, PROFILE)
    assert profile.permission is not None
    assert profile.permission.allows == (Permission.SCAN, Permission.DRILL)
    assert (profile.buyer, profile.operator, profile.network.resolvers) == ("Acme GmbH", None, ("127.0.0.1:5353",))
    assert (profile.clauses[0].tier, profile.clauses[0].assurance) == (1, Assurance.OBSERVED)
    assert profile.clauses[1].assurance is Assurance.STATED
    assert profile.waivers[0].expires == date(2026, 12, 31)
    assert profile.datasets["mail"].must_stay_in == "EU"


def test_a_clause_without_claims_is_kept(tmp_path: Path) -> None:
    profile = PROFILE.split("    claims:\n      - bird-flies")[0]
    assert accepted(tmp_path, profile).clauses[1].claims == ()


def test_every_scalar_is_read_as_the_text_that_was_written(tmp_path: Path) -> None:
    profile = accepted(tmp_path, PROFILE.replace("Acme GmbH", "0123456789").replace("front door", "1.10"))
    assert profile.buyer == "0123456789"
    assert profile.subjects["box"].model_dump()["letterbox"] == "1.10"


def test_norway_is_a_country(tmp_path: Path) -> None:
    profile = accepted(tmp_path, PROFILE.replace("must_stay_in: EU", "must_stay_in: NO"))
    assert profile.datasets["mail"].must_stay_in == "NO"


def test_the_files_read_are_returned_with_their_digests(tmp_path: Path) -> None:
    (tmp_path / "leave.txt").write_text("You may.")
    (tmp_path / "root.pem").write_text("a root")
    profile = PROFILE.replace("  granted_by", "  file: leave.txt\n  granted_by")
    reading = read(tmp_path, f"anchors: {{hsm: [root.pem]}}\n{profile}")
    assert set(reading.files) == {"post.yaml", "dpa.md", "leave.txt", "root.pem"}
    assert reading.files["leave.txt"] == b"You may."
    assert reading.profile.files["leave.txt"] == f"sha256:{sha256(b'You may.').hexdigest()}"
    assert reading.profile.sha256 == sha256((tmp_path / "post.yaml").read_bytes()).hexdigest()


def test_a_profile_is_read_again_from_the_copies_of_a_run(tmp_path: Path) -> None:
    first = read(tmp_path, PROFILE)
    copies = {first.profile.files[name]: content for name, content in first.files.items()}
    path = tmp_path / "post.yaml"
    path.unlink()
    again = read_profile(path, registry(), RecordedFiles(first.profile.files, copies.__getitem__))
    assert again == first


def test_all_problems_come_at_once_in_the_order_of_their_lines(tmp_path: Path) -> None:
    profile = (
        PROFILE.replace("buyer", "byer")
        .replace("status: draft", "status: drafted")
        .replace("where: pigeon", "where: pidgeon")
        .replace("tier: 2", "tier: 4")
    )
    assert told(problems(tmp_path, profile)) == [
        "1:1: 'buyer' is missing",
        "1:1: unknown key 'byer'; did you mean 'buyer'?",
        "4:64: 'drafted' is none of 'draft' or 'in force'; did you mean 'draft'?",
        "30:11: '4' is more than 3",
        "32:29: 'pidgeon' is no subject of this profile; did you mean 'pigeon'?",
    ]


def test_the_error_says_what_in_lines_and_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ProfileErrors) as refused:
        read(tmp_path, PROFILE.replace("tier: 2", "tier: 4").replace("tier: 1", "tier: 0"))
    path = tmp_path / "post.yaml"
    assert refused.value.what == f"{path}:21:11: '0' is less than 1\n{path}:30:11: '4' is more than 3"
    assert refused.value.what_to_do == "mend these 2 problems and try again"


def test_a_problem_carries_its_parts(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, PROFILE.replace("where: pigeon", "where: pidgeon"))
    assert (problem.place.line, problem.place.column) == (32, 29)
    assert (problem.value, problem.nearest) == ("pidgeon", "pigeon")


def test_reading_gives_up_at_the_hundredth_problem(tmp_path: Path) -> None:
    many = "".join(f"  bad{number}: {{animal: cat}}\n" for number in range(500))
    found = problems(tmp_path, PROFILE.replace("subjects:\n", f"subjects:\n{many}"))
    assert len(found) == 100


def test_an_empty_contract_and_no_clauses_are_refused(tmp_path: Path) -> None:
    found = told(problems(tmp_path, "buyer: a\nvendor: b\ncontract: []\nclauses: []\n"))
    assert found == [
        "3:11: contract is empty; a profile needs a contract and clauses to test",
        "4:10: clauses is empty; a profile needs a contract and clauses to test",
    ]


def test_a_profile_that_is_not_there_is_told_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ProfileErrors) as refused:
        read_profile(tmp_path / "none.yaml", registry())
    assert (
        refused.value.what
        == f"{tmp_path}/none.yaml:1:1: there is no file 'none.yaml'; paths are relative to the profile"
    )


def test_a_profile_over_a_mebibyte_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, "# " + "x" * (1 << 20) + "\n" + PROFILE)
    with pytest.raises(ProfileErrors) as refused:
        read_profile(path, registry())
    assert refused.value.what == f"{path}:1:1: 'post.yaml' is larger than 1,048,576 bytes; name a smaller file"
