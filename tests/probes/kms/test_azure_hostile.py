"""A vault that answers with whatever it likes gets no token for others, no long wait and no crash."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from clauseproof.facts.azure import AzureKey
from clauseproof.model.errors import EvidenceRejected, LookFailed
from clauseproof.probes.kms.azure import custody, rotation
from clauseproof.probes.kms.azure_access import access
from clauseproof.sandbox.kms.serving import Certificate, LoopbackServer
from clauseproof.sandbox.pki import Authority
from tests.support.azurekeys import TOKEN_NAME, azure_look

HOST, HSM = "crm.vault.azure.net", "crm.managedhsm.azure.net"
OTHER = "attacker.example"
Answer = Callable[[Request], Response]
TENANT = "99999999-8888-7777-6666-555555555555"


def challenge(host: str) -> Response:
    service = host.partition(".")[2]
    said = f'Bearer authorization="https://login.microsoftonline.com/{TENANT}", resource="https://{service}"'
    return JSONResponse({}, 401, {"WWW-Authenticate": said})


@contextmanager
def vault(folder: Path, answer: Answer, host: str = HOST) -> Iterator[tuple[AzureKey, list[tuple[str, str]]]]:
    """Somebody under the vault's name who knows the challenge, and its key; also who was asked with which token."""
    asked: list[tuple[str, str]] = []

    async def serve(request: Request) -> Response:
        name, token = request.headers["host"].partition(":")[0], request.headers.get("authorization", "")
        asked.append((name, token))
        return answer(request) if token else challenge(name)

    now = datetime.now(UTC)
    authority = Authority.root("Hostile Root", now=now)
    leaf = authority.issue([HOST, HSM, OTHER], start=now - timedelta(days=1), end=now + timedelta(days=1))
    for name, content in {"ca.pem": authority.pem, "chain.pem": leaf.chain, "key.pem": leaf.private_key}.items():
        (folder / name).write_bytes(content)
    certificate = Certificate(folder / "chain.pem", folder / "key.pem")
    routes = [Route("/{path:path}", serve, methods=["GET", "POST", "PATCH"])]
    with LoopbackServer(Starlette(routes=routes), certificate=certificate) as server:
        way = {"connect_to": f"127.0.0.1:{server.port}", "ca_file": str(folder / "ca.pem")}
        fields = {"key": f"https://{host}/keys/cmk", "token": f"${{env:{TOKEN_NAME}}}", **way}
        yield AzureKey.model_validate(fields), asked


def versions(**more: Any) -> Response:
    item = {"kid": f"https://{HOST}/keys/cmk/{'0' * 32}", "attributes": {"enabled": True, "created": 1_700_000_000}}
    return JSONResponse({"value": [item], **more})


def redirected(request: Request) -> Response:
    return Response(status_code=302, headers={"location": f"https://{OTHER}/keys/cmk"})


def throttled_for_a_day(request: Request) -> Response:
    return JSONResponse({"error": {"code": "Throttled"}}, 429, {"retry-after": "86400"})


def continued_elsewhere(request: Request) -> Response:
    return versions(nextLink=f"https://{OTHER}/keys/cmk/versions?api-version=7.4")


@pytest.mark.parametrize("look_at", [custody, rotation])
@pytest.mark.parametrize("answer", [redirected, continued_elsewhere])
def test_no_token_goes_to_anybody_else(tmp_path: Path, look_at: Callable[..., object], answer: Answer) -> None:
    with vault(tmp_path, answer) as (key, asked), pytest.raises(LookFailed):
        look_at(key, azure_look())
    assert (HOST, "Bearer buyer") in asked
    assert {token for name, token in asked if name != HOST} <= {""}


def test_a_list_of_roles_is_read_from_the_hsm_alone(tmp_path: Path) -> None:
    def elsewhere(request: Request) -> Response:
        return JSONResponse({"value": [], "nextLink": f"https://{OTHER}/next"})

    refusal = pytest.raises(EvidenceRejected, match="continues a listing at another host")
    with vault(tmp_path, elsewhere, HSM) as (key, asked), refusal:
        access(key, azure_look())
    assert {name for name, _ in asked} == {HSM}


def test_a_list_that_never_ends_is_given_up(tmp_path: Path) -> None:
    def endless(request: Request) -> Response:
        return versions(nextLink=f"https://{HOST}/keys/cmk/versions?api-version=7.4&$skiptoken=x")

    with vault(tmp_path, endless) as (key, _), pytest.raises(LookFailed, match="do not come to an end"):
        rotation(key, azure_look())


def test_a_wish_to_wait_for_a_day_is_not_granted(tmp_path: Path) -> None:
    with vault(tmp_path, throttled_for_a_day) as (key, _), pytest.raises(LookFailed, match="throttled"):
        rotation(key, azure_look())


NONSENSE: dict[str, Answer] = {
    "no JSON": lambda request: PlainTextResponse("no JSON"),
    "deep": lambda request: PlainTextResponse("{" * 10_000),
    "a list": lambda request: JSONResponse([1, 2, 3]),
    "empty members": lambda request: JSONResponse({"value": [{}], "key": {}, "attributes": {}}),
    "wrong types": lambda request: JSONResponse({"value": "text", "key": 7, "attributes": []}),
    "an error of text": lambda request: JSONResponse({"error": "text"}, 403),
    "an inner error of numbers": lambda request: JSONResponse({"error": {"innererror": [1]}}, 403),
    "no text": lambda request: Response(b"\xff\xfe", 500),
}


@pytest.mark.parametrize("answer", NONSENSE)
@pytest.mark.parametrize("look_at", [custody, rotation, access])
def test_nonsense_becomes_one_of_our_errors(tmp_path: Path, look_at: Callable[..., object], answer: str) -> None:
    host = HSM if look_at is access else HOST
    with vault(tmp_path, NONSENSE[answer], host) as (key, _), suppress(LookFailed):
        look_at(key, azure_look())
