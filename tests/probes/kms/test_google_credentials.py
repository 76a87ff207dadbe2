"""Google's application default credentials over TLS: found, renewed, refused, and shown to their own universe only.

Each look runs in a process of its own, since gRPC reads its trusted roots once.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from clauseproof.sandbox.kms.google import BUYER, Caller, GoogleKmsDouble, KeySeed
from clauseproof.sandbox.kms.serving import LoopbackServer
from clauseproof.sandbox.pki import Authority

REPOSITORY = Path(__file__).parents[3]
CALLERS = (Caller(token="owner", member="user:owner@buyer.example"), Caller(token="buyer", member=BUYER))
LOOK = """
import sys
from clauseproof.facts.google import GoogleKey
from clauseproof.model.errors import LookFailed
from clauseproof.model.look import Look
from clauseproof.probes.kms.google import custody
try:
    print(custody(GoogleKey.model_validate_json(sys.argv[1]), Look()).owner)
except LookFailed as error:
    print(type(error).__name__, error.what, "|", error.what_to_do)
"""


@dataclass
class Place:
    """A KMS that speaks TLS, and who hands out tokens for it."""

    double: GoogleKmsDouble
    name: str
    folder: Path
    asked: list[str]

    def look(self, **settings: str) -> str:
        """What a look says on standard output; it writes nothing else."""
        subject = {"key": self.name, "endpoint": f"localhost:{self.double.port}", **settings}
        environment = {
            **os.environ,
            "GOOGLE_APPLICATION_CREDENTIALS": str(self.folder / "adc.json"),
            "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH": str(self.folder / "ca.pem"),
        }
        words = [sys.executable, "-c", LOOK, json.dumps(subject)]
        ended = subprocess.run(words, cwd=REPOSITORY, env=environment, capture_output=True, text=True, timeout=60)
        assert ended.stderr == ""
        return ended.stdout.strip()


@contextmanager
def token_service(asked: list[str], answer: JSONResponse) -> Iterator[str]:
    async def token(request: Request) -> JSONResponse:
        asked.append((await request.body()).decode())
        return answer

    with LoopbackServer(Starlette(routes=[Route("/token", token, methods=["POST"])])) as server:
        yield f"{server.url}/token"


@contextmanager
def place(folder: Path, answer: JSONResponse) -> Iterator[Place]:
    now, asked = datetime.now(UTC), list[str]()
    root = Authority.root("Test Root", now=now)
    (folder / "ca.pem").write_bytes(root.pem)
    leaf = root.issue(["localhost"], start=now - timedelta(days=1), end=now + timedelta(days=1))
    with GoogleKmsDouble(certificate=leaf, callers=CALLERS) as double, token_service(asked, answer) as url:
        key = ec.generate_private_key(ec.SECP256R1())
        credentials = {
            "type": "gdch_service_account",
            "format_version": "1",
            "project": "buyer-prod",
            "private_key_id": "1",
            "private_key": key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode(),
            "name": "auditor",
            "ca_cert_path": str(folder / "ca.pem"),
            "token_uri": url,
        }
        (folder / "adc.json").write_text(json.dumps(credentials))
        double.bind(double.ring.split("/locations")[0], "roles/owner", [BUYER])
        yield Place(double, double.seed_key(KeySeed(id="k")), folder, asked)


ISSUED = "urn:ietf:params:oauth:token-type:access_token"
GOOD = {"access_token": "buyer", "token_type": "Bearer", "expires_in": 3600, "issued_token_type": ISSUED}


def good() -> JSONResponse:
    return JSONResponse(GOOD)


def test_the_application_default_is_used_over_tls(tmp_path: Path) -> None:
    with place(tmp_path, good()) as there:
        assert there.look() == "buyer-prod"
        assert [call.caller for call in there.double.calls] == ["buyer"]


def test_a_token_is_not_even_fetched_for_another_universe(tmp_path: Path) -> None:
    with place(tmp_path, good()) as there:
        said = there.look(universe_domain="s3nsapis.fr")
        assert said.startswith("Denied the credentials for cloudkms.GetCryptoKey")
        assert "belong to another universe than the key" in said
        assert (there.asked, there.double.calls) == ([], ())


def test_credentials_that_cannot_be_renewed_are_denied_and_their_text_is_not_repeated(tmp_path: Path) -> None:
    refusal = JSONResponse({"error": "invalid_grant", "error_description": "<b>expired</b>"}, status_code=400)
    with place(tmp_path, refusal) as there:
        said = there.look()
        assert said.startswith("Denied Google does not accept the credentials")
        assert "expired" not in said
        assert len(there.asked) > 0
        assert there.double.calls == ()


def test_a_token_that_the_service_does_not_know(tmp_path: Path) -> None:
    with place(tmp_path, JSONResponse({**GOOD, "access_token": "somebody-else"})) as there:
        assert there.look().startswith("Denied Google does not accept the credentials")


def test_a_certificate_that_nobody_vouches_for_is_no_service(tmp_path: Path) -> None:
    with place(tmp_path, good()) as there:
        other = Authority.root("Another Root", now=datetime.now(UTC))
        (tmp_path / "ca.pem").write_bytes(other.pem)
        assert there.look().startswith("Unreachable Cloud KMS could not be reached")
        assert there.double.calls == ()
