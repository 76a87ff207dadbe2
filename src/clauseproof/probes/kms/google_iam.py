"""Google's Resource Manager and IAM, read over REST: what a project lies in, who is bound or denied there, to do what.

A key inherits every binding of its key ring, project, folders and organisation (IAM documentation, "Resource
hierarchy"), and Cloud KMS shows none of them.
"""

import json
import re
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from clauseproof.facts.google import GoogleKey
from clauseproof.model.errors import Denied, EvidenceRejected, LookFailed, TimedOut, Unknowable, Unreachable
from clauseproof.model.look import Look
from clauseproof.probes.kms import environment
from clauseproof.probes.kms.google_denials import is_readable

LONGEST_ANSWER = 8 * 1024 * 1024
"""Bytes; the role of an owner has some thousand permissions."""
_CALL_S = 10.0
_ATTEMPTS = 3
_PAUSE_S = 0.25
_SCOPE = "https://www.googleapis.com/auth/cloud-platform.read-only"
_ROLE = re.compile(r"((projects/[a-z0-9.:-]{1,80}|organizations/\d{1,20})/)?roles/[A-Za-z0-9_.]{1,100}")
_ANCESTOR = re.compile(r"(project|folder|organization)/[a-z0-9.:-]{1,80}")
_DENY_POLICY = re.compile(r"policies/[A-Za-z0-9.%:-]{1,200}/denypolicies/(?P<id>[A-Za-z0-9._-]{1,128})")
_MOST_PAGES = 10

PERMISSIONS: Mapping[str, str] = {
    "getAncestry": "resourcemanager.projects.get",
    "getIamPolicy": "resourcemanager.{kind}.getIamPolicy",
    "denypolicies.get": "iam.denypolicies.get",
    "denypolicies.list": "iam.denypolicies.list",
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
        return _every(self._policy(resource).get("bindings", []), _is_binding, f"the policy of {resource}")

    def audit_configs(self, resource: str) -> list[Mapping[str, Any]]:
        """The allow policy's audit configurations: which calls to which service are logged, and whose are not."""
        what = f"the audit configuration of {resource}"
        return _every(self._policy(resource).get("auditConfigs", []), _is_audit_config, what)

    def denials(self, resource: str) -> list[tuple[str, Mapping[str, Any]]]:
        """The rules of the deny policies attached to a project, folder or organisation, each with its policy's id.

        The list leaves the rules out (IAM v2 REST reference, `policies.listPolicies`).
        """
        attached = quote(f"cloudresourcemanager.googleapis.com/{resource}", safe="")
        at = f"v2/policies/{attached}/denypolicies"
        rules = []
        for policy in self._deny_policies(at, resource):
            found = self._ask("iam", "GET", f"{at}/{policy}", "denypolicies.get", resource)
            what = f"the deny policy {policy} of {resource}"
            rules += [(policy, rule["denyRule"]) for rule in _every(found.get("rules", []), _is_deny_rule, what)]
        return rules

    def _deny_policies(self, at: str, resource: str) -> list[str]:
        ids: list[str] = []
        token = ""
        for _ in range(_MOST_PAGES):
            more = f"&pageToken={quote(token, safe='')}" if token else ""
            page = self._ask("iam", "GET", f"{at}?pageSize=1000{more}", "denypolicies.list", resource)
            listed = _every(page.get("policies", []), _has_name, f"the list of deny policies of {resource}")
            ids += [_deny_policy(str(policy["name"]), resource) for policy in listed]
            token = str(page.get("nextPageToken") or "")
            if not token:
                return ids
        raise Unreachable(f"the deny policies of {resource} do not come to an end", "look at them in the console")

    def _policy(self, resource: str) -> Mapping[str, Any]:
        body = {"options": {"requestedPolicyVersion": 3}}
        return self._ask("cloudresourcemanager", "POST", f"v3/{resource}:getIamPolicy", "getIamPolicy", resource, body)

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
        if not self._key.insecure:
            self._look.went_through(environment.of_requests(self._base(service)))
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


def _every(entries: Any, fits: Callable[[Any], bool], what: str) -> list[Mapping[str, Any]]:
    if not isinstance(entries, list) or not all(map(fits, entries)):
        raise EvidenceRejected(f"{what} cannot be read", "look at it in the console")
    return entries


def _is_binding(entry: Any) -> bool:
    if not isinstance(entry, dict) or not isinstance(entry.get("role"), str):
        return False
    return _are_texts(entry.get("members", [])) and isinstance(entry.get("condition", {}), dict)


def _is_audit_config(entry: Any) -> bool:
    if not isinstance(entry, dict) or not isinstance(entry.get("service"), str):
        return False
    kinds = entry.get("auditLogConfigs", [])
    return isinstance(kinds, list) and all(
        isinstance(kind, dict) and isinstance(kind.get("logType"), str) and _are_texts(kind.get("exemptedMembers", []))
        for kind in kinds
    )


def _is_deny_rule(entry: Any) -> bool:
    rule = entry.get("denyRule") if isinstance(entry, dict) else None
    lists = ("deniedPrincipals", "exceptionPrincipals", "deniedPermissions", "exceptionPermissions")
    return (
        isinstance(rule, dict)
        and all(_are_texts(rule.get(name, [])) for name in lists)
        and all(is_readable(text) for name in lists for text in rule.get(name, []))
        and isinstance(rule.get("denialCondition", {}), dict)
    )


def _has_name(entry: Any) -> bool:
    return isinstance(entry, dict) and isinstance(entry.get("name"), str)


def _are_texts(values: Any) -> bool:
    return isinstance(values, list) and all(isinstance(value, str) for value in values)


def _deny_policy(name: str, resource: str) -> str:
    """The id in a policy's name; the rest is not gone by."""
    match = _DENY_POLICY.fullmatch(name)
    if match is None or not match["id"].strip("."):
        raise EvidenceRejected(f"Google names a deny policy of {resource} that is none", "run again")
    return match["id"]


def _ancestor(entry: Any) -> str:
    try:
        name = f"{entry['resourceId']['type']}/{entry['resourceId']['id']}"
    except (TypeError, KeyError):
        name = ""
    if not _ANCESTOR.fullmatch(name):
        raise EvidenceRejected("Google names an ancestor of the project that is none", "run again")
    kind, _, number = name.partition("/")
    return f"{kind}s/{number}"
