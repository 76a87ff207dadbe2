"""The buyer's credentials, as AWS's default chain finds them."""

import pytest

from clauseproof.sandbox.kms.aws import BUYER_ACCESS_KEY


@pytest.fixture(autouse=True)
def _buyer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", BUYER_ACCESS_KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "any secret will do")
