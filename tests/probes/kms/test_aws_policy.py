"""AWS key policies read as admissions."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clauseproof.facts.keyaccess import Admission, Level
from clauseproof.model.errors import EvidenceRejected
from clauseproof.probes.kms.aws_policy import LONGEST_NAME, LONGEST_POLICY, MOST_STATEMENTS, read_policy

KEY = "arn:aws:kms:eu-central-1:111122223333:key/49d865cd-fccb-4aea-84f0-f2c4e79678f9"
ROOT = "arn:aws:iam::111122223333:root"


def read(*statements: dict[str, Any]) -> tuple[Admission, ...]:
    return read_policy(json.dumps({"Statement": list(statements)}), KEY)


def one(**parts: Any) -> Admission:
    (admission,) = read({"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*", **parts})
    return admission


def test_a_statement_is_an_admission() -> None:
    assert one(Sid="Use of the key", Principal={"AWS": ROOT}, Action=["kms:Encrypt", "kms:Decrypt"]) == Admission(
        where="key policy, statement 1 (Use of the key)",
        level=Level.KEY,
        allows=True,
        principals=(ROOT,),
        others=False,
        spared=(),
        operations=("kms:Encrypt", "kms:Decrypt"),
        but=(),
        confined_to=(),
        narrowed_by=(),
        depends_on=(),
        starts=None,
        ends=None,
    )


@pytest.mark.parametrize(
    ("principal", "names"),
    [
        ("*", ("*",)),
        ({"AWS": "*"}, ("*",)),
        ({"AWS": "111122223333"}, (ROOT,)),
        ({"AWS": [ROOT, "arn:aws:iam::444455556666:role/crm"]}, (ROOT, "arn:aws:iam::444455556666:role/crm")),
        ({"Service": "s3.amazonaws.com", "AWS": ROOT}, ("s3.amazonaws.com", ROOT)),
        ({"Federated": "cognito-identity.amazonaws.com"}, ("cognito-identity.amazonaws.com",)),
    ],
)
def test_principals_of_every_kind_are_named(principal: object, names: tuple[str, ...]) -> None:
    assert one(Principal=principal).principals == names


def test_a_single_statement_need_not_be_a_list() -> None:
    statement = {"Effect": "Deny", "Principal": "*", "Action": "kms:Decrypt", "Resource": "*"}
    (admission,) = read_policy(json.dumps({"Statement": statement}), KEY)
    assert not admission.allows


def test_exceptions_are_kept_as_exceptions() -> None:
    (admission,) = read(
        {"Effect": "Deny", "NotPrincipal": {"AWS": ROOT}, "NotAction": "kms:Describe*", "Resource": "*"}
    )
    assert (admission.others, admission.principals) == (True, (ROOT,))
    assert (admission.operations, admission.but) == (("*",), ("kms:Describe*",))


@pytest.mark.parametrize(
    ("condition", "confined", "narrowed", "unclear"),
    [
        ({"StringEquals": {"kms:CallerAccount": "111122223333"}}, ((ROOT,),), (), ()),
        ({"StringEquals": {"aws:PrincipalAccount": ["111122223333"]}}, ((ROOT,),), (), ()),
        ({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::1:role/x*"}}, (("arn:aws:iam::1:role/x*",),), (), ()),
        (
            {"StringEquals": {"kms:ViaService": "s3.eu-central-1.amazonaws.com"}},
            (),
            ("StringEquals kms:ViaService s3.eu-central-1.amazonaws.com",),
            (),
        ),
        (
            {"StringEquals": {"kms:EncryptionContext:tenant": "acme"}},
            (),
            ("StringEquals kms:EncryptionContext:tenant acme",),
            (),
        ),
        ({"Bool": {"kms:GrantIsForAWSResource": True}}, (), ("Bool kms:GrantIsForAWSResource True",), ()),
        ({"StringNotEquals": {"aws:PrincipalAccount": "1"}}, (), (), ("StringNotEquals aws:PrincipalAccount 1",)),
        ({"StringEqualsIfExists": {"kms:CallerAccount": "1"}}, (), (), ("StringEqualsIfExists kms:CallerAccount 1",)),
        ({"StringEquals": {"aws:PrincipalOrgID": "o-1"}}, (), (), ("StringEquals aws:PrincipalOrgID o-1",)),
        ({"DateLessThan": {"aws:CurrentTime": "2020-01-01"}}, (), (), ("DateLessThan aws:CurrentTime 2020-01-01",)),
        (
            {"StringEquals": {"kms:CallerAccount": "111122223333", "aws:SourceVpce": "vpce-1", "aws:x": "y"}},
            ((ROOT,),),
            ("StringEquals aws:SourceVpce vpce-1",),
            ("StringEquals aws:x y",),
        ),
    ],
)
def test_conditions_are_told_apart_by_what_they_say_of_the_caller(
    condition: object, confined: object, narrowed: object, unclear: object
) -> None:
    found = one(Condition=condition)
    assert (found.confined_to, found.narrowed_by, found.depends_on) == (confined, narrowed, unclear)


def test_statements_about_other_keys_are_left_out() -> None:
    other = KEY.replace("49d865cd", "00000000")
    statement = {"Effect": "Allow", "Principal": "*", "Action": "kms:*"}
    assert read({**statement, "Resource": other}, {**statement, "NotResource": KEY}) == ()
    assert len(read({**statement, "Resource": [other, KEY]}, {**statement, "NotResource": other}, statement)) == 3


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"Statement": 1}',
        '{"Statement": ["x"]}',
        '{"Statement": [{"Effect": "Allow", "Principal": "*"}]}',
        '{"Statement": [{"Effect": "Permit", "Principal": "*", "Action": "kms:*"}]}',
        '{"Statement": [{"Effect": "Allow", "Principal": 1, "Action": "kms:*"}]}',
        '{"Statement": [{"Effect": "Allow", "Principal": {"AWS": [1]}, "Action": "kms:*"}]}',
        '{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Condition": {"Bool": 1}}]}',
        "[" * 20000,
        json.dumps({"Statement": [{}] * (MOST_STATEMENTS + 1)}),
        json.dumps({"Statement": [{"Effect": "Allow", "Principal": "x" * (LONGEST_NAME + 1), "Action": "kms:*"}]}),
        json.dumps({"Statement": [], "Id": "x" * LONGEST_POLICY}),
    ],
)
def test_a_policy_that_is_none_is_rejected_whole(text: str) -> None:
    """Half a policy may lack the statement that lets somebody in."""
    with pytest.raises(EvidenceRejected, match=f"the key policy of {KEY} cannot be read"):
        read_policy(text, KEY)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
NAMES = ("Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition", "Sid")
PARTS = st.fixed_dictionaries({"Effect": st.sampled_from(["Allow", "Deny"])}, optional=dict.fromkeys(NAMES, JSON))


@given(st.lists(PARTS, max_size=3) | JSON)
def test_any_json_is_read_or_rejected(statements: object) -> None:
    try:
        found = read_policy(json.dumps({"Statement": statements}), KEY)
    except EvidenceRejected:
        return
    assert all(isinstance(admission, Admission) for admission in found)
