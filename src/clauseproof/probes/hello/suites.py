"""Cipher suites, by name and by the era of TLS that can use them.

`suites.csv` holds IANA's TLS Cipher Suites registry and the few unregistered suites that were deployed (export suites
of 56 bits, NSS's FIPS suites, drafts of ChaCha20, early GOST), each with the first version that can use it: `old` is
SSL 3.0 to TLS 1.2. The two signalling values are no suites and are not in it.
"""

import csv
import functools
import re
from importlib.resources import files
from typing import NamedTuple

from clauseproof.facts.hello import SuiteList
from clauseproof.facts.tls import TlsVersion

_USUAL = re.compile(
    r"TLS_(?:RSA|DHE_RSA|DHE_DSS|ECDHE_RSA|ECDHE_ECDSA)_WITH_(?:AES|CHACHA20|CAMELLIA_\d+_CBC_SHA$|3DES|RC4|DES_)"
)
_PARTS = (SuiteList.PART_1, SuiteList.PART_2, SuiteList.PART_3)


class Suite(NamedTuple):
    """A cipher suite: code point, era (`old`, `1.2`, `1.3`), name."""

    code: int
    era: str
    name: str


@functools.cache
def registry() -> tuple[Suite, ...]:
    """All suites, those that are best known first within their era, the newest era first."""
    text = files(__package__).joinpath("suites.csv").read_text("ascii")
    rows = [Suite(int(row["code"], 16), row["era"], row["name"]) for row in csv.DictReader(text.splitlines())]
    return tuple(sorted(rows, key=lambda suite: (suite.era == "old", suite.era != "1.3", not usual(suite), suite.code)))


def usual(suite: Suite) -> bool:
    """Whether deployed servers choose it: authenticated by a certificate, with a cipher in general use."""
    return 0x1301 <= suite.code <= 0x1305 or bool(_USUAL.match(suite.name))


@functools.cache
def suites_for(newest: TlsVersion, which: SuiteList) -> tuple[int, ...]:
    """The code points that a hello lists whose newest version is `newest`."""
    eras = {TlsVersion.TLS1_3: ("1.3", "1.2", "old"), TlsVersion.TLS1_2: ("1.2", "old")}.get(newest, ("old",))
    era = [suite for suite in registry() if suite.era in eras]
    if which is SuiteList.USUAL:
        return tuple(suite.code for suite in era if usual(suite))
    if which is SuiteList.WHOLE:
        return tuple(suite.code for suite in era)
    return tuple(suite.code for suite in era[_PARTS.index(which) :: len(_PARTS)])


@functools.cache
def _by_code() -> dict[int, Suite]:
    return {suite.code: suite for suite in registry()}


def suite_name(code: int) -> str:
    """IANA's name, or `0x1a1a` for a number without one."""
    suite = _by_code().get(code)
    return suite.name if suite else f"0x{code:04x}"


def usable(code: int, version: TlsVersion) -> bool:
    """Whether a version can use a suite: those of TLS 1.3 are its own, and old ones cannot use those of TLS 1.2."""
    suite = _by_code().get(code)
    eras = {TlsVersion.TLS1_3: ("1.3",), TlsVersion.TLS1_2: ("1.2", "old")}.get(version, ("old",))
    return suite is not None and suite.era in eras
