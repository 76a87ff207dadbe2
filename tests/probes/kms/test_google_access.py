"""Who may use a key of Cloud KMS, by the real client and over REST."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from clauseproof.facts.google import GoogleKey
from clauseproof.facts.keyaccess import EVERYONE, Access, Level
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
        "policy of folders/7",
        "policy of organizations/8",
    )
    assert found.gaps == ()
    assert at.calls == [
        "cloudkms.GetIamPolicy",
        "cloudresourcemanager.getAncestry",
        "cloudresourcemanager.getIamPolicy",
        "iam.roles.get",
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
    (gap,) = access(key_of(double, iam), look()).gaps
    assert gap.level is Level.ABOVE
    kind = resource.split("/")[0]
    assert f"grant resourcemanager.{kind}.getIamPolicy on {resource}" in gap.unseen.remedy


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
    assert says in found.gaps[0].unseen.text
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
