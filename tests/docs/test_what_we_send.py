"""What a vendor is told that we send is what the code sends."""

import re
from pathlib import Path

import pytest

from clauseproof.doors.assembly import load
from clauseproof.facts.drillshape import DrillShape
from clauseproof.facts.latencyshape import LatencyShape
from clauseproof.facts.manner import Depth, StartTls
from clauseproof.model.permission import Permission
from clauseproof.probes import chain, clientauth, datapath, deep, mail, staples, tls, traffic, web, zone
from clauseproof.probes.hello import ask, plan
from clauseproof.probes.hello.starttls import conversation
from clauseproof.probes.http import USER_AGENT
from clauseproof.probes.resolver import MOST_ANSWERS
from tests.support.certificates import authority, leaf
from tests.support.looks import vendor
from tests.support.offers import offered, only
from tests.support.tls import V, listening
from tests.support.tls import tls as server

PAGE = Path(__file__).parents[2] / "docs" / "what-we-send.md"
TEXT = " ".join(PAGE.read_text().split())
SECTIONS = dict(re.findall(r"^## `([a-z-]+)`\n(.*?)(?=^## )", PAGE.read_text(), re.DOTALL | re.MULTILINE))
PROBES = load()[0].probes.values()


@pytest.mark.parametrize(
    "permission", [Permission.CONNECT, Permission.SCAN, Permission.VENDOR_ACCOUNT, Permission.DRILL]
)
def test_every_look_that_can_reach_a_vendor_is_told_in_its_class(permission: Permission) -> None:
    told = set(re.findall(r"`([a-z]+\.[a-z-]+)`", SECTIONS[permission]))
    made = {probe.gives.kind for probe in PROBES if probe.mark.permission is permission}
    assert told == made


def test_every_class_is_told() -> None:
    assert set(SECTIONS) == set(Permission)


@pytest.mark.parametrize("permission", list(Permission))
def test_what_needs_leave_is_told(permission: Permission) -> None:
    (row,) = [line for line in PAGE.read_text().splitlines() if line.startswith(f"| [`{permission}`]")]
    assert row.endswith("| no |" if permission.always else "| yes |")


@pytest.mark.parametrize(
    "words",
    [
        f"at most {traffic.AT_ONCE} connections to one address are open",
        f"at most {traffic.PER_SECOND} connections are begun to one address",
        f"as fast as {tls.CONNECTIONS_AT_ONCE} connections at once go",
        f"At most {tls.CONNECTIONS_AT_ONCE} at a time",
        f"at most {deep.MOST_CONNECTIONS:,}",
        f"never more than {plan.MOST_CONNECTIONS} in all",
        f"given up after {ask.PATIENCE_S:.0f} seconds, after {ask.PLAIN_PATIENCE_S:.0f} where",
        f"a mail server's after {mail.PATIENCE_S:.0f}",
        f"each read asks every address of its host, at most {datapath.MOST_ADDRESSES}",
        f"{chain.LOOKS} TLS handshakes, closed once",
        f"or {staples.LOOKS} with a second between them",
        f"{web.LOOKS} `GET` requests of one page",
        f"{2 * web.LOOKS} `GET` requests without TLS",
        f"{clientauth.LOOKS} `GET` requests without a client certificate, and {clientauth.LOOKS} with",
        f"{zone.LOOKS} connections to port 25",
        f"at most {mail.MOST_EXCHANGERS} exchangers",
        f"lead to, at most {MOST_ANSWERS}",
        f"{LatencyShape().reads} times each",
        f"with {LatencyShape().pause.total_seconds() * 1000:.0f} ms between",
        f"at most {DrillShape().give_up_after.total_seconds() / 60:.0f} minutes; then it is enabled",
    ],
)
def test_figures_are_those_of_the_code(words: str) -> None:
    assert words in TEXT


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1:DeprecationWarning")
@pytest.mark.parametrize(("oldest", "newest"), [(V.TLSv1_3, V.TLSv1_3), (V.TLSv1, V.TLSv1_3), (V.TLSv1, V.TLSv1)])
def test_as_many_hellos_arrive_as_told(tmp_path: Path, oldest: V, newest: V) -> None:
    with listening(server(leaf(authority(), "api.crm.example").write(tmp_path), oldest, newest)) as port:
        endpoint = vendor(port, "127.0.0.1")
        full = only(offered(endpoint)).connections
        fast = only(offered(endpoint.model_copy(update={"depth": Depth.FAST}))).connections
    assert 8 <= full <= 23
    assert "8 to 23" in TEXT
    assert fast <= 9 if oldest < V.TLSv1_3 else fast == 2
    assert "2 to an address that speaks TLS 1.3 only and says so by an alert, up to 9 where older" in TEXT


def test_a_drill_reads_once_a_second_as_told() -> None:
    assert DrillShape().poll_every.total_seconds() == 1
    assert "once a second" in TEXT


def test_a_scan_ends_after_a_minute_as_told() -> None:
    assert deep.LONGEST_S == 60
    assert "ends after a minute" in TEXT


def test_we_can_be_recognised_as_told() -> None:
    assert USER_AGENT.partition("/")[0] == "clauseproof"
    assert "`User-Agent: clauseproof/VERSION`" in TEXT
    talk = conversation(StartTls.SMTP, "mail.crm.example")
    next(talk)
    greeting = talk.send(b"220 ready\r\n").decode().strip()
    assert f"`{greeting}`" in TEXT
