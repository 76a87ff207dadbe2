"""Log Analytics: what a diagnostic setting has sent there of one key's vault, asked for in Kusto (KQL).

A vault's AuditEvent lies in one of two tables, by how the setting sends it, and a table that nothing was sent to does
not exist. Columns that were never written do not exist either, and are asked for with `column_ifexists`.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self
from urllib.parse import urlsplit

from clauseproof import __version__
from clauseproof.facts.azure import AzureKey
from clauseproof.facts.keylog import Entry
from clauseproof.model.errors import Denied, LookFailed, Unknowable, Unreachable
from clauseproof.model.look import Look
from clauseproof.probes.kms.auditlog import MOST_NEWEST, OURS, SLACK, OwnCall, too_many
from clauseproof.probes.kms.azure_credential import credential, object_id
from clauseproof.probes.kms.azure_errors import Failure, explain, failure_of
from clauseproof.probes.kms.azure_library import load
from clauseproof.probes.kms.azure_reach import READ_S, AzureReach, retries
from clauseproof.probes.kms.azure_transport import transport

if TYPE_CHECKING:
    from azure.monitor.query import LogsQueryClient

AUDIT_EVENT: Final = "AuditEvent"
"""The one stream of a vault's log."""

TABLES: Final[Mapping[str, str]] = {
    "AzureDiagnostics": """\
AzureDiagnostics
| where ResourceProvider =~ "MICROSOFT.KEYVAULT" and Category == "AuditEvent"
| extend Uri = tostring(column_ifexists("requestUri_s", "")), Id = tostring(column_ifexists("id_s", ""))
| extend Status = toint(column_ifexists("httpStatusCode_d", real(null)))
| extend Client = tostring(column_ifexists("clientInfo_s", ""))
| extend Caller = tostring(column_ifexists("identity_claim_oid_g", ""))""",
    "AZKVAuditLogs": """\
AZKVAuditLogs
| extend Uri = tostring(column_ifexists("RequestUri", "")), Id = tostring(column_ifexists("Id", ""))
| extend Status = toint(column_ifexists("HttpStatusCode", int(null)))
| extend Client = tostring(column_ifexists("ClientInfo", ""))
| extend Caller = tostring(column_ifexists("Identity", dynamic({})).claim.oid)""",
}
"""How each table is asked (Azure Monitor reference, "AzureDiagnostics" and "AZKVAuditLogs")."""
COLUMNS: Final = "TimeGenerated, OperationName, Status, Client, Caller, CorrelationId, Uri, Id"
REFUSED: Final = 403
"""How Key Vault answers for a key that is disabled."""

_MOST_ROWS = 500
_LOOKED_BACK = timedelta(days=7)
_LONGEST_TEXT = 120
_ATTEMPTS = 3
_ABSENT = "SemanticError"


class AzureLog:
    """The audit log of one key, in the workspace that the profile names. Use it in a `with` block."""

    def __init__(self, key: AzureKey, look: Look) -> None:
        if key.log_workspace is None:
            raise Unknowable(
                f"{key.vault} does not show its audit log itself, and the profile names no Log Analytics workspace",
                "have a diagnostic setting send AuditEvent of the vault to one, and write its id as log_workspace",
            )
        if key.logs_at is None:
            raise Unknowable(
                f"where Log Analytics of the cloud of {key.domain} is asked is not known here", "name log_endpoint"
            )
        self._key = key
        self._look = look
        self._workspace: str = key.log_workspace
        self._endpoint: str = key.logs_at.rstrip("/")
        self._ca_pem = AzureReach.of(key, look).ca_pem
        self._client: LogsQueryClient | None = None
        self._caller: str | None = None

    def newest(self) -> list[Entry]:
        """The newest entries about the key of some days. Raises LookFailed."""
        now = datetime.now(UTC)
        every = [row.entry for row in self._rows("", MOST_NEWEST, now - _LOOKED_BACK, now + SLACK)[0]]
        return sorted(every, key=lambda entry: entry.at, reverse=True)[:MOST_NEWEST]

    def around(self, call: OwnCall) -> Iterator[Entry]:
        """Our entries that may be this call. Raises LookFailed."""
        names = call.word.partition(":")[2].split("/")
        wanted = f"| where OperationName in ({', '.join(map(quoted, names))}) and Client contains {quoted(OURS)}\n"
        rows, more = self._rows(wanted, _MOST_ROWS, call.since, call.until)
        found = [row.entry for row in rows if self._is(call, row, names)]
        if more and not found:
            raise too_many(call, f"{self._key.vault}/keys/{self._key.name}")
        return iter(found)

    def _is(self, call: OwnCall, row: "_Row", names: list[str]) -> bool:
        ours = OURS in row.client and (not row.caller or self._caller in (None, row.caller))
        fits = row.status == REFUSED if call.error is not None else 200 <= row.status < 300
        return ours and fits and row.entry.call.partition(":")[2] in names

    def _rows(self, wanted: str, most: int, since: datetime, until: datetime) -> "tuple[list[_Row], bool]":
        """Rows about the key, and whether a table may have more than were asked for."""
        asked = [
            self._asked(f"{table}\n{self._about()}{wanted}{_ending(most)}", since, until) for table in TABLES.values()
        ]
        rows = (_row(values) for told in asked for values in told[:most])
        about = [row for row in rows if row is not None and self._names_key(row)]
        return about, any(len(told) >= most for told in asked)

    def _about(self) -> str:
        """The vault and the key, loosely: what was sent is looked at again here."""
        return "".join(
            f"| where Uri contains {quoted(text)} or Id contains {quoted(text)}\n"
            for text in (f"//{self._host}", f"/keys/{self._key.name}")
        )

    def _names_key(self, row: "_Row") -> bool:
        name = rf"https://{re.escape(self._host)}(:443)?/keys/{re.escape(self._key.name)}([/?].*)?"
        return any(re.fullmatch(name, text, re.IGNORECASE) for text in (row.uri, row.id))

    @property
    def _host(self) -> str:
        return str(urlsplit(self._key.vault).hostname)

    def _asked(self, query: str, since: datetime, until: datetime) -> list[Mapping[str, Any]]:
        from azure.core.exceptions import AzureError
        from azure.monitor.query import LogsQueryResult

        self._look.called("loganalytics:Query")
        try:
            client = self._connected()
            answer = client.query_workspace(
                self._workspace, query, timespan=(since, until), server_timeout=int(self._within_s())
            )
        except (AzureError, ValueError, AttributeError, TypeError, LookupError) as error:
            failure = failure_of(error)
            if failure.code == _ABSENT:
                return []
            raise self._explained(failure) from error
        if not isinstance(answer, LogsQueryResult):
            raise Unreachable(f"Log Analytics answered for workspace {self._workspace} in part only", "run again later")
        return [dict(zip(table.columns, row, strict=False)) for table in answer.tables for row in table.rows]

    def _connected(self) -> "LogsQueryClient":
        if self._client is None:
            load("azure.monitor.query", "azure.core.exceptions", "azure.core.pipeline.policies", "requests")
            from azure.monitor.query import LogsQueryClient

            token = self._key.log_token
            tokens = credential(self._key.signs_in_at, None if token is None else token.place)
            self._caller = object_id(tokens.get_token_info(f"{self._endpoint}/.default").token)
            self._client = LogsQueryClient(
                tokens,  # type: ignore[arg-type]  # the new way of asking for tokens is enough
                endpoint=self._endpoint,
                transport=transport(self._key.log_connect_to, self._ca_pem, self._within_s()),
                retry_policy=retries(_ATTEMPTS, self._within_s()),
                permit_redirects=False,
                user_agent=f"clauseproof/{__version__}",
            )
        return self._client

    def _within_s(self) -> float:
        return max(1.0, min(READ_S, self._look.remaining_s()))

    def _explained(self, failure: Failure) -> LookFailed:
        """Log Analytics has errors of its own beside those that all of Azure shares."""
        workspace = f"Log Analytics workspace {self._workspace}"
        if failure.status == 403:
            remedy = f"give the caller the role Log Analytics Reader on {workspace}"
            return Denied(f"Azure refused the query of {workspace}", remedy)
        if failure.status == 404:
            remedy = "compare log_workspace with the portal: it is the workspace's id, not its name"
            return Unknowable(f"{self._endpoint} knows no {workspace}", remedy)
        if failure.status == 400:
            return Unknowable(f"{workspace} does not understand the query ({failure.code})", "look there by hand")
        words = {
            "call": "loganalytics:Query",
            "right": "Log Analytics Reader",
            "key": workspace,
            "name": self._workspace,
            "vault": self._endpoint,
            "authority": self._key.signs_in_at,
        }
        explained = explain(failure, words)
        what, what_to_do = (text.replace("Key Vault", "Azure") for text in (explained.what, explained.what_to_do))
        return type(explained)(what, what_to_do.replace("the tenant of the vault", "the workspace's tenant"))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None


class _Row(NamedTuple):
    """An entry, and what else the row says; all of it somebody else's text."""

    entry: Entry
    status: int
    client: str
    caller: str
    uri: str
    id: str


def quoted(text: str) -> str:
    """A string of Kusto's, whatever is in it (Kusto reference, "The string data type")."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\u{ord(c) & 0xFFFF:04x}" for c in escaped) + '"'


def _ending(most: int) -> str:
    return f"| project {COLUMNS}\n| order by TimeGenerated desc\n| take {most}"


def _row(values: Mapping[str, Any]) -> _Row | None:
    """One row; None for one without a date."""
    at, status = values.get("TimeGenerated"), values.get("Status")
    if not isinstance(at, datetime) or at.tzinfo is None:
        return None
    code = status if isinstance(status, int) and not isinstance(status, bool) else 0
    texts = {name: str(values.get(name) or "") for name in ("Client", "Caller", "Uri", "Id")}
    entry = Entry(
        call=f"keyvault:{values.get('OperationName')}"[:_LONGEST_TEXT],
        at=at.astimezone(UTC),
        error=None if 200 <= code < 300 else f"HTTP {code}"[:_LONGEST_TEXT],
        id=str(values.get("CorrelationId") or "")[:_LONGEST_TEXT],
        stream=AUDIT_EVENT,
    )
    return _Row(entry, code, texts["Client"], texts["Caller"].lower(), texts["Uri"], texts["Id"])
