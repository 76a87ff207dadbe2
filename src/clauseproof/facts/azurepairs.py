"""Into which further region Key Vault copies what a vault holds.

In a region that Azure has paired with another, the contents of every vault are copied to the other by themselves (Key
Vault documentation, "Azure Key Vault availability and redundancy"); the pairs are those of the list of Azure regions,
November 2026. A region that is in neither table has no known pair, which is not the same as none.
"""

_PAIRED = (
    "australiacentral australiacentral2",
    "australiaeast australiasoutheast",
    "canadacentral canadaeast",
    "centralindia southindia",
    "centralus eastus2",
    "chinaeast chinanorth",
    "chinaeast2 chinanorth2",
    "chinaeast3 chinanorth3",
    "eastasia southeastasia",
    "eastus westus",
    "francecentral francesouth",
    "germanywestcentral germanynorth",
    "japaneast japanwest",
    "jioindiacentral jioindiawest",
    "koreacentral koreasouth",
    "northcentralus southcentralus",
    "northeurope westeurope",
    "norwayeast norwaywest",
    "southafricanorth southafricawest",
    "swedencentral swedensouth",
    "switzerlandnorth switzerlandwest",
    "uaenorth uaecentral",
    "uksouth ukwest",
    "westcentralus westus2",
)
_ALONE = (
    "austriaeast belgiumcentral brazilsouth brazilsoutheast chilecentral denmarkeast indonesiacentral israelcentral "
    "italynorth malaysiawest mexicocentral newzealandnorth polandcentral qatarcentral spaincentral westus3"
)

_PAIRS = {one: other for pair in _PAIRED for one, other in (pair.split(), pair.split()[::-1])}


def copied_to(region: str) -> tuple[str, ...] | None:
    """The region a vault's contents are copied to as well, as a tuple; empty if to none, None if that is not known."""
    if region in _PAIRS:
        return (_PAIRS[region],)
    return () if region in _ALONE.split() else None
