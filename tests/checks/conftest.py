"""The buyer's credentials, as AWS's default chain finds them, and the vendor's token."""

import pytest

from clauseproof.sandbox.kms.aws import BUYER_ACCESS_KEY
from tests.support.keys import TOKEN


@pytest.fixture(autouse=True)
def _buyer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", BUYER_ACCESS_KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "any secret will do")
    monkeypatch.setenv("TOKEN", TOKEN)
