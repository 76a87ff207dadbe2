"""The TLS floor: what two engines say, apart and together."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from pydantic import ValidationError

from checks.tls_floor import Opinion, TlsFloor, agree, tls_floor
from clauseproof.facts.hello import AddressOffers, Answers, Decision, Exchange, Nameless, Offers
from clauseproof.facts.manner import Depth, StartTls, Way
from clauseproof.facts.tls import AddressScan, Answer, Attempt, Scan, TlsVersion, VersionLooks
from clauseproof.model.assurance import Assurance
from clauseproof.model.case import Case
from clauseproof.model.finding import Finding, Outcome
from clauseproof.model.unseen import Reason, Unseen
from clauseproof.model.verdict import Ruling, fold
from clauseproof.probes.hello.decide import decide_groups, decide_version
from clauseproof.probes.hello.plan import VERSIONS
from tests.support.case import case, outcomes, texts
from tests.support.certificates import authority, leaf
from tests.support.exchanges import CLOSED, GARBAGE, SILENT, Said, alert, asked, chose

NAME = "api.crm.example"
T = TlsVersion
GAP = Unseen(reason=Reason.DEADLINE, text="which AAAA records api.crm.example has is not fully known", remedy="run")
NO_LEAVE = Unseen(reason=Reason.NOT_PERMITTED, text="the profile has no permission for looks of class scan", remedy="x")
NO_DEEP = Unseen(reason=Reason.UNKNOWABLE, text="a fast look makes no deep scan", remedy="write depth: full")
FAILED = Unseen(reason=Reason.FAILED, text="sslyze failed", remedy="run again")
PROTOCOL_VERSION = alert(70)
HOLDER = leaf(authority(), NAME)


def tier(number: int) -> Case:
    circumstances = case()
    return replace(circumstances, clause=replace(circumstances.clause, tier=number))


def answers(*accepted: TlsVersion, otherwise: Said = PROTOCOL_VERSION, once: bool = False) -> Answers:
    """An address that accepts these versions, each seen twice, and answers any other in one way."""
    log: list[Exchange] = []
    for version in VERSIONS:
        said = chose(version) if version in accepted else otherwise
        log += [asked(version, said, len(log) + n / 10) for n in range(1 if once else 2)]
    return Answers(
        versions=tuple(decide_version(version, log) for version in reversed(VERSIONS)),
        nameless=None,
        groups=decide_groups(log),
        exchanges=tuple(log),
    )


def offers(*per_address: Answers | Unseen, missing: tuple[Unseen, ...] = (), depth: Depth = Depth.FULL) -> Offers:
    """An endpoint at 192.0.2.1, 192.0.2.2 and so on."""
    return Offers(
        host=NAME,
        port=443,
        server_name=NAME,
        starttls=None,
        way=Way.DIRECT,
        depth=depth,
        engine="test",
        per_address=tuple(
            AddressOffers(address=f"192.0.2.{n}", answers=one, connections=2) for n, one in enumerate(per_address, 1)
        ),
        behind=None,
        missing=missing,
    )


YES, NO = Answer.ACCEPTED, Answer.REFUSED


def looks(*answers: Answer | tuple[Answer, ...]) -> tuple[VersionLooks, ...]:
    """What the deep scan saw, from SSL 2.0 to TLS 1.3; a tuple stands for several looks."""
    return tuple(
        VersionLooks(version=version, looks=tuple(map(attempt, answer if isinstance(answer, tuple) else (answer,))))
        for version, answer in zip(TlsVersion, answers, strict=True)
    )


def attempt(answer: Answer) -> Attempt:
    return Attempt(answer=answer, suites=("TLS_X",) if answer is YES else (), rest=None, replies=(), engine="test")


def scan(*per_address: tuple[VersionLooks, ...] | Unseen) -> Scan:
    found = tuple(AddressScan(address=f"192.0.2.{n}", versions=one) for n, one in enumerate(per_address, 1))
    return Scan(host=NAME, port=443, server_name=NAME, per_address=found, missing=())


def floor(
    seen: Offers, deep: Scan | Unseen = NO_LEAVE, at_least: TlsVersion = T.TLS1_3, circumstances: Case | None = None
) -> list[Finding]:
    return list(tls_floor(TlsFloor(at_least=at_least), seen, deep, circumstances or tier(1)))


def ruling(findings: Iterator[Finding] | list[Finding]) -> Ruling:
    return fold(findings, Assurance.STATED)[0]


MODERN = answers(T.TLS1_3)
MODERN_LOOKS = looks(NO, NO, NO, NO, NO, YES)


# one engine


def test_one_engine_is_enough_where_the_other_may_not_look() -> None:
    findings = floor(offers(MODERN))
    assert outcomes(findings) == [Outcome.HOLDS]
    assert findings[0].assurance is Assurance.OBSERVED
    assert findings[0].about == "192.0.2.1"
    assert findings[0].text == (
        "api.crm.example (192.0.2.1) accepted TLS 1.3 and refused SSL 3.0, TLS 1.0, TLS 1.1, TLS 1.2 "
        "(one engine: the profile has no permission for looks of class scan)"
    )


def test_a_fast_look_is_one_engine_and_says_so() -> None:
    findings = floor(offers(MODERN, depth=Depth.FAST), NO_DEEP)
    assert ruling(findings) is Ruling.SATISFIED
    assert "one engine: the profile asks for a fast look" in texts(findings)


@pytest.mark.parametrize("version", VERSIONS[1:])
def test_any_older_version_seen_twice_breaks_it(version: TlsVersion) -> None:
    findings = floor(offers(answers(T.TLS1_3, version)))
    assert ruling(findings) is Ruling.NOT_SATISFIED
    assert f"accepted {version}; TLS 1.3 or newer is required" in texts(findings)
    assert "TLS 1.3 or newer is required (one engine" in texts(findings)


def test_an_older_version_seen_once_is_undecided() -> None:
    findings = floor(offers(answers(T.TLS1_3, T.TLS1_2, once=True)))
    assert ruling(findings) is Ruling.INCONCLUSIVE
    assert "may accept TLS 1.2" in texts(findings)


@pytest.mark.parametrize("said", [SILENT, alert(80), CLOSED])
def test_an_answer_that_proves_nothing_is_undecided_and_shown(said: Said) -> None:
    findings = floor(offers(answers(T.TLS1_3, otherwise=said)))
    assert ruling(findings) is Ruling.INCONCLUSIVE
    shown = "alert internal_error (80) x 2" if said[1] else f"{said[0]} x 2"
    assert outcomes(findings) == [Outcome.UNKNOWN]
    assert f"may accept SSL 3.0, TLS 1.0, TLS 1.1, TLS 1.2 (our hellos: {shown})" in texts(findings)


def test_refusing_everything_is_no_way_to_keep_it() -> None:
    findings = floor(offers(answers()))
    assert ruling(findings) is Ruling.INCONCLUSIVE
    assert "was not seen to speak TLS 1.3 or newer" in texts(findings)


def test_a_lower_floor_lets_the_versions_above_it_be() -> None:
    assert ruling(floor(offers(answers(T.TLS1_2, T.TLS1_3)), at_least=T.TLS1_2)) is Ruling.SATISFIED
    assert ruling(floor(offers(MODERN), at_least=T.TLS1_2)) is Ruling.SATISFIED
    assert ruling(floor(offers(answers(T.TLS1_2, once=True)), at_least=T.TLS1_2)) is Ruling.SATISFIED


def test_the_worst_address_decides() -> None:
    findings = floor(offers(MODERN, answers(T.TLS1_0, T.TLS1_3), MODERN))
    assert ruling(findings) is Ruling.NOT_SATISFIED
    assert [f.about for f in findings if f.outcome is Outcome.BROKEN] == ["192.0.2.2"]


def test_an_address_that_was_not_seen_keeps_it_open() -> None:
    assert ruling(floor(offers(MODERN, GAP))) is Ruling.INCONCLUSIVE
    assert ruling(floor(offers(MODERN, missing=(GAP,)))) is Ruling.INCONCLUSIVE


def test_no_address_is_no_pass() -> None:
    assert outcomes(floor(offers())) == [Outcome.UNKNOWN]


@pytest.mark.parametrize("otherwise", [SILENT, GARBAGE, CLOSED])
def test_an_address_that_never_speaks_tls_may_want_another_protocol_first(otherwise: Said) -> None:
    findings = floor(offers(answers(otherwise=otherwise)))
    assert ruling(findings) is Ruling.INCONCLUSIVE
    assert "if a plain protocol comes first, name it for this endpoint, as in starttls: smtp" in texts(findings)
    named = offers(answers(otherwise=otherwise)).model_copy(update={"starttls": StartTls.SMTP})
    for facts in (named, offers(answers(T.TLS1_3, otherwise=otherwise))):
        assert "starttls" not in texts(floor(facts))


def test_a_version_that_does_not_exist_is_no_floor() -> None:
    with pytest.raises(ValidationError, match=r"TLS 1\.3"):
        TlsFloor.model_validate({"at_least": "TLS 1.4"})
    assert TlsFloor.model_validate({"at_least": "TLS 1.2"}).at_least is TlsVersion.TLS1_2


# two engines


def test_two_engines_that_agree_keep_it() -> None:
    findings = floor(offers(MODERN), scan(MODERN_LOOKS))
    assert ruling(findings) is Ruling.SATISFIED
    assert "refused SSL 2.0, SSL 3.0, TLS 1.0, TLS 1.1, TLS 1.2 (two engines)" in texts(findings)


def test_two_engines_that_agree_break_it() -> None:
    findings = floor(offers(answers(T.TLS1_2, T.TLS1_3)), scan(looks(NO, NO, NO, NO, (YES, YES), YES)))
    assert ruling(findings) is Ruling.NOT_SATISFIED
    assert "sslyze: accepted (TLS_X), then accepted (TLS_X)" in texts(findings)
    assert "(two engines)" in texts(findings)


@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize(
    ("own", "deep"),
    [
        (answers(T.TLS1_2, T.TLS1_3), MODERN_LOOKS),
        (MODERN, looks(NO, NO, NO, NO, (YES, YES), YES)),
        (MODERN, looks(NO, NO, NO, NO, NO, NO)),
        (answers(), MODERN_LOOKS),
    ],
)
def test_engines_that_disagree_leave_it_open_in_any_tier(
    own: Answers, deep: tuple[VersionLooks, ...], number: int
) -> None:
    findings = floor(offers(own), scan(deep), circumstances=tier(number))
    assert ruling(findings) is Ruling.INCONCLUSIVE
    assert "the engines disagree" in texts(findings)


@pytest.mark.parametrize("answer", [Answer.SILENT, Answer.UNCLEAR, YES, (YES, NO)])
def test_in_tier_1_both_engines_must_see_a_refusal_and_one_an_acceptance(answer: Answer | tuple[Answer, ...]) -> None:
    deep = scan(looks(NO, NO, NO, NO, answer, YES))
    assert ruling(floor(offers(MODERN), deep)) is Ruling.INCONCLUSIVE
    assert ruling(floor(offers(MODERN), deep, circumstances=tier(2))) is Ruling.SATISFIED
    accepting = offers(answers(T.TLS1_2, T.TLS1_3))
    assert ruling(floor(accepting, deep)) is Ruling.NOT_SATISFIED
    assert ruling(floor(accepting, deep, circumstances=tier(2))) is Ruling.NOT_SATISFIED


def test_the_deep_scan_alone_may_know_in_a_lower_tier() -> None:
    own, deep = offers(answers(T.TLS1_3, otherwise=SILENT)), scan(MODERN_LOOKS)
    assert ruling(floor(own, deep)) is Ruling.INCONCLUSIVE
    assert ruling(floor(own, deep, circumstances=tier(3))) is Ruling.SATISFIED


def test_a_closed_connection_counts_for_the_deep_scan_only_beside_an_accepted_version() -> None:
    closed = Answer.CLOSED
    assert ruling(floor(offers(MODERN), scan(looks(closed, closed, closed, closed, closed, YES)))) is Ruling.SATISFIED
    silent = looks(closed, closed, closed, closed, closed, Answer.SILENT)
    assert ruling(floor(offers(MODERN), scan(silent))) is Ruling.INCONCLUSIVE


@pytest.mark.parametrize("deep", [FAILED, scan(FAILED), scan()])
def test_a_deep_scan_that_may_look_and_fails_is_no_agreement(deep: Scan | Unseen) -> None:
    assert ruling(floor(offers(MODERN), deep)) is Ruling.INCONCLUSIVE
    findings = floor(offers(MODERN), deep, circumstances=tier(2))
    assert ruling(findings) is Ruling.SATISFIED
    assert "one engine: " in texts(findings)


def test_two_server_hellos_of_an_older_version_need_no_deep_scan_that_succeeds() -> None:
    for deep in (FAILED, scan(FAILED)):
        findings = floor(offers(answers(T.SSL3_0)), deep)
        assert ruling(findings) is Ruling.NOT_SATISFIED
        assert "accepted SSL 3.0; TLS 1.3 or newer is required (one engine: " in texts(findings)


def test_ssl_2_0_is_the_deep_scans_to_see() -> None:
    findings = floor(offers(MODERN), scan(looks((YES, YES), NO, NO, NO, NO, YES)))
    assert ruling(findings) is Ruling.NOT_SATISFIED
    assert "accepted SSL 2.0" in texts(findings)


def test_a_version_that_the_deep_scan_never_tried_is_not_agreed_on() -> None:
    deep = (VersionLooks(version=T.TLS1_3, looks=(attempt(YES),)),)
    findings = floor(offers(MODERN), scan(deep))
    assert ruling(findings) is Ruling.INCONCLUSIVE
    assert "sslyze: not tried" in texts(findings)


@pytest.mark.parametrize(
    ("opinions", "both", "together"),
    [
        ([], True, None),
        ([True], True, True),
        ([False], True, False),
        ([None], False, None),
        ([True, True], True, True),
        ([False, False], True, False),
        ([True, False], False, None),
        ([False, True], True, None),
        ([True, None], True, True),
        ([None, False], True, None),
        ([True, None], False, True),
        ([None, False], False, False),
        ([None, None], False, None),
    ],
)
def test_opinions_together(opinions: list[bool | None], both: bool, together: bool | None) -> None:
    assert agree([Opinion(one, "words") for one in opinions], both=both).accepts is together


# without a server name


def nameless(accepted: TlsVersion | None, times: int, certificate: bytes | None) -> Offers:
    decision = Decision.ACCEPTED if accepted else Decision.UNKNOWN
    seen = Nameless(decision=decision, because=None, accepted=accepted, times=times, certificate=certificate)
    return offers(MODERN.model_copy(update={"nameless": seen}))


def test_an_older_version_without_a_name_breaks_it_where_the_certificate_is_the_endpoints() -> None:
    findings = floor(nameless(T.TLS1_2, 2, HOLDER.chain[0]))
    assert ruling(findings) is Ruling.NOT_SATISFIED
    assert "TLS 1.2 from a client that sends no server name, with a certificate for api.crm.example" in texts(findings)


def test_what_is_accepted_with_a_name_is_not_said_again_without() -> None:
    seen = nameless(T.TLS1_2, 2, HOLDER.chain[0]).per_address[0].answers
    assert isinstance(seen, Answers)
    both = answers(T.TLS1_2, T.TLS1_3).model_copy(update={"nameless": seen.nameless})
    assert outcomes(floor(offers(both))) == [Outcome.BROKEN]


def test_a_stranger_behind_the_same_address_is_a_note() -> None:
    other = leaf(authority(), "default.cdn.example")
    findings = floor(nameless(T.TLS1_0, 2, other.chain[0]))
    assert ruling(findings) is Ruling.SATISFIED
    assert "a certificate that is not for api.crm.example" in texts(findings)


@pytest.mark.parametrize(("times", "certificate"), [(2, None), (1, HOLDER.chain[0])])
def test_whose_server_it_is_must_be_seen_twice(times: int, certificate: bytes | None) -> None:
    assert ruling(floor(nameless(T.TLS1_2, times, certificate))) is Ruling.INCONCLUSIVE


def test_what_is_new_enough_or_unknown_without_a_name_changes_nothing() -> None:
    assert outcomes(floor(nameless(None, 0, None))) == [Outcome.HOLDS]
    findings = floor(nameless(T.TLS1_2, 2, HOLDER.chain[0]), at_least=T.TLS1_2)
    assert outcomes(findings) == [Outcome.HOLDS]
