"""What the log of a buyer's key service tells of a key: who fetches it, and whose it therefore is.

A key service has no control plane that every one of them speaks. What its log cannot tell, no probe here tells: the
facts that rest on the vendor's fetches are there only if there are fetches.
"""

from collections.abc import Iterator

from clauseproof.facts.drills import Answer
from clauseproof.facts.keyaccess import Access, Admission, Gap, Level
from clauseproof.facts.keydeletion import Deletion
from clauseproof.facts.keyfetches import Caller, Fetches, FetchLog
from clauseproof.facts.keymaterial import Generation, Materials
from clauseproof.facts.keys import Custody, KeyState, Manager, Origin, Protection, Provider, Rotation, Usage
from clauseproof.facts.keyservice import FetchedKey
from clauseproof.facts.keystores import External, Keeper, Way
from clauseproof.model.errors import Unknowable
from clauseproof.model.look import Look
from clauseproof.model.marks import probe
from clauseproof.model.permission import Permission
from clauseproof.model.unseen import Reason, Unseen
from clauseproof.probes.kms.keyservice_log import read_log

FETCH = "fetch"
"""The one operation that a log of fetches tells of."""
UNSAID = "not said"


@probe(permission=Permission.OWN_ACCOUNT, deadline_s=60)
def fetches(key: FetchedKey, look: Look) -> Fetches:
    """The log's lines about the key. Unreachable and EvidenceRejected where the file cannot be read."""
    return Fetches(target=key.name, log=read_log(key, look)[0])


@probe(permission=Permission.OWN_ACCOUNT)
def custody(key: FetchedKey, seen: Fetches) -> Custody:
    """Whose key it is, as the profile says; Unknowable unless the log shows that the vendor asks for it."""
    return Custody(
        provider=Provider.KEY_SERVICE,
        target=key.name,
        owner=key.owner,
        manager=Manager.CUSTOMER,
        origin=_origin(key),
        state=_state(key, seen.log),
        usage=Usage.OTHER,
        spec=UNSAID,
        created=None,
        partition=UNSAID,
        region=UNSAID,
        multi_region=False,
        replicas=None,
        store=key.host,
        protection=Protection.EXTERNAL,
        material_expires=None,
        deletion=None,
    )


@probe(permission=Permission.OWN_ACCOUNT)
def materials(key: FetchedKey, seen: Fetches) -> Materials:
    """One generation, in use while the vendor is served; Unknowable unless the log shows that the vendor asks."""
    state = _state(key, seen.log)
    return Materials(
        generations=(
            Generation(
                id=None,
                current=True,
                state=state,
                origin=_origin(key),
                protection=Protection.EXTERNAL,
                fips=None,
                made=None,
                expires=None,
            ),
        )
    )


@probe(permission=Permission.OWN_ACCOUNT)
def external(key: FetchedKey, seen: Fetches) -> External:
    """The buyer's key service, which keeps the key; Unknowable unless the log shows that the vendor asks for it."""
    _state(key, seen.log)
    host: str | Unseen = key.host or Unseen(
        reason=Reason.UNKNOWABLE,
        text=f"at which host the vendor fetches {key.name} is not said",
        remedy="write key_service as the key's URL",
    )
    keeper = Keeper(
        generation=None,
        store=None,
        host=host,
        key=key.named,
        way=Way.UNSAID,
        connected=None,
        made_by_provider=None,
    )
    return External(keepers=(keeper,))


@probe(permission=Permission.OWN_ACCOUNT)
def access(key: FetchedKey, seen: Fetches) -> Access:
    """Everybody to whom the log says that the key was given. Who else could fetch it a log never knows."""
    log = seen.log
    span = f"{log.lines} lines" if log.first_at is None else f"{log.lines} lines since {log.first_at:%Y-%m-%d}"
    return Access(
        provider=Provider.KEY_SERVICE,
        looked_at=(f"the log {log.file} ({span})",),
        admissions=tuple(_admission(caller, log) for caller in log.callers if caller.served),
        gaps=tuple(_gap(text, remedy) for text, remedy in _not_told(key, log)),
    )


@probe(permission=Permission.OWN_ACCOUNT)
def rotation(key: FetchedKey) -> Rotation:
    """Nothing is asked: always Unknowable."""
    raise Unknowable(
        f"when {key.name} was rotated cannot be known from a log of fetches", "the key service's record of rotations"
    )


@probe(permission=Permission.OWN_ACCOUNT)
def deletion(key: FetchedKey) -> Deletion:
    """Nothing is asked: always Unknowable."""
    raise Unknowable(
        f"how long {key.name} outlives its deletion cannot be known from a log of fetches",
        "the key service's settings for the key and for its backups, and key-cache for what the vendor keeps",
    )


def _origin(key: FetchedKey) -> Origin:
    return Origin.FETCHED if key.hands_out == "key" else Origin.OPENS_DATA_KEYS


def _state(key: FetchedKey, log: FetchLog) -> KeyState:
    """Served or refused, when the vendor last asked; Unknowable where it never did."""
    last = log.asked_last
    if last is None:
        since = "" if log.first_at is None else f", which begins on {log.first_at:%Y-%m-%d},"
        raise Unknowable(
            f"the log {log.file}{since} has no fetch of {key.named} by {' or '.join(key.vendor)}{_unread(log)}, so "
            "nothing shows that the vendor asks for the key",
            "a log that goes back further, the right names under vendor and log, or a revocation-drill",
        )
    if last.outcome is Answer.UNCLEAR:
        return KeyState.OTHER
    return KeyState.ENABLED if last.outcome is Answer.SERVED else KeyState.DISABLED


def _unread(log: FetchLog) -> str:
    lines = sum(unread.lines for unread in log.unread)
    return f" ({lines} of its {log.lines} lines could not be read)" if lines else ""


def _admission(caller: Caller, log: FetchLog) -> Admission:
    newest = "" if caller.newest_served is None else f", the newest on {caller.newest_served.at:%Y-%m-%d}"
    return Admission(
        where=f"the log {log.file} ({caller.served} served{newest})",
        level=Level.KEY,
        allows=True,
        principals=(f"caller:{caller.name}",),
        others=False,
        spared=(),
        operations=(FETCH,),
        but=(),
        confined_to=(),
        narrowed_by=(),
        depends_on=(),
        starts=None,
        ends=None,
    )


def _not_told(key: FetchedKey, log: FetchLog) -> Iterator[tuple[str, str]]:
    """What is missing, and what would settle it."""
    yield f"a log tells who did fetch {key.named}, and not who could", "the key service's own list of who may fetch it"
    lines = sum(unread.lines for unread in log.unread) + log.skipped
    if lines:
        yield f"{lines} lines of {log.file} were not read", "a log of well-formed lines about this key alone"
    if log.further:
        yield f"{log.further} fetches are by further callers", "a log with fewer callers of this key"


def _gap(text: str, remedy: str) -> Gap:
    return Gap(level=Level.KEY, keeps_out=False, unseen=Unseen(reason=Reason.UNKNOWABLE, text=text, remedy=remedy))
