"""The conversations that lead to TLS, line by line, and what hostile servers make of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clauseproof.facts.manner import StartTls
from clauseproof.probes.hello.received import LONGEST_LINE, MOST_BYTES, MOST_LINES, NotOffered, Talk, printable
from clauseproof.probes.hello.starttls import conversation

S = StartTls
EHLO_ANSWER = b"250-mail.example\r\n250-SIZE 1000\r\n250-STARTTLS\r\n250 HELP\r\n"
XMPP_FEATURES = (
    b"<?xml version='1.0'?><stream:stream id='1' version='1.0' xmlns='jabber:client'><stream:features>"
    b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls></stream:features>"
)
LDAP_SUCCESS = bytes.fromhex("300c02010178070a010004000400")
WILLING: dict[StartTls, list[bytes]] = {
    S.SMTP: [b"220-hello\r\n220 ready\r\n", EHLO_ANSWER, b"220 go ahead\r\n"],
    S.IMAP: [b"* OK ready\r\n", b"* OK hint\r\na1 OK begin\r\n"],
    S.POP3: [b"+OK ready\r\n", b"+OK begin\r\n"],
    S.LDAP: [LDAP_SUCCESS],
    S.POSTGRES: [b"S"],
    S.XMPP: [XMPP_FEATURES, b"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"],
    S.FTP: [b"220 ready\r\n", b"234 begin\r\n"],
}
SENT = {
    S.SMTP: b"EHLO clauseproof.invalid\r\nSTARTTLS\r\n",
    S.IMAP: b"a1 STARTTLS\r\n",
    S.POP3: b"STLS\r\n",
    S.LDAP: bytes.fromhex("301d02010177188016") + b"1.3.6.1.4.1.1466.20037",
    S.POSTGRES: bytes.fromhex("0000000804d2162f"),
    S.FTP: b"AUTH TLS\r\n",
}


def run(talk: Talk, received: list[bytes]) -> tuple[bool, bytes]:
    """Whether it came to TLS with these bytes, and what was sent."""
    sent = b""
    try:
        sent += next(talk)
        for data in received:
            sent += talk.send(data)
    except StopIteration:
        return True, sent
    return False, sent


def refused(protocol: StartTls, *received: bytes) -> str:
    with pytest.raises(NotOffered) as caught:
        run(conversation(protocol, "api.crm.example"), list(received))
    return str(caught.value)


@pytest.mark.parametrize("protocol", list(S))
def test_a_willing_server_leads_to_tls(protocol: StartTls) -> None:
    ready, sent = run(conversation(protocol, "api.crm.example"), WILLING[protocol])
    assert ready
    assert sent == SENT.get(protocol, sent)


def test_xmpp_asks_for_the_host() -> None:
    _, sent = run(conversation(S.XMPP, "chat.crm.example"), WILLING[S.XMPP])
    assert b"to='chat.crm.example'" in sent
    assert sent.endswith(b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")


@pytest.mark.parametrize("protocol", list(S))
def test_answers_may_come_byte_by_byte(protocol: StartTls) -> None:
    single = [bytes([byte]) for data in WILLING[protocol] for byte in data]
    assert run(conversation(protocol, "api.crm.example"), single)[0]


@pytest.mark.parametrize("protocol", list(S))
def test_bytes_after_the_leave_to_begin_end_it(protocol: StartTls) -> None:
    *first, last = WILLING[protocol]
    assert "in the clear after" in refused(protocol, *first, last + b"\x16")


@pytest.mark.parametrize(
    ("protocol", "received", "why"),
    [
        (S.SMTP, [b"554 no\r\n"], "554 no"),
        (S.SMTP, [b"220 ready\r\n", b"250 mail.example\r\n"], "not among what the server offers"),
        (S.SMTP, [b"220 ready\r\n", b"250-XSTARTTLS\r\n250 HELP\r\n"], "not among what the server offers"),
        (S.SMTP, [b"220 ready\r\n", EHLO_ANSWER, b"454 later\r\n"], "454 later"),
        (S.IMAP, [b"* PREAUTH hello\r\n"], "PREAUTH"),
        (S.IMAP, [b"* OK ready\r\n", b"a1 NO never\r\n"], "NO never"),
        (S.POP3, [b"-ERR busy\r\n"], "busy"),
        (S.POP3, [b"+OK ready\r\n", b"-ERR no\r\n"], "no"),
        (S.LDAP, [bytes.fromhex("300c02010178070a010204000400")], "result 2"),
        (S.LDAP, [bytes.fromhex("300c02010278070a010004000400")], "another request"),
        (S.LDAP, [bytes.fromhex("300c02010161070a010004000400")], "no ExtendedResponse"),
        (S.LDAP, [bytes.fromhex("3084ffffffff")], "no LDAP message"),
        (S.LDAP, [bytes.fromhex("3083ffffff")], "claims 16777215 bytes"),
        (S.POSTGRES, [b"N"], "'N'"),
        (S.XMPP, [b"<stream:stream><stream:features></stream:features>"], "not among the stream's features"),
        (S.XMPP, [b"<stream:stream><stream:features/>"], "not among the stream's features"),
        (S.XMPP, [XMPP_FEATURES, b"<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"], "<failure"),
        (S.FTP, [b"220 ready\r\n", b"530 no\r\n"], "530 no"),
    ],
)
def test_an_unwilling_server_is_quoted(protocol: StartTls, received: list[bytes], why: str) -> None:
    assert why in refused(protocol, *received)


def test_a_line_without_an_end_is_cut_off() -> None:
    assert f"more than {LONGEST_LINE} bytes" in refused(S.SMTP, b"220 " + b"x" * LONGEST_LINE)


def test_lines_without_an_end_are_cut_off() -> None:
    assert f"more than {MOST_LINES} lines" in refused(S.SMTP, b"220-hello\r\n" * (MOST_LINES + 1))
    assert f"more than {MOST_LINES} lines" in refused(S.IMAP, b"* OK ready\r\n", b"* OK hint\r\n" * MOST_LINES)


def test_a_stream_without_an_end_is_cut_off() -> None:
    assert f"more than {MOST_BYTES} bytes" in refused(S.XMPP, *[b"<a/>" * 1024] * 9)


def test_their_words_do_nothing_to_a_terminal() -> None:
    assert refused(S.SMTP, b"500 \x1b[31mred\x07\xe2\x80\xae\r\n") == (
        r"the server said '500 \\x1b[31mred\\x07\\xe2\\x80\\xae'"
    )
    assert printable(b"\x00\x7f\xff\x1b]0;") == r"\x00\x7f\xff\x1b]0;"
    assert len(printable(b"x" * 10_000)) < 100


def reason(protocol: StartTls, received: list[bytes]) -> str:
    """Why it did not come to TLS; empty where it did, or waits for more."""
    try:
        run(conversation(protocol, "api.crm.example"), received)
    except NotOffered as error:
        return str(error)
    return ""


@given(protocol=st.sampled_from(S), received=st.lists(st.binary(max_size=300), max_size=12))
def test_any_bytes_lead_to_tls_or_to_a_reason_or_wait_for_more(protocol: StartTls, received: list[bytes]) -> None:
    assert reason(protocol, received).isprintable()


@given(
    protocol=st.sampled_from(S),
    changes=st.lists(st.tuples(st.integers(0, 300), st.integers(0, 255)), min_size=1, max_size=4),
)
def test_a_damaged_conversation_leads_to_tls_or_to_a_reason_or_waits(
    protocol: StartTls, changes: list[tuple[int, int]]
) -> None:
    received = []
    for data in WILLING[protocol]:
        damaged = bytearray(data)
        for at, byte in changes:
            damaged[at % len(damaged)] = byte
        received.append(bytes(damaged))
    assert reason(protocol, received).isprintable()
