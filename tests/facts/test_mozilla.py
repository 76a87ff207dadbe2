"""The table of Mozilla's configurations, against the guidelines as another package carries them."""

import json
from importlib.resources import files

import pytest

from clauseproof.facts.mozilla import CONFIGURATIONS, MozillaProfile
from clauseproof.facts.tls import TlsVersion

_VERSIONS = {
    "TLSv1": TlsVersion.TLS1_0,
    "TLSv1.1": TlsVersion.TLS1_1,
    "TLSv1.2": TlsVersion.TLS1_2,
    "TLSv1.3": TlsVersion.TLS1_3,
}


@pytest.mark.parametrize("profile", MozillaProfile)
def test_versions_and_suites_are_those_of_the_guidelines(profile: MozillaProfile) -> None:
    name, number = profile.split()
    guidelines = json.loads(files("sslyze.mozilla_tls_profile").joinpath(f"{number}.json").read_text("utf-8"))
    asked, ours = guidelines["configurations"][name], CONFIGURATIONS[profile]
    assert str(guidelines["version"]) == number
    assert ours.versions == {_VERSIONS[version] for version in asked["tls_versions"]}
    assert ours.suites == {*asked["ciphersuites"], *asked["ciphers"]["iana"]}


def test_every_configuration_has_a_table() -> None:
    assert set(CONFIGURATIONS) == set(MozillaProfile)
