"""Servers that begin in the clear and change to TLS when asked, none of them ours."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conformance.transit.process import Site, Start, account, as_root, begin
from tests.support.processes import Process, program

_MAIN_CF = """
compatibility_level = 3.6
inet_interfaces = loopback-only
inet_protocols = ipv4
myhostname = {host}
mydestination =
local_recipient_maps =
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
smtpd_tls_chain_files = {pem}
smtpd_tls_eccert_file =
smtpd_tls_security_level = {level}
smtpd_tls_protocols = {protocols}
smtpd_tls_mandatory_protocols = {protocols}
smtpd_relay_restrictions = reject
notify_classes =
"""
_MASTER_CF = """
{address}:{port} inet n - n - - smtpd
postlog unix-dgram n - n - 1 postlogd
tlsmgr unix - - n 1000? 1 tlsmgr
anvil unix - - n - 1 anvil
rewrite unix - - n - - trivial-rewrite
"""


def postfix(protocols: str, level: str = "may") -> Start:
    """Postfix with `smtpd_tls_protocols` such as `>=TLSv1.3`; at level `none` it offers no TLS."""

    def start(site: Site) -> Process:
        path = program("postfix", "postfix")
        as_root("Postfix")
        site.write("main.cf", _MAIN_CF.format(**vars(site), protocols=protocols, level=level))
        site.write("master.cf", _MASTER_CF.format(**vars(site)))
        (site.folder / "queue").mkdir()
        (site.folder / "data").mkdir()
        shutil.chown(site.folder / "data", "postfix")
        # `postfix start` leaves its master behind, so that nobody could end it by its process id.
        subprocess.run([path, "-c", site.folder, "check"], check=True, capture_output=True)
        return begin(["/usr/lib/postfix/sbin/master", "-d", "-c", site.folder], site)

    return start


_DOVECOT = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = /dev/stderr
protocols = {protocol}
ssl = yes
ssl_cert = <{pem}
ssl_key = <{pem}
ssl_min_protocol = {oldest}
ssl_cipher_list = ALL:@SECLEVEL=0
passdb {{
  driver = static
  args = password=unused
}}
userdb {{
  driver = static
  args = uid=nobody gid=nogroup home=/nonexistent
}}
service {protocol}-login {{
  chroot =
  service_count = 0
  inet_listener {protocol} {{
    address = {address}
    port = {port}
  }}
  inet_listener {protocol}s {{
    port = 0
  }}
}}
"""


def dovecot(protocol: str, oldest: str) -> Start:
    """Dovecot for `imap` or `pop3` with `ssl_min_protocol` such as `TLSv1.2`."""

    def start(site: Site) -> Process:
        path = program("dovecot", f"dovecot-{protocol}d")
        as_root("Dovecot")
        text = _DOVECOT.format(**vars(site), protocol=protocol, oldest=oldest)
        return begin([path, "-F", "-c", site.write("dovecot.conf", text)], site)

    return start


_SLAPD = """
pidfile {folder}/pid
TLSCertificateFile {pem}
TLSCertificateKeyFile {pem}
TLSCipherSuite {suites}
"""


def slapd(suites: str) -> Start:
    """OpenLDAP's slapd, which Debian builds with GnuTLS, with a priority string of GnuTLS's."""

    def start(site: Site) -> Process:
        path = program("slapd", "slapd")
        settings = site.write("slapd.conf", _SLAPD.format(**vars(site), suites=suites))
        return begin([path, "-d", "0", "-h", f"ldap://{site.address}:{site.port}", "-f", settings], site)

    return start


_VSFTPD = """
listen=YES
listen_address={address}
listen_port={port}
background=NO
anonymous_enable=YES
secure_chroot_dir={folder}/empty
anon_root={folder}/empty
ssl_enable=YES
ssl_tlsv1=YES
rsa_cert_file={pem}
rsa_private_key_file={pem}
ssl_ciphers=HIGH
isolate_network=NO
seccomp_sandbox=NO
"""


def vsftpd(site: Site) -> Process:
    """vsftpd, which in Debian 12 cannot be told to leave TLS 1.2 out."""
    path = program("vsftpd", "vsftpd")
    as_root("vsftpd")
    (site.folder / "empty").mkdir()
    return begin([path, site.write("vsftpd.conf", _VSFTPD.format(**vars(site)).lstrip())], site)


_PROSODY = """
pidfile = "{folder}/pid"
data_path = "{folder}/data"
log = {{ warn = "*console" }}
modules_enabled = {{ "tls"; "saslauth" }}
modules_disabled = {{ "s2s" }}
c2s_interfaces = {{ "{address}" }}
c2s_ports = {{ {port} }}
c2s_require_encryption = true
VirtualHost "{host}"
  ssl = {{ key = "{pem}"; certificate = "{pem}"; protocol = "{protocol}" }}
"""


def prosody(protocol: str) -> Start:
    """Prosody with LuaSec's name of its protocols, such as `tlsv1_3`."""

    def start(site: Site) -> Process:
        path = program("prosody", "prosody")
        user = account("prosody")
        settings = site.write("prosody.cfg.lua", _PROSODY.format(**vars(site), protocol=protocol))
        site.belongs_to(user)
        return begin([path, "-F", "--config", settings], site, user=user)

    return start


_POSTGRES = """
listen_addresses = '{address}'
port = {port}
unix_socket_directories = ''
fsync = off
ssl = {ssl}
ssl_cert_file = '{pem}'
ssl_key_file = '{pem}'
ssl_min_protocol_version = '{oldest}'
"""


def postgres(oldest: str, ssl: str = "on") -> Start:
    """PostgreSQL with `ssl_min_protocol_version` such as `TLSv1.3`."""

    def start(site: Site) -> Process:
        folder = _newest_postgres()
        user = account("postgres")
        site.pem.chmod(0o600)
        site.belongs_to(user)
        data = site.folder / "data"
        make = [str(folder / "initdb"), "--no-sync", "--auth=trust", "--pgdata", str(data)]
        subprocess.run(make, check=True, capture_output=True, user=user, cwd=site.folder)
        settings = _POSTGRES.format(**vars(site), oldest=oldest, ssl=ssl)
        (data / "postgresql.auto.conf").write_text(settings)
        return begin([folder / "postgres", "-D", data], site, user=user)

    return start


def _newest_postgres() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        pytest.skip("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    return found[-1].parent
