"""Where a key's external key manager is: its host looked at as an endpoint's is, for the checks of location.

What answers there is the key manager or a proxy before it: where the material itself lies may be elsewhere still.
"""

from clauseproof.facts.dns import Resolution
from clauseproof.facts.endpoint import Endpoint
from clauseproof.facts.keys import CloudKey
from clauseproof.facts.keystores import External
from clauseproof.facts.place import Countries, Feeds, Ranges
from clauseproof.model.errors import Unknowable
from clauseproof.model.look import Look
from clauseproof.model.marks import probe
from clauseproof.model.permission import Permission
from clauseproof.probes import place
from clauseproof.probes.dns import resolution


@probe(permission=Permission.CONNECT, deadline_s=20)
async def key_host(key: CloudKey, external: External, look: Look) -> Resolution:
    """The addresses of the external key manager. Unknowable for a key without one."""
    return await resolution(_endpoint(external), look)


@probe(permission=Permission.OWN_ACCOUNT, deadline_s=60)
def key_ranges(key: CloudKey, external: External, names: Resolution, look: Look) -> Ranges:
    """What the providers' published ranges say of the external key manager's addresses."""
    return place.ranges(_endpoint(external), names, look)


@probe(permission=Permission.OWN_ACCOUNT, deadline_s=60)
def key_feeds(key: CloudKey, external: External, names: Resolution, look: Look) -> Feeds:
    """What operators' geofeeds say of the external key manager's addresses."""
    return place.feeds(_endpoint(external), names, look)


@probe(permission=Permission.OWN_ACCOUNT, deadline_s=60)
def key_countries(key: CloudKey, external: External, names: Resolution, look: Look) -> Countries:
    """What the country database says of the external key manager's addresses."""
    return place.countries(_endpoint(external), names, look)


def _endpoint(external: External) -> Endpoint:
    """Private addresses are the customer's own choice: it is the customer's key manager, not the vendor's."""
    if not external.keepers:
        raise Unknowable("the key's material lies with the provider, at no host of its own", "judge it by key-location")
    unseen = [keeper.host for keeper in external.keepers if not isinstance(keeper.host, str)]
    if unseen:
        raise Unknowable(unseen[0].text, unseen[0].remedy)
    if len(external.hosts) > 1:
        raise Unknowable(
            f"the key's versions lie at several hosts: {', '.join(external.hosts)}", "name each as an endpoint"
        )
    return Endpoint(endpoint=f"https://{external.hosts[0]}", private_addresses=True)
