"""A file of JSON lines that another process may have been killed while writing."""

import os
from collections.abc import Iterator
from pathlib import Path

from clauseproof.ledger.files import opened
from clauseproof.ledger.layout import MAX_LINE, MAX_LINES
from clauseproof.model.errors import LedgerError


def lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Offset and bytes (without newline) of every whole line.

    What follows the last newline was being written when its writer died, and is left out; `cut_off` tells. LedgerError
    for a line beyond 16 MiB, or more than a million lines.
    """
    offset = 0
    with opened(path) as file:
        for number in range(1, MAX_LINES + 2):
            raw = file.readline(MAX_LINE + 2)
            if not raw.endswith(b"\n"):
                if len(raw) > MAX_LINE:
                    raise LedgerError(f"{path}:{number} is longer than {MAX_LINE} bytes")
                return
            if number > MAX_LINES:
                raise LedgerError(f"{path} has more than {MAX_LINES} lines")
            yield offset, raw[:-1]
            offset += len(raw)


def cut_off(path: Path) -> bool:
    """Whether the file ends inside a line."""
    with opened(path) as file:
        if file.seek(0, os.SEEK_END) == 0:
            return False
        file.seek(-1, os.SEEK_END)
        return file.read(1) != b"\n"
