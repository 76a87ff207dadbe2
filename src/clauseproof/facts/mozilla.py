"""Mozilla's recommended configurations of TLS servers, by name and version.

From "Server Side TLS", guidelines of version 5.7 (https://ssl-config.mozilla.org/guidelines/5.7.json): the protocol
versions and cipher suites of each configuration, by their IANA names. What the guidelines say of certificates, curves
and HSTS is not here.
"""

import enum
from dataclasses import dataclass

from clauseproof.facts.tls import TlsVersion


class MozillaProfile(enum.StrEnum):
    """A configuration and the version of the guidelines that it is of."""

    MODERN_5_7 = "modern 5.7"
    INTERMEDIATE_5_7 = "intermediate 5.7"
    OLD_5_7 = "old 5.7"


@dataclass(frozen=True)
class Configuration:
    """What a configuration allows."""

    versions: frozenset[TlsVersion]
    suites: frozenset[str]


_TLS_1_3 = frozenset({"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"})
_AEAD = ("AES_128_GCM_SHA256", "AES_256_GCM_SHA384", "CHACHA20_POLY1305_SHA256")
_ECDHE = ("TLS_ECDHE_ECDSA_WITH", "TLS_ECDHE_RSA_WITH")
_INTERMEDIATE = frozenset(f"{key}_{cipher}" for key in (*_ECDHE, "TLS_DHE_RSA_WITH") for cipher in _AEAD)
_OLD = frozenset(
    {
        *(
            f"{key}_{cipher}"
            for key in _ECDHE
            for cipher in ("AES_128_CBC_SHA", "AES_128_CBC_SHA256", "AES_256_CBC_SHA", "AES_256_CBC_SHA384")
        ),
        "TLS_DHE_RSA_WITH_AES_128_CBC_SHA256",
        "TLS_DHE_RSA_WITH_AES_256_CBC_SHA256",
        "TLS_RSA_WITH_AES_128_GCM_SHA256",
        "TLS_RSA_WITH_AES_256_GCM_SHA384",
        "TLS_RSA_WITH_AES_128_CBC_SHA256",
        "TLS_RSA_WITH_AES_256_CBC_SHA256",
        "TLS_RSA_WITH_AES_128_CBC_SHA",
        "TLS_RSA_WITH_AES_256_CBC_SHA",
        "TLS_RSA_WITH_3DES_EDE_CBC_SHA",
    }
)

CONFIGURATIONS = {
    MozillaProfile.MODERN_5_7: Configuration(frozenset({TlsVersion.TLS1_3}), _TLS_1_3),
    MozillaProfile.INTERMEDIATE_5_7: Configuration(
        frozenset({TlsVersion.TLS1_2, TlsVersion.TLS1_3}), _TLS_1_3 | _INTERMEDIATE
    ),
    MozillaProfile.OLD_5_7: Configuration(
        frozenset({TlsVersion.TLS1_0, TlsVersion.TLS1_1, TlsVersion.TLS1_2, TlsVersion.TLS1_3}),
        _TLS_1_3 | _INTERMEDIATE | _OLD,
    ),
}
