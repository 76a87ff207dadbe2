"""Who may use a key of Cloud KMS, by the real client and over REST."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from clauseproof.facts.google import GoogleKey
from clauseproof.facts.keyaccess import EVERYONE, Access, Admission, Level
from clauseproof.model.errors import Denied, EvidenceRejected, LookFailed, TimedOut, Unreachable
from clauseproof.probes.kms.google_access import access
from clauseproof.probes.kms.google_iam import LONGEST_ANSWER, IamApi
from clauseproof.sandbox.kms.faults import EVERY, Faults
from clauseproof.sandbox.kms.google import BUYER, GoogleKmsDouble, KeySeed
from clauseproof.sandbox.kms.serving import LoopbackServer
from tests.support.googlekeys import google_key
from tests.support.keys import look

VENDOR = "serviceAccount:crm@vendor-prod.iam.gserviceaccount.com"
USES = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
ABOVE = ("folders/7", "organizations/8")


@pytest.fixture
def double() -> Iterator[GoogleKmsDouble]:
    with GoogleKmsDouble() as running:
        for resource in ABOVE:
            running.bind(resource, "roles/owner", [BUYER])
        yield running


@pytest.fixture
def iam(double: GoogleKmsDouble) -> Iterator[str]:
    with double.resource_manager(ABOVE) as server:
        yield server.url


def key_of(double: GoogleKmsDouble, iam: str, **more: object) -> GoogleKey:
    return google_key(double, double.seed_key(KeySeed(id="k", **more)), iam_endpoint=iam)  # type: ignore[arg-type]


def let_in(found: Access, who: str) -> dict[str, tuple[str, ...] | None]:
    """What lets somebody in, and to which operations."""
    return {a.where: a.operations for a in found.admissions if who in a.principals}


def test_every_level_above_the_key_is_looked_at(double: GoogleKmsDouble, iam: str) -> None:
    at, key = look(), key_of(double, iam)
    found = access(key, at)
    assert found.looked_at == (
        f"policy of {key.name}",
        f"policy of {key.ring}",
        "policy of projects/buyer-prod",
        "deny policies of projects/buyer-prod",
        "policy of folders/7",
        "deny policies of folders/7",
        "policy of organizations/8",
        "deny policies of organizations/8",
    )
    assert found.gaps == ()
    assert at.calls == [
        "cloudkms.GetIamPolicy",
        "cloudresourcemanager.getAncestry",
        "cloudresourcemanager.getIamPolicy",
        "iam.roles.get",
        "iam.denypolicies.list",
    ]


@pytest.mark.parametrize("level", ["key", "ring", "projects/buyer-prod", "folders/7", "organizations/8"])
def test_a_binding_lets_in_from_wherever_it_stands(double: GoogleKmsDouble, iam: str, level: str) -> None:
    key = key_of(double, iam)
    resource = {"key": key.name, "ring": key.ring}.get(level, level)
    double.bind(resource, USES, [VENDOR])
    found = access(key, look())
    assert let_in(found, VENDOR) == {
        f"{USES} on {resource}": ("cloudkms.cryptoKeyVersions.useToDecrypt", "cloudkms.cryptoKeyVersions.useToEncrypt")
    }
    (admission,) = (a for a in found.admissions if VENDOR in a.principals)
    assert admission.level is (Level.KEY if level == "key" else Level.ABOVE)


def test_roles_that_have_nothing_to_do_with_keys_are_left_out(double: GoogleKmsDouble, iam: str) -> None:
    double.bind("projects/buyer-prod", "roles/storage.objectViewer", ["user:somebody@buyer.example"])
    assert let_in(access(key_of(double, iam), look()), "user:somebody@buyer.example") == {}


def test_who_may_change_the_policy_above_may_let_himself_in(double: GoogleKmsDouble, iam: str) -> None:
    double.bind("organizations/8", "roles/owner", ["user:boss@buyer.example", BUYER])
    (operations,) = let_in(access(key_of(double, iam), look()), "user:boss@buyer.example").values()
    assert "resourcemanager.organizations.setIamPolicy" in (operations or ())


@pytest.mark.parametrize("member", ["allUsers", "allAuthenticatedUsers"])
def test_the_public_is_everyone(double: GoogleKmsDouble, iam: str, member: str) -> None:
    key = key_of(double, iam, bindings={USES: (member,)})
    assert len(let_in(access(key, look()), EVERYONE)) == 1


@pytest.mark.parametrize("level", ["key", "projects/buyer-prod"])
def test_a_condition_is_kept_in_its_own_words(double: GoogleKmsDouble, iam: str, level: str) -> None:
    key = key_of(double, iam)
    double.bind(key.name if level == "key" else level, USES, [VENDOR], condition='request.time < timestamp("2027")')
    (admission,) = (a for a in access(key, look()).admissions if VENDOR in a.principals)
    assert admission.depends_on == ('condition: request.time < timestamp("2027")',)


def test_a_role_that_cannot_be_read_gives_no_operations_and_not_none_at_all(double: GoogleKmsDouble, iam: str) -> None:
    key = key_of(double, iam, bindings={"projects/buyer-prod/roles/custom": (VENDOR,)})
    assert let_in(access(key, look()), VENDOR) == {f"projects/buyer-prod/roles/custom on {key.name}": None}


@pytest.mark.parametrize("resource", ABOVE)
def test_a_policy_above_that_is_denied_is_a_gap_that_names_the_permission(
    double: GoogleKmsDouble, iam: str, resource: str
) -> None:
    double.bind(resource, "roles/owner", [])
    policy, denials = access(key_of(double, iam), look()).gaps
    assert (policy.level, policy.keeps_out) == (Level.ABOVE, False)
    kind = resource.split("/")[0]
    assert f"grant resourcemanager.{kind}.getIamPolicy on {resource}" in policy.unseen.remedy
    assert (denials.level, denials.keeps_out) == (Level.ABOVE, True)
    assert f"grant iam.denypolicies.list on {resource}" in denials.unseen.remedy


@pytest.mark.parametrize(
    ("faults", "says"),
    [
        (Faults(denies=frozenset({"getAncestry"})), "the caller lacks resourcemanager.projects.get"),
        (Faults(throttled_calls=EVERY, affects=frozenset({"getAncestry"})), "throttled"),
        (Faults(server_error_calls=EVERY, affects=frozenset({"getAncestry"})), "HTTP 500"),
        (Faults(expired_credentials=True, affects=frozenset({"getAncestry"})), "does not accept the credentials"),
    ],
)
def test_without_knowing_what_lies_above_there_is_a_gap(
    double: GoogleKmsDouble, iam: str, faults: Faults, says: str
) -> None:
    key = key_of(double, iam)
    double.faults = faults
    found = access(key, look())
    assert all(says in gap.unseen.text for gap in found.gaps)
    assert [gap.keeps_out for gap in found.gaps] == [False, True], "neither admissions nor denials were seen"
    assert len(found.looked_at) == 2


def test_trouble_that_passes_is_overcome(double: GoogleKmsDouble, iam: str) -> None:
    key = key_of(double, iam)
    double.faults = Faults(throttled_calls=1, affects=frozenset({"getAncestry"}))
    assert access(key, look()).gaps == ()


def test_without_an_address_for_iam_what_lies_above_is_a_gap(double: GoogleKmsDouble) -> None:
    found = access(google_key(double, double.seed_key(KeySeed(id="k"))), look())
    assert "name iam_endpoint" in found.gaps[0].unseen.remedy


def test_without_the_keys_own_policy_nothing_was_seen(double: GoogleKmsDouble, iam: str) -> None:
    key = key_of(double, iam)
    double.faults = Faults(denies=frozenset({"GetIamPolicy"}))
    with pytest.raises(Denied, match=r"lacks cloudkms\.cryptoKeys\.getIamPolicy"):
        access(key, look())


# conditions


RING = "projects/buyer-prod/locations/europe-west3/keyRings/crm"


def bound(double: GoogleKmsDouble, iam: str, condition: str, role: str = USES) -> list[Admission]:
    key = key_of(double, iam)
    double.bind("projects/buyer-prod", role, [VENDOR], condition=condition)
    return [a for a in access(key, look()).admissions if VENDOR in a.principals]


def test_a_condition_of_time_is_kept_as_dates(double: GoogleKmsDouble, iam: str) -> None:
    window = (
        'request.time >= timestamp("2026-01-01T00:00:00Z") && request.time < timestamp("2027-01-01T00:00:00+01:00")'
    )
    (admission,) = bound(double, iam, window)
    assert (admission.starts, admission.ends) == (
        datetime(2026, 1, 1, tzinfo=UTC),
        datetime(2026, 12, 31, 23, tzinfo=UTC),
    )
    assert admission.depends_on == ()


def test_a_binding_for_other_names_lets_nobody_in(double: GoogleKmsDouble, iam: str) -> None:
    assert bound(double, iam, f'resource.name.startsWith("{RING}-eu/")') == []
    assert bound(double, iam, f'resource.name == "{RING}/cryptoKeys/other"') == []


def test_a_binding_for_the_keys_own_name_holds_and_for_nothing_above_it(double: GoogleKmsDouble, iam: str) -> None:
    (admission,) = bound(double, iam, f'resource.name.startsWith("{RING}/cryptoKeys/k")', "roles/cloudkms.admin")
    assert admission.depends_on == ()
    assert {"resourcemanager.projects.*", "cloudkms.keyRings.*"} <= set(admission.but)


# deny policies

DENIED = {
    "deniedPrincipals": ["principalSet://goog/public:all"],
    "exceptionPrincipals": ["principal://goog/subject/buyer@buyer.example"],
    "deniedPermissions": ["cloudkms.googleapis.com/cryptoKeyVersions.useToDecrypt"],
}


def denied(found: Access) -> list[Admission]:
    return [admission for admission in found.admissions if not admission.allows]


def test_a_deny_rule_is_a_denial_in_the_words_of_allow_policies(double: GoogleKmsDouble, iam: str) -> None:
    key = key_of(double, iam)
    double.deny("folders/7", "no-decryption", DENIED)
    (denial,) = denied(access(key, look()))
    assert denial.where == "deny policy no-decryption of folders/7"
    assert (denial.principals, denial.spared) == ((EVERYONE,), ("user:buyer@buyer.example",))
    assert denial.operations == ("cloudkms.cryptoKeyVersions.useToDecrypt",)


def test_every_rule_of_every_deny_policy_is_read_page_by_page(double: GoogleKmsDouble, iam: str) -> None:
    key, at = key_of(double, iam), look()
    for resource in ("projects/buyer-prod", *ABOVE):
        double.deny(resource, "one", DENIED, DENIED)
        double.deny(resource, "two", DENIED)
    assert len(denied(access(key, at))) == 9
    assert "iam.denypolicies.get" in at.calls


def test_a_deny_rule_about_something_else_is_left_out(double: GoogleKmsDouble, iam: str) -> None:
    key = key_of(double, iam)
    double.deny("folders/7", "p", {**DENIED, "deniedPermissions": ["storage.googleapis.com/buckets.delete"]})
    assert denied(access(key, look())) == []


def test_a_deny_policy_that_cannot_be_read_is_a_gap_that_names_the_permission(
    double: GoogleKmsDouble, iam: str
) -> None:
    key = key_of(double, iam)
    double.deny("folders/7", "p", DENIED)
    double.faults = Faults(denies=frozenset({"getPolicy"}))
    (gap,) = access(key, look()).gaps
    assert gap.keeps_out
    assert "grant iam.denypolicies.get on folders/7" in gap.unseen.remedy


# an answer that is none


@contextmanager
def answering(content: bytes, status: int = 200, headers: dict[str, str] | None = None) -> Iterator[str]:
    async def answer(request: Request) -> Response:
        return Response(content, status_code=status, headers=headers)

    route = Route("/{path:path}", answer, methods=["GET", "POST"])
    with LoopbackServer(Starlette(routes=[route])) as server:
        yield server.url


def ask(url: str) -> IamApi:
    subject = {"key": "projects/buyer-prod/locations/l/keyRings/r/cryptoKeys/k", "iam_endpoint": url}
    return IamApi(GoogleKey.model_validate({**subject, "endpoint": "127.0.0.1:1", "insecure": True}), look())


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"[" * 100_000,
        b"\xff\xfe",
        b'{"ancestor": []}',
        b'{"ancestor": [1]}',
        b'{"ancestor": [{"resourceId": {"type": "project", "id": "somebody-else"}}]}',
        b'{"ancestor": [{"resourceId": {"type": "project", "id": "buyer-prod"}}, {"resourceId": {"type": "../x"}}]}',
        b'"' + b"x" * LONGEST_ANSWER + b'"',
    ],
)
def test_an_ancestry_that_is_none_is_rejected(content: bytes) -> None:
    with answering(content) as url, pytest.raises(EvidenceRejected):
        ask(url).ancestry()


@pytest.mark.parametrize(
    "content",
    [
        b'{"bindings": {}}',
        b'{"bindings": [1]}',
        b'{"bindings": [{"members": []}]}',
        b'{"bindings": [{"role": "roles/x", "members": "allUsers"}]}',
        b'{"bindings": [{"role": "roles/x", "members": [], "condition": 1}]}',
    ],
)
def test_a_policy_that_is_none_is_rejected_whole(content: bytes) -> None:
    with answering(content) as url, pytest.raises(EvidenceRejected, match="the policy of folders/7"):
        ask(url).bindings("folders/7")


@pytest.mark.parametrize("role", ["", "roles/../../v1/projects", "roles/x?alt=media", "organizations/x/roles/y"])
def test_a_role_that_is_none_is_not_asked_for(role: str) -> None:
    with answering(b"{}") as url, pytest.raises(EvidenceRejected, match="which is no role"):
        ask(url).permissions(role)


def test_a_redirect_is_not_followed(double: GoogleKmsDouble, iam: str) -> None:
    elsewhere = {"location": f"{iam}/v1/projects/buyer-prod:getAncestry"}
    with answering(b"", 302, elsewhere) as url, pytest.raises(Unreachable, match="HTTP 302"):
        ask(url).ancestry()


def test_nobody_there_and_nobody_answering_are_told_apart() -> None:
    with pytest.raises(Unreachable, match="could not be reached"):
        ask("http://127.0.0.1:1").ancestry()
    api = ask("http://127.0.0.1:1")
    api._look.deadline = api._look.clock() - 1
    with pytest.raises((TimedOut, LookFailed), match="ran out of time"):
        api.ancestry()


@pytest.mark.parametrize(
    "content",
    [
        b'{"policies": {}}',
        b'{"policies": [{"kind": "DenyPolicy"}]}',
        b'{"policies": [{"name": "policies/x/denypolicies/../../v1/secrets"}]}',
        b'{"policies": [{"name": "policies/x/denypolicies/.."}]}',
        b'{"policies": [{"name": "policies/x/denypolicies/p"}], "rules": [{}]}',
        b'{"policies": [{"name": "policies/x/denypolicies/p"}], "rules": [{"denyRule": {"deniedPrincipals": "all"}}]}',
        b'{"policies": [{"name": "policies/x/denypolicies/p"}], "rules": [{"denyRule": {"denialCondition": 1}}]}',
        b'{"policies": [{"name": "policies/x/denypolicies/p"}], "rules": [{"denyRule": {"deniedPermissions": ["*"]}}]}',
    ],
)
def test_deny_policies_that_are_none_are_rejected_whole(content: bytes) -> None:
    with answering(content) as url, pytest.raises(EvidenceRejected):
        ask(url).denials("folders/7")


def test_a_list_of_deny_policies_without_an_end_is_given_up() -> None:
    with (
        answering(b'{"policies": [], "nextPageToken": "&more"}') as url,
        pytest.raises(Unreachable, match="do not come to an end"),
    ):
        ask(url).denials("folders/7")


@pytest.mark.parametrize(
    "content",
    [
        b'{"auditConfigs": 1}',
        b'{"auditConfigs": [{"auditLogConfigs": []}]}',
        b'{"auditConfigs": [{"service": "allServices", "auditLogConfigs": [{"logType": 1}]}]}',
        b'{"auditConfigs": [{"service": "x", "auditLogConfigs": [{"logType": "DATA_READ", "exemptedMembers": 1}]}]}',
    ],
)
def test_an_audit_configuration_that_is_none_is_rejected(content: bytes) -> None:
    with answering(content) as url, pytest.raises(EvidenceRejected, match="the audit configuration of folders/7"):
        ask(url).audit_configs("folders/7")
