"""The key services that can be drilled, one row each, for tests that are the same everywhere."""

import itertools
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clauseproof.facts.azure import AzureKey
from clauseproof.facts.google import GoogleKey
from clauseproof.facts.keys import AwsKey
from clauseproof.facts.keyservice import FetchedKey
from clauseproof.model.drill import Journal
from clauseproof.model.look import Look
from clauseproof.probes.kms import aws_drills, azure_drills, google_drills, keyservice_drills
from clauseproof.sandbox.keyservice import KeyServiceDouble
from clauseproof.sandbox.kms import aws, azure, google
from tests.support import azurekeys, googlekeys, keys, keyservice
from tests.support.keys import FAST, day, journal, look

Subject = AwsKey | GoogleKey | AzureKey | FetchedKey
Drill = Callable[[Any, Look, Journal], object]

QUICK = {**FAST, "confirmations": 2, "recover_within": "1 s", "give_up_after": "1 s", "log_within": "100 ms"}
"""A drill whose every step is passed and whose times are nobody's business."""

_CREATED, _ROTATED = day("2026-01-01"), (day("2026-03-01"), day("2026-06-01"))
_OFF_BEFORE = 2
"""The version that was off long before any drill, where a key service turns off versions instead of keys."""

_names = (f"key-{n}" for n in itertools.count())


@dataclass(frozen=True)
class Service:
    """What differs between key services.

    Attributes:
        double: makes one that is not running yet.
        seed: puts a key with a past into it; returns its name.
        kind: the type of such a key as a subject.
        words: what a profile says of the key, but for its drill.
        drills: by name.
        dark: whether nothing of the key is enabled.
        as_before: whether all of the key is as it was seeded, what came after is enabled, and the key is usable.
        vendor: who keeps our record under the key, and plain data keys for `keep_s`; gives the data path to it.
    """

    double: Callable[[], AbstractContextManager[Any]]
    seed: Callable[[Any], str]
    kind: type[Subject]
    words: Callable[[Any, str], dict[str, Any]]
    drills: Mapping[str, Drill]
    dark: Callable[[Any, str], bool]
    as_before: Callable[[Any, str], bool]
    vendor: Callable[..., AbstractContextManager[dict[str, Any]]]

    def subject(self, double: Any, name: str, **more: Any) -> Subject:
        """The key as a profile names it."""
        return self.kind.model_validate({**self.words(double, name), **more})


def looking(**more: Any) -> Look:
    """A look that reads any file of this machine."""
    return look(read_file=lambda name, limit: Path(name).read_bytes(), **more)


def points_of(service: Service, drill: str, double: Any, state: Path) -> list[str]:
    """The names of the journal's points that one undisturbed drill passes."""
    passed: list[str] = []
    subject = service.subject(double, service.seed(double), drill=QUICK)
    service.drills[drill](subject, looking(), journal(state, on_point=passed.append))
    assert len(passed) > 8
    return passed


# AWS KMS: a key is on or off as a whole.


def _aws_words(double: aws.AwsKmsDouble, arn: str) -> dict[str, Any]:
    return {"key": arn, "endpoint_url": double.url}


# Cloud KMS and Key Vault: every version is.


def _google_seed(double: google.GoogleKmsDouble) -> str:
    off = {_OFF_BEFORE: google.State.DISABLED}
    return double.seed_key(google.KeySeed(id=next(_names), created=_CREATED, rotations=_ROTATED, states=off))


def _google_words(double: google.GoogleKmsDouble, name: str) -> dict[str, Any]:
    return {"key": name, "endpoint": double.address, "insecure": True}


def _azure_seed(double: azure.AzureKeyVaultDouble) -> str:
    off = frozenset({_OFF_BEFORE})
    return double.seed_key(azure.KeySeed(name=next(_names), created=_CREATED, rotations=_ROTATED, disabled=off))


def _azure_words(double: azure.AzureKeyVaultDouble, identifier: str) -> dict[str, Any]:
    host, port = double.address
    token = f"${{env:{azurekeys.TOKEN_NAME}}}"
    return {"key": identifier, "connect_to": f"{host}:{port}", "ca_file": str(double.ca_file), "token": token}


def _azure_as_before(double: azure.AzureKeyVaultDouble, identifier: str) -> bool:
    enabled = azurekeys.flags(double, _last(identifier))
    return enabled == [n != _OFF_BEFORE for n in range(1, len(enabled) + 1)] and azurekeys.usable(
        double, _last(identifier)
    )


def _own_seed(double: KeyServiceDouble) -> str:
    name = next(_names)
    double.seed(name)
    return name


def _last(identifier: str) -> str:
    return identifier.rpartition("/")[2]


SERVICES = {
    "AWS KMS": Service(
        double=aws.AwsKmsDouble,
        seed=lambda double: double.seed_key(aws.KeySeed()),
        kind=AwsKey,
        words=_aws_words,
        drills={"revocation": aws_drills.revocation, "rotation": aws_drills.rotation_drill},
        dark=lambda double, arn: keys.state_of(double, arn) == "Disabled",
        as_before=keys.usable,
        vendor=keys.vendor,
    ),
    "Cloud KMS": Service(
        double=google.GoogleKmsDouble,
        seed=_google_seed,
        kind=GoogleKey,
        words=_google_words,
        drills={"revocation": google_drills.revocation, "rotation": google_drills.rotation_drill},
        dark=lambda double, name: "ENABLED" not in googlekeys.states_of(double, name).values(),
        as_before=lambda double, name: googlekeys.usable(double, name, disabled=(_OFF_BEFORE,)),
        vendor=googlekeys.vendor,
    ),
    "Key Vault": Service(
        double=azure.AzureKeyVaultDouble,
        seed=_azure_seed,
        kind=AzureKey,
        words=_azure_words,
        drills={"revocation": azure_drills.revocation, "rotation": azure_drills.rotation_drill},
        dark=lambda double, identifier: not any(azurekeys.flags(double, _last(identifier))),
        as_before=_azure_as_before,
        vendor=lambda double, identifier, **more: azurekeys.vendor(double, _last(identifier), **more),
    ),
    "Own key service": Service(
        double=keyservice.key_service,
        seed=_own_seed,
        kind=FetchedKey,
        words=keyservice.words,
        drills={"revocation": keyservice_drills.revocation},
        dark=lambda double, name: not double.is_on(name),
        as_before=lambda double, name: bool(double.is_on(name)),
        vendor=keyservice.vendor,
    ),
}

DRILLS = [(name, drill) for name, service in SERVICES.items() for drill in service.drills]
"""Every drill that there is, by its key service."""
