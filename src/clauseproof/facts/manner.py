"""How an endpoint is to be looked at: the way there, what is spoken first, how deep."""

import enum


class Depth(enum.StrEnum):
    """How much is asked of each address."""

    FULL = "full"
    """Every version by itself, named groups, one hello without a server name."""
    FAST = "fast"
    """Two hellos, and more only where these leave something open."""


class StartTls(enum.StrEnum):
    """Protocols that start in the clear and change to TLS when asked."""

    SMTP = "smtp"
    IMAP = "imap"
    POP3 = "pop3"
    LDAP = "ldap"
    POSTGRES = "postgres"
    XMPP = "xmpp"
    FTP = "ftp"


class Way(enum.StrEnum):
    """How an address is reached."""

    DIRECT = "direct"
    PROXY = "proxy"
    """Through an HTTP CONNECT or SOCKS5 proxy of the profile's: what answers may be the proxy itself."""
