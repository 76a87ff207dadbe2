"""Servers that no one here wrote, and hostile ones, each with the verdict that it must get in a whole run."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conformance.transit.deployment import Deployment, deployed
from tests.conformance.transit.papers import Ran, run
from tests.conformance.transit.table import TABLE

pytestmark = [pytest.mark.conformance, pytest.mark.slow]

EXPECTED = [(name, kind, ruling) for name, row in TABLE.items() for kind, ruling in row.verdicts.items()]


@pytest.fixture(scope="module")
def deployment() -> Iterator[Deployment]:
    # Not pytest's own folder: servers that give up root could not enter it, and sockets need short paths.
    folder = Path(tempfile.mkdtemp(prefix="transit-"))
    folder.chmod(0o755)
    try:
        with deployed(folder, TABLE) as everything:
            yield everything
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="module", autouse=True)
def _home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("clauseproof.probes.deep.LONGEST_S", 15.0)
        patch.setenv("CLAUSEPROOF_HOME", str(tmp_path_factory.mktemp("home")))
        yield


@pytest.fixture(scope="module")
def both(deployment: Deployment) -> Ran:
    return run(deployment, TABLE, scan=True)


@pytest.fixture(scope="module")
def alone(deployment: Deployment) -> Ran:
    return run(deployment, TABLE, scan=False)


def _says(ran: Ran, name: str, kind: str) -> tuple[str, str]:
    """A verdict, and the sentences it stands on."""
    line = ran.verdicts[name, kind]
    return line["verdict"], "\n".join(finding["text"] for finding in line["findings"])


def _needs(deployment: Deployment, name: str) -> None:
    if name in deployment.missing:
        pytest.skip(deployment.missing[name])


@pytest.mark.parametrize(("name", "kind", "expected"), EXPECTED, ids=[f"{name}: {kind}" for name, kind, _ in EXPECTED])
def test_each_claim_about_a_server_gets_its_verdict(
    deployment: Deployment, both: Ran, name: str, kind: str, expected: str
) -> None:
    _needs(deployment, name)
    verdict, because = _says(both, name, kind)
    assert verdict == expected, because


@pytest.mark.parametrize("name", TABLE)
def test_each_server_gets_its_verdict_from_our_own_hellos_alone(deployment: Deployment, alone: Ran, name: str) -> None:
    _needs(deployment, name)
    verdict, because = _says(alone, name, "tls-floor")
    assert verdict == TABLE[name].alone, because


@pytest.mark.parametrize("name", TABLE)
def test_our_own_hellos_find_the_versions_that_a_server_speaks(deployment: Deployment, alone: Ran, name: str) -> None:
    _needs(deployment, name)
    assert alone.spoken.get(name, frozenset()) == TABLE[name].versions
