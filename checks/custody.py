"""Custody of keys: whose material it is, where it lies, what guards it, how long it outlives its deletion."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import Self, TypeVar

from pydantic import Field, model_validator

from clauseproof import Assurance, Case, Claim, Duration, Finding, Unseen, broken, check, holds, note, spell, unknown
from clauseproof.facts import keydeletion, keymaterial, keys, keystores
from clauseproof.facts.keymaterial import Fips, Generation
from clauseproof.facts.keyplaces import Places, places_of
from clauseproof.facts.keys import Origin, Protection, Provider
from clauseproof.facts.keystores import Keeper
from clauseproof.facts.listed import Listed
from clauseproof.facts.territory import Jurisdictions, Territory, territory


class Byok(Claim):
    """Every generation of the key's material that is in use was brought by the customer, not made by the provider.

    Material in an external key store counts: the provider never had it. `expires_within` demands that the provider
    deletes what was imported by itself, within that time from now; a key whose material does not expire breaks that.
    """

    expires_within: Duration | None = None


@check("byok")
def byok(claim: Byok, materials: keymaterial.Materials, case: Case) -> Iterator[Finding]:
    yield from _nothing_in_use(materials)
    for origin, generations in _grouped(materials, lambda generation: generation.origin):
        yield _brought(origin, generations)
        if origin is Origin.IMPORTED and claim.expires_within is not None:
            yield from (_expiry(one, claim.expires_within, case.now) for one in generations)
        elif origin is Origin.FETCHED and claim.expires_within is not None:
            yield unknown("How long the vendor keeps what it fetched is not shown here. To settle it: key-cache")


def _brought(origin: Origin, generations: list[Generation]) -> Finding:
    name = _named(generations)
    if origin is Origin.IMPORTED:
        expiries = [one.expires for one in generations if one.expires is not None]
        return holds(f"{name} was imported by the customer", until=min(expiries, default=None))
    if origin is Origin.EXTERNAL_KEY_STORE:
        return holds(f"{name} lies in an external key store, and the provider never had it")
    if origin is Origin.FETCHED:
        return holds(f"{name} lies in the customer's own key service, and the vendor fetches it from there")
    if origin is Origin.OPENS_DATA_KEYS:
        return holds(_opening(name), Assurance.STATED)
    if origin is Origin.UNKNOWN:
        return unknown(
            f"Whether {_lower(name)} was imported cannot be known from the provider's API. "
            "To settle it: the audit log's entry of the import"
        )
    return broken(f"{name} was not brought by the customer: it was {_MADE[origin]}")


def _expiry(one: Generation, limit: timedelta, now: datetime) -> Finding:
    name = _named([one])
    if one.expires is None:
        return broken(f"{name} does not expire; the clause requires that it does within {spell(limit)}")
    text = f"{name} expires on {one.expires:%Y-%m-%d}"
    return broken(f"{text}, later than in {spell(limit)}") if one.expires - now > limit else holds(text)


class Hyok(Claim):
    """The customer holds the key: its material never lies with the provider, but in the customer's own key manager.

    AWS calls it an external key store, Google Cloud EKM. `hosts` lists the hosts that may keep it. An HSM of the
    customer's alone that stands at the provider's counts only with `single_tenant_hsm`; a key that the customer's own
    key service hands to the vendor counts only with `fetched`, and where its log shows that the vendor asks for it.
    Where the key manager stands is for `endpoint-location` to say, which takes such a key like an endpoint.
    """

    hosts: Listed | None = None
    single_tenant_hsm: bool = False
    fetched: bool = False


@check("hyok")
def hyok(claim: Hyok, materials: keymaterial.Materials, external: keystores.External | Unseen) -> Iterator[Finding]:
    yield from _nothing_in_use(materials)
    for origin, generations in _grouped(materials, lambda generation: generation.origin):
        yield _held(origin, generations, claim)
    if isinstance(external, Unseen):
        yield (note if claim.hosts is None else unknown)(external.sentence)
    else:
        theirs = {one.origin for one in materials.generations} & {Origin.FETCHED, Origin.OPENS_DATA_KEYS}
        word = Assurance.STATED if theirs else None  # that such a key is asked for at this host, the profile alone says
        yield from (finding for keeper in external.keepers for finding in _keeper(keeper, claim, word))


def _held(origin: Origin, generations: list[Generation], claim: Hyok) -> Finding:
    name = _named(generations)
    if origin is Origin.EXTERNAL_KEY_STORE:
        return holds(f"{name} lies in an external key store")
    alone = all(one.protection is Protection.SINGLE_TENANT_HSM for one in generations)
    if alone or origin in (Origin.HSM_CLUSTER, Origin.SINGLE_TENANT_HSM):
        own = f"{name} lies in an HSM of the customer's alone at the provider's"
        return holds(own) if claim.single_tenant_hsm else broken(f"{own}, and the clause requires it outside")
    if origin is Origin.FETCHED:
        asks = f"{name} lies in the customer's own key service, and the log shows that the vendor fetches it from there"
        if claim.fetched:
            return holds(asks)
        return broken(f"{asks}: it is handed over, and the clause requires that it never is")
    if origin is Origin.OPENS_DATA_KEYS:
        return holds(_opening(name), Assurance.STATED)
    if origin is Origin.UNKNOWN:
        return unknown(
            f"Where {_lower(name)} is held cannot be known from the provider's API. To settle it: its console, or the "
            "record of the key ceremony"
        )
    return broken(f"{name} lies with the provider: it was {_MADE[origin]}")


def _opening(name: str) -> str:
    """No log of fetches tells a data key from the key itself."""
    return f"{name} lies in the customer's own key service, which hands out data keys alone, as the profile says"


def _keeper(keeper: Keeper, claim: Hyok, word: Assurance | None) -> Iterator[Finding]:
    about = keeper.generation or ""
    if isinstance(keeper.host, Unseen):
        yield (note if claim.hosts is None else unknown)(keeper.host.sentence, about=about)
    elif claim.hosts is None or keeper.host in claim.hosts:
        text = f"The provider asks for it at {keeper.host}, by the {keeper.way}"
        yield note(text, about=about) if claim.hosts is None else holds(text, word, about=about)
    else:
        yield broken(f"The provider asks for it at {keeper.host}, which is not on the list", about=about)
    if keeper.connected is False:
        yield note("The provider cannot reach the external key store at present", about=about)
    if keeper.made_by_provider:
        yield note("The provider makes and destroys keys in the external key manager by itself", about=about)


class HsmProtection(Claim):
    """Every generation of the key's material that is in use is guarded by a hardware security module.

    As the provider's control plane says; `hsm-attestation` is the proof. AWS's API says nothing of the module that
    guards a key of KMS itself, and neither AWS's nor Google's names a FIPS level: there the provider's certificate has
    to settle it. With `single_tenant` the module must be the customer's alone.
    """

    fips_level: int | None = Field(default=None, ge=1, le=4)
    single_tenant: bool = False


@check("hsm-protection")
def hsm_protection(claim: HsmProtection, materials: keymaterial.Materials) -> Iterator[Finding]:
    yield from _nothing_in_use(materials)
    for protection, generations in _grouped(materials, lambda generation: generation.protection):
        yield _guarded(protection, generations, claim)
    if claim.fips_level is not None:
        for fips, generations in _grouped(materials, lambda generation: generation.fips):
            yield _validated(fips, generations, claim.fips_level)


def _guarded(protection: Protection | None, generations: list[Generation], claim: HsmProtection) -> Finding:
    name = _named(generations)
    if protection is Protection.SINGLE_TENANT_HSM:
        return holds(f"{name} is guarded by an HSM of the customer's alone")
    if protection is Protection.SOFTWARE:
        return broken(f"{name} is guarded by software")
    if protection is Protection.EXTERNAL:
        return unknown(
            f"{name} lies outside the provider, whose API cannot know what guards it. To settle it: an attestation of "
            "the external key manager"
        )
    if claim.single_tenant:
        return broken(f"{name} lies in the provider's own key service, whose HSMs serve all its customers")
    if protection is None:
        return unknown(
            f"What guards {_lower(name)} cannot be known from the provider's API. To settle it: the certificate of the "
            "provider's HSM by NIST's validation program (CMVP), or an audit report that names it"
        )
    return holds(f"{name} is guarded by an HSM")


def _validated(fips: Fips | None, generations: list[Generation], level: int) -> Finding:
    name = _named(generations)
    if fips is None:
        return unknown(
            f"To which FIPS level the module of {_lower(name)} is validated cannot be known from the provider's API. "
            "To settle it: its certificate by NIST's validation program (CMVP)"
        )
    text = f"{name} is in a module of FIPS {fips.standard} level {fips.level}"
    return holds(text) if fips.level >= level else broken(f"{text}, and the clause requires level {level}")


class KeyLocation(Claim):
    """The key lies `within` these jurisdictions, `outside` those, and in this `partition` of the provider's.

    Every region that holds a copy of the material counts, so that one inside does not make up for one outside. A
    location of several regions lies in each of them. `partition` is `aws-eusc`, `aws`, ...; of Google the universe
    domain. Of a key in an external key store this says only where the provider's side is.
    """

    within: Jurisdictions | None = None
    outside: Jurisdictions | None = None
    partition: str | None = None

    @model_validator(mode="after")
    def _asks_something(self) -> Self:
        if self.within is None and self.outside is None and self.partition is None:
            raise ValueError("say within:, outside: or partition:")
        return self


@check("key-location")
def key_location(claim: KeyLocation, custody: keys.Custody, case: Case) -> Iterator[Finding]:
    if custody.provider is Provider.KEY_SERVICE:
        yield unknown(
            "Where the customer's own key service stands its log does not tell. To settle it: judge this key by "
            "endpoint-location"
        )
        return
    if claim.partition is not None:
        text = f"The key lies in the partition {custody.partition}"
        yield holds(text) if custody.partition == claim.partition else broken(f"{text}, not in {claim.partition}")
    if claim.within is not None or claim.outside is not None:
        try:
            where = territory(claim.within, claim.outside, case)
        except LookupError as error:
            yield unknown(str(error.args[0]))
            return
        copies = custody.replicas or ()
        yield from (_place(custody.provider, region, where) for region in (custody.region, *copies))
        if custody.replicas is None:
            yield unknown(
                "In which further regions the key is kept cannot be known from the provider's API. To settle it: the "
                "regions of the HSM or vault in the provider's console"
            )
    if custody.origin is Origin.EXTERNAL_KEY_STORE:
        yield unknown(
            "The material lies outside the provider, in an external key store. To settle it: judge this key by "
            "endpoint-location too"
        )


def _place(provider: Provider, region: str, where: Territory) -> Finding:
    places = places_of(provider, region)
    if places is None:
        return unknown(
            f"In which country {region} lies is not known here. To settle it: the provider's list of locations",
            about=region,
        )
    return _within(places, region, where)


def _within(places: Places, region: str, where: Territory) -> Finding:
    name = f"The key's location {region} ({places.described})"
    kept = {country for country in places.countries if where.keeps(country)}
    if places.countries and kept == places.countries:
        return holds(f"{name} lies {where.words}", about=region)
    if places.every and (places.countries or where.allowed is not None):
        off = ", ".join(sorted(places.countries - kept))
        return broken(f"{name} does not lie {where.words}{f': it lies in {off}' if off else ''}", about=region)
    if places.countries and not kept:
        return broken(f"{name} does not lie {where.words}", about=region)
    return unknown(
        f"{name} may lie {where.words}, and may not. To settle it: a key in one region, or the provider's word on "
        "which regions it uses",
        about=region,
    )


class DeletionWindow(Claim):
    """Once the customer asks for it, the key's material is gone within `at_most`, and not before `at_least`.

    The first is how soon data can be shredded by destroying its key, the second how long a deletion by mistake or by an
    intruder can be taken back. Where whoever asks chooses the time, the whole range must fit.
    """

    at_most: Duration | None = None
    at_least: Duration | None = None

    @model_validator(mode="after")
    def _asks_something(self) -> Self:
        if self.at_most is None and self.at_least is None:
            raise ValueError("say at_most: or at_least:, or both")
        return self


@check("deletion-window")
def deletion_window(claim: DeletionWindow, deletion: keydeletion.Deletion, case: Case) -> Iterator[Finding]:
    if claim.at_most is not None:
        yield _soon_enough(claim.at_most, deletion, case.now)
    if claim.at_least is not None:
        yield _late_enough(claim.at_least, deletion)
    if deletion.due is not None:
        yield note(f"The key is to be deleted on {deletion.due:%Y-%m-%d %H:%M} UTC")
    if deletion.comes_back is not None:
        yield note(f"What was destroyed can come back by {deletion.comes_back}, by whoever still has it")


def _soon_enough(limit: timedelta, deletion: keydeletion.Deletion, now: datetime) -> Finding:
    waits = _waits(deletion)
    if deletion.longest is not None and deletion.longest <= limit:
        return holds(f"{waits}; the limit is {spell(limit)}")
    if deletion.due is not None and deletion.due - now > limit:
        return broken(f"The key is to be deleted on {deletion.due:%Y-%m-%d}, later than in {spell(limit)}")
    if deletion.shortest > limit and deletion.at_once is None:
        return broken(f"{waits}, and the limit is {spell(limit)}")
    way = f"; without waiting, by {deletion.at_once}" if deletion.at_once else ""
    return unknown(
        f"{waits}{way}; whether that keeps {spell(limit)} depends on who asks, and how. To settle it: the vendor's "
        "procedure, or a look while a deletion is under way"
    )


def _late_enough(limit: timedelta, deletion: keydeletion.Deletion) -> Finding:
    if deletion.at_once is not None:
        return broken(f"The material can be destroyed at once, by {deletion.at_once}")
    if deletion.shortest >= limit:
        return holds(f"{_waits(deletion)}; the least is {spell(limit)}")
    if deletion.longest is not None and deletion.longest < limit:
        return broken(f"{_waits(deletion)}, and the least is {spell(limit)}")
    return unknown(
        f"{_waits(deletion)}; some of that is shorter than {spell(limit)}. To settle it: a rule for who asks"
    )


def _waits(deletion: keydeletion.Deletion) -> str:
    if deletion.longest == deletion.shortest:
        return f"A deletion waits {spell(deletion.shortest)} ({deletion.source})"
    most = "as long as a replica lives" if deletion.longest is None else spell(deletion.longest)
    return f"A deletion waits {spell(deletion.shortest)} to {most}, as whoever asks chooses ({deletion.source})"


G = TypeVar("G", Origin, Protection | None, Fips | None)


def _grouped(materials: keymaterial.Materials, by: Callable[[Generation], G]) -> Iterable[tuple[G, list[Generation]]]:
    """The generations in use that are alike, together."""
    found: dict[G, list[Generation]] = {}
    for generation in materials.in_use:
        found.setdefault(by(generation), []).append(generation)
    return found.items()


def _nothing_in_use(materials: keymaterial.Materials) -> Iterator[Finding]:
    if not materials.in_use:
        states = ", ".join(dict.fromkeys(one.state for one in materials.generations)) or "none is left"
        yield unknown(f"No material of the key is in use at present ({states}). To settle it: a look while one is")


def _named(generations: list[Generation]) -> str:
    """`The key's material (generations 1, 2)`."""
    ids = [one.id[:_SHOWN] for one in generations if one.id is not None]
    if not ids:
        return "The key's material"
    more = f" and {len(ids) - _LISTED} more" if len(ids) > _LISTED else ""
    return f"The key's material (generation{'s' if len(ids) > 1 else ''} {', '.join(ids[:_LISTED])}{more})"


def _lower(name: str) -> str:
    return name[0].lower() + name[1:]


_SHOWN, _LISTED = 12, 5
_MADE = {
    Origin.PROVIDER_MADE: "made by the provider",
    Origin.IMPORTED: "imported into the provider's key service",
    Origin.HSM_CLUSTER: "made in an HSM cluster at the provider's",
    Origin.SINGLE_TENANT_HSM: "made in a single-tenant HSM at the provider's",
}
