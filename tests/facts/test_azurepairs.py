"""Into which further region a vault's contents are copied."""

import pytest

from clauseproof.facts.azurepairs import copied_to
from clauseproof.facts.regions import country_of


@pytest.mark.parametrize(
    ("region", "copies"),
    [
        ("westeurope", ("northeurope",)),
        ("northeurope", ("westeurope",)),
        ("eastasia", ("southeastasia",)),
        ("polandcentral", ()),
        ("brazilsouth", ()),
        ("westus3", ()),
        ("somewherenew", None),
        ("unknown", None),
    ],
)
def test_a_region_has_a_pair_or_none_or_is_not_known(region: str, copies: tuple[str, ...] | None) -> None:
    assert copied_to(region) == copies


def test_a_copy_can_lie_in_another_country() -> None:
    assert [country_of("azure", region) for region in ("eastasia", "southeastasia")] == ["HK", "SG"]
