"""Resource names of Cloud KMS. Source: the resource patterns in `google/cloud/kms/v1/resources.proto`."""

import re
from typing import Final

_ID: Final = r"[a-zA-Z0-9_-]{1,63}"
LOCATION: Final = re.compile(r"projects/[a-z0-9:.-]{1,63}/locations/[a-z0-9-]{1,63}")
RING: Final = re.compile(rf"{LOCATION.pattern}/keyRings/{_ID}")
KEY: Final = re.compile(rf"{RING.pattern}/cryptoKeys/{_ID}")
VERSION: Final = re.compile(rf"{KEY.pattern}/cryptoKeyVersions/[1-9][0-9]{{0,9}}")
JOB: Final = re.compile(rf"{RING.pattern}/importJobs/{_ID}")
CONNECTION: Final = re.compile(rf"{LOCATION.pattern}/ekmConnections/{_ID}")
EKM_CONFIG: Final = re.compile(rf"{LOCATION.pattern}/ekmConfig")
RESOURCE_ID: Final = re.compile(_ID)
KINDS: Final = (LOCATION, RING, KEY, VERSION, JOB, CONNECTION, EKM_CONFIG)
"""Every kind of name that the service knows."""


def lineage(name: str) -> list[str]:
    """A resource and everything it lies in whose policy it inherits: version, key, key ring, project."""
    parts = name.split("/")
    found = ["/".join(parts[:length]) for length in range(len(parts), 0, -2)]
    return [each for each in found if not LOCATION.fullmatch(each)]


def key_of(version: str) -> str:
    """The key that a version belongs to; a key's name as it is."""
    return version.partition("/cryptoKeyVersions/")[0]
