"""Google's Resource Manager and IAM, read over REST: what a project lies in, who is bound there, what a role permits.

A key inherits every binding of its key ring, project, folders and organisation (IAM documentation, "Resource
hierarchy"), and Cloud KMS shows none of them.
"""

import json
import re
import time
from collections.abc import Mapping
from typing import Any

from clauseproof.facts.google import GoogleKey
from clauseproof.model.errors import Denied, EvidenceRejected, LookFailed, TimedOut, Unknowable, Unreachable
from clauseproof.model.look import Look

LONGEST_ANSWER = 8 * 1024 * 1024
"""Bytes; the role of an owner has some thousand permissions."""
_CALL_S = 10.0
_ATTEMPTS = 3
_PAUSE_S = 0.25
_SCOPE = "https://www.googleapis.com/auth/cloud-platform.read-only"
_ROLE = re.compile(r"((projects/[a-z0-9.:-]{1,80}|organizations/\d{1,20})/)?roles/[A-Za-z0-9_.]{1,100}")
_ANCESTOR = re.compile(r"(project|folder|organization)/[a-z0-9.:-]{1,80}")

PERMISSIONS: Mapping[str, str] = {
    "getAncestry": "resourcemanager.projects.get",
    "getIamPolicy": "resourcemanager.{kind}.getIamPolicy",
    "roles.get": "iam.roles.get",
}


class IamApi:
    """Reads, each noted in the look. Every method raises LookFailed."""

    def __init__(self, key: GoogleKey, look: Look) -> None:
        self._key = key
        self._look = look
        self._open: Any = None

    def ancestry(self) -> tuple[str, ...]:
        """The project and what it lies in, `projects/...`, `folders/...`, `organizations/...`, the nearest first."""
        path = f"v1/projects/{self._key.project}:getAncestry"
        found = self._ask("cloudresourcemanager", "POST", path, "getAncestry", f"projects/{self._key.project}")
        names = [_ancestor(entry) for entry in found.get("ancestor", [])]
        if names[:1] != [f"projects/{self._key.project}"]:
            raise EvidenceRejected(f"Google does not say what projects/{self._key.project} lies in", "run again")
        return tuple(names)

    def bindings(self, resource: str) -> list[Mapping[str, Any]]:
        """The allow policy's bindings, with their conditions."""
        body = {"options": {"requestedPolicyVersion": 3}}
        found = self._ask("cloudresourcemanager", "POST", f"v3/{resource}:getIamPolicy", "getIamPolicy", resource, body)
        bindings = found.get("bindings", [])
        if not isinstance(bindings, list) or not all(map(_is_binding, bindings)):
            raise EvidenceRejected(f"the policy of {resource} cannot be read", "look at it in the console")
        return bindings

    def permissions(self, role: str) -> tuple[str, ...]:
        """Every permission of a role."""
        if not _ROLE.fullmatch(role):
            raise EvidenceRejected(f"a binding names {role[:80]!r}, which is no role", "look at it in the console")
        found = self._ask("iam", "GET", f"v1/{role}", "roles.get", role)
        return tuple(str(permission) for permission in found.get("includedPermissions", []))

    def _ask(
        self, service: str, method: str, path: str, call: str, resource: str, body: object = None
    ) -> Mapping[str, Any]:
        self._look.called(f"{service}.{call}")
        for left in range(_ATTEMPTS - 1, -1, -1):
            status, content = self._send(method, f"{self._base(service)}/{path}", call, resource, body)
            if status == 200:
                return _object(content, resource)
            if left == 0 or not (status == 429 or status >= 500):
                raise _refused(status, call, resource)
            time.sleep(_PAUSE_S * 2 ** (_ATTEMPTS - 1 - left))
        raise AssertionError("there is at least one attempt")

    def _base(self, service: str) -> str:
        return (self._key.iam_endpoint or f"https://{service}.{self._key.universe_domain}").rstrip("/")

    def _send(self, method: str, url: str, call: str, resource: str, body: object) -> tuple[int, bytes]:
        from google.auth.exceptions import GoogleAuthError
        from requests.exceptions import RequestException, Timeout

        timeout_s = min(_CALL_S, self._look.remaining_s())
        try:
            if self._open is None:
                self._open = _session(self._key)
            given: Any = {"json": body or {}} if method == "POST" else {}
            with self._open.request(
                method, url, timeout=timeout_s, stream=True, allow_redirects=False, **given
            ) as answer:
                return answer.status_code, _bounded(answer)
        except Timeout as error:
            raise TimedOut(f"Google gave no answer to {call} on {resource} in time", "run again") from error
        except RequestException as error:
            raise Unreachable(f"Google's IAM could not be reached for {call} on {resource}", "check network") from error
        except GoogleAuthError as error:
            raise _refused(401, call, resource) from error


def _session(key: GoogleKey) -> Any:
    import requests

    if key.insecure:
        plain = requests.Session()
        plain.trust_env = False  # a proxy has no business between two programs of one machine
        return plain
    import google.auth
    from google.auth.transport.requests import AuthorizedSession

    credentials, _ = google.auth.default(default_scopes=[_SCOPE])
    if credentials.universe_domain != key.universe_domain:
        raise Denied(
            "the credentials belong to another universe than the key", "use credentials of the key's own cloud"
        )
    return AuthorizedSession(credentials)  # type: ignore[no-untyped-call]


def _refused(status: int, call: str, resource: str) -> LookFailed:
    permission = PERMISSIONS[call].format(kind=resource.partition("/")[0])
    if status == 401:
        return Denied(f"Google does not accept the credentials used for {call} on {resource}", "log in again")
    if status == 403:
        return Denied(
            f"Google refused {call} on {resource}: the caller lacks {permission}",
            f"grant {permission} on {resource} to the caller",
        )
    if status == 404:
        return Unknowable(f"Google knows no {resource}", "compare it with the console")
    if status == 429:
        return Unreachable(f"Google throttled {call} on {resource}", "run again when fewer calls are made")
    return Unreachable(f"Google failed at {call} on {resource} (HTTP {status})", "run again later")


def _bounded(answer: Any) -> bytes:
    content = b""
    for piece in answer.iter_content(65536):
        content += piece
        if len(content) > LONGEST_ANSWER:
            break
    return content


def _object(content: bytes, resource: str) -> Mapping[str, Any]:
    try:
        if len(content) > LONGEST_ANSWER:
            raise ValueError("it is too long")
        found = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise EvidenceRejected(f"Google's answer about {resource} cannot be read", "run again") from error
    if not isinstance(found, dict):
        raise EvidenceRejected(f"Google's answer about {resource} is no object", "run again")
    return found


def _is_binding(entry: Any) -> bool:
    if not isinstance(entry, dict) or not isinstance(entry.get("role"), str):
        return False
    members, condition = entry.get("members", []), entry.get("condition", {})
    named = isinstance(members, list) and all(isinstance(member, str) for member in members)
    return named and isinstance(condition, dict)


def _ancestor(entry: Any) -> str:
    try:
        name = f"{entry['resourceId']['type']}/{entry['resourceId']['id']}"
    except (TypeError, KeyError):
        name = ""
    if not _ANCESTOR.fullmatch(name):
        raise EvidenceRejected("Google names an ancestor of the project that is none", "run again")
    kind, _, number = name.partition("/")
    return f"{kind}s/{number}"
