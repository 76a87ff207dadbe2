"""The oldest version of TLS that an endpoint speaks, tried from outside by two programs that share no code."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from clauseproof import Assurance, Case, Claim, Finding, Reason, Unseen, broken, check, holds, note, unknown
from clauseproof.facts import hello, tls
from clauseproof.facts.codepoints import alert_name
from clauseproof.facts.endpoint import at
from clauseproof.facts.hello import Answers, Decision, Exchange, VersionAnswer
from clauseproof.facts.manner import Depth, StartTls, Way
from clauseproof.facts.tls import Answer, Attempt, TlsVersion, VersionLooks
from clauseproof.hardware.endtoend import DIRECTLY, doubt
from clauseproof.hardware.serverchain import certifies


class TlsFloor(Claim):
    """The endpoint speaks `at_least` this version of TLS, or a newer one, and refuses everything older.

    Every address is tried, and the worst one decides. Two engines look: our own ClientHellos, and sslyze where the
    permission covers a scan. An older version counts as accepted where a ServerHello chose it twice; as refused
    where a `protocol_version` alert said so, or where alerts or closed connections answered every suite of its era
    while the same address went on accepting another version. Silence is no refusal.

    * In tier 1 both engines must see it refused, if both may look. In the other tiers one may know nothing.
    * An acceptance is proven by the engine that saw the ServerHello; the other may know nothing, in any tier.
    * Engines that contradict each other leave the version undecided in any tier.
    * Without permission to scan, or with `depth: fast` on the endpoint, our own decides, and the finding says "one
      engine". SSL 2.0 is then not tried.
    * An older version accepted only without a server name counts where the certificate shown is for the endpoint.
    * Through a proxy only our own hellos look. They count where a public authority vouches for the certificate that is
      shown through it, since the proxy may answer in place of the endpoint; and not where both engines must agree.

    Attributes:
        at_least: `SSL 2.0`, `SSL 3.0`, `TLS 1.0`, `TLS 1.1`, `TLS 1.2` or `TLS 1.3`.
    """

    at_least: TlsVersion = TlsVersion.TLS1_3


@check("tls-floor")
def tls_floor(claim: TlsFloor, offers: hello.Offers, scan: tls.Scan | Unseen, case: Case) -> Iterator[Finding]:
    for gap in offers.missing:
        yield unknown(gap.sentence)
    if not offers.per_address and not offers.missing:
        yield unknown(f"{offers.host} has no address that was looked at")
    for seen in offers.per_address:
        where, about = at(offers.host, seen.address), seen.address
        if isinstance(seen.answers, Unseen):
            yield unknown(seen.answers.sentence, about=about)
            continue
        if why := _in_the_way(offers, about, scan, case):
            yield unknown(f"{where} was asked {why}. {DIRECTLY}", about=about)
            continue
        named, both = offers.server_name is not None, case.clause.tier == 1
        remedy = _PLAIN_FIRST if offers.starttls is None and not _speaks(seen.answers) else "run again"
        address = Address(seen.answers, named, _deep_scan(scan, about), claim.at_least, both, remedy)
        yield from _floor(address, where, about, _engines(offers, address.deep, scan))
        yield from _without_a_name(address, offers, where, about)


_PLAIN_FIRST = (
    "check that it speaks TLS; if a plain protocol comes first, name it for this endpoint, as in starttls: smtp "
    f"(one of {', '.join(StartTls)})"
)


def _speaks(answers: Answers) -> bool:
    return any(exchange.accepted for exchange in answers.exchanges)


def _in_the_way(offers: hello.Offers, address: str, scan: tls.Scan | Unseen, case: Case) -> str:
    """Why what was heard through a proxy decides nothing; empty where it does, or there is none."""
    why = doubt(offers.way, offers.shown(address), offers.server_name or offers.host, case.anchors.public)
    agreement = case.clause.tier == 1 and isinstance(scan, Unseen) and scan.reason is Reason.UNKNOWABLE
    if why or offers.way is Way.DIRECT or offers.depth is Depth.FAST or not agreement:
        return why
    return "through a proxy, and in tier 1 two engines must say the same, of which sslyze looks only directly"


def _deep_scan(scan: tls.Scan | Unseen, address: str) -> tuple[VersionLooks, ...] | Unseen | None:
    """What the deep scan saw of an address; None where it was not to look."""
    if isinstance(scan, Unseen):
        return None if scan.reason in (Reason.NOT_PERMITTED, Reason.UNKNOWABLE) else scan
    for seen in scan.per_address:
        if seen.address == address:
            return seen.versions
    return Unseen(reason=Reason.NOT_RUN, text=f"the deep scan did not look at {address}", remedy="run again")


def _engines(offers: hello.Offers, deep: tuple[VersionLooks, ...] | Unseen | None, scan: tls.Scan | Unseen) -> str:
    if isinstance(deep, tuple):
        return "two engines"
    if offers.way is Way.PROXY:
        return "one engine, through a proxy"
    if offers.depth is Depth.FAST:
        return "one engine: the profile asks for a fast look"
    failed = deep if deep is not None else scan
    return f"one engine: {failed.text}" if isinstance(failed, Unseen) else "one engine"


@dataclass(frozen=True)
class Opinion:
    """What is said of a version: True accepts, False refuses, None leaves it open; and in which words."""

    accepts: bool | None
    words: str


def agree(opinions: Sequence[Opinion], *, both: bool) -> Opinion:
    """One opinion of several: a contradiction leaves it open, and so, if `both` must refuse, does one that is open."""
    words = "; ".join(opinion.words for opinion in opinions) or "not tried"
    said = {opinion.accepts for opinion in opinions}
    if {True, False} <= said:
        return Opinion(None, f"the engines disagree: {words}")
    if both and None in said and True not in said:
        return Opinion(None, words)
    return Opinion(True if True in said else (False if False in said else None), words)


@dataclass(frozen=True)
class Address:
    """One address as the engines saw it.

    Attributes:
        named: whether our hellos carried a server name, but for those that ask what happens without.
        deep: None where the deep scan was not to look, Unseen where it should have.
        both: whether both engines must see a refusal.
        remedy: what would settle what is open.
    """

    own: Answers
    named: bool
    deep: tuple[VersionLooks, ...] | Unseen | None
    floor: TlsVersion
    both: bool
    remedy: str

    @property
    def tried(self) -> list[TlsVersion]:
        """All versions; SSL 2.0 only where the deep scan saw anything, since nothing else can offer it."""
        return [v for v in TlsVersion if v > TlsVersion.SSL2_0 or isinstance(self.deep, tuple)]

    def opinion(self, version: TlsVersion) -> Opinion:
        """What the engines that can offer a version say of it together."""
        return agree([*self._own(version), *self._deep(version)], both=self.both)

    def _own(self, version: TlsVersion) -> Iterator[Opinion]:
        for answer in self.own.versions:
            if answer.version is version:
                enough = answer.times > 1 or version >= self.floor
                accepts = {Decision.ACCEPTED: enough or None, Decision.REFUSED: False}.get(answer.decision)
                yield Opinion(accepts, f"our hellos: {self._heard(answer)}")

    def _heard(self, answer: VersionAnswer) -> str:
        if answer.decision is Decision.ACCEPTED:
            return f"a ServerHello chose it in {answer.times} connection{'s' if answer.times > 1 else ''}"
        if answer.because is not None:
            return f"{answer.because}{f' of {answer.covered_by}' if answer.covered_by else ''}"
        asked = [one for one in self.own.exchanges if one.offered is answer.version and one.named is self.named]
        said = Counter(_said(one) for one in asked if one.groups is None)
        return ", ".join(f"{words} x {times}" for words, times in said.items()) or "not offered"

    def _deep(self, version: TlsVersion) -> Iterator[Opinion]:
        if isinstance(self.deep, Unseen):
            yield Opinion(None, f"sslyze: {self.deep.text}")
        elif self.deep is not None:
            control = any(one.agreed is Answer.ACCEPTED for one in self.deep)
            looks = next((one for one in self.deep if one.version is version), None)
            yield _scanned(looks, once=version >= self.floor, control=control)


def _said(exchange: Exchange) -> str:
    if exchange.alert is not None:
        return f"alert {alert_name(exchange.alert)}"
    return f"{exchange.reply} ({exchange.detail})" if exchange.detail else exchange.reply


def _scanned(looks: VersionLooks | None, *, once: bool, control: bool) -> Opinion:
    """sslyze's opinion: a closed connection refuses only beside a version that the address accepted."""
    if looks is None:
        return Opinion(None, "sslyze: not tried")
    agreed, accepts = looks.agreed, None
    if agreed is Answer.ACCEPTED and (once or len(looks.looks) > 1):
        accepts = True
    elif agreed is Answer.REFUSED or (agreed is Answer.CLOSED and control):
        accepts = False
    return Opinion(accepts, f"sslyze: {', then '.join(map(_look, looks.looks))}")


def _look(look: Attempt) -> str:
    """`accepted (TLS_RSA_WITH_AES_128_CBC_SHA)`, `not answered in time (TLS alert: internal error x 3)`."""
    said = [*look.suites[:3], *(f"{reply.said} x {reply.times}" for reply in look.replies if not look.suites)]
    return f"{look.answer} ({', '.join(said)})" if said else look.answer


def _floor(address: Address, where: str, about: str, engines: str) -> Iterator[Finding]:
    """One address: the older versions that it does not refuse, then whether anything new enough is spoken at all."""
    opinions = {version: address.opinion(version) for version in address.tried}
    older = [version for version in opinions if version < address.floor]
    modern = [version for version in opinions if version >= address.floor]
    for version in older:
        if opinions[version].accepts:
            text = f"{where} accepted {version}; {address.floor} or newer is required ({engines})"
            yield broken(f"{text}. {_sentence(opinions[version].words)}", Assurance.OBSERVED, about=about)
    open_ = [version for version in older if opinions[version].accepts is None]
    yield from _open(open_, opinions, where, about, address.remedy)
    if any(opinions[version].accepts is not False for version in older):
        return
    spoken = ", ".join(version for version in modern if opinions[version].accepts)
    if spoken:
        rest = f" and refused {', '.join(older)}" if older else ""
        yield holds(f"{where} accepted {spoken}{rest} ({engines})", Assurance.OBSERVED, about=about)
    else:
        words = "; ".join(f"{version}: {opinions[version].words}" for version in modern)
        text = f"{where} was not seen to speak {address.floor} or newer ({words})"
        yield unknown(f"{text}. To settle it: {address.remedy}", about=about)


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]


def _open(
    versions: list[TlsVersion], opinions: dict[TlsVersion, Opinion], where: str, about: str, remedy: str
) -> Iterator[Finding]:
    """The versions that may be accepted, those of which the same is said together."""
    for words in dict.fromkeys(opinions[version].words for version in versions):
        same = ", ".join(version for version in versions if opinions[version].words == words)
        yield unknown(f"{where} may accept {same} ({words}). To settle it: {remedy}", about=about)


def _without_a_name(address: Address, offers: hello.Offers, where: str, about: str) -> Iterator[Finding]:
    """A client that sends no server name may meet another server: whose certificate it shows tells whose it is."""
    seen = address.own.nameless
    if seen is None or seen.accepted is None or seen.accepted >= address.floor:
        return
    if address.opinion(seen.accepted).accepts:
        return  # said already
    text = f"{where} accepted {seen.accepted} from a client that sends no server name"
    name = offers.server_name or offers.host
    if seen.certificate is None:
        yield unknown(f"{text}, and whose server that is was not seen; run again to settle it", about=about)
    elif not certifies(seen.certificate, name):
        yield note(f"{text}, with a certificate that is not for {name}", about=about)
    elif seen.times > 1:
        yield broken(
            f"{text}, with a certificate for {name}; {address.floor} or newer is required (one engine)",
            Assurance.OBSERVED,
            about=about,
        )
    else:
        yield unknown(f"{text} in one of two connections; run again to settle it", about=about)
