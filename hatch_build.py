"""Ships the checks and the profile schema inside the wheel, as part of the package."""

from typing import Any

from hatchling.builders.config import BuilderConfig
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SHIPPED = {
    "checks": "clauseproof/checks",
    "profiles/schema.json": "clauseproof/profiles/schema.json",
}


class ShipChecks(BuildHookInterface[BuilderConfig]):
    """Adds what lies beside `src/` to the wheel; hatchling stops if any of it is missing."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        # An editable install reads the repository itself: a copy in site-packages would go stale and win the look-up.
        if version != "editable":
            build_data["force_include"].update(SHIPPED)
