"""What a key of Key Vault is made of, who keeps it, and how long it outlives the wish to delete it."""

from datetime import UTC, timedelta
from typing import TYPE_CHECKING

from clauseproof.facts.azure import AzureKey
from clauseproof.facts.keydeletion import Deletion
from clauseproof.facts.keymaterial import Fips, Generation, Materials
from clauseproof.facts.keys import KeyState, Origin, Protection
from clauseproof.facts.keystores import External
from clauseproof.model.errors import Unknowable
from clauseproof.model.look import Look
from clauseproof.model.marks import probe
from clauseproof.model.permission import Permission
from clauseproof.probes.kms.azure import current, protections
from clauseproof.probes.kms.azure_api import AzureApi, word
from clauseproof.probes.kms.azure_reach import AzureReach

if TYPE_CHECKING:
    from azure.keyvault.keys import KeyProperties

_PLATFORMS = {
    "0": Fips(standard="140-2", level=1),
    "1": Fips(standard="140-2", level=2),
    "2": Fips(standard="140-3", level=3),
}
"""What `hsmPlatform` stands for (Key Vault documentation, "About keys", section "Compliance")."""


@probe(permission=Permission.OWN_ACCOUNT, deadline_s=60, rights=("keys/get", "keys/list"))
def materials(key: AzureKey, look: Look) -> Materials:
    """KeyGet and KeyListVersions. Whether a version was imported Key Vault does not say, and none ever expires."""
    with AzureApi(AzureReach.of(key, look), look) as api:
        shown, versions = api.get(), api.versions()
        guards = protections(api, key, shown, versions)
    newest = str(shown.properties.version)
    return Materials(
        generations=tuple(_generation(v, guards[str(v.version)], current=str(v.version) == newest) for v in versions)
    )


def _generation(version: "KeyProperties", protection: Protection | None, *, current: bool) -> Generation:
    return Generation(
        id=version.version,
        current=current,
        state=KeyState.ENABLED if version.enabled else KeyState.DISABLED,
        origin=Origin.UNKNOWN,
        protection=protection,
        fips=_PLATFORMS.get(str(version.hsm_platform)),
        made=None if version.created_on is None else version.created_on.astimezone(UTC),
        expires=None,
    )


@probe(permission=Permission.OWN_ACCOUNT)
def external(key: AzureKey) -> External:
    """Nothing is asked: Key Vault and Managed HSM have no keys that lie anywhere else."""
    return External(keepers=())


@probe(permission=Permission.OWN_ACCOUNT, deadline_s=60, rights=("keys/get",))
def deletion(key: AzureKey, look: Look) -> Deletion:
    """KeyGet, or KeyGetDeleted: the vault's recovery level stands on each of its keys.

    Unknowable where it does not say so. See Key Vault REST reference, `DeletionRecoveryLevel`.
    """
    with AzureApi(AzureReach.of(key, look), look) as api:
        shown, purge = current(api)
    level, days = word(shown.properties.recovery_level), shown.properties.recoverable_days
    if level == "Purgeable":
        days = 0
    if days is None or not level:
        raise Unknowable(
            f"{key.vault} does not say for how long it keeps deleted keys", "look at its properties in ARM"
        )
    return Deletion(
        shortest=timedelta(days=days),
        longest=timedelta(days=days),
        at_once="purging the deleted key" if level.endswith("Purgeable") else None,
        comes_back="restoring a backup of the key",
        due=purge,
        source="the vault's own setting",
    )
