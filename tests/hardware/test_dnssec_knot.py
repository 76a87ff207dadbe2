"""Zones signed by a name server that no one here wrote, by NSEC and NSEC3, against the opinions they must get."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

import pytest

from clauseproof.facts.endpoint import Endpoint
from clauseproof.hardware.dnsanchors import Anchors, read_anchors
from clauseproof.hardware.dnsopinion import Insecure, Opinion, Secure
from clauseproof.hardware.dnssec import judge_records
from clauseproof.model.look import Look
from clauseproof.model.profile import Network
from clauseproof.probes.zone import signed_answers
from tests.support.knot import knot

pytestmark = pytest.mark.conformance

RECORDS = """
api A 192.0.2.7
short CNAME api
out CNAME www.plain.example.
*.wild A 192.0.2.9
below.deep A 192.0.2.8
"""
KINDS = {"nsec": (False, False), "nsec3": (True, False), "nsec3 with opt-out": (True, True)}


class Served(NamedTuple):
    """A running server: how to look at it, what to trust, and whether its NSEC3 gaps opt out."""

    look: Look
    anchors: Anchors
    opts_out: bool


@pytest.fixture(scope="module", params=KINDS)
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    nsec3, opt_out = KINDS[request.param]
    with knot(tmp_path_factory.mktemp("knot"), RECORDS, nsec3=nsec3, opt_out=opt_out) as (server, anchor):
        yield Served(Look(network=Network(resolvers=(server,))), read_anchors((anchor,)), opt_out)


def opinion(served: Served, name: str, rdtype: str = "A") -> Opinion:
    facts = asyncio.run(signed_answers(Endpoint(endpoint=f"https://{name}"), served.look))
    return judge_records(facts.sights[0].responses, f"{name}.", rdtype, datetime.now(UTC), served.anchors)


@pytest.mark.parametrize(
    ("name", "rdtype", "records"),
    [
        ("api.crm.example", "A", ("192.0.2.7",)),
        ("short.crm.example", "A", ("192.0.2.7",)),
        ("api.crm.example", "AAAA", ()),
        ("deep.crm.example", "A", ()),
        ("crm.example", "A", ()),
    ],
)
def test_what_is_there_is_proven(served: Served, name: str, rdtype: str, records: tuple[str, ...]) -> None:
    told = opinion(served, name, rdtype)
    assert isinstance(told, Secure), told
    assert (told.records, told.zones) == (records, ("example.", "crm.example."))


@pytest.mark.parametrize(
    ("name", "rdtype", "records"),
    [
        ("any.wild.crm.example", "A", ("192.0.2.9",)),
        ("a.b.wild.crm.example", "A", ("192.0.2.9",)),
        ("any.wild.crm.example", "AAAA", ()),
        ("gone.crm.example", "A", ()),
        ("gone.deep.crm.example", "A", ()),
    ],
)
def test_what_is_not_there_is_proven_unless_gaps_opt_out(
    served: Served, name: str, rdtype: str, records: tuple[str, ...]
) -> None:
    """RFC 5155, section 9.2: in such a gap an unsigned delegation may lie."""
    told = opinion(served, name, rdtype)
    if served.opts_out:
        assert isinstance(told, Insecure), told
        assert "NSEC3 opt-out" in told.reason
    else:
        assert isinstance(told, Secure), told
        assert told.records == records


@pytest.mark.parametrize("name", ["www.plain.example", "out.crm.example", "gone.plain.example"])
def test_a_delegation_without_ds_is_proven_to_be_one(served: Served, name: str) -> None:
    told = opinion(served, name)
    assert isinstance(told, Insecure), told
    assert told.proven


@pytest.mark.parametrize("algorithm", ["rsasha256", "rsasha512", "ecdsap384sha384", "ed25519", "ed448"])
def test_every_algorithm_in_use_is_checked(algorithm: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    with knot(tmp_path_factory.mktemp("knot"), RECORDS, algorithm=algorithm) as (server, anchor):
        given = Served(Look(network=Network(resolvers=(server,))), read_anchors((anchor,)), opts_out=False)
        assert isinstance(opinion(given, "api.crm.example"), Secure)
