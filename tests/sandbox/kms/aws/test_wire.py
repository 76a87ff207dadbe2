import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clauseproof.sandbox.kms.aws.errors import AwsError
from clauseproof.sandbox.kms.aws.front import KMS_OPERATIONS
from clauseproof.sandbox.kms.aws.wire import decode, encode, operation_model, service

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=10,
)
CREATE_GRANT = operation_model(service("kms"), "CreateGrant").input_shape
assert CREATE_GRANT is not None
MEMBERS = sorted(CREATE_GRANT.members)


def outcome(body: bytes) -> str:
    """The type that the request decodes to, or the code of its error."""
    try:
        return type(decode(CREATE_GRANT, body)).__name__
    except AwsError as error:
        return error.code


@given(st.binary(max_size=200) | anything.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_are_parameters_or_an_error_of_the_service(body: bytes) -> None:
    assert outcome(body) in ("dict", "SerializationException", "ValidationException")


@given(st.dictionaries(st.sampled_from(MEMBERS), anything))
def test_wrong_values_under_right_names_are_an_error_of_the_service(params: dict[str, object]) -> None:
    assert outcome(json.dumps(params).encode()) in ("dict", "SerializationException", "ValidationException")


def test_blobs_and_dates_survive_the_way_to_json_and_back() -> None:
    shape = operation_model(service("kms"), "ImportKeyMaterial").input_shape
    params = {
        "KeyId": "key",
        "ImportToken": b"\x00token",
        "EncryptedKeyMaterial": b"\xff",
        "ValidTo": datetime(2027, 1, 1, tzinfo=UTC),
    }
    assert decode(shape, encode(shape, params)) == params


def test_an_answer_with_a_member_that_aws_does_not_have_is_a_mistake() -> None:
    shape = operation_model(service("kms"), "ListKeys").output_shape
    with pytest.raises(KeyError, match="Invented"):
        encode(shape, {"Invented": True})


def test_every_operation_of_the_double_is_one_of_aws() -> None:
    assert set(service("kms").operation_names) >= KMS_OPERATIONS.keys()
