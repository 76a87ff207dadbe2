"""Separation judged: for AWS and Google over the wire through the engine, and rule by rule on facts built in sight."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from checks.separation import DistinctKeys, KeySeparation, key_separation
from clauseproof.facts.keyaccess import EVERYONE, Access, Admission, Gap, Level
from clauseproof.facts.keys import Provider
from clauseproof.model.assurance import Assurance
from clauseproof.model.finding import Finding, Outcome
from clauseproof.model.subject import Subject
from clauseproof.model.unseen import Reason, Unseen
from clauseproof.model.verdict import Ruling, Verdict
from clauseproof.sandbox.kms.aws import AwsKmsDouble, CustomKeyStore
from clauseproof.sandbox.kms.aws import KeySeed as AwsSeed
from clauseproof.sandbox.kms.faults import Faults
from clauseproof.sandbox.kms.google import BUYER, GoogleKmsDouble, KeySeed
from clauseproof.sandbox.kms.google import Level as Protection
from tests.support.case import case, outcomes, texts
from tests.support.googlekeys import google_key
from tests.support.keyruns import judged, judged_together, said
from tests.support.keys import aws_key, client

HOLDS, BROKEN, UNKNOWN, NOTE = Outcome.HOLDS, Outcome.BROKEN, Outcome.UNKNOWN, Outcome.NOTE
ROOT = "arn:aws:iam::111122223333:root"
CRM = "arn:aws:iam::444455556666:role/crm"
STRANGER = "arn:aws:iam::777788889999:root"
VENDOR = "serviceAccount:crm@vendor-prod.iam.gserviceaccount.com"
USES = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
OURS = KeySeparation(allowed=("111122223333",), vendor=(CRM,))
OF_GOOGLE = KeySeparation(allowed=(BUYER,), vendor=(VENDOR,))


@pytest.fixture
def aws() -> Iterator[AwsKmsDouble]:
    with AwsKmsDouble() as running:
        yield running


@pytest.fixture
def google() -> Iterator[GoogleKmsDouble]:
    with GoogleKmsDouble() as running:
        running.bind("organizations/8", "roles/owner", [BUYER])
        yield running


def policy(*more: dict[str, Any]) -> str:
    ours = {"Effect": "Allow", "Principal": {"AWS": ROOT}, "Action": "kms:*", "Resource": "*"}
    return json.dumps({"Statement": [ours, *more]})


def statement(who: object, *actions: str, **more: Any) -> dict[str, Any]:
    principal = who if isinstance(who, dict) else {"AWS": who}
    return {"Effect": "Allow", "Principal": principal, "Action": list(actions), "Resource": "*", **more}


def of_aws(double: AwsKmsDouble, folder: Path, text: str, claim: KeySeparation = OURS) -> Verdict:
    key = aws_key(double, double.seed_key(AwsSeed(policy=text)))
    return judged(key, "key-separation", claim, folder)


def of_google(double: GoogleKmsDouble, folder: Path, claim: KeySeparation = OF_GOOGLE) -> Verdict:
    with double.resource_manager(["organizations/8"]) as server:
        key = google_key(double, double.seed_key(KeySeed(id="k")), iam_endpoint=server.url)
        return judged(key, "key-separation", claim, folder)


# key-separation on AWS, over the wire


def test_a_key_that_only_its_owner_and_the_vendor_use_is_satisfied(aws: AwsKmsDouble, tmp_path: Path) -> None:
    verdict = of_aws(aws, tmp_path, policy(statement(CRM, "kms:Decrypt", "kms:GenerateDataKey*", "kms:DescribeKey")))
    assert (verdict.ruling, verdict.assurance) == (Ruling.SATISFIED, Assurance.REPORTED), said(verdict)
    assert "Nobody off the list can use the key: 2 principals are let in by key policy, grants" in said(verdict)
    assert "which KMS does not show" in said(verdict), "what the account lets in by IAM"


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (
            statement(STRANGER, "kms:Decrypt"),
            f"{STRANGER} may decrypt, by key policy, statement 2; it is not on the list",
        ),
        (statement("777788889999", "kms:Decrypt"), f"{STRANGER} may decrypt"),
        (statement("*", "kms:De*"), "Everybody in the world may decrypt"),
        (statement({"Service": "s3.amazonaws.com"}, "kms:Decrypt"), "s3.amazonaws.com may decrypt"),
        (statement(CRM, "kms:*"), f"{CRM} may manage, share, sign, by key policy, statement 2; the vendor may not"),
        (statement(CRM, "kms:ScheduleKeyDeletion", Sid="Shred"), "statement 2 (Shred); the vendor may not"),
        (
            statement(STRANGER, "kms:Decrypt", Condition={"StringEquals": {"kms:EncryptionContext:tenant": "acme"}}),
            "(only where StringEquals kms:EncryptionContext:tenant acme); it is not on the list",
        ),
        (
            statement("*", "kms:Decrypt", Condition={"StringEquals": {"kms:CallerAccount": "777788889999"}}),
            f"Everybody of {STRANGER} may decrypt",
        ),
    ],
)
def test_whoever_else_the_policy_lets_in_is_a_contradiction(
    aws: AwsKmsDouble, tmp_path: Path, more: dict[str, Any], says: str
) -> None:
    verdict = of_aws(aws, tmp_path, policy(more))
    assert (verdict.ruling, verdict.assurance) == (Ruling.NOT_SATISFIED, Assurance.REPORTED)
    assert says in said(verdict)


def test_whoever_a_grant_lets_in_is_a_contradiction(aws: AwsKmsDouble, tmp_path: Path) -> None:
    aws.faults = Faults(foreign_grantees=(STRANGER,))
    verdict = of_aws(aws, tmp_path, policy())
    assert verdict.ruling is Ruling.NOT_SATISFIED
    assert f"{STRANGER} may decrypt, encrypt, by grant" in said(verdict)


def test_a_policy_that_was_not_put_by_hand_is_judged_as_it_stands(aws: AwsKmsDouble, tmp_path: Path) -> None:
    arn = aws.seed_key(AwsSeed())
    client(aws).create_grant(KeyId=arn, GranteePrincipal=CRM, Operations=["Decrypt", "CreateGrant"])
    verdict = judged(aws_key(aws, arn), "key-separation", OURS, tmp_path)
    assert f"{CRM} may share, by grant" in said(verdict)


@pytest.mark.parametrize("denied", ["GetKeyPolicy", "ListGrants"])
def test_wrong_answer_1_what_could_not_be_read_is_neither_a_failure_nor_a_pass(
    aws: AwsKmsDouble, tmp_path: Path, denied: str
) -> None:
    aws.faults = Faults(denies=frozenset({denied}))
    verdict = of_aws(aws, tmp_path, policy())
    assert verdict.ruling is Ruling.INCONCLUSIVE
    assert f"allow kms:{denied} on" in said(verdict)


def test_wrong_answer_4_one_principal_on_the_list_does_not_make_up_for_one_off_it(
    aws: AwsKmsDouble, tmp_path: Path
) -> None:
    verdict = of_aws(aws, tmp_path, policy(statement([CRM, STRANGER], "kms:Decrypt")))
    assert verdict.ruling is Ruling.NOT_SATISFIED
    assert f"{STRANGER} may decrypt" in said(verdict)
    assert f"{CRM} may" not in said(verdict)


@pytest.mark.parametrize("allowed", [(), ("*",), ("",), ("arn:aws:iam::11112222333?:root",)])
def test_wrong_answer_5_a_list_that_names_nobody_or_everybody_proves_nothing(allowed: tuple[str, ...]) -> None:
    with pytest.raises(ValidationError):
        KeySeparation(allowed=allowed)


# key-separation on Google, over the wire


def test_a_google_key_that_only_its_owner_and_the_vendor_use_is_satisfied(
    google: GoogleKmsDouble, tmp_path: Path
) -> None:
    google.bind(f"{google.ring}/cryptoKeys/k", USES, [VENDOR])
    verdict = of_google(google, tmp_path)
    assert (verdict.ruling, verdict.assurance) == (Ruling.SATISFIED, Assurance.REPORTED), said(verdict)
    assert "2 principals are let in by policy of" in said(verdict)


@pytest.mark.parametrize(
    ("resource", "role", "member", "says"),
    [
        ("key", USES, "user:stranger@example.com", "user:stranger@example.com may decrypt, encrypt"),
        ("key", USES, "allAuthenticatedUsers", "Everybody in the world may decrypt, encrypt"),
        ("ring", USES, "group:all@buyer.example", "group:all@buyer.example may decrypt, encrypt"),
        ("projects/buyer-prod", "roles/cloudkms.admin", VENDOR, f"{VENDOR} may manage, share"),
        ("organizations/8", "roles/owner", "user:boss@buyer.example", "user:boss@buyer.example may decrypt, encrypt"),
    ],
)
def test_whoever_else_is_bound_at_any_level_is_a_contradiction(
    google: GoogleKmsDouble, tmp_path: Path, resource: str, role: str, member: str, says: str
) -> None:
    names = {"key": f"{google.ring}/cryptoKeys/k", "ring": google.ring}
    members = [member, BUYER] if role == "roles/owner" else [member]
    google.bind(names.get(resource, resource), role, members)
    verdict = of_google(google, tmp_path)
    assert (verdict.ruling, verdict.assurance) == (Ruling.NOT_SATISFIED, Assurance.REPORTED)
    assert says in said(verdict)
    assert "Principal access boundaries, which could take an admission back, were not looked at" in said(verdict)


def test_a_level_above_that_could_not_be_read_leaves_it_open(google: GoogleKmsDouble, tmp_path: Path) -> None:
    google.bind("organizations/8", "roles/owner", [])
    verdict = of_google(google, tmp_path)
    assert verdict.ruling is Ruling.INCONCLUSIVE
    assert "grant resourcemanager.organizations.getIamPolicy on organizations/8" in said(verdict)
    own = OF_GOOGLE.model_copy(update={"inherited": False})
    assert of_google(google, tmp_path, own).ruling is Ruling.SATISFIED, "where only the key's own policy is promised"


def test_a_condition_that_was_not_evaluated_leaves_it_open(google: GoogleKmsDouble, tmp_path: Path) -> None:
    expression = 'resource.name.extract("keyRings/{ring}/") == "other"'
    google.bind("projects/buyer-prod", USES, ["user:stranger@example.com"], condition=expression)
    verdict = of_google(google, tmp_path)
    assert verdict.ruling is Ruling.INCONCLUSIVE
    assert "unless a condition that was not evaluated keeps it out" in said(verdict)


def test_a_role_that_could_not_be_read_leaves_it_open(google: GoogleKmsDouble, tmp_path: Path) -> None:
    google.bind("projects/buyer-prod", "projects/buyer-prod/roles/custom", ["user:stranger@example.com"])
    verdict = of_google(google, tmp_path)
    assert verdict.ruling is Ruling.INCONCLUSIVE
    assert "What projects/buyer-prod/roles/custom on projects/buyer-prod lets user:stranger@example.com do" in said(
        verdict
    )


def test_a_viewer_is_noted_and_counts_only_where_seeing_counts(google: GoogleKmsDouble, tmp_path: Path) -> None:
    google.bind("projects/buyer-prod", "roles/cloudkms.viewer", ["user:auditor@buyer.example"])
    verdict = of_google(google, tmp_path)
    assert verdict.ruling is Ruling.SATISFIED
    assert "user:auditor@buyer.example can do no more than see the key" in said(verdict)
    strict = OF_GOOGLE.model_copy(update={"seeing_counts": True})
    assert of_google(google, tmp_path, strict).ruling is Ruling.NOT_SATISFIED


EVERYBODY = {
    "deniedPrincipals": ["principalSet://goog/public:all"],
    "exceptionPrincipals": [
        "principal://goog/subject/buyer@buyer.example",
        f"principal://iam.googleapis.com/projects/-/serviceAccounts/{VENDOR.partition(':')[2]}",
    ],
    "deniedPermissions": ["cloudkms.googleapis.com/*", "cloudresourcemanager.googleapis.com/*"],
}
"""A rule that denies everybody but those on the list."""


def test_an_admission_that_a_deny_policy_takes_back_lets_nobody_in(google: GoogleKmsDouble, tmp_path: Path) -> None:
    google.bind("projects/buyer-prod", USES, ["user:stranger@example.com", "allUsers"])
    google.deny("organizations/8", "keys", EVERYBODY)
    verdict = of_google(google, tmp_path)
    assert verdict.ruling is Ruling.SATISFIED, said(verdict)
    assert "deny policies of organizations/8" in said(verdict)


def test_a_deny_policy_that_was_not_seen_leaves_open_only_what_it_could_change(
    google: GoogleKmsDouble, tmp_path: Path
) -> None:
    google.faults = Faults(denies=frozenset({"listPolicies"}))
    assert of_google(google, tmp_path / "a").ruling is Ruling.SATISFIED
    google.bind("projects/buyer-prod", USES, ["user:stranger@example.com"])
    verdict = of_google(google, tmp_path / "b")
    assert verdict.ruling is Ruling.INCONCLUSIVE
    assert "user:stranger@example.com may decrypt, encrypt" in said(verdict)
    assert "grant iam.denypolicies.list on projects/buyer-prod" in said(verdict)


def test_a_binding_that_has_ended_lets_nobody_in(google: GoogleKmsDouble, tmp_path: Path) -> None:
    ended = 'request.time < timestamp("2026-11-01T00:00:00Z")'
    google.bind("projects/buyer-prod", USES, ["user:stranger@example.com"], condition=ended)
    assert of_google(google, tmp_path / "a").ruling is Ruling.SATISFIED
    with google.resource_manager(["organizations/8"]) as server:
        key = google_key(google, google.seed_key(KeySeed(id="k")), iam_endpoint=server.url)
        october = judged(key, "key-separation", OF_GOOGLE, tmp_path / "b", now=datetime(2026, 10, 1, tzinfo=UTC))
    assert october.ruling is Ruling.NOT_SATISFIED


# key-separation, rule by rule


def admission(who: object = STRANGER, *operations: str, **more: Any) -> Admission:
    given = {
        "where": "key policy, statement 1",
        "level": Level.KEY,
        "allows": True,
        "principals": (who,) if isinstance(who, str) else who,
        "others": False,
        "spared": (),
        "operations": operations or ("kms:Decrypt",),
        "but": (),
        "confined_to": (),
        "narrowed_by": (),
        "depends_on": (),
        "starts": None,
        "ends": None,
    }
    return Admission.model_validate({**given, **more})


def denial(who: object = EVERYONE, *operations: str, **more: Any) -> Admission:
    return admission(who, *(operations or ("kms:*",)), allows=False, **more)


def judge(
    *admissions: Admission, claim: KeySeparation = OURS, gaps: tuple[Gap, ...] = (), now: datetime | None = None
) -> list[Finding]:
    seen = Access(provider=Provider.AWS, looked_at=("key policy", "grants"), admissions=admissions, gaps=gaps)
    return list(key_separation(claim, seen, case(now)))


@pytest.mark.parametrize(
    ("who", "inside"),
    [
        (ROOT, True),
        ("arn:aws:iam::111122223333:role/anything", True),
        ("arn:aws:sts::111122223333:assumed-role/x/y", True),
        (STRANGER, False),
        ("arn:aws:iam::1111222233334:root", False),
        ("arn:aws:iam::*:role/x", False),
        (EVERYONE, False),
        ("111122223333.example.com", False),
    ],
)
def test_an_account_on_the_list_stands_for_everybody_in_it(who: str, inside: bool) -> None:
    assert outcomes(judge(admission(who))) == [HOLDS if inside else BROKEN]


@pytest.mark.parametrize(
    ("who", "inside"),
    [
        ("arn:aws:iam::444455556666:role/crm-eu", True),
        ("arn:aws:iam::444455556666:role/crm-*", True),
        ("arn:aws:iam::444455556666:role/crm", False),
        ("arn:aws:iam::444455556666:role/*", False),
        ("arn:aws:iam::444455556666:root", False),
    ],
)
def test_a_star_on_the_list_covers_only_what_lies_inside_it(who: str, inside: bool) -> None:
    claim = KeySeparation(allowed=("arn:aws:iam::444455556666:role/crm-*",))
    assert outcomes(judge(admission(who), claim=claim)) == [HOLDS if inside else BROKEN]


def test_everybody_confined_to_the_list_is_nobody_else() -> None:
    assert outcomes(judge(admission(EVERYONE, confined_to=((ROOT,),)))) == [HOLDS]
    assert outcomes(judge(admission(EVERYONE, confined_to=((ROOT, STRANGER),)))) == [BROKEN], "either of both"
    assert outcomes(judge(admission(EVERYONE, confined_to=((STRANGER,), (ROOT,))))) == [HOLDS], "both at once"
    assert outcomes(judge(admission(EVERYONE, confined_to=((),)))) == [BROKEN], "nobody is no proof"


def test_everybody_but_somebody_is_everybody_else() -> None:
    findings = judge(admission(STRANGER, others=True))
    assert outcomes(findings) == [BROKEN]
    assert f"Everybody but {STRANGER} may decrypt" in texts(findings)


@pytest.mark.parametrize(
    ("keeps_out", "outcome"),
    [
        (denial(), HOLDS),
        (denial(STRANGER), HOLDS),
        (denial("arn:aws:iam::777788889999:role/x"), BROKEN),
        (denial(EVERYONE, "kms:Encrypt"), BROKEN),
        (denial(EVERYONE, "kms:*", but=("kms:Decrypt",)), BROKEN),
        (denial((ROOT, CRM), others=True), HOLDS),
        (denial((STRANGER,), others=True), BROKEN),
        (denial(("arn:aws:iam::777788889999:role/x",), others=True), BROKEN),
        (denial(EVERYONE, depends_on=("Bool aws:x true",)), UNKNOWN),
        (denial(EVERYONE, narrowed_by=("IpAddress aws:SourceIp 192.0.2.0/24",)), UNKNOWN),
        (denial(EVERYONE, confined_to=((STRANGER,),)), UNKNOWN),
        (denial("arn:aws:iam::777788889999:role/x", depends_on=("Bool aws:x true",)), BROKEN),
        (denial(EVERYONE, "kms:Encrypt", depends_on=("Bool aws:x true",)), BROKEN),
    ],
)
def test_a_denial_takes_back_what_it_surely_covers(keeps_out: Admission, outcome: Outcome) -> None:
    assert outcomes(judge(admission(STRANGER), keeps_out)) == [outcome]


GROUP = "group:crm@buyer.example"
ALICE, BOB = "user:alice@buyer.example", "user:bob@buyer.example"


@pytest.mark.parametrize(
    ("who", "keeps_out", "outcome"),
    [
        (ALICE, denial(ALICE), HOLDS),
        (ALICE, denial(BOB), BROKEN),
        (ALICE, denial(GROUP), UNKNOWN),
        (ALICE, denial("principalSet://goog/cloudIdentityCustomerId/C01"), UNKNOWN),
        (ALICE, denial(GROUP, "kms:Encrypt"), BROKEN),
        (ALICE, denial(EVERYONE, spared=(BOB,)), HOLDS),
        (ALICE, denial(EVERYONE, spared=(ALICE,)), BROKEN),
        (ALICE, denial(EVERYONE, spared=(GROUP,)), UNKNOWN),
        (ALICE, denial(EVERYONE, spared=(ROOT,)), HOLDS),
        (GROUP, denial(GROUP), HOLDS),
        (GROUP, denial(GROUP, spared=(BOB,)), UNKNOWN),
        (GROUP, denial(GROUP, spared=(ROOT,)), HOLDS),
        (GROUP, denial(BOB), BROKEN),
        (GROUP, denial("group:others@buyer.example"), UNKNOWN),
        (EVERYONE, denial(GROUP), BROKEN),
        (EVERYONE, denial(EVERYONE, spared=(ROOT,)), HOLDS),
        (EVERYONE, denial(EVERYONE, spared=(GROUP,)), BROKEN),
    ],
)
def test_who_is_in_a_group_is_not_known(who: str, keeps_out: Admission, outcome: Outcome) -> None:
    assert outcomes(judge(admission(who), keeps_out)) == [outcome]


def test_whoever_belongs_to_a_group_on_the_list_is_on_the_list() -> None:
    claim = KeySeparation(allowed=(GROUP,))
    assert outcomes(judge(admission(ALICE), denial(EVERYONE, spared=(GROUP,)), claim=claim)) == [HOLDS]


def test_a_denial_from_above_counts_even_where_only_the_keys_own_policy_is_promised() -> None:
    own = KeySeparation(allowed=(ROOT,), inherited=False)
    assert outcomes(judge(admission(ALICE), denial(ALICE, level=Level.ABOVE), claim=own)) == [HOLDS]


def at(day: int) -> datetime:
    return datetime(2026, 6, day, tzinfo=UTC)


@pytest.mark.parametrize(
    ("day", "outcome"), [(1, HOLDS), (10, BROKEN), (19, BROKEN), (20, HOLDS)], ids=["before", "first", "last", "after"]
)
def test_an_admission_counts_from_its_beginning_to_its_end(day: int, outcome: Outcome) -> None:
    dated = admission(STRANGER, starts=at(10), ends=at(20))
    assert outcomes(judge(dated, now=at(day))) == [outcome]


def test_what_holds_until_an_admission_begins_says_so() -> None:
    findings = judge(admission(STRANGER, starts=at(10)), now=at(1))
    assert [finding.until for finding in findings if finding.outcome is HOLDS] == [at(10)]
    assert f"From 2026-06-10 00:00 UTC on: {STRANGER} may decrypt" in texts(findings)


def test_an_admission_that_will_be_denied_ends_nothing() -> None:
    findings = judge(admission(STRANGER, starts=at(10)), denial(STRANGER), now=at(1))
    assert [finding.until for finding in findings if finding.outcome is HOLDS] == [None]


def test_a_denial_that_was_not_seen_makes_no_admission_worse() -> None:
    gap = Gap(
        level=Level.ABOVE, keeps_out=True, unseen=Unseen(reason=Reason.DENIED, text="no right", remedy="grant it")
    )
    assert outcomes(judge(admission(ROOT), gaps=(gap,))) == [HOLDS]
    assert outcomes(judge(admission(STRANGER), gaps=(gap,))) == [UNKNOWN]
    assert outcomes(judge(admission(STRANGER), denial(STRANGER), gaps=(gap,))) == [HOLDS]


@pytest.mark.parametrize(
    ("spared", "operation", "outcome"),
    [
        ((ROOT,), "kms:Decrypt", HOLDS),
        ((ROOT, CRM), "kms:Decrypt", HOLDS),
        ((ROOT, CRM), "kms:PutKeyPolicy", BROKEN),
        ((ROOT, STRANGER), "kms:Decrypt", BROKEN),
    ],
)
def test_everybody_less_everybody_off_the_list_is_the_list(
    spared: tuple[str, ...], operation: str, outcome: Outcome
) -> None:
    findings = judge(admission(EVERYONE, operation), denial(spared, "kms:*", others=True))
    assert outcomes(findings) == [outcome]


def test_what_is_left_after_a_denial_is_told() -> None:
    findings = judge(admission(STRANGER, "kms:Encrypt", "kms:Decrypt"), denial(STRANGER, "kms:Decrypt"))
    assert outcomes(findings) == [BROKEN]
    assert f"{STRANGER} may encrypt, by" in texts(findings)


@pytest.mark.parametrize("who", ["AROAEXAMPLEOFAROLE123", "deleted:serviceAccount:x@y.iam.gserviceaccount.com?uid=1"])
def test_a_principal_that_exists_no_more_lets_nobody_in(who: str) -> None:
    findings = judge(admission(who))
    assert outcomes(findings) == [HOLDS]
    assert "exists no more" in texts(findings)


def test_what_the_vendor_may_is_the_contracts_to_say() -> None:
    signs = KeySeparation(allowed=(ROOT,), vendor=(CRM,), vendor_may=("sign", "read"))  # type: ignore[arg-type]
    assert outcomes(judge(admission(CRM, "kms:Sign", "kms:DescribeKey"), claim=signs)) == [HOLDS]
    assert outcomes(judge(admission(CRM, "kms:Sign", "kms:Decrypt"), claim=signs)) == [BROKEN]


def test_an_operation_that_nobody_knows_counts_against_the_proof() -> None:
    findings = judge(admission(CRM, "kms:Brew"))
    assert outcomes(findings) == [BROKEN]
    assert "may kms:Brew, by" in texts(findings)


def test_a_policy_above_the_key_counts_unless_the_promise_is_about_the_key_alone() -> None:
    above = admission(STRANGER, level=Level.ABOVE)
    gap = Gap(
        level=Level.ABOVE,
        keeps_out=False,
        unseen=Unseen(reason=Reason.DENIED, text="no right to look", remedy="grant it"),
    )
    own = KeySeparation(allowed=(ROOT,), inherited=False)
    assert outcomes(judge(above)) == [BROKEN]
    assert outcomes(judge(admission(ROOT), gaps=(gap,))) == [UNKNOWN]
    assert outcomes(judge(above, admission(ROOT), claim=own, gaps=(gap,))) == [HOLDS]


# distinct-keys


def together(subjects: dict[str, Subject], folder: Path, per: str = "dataset") -> Verdict:
    claim = DistinctKeys.model_validate({"per": per})
    return judged_together(subjects, "distinct-keys", claim, folder)


def test_each_dataset_with_a_key_of_its_own_is_satisfied(
    aws: AwsKmsDouble, google: GoogleKmsDouble, tmp_path: Path
) -> None:
    subjects: dict[str, Subject] = {
        "a": aws_key(aws, aws.seed_key(AwsSeed()), holds=["contacts"]),
        "b": aws_key(aws, aws.seed_key(AwsSeed()), holds=["invoices"]),
        "c": google_key(google, google.seed_key(KeySeed(id="c")), holds=["letters"]),
    }
    verdict = together(subjects, tmp_path)
    assert (verdict.ruling, verdict.assurance) == (Ruling.SATISFIED, Assurance.REPORTED), said(verdict)
    assert verdict.subjects == ("a", "b", "c")
    assert "a, b, c are 3 different keys" in said(verdict)


def test_two_datasets_under_one_key_are_a_contradiction(aws: AwsKmsDouble, tmp_path: Path) -> None:
    arn = aws.seed_key(AwsSeed())
    subjects: dict[str, Subject] = {name: aws_key(aws, arn, holds=[name]) for name in ("contacts", "invoices")}
    verdict = together(subjects, tmp_path)
    assert verdict.ruling is Ruling.NOT_SATISFIED
    assert f"contacts and invoices are the same key: {arn}" in said(verdict)


def test_two_datasets_under_one_google_key_are_a_contradiction(google: GoogleKmsDouble, tmp_path: Path) -> None:
    name = google.seed_key(KeySeed(id="k"))
    subjects: dict[str, Subject] = {each: google_key(google, name, holds=[each]) for each in ("contacts", "invoices")}
    assert together(subjects, tmp_path).ruling is Ruling.NOT_SATISFIED


def test_a_key_that_holds_two_datasets_is_a_contradiction_and_for_tenants_it_is_not(
    aws: AwsKmsDouble, tmp_path: Path
) -> None:
    subjects: dict[str, Subject] = {
        "a": aws_key(aws, aws.seed_key(AwsSeed()), holds=["contacts", "invoices"]),
        "b": aws_key(aws, aws.seed_key(AwsSeed()), holds=["letters"]),
    }
    verdict = together(subjects, tmp_path)
    assert verdict.ruling is Ruling.NOT_SATISFIED
    assert "One key protects contacts and invoices" in said(verdict)
    assert together(subjects, tmp_path, per="tenant").ruling is Ruling.SATISFIED


def test_replicas_of_one_key_are_one_key(aws: AwsKmsDouble, tmp_path: Path) -> None:
    shared = "mrk-1234abcd12ab34cd56ef1234567890ab"
    with AwsKmsDouble(region="eu-west-1") as other:
        subjects: dict[str, Subject] = {
            "a": aws_key(aws, aws.seed_key(AwsSeed(id=shared, multi_region=True, replicas=("eu-west-1",)))),
            "b": aws_key(other, other.seed_key(AwsSeed(id=shared, multi_region=True, replicas=("eu-central-1",)))),
        }
        verdict = together(subjects, tmp_path, per="tenant")
    assert verdict.ruling is Ruling.NOT_SATISFIED
    assert f"a and b are the same key: {shared}" in said(verdict)


def test_keys_that_lead_to_one_external_key_are_one_key(aws: AwsKmsDouble, tmp_path: Path) -> None:
    aws.seed_store(CustomKeyStore(id="cks-1", name="x", endpoint="https://xks.example", created=datetime.now(UTC)))
    seed = AwsSeed(origin="EXTERNAL_KEY_STORE", store="cks-1", xks_key="one-and-only")
    subjects: dict[str, Subject] = {name: aws_key(aws, aws.seed_key(seed)) for name in ("a", "b")}
    verdict = together(subjects, tmp_path, per="tenant")
    assert verdict.ruling is Ruling.NOT_SATISFIED
    assert "a and b are the same external key: one-and-only at xks.example" in said(verdict)


def test_google_keys_that_lead_to_one_external_key_are_one_key(google: GoogleKmsDouble, tmp_path: Path) -> None:
    subjects: dict[str, Subject] = {}
    for name in ("a", "b"):
        seed = KeySeed(id=name, level=Protection.EXTERNAL, external_uri="https://ekm.example/only")
        subjects[name] = google_key(google, google.seed_key(seed))
    assert together(subjects, tmp_path, per="tenant").ruling is Ruling.NOT_SATISFIED


@pytest.mark.parametrize("count", [1, 2])
def test_wrong_answer_5_keys_that_were_not_seen_prove_nothing(aws: AwsKmsDouble, tmp_path: Path, count: int) -> None:
    keys = [aws_key(aws, aws.seed_key(AwsSeed()), holds=[str(n)]) for n in range(count)]
    subjects: dict[str, Subject] = {str(n): key for n, key in enumerate(keys)}
    if count > 1:
        aws.faults = Faults(denies=frozenset({"DescribeKey"}))
    verdict = together(subjects, tmp_path)
    assert verdict.ruling is Ruling.INCONCLUSIVE
    assert verdict.assurance is None


def test_a_key_without_a_dataset_leaves_it_open(google: GoogleKmsDouble, tmp_path: Path) -> None:
    subjects: dict[str, Subject] = {
        "a": google_key(google, google.seed_key(KeySeed(id="a")), holds=["contacts"]),
        "b": google_key(google, google.seed_key(KeySeed(id="b"))),
    }
    verdict = together(subjects, tmp_path)
    assert verdict.ruling is Ruling.INCONCLUSIVE
    assert "Which dataset it protects is not said" in said(verdict)


def test_the_same_material_imported_twice_cannot_be_seen_and_is_noted(aws: AwsKmsDouble, tmp_path: Path) -> None:
    subjects: dict[str, Subject] = {
        name: aws_key(aws, aws.seed_key(AwsSeed(origin="EXTERNAL", material=b"m" * 32))) for name in ("a", "b")
    }
    verdict = together(subjects, tmp_path, per="tenant")
    assert verdict.ruling is Ruling.SATISFIED
    assert "Whether the same material was imported into another key cannot be seen" in said(verdict)
