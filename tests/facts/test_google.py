"""A key of Cloud KMS in a profile: which names are keys, and where access tokens may go."""

import pytest
from pydantic import ValidationError

from clauseproof.engine.registry import Registry
from clauseproof.facts import endpoint, google, keys
from clauseproof.facts.google import GoogleKey
from clauseproof.profile.problem import Problems
from clauseproof.profile.subjects import read_subjects
from clauseproof.profile.tree import parse

NAME = "projects/buyer-prod/locations/europe-west3/keyRings/crm/cryptoKeys/contacts"


def key(**more: object) -> GoogleKey:
    return GoogleKey.model_validate({"key": NAME, **more})


def test_project_location_and_ring_are_those_of_the_name() -> None:
    found = key()
    assert (found.project, found.location) == ("buyer-prod", "europe-west3")
    assert found.ring == "projects/buyer-prod/locations/europe-west3/keyRings/crm"


@pytest.mark.parametrize("project", ["buyer-prod", "example.com:buyer-prod", "s3ns:buyer-prod"])
def test_projects_of_domains_and_of_sovereign_clouds_have_a_prefix(project: str) -> None:
    assert key(key=NAME.replace("buyer-prod", project)).project == project


@pytest.mark.parametrize(
    ("name", "says"),
    [
        (NAME.replace("buyer-prod", "123456789012"), "write the project's id"),
        (f"{NAME}/cryptoKeyVersions/1", "leave off /cryptoKeyVersions/"),
        (NAME.replace("/keyRings/crm", ""), "is no name of a key of Cloud KMS; write projects/<project id>/locations/"),
        (f"//cloudkms.googleapis.com/{NAME}", "is no name of a key"),
        (f"{NAME}\n", "is no name of a key"),
    ],
)
def test_what_is_no_name_of_a_key_is_told_with_the_right_form(name: str, says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        key(key=name)


@pytest.mark.parametrize(
    "more",
    [
        {"endpoint": "cloudkms.europe-west3.rep.googleapis.com"},
        {"endpoint": "cloudkms.s3nsapis.fr:443", "universe_domain": "s3nsapis.fr"},
        {"endpoint": "127.0.0.1:8080", "insecure": True},
        {"endpoint": "localhost:8443"},
        {"iam_endpoint": "https://iam.googleapis.com"},
        {"iam_endpoint": "http://127.0.0.1:8081"},
        {"log_endpoint": "logging.europe-west3.rep.googleapis.com"},
        {"log_endpoint": "127.0.0.1:8082"},
    ],
)
def test_endpoints_of_the_universe_and_of_this_machine_are_fine(more: dict[str, object]) -> None:
    assert key(**more).name == NAME


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"endpoint": "cloudkms.attacker.example"}, "access tokens stay inside"),
        ({"endpoint": "cloudkms.googleapis.com", "universe_domain": "s3nsapis.fr"}, "outside s3nsapis.fr"),
        ({"endpoint": "googleapis.com.attacker.example"}, "access tokens stay inside"),
        ({"endpoint": "notgoogleapis.com"}, "access tokens stay inside"),
        ({"iam_endpoint": "https://iam.attacker.example"}, "iam_endpoint iam.attacker.example lies outside"),
        ({"insecure": True}, "insecure is for endpoints on this machine"),
        ({"endpoint": "cloudkms.googleapis.com", "insecure": True}, "insecure is for endpoints on this machine"),
        (
            {"endpoint": "127.0.0.1:1", "insecure": True, "log_endpoint": "logging.googleapis.com"},
            "insecure is for endpoints on this machine",
        ),
        ({"log_endpoint": "logging.attacker.example"}, "log_endpoint logging.attacker.example lies outside"),
        ({"endpoint": "unix:/tmp/socket"}, "write HOST or HOST:PORT"),
        ({"endpoint": "dns:///cloudkms.googleapis.com"}, "write HOST or HOST:PORT"),
        ({"endpoint": "token@cloudkms.googleapis.com"}, "carries no user name"),
        ({"universe_domain": "com"}, "is no universe domain"),
        ({"universe_domain": "192.0.2.7"}, "is no universe domain"),
        ({"universe_domain": "s3nsapis.fr:443"}, "is no universe domain"),
    ],
)
def test_an_access_token_never_leaves_its_universe(more: dict[str, object], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        key(**more)


def test_only_the_data_path_is_somebody_elses_host() -> None:
    path = {"url": "https://api.crm.example/v1/contacts/canary", "expect_sentinel": "a sentence of ours"}
    assert key().hosts() == ()
    assert key(data_path=path).hosts() == ("api.crm.example",)


@pytest.mark.parametrize(
    ("written", "cls"),
    [
        (f'{{key: "{NAME}", endpoint: "127.0.0.1:8080", insecure: true}}', GoogleKey),
        ('{key: "arn:aws:kms:eu-central-1:111122223333:key/k"}', keys.AwsKey),
    ],
)
def test_a_profile_tells_keys_of_the_clouds_apart_by_their_names(written: str, cls: type) -> None:
    registry, problems = Registry(), Problems("p.yaml")
    for module in (keys, google, endpoint):
        registry.scan(module)
    root = parse(f"it: {written}\n".encode(), problems)
    found = read_subjects(root, registry, None, problems)
    assert [str(problem) for problem in problems.errors().problems] == []
    assert type(found["it"]) is cls
