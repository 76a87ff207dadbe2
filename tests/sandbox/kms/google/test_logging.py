"""Cloud Logging's double, asked by an unmodified client."""

from collections.abc import Iterator
from contextlib import contextmanager

import grpc  # type: ignore[import-untyped]
import pytest
from google.api_core.exceptions import InvalidArgument, PermissionDenied
from google.cloud.logging_v2.services.logging_service_v2 import LoggingServiceV2Client
from google.cloud.logging_v2.services.logging_service_v2.transports import LoggingServiceV2GrpcTransport

from clauseproof.sandbox.kms.faults import Faults
from clauseproof.sandbox.kms.google import GoogleKmsDouble, KeySeed
from tests.support.googlekeys import turn, usable

PROJECT = "projects/buyer-prod"


@pytest.fixture
def double() -> Iterator[GoogleKmsDouble]:
    with GoogleKmsDouble() as running:
        name = running.seed_key(KeySeed(id="k"))
        assert usable(running, name)
        turn(running, name, 1, "DISABLED")
        yield running


@contextmanager
def client(double: GoogleKmsDouble) -> Iterator[LoggingServiceV2Client]:
    with double.cloud_logging() as log:
        channel = grpc.insecure_channel(log.address, options=[("grpc.use_local_subchannel_pool", 1)])
        yield LoggingServiceV2Client(transport=LoggingServiceV2GrpcTransport(host=log.address, channel=channel))
        channel.close()


def streams(double: GoogleKmsDouble, filter_: str = "", page_size: int = 50) -> list[str]:
    """The last word of each entry's log name, newest first, over all pages."""
    request = {
        "resource_names": [PROJECT],
        "filter": filter_,
        "order_by": "timestamp desc",
        "page_size": page_size,
    }
    with client(double) as logging:
        entries = list(logging.list_log_entries(request=request, retry=None, timeout=5))
    return [entry.log_name.rpartition("%2F")[2] for entry in entries]


def test_uses_are_written_down_only_where_a_policy_says_so(double: GoogleKmsDouble) -> None:
    assert set(streams(double)) == {"activity"}
    double.log_uses(PROJECT)
    assert set(streams(double)) == {"activity", "data_access"}
    double.log_uses(PROJECT, exempt=["user:buyer@buyer.example"])
    assert set(streams(double)) == {"activity"}


def test_pages_have_every_entry_once(double: GoogleKmsDouble) -> None:
    assert streams(double, page_size=1) == streams(double)


def test_a_filter_leaves_what_fits_it(double: GoogleKmsDouble) -> None:
    double.log_uses(PROJECT)
    assert streams(double, 'protoPayload.methodName:"Decrypt"') == ["data_access"]
    assert streams(double, 'protoPayload.methodName:"Decrypt" timestamp<="2020-01-01T00:00:00Z"') == []


@pytest.mark.parametrize("filter_", ["nonsense", 'protoPayload.other="x"', 'timestamp>="2020-01-01T00:00:00Z" OR'])
def test_a_filter_that_is_none_is_refused(double: GoogleKmsDouble, filter_: str) -> None:
    with pytest.raises(InvalidArgument):
        streams(double, filter_)


def test_who_may_not_read_uses_is_not_told_that_there_are_any(double: GoogleKmsDouble) -> None:
    double.log_uses(PROJECT)
    double.faults = Faults(denies=frozenset({"ListPrivateLogEntries"}))
    assert set(streams(double)) == {"activity"}
    double.faults = Faults(denies=frozenset({"ListLogEntries"}))
    with pytest.raises(PermissionDenied):
        streams(double)
