"""The way back from a drill on a key of Key Vault: every version that was enabled is enabled again."""

import json
import time

from clauseproof.model.drill import Undo
from clauseproof.model.errors import LookFailed, RestoreFailed, Unknowable
from clauseproof.model.look import Look
from clauseproof.model.marks import undoes
from clauseproof.probes.kms.azure_api import AzureApi, Failed
from clauseproof.probes.kms.azure_canary import Canaries, Sealed, opened
from clauseproof.probes.kms.azure_errors import DISABLED
from clauseproof.probes.kms.azure_reach import AzureReach

WAY_BACK = "azure-key-versions"
_RETRY_S = 1.0


@undoes(WAY_BACK)
def restore_versions(undo: Undo) -> None:
    """Enable what was enabled before and is disabled now, and see that it opens; harmless when taken twice.

    Tokens are asked for anew at every further try, so that renewed logins are used. Versions that were disabled
    before, or made since, are left alone; a key that is gone was deleted by somebody else, and is left to them.
    """
    reach = AzureReach.from_settings(undo.target, undo.settings)
    until = time.monotonic() + float(undo.settings.get("patience_s", "60"))
    problem = _try_way_back(reach, undo, fresh=False)
    while problem is not None:
        if time.monotonic() >= until:
            raise RestoreFailed(
                f"{undo.target} had the versions {undo.prior} enabled before the drill and could not be brought back: "
                f"{problem}",
                "run clauseproof restore, or enable these versions in the Azure portal",
            )
        time.sleep(_RETRY_S)
        problem = _try_way_back(reach, undo, fresh=True)


def _try_way_back(reach: AzureReach, undo: Undo, *, fresh: bool) -> str | None:
    """What is still wrong, None if all is as before."""
    with AzureApi(reach, Look(subject=undo.target), attempts=1, fresh=fresh) as api:
        try:
            _enable(api, undo)
        except LookFailed as error:
            _must_be_ours(api, error)
            return f"{error.what} ({error.what_to_do})"
        return _still_refuses(api, undo)


def _enable(api: AzureApi, undo: Undo) -> None:
    listed = {str(version.version): version.enabled for version in api.versions()}
    for version in json.loads(undo.prior):
        if version not in listed:
            raise RestoreFailed(
                f"version {version} of {undo.target} was enabled before the drill and is gone now, which the drill did "
                "not do",
                "find out who changed it; then run clauseproof restore",
            )
        if not listed[version]:
            api.set_enabled(version, True)


def _must_be_ours(api: AzureApi, error: LookFailed) -> None:
    """RestoreFailed where the key is there no more because somebody deleted it."""
    if not isinstance(error, Unknowable):
        return
    try:
        api.deleted()
    except LookFailed:
        return
    raise RestoreFailed(
        f"{api.reach.target} was deleted, which the drill did not do",
        "recover it or find out who deleted it; then run clauseproof restore",
    ) from error


def _still_refuses(api: AzureApi, undo: Undo) -> str | None:
    """Open the drill's canaries. A caller who may enable but not unwrap has done what it could."""
    for sealed in Canaries.model_validate_json(undo.settings.get("canary", '{"sealed": []}')).sealed:
        problem = _refuses(api, sealed)
        if problem is not None:
            return problem
    return None


def _refuses(api: AzureApi, sealed: Sealed) -> str | None:
    try:
        api.attempt(sealed.operation, lambda: opened(api.connected(), api.reach.name, sealed))
    except Failed as failed:
        if failed.failure.code == DISABLED:
            return f"version {sealed.version} is enabled and still refuses ({DISABLED})"
        return None if failed.failure.status == 403 else f"opening the canary failed: {failed.failure.code}"
    return None
