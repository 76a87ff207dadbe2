"""Where this installation keeps what belongs to no run: the signing key, open drill journals."""

import os
from collections.abc import Mapping
from pathlib import Path

from clauseproof.model.errors import LedgerError


def state_directory(environ: Mapping[str, str] | None = None) -> Path:
    """The user's state directory: `CLAUSEPROOF_HOME`, else the platform's data folder; made (mode 0700) if absent."""
    given = (os.environ if environ is None else environ).get("CLAUSEPROOF_HOME")
    path = Path(given).expanduser() if given else _platform()
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise LedgerError(
            f"the state directory {path} cannot be made: {error.strerror}",
            "set CLAUSEPROOF_HOME to a folder of your own",
        ) from error
    return path


def _platform() -> Path:
    import platformdirs

    return platformdirs.user_data_path("clauseproof", appauthor=False)
