"""What a provider's operations let somebody do: wildcards, exceptions, and a table that leaves nothing out."""

import boto3
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clauseproof.facts.keyrights import Right, matches, operations
from clauseproof.facts.keys import Provider

AWS, GOOGLE = Provider.AWS, Provider.GOOGLE


def test_every_operation_of_the_sdk_is_in_the_table() -> None:
    """ReEncrypt is two actions in policies; GenerateRandom and CreateKey concern no key."""
    kms = boto3.client("kms", region_name="eu-central-1")
    named = {f"kms:{name}" for name in kms.meta.service_model.operation_names} - {"kms:ReEncrypt", "kms:GenerateRandom"}
    found = operations(AWS, named)
    assert {name for name, right in found.items() if right is Right.OTHER} == set()
    assert set(found) == named


@pytest.mark.parametrize(
    ("patterns", "but", "rights"),
    [
        (["kms:Decrypt"], [], {"decrypt"}),
        (["KMS:decrypt"], [], {"decrypt"}),
        (["kms:GenerateDataKey*"], [], {"encrypt"}),
        (["kms:ReEncrypt*"], [], {"encrypt", "decrypt"}),
        (["kms:?ecrypt"], [], {"decrypt"}),
        (["kms:*"], [], {"encrypt", "decrypt", "sign", "read", "manage", "share"}),
        (["*"], ["kms:*Grant", "kms:PutKeyPolicy"], {"encrypt", "decrypt", "sign", "read", "manage"}),
        (["kms:Brew"], [], {"other"}),
        (["s3:GetObject"], [], set()),
        (["kms:Brew*"], [], {"other"}),
    ],
)
def test_wildcards_and_exceptions_of_aws_are_understood(patterns: list[str], but: list[str], rights: set[str]) -> None:
    assert set(operations(AWS, patterns, but).values()) == rights


@pytest.mark.parametrize(
    ("permission", "right"),
    [
        ("cloudkms.cryptoKeyVersions.useToDecrypt", Right.DECRYPT),
        ("cloudkms.cryptoKeyVersions.useToEncrypt", Right.ENCRYPT),
        ("cloudkms.cryptoKeyVersions.useToSign", Right.SIGN),
        ("cloudkms.cryptoKeyVersions.destroy", Right.MANAGE),
        ("cloudkms.cryptoKeys.setIamPolicy", Right.SHARE),
        ("resourcemanager.projects.setIamPolicy", Right.SHARE),
        ("cloudkms.keyRings.list", Right.READ),
        ("cloudkms.cryptoKeyVersions.brew", Right.OTHER),
    ],
)
def test_a_permission_of_googles_says_what_it_is_for(permission: str, right: Right) -> None:
    assert operations(GOOGLE, [permission]) == {permission: right}


@given(st.text(max_size=40))
def test_text_without_wildcards_fits_itself_and_a_star_fits_all(text: str) -> None:
    plain = text.replace("*", "").replace("?", "")
    assert matches("*", text)
    assert matches(plain, plain)
    assert matches(f"{plain[:3]}*", plain)


def test_brackets_are_no_wildcards() -> None:
    assert not matches("kms:[DE]ncrypt", "kms:Encrypt")
    assert matches("role/[a]", "role/[a]")


def test_a_pattern_made_to_take_forever_does_not() -> None:
    assert not matches("*a" * 60 + "b", "a" * 2000)
