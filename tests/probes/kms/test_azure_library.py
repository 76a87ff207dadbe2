"""Many looks that begin at once import Azure's client libraries without waiting for each other for ever."""

import subprocess
import sys

import pytest

BEGIN_AT_ONCE = """
import threading

from clauseproof.facts.azure import AzureKey
from clauseproof.model.errors import LookFailed
from clauseproof.model.look import Look
from clauseproof.probes.kms import azure, azure_access, azure_custody

key = AzureKey.model_validate({"key": "https://crm.managedhsm.azure.net/keys/k", "connect_to": "127.0.0.1:1"})
looks = [azure.custody, azure.rotation, azure_access.access, azure_custody.materials, azure_custody.deletion] * 3
start, failures = threading.Barrier(len(looks)), []

def look_at(probe):
    start.wait()
    try:
        probe(key, Look())
    except LookFailed as error:
        assert "could not be reached" in error.what, error.what
    except BaseException as error:
        failures.append(f"{type(error).__name__}: {error}")

threads = [threading.Thread(target=look_at, args=(probe,)) for probe in looks]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(*failures, sep="\\n")
"""


@pytest.mark.slow
@pytest.mark.parametrize("attempt", range(3))
def test_looks_that_begin_at_once_do_not_trip_over_each_others_imports(attempt: int) -> None:
    ended = subprocess.run([sys.executable, "-c", BEGIN_AT_ONCE], capture_output=True, text=True, timeout=60)
    assert (ended.stdout.strip(), ended.returncode) == ("", 0), ended.stderr
