"""The least rights that the probes need in somebody's account, as policies to paste: `docs/permissions.md`."""

import json
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from clauseproof.engine.registry import Probe, Registry
from clauseproof.facts.azure import AzureKey
from clauseproof.facts.google import GoogleKey
from clauseproof.facts.keys import AwsKey
from clauseproof.model.permission import Permission
from clauseproof.model.subject import Subject

_ACCOUNT_WIDE = frozenset({"cloudtrail:LookupEvents", "kms:DescribeCustomKeyStores"})
"""Rights that AWS gives for an account only (Service Authorization Reference, "Resource types")."""

_WORKSPACES = "Microsoft.OperationalInsights/workspaces/"
_VAULT, _HSM = "Microsoft.KeyVault/vaults/", "Microsoft.KeyVault/managedHsm/"
_AZURE_ACTIONS = {
    "keys/get": ("keys/read", "keys/read/action"),
    "keys/list": ("keys/read", "keys/read/action"),
    "keys/getrotationpolicy": ("keyrotationpolicies/read", "keys/read/action"),
    "keys/update": ("keys/update/action", "keys/write/action"),
    "keys/rotate": ("keys/rotate/action", "keys/rotate/action"),
    "keys/unwrapKey": ("keys/unwrap/action", "keys/unwrap/action"),
}
"""Each permission of an access policy as the data action of a vault's role, and of a Managed HSM's (Azure resource
provider operations, `Microsoft.KeyVault`; "Managed HSM local RBAC built-in roles")."""

_INTRODUCTION = """\
# Permissions

Generated from the probes' own marks: the least rights that clauseproof needs in the account that holds the keys, to be
given to whoever runs it. Looks of class `own-account` only read. Drills change state and change it back; they run only
with `--drills` and a `permission` in the profile, and need the further policy too. What the caller may not
do becomes an inconclusive verdict that names the missing right.
"""

_KEY_SERVICE = """\
## A key service of the buyer's own

No rights of a cloud's. The log of the service is a file that whoever runs clauseproof can read. A drill sends the
requests of the profile's `switch`: `ask` needs leave to fetch the key, `off` and `on` to disable and enable it, and
none of them to delete, export or rotate it. Secrets in their headers are named by reference, and are needed once more
by `clauseproof restore`.
"""


class _Provider(NamedTuple):
    """One provider: `policy` writes the rights given first, to somebody who has those given second."""

    title: str
    subject: type[Subject]
    policy: Callable[[list[str], list[str]], Iterator[str]]
    notes: tuple[str, ...]


def page(registry: Registry) -> str:
    """The whole page, Markdown."""
    lines = [_INTRODUCTION]
    for provider in _PROVIDERS:
        probes = [p for p in registry.probes.values() if p.subject is provider.subject and p.mark.rights]
        lines += _section(provider, sorted(probes, key=lambda probe: probe.gives.kind))
    lines.append(_KEY_SERVICE)
    return "\n".join(lines).rstrip() + "\n"


def _section(provider: _Provider, probes: list[Probe]) -> Iterator[str]:
    passive = [probe for probe in probes if probe.mark.permission is not Permission.DRILL]
    drills = [probe for probe in probes if probe.mark.permission is Permission.DRILL]
    yield from (f"## {provider.title}", "", "| look | class | rights |", "| --- | --- | --- |")
    for probe in (*passive, *drills):
        rights = ", ".join(f"`{right}`" for right in probe.mark.rights)
        yield f"| `{probe.gives.kind}` | `{probe.mark.permission}` | {rights} |"
    needed, more = _rights(passive), _rights(drills)
    yield from ("", "### Passive looks", "", *provider.policy(needed, []), "")
    yield from ("### Drills, in addition", "")
    yield from (*provider.policy([right for right in more if right not in needed], needed), "")
    yield from (f"- {note}" for note in provider.notes)
    if provider.notes:
        yield ""


def _rights(probes: Iterable[Probe]) -> list[str]:
    return sorted({right for probe in probes for right in probe.mark.rights})


def _aws(rights: list[str], before: list[str]) -> Iterator[str]:
    statements = [
        {"Effect": "Allow", "Action": actions, "Resource": resource}
        for resource, actions in (
            ("arn:PARTITION:kms:REGION:ACCOUNT:key/KEY-ID", [r for r in rights if r not in _ACCOUNT_WIDE]),
            ("*", [r for r in rights if r in _ACCOUNT_WIDE]),
        )
        if actions
    ]
    yield from _block("json", json.dumps({"Version": "2012-10-17", "Statement": statements}, indent=2))


def _google(rights: list[str], before: list[str]) -> Iterator[str]:
    title = "title: clauseproof, drills" if before else "title: clauseproof"
    lines = (title, "stage: GA", "includedPermissions:", *(f"- {right}" for right in rights))
    yield from _block("yaml", "\n".join(lines))


def _azure(rights: list[str], before: list[str]) -> Iterator[str]:
    words = [right for right in rights if right in _AZURE_ACTIONS]
    every = sorted({*words, *(right for right in before if right in _AZURE_ACTIONS)})
    permissions = " ".join(word.removeprefix("keys/") for word in every)
    own = [right for right in rights if right.startswith(_HSM)]
    workspace = [right for right in rights if right.startswith(_WORKSPACES)]
    yield from ("A vault with access policies (the command replaces what the caller had):", "")
    yield from _block("sh", f"az keyvault set-policy --name VAULT --object-id CALLER --key-permissions {permissions}")
    for words_for, prefix, index, more in (("A vault with roles", _VAULT, 0, []), ("A Managed HSM", _HSM, 1, own)):
        actions = sorted({*(prefix + _AZURE_ACTIONS[word][index] for word in words), *more})
        yield from ("", f"{words_for}:", "", *_block("json", json.dumps({"DataActions": actions}, indent=2)))
    if workspace:
        text = json.dumps({"Actions": workspace}, indent=2)
        yield from ("", "The Log Analytics workspace that the vault's log is sent to:", "", *_block("json", text))


def _block(language: str, text: str) -> Iterator[str]:
    yield from (f"```{language}", *text.splitlines(), "```")


_PROVIDERS = (
    _Provider(
        "AWS KMS",
        AwsKey,
        _aws,
        (
            "The key's own policy must let the account's IAM policies count, or name the caller itself.",
            "A drill never needs `kms:ScheduleKeyDeletion` or `kms:PutKeyPolicy`; do not give them.",
        ),
    ),
    _Provider(
        "Google Cloud KMS",
        GoogleKey,
        _google,
        (
            (
                "Bind a custom role with these permissions at the key; those of `resourcemanager` and "
                "`iam.denypolicies` at the project, the folders and the organisation, `iam.roles.get` where custom "
                "roles are defined, and those of `logging` at the project."
            ),
            (
                "Without `logging.privateLogEntries.list` Google shows no use of a key in the log, and does not say "
                "that it leaves them out."
            ),
            "A drill never needs `cloudkms.cryptoKeyVersions.destroy`; do not give it.",
        ),
    ),
    _Provider(
        "Azure Key Vault and Managed HSM",
        AzureKey,
        _azure,
        (
            "A key whose operations leave out `unwrapKey` is drilled with `keys/decrypt` instead.",
            (
                "A symmetric key needs `keys/encrypt` and `keys/decrypt`; if its operations leave them out, "
                "`keys/wrapKey` and `keys/unwrapKey`."
            ),
            (
                "Tokens come from azure-identity's default chain. It asks no managed identity unless the environment "
                "variable `AZURE_TOKEN_CREDENTIALS` asks for one."
            ),
            "A drill never needs `keys/delete` or `keys/purge`; do not give them.",
        ),
    ),
)
