"""Every claim about keys, on a key that the vendor fetches from the buyer's own key service."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from checks.custody import Byok, DeletionWindow, HsmProtection, Hyok, KeyLocation
from checks.drills import RevocationDrill
from checks.keylog import KeyUsageLog
from checks.keys import CustomerManagedKey, RotationSchedule
from checks.location import EndpointLocation
from checks.performance import ByokPerformance
from checks.separation import DistinctKeys, KeySeparation
from clauseproof.facts.keyservice import FetchedKey
from clauseproof.model.assurance import Assurance
from clauseproof.model.claim import Claim
from clauseproof.model.verdict import Ruling, Verdict
from clauseproof.sandbox.fetching import Habit
from clauseproof.sandbox.kms.faults import EVERY, Faults
from tests.support.keyruns import judged, judged_together, said
from tests.support.keys import NOW
from tests.support.keyservice import NAME, OURS, VENDOR, House, house, line, words

SATISFIED, NOT_SATISFIED, INCONCLUSIVE = Ruling.SATISFIED, Ruling.NOT_SATISFIED, Ruling.INCONCLUSIVE
HOUR = timedelta(hours=1)
OWNED = CustomerManagedKey(owner_account="acme-keys")
FETCHED = Hyok(fetched=True)


class Logged:
    """A key of which only the log is known."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def key(self, *lines: str, **more: Any) -> FetchedKey:
        file = self.folder / "k.jsonl"
        file.write_text("".join(f"{one}\n" for one in lines))
        said = {"key_service": NAME, "owner": "acme-keys", "vendor": [VENDOR], "log": {"file": str(file)}}
        return FetchedKey.model_validate({**said, **more})

    def judged(self, kind: str, claim: Claim, *lines: str, **more: Any) -> Verdict:
        return judged(self.key(*lines, **more), kind, claim, self.folder)


@pytest.fixture
def logged(tmp_path: Path) -> Logged:
    return Logged(tmp_path)


SERVED = line(NOW - HOUR)
REFUSED = line(NOW - HOUR, outcome="refused")

# customer-managed-key


def test_a_key_that_the_vendor_fetches_is_the_buyers_by_the_buyers_own_word(logged: Logged) -> None:
    verdict = logged.judged("customer-managed-key", OWNED, SERVED)
    assert (verdict.ruling, verdict.assurance) == (SATISFIED, Assurance.STATED), said(verdict)
    assert "from which the log shows that the vendor fetches it" in said(verdict)


def test_another_owner_than_the_clause_names_contradicts(logged: Logged) -> None:
    verdict = logged.judged("customer-managed-key", OWNED, SERVED, owner="other-keys")
    assert verdict.ruling is NOT_SATISFIED
    assert "belongs to the profile's owner other-keys, not to acme-keys" in said(verdict)


@pytest.mark.parametrize("lines", [(), (line(NOW, caller="mallory"),), (line(NOW, key="another"),), ("{",)])
@pytest.mark.parametrize(("kind", "claim"), [("customer-managed-key", OWNED), ("hyok", FETCHED), ("byok", Byok())])
def test_without_a_fetch_by_the_vendor_nothing_shows_whose_key_it_uses(
    logged: Logged, kind: str, claim: Claim, lines: tuple[str, ...]
) -> None:
    verdict = logged.judged(kind, claim, *lines)
    assert verdict.ruling is INCONCLUSIVE
    assert f"has no fetch of {NAME} by {VENDOR}" in said(verdict)
    assert "To settle it: a log that goes back further" in said(verdict)


# hyok, byok


def test_a_key_that_is_handed_over_holds_only_where_the_clause_lets_it_be(logged: Logged) -> None:
    verdict = logged.judged("hyok", FETCHED, SERVED)
    assert (verdict.ruling, verdict.assurance) == (SATISFIED, Assurance.REPORTED)
    assert "the log shows that the vendor fetches it from there" in said(verdict)
    assert logged.judged("hyok", Hyok(), SERVED).ruling is NOT_SATISFIED


@pytest.mark.parametrize(("kind", "claim"), [("hyok", Hyok()), ("byok", Byok())])
def test_that_a_service_hands_out_data_keys_alone_is_the_profiles_word(logged: Logged, kind: str, claim: Claim) -> None:
    verdict = logged.judged(kind, claim, SERVED, hands_out="data-key")
    assert (verdict.ruling, verdict.assurance) == (SATISFIED, Assurance.STATED), said(verdict)
    assert "which hands out data keys alone, as the profile says" in said(verdict)


def test_a_key_that_was_last_refused_is_not_in_use(logged: Logged) -> None:
    verdict = logged.judged("hyok", FETCHED, line(NOW - 2 * HOUR), REFUSED)
    assert verdict.ruling is INCONCLUSIVE
    assert "No material of the key is in use at present (disabled)" in said(verdict)


def test_hyok_knows_the_host_from_the_keys_url_only(logged: Logged) -> None:
    url = "https://keys.acme.example/v1/crm"
    here = Hyok(fetched=True, hosts=("keys.acme.example",))
    fetched = line(NOW - HOUR, key=url)
    told = logged.judged("hyok", here, fetched, key_service=url)
    assert (told.ruling, told.assurance) == (SATISFIED, Assurance.STATED), "the log names no host"
    elsewhere = Hyok(fetched=True, hosts=("keys.other.example",))
    assert logged.judged("hyok", elsewhere, fetched, key_service=url).ruling is NOT_SATISFIED
    unsaid = logged.judged("hyok", here, SERVED)
    assert unsaid.ruling is INCONCLUSIVE
    assert "write key_service as the key's URL" in said(unsaid)


def test_what_is_fetched_was_brought_and_how_long_it_stays_is_not_shown(logged: Logged) -> None:
    assert logged.judged("byok", Byok(), SERVED).ruling is SATISFIED
    verdict = logged.judged("byok", Byok(expires_within=8 * HOUR), SERVED)
    assert verdict.ruling is INCONCLUSIVE
    assert "To settle it: key-cache" in said(verdict)


# what a log cannot know


@pytest.mark.parametrize(
    ("kind", "claim", "needs"),
    [
        ("hsm-protection", HsmProtection(fips_level=3), "an attestation of the external key manager"),
        ("key-location", KeyLocation(partition="aws"), "judge this key by endpoint-location"),
        ("rotation-schedule", RotationSchedule(every=timedelta(days=365)), "the key service's record of rotations"),
        ("deletion-window", DeletionWindow(at_most=timedelta(days=30)), "the key service's settings for the key"),
    ],
)
def test_what_the_log_cannot_know_is_inconclusive_with_what_could(
    logged: Logged, kind: str, claim: Claim, needs: str
) -> None:
    verdict = logged.judged(kind, claim, SERVED)
    assert verdict.ruling is INCONCLUSIVE
    assert needs in said(verdict)


def test_the_key_service_is_a_place_for_the_checks_of_location(logged: Logged) -> None:
    url = "https://127.0.0.1:8443/v1/crm"
    claim = EndpointLocation(outside=("US",))
    found = logged.judged("endpoint-location", claim, line(NOW - HOUR, key=url), key_service=url)
    assert "name one in sources.countries" in said(found)
    assert "write key_service as the key's URL" in said(logged.judged("endpoint-location", claim, SERVED))


# key-separation, distinct-keys

ALLOWED = KeySeparation(allowed=(f"caller:{OURS}",), vendor=(f"caller:{VENDOR}",))


def test_a_caller_off_the_list_that_was_served_contradicts(logged: Logged) -> None:
    verdict = logged.judged("key-separation", ALLOWED, SERVED, line(NOW, caller="mallory"))
    assert (verdict.ruling, verdict.assurance) == (NOT_SATISFIED, Assurance.REPORTED)
    assert "caller:mallory may decrypt, by the log" in said(verdict)


@pytest.mark.parametrize("name", ["*", "deleted:mallory", "arn:aws:iam::111122223333:root", "AIDA1234567890123456"])
def test_a_caller_that_names_itself_like_a_providers_principal_is_taken_for_nobody_else(
    logged: Logged, name: str
) -> None:
    verdict = logged.judged("key-separation", ALLOWED, SERVED, line(NOW, caller=name))
    assert verdict.ruling is NOT_SATISFIED
    assert f"caller:{name} may decrypt" in said(verdict)


@pytest.mark.parametrize("more", [(), (line(NOW, caller=OURS),), (line(NOW, caller="mallory", outcome="refused"),)])
def test_a_log_without_strangers_does_not_say_who_could_fetch(logged: Logged, more: tuple[str, ...]) -> None:
    verdict = logged.judged("key-separation", ALLOWED, SERVED, *more)
    assert verdict.ruling is INCONCLUSIVE
    assert "a log tells who did fetch crm-key, and not who could" in said(verdict)


def test_lines_that_were_not_read_may_be_strangers(logged: Logged) -> None:
    assert "1 lines of" in said(logged.judged("key-separation", ALLOWED, SERVED, "{"))


def test_two_names_in_one_key_service_are_two_keys_and_one_name_is_one(logged: Logged) -> None:
    tenant, claim = line(NOW, key="other-key"), DistinctKeys(per="tenant")
    one = logged.key(SERVED, tenant)
    other = FetchedKey.model_validate({**one.model_dump(by_alias=True), "key_service": "other-key"})
    assert judged_together({"a": one, "b": other}, "distinct-keys", claim, logged.folder).ruling is SATISFIED
    assert judged_together({"a": one, "b": one}, "distinct-keys", claim, logged.folder).ruling is NOT_SATISFIED


# revocation-drill, over the wire

SHORT = {"poll_every": "20 ms", "recover_within": "2 s", "confirmations": 2}


@pytest.fixture
def honest(tmp_path: Path) -> Iterator[House]:
    with house(tmp_path / "house") as made:
        yield made


def revoked(made: House, tmp_path: Path, dark_within: timedelta, give_up_after: str = "10 s") -> Verdict:
    key = made.key(drill={**SHORT, "give_up_after": give_up_after, "log_within": "1 s"})
    return judged(key, "revocation-drill", RevocationDrill(dark_within=dark_within), tmp_path)


def test_a_vendor_that_loses_the_key_in_time_is_satisfied_as_observed(honest: House, tmp_path: Path) -> None:
    verdict = revoked(honest, tmp_path, timedelta(minutes=1))
    assert (verdict.ruling, verdict.assurance) == (SATISFIED, Assurance.OBSERVED), said(verdict)
    assert "by the vendor that it refused while the key was disabled, the first" in said(verdict)


def test_a_vendor_that_kept_a_copy_is_contradicted_though_it_asks(tmp_path: Path) -> None:
    with house(tmp_path / "house", Habit(copies=True)) as made:
        verdict = revoked(made, tmp_path, timedelta(milliseconds=50), give_up_after="1.5 s")
    assert (verdict.ruling, verdict.assurance) == (NOT_SATISFIED, Assurance.OBSERVED)
    assert "still served" in said(verdict)
    assert "by the vendor that it refused" in said(verdict)


def test_a_key_service_that_cannot_be_reached_decides_nothing(honest: House, tmp_path: Path) -> None:
    honest.service.faults = Faults(reset_calls=EVERY)
    verdict = revoked(honest, tmp_path, HOUR)
    assert verdict.ruling is INCONCLUSIVE
    assert "mend switch.ask" in said(verdict)


# key-usage-log, over the wire


def own_fetches(made: House, tmp_path: Path, claim: KeyUsageLog, **more: Any) -> Verdict:
    key = made.key(drill={**SHORT, "log_within": "300 ms", "give_up_after": "10 s"}, **more)
    return judged(key, "key-usage-log", claim, tmp_path)


def test_a_log_that_has_our_own_fetches_is_one_that_is_kept(honest: House, tmp_path: Path) -> None:
    verdict = own_fetches(honest, tmp_path, KeyUsageLog())
    assert (verdict.ruling, verdict.assurance) == (SATISFIED, Assurance.OBSERVED), said(verdict)
    assert "Our switch.ask of" in said(verdict)
    assert "refused with HTTP 403, is in the log" in said(verdict)


def test_a_log_that_keeps_some_and_not_ours_is_contradicted_once_the_clauses_time_is_over(
    honest: House, tmp_path: Path
) -> None:
    switch = words(honest.service, NAME)["switch"]
    at_once = KeyUsageLog(within=timedelta(milliseconds=1))
    verdict = own_fetches(honest, tmp_path, at_once, switch={**switch, "caller": "somebody-else"})
    assert verdict.ruling is NOT_SATISFIED
    assert "was not in the log" in said(verdict)


def test_a_log_without_any_fetch_may_be_led_elsewhere(honest: House, tmp_path: Path) -> None:
    honest.service.log.write_text("")
    honest.service.faults = Faults(log_silent=True)
    verdict = own_fetches(honest, tmp_path, KeyUsageLog(within=timedelta(milliseconds=1)))
    assert verdict.ruling is INCONCLUSIVE
    assert "see where the log is led" in said(verdict)


def test_which_lines_are_ours_must_be_said(honest: House, tmp_path: Path) -> None:
    switch = {name: value for name, value in words(honest.service, NAME)["switch"].items() if name != "caller"}
    verdict = own_fetches(honest, tmp_path, KeyUsageLog(), switch=switch)
    assert verdict.ruling is INCONCLUSIVE
    assert "write switch.caller" in said(verdict)


# byok-performance, over the wire


def test_a_vendor_that_fetches_slowly_is_slow(honest: House, tmp_path: Path) -> None:
    claim = ByokPerformance(median_within=timedelta(seconds=1))
    shape = {"reads": 20, "pause": "1 ms"}
    assert judged(honest.key(latency=shape), "byok-performance", claim, tmp_path).ruling is SATISFIED
    strict = ByokPerformance(median_within=timedelta(milliseconds=1))
    assert judged(honest.key(latency=shape), "byok-performance", strict, tmp_path).ruling is NOT_SATISFIED
