"""What `--debug` shows: tracebacks and what libraries say, and no secret that one of them was told."""

import os
import socket
import subprocess
import sys

ASKING_KMS = """\
from clauseproof.cli import _common
_common(debug=True)
import logging, boto3
from botocore.config import Config
logging.getLogger("botocore").info("said by the library")
once = Config(retries={{"total_max_attempts": 1}})
kms = boto3.client("kms", region_name="eu-central-1", endpoint_url={url!r}, config=once)
try:
    kms.describe_key(KeyId="k")
except Exception as error:
    print(type(error).__name__)
"""


def test_a_session_token_is_not_among_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    secrets = {name: f"hunter2-{name}" for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")}
    done = subprocess.run(
        [sys.executable, "-c", ASKING_KMS.format(url=url)],
        env={**os.environ, **secrets},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout == "EndpointConnectionError\n"
    assert "said by the library" in done.stderr
    assert "hunter2" not in done.stderr
