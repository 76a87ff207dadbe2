"""The double of Resource Manager and IAM, asked by plain HTTP."""

from collections.abc import Iterator

import httpx
import pytest

from clauseproof.sandbox.kms.faults import Faults
from clauseproof.sandbox.kms.google import BUYER, GoogleKmsDouble


@pytest.fixture
def double() -> Iterator[GoogleKmsDouble]:
    with GoogleKmsDouble() as running:
        yield running


@pytest.fixture
def http(double: GoogleKmsDouble) -> Iterator[httpx.Client]:
    with (
        double.resource_manager(["folders/7", "organizations/8"]) as server,
        httpx.Client(base_url=server.url, trust_env=False) as client,
    ):
        yield client


def test_a_project_lies_in_its_ancestors(http: httpx.Client) -> None:
    found = http.post("/v1/projects/buyer-prod:getAncestry", json={}).json()["ancestor"]
    assert [(entry["resourceId"]["type"], entry["resourceId"]["id"]) for entry in found] == [
        ("project", "buyer-prod"),
        ("folder", "7"),
        ("organization", "8"),
    ]


def test_a_policy_is_the_one_that_cloud_kms_goes_by(double: GoogleKmsDouble, http: httpx.Client) -> None:
    double.bind("projects/buyer-prod", "roles/viewer", ["user:x@buyer.example"], condition="request.time > 0")
    found = http.post("/v3/projects/buyer-prod:getIamPolicy", json={}).json()
    assert found["bindings"] == [
        {"role": "roles/owner", "members": [BUYER]},
        {
            "role": "roles/viewer",
            "members": ["user:x@buyer.example"],
            "condition": {"title": "", "expression": "request.time > 0"},
        },
    ]


def test_a_policy_above_the_callers_own_is_refused(http: httpx.Client) -> None:
    assert http.post("/v3/folders/7:getIamPolicy", json={}).status_code == 403


def test_a_role_says_what_it_permits(http: httpx.Client) -> None:
    owner = http.get("/v1/roles/owner").json()["includedPermissions"]
    assert {"cloudkms.cryptoKeyVersions.useToDecrypt", "resourcemanager.projects.setIamPolicy"} <= set(owner)
    uses = http.get("/v1/roles/cloudkms.cryptoKeyDecrypter").json()["includedPermissions"]
    assert uses == ["cloudkms.cryptoKeyVersions.useToDecrypt"]
    assert http.get("/v1/roles/storage.objectViewer").json()["includedPermissions"]
    assert http.get("/v1/projects/p/roles/custom").status_code == 404


def test_faults_hold_here_too(double: GoogleKmsDouble, http: httpx.Client) -> None:
    double.faults = Faults(throttled_calls=1, denies=frozenset({"getRole"}))
    assert http.get("/v1/roles/owner").status_code == 429
    assert http.get("/v1/roles/owner").status_code == 403
