"""The prober against servers of many configurations, and against servers that do not play along."""

import asyncio
import socket
import ssl
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from clauseproof.facts.codepoints import Alert, Group
from clauseproof.facts.endpoint import Endpoint
from clauseproof.facts.hello import Answers, Because, Decision, Offers, Reply, SuiteList
from clauseproof.facts.manner import Depth, StartTls, Way
from clauseproof.facts.tls import TlsVersion
from clauseproof.model.look import Look
from clauseproof.model.pace import Pace
from clauseproof.model.unseen import Reason, Unseen
from clauseproof.probes import traffic as pacing
from clauseproof.probes.hello import ask as sockets
from clauseproof.probes.hello.offers import offers
from tests.support.certificates import authority, leaf
from tests.support.flights import alert, message, record, server_hello
from tests.support.hostile import throttled
from tests.support.looks import resolved
from tests.support.nginx import nginx
from tests.support.offers import Kept, answers, decisions, groups, offered, only
from tests.support.programs import node, s_server
from tests.support.tls import (
    Talk,
    dripping,
    garbage,
    listening,
    mute_tls,
    resetting,
    server_context,
    silent,
    tls,
)

V = ssl.TLSVersion
T = TlsVersion
HOLDER = leaf(authority(), "api.crm.example")
pytestmark = pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1:DeprecationWarning")


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return HOLDER.write(tmp_path_factory.mktemp("pem"))


def api(port: int, *addresses: str, depth: Depth = Depth.FULL, starttls: StartTls | None = None) -> Endpoint:
    return Endpoint(
        endpoint=f"https://api.crm.example:{port}",
        addresses=addresses or ("127.0.0.1",),
        depth=depth,
        starttls=starttls,
    )


def heard(talk: Talk, depth: Depth = Depth.FULL) -> Answers:
    """What is heard from a server on loopback."""
    with listening(talk) as port:
        return answers(offered(api(port, depth=depth)))


def hostile(data: bytes) -> Talk:
    """A server that reads the hello and answers with these bytes."""

    def talk(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        connection.recv(4096)

    return talk


def breaking(connection: socket.socket) -> None:
    """Resets the connection at once."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")


def greeting_and_breaking(connection: socket.socket) -> None:
    """Greets as mail servers do and resets the connection at the first command."""
    connection.sendall(b"220 ready\r\n")
    resetting(connection)


# Python's OpenSSL


@pytest.mark.parametrize("depth", list(Depth))
@pytest.mark.parametrize(
    ("oldest", "newest", "expected"),
    [
        (V.TLSv1_3, V.TLSv1_3, "rrrra"),
        (V.TLSv1_2, V.TLSv1_3, "rrraa"),
        (V.TLSv1_2, V.TLSv1_2, "rrrar"),
        (V.TLSv1_1, V.TLSv1_1, "rrarr"),
        (V.TLSv1, V.TLSv1, "rarrr"),
        (V.TLSv1, V.TLSv1_3, "raaaa"),
    ],
)
def test_versions_are_found_as_they_are_configured(
    pem: Path, oldest: ssl.TLSVersion, newest: ssl.TLSVersion, expected: str, depth: Depth
) -> None:
    found = heard(tls(pem, oldest, newest), depth)
    assert decisions(found) == expected
    for version in found.versions:
        if version.decision is Decision.ACCEPTED and version.version < T.TLS1_3:
            assert version.times >= 2


def test_a_fast_look_at_a_modern_server_takes_two_connections(pem: Path) -> None:
    with listening(tls(pem, V.TLSv1_3)) as port:
        facts = offered(api(port, depth=Depth.FAST))
    assert only(facts).connections == 2
    assert (facts.depth, facts.way, facts.server_name, facts.starttls) == (
        Depth.FAST,
        Way.DIRECT,
        "api.crm.example",
        None,
    )


def test_a_server_that_closes_without_an_alert_refuses_between_accepted_hellos(pem: Path) -> None:
    found = heard(mute_tls(pem, V.TLSv1_3))
    assert decisions(found) == "rrrra"
    assert {version.because for version in found.versions[:-1]} == {Because.CLOSED}


def test_a_server_that_closes_everything_is_unknown() -> None:
    assert decisions(heard(lambda connection: None)) == "uuuuu"


@pytest.mark.parametrize("depth", list(Depth))
def test_a_limit_of_connections_is_never_read_as_a_refusal(pem: Path, depth: Depth) -> None:
    found = heard(throttled(pem), depth)
    assert "r" not in decisions(found)[1:]


def test_the_server_name_is_sent_but_in_one_question(pem: Path) -> None:
    names: list[str | None] = []
    context = server_context(pem, V.TLSv1_3, V.TLSv1_3)
    context.sni_callback = lambda session, name, context: names.append(name)

    def talk(connection: socket.socket) -> None:
        context.wrap_socket(connection, server_side=True)

    heard(talk)
    sent = Counter(names)
    assert sent[None] <= 3  # one hello of its own, and those of SSL 3.0
    assert sent["api.crm.example"] >= 4


def test_the_certificate_shown_without_a_name_is_kept(pem: Path) -> None:
    found = heard(tls(pem, V.TLSv1_2)).nameless
    assert found is not None
    assert (found.decision, found.accepted, found.times) == (Decision.ACCEPTED, T.TLS1_2, 2)
    assert found.certificate == HOLDER.chain[0]


def test_a_bare_address_is_asked_without_a_name(pem: Path) -> None:
    with listening(tls(pem, V.TLSv1_3)) as port:
        facts = offered(Endpoint(endpoint=f"https://127.0.0.1:{port}"))
    assert facts.server_name is None
    assert answers(facts).nameless is None
    assert decisions(answers(facts)) == "rrrra"


def test_each_address_is_a_server_of_its_own(pem: Path) -> None:
    with listening(tls(pem, V.TLSv1_3), "127.0.0.2") as port, listening(tls(pem, V.TLSv1), "127.0.0.3", port):
        facts = offered(api(port, "127.0.0.2", "127.0.0.3", "127.0.0.4", depth=Depth.FAST))
    assert decisions(answers(facts, "127.0.0.2")) == "rrrra"
    assert decisions(answers(facts, "127.0.0.3")) == "raaaa"
    (closed,) = [one for one in facts.per_address if one.address == "127.0.0.4"]
    assert isinstance(closed.answers, Unseen)
    assert closed.answers.reason is Reason.UNREACHABLE
    assert f"127.0.0.4 port {port}: Connection refused" in closed.answers.text
    assert closed.connections == 0


def test_ipv6_is_asked_like_ipv4(pem: Path) -> None:
    try:
        with listening(tls(pem, V.TLSv1_3), "::1") as port:
            facts = offered(api(port, "::1", depth=Depth.FAST))
    except OSError:
        pytest.skip("this machine has no IPv6 loopback")
    assert decisions(answers(facts, "::1")) == "rrrra"


def test_facts_survive_being_written_and_read(pem: Path) -> None:
    with listening(tls(pem, V.TLSv1_2)) as port:
        facts = offered(api(port, "127.0.0.1", "127.0.0.77"))
    assert Offers.load(Offers.version, facts.model_dump(mode="json", by_alias=True)) == facts


# servers that nobody here wrote


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("-tls1_3",), "rrrra"),
        (("-tls1_2",), "rrrar"),
        (("-tls1", "-cipher", "ALL:@SECLEVEL=0"), "rarrr"),
        (("-no_tls1_2", "-no_tls1_1", "-cipher", "ALL:@SECLEVEL=0"), "rarra"),
    ],
)
def test_openssl_is_found_as_it_is_configured(pem: Path, options: tuple[str, ...], expected: str) -> None:
    for depth in Depth:
        with s_server(pem, *options) as port:
            assert decisions(answers(offered(api(port, depth=depth)))) == expected


@pytest.mark.parametrize("cipher", ["aNULL:@SECLEVEL=0", "ARIA256-GCM-SHA384:@SECLEVEL=0"])
def test_a_server_with_nothing_but_unusual_suites_is_found(tmp_path: Path, cipher: str) -> None:
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    with s_server(leaf(None, "api.crm.example", key=key).write(tmp_path), "-tls1_2", "-cipher", cipher) as port:
        found = answers(offered(api(port)))
    assert decisions(found)[3] == "a"
    assert found.versions[3].times == 2
    first = next(one for one in found.exchanges if one.offered is T.TLS1_2)
    assert first.reply is Reply.ALERT
    assert first.suites is SuiteList.USUAL


def test_openssl_refuses_post_quantum_groups_that_it_does_not_know(pem: Path) -> None:
    with s_server(pem, "-tls1_3", "-groups", "P-384:X25519") as port:
        found = answers(offered(api(port)))
    assert groups(found, Decision.ACCEPTED) == {Group.SECP384R1, Group.X25519}
    assert groups(found, Decision.REFUSED) == set(Group) - {Group.SECP384R1, Group.X25519}


def test_node_accepts_x25519mlkem768(pem: Path) -> None:
    with node(pem) as port:
        found = answers(offered(api(port)))
    assert groups(found, Decision.ACCEPTED) >= {Group.X25519MLKEM768, Group.X25519, Group.SECP256R1}
    assert groups(found, Decision.REFUSED) >= {Group.SECP256R1MLKEM768, Group.SECP384R1MLKEM1024, Group.MLKEM768}
    assert decisions(found) == "rrrra"


def test_node_without_ml_kem_refuses_every_post_quantum_group(pem: Path) -> None:
    with node(pem, "X25519:P-256") as port:
        found = answers(offered(api(port)))
    assert groups(found, Decision.ACCEPTED) == {Group.X25519, Group.SECP256R1}
    assert {group for group in Group if group.post_quantum} <= groups(found, Decision.REFUSED)


def test_a_fast_look_finds_the_group_that_a_server_prefers(pem: Path) -> None:
    with node(pem) as port:
        found = answers(offered(api(port, depth=Depth.FAST)))
    assert groups(found, Decision.ACCEPTED) == {group.group for group in found.groups} == {Group.X25519MLKEM768}


def test_nginx_is_found_as_it_is_configured(tmp_path: Path, pem: Path) -> None:
    modern, old = "ssl_protocols TLSv1.3;", "ssl_protocols TLSv1 TLSv1.2; ssl_ciphers ALL:@SECLEVEL=0;"
    with nginx(tmp_path, pem, {"127.0.0.2": modern, "127.0.0.3": old}) as port:
        facts = offered(api(port, "127.0.0.2", "127.0.0.3"))
    assert decisions(answers(facts, "127.0.0.2")) == "rrrra"
    assert decisions(answers(facts, "127.0.0.3"))[3:] == "ar"
    assert decisions(answers(facts, "127.0.0.3"))[1] == "a"


def test_a_server_that_insists_on_its_name_is_unknown_without(pem: Path) -> None:
    context = server_context(pem, V.TLSv1_2, V.TLSv1_3)
    context.sni_callback = lambda session, name, context: None if name else ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME

    def talk(connection: socket.socket) -> None:
        context.wrap_socket(connection, server_side=True)

    found = heard(talk)
    assert decisions(found)[3:] == "aa"
    assert found.nameless is not None
    assert found.nameless.decision is Decision.UNKNOWN
    assert [one.alert for one in found.exchanges if not one.named] == [Alert.UNRECOGNIZED_NAME]


# after STARTTLS


def test_smtp_is_asked_after_starttls(pem: Path) -> None:
    secure = tls(pem, V.TLSv1_3)

    def mail(connection: socket.socket) -> None:
        connection.sendall(b"220 mail.crm.example\r\n")
        assert connection.recv(4096).startswith(b"EHLO ")
        connection.sendall(b"250-mail.crm.example\r\n250 STARTTLS\r\n")
        assert connection.recv(4096) == b"STARTTLS\r\n"
        connection.sendall(b"220 go ahead\r\n")
        secure(connection)

    with listening(mail) as port:
        facts = offered(api(port, starttls=StartTls.SMTP))
    assert decisions(answers(facts)) == "rrrra"
    assert facts.starttls is StartTls.SMTP


@pytest.mark.parametrize(
    ("talk", "why"),
    [
        (lambda connection: None, "closed the connection before TLS"),
        (lambda connection: connection.sendall(b"500 go away\r\n"), "500 go away"),
        (greeting_and_breaking, "Connection reset by peer"),
    ],
)
def test_a_server_that_begins_no_tls_gives_nothing(talk: Talk, why: str) -> None:
    with listening(talk) as port:
        seen = only(offered(api(port, starttls=StartTls.SMTP, depth=Depth.FAST)))
    assert isinstance(seen.answers, Unseen)
    assert seen.answers.reason is Reason.UNREADABLE
    assert "did not begin TLS by smtp" in seen.answers.text
    assert why in seen.answers.text


def test_a_mail_server_that_stays_silent_gives_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "PLAIN_PATIENCE_S", 0.3)
    with listening(silent) as port:
        seen = only(offered(api(port, starttls=StartTls.IMAP, depth=Depth.FAST)))
    assert isinstance(seen.answers, Unseen)
    assert "did not come to TLS in time" in seen.answers.text


# hostile servers


def test_a_server_hello_of_ssl_3_0_accepts_it() -> None:
    def old(connection: socket.socket) -> None:
        data = connection.recv(4096)
        connection.sendall(record(server_hello(0x0300, 0x0005), version=0x0300) if data[9:11] >= b"\x03\x00" else b"")

    found = heard(old)
    assert decisions(found) == "arrrr"
    assert found.versions[0].times >= 2


@pytest.mark.parametrize(
    ("talk", "reason"),
    [
        (garbage, "first byte of 0x53"),
        (hostile(b"HTTP/1.1 400 Bad Request\r\n\r\n"), "an HTTP answer"),
        (hostile(b"\x16\x03\x03\xff\xff" + bytes(70_000)), "a record that claims 65535 bytes"),
        (hostile(record(b"\x02\x10\x00\x00") + bytes(1 << 20)), "claims 1048576 bytes"),
        (hostile(alert(112, level=1) * 20_000), "9 warnings"),
        (hostile(record(server_hello(0x0303, 0x0A0A))), "0x0a0a, which was not offered"),
        (hostile(record(b"") * 20_000), "no answer in the first 65536 bytes"),
        (hostile(record(message(2, bytes(100)))[:50]), "no whole message"),
    ],
)
def test_what_is_no_answer_is_unknown_and_kept(talk: Talk, reason: str) -> None:
    kept = Kept()
    with listening(talk) as port:
        found = answers(offered(api(port, depth=Depth.FAST), Look(keep=kept)))
    assert decisions(found) == "uuuuu"
    assert {one.reply for one in found.exchanges} == {Reply.GARBAGE}
    assert reason in found.exchanges[0].detail
    assert {one.raw for one in found.exchanges} == {f"sha256:{n + 1}" for n in range(len(kept.artifacts))}
    assert max(map(len, kept.artifacts)) <= 65536


def test_a_server_that_drips_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "PATIENCE_S", 0.3)
    found = heard(dripping, Depth.FAST)
    assert {one.reply for one in found.exchanges} == {Reply.GARBAGE}


def test_a_server_that_stays_silent_never_refuses(pem: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "PATIENCE_S", 0.5)
    modern = tls(pem, V.TLSv1_3)

    def deaf_to_old_hellos(connection: socket.socket) -> None:
        start = connection.recv(4096, socket.MSG_PEEK)
        (modern if b"\x00\x2b\x00\x03\x02\x03\x04" in start else silent)(connection)

    found = heard(deaf_to_old_hellos)
    assert decisions(found) == "uuuua"
    assert {one.reply for one in found.exchanges if one.offered < T.TLS1_3} == {Reply.SILENT}


@pytest.mark.parametrize("talk", [resetting, breaking])
def test_a_reset_connection_alone_never_refuses(talk: Talk) -> None:
    with listening(talk) as port:
        found = only(offered(api(port))).answers
    if isinstance(found, Unseen):  # on a busy machine each reset comes before its connection was noticed
        assert (talk, found.reason) == (breaking, Reason.UNREACHABLE)
        return
    assert decisions(found) == "uuuuu"
    assert {one.reply for one in found.exchanges} <= {Reply.RESET, Reply.CLOSED, Reply.NO_CONNECTION}


@pytest.mark.parametrize("code", [40, 71])
def test_an_alert_that_may_mean_the_suites_refuses_nothing_by_itself(code: int) -> None:
    kept = Kept()
    with listening(hostile(alert(code))) as port:
        found = answers(offered(api(port), Look(keep=kept)))
    assert decisions(found) == "uuuuu"
    assert set(kept.artifacts) == {alert(code)}


def test_a_server_that_goes_silent_after_a_while_leaves_later_closes_unknown(pem: Path) -> None:
    modern, served = mute_tls(pem, V.TLSv1_3), []
    lock = threading.Lock()

    def limited(connection: socket.socket) -> None:
        with lock:
            served.append(1)
            number = len(served)
        if number <= 2:
            modern(connection)

    assert "r" not in decisions(heard(limited, Depth.FAST))


def test_a_server_that_sends_its_alert_and_leaves_at_once_is_heard() -> None:
    found = heard(lambda connection: connection.sendall(alert(70)), Depth.FAST)
    assert decisions(found)[:-1] == "rrrr"


# limits


def test_one_address_never_has_more_connections_at_once_than_allowed(pem: Path) -> None:
    modern, lock, now_open, most = tls(pem, V.TLSv1_3), threading.Lock(), [0], [0]

    def counted(connection: socket.socket) -> None:
        with lock:
            now_open[0] += 1
            most[0] = max(most[0], now_open[0])
        time.sleep(0.02)
        try:
            modern(connection)
        finally:
            with lock:
                now_open[0] -= 1

    async def eight_subjects(port: int) -> None:
        endpoint = api(port, depth=Depth.FAST)
        names = await asyncio.to_thread(resolved, endpoint)
        pace = Pace()
        await asyncio.gather(*(offers(endpoint, names, Look(keep=Kept(), pace=pace)) for _ in range(8)))

    with listening(counted) as port:
        asyncio.run(eight_subjects(port))
    assert 1 < most[0] <= pacing.AT_ONCE + 2  # a closed connection is noticed a little later by the server


def test_a_look_without_time_leaves_every_address_unseen(pem: Path) -> None:
    facts = offered(api(9, "127.0.0.1", "127.0.0.2"), Look(deadline=time.monotonic() + 1, keep=Kept()))
    reasons = [one.answers.reason for one in facts.per_address if isinstance(one.answers, Unseen)]
    assert reasons == [Reason.DEADLINE] * 2


def test_a_look_that_runs_out_of_time_keeps_what_it_heard(pem: Path) -> None:
    modern = tls(pem, V.TLSv1_3)

    def deaf(connection: socket.socket) -> None:
        start = connection.recv(4096, socket.MSG_PEEK)
        (modern if b"\x00\x2b\x00\x03\x02\x03\x04" in start else silent)(connection)

    with listening(deaf) as port:
        late = Look(deadline=time.monotonic() + 2.7, keep=Kept())
        assert decisions(answers(offered(api(port), late))) == "uuuua"


def test_addresses_that_must_not_be_looked_at_are_carried_over() -> None:
    endpoint = api(9)
    gap = Unseen(reason=Reason.NOT_PERMITTED, text="private", remedy="")
    names = resolved(endpoint)
    names = names.model_copy(update={"addresses": (names.addresses[0].model_copy(update={"withheld": gap}),)})
    facts = asyncio.run(offers(endpoint, names, Look()))
    assert (facts.per_address, facts.missing) == ((), (gap,))
