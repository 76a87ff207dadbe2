"""Log Analytics' double, asked by an unmodified client."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError
from azure.monitor.query import LogsQueryClient, LogsQueryPartialResult, LogsQueryResult

from clauseproof.sandbox.kms.azure import BUYER, AzureKeyVaultDouble, KeySeed, pinned_transport
from clauseproof.sandbox.kms.faults import Faults
from tests.support.azurekeys import Token, usable

WORKSPACE = "0a1b2c3d-0000-1111-2222-333344445555"


@pytest.fixture
def double() -> Iterator[AzureKeyVaultDouble]:
    with AzureKeyVaultDouble() as running:
        running.seed_key(KeySeed(name="cmk"))
        assert usable(running)
        yield running


def ask(double: AzureKeyVaultDouble, query: str, *, token: str = BUYER.token, workspace: str = WORKSPACE) -> Any:
    now, credential = datetime.now(UTC), Token(token)
    with double.log_analytics(WORKSPACE) as log:
        way = pinned_transport(log.host, log.port, str(double.ca_file))
        with LogsQueryClient(credential, transport=way, retry_total=0) as client:  # type: ignore[arg-type]
            return client.query_workspace(workspace, query, timespan=(now - timedelta(hours=1), now))


def operations(answer: Any) -> list[str]:
    assert isinstance(answer, LogsQueryResult)
    return [row["OperationName"] for row in answer.tables[0].rows]


def test_the_vaults_calls_are_rows_newest_first(double: AzureKeyVaultDouble) -> None:
    listed = operations(ask(double, "AzureDiagnostics"))
    assert (listed[0], listed[-1]) == ("KeyUnwrap", "KeyGet")


def test_steps_of_a_query_leave_what_fits_them(double: AzureKeyVaultDouble) -> None:
    unwraps = 'AzureDiagnostics\n| where OperationName in ("KeyUnwrap", "KeyDecrypt") and Uri contains "/KEYS/cmk"'
    assert operations(ask(double, unwraps)) == ["KeyUnwrap"]
    assert operations(ask(double, f'{unwraps}\n| where Id contains "/keys/other"')) == []
    assert len(operations(ask(double, "AzureDiagnostics\n| take 1"))) == 1


@pytest.mark.parametrize(
    ("query", "code"), [("AZKVAuditLogs", "SemanticError"), ("AzureDiagnostics\n| drop everything", "SyntaxError")]
)
def test_what_is_not_there_or_not_understood_is_refused(double: AzureKeyVaultDouble, query: str, code: str) -> None:
    with pytest.raises(HttpResponseError) as raised:
        ask(double, query)
    assert raised.value.status_code == 400
    assert code in str(raised.value)


def test_only_known_callers_and_workspaces_are_answered(double: AzureKeyVaultDouble) -> None:
    for status, more in ((401, {"token": "stranger"}), (404, {"workspace": WORKSPACE.replace("0a", "ff")})):
        with pytest.raises(HttpResponseError) as raised:
            ask(double, "AzureDiagnostics", **more)
        assert raised.value.status_code == status


def test_an_answer_in_part_says_so(double: AzureKeyVaultDouble) -> None:
    double.faults = Faults(denies=frozenset({"QueryInFull"}))
    assert isinstance(ask(double, "AzureDiagnostics"), LogsQueryPartialResult)
