"""In which country a cloud provider's region lies.

From the providers' own lists of regions (AWS "Regions and Availability Zones" and "Local Zones locations", Google Cloud
"Locations", Azure "Regions list"), November 2026. A region that is not in these tables has no country here: an unknown
place is never guessed from its name.
"""

from collections.abc import Mapping

_AWS_REGIONS = {
    "AE": "me-central-1",
    "AU": "ap-southeast-2 ap-southeast-4",
    "BH": "me-south-1",
    "BR": "sa-east-1",
    "CA": "ca-central-1 ca-west-1",
    "CH": "eu-central-2",
    "CL": "sa-west-1",
    "CN": "cn-north-1 cn-northwest-1",
    "DE": "eu-central-1 eusc-de-east-1",
    "ES": "eu-south-2",
    "FR": "eu-west-3",
    "GB": "eu-west-2",
    "HK": "ap-east-1",
    "ID": "ap-southeast-3",
    "IE": "eu-west-1",
    "IL": "il-central-1",
    "IN": "ap-south-1 ap-south-2",
    "IT": "eu-south-1",
    "JP": "ap-northeast-1 ap-northeast-3",
    "KR": "ap-northeast-2",
    "MX": "mx-central-1",
    "MY": "ap-southeast-5",
    "NZ": "ap-southeast-6",
    "SA": "me-west-1",
    "SE": "eu-north-1",
    "SG": "ap-southeast-1",
    "TH": "ap-southeast-7",
    "TW": "ap-east-2",
    "US": "us-east-1 us-east-2 us-gov-east-1 us-gov-west-1 us-iso-east-1 us-iso-west-1 us-isob-east-1 us-isob-west-1 "
    "us-isof-east-1 us-isof-south-1 us-south-1 us-west-1 us-west-2",
    "ZA": "af-south-1",
}

# Local and Wavelength Zones, by the city in the name of their network border group: `eu-central-1-ist-1` is Istanbul's.
_AWS_CITIES = {
    "AR": "bue",
    "AT": "vie",
    "AU": "bne per",
    "BE": "bru",
    "BR": "rio",
    "CA": "yto yvr",
    "CL": "scl",
    "CN": "pkx",
    "CO": "bog",
    "CZ": "prg",
    "DE": "ber dtm ham muc",
    "DK": "cph",
    "FI": "hel",
    "GB": "lon man",
    "GR": "ath",
    "IN": "blr ccu del maa",
    "JP": "kix nrt",
    "KE": "nbo",
    "KR": "cjj sel",
    "MX": "qro",
    "NG": "los",
    "NL": "ams",
    "NO": "osl",
    "NZ": "akl",
    "OM": "mct",
    "PE": "lim",
    "PH": "mnl",
    "PL": "waw",
    "PT": "lis",
    "SG": "sin",
    "TH": "bkk",
    "TR": "ist",
    "TW": "tpe",
    "US": "atl bna bos chi clt den dfw dtw foe hnl iah jan las lax mci mia msp nyc pdx phl phx sea sfo tpa was",
    "VN": "han",
    "ZA": "jnb",
}

_GOOGLE_REGIONS = {
    "AU": "australia-southeast1 australia-southeast2",
    "BE": "europe-west1",
    "BR": "southamerica-east1",
    "CA": "northamerica-northeast1 northamerica-northeast2",
    "CH": "europe-west6",
    "CL": "southamerica-west1",
    "DE": "europe-west10 europe-west3",
    "ES": "europe-southwest1",
    "FI": "europe-north1",
    "FR": "europe-west9",
    "GB": "europe-west2",
    "HK": "asia-east2",
    "ID": "asia-southeast2",
    "IL": "me-west1",
    "IN": "asia-south1 asia-south2",
    "IT": "europe-west12 europe-west8",
    "JP": "asia-northeast1 asia-northeast2",
    "KR": "asia-northeast3",
    "MX": "northamerica-south1",
    "MY": "asia-southeast3",
    "NL": "europe-west4",
    "PL": "europe-central2",
    "QA": "me-central1",
    "SA": "me-central2",
    "SE": "europe-north2",
    "SG": "asia-southeast1",
    "TW": "asia-east1",
    "US": "us-central1 us-central2 us-east1 us-east4 us-east5 us-east7 us-south1 us-west1 us-west2 us-west3 us-west4 "
    "us-west8",
    "ZA": "africa-south1",
}

# Both names where service tags differ from Azure Resource Manager, such as `germanywc` and `germanywestcentral`.
_AZURE_REGIONS = {
    "AE": "uaecentral uaenorth",
    "AT": "austriaeast",
    "AU": "australiacentral australiacentral2 australiaeast australiasoutheast",
    "BE": "belgiumcentral",
    "BR": "brazilne brazilnortheast brazilse brazilsouth brazilsoutheast",
    "CA": "canadacentral canadaeast",
    "CH": "switzerlandn switzerlandnorth switzerlandw switzerlandwest",
    "CL": "chilec chilecentral",
    "DE": "germanyn germanynorth germanywc germanywestcentral",
    "DK": "denmarkeast",
    "ES": "spaincentral",
    "FR": "centralfrance francecentral francesouth southfrance",
    "GB": "uksouth ukwest",
    "HK": "eastasia",
    "ID": "indonesiacentral",
    "IE": "northeurope",
    "IL": "israelcentral israelnorthwest",
    "IN": "centralindia jioindiacentral jioindiawest southindia westindia",
    "IT": "italynorth",
    "JP": "japaneast japanwest",
    "KR": "koreacentral koreasouth",
    "MX": "mexicocentral",
    "MY": "malaysiasouth malaysiawest",
    "NL": "westeurope",
    "NO": "norwaye norwayeast norwayw norwaywest",
    "NZ": "newzealandnorth",
    "PL": "polandcentral",
    "QA": "qatarcentral",
    "SE": "swedencentral swedensouth",
    "SG": "southeastasia",
    "TW": "taiwannorth taiwannorthwest",
    "US": "centralus centraluseuap eastus eastus2 eastus2euap eastusstg northcentralus southcentralus southcentralus2 "
    "southcentralusstg southeastus usstagec usstagee westcentralus westus westus2 westus3",
    "ZA": "southafricanorth southafricawest",
}

UNANNOUNCED = frozenset({("azure", "northeurope2"), ("aws", "eu-isoe-west-1")})
"""Regions that providers' files name, and of which their operators do not say where they are."""


def _by_region(table: Mapping[str, str]) -> dict[str, str]:
    return {region: country for country, regions in table.items() for region in regions.split()}


_REGIONS = {
    "aws": _by_region(_AWS_REGIONS),
    "azure": _by_region(_AZURE_REGIONS),
    "google": _by_region(_GOOGLE_REGIONS),
}
_CITIES = _by_region(_AWS_CITIES)


def country_of(provider: str, region: str | None, group: str | None = None) -> str | None:
    """The country (ISO 3166-1 alpha-2) of a provider's region; None where it is not known.

    Args:
        provider: `aws`, `azure` or `google`.
        group: AWS's network border group, which says more than the region: a Local Zone may lie abroad. One that does
            not belong to the region contradicts it, and then neither says where it is.
    """
    regions = _REGIONS.get(provider, {})
    if group is not None:
        if region is not None and not group.startswith(region):
            return None
        return regions.get(group) or _zone_country(group)
    return regions.get(region) if region else None


def _zone_country(group: str) -> str | None:
    """The country of the one city that stands behind the region in the name of a border group."""
    found = {_CITIES[part] for part in group.split("-")[3:] if part in _CITIES}
    return found.pop() if len(found) == 1 else None
