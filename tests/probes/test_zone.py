"""What resolvers tell beyond addresses: signed responses as they came, and the climb for CAA."""

import asyncio

import dns.message
import pytest

from clauseproof.facts.dns import Outcome
from clauseproof.facts.endpoint import Endpoint
from clauseproof.facts.zone import Issuance, SignedAnswers, Step, Told
from clauseproof.model.errors import Unknowable, Unreachable
from clauseproof.model.look import Look
from clauseproof.model.profile import Network
from clauseproof.probes import zone as probe
from clauseproof.probes.question import find_records
from clauseproof.probes.resolver import read_server
from clauseproof.probes.zone import issuance, signed_answers
from tests.support.dns import GARBAGE, SILENT, NameServer, serving
from tests.support.signed import SignedServer, Zone, answers_about, look, signed_server

CRM = Zone("crm.example.", "api 300 IN A 192.0.2.7\nshort 300 IN CNAME api\nfar 300 IN CNAME www.other.example.\n")
OTHER = Zone("other.example.", "www 300 IN A 192.0.2.8\n")


def server(*zones: Zone, **moods: str) -> SignedServer:
    return signed_server(*(zones or (Zone("."), Zone("example."), CRM, OTHER)), **moods)


def told(facts: SignedAnswers) -> dict[tuple[str, str], Told]:
    (sight,) = facts.sights
    return {(one.name, one.type): one for one in sight.told}


def test_records_are_asked_for_with_the_keys_of_every_name_above() -> None:
    with serving(server()) as running:
        facts = answers_about("api.crm.example", running)
    assert set(told(facts)) == {("api.crm.example.", "A"), ("api.crm.example.", "AAAA")} | {
        (name, type_) for name in ("api.crm.example.", "crm.example.", "example.", ".") for type_ in ("DS", "DNSKEY")
    }
    assert facts.sights[0].resolver == running.text


def test_the_response_is_kept_whole_with_its_signatures() -> None:
    with serving(server()) as running:
        facts = answers_about("api.crm.example", running)
    wire = told(facts)["api.crm.example.", "A"].message
    assert wire is not None
    assert [one.rdtype.name for one in dns.message.from_wire(wire).answer] == ["A", "RRSIG"]


def test_signatures_are_asked_for_and_unbelievable_ones_too() -> None:
    queries: list[dns.message.Message] = []

    class Listening(SignedServer):
        def respond(self, wire: bytes, transport: str) -> bytes | None:
            queries.append(dns.message.from_wire(wire))
            return super().respond(wire, transport)

    with serving(Listening(zones=server().zones)) as running:
        answers_about("api.crm.example", running)
    assert all(query.ednsflags & 0x8000 and query.flags & 0x0010 and query.flags & 0x0100 for query in queries)


def test_two_looks_that_say_the_same_are_kept_once() -> None:
    with serving(server()) as running:
        facts = answers_about("api.crm.example", running)
        assert len([line for line in running.asked if line.endswith("api.crm.example. A")]) == 2
    assert [(sight.times, facts.looks) for sight in facts.sights] == [(2, 2)]


def test_two_looks_that_differ_are_both_kept() -> None:
    class Wavering(SignedServer):
        def respond(self, wire: bytes, transport: str) -> bytes | None:
            self.moods = {"A": "SERVFAIL"} if len(self.asked) < 8 else {}
            return super().respond(wire, transport)

    with serving(Wavering(zones=server().zones)) as running:
        facts = answers_about("api.crm.example", running)
    assert [sight.times for sight in facts.sights] == [1, 1]


def test_every_resolver_is_looked_at() -> None:
    with serving(server()) as one, serving(server()) as two:
        facts = answers_about("api.crm.example", one, two)
        assert [sight.resolver for sight in facts.sights] == [one.text, two.text]


@pytest.mark.parametrize("terse", [False, True])
def test_an_alias_is_followed_into_its_zone(terse: bool) -> None:
    running = server()
    running.terse = terse
    with serving(running):
        asked = told(answers_about("far.crm.example", running))
    assert {("www.other.example.", "A"), ("other.example.", "DNSKEY"), ("other.example.", "DS")} <= set(asked)


def test_aliases_that_run_in_a_circle_end() -> None:
    circle = Zone("crm.example.", "api 1 IN CNAME b\nb 1 IN CNAME api\n")
    turning = server(Zone("."), circle)
    turning.terse = True
    with serving(turning) as running:
        assert ("b.crm.example.", "A") in told(answers_about("api.crm.example", running))


@pytest.mark.parametrize(
    ("mood", "outcome"),
    [("SERVFAIL", Outcome.SERVER_FAILURE), ("REFUSED", Outcome.REFUSED), (SILENT, Outcome.TIMED_OUT)],
)
def test_a_question_nobody_answers_is_kept_as_such(
    mood: str, outcome: Outcome, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("clauseproof.probes.resolver._PATIENCE_S", (0.1, 0.1))
    with serving(server(DNSKEY=mood)) as running:
        asked = told(answers_about("api.crm.example", running))
    assert (asked["crm.example.", "DNSKEY"].outcome, asked["crm.example.", "DNSKEY"].message) == (outcome, None)
    assert asked["api.crm.example.", "A"].outcome is Outcome.ANSWERED


def test_a_name_of_very_many_labels_is_asked_about_alone() -> None:
    with serving(server()) as running:
        asked = told(answers_about(".".join(["a"] * (probe.MOST_LABELS + 1)), running))
    assert {type_ for _, type_ in asked} == {"A", "AAAA"}


def test_no_more_responses_are_kept_than_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "MOST_KEPT_BYTES", 1500)
    with serving(server()) as running:
        asked = told(answers_about("api.crm.example", running))
    assert 0 < sum(len(one.message or b"") for one in asked.values()) <= 1500
    left_out = [one for one in asked.values() if one.message is None]
    assert {(one.outcome, one.detail) for one in left_out} == {
        (Outcome.MALFORMED, "more than the 1500 bytes that are kept")
    }


def test_an_address_has_no_records_to_prove() -> None:
    endpoint = Endpoint(endpoint="https://192.0.2.7")
    for look_at in (signed_answers, issuance):
        with pytest.raises(Unknowable, match="is an address"):
            asyncio.run(look_at(endpoint, Look()))


def test_a_resolver_that_is_no_address_is_named() -> None:
    given = Look(network=Network(resolvers=("resolver.example",)))
    with pytest.raises(Unreachable, match="is no resolver"):
        asyncio.run(signed_answers(Endpoint(endpoint="https://api.crm.example"), given))


def test_signed_answers_survive_being_written_and_read() -> None:
    with serving(server(DS="SERVFAIL")) as running:
        facts = answers_about("api.crm.example", running)
    assert SignedAnswers.load(SignedAnswers.version, facts.model_dump(mode="json", by_alias=True)) == facts


# CAA


def climbed(records: dict[str, list[str]], name: str = "api.crm.example", **moods: str) -> Issuance:
    with serving(NameServer(records, moods)) as running:
        return asyncio.run(issuance(Endpoint(endpoint=f"https://{name}"), look(running)))


def steps(facts: Issuance) -> tuple[Step, ...]:
    (climb,) = facts.climbs
    assert climb.times == facts.looks == 2
    return climb.steps


def test_the_climb_ends_at_the_first_record_set() -> None:
    zone = {
        "api.crm.example.": ["60 A 192.0.2.7"],
        "crm.example.": ['60 CAA 0 issue "letsencrypt.org; validationmethods=dns-01"', '60 CAA 128 tbs "x"'],
        "example.": ['60 CAA 0 issue "other.example"'],
    }
    first, last = steps(climbed(zone))
    assert (first.name, first.outcome, first.properties) == ("api.crm.example.", Outcome.NO_DATA, ())
    assert [(one.tag, one.critical) for one in last.properties] == [("issue", False), ("tbs", True)]
    assert last.properties[0].value == "letsencrypt.org; validationmethods=dns-01"


def test_without_any_record_set_the_climb_reaches_the_top_level() -> None:
    assert [step.name for step in steps(climbed({"example.": []}))] == ["api.crm.example.", "crm.example.", "example."]


def test_the_climb_stops_where_nobody_answers() -> None:
    (only,) = steps(climbed({}, CAA="SERVFAIL"))
    assert only.outcome is Outcome.SERVER_FAILURE


def test_an_alias_is_followed_before_the_climb_goes_on() -> None:
    zone = {
        "api.crm.example.": ["60 CNAME lb.host.example."],
        "lb.host.example.": ['60 CAA 0 issue "ca.example"'],
    }
    (only,) = steps(climbed(zone))
    assert only.properties[0].value == "ca.example"


def test_the_name_that_certificates_are_for_is_the_one_that_counts() -> None:
    with serving(NameServer({})) as running:
        endpoint = Endpoint(endpoint="https://10.0.0.7", server_name="api.crm.example")
        facts = asyncio.run(issuance(endpoint, look(running)))
    assert facts.name == "api.crm.example."


def test_a_value_is_kept_up_to_its_limit() -> None:
    zone = {"api.crm.example.": [f"60 CAA 0 issue {'x' * 250}{i:03}" for i in range(100)]}
    with serving(NameServer(zone)) as running:
        facts = asyncio.run(issuance(Endpoint(endpoint="https://api.crm.example"), look(running)))
    assert len(facts.climbs[0].steps[0].properties) == 64


def test_issuance_survives_being_written_and_read() -> None:
    facts = climbed({"api.crm.example.": ['60 CAA 0 issue ";"']})
    assert Issuance.load(Issuance.version, facts.model_dump(mode="json", by_alias=True)) == facts


# Records of any type


def found(name: str, running: NameServer, monkeypatch: pytest.MonkeyPatch | None = None) -> Outcome:
    if monkeypatch is not None:
        monkeypatch.setattr("clauseproof.probes.resolver._PATIENCE_S", (0.1, 0.1))
    with serving(running):
        return asyncio.run(find_records(read_server(running.text), name, "TXT", Look())).outcome


def test_records_behind_an_alias_that_the_server_leaves_open_are_found() -> None:
    zone = {"a.example.": ["60 CNAME b.example."], "b.example.": ['60 TXT "x"']}
    assert found("a.example.", NameServer(zone, terse=True)) is Outcome.ANSWERED


@pytest.mark.parametrize(
    ("zone", "outcome"),
    [
        ({"a.example.": []}, Outcome.NO_DATA),
        ({}, Outcome.NO_NAME),
        ({"a.example.": ["1 CNAME b.example."]}, Outcome.NO_NAME),
        ({"a.example.": ["1 CNAME a.example."]}, Outcome.MALFORMED),
    ],
)
def test_what_is_not_there_is_told_apart(zone: dict[str, list[str]], outcome: Outcome) -> None:
    assert found("a.example.", NameServer(zone, terse=True)) is outcome


@pytest.mark.parametrize("mood", [GARBAGE, SILENT])
def test_no_answer_that_makes_sense_is_no_answer(mood: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert found("a.example.", NameServer({}, {"TXT": mood}), monkeypatch) is Outcome.TIMED_OUT
