"""Revocation lists of the profile, as files."""

import pytest

from clauseproof.facts.endpoint import Endpoint
from clauseproof.facts.revocation import RevocationList, RevocationLists
from clauseproof.model.errors import Unknowable, Unreachable
from clauseproof.model.look import Look
from clauseproof.model.unseen import Reason, Unseen
from clauseproof.probes.crls import MOST_BYTES, crls


def endpoint(*names: str) -> Endpoint:
    return Endpoint(endpoint="https://api.crm.example", crls=names)


def look(files: dict[str, bytes]) -> Look:
    def read(name: str, limit: int) -> bytes:
        if name not in files or len(files[name]) > limit:
            raise Unreachable(f"no file {name} of at most {limit} bytes")
        return files[name]

    return Look(read_file=read)


def test_every_list_is_kept_as_it_is() -> None:
    facts = crls(endpoint("a.crl", "b.crl"), look({"a.crl": b"\x30\x00", "b.crl": b"-----BEGIN"}))
    assert facts.lists == (
        RevocationList(name="a.crl", content=b"\x30\x00"),
        RevocationList(name="b.crl", content=b"-----BEGIN"),
    )
    assert RevocationLists.load(RevocationLists.version, facts.model_dump(mode="json", by_alias=True)) == facts


def test_a_list_that_cannot_be_read_is_a_gap_and_no_end() -> None:
    facts = crls(endpoint("a.crl", "large.crl"), look({"a.crl": b"", "large.crl": b" " * (MOST_BYTES + 1)}))
    assert isinstance(facts.lists[1], Unseen)
    assert facts.lists[1].reason is Reason.UNREACHABLE


def test_without_a_list_nothing_is_seen() -> None:
    with pytest.raises(Unknowable, match="names no revocation list"):
        crls(endpoint(), Look())


def test_the_run_keeps_a_copy_of_the_lists() -> None:
    assert endpoint("a.crl").files() == ("a.crl",)
