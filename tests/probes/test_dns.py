"""What resolvers say of a name, kept apart and never rounded up."""

import asyncio

import pytest

from clauseproof.facts.dns import Answer, Origin, Outcome, Resolution
from clauseproof.facts.endpoint import Endpoint
from clauseproof.model.errors import Unreachable
from clauseproof.model.look import Look
from clauseproof.model.profile import Network
from clauseproof.model.unseen import Reason
from clauseproof.probes.dns import resolution
from clauseproof.probes.resolver import Server, read_server, system_servers
from tests.support.dns import GARBAGE, SILENT, NameServer, serving

API = Endpoint(endpoint="https://api.crm.example")


def resolve(endpoint: Endpoint, *servers: NameServer) -> Resolution:
    look = Look(network=Network(resolvers=tuple(server.text for server in servers)))
    return asyncio.run(resolution(endpoint, look))


def only(facts: Resolution, type_: str) -> Answer:
    (answer,) = [answer for view in facts.views for answer in view.answers if answer.type == type_]
    return answer


def test_every_address_of_both_families_is_found_with_its_time_to_live() -> None:
    zone = {"api.crm.example.": ["300 A 9.9.9.9", "300 A 1.1.1.1", "60 AAAA 2620:fe::fe"]}
    with serving(NameServer(zone)) as server:
        facts = resolve(API, server)
    assert facts.origin is Origin.RESOLVERS
    assert facts.reachable == ("1.1.1.1", "9.9.9.9", "2620:fe::fe")
    assert facts.missing == ()
    assert (only(facts, "A").ttl_s, only(facts, "AAAA").ttl_s) == (300, 60)


def test_views_of_two_resolvers_are_kept_and_their_addresses_joined() -> None:
    with (
        serving(NameServer({"api.crm.example.": ["60 A 1.1.1.1"]})) as one,
        serving(NameServer({"api.crm.example.": ["60 A 9.9.9.9"]})) as two,
    ):
        facts = resolve(API, one, two)
        assert [view.resolver for view in facts.views] == [one.text, two.text]
    assert facts.reachable == ("1.1.1.1", "9.9.9.9")


def test_a_chain_of_aliases_is_kept_in_order() -> None:
    zone = {
        "api.crm.example.": ["300 CNAME lb.crm.example."],
        "lb.crm.example.": ["30 CNAME eu.crm.example."],
        "eu.crm.example.": ["600 A 1.1.1.1"],
    }
    with serving(NameServer(zone)) as server:
        answer = only(resolve(API, server), "A")
    assert answer.aliases == ("lb.crm.example", "eu.crm.example")
    assert (answer.addresses, answer.ttl_s) == (("1.1.1.1",), 30)


def test_a_chain_that_the_server_leaves_open_is_followed_by_asking_again() -> None:
    zone = {"api.crm.example.": ["300 CNAME lb.crm.example."], "lb.crm.example.": ["20 A 1.1.1.1"]}
    with serving(NameServer(zone, terse=True)) as server:
        answer = only(resolve(API, server), "A")
        assert "UDP lb.crm.example. A" in server.asked
    assert (answer.aliases, answer.addresses, answer.ttl_s) == (("lb.crm.example",), ("1.1.1.1",), 20)


def test_aliases_that_run_in_a_circle_end() -> None:
    zone = {"api.crm.example.": ["1 CNAME b.example."], "b.example.": ["1 CNAME api.crm.example."]}
    with serving(NameServer(zone, terse=True)) as server:
        facts = resolve(API, server)
        assert len(server.asked) <= 2 * 8
    assert only(facts, "A").outcome is Outcome.MALFORMED
    assert "CNAME chain that does not end" in only(facts, "A").detail
    assert facts.reachable == ()


def test_an_alias_into_nothing_is_kept() -> None:
    with serving(NameServer({"api.crm.example.": ["1 CNAME gone.example."]}, terse=True)) as server:
        answer = only(resolve(API, server), "A")
    assert (answer.outcome, answer.aliases) == (Outcome.NO_NAME, ("gone.example",))


@pytest.mark.parametrize(
    ("mood", "outcome", "reason"),
    [
        ("SERVFAIL", Outcome.SERVER_FAILURE, Reason.UNREACHABLE),
        ("REFUSED", Outcome.REFUSED, Reason.UNREACHABLE),
        ("NOTIMP", Outcome.SERVER_FAILURE, Reason.UNREACHABLE),
        (SILENT, Outcome.TIMED_OUT, Reason.DEADLINE),
        (GARBAGE, Outcome.TIMED_OUT, Reason.DEADLINE),
    ],
)
def test_a_question_nobody_answers_leaves_a_gap_beside_the_addresses_found(
    mood: str, outcome: Outcome, reason: Reason, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("clauseproof.probes.resolver._PATIENCE_S", (0.1, 0.1))
    zone = {"api.crm.example.": ["60 A 1.1.1.1"]}
    with serving(NameServer(zone, moods={"AAAA": mood})) as server:
        facts = resolve(API, server)
    assert only(facts, "AAAA").outcome is outcome
    assert facts.reachable == ("1.1.1.1",)
    (gap,) = facts.missing
    assert gap.reason is reason
    assert "which AAAA records api.crm.example has is not fully known" in gap.text


def test_a_name_that_does_not_exist_is_told_from_one_without_addresses() -> None:
    with serving(NameServer({"mail.crm.example.": ["60 MX 1 a."], "crm.example.": []})) as server:
        absent = resolve(API, server)
        empty = resolve(Endpoint(endpoint="https://crm.example"), server)
    assert only(absent, "A").outcome is Outcome.NO_NAME
    assert "does not exist" in absent.missing[0].text
    assert only(empty, "A").outcome is Outcome.NO_DATA
    assert "has no address" in empty.missing[0].text


def test_of_the_resolvers_a_profile_names_each_must_answer() -> None:
    zone = {"api.crm.example.": ["60 A 1.1.1.1"]}
    with serving(NameServer(zone)) as good, serving(NameServer(zone, moods={"A": "SERVFAIL"})) as bad:
        (gap,) = resolve(API, good, bad).missing
        assert bad.text in gap.text
        assert good.text not in gap.text


def test_a_resolver_that_nothing_can_be_sent_to_says_nothing() -> None:
    facts = resolve(API, NameServer({}, address="127.0.0.1", port=1))
    assert only(facts, "A").outcome in (Outcome.UNREACHABLE, Outcome.TIMED_OUT)
    assert {gap.reason for gap in facts.missing} <= {Reason.UNREACHABLE, Reason.DEADLINE}
    assert facts.missing


def test_a_truncated_answer_is_asked_for_again_by_tcp() -> None:
    zone = {"api.crm.example.": ["60 A 1.1.1.1"]}
    with serving(NameServer(zone, truncates=True)) as server:
        assert resolve(API, server).reachable == ("1.1.1.1",)
        assert "TCP api.crm.example. A" in server.asked


def test_more_addresses_than_are_taken_leave_a_gap() -> None:
    zone = {"api.crm.example.": [f"60 A 8.8.{i // 250}.{i % 250}" for i in range(100)]}
    with serving(NameServer(zone)) as server:
        facts = resolve(API, server)
    assert len(facts.reachable) == 64
    assert "100 addresses, of which 64 were taken" in facts.missing[0].text


@pytest.mark.parametrize("address", ["10.0.0.1", "127.0.0.9", "192.168.3.4", "100.64.0.1", "172.16.0.1"])
def test_a_private_address_is_recorded_and_not_followed(address: str) -> None:
    with serving(NameServer({"api.crm.example.": [f"60 A {address}", "60 A 1.1.1.1"]})) as server:
        facts = resolve(API, server)
    assert facts.reachable == ("1.1.1.1",)
    (gap,) = facts.missing
    assert gap.reason is Reason.NOT_PERMITTED
    assert "private_addresses: true" in gap.remedy


def test_a_private_address_is_followed_where_the_profile_says_so() -> None:
    vendor = API.model_copy(update={"private_addresses": True})
    with serving(NameServer({"api.crm.example.": ["60 A 127.0.0.9"]})) as server:
        assert resolve(vendor, server).reachable == ("127.0.0.9",)


@pytest.mark.parametrize("record", ["A 169.254.169.254", "A 224.0.0.1", "A 0.0.0.0", "AAAA ::ffff:169.254.169.254"])
def test_addresses_where_no_vendor_can_be_are_never_followed(record: str) -> None:
    vendor = API.model_copy(update={"private_addresses": True})
    with serving(NameServer({"api.crm.example.": [f"60 {record}"]})) as server:
        facts = resolve(vendor, server)
    assert facts.reachable == ()
    assert len(facts.missing) == 1


def test_fixed_addresses_are_taken_without_asking_and_said_to_be_fixed() -> None:
    facts = asyncio.run(resolution(Endpoint(endpoint="https://api.crm.example", addresses=("127.0.0.9",)), Look()))
    assert (facts.origin, facts.reachable, facts.views) == (Origin.PROFILE, ("127.0.0.9",), ())


def test_an_address_in_place_of_a_name_needs_no_resolver() -> None:
    facts = asyncio.run(resolution(Endpoint(endpoint="https://[::1]:8443"), Look()))
    assert (facts.origin, facts.reachable) == (Origin.LITERAL, ("::1",))


def test_resolvers_are_read_as_the_profile_documents_them() -> None:
    assert read_server("192.0.2.53") == Server("192.0.2.53", 53)
    assert read_server("127.0.0.1:5353") == Server("127.0.0.1", 5353)
    assert read_server("2001:db8::53") == Server("2001:db8::53", 53)
    assert str(read_server("[::1]:5353")) == "[::1]:5353"


@pytest.mark.parametrize("text", ["resolver.example", "127.0.0.1:x", "127.0.0.1:99999", "", "[::1]x"])
def test_a_resolver_that_is_no_address_is_named(text: str) -> None:
    with pytest.raises(Unreachable) as caught:
        read_server(text)
    assert repr(text) in caught.value.what
    assert "network.resolvers" in caught.value.what_to_do


def test_a_machine_without_resolvers_says_where_to_name_some(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(self: object, filename: str = "") -> None:
        import dns.resolver

        raise dns.resolver.NoResolverConfiguration

    monkeypatch.setattr("dns.resolver.Resolver.read_resolv_conf", none)
    with pytest.raises(Unreachable, match="names no resolvers"):
        system_servers()


def test_facts_survive_being_written_and_read() -> None:
    with serving(NameServer({"api.crm.example.": ["60 A 127.0.0.9"]})) as server:
        facts = resolve(API, server)
    assert Resolution.load(Resolution.version, facts.model_dump(mode="json", by_alias=True)) == facts
