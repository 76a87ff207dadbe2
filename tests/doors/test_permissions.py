"""The page of rights says of each provider what its probes need, and no more."""

import json
import re

import pytest

from clauseproof.doors.assembly import load
from clauseproof.doors.permissions import page
from clauseproof.facts.azure import AzureKey
from clauseproof.facts.google import GoogleKey
from clauseproof.facts.keys import AwsKey
from clauseproof.model.permission import Permission
from clauseproof.model.subject import Subject

REGISTRY, _ = load()
PAGE = page(REGISTRY)


def section(title: str) -> str:
    return PAGE.partition(f"## {title}\n")[2].partition("\n## ")[0]


def rights(subject: type[Subject], *, drill: bool) -> set[str]:
    marks = [probe.mark for probe in REGISTRY.probes.values() if probe.subject is subject]
    return {right for mark in marks if (mark.permission is Permission.DRILL) is drill for right in mark.rights}


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)\n```", text, re.DOTALL)


def test_aws_gets_two_policies_that_together_hold_exactly_what_the_probes_need() -> None:
    policies = [json.loads(block) for block in blocks(section("AWS KMS"), "json")]
    passive, drills = ({a for s in policy["Statement"] for a in s["Action"]} for policy in policies)
    assert passive == rights(AwsKey, drill=False)
    assert drills == rights(AwsKey, drill=True) - passive
    assert {s["Resource"] for s in policies[0]["Statement"]} == {"*", "arn:PARTITION:kms:REGION:ACCOUNT:key/KEY-ID"}


def test_google_gets_two_roles() -> None:
    passive, drills = (
        set(re.findall(r"^- (\S+)$", b, re.MULTILINE)) for b in blocks(section("Google Cloud KMS"), "yaml")
    )
    assert passive == rights(GoogleKey, drill=False)
    assert drills == rights(GoogleKey, drill=True) - passive


def test_azure_gets_access_policies_and_roles_of_both_kinds() -> None:
    text = section("Azure Key Vault and Managed HSM")
    commands = [set(block.split("--key-permissions ")[1].split()) for block in blocks(text, "sh")]
    words = {right.removeprefix("keys/") for right in rights(AzureKey, drill=False) if right.startswith("keys/")}
    more = {right.removeprefix("keys/") for right in rights(AzureKey, drill=True)}
    assert commands == [words, words | more], "the command replaces what was there"
    policies = [json.loads(block) for block in blocks(text, "json")]
    actions = [set(policy["DataActions"]) for policy in policies if "DataActions" in policy]
    of_workspaces = {right for right in rights(AzureKey, drill=False) if "OperationalInsights" in right}
    assert [set(policy["Actions"]) for policy in policies if "Actions" in policy] == [of_workspaces]
    assert {action.split("/")[1] for action in actions[0] | actions[2]} == {"vaults"}
    assert {action.split("/")[1] for action in actions[1] | actions[3]} == {"managedHsm"}
    assert not actions[0] & actions[2]


@pytest.mark.parametrize(
    "never", ["ScheduleKeyDeletion", "PutKeyPolicy", "Versions.destroy", "keys/delete", "keys/purge"]
)
def test_nothing_that_deletes_is_in_any_policy(never: str) -> None:
    assert all(never not in block for language in ("json", "yaml", "sh") for block in blocks(PAGE, language))


def test_a_passive_look_never_needs_what_only_a_drill_may() -> None:
    writes = ("Disable", "Enable", "Rotate", "update", "rotate", "create")
    for subject in (AwsKey, GoogleKey, AzureKey):
        assert not {right for right in rights(subject, drill=False) if right.rpartition(".")[2].startswith(writes)}
