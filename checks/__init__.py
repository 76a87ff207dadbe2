"""One file per clause family: its claims and their checks."""
