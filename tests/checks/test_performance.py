"""What the customer's own key costs: over the wire through the engine, and rule by rule on samples built in sight."""

import asyncio
import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import certifi
import pytest
from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from checks.performance import ByokPerformance, byok_performance
from clauseproof.facts.azure import AzureKey
from clauseproof.facts.google import GoogleKey
from clauseproof.facts.keys import AwsKey
from clauseproof.facts.latency import Latency, Reads
from clauseproof.model.assurance import Assurance
from clauseproof.model.finding import Finding, Outcome
from clauseproof.model.subject import Subject
from clauseproof.model.verdict import Ruling
from clauseproof.sandbox.kms.serving import LoopbackServer
from tests.support.case import outcomes, texts
from tests.support.certificates import authority, leaf
from tests.support.keyruns import judged, said
from tests.support.keys import SENTINEL
from tests.support.proxies import behind
from tests.support.web import https, response

HOLDS, BROKEN, UNKNOWN, NOTE = Outcome.HOLDS, Outcome.BROKEN, Outcome.UNKNOWN, Outcome.NOTE


def claim(**limits_s: float) -> ByokPerformance:
    return ByokPerformance.model_validate({name: timedelta(seconds=limit) for name, limit in limits_s.items()})


# over the wire


@contextmanager
def vendor(delays_s: Iterator[float], status: int = 200) -> Iterator[dict[str, Any]]:
    """A vendor whose reads take as long as the next delay says; gives the data path to it."""

    async def answer(request: Request) -> Response:
        await asyncio.sleep(next(delays_s))
        return PlainTextResponse(SENTINEL, status)

    with LoopbackServer(Starlette(routes=[Route("/record", answer)])) as server:
        yield {"url": f"{server.url}/record", "expect_sentinel": SENTINEL}


KEYS: list[tuple[type[Subject], str]] = [
    (AwsKey, "arn:aws:kms:eu-central-1:111122223333:key/49d865cd-fccb-4aea-84f0-f2c4e79678f9"),
    (GoogleKey, "projects/acme-crm/locations/europe-west3/keyRings/r/cryptoKeys/k"),
    (AzureKey, "https://crm.vault.azure.net/keys/k"),
]


def key_read(
    path: dict[str, Any], baseline: dict[str, Any] | None, cls: type[Subject] = AwsKey, **more: Any
) -> Subject:
    shape = {"reads": 40, "pause": "1 ms", **({"baseline": baseline} if baseline else {}), **more}
    return cls.model_validate({"key": dict(KEYS)[cls], "data_path": path, "latency": shape})


@pytest.mark.parametrize("cls", [cls for cls, _ in KEYS])
def test_a_vendor_that_is_as_fast_as_it_says_is_satisfied_as_observed(cls: type[Subject], tmp_path: Path) -> None:
    with vendor(itertools.repeat(0.0)) as path, vendor(itertools.repeat(0.0)) as baseline:
        key = key_read(path, baseline, cls)
        verdict = judged(key, "byok-performance", claim(median_within=5, median_added=5), tmp_path)
    assert (verdict.ruling, verdict.assurance) == (Ruling.SATISFIED, Assurance.OBSERVED), said(verdict)
    assert "in 40 reads" in said(verdict)


def test_a_vendor_that_is_slower_with_the_customers_key_is_contradicted(tmp_path: Path) -> None:
    with vendor(itertools.repeat(0.2)) as path, vendor(itertools.repeat(0.0)) as baseline:
        key = key_read(path, baseline, reads=20)
        verdict = judged(key, "byok-performance", claim(median_added=0.05), tmp_path)
    assert (verdict.ruling, verdict.assurance) == (Ruling.NOT_SATISFIED, Assurance.OBSERVED)
    assert "Half of all reads took with the customer's key, over those without it," in said(verdict)


def test_a_vendor_that_is_slow_now_and_then_is_left_open_by_few_reads(tmp_path: Path) -> None:
    with vendor(itertools.cycle([0.0, 0.3])) as path:
        verdict = judged(key_read(path, None, reads=20), "byok-performance", claim(median_within=0.15), tmp_path)
    assert verdict.ruling is Ruling.INCONCLUSIVE
    assert "which lies in between. To settle it: more latency.reads" in said(verdict)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"data_path": None}, "give the key a data_path in the profile"),
        ({"latency": {"reads": 20}}, "name latency.baseline on the key"),
    ],
)
def test_what_the_profile_does_not_name_leaves_it_open(tmp_path: Path, change: dict[str, Any], says: str) -> None:
    with vendor(itertools.repeat(0.0)) as path:
        key = AwsKey.model_validate({"key": KEYS[0][1], "data_path": path, **change})
        verdict = judged(key, "byok-performance", claim(median_added=1), tmp_path)
    assert verdict.ruling is Ruling.INCONCLUSIVE
    assert says in said(verdict)


@pytest.mark.parametrize("silent", ["with the key", "without"])
def test_a_side_that_does_not_serve_leaves_it_open(tmp_path: Path, silent: str) -> None:
    with vendor(itertools.repeat(0.0)) as serving, vendor(itertools.repeat(0.0), 503) as failing:
        paths = (failing | {"expect_sentinel": "another sentence"}, serving)
        key = key_read(*(paths if silent == "with the key" else paths[::-1]))
        verdict = judged(key, "byok-performance", claim(median_added=1), tmp_path)
    assert verdict.ruling is Ruling.INCONCLUSIVE
    assert "does not give the record" in said(verdict)


@pytest.mark.parametrize(("limit_s", "expected"), [(5, Ruling.SATISFIED), (1e-6, Ruling.INCONCLUSIVE)])
def test_a_data_path_behind_a_proxy_is_read_and_its_detour_breaks_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit_s: float, expected: Ruling
) -> None:
    root = authority("Public Root")
    (tmp_path / "public.pem").write_bytes(root.pem)
    monkeypatch.setattr(certifi, "where", lambda: str(tmp_path / "public.pem"))
    record = https(leaf(root, "api.crm.example").write(tmp_path), response(200, body=SENTINEL.encode()))
    with behind(record) as (proxy, led):
        path = {"url": "https://api.crm.example/record", "expect_sentinel": SENTINEL, "proxy": proxy}
        verdict = judged(key_read(path, None, reads=20), "byok-performance", claim(median_within=limit_s), tmp_path)
    assert verdict.ruling is expected, said(verdict)
    assert f"went through {proxy}" in said(verdict)
    assert led.asked == ["api.crm.example:443"] * 21


# rule by rule


PROXY = "http://192.0.2.1:3128"


def reads(took_s: list[float | None], codes: tuple[str, ...] = (), proxy: str | None = None) -> Reads:
    return Reads(host="api.crm.example", addresses=("192.0.2.7",), proxy=proxy, took_s=tuple(took_s), codes=codes)


def judge(wanted: ByokPerformance, with_key: Reads, baseline: Reads | None = None) -> list[Finding]:
    return list(byok_performance(wanted, Latency(asked=100, with_key=with_key, baseline=baseline)))


HUNDRED = [n / 1000 for n in range(1, 101)]


def test_the_doubt_of_the_sample_counts_against_the_proof() -> None:
    """Of 1 to 100 ms the median lies between 40 and 61 ms, the 95th percentile between 90 and 100 ms."""
    seen = reads(list(HUNDRED))
    for limit, outcome in ((0.061, HOLDS), (0.060, UNKNOWN), (0.0401, UNKNOWN), (0.0399, BROKEN)):
        assert outcomes(judge(claim(median_within=limit), seen)) == [outcome], limit
    for limit, outcome in ((0.1, HOLDS), (0.099, UNKNOWN), (0.0899, BROKEN)):
        assert outcomes(judge(claim(p95_within=limit), seen)) == [outcome], limit


def test_too_few_reads_show_nothing_of_the_slowest() -> None:
    assert outcomes(judge(claim(p95_within=3600), reads([0.01] * 71))) == [UNKNOWN]
    assert outcomes(judge(claim(p95_within=3600), reads([0.01] * 72))) == [HOLDS]


def test_no_read_at_all_decides_nothing() -> None:
    findings = judge(claim(median_within=1), reads([]))
    assert outcomes(findings) == [UNKNOWN]
    assert "an unknown time" in texts(findings)


def test_reads_that_gave_no_record_are_slow_where_the_limit_would_be_kept_and_fast_where_it_would_be_broken() -> None:
    lost = [0.01] * 61 + [None] * 39
    findings = judge(claim(median_within=1), reads(lost, ("Timeout",)))
    assert [finding.outcome for finding in findings] == [HOLDS, NOTE]
    assert "39 of 100 reads from api.crm.example gave no record: Timeout" in texts(findings)
    assert outcomes(judge(claim(median_within=1), reads([0.01] * 50 + [None] * 50))) == [UNKNOWN]
    assert outcomes(judge(claim(p95_within=1), reads([2.0] * 10 + [None] * 90))) == [UNKNOWN]


def test_what_is_added_is_the_difference_with_the_doubt_of_both_sides() -> None:
    slower = reads([took + 0.1 for took in HUNDRED])
    for limit, outcome in ((0.121, HOLDS), (0.12, UNKNOWN), (0.08, UNKNOWN), (0.078, BROKEN)):
        assert outcomes(judge(claim(median_added=limit), slower, reads(list(HUNDRED)))) == [outcome], limit


def test_a_key_that_makes_reads_faster_adds_nothing() -> None:
    findings = judge(claim(p95_added=0.05), reads(list(HUNDRED)), reads([took + 1 for took in HUNDRED]))
    assert outcomes(findings) == [HOLDS]
    assert "-1 s or less" in texts(findings)


def test_a_limit_that_is_kept_with_a_proxy_on_the_way_is_kept_and_one_that_is_not_stays_open() -> None:
    seen = reads(list(HUNDRED), proxy=PROXY)
    for limit, outcome in ((0.061, HOLDS), (0.060, UNKNOWN), (0.0399, UNKNOWN)):
        findings = judge(claim(median_within=limit), seen)
        assert outcomes(findings) == [outcome], limit
        assert PROXY in texts(findings)
        assert ("read from where the vendor is reached directly" in texts(findings)) is (limit < 0.04)


def test_what_is_added_is_judged_where_both_sides_were_read_through_the_same_proxy() -> None:
    slower = reads([took + 0.1 for took in HUNDRED], proxy=PROXY)
    for limit, outcome in ((0.121, HOLDS), (0.12, UNKNOWN), (0.078, BROKEN)):
        assert outcomes(judge(claim(median_added=limit), slower, reads(list(HUNDRED), proxy=PROXY))) == [outcome], limit


@pytest.mark.parametrize("ways", [(PROXY, None), (None, PROXY), (PROXY, "socks5://192.0.2.1:1080")])
def test_sides_that_were_read_on_different_ways_cannot_be_compared(ways: tuple[str | None, str | None]) -> None:
    with_key, baseline = (reads(list(HUNDRED), proxy=proxy) for proxy in ways)
    findings = judge(claim(median_added=9), with_key, baseline)
    assert outcomes(findings) == [UNKNOWN]
    assert "name the same proxy on both" in texts(findings)


def test_reads_of_before_went_directly() -> None:
    facts = Latency(asked=1, with_key=reads([0.1]), baseline=None)
    both = facts.model_copy(update={"baseline": reads([0.2])})
    for one in (facts, both):
        old = one.model_dump(mode="json")
        for side in filter(None, (old["with_key"], old["baseline"])):
            del side["proxy"]
        assert Latency.load(1, old) == one


def test_a_claim_without_a_limit_is_none() -> None:
    with pytest.raises(ValidationError, match="name a limit"):
        ByokPerformance()
