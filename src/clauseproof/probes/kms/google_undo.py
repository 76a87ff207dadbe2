"""The way back from a drill on a key of Google Cloud KMS: every version that was enabled is enabled again."""

import base64
import time
from typing import Any

from clauseproof.model.drill import Undo
from clauseproof.model.errors import RestoreFailed
from clauseproof.model.marks import undoes
from clauseproof.probes.kms.google_api import CALL_S, Clients, Failed, GoogleReach, invoke
from clauseproof.probes.kms.google_errors import explain
from clauseproof.probes.kms.google_versions import DISABLED, ENABLED, VersionStates

WAY_BACK = "google-kms-versions"
_RETRY_S = 1.0
_MOST_PAGES = 100


def turn(key: str, number: int, state: str) -> dict[str, Any]:
    """The request that brings one version of a key to a state."""
    version = {"name": f"{key}/cryptoKeyVersions/{number}", "state": state}
    return {"crypto_key_version": version, "update_mask": {"paths": ["state"]}}


@undoes(WAY_BACK)
def restore_versions(undo: Undo) -> None:
    """Enable what was enabled before and is disabled now, and see that the key decrypts; harmless when taken twice.

    Credentials are read anew at every try, so that renewed ones are used. Versions that were disabled before, or made
    since, are left alone; one that is about to be destroyed was changed by somebody else, and is left to them.
    """
    reach = GoogleReach.from_settings(undo.target, undo.settings)
    until = time.monotonic() + float(undo.settings.get("patience_s", "60"))
    while (problem := _try_way_back(reach, undo)) is not None:
        if time.monotonic() >= until:
            raise RestoreFailed(
                f"{undo.target} was {undo.prior} before the drill and could not be brought back: {problem}",
                f"run clauseproof restore, or enable the versions {undo.prior} in the Google Cloud console",
            )
        time.sleep(_RETRY_S)


def _try_way_back(reach: GoogleReach, undo: Undo) -> str | None:
    """What is still wrong, None if all is as before."""
    operation = "ListCryptoKeyVersions"
    try:
        with reach.fresh_clients() as clients:
            _must_be_ours(undo, states := _states(clients, undo.target))
            operation = "UpdateCryptoKeyVersion"
            for number in _wanted(undo):
                if states[number] == DISABLED:
                    _invoke(clients, operation, turn(undo.target, number, ENABLED))
            return _still_refuses(clients, undo)
    except Failed as failed:
        failure = explain(failed.error, operation, undo.target)
        return f"{failure.what} ({failure.what_to_do})"


def _wanted(undo: Undo) -> tuple[int, ...]:
    return VersionStates.parse(undo.prior).enabled


def _must_be_ours(undo: Undo, states: dict[int, str]) -> None:
    lost = {n: states.get(n, "DESTROYED") for n in _wanted(undo) if states.get(n) not in (ENABLED, DISABLED)}
    if lost:
        words = ", ".join(f"version {number} is {state}" for number, state in lost.items())
        raise RestoreFailed(
            f"{undo.target} was {undo.prior} before the drill and {words} now, which the drill did not do",
            "find out who changed it; then run clauseproof restore",
        )


def _states(clients: Clients, key: str) -> dict[int, str]:
    found: dict[int, str] = {}
    token = ""
    for _ in range(_MOST_PAGES):
        page = _invoke(clients, "ListCryptoKeyVersions", {"parent": key, "page_size": 1000, "page_token": token})
        found |= {int(v.name.rpartition("/")[2]): v.state.name for v in page.crypto_key_versions}
        token = page.next_page_token
        if not token:
            break
    return found


def _still_refuses(clients: Clients, undo: Undo) -> str | None:
    """Decrypt the drill's canary. A caller who may enable but not decrypt has done what it could."""
    if "canary" not in undo.settings:
        return None
    request = {
        "name": undo.target,
        "ciphertext": base64.b64decode(undo.settings["canary"]),
        "additional_authenticated_data": base64.b64decode(undo.settings.get("context", "")),
    }
    try:
        _invoke(clients, "Decrypt", request)
    except Failed as failed:
        denied = failed.code == "PERMISSION_DENIED"
        return None if denied else f"its versions are enabled and it still does not decrypt ({failed.code})"
    return None


def _invoke(clients: Clients, operation: str, request: dict[str, Any]) -> Any:
    return invoke(lambda: clients, operation, request, CALL_S)
