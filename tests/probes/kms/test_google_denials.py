"""Rules of deny policies, brought to the words of allow policies."""

from typing import Any

import pytest

from clauseproof.facts.keyaccess import EVERYONE, Admission, Level
from clauseproof.probes.kms.google_denials import LONGEST_TEXT, denial, is_readable

RULE = {
    "deniedPrincipals": ["principalSet://goog/public:all"],
    "deniedPermissions": ["cloudkms.googleapis.com/cryptoKeyVersions.useToDecrypt"],
}


def read(**parts: Any) -> Admission:
    found = denial("projects/p", "d", {**RULE, **parts})
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("principal", "member"),
    [
        ("principalSet://goog/public:all", EVERYONE),
        ("principal://goog/subject/a@x.example", "user:a@x.example"),
        ("principalSet://goog/group/g@x.example", "group:g@x.example"),
        (
            "principal://iam.googleapis.com/projects/-/serviceAccounts/s@p.iam.gserviceaccount.com",
            "serviceAccount:s@p.iam.gserviceaccount.com",
        ),
        ("principalSet://goog/cloudIdentityCustomerId/C01", "principalSet://goog/cloudIdentityCustomerId/C01"),
        ("deleted:principal://goog/subject/a@x.example?uid=1", "deleted:principal://goog/subject/a@x.example?uid=1"),
    ],
)
def test_principals_are_those_of_allow_policies(principal: str, member: str) -> None:
    assert read(deniedPrincipals=[principal]).principals == (member,)
    assert read(exceptionPrincipals=[principal]).spared == (member,)


@pytest.mark.parametrize(
    ("permission", "operation"),
    [
        ("cloudkms.googleapis.com/cryptoKeys.setIamPolicy", "cloudkms.cryptoKeys.setIamPolicy"),
        ("cloudkms.googleapis.com/*", "cloudkms.*"),
        ("cloudresourcemanager.googleapis.com/projects.setIamPolicy", "resourcemanager.projects.setIamPolicy"),
    ],
)
def test_permissions_are_those_of_roles(permission: str, operation: str) -> None:
    assert read(deniedPermissions=[permission]).operations == (operation,)
    assert read(exceptionPermissions=[permission]).but == (operation,)


def test_a_condition_without_an_expression_is_a_condition() -> None:
    assert read(denialCondition={"title": "prod"}).depends_on == ("prod: ",)
    assert read(denialCondition={"location": "x"}).depends_on == ("condition: ",)
    assert read(denialCondition={}).depends_on == ()


@pytest.mark.parametrize("name", ["*.googleapis.com/cryptoKeys.get", "*", "principal://goog/subject/" + "x" * 300])
def test_a_name_of_every_service_or_without_end_is_not_gone_by(name: str) -> None:
    assert not is_readable(name)
    assert is_readable("cloudkms.googleapis.com/*")


def test_a_condition_is_kept_in_its_own_words_and_bounded() -> None:
    tagged = {"title": "prod", "expression": "resource.matchTag('1/env', 'prod')"}
    assert read(denialCondition=tagged).depends_on == ("prod: resource.matchTag('1/env', 'prod')",)
    (long,) = read(denialCondition={"expression": "x" * 10_000}).depends_on
    assert len(long) == LONGEST_TEXT


def test_a_denial_always_comes_from_above() -> None:
    found = read()
    assert (found.level, found.allows) == (Level.ABOVE, False)


def test_a_rule_about_another_service_is_none() -> None:
    assert denial("projects/p", "d", {**RULE, "deniedPermissions": ["storage.googleapis.com/*"]}) is None
