"""All that uses sslyze, which is AGPL-3.0: no other module imports it.

Its single tests leave out the server name at times, and answer "no" where they never came as far as the question;
`Server` stands between them and the network, so that both can be seen.
"""

import contextlib
import functools
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from typing import Any, NamedTuple

from clauseproof import __version__
from clauseproof.facts.manner import StartTls
from clauseproof.facts.tls import TlsVersion
from clauseproof.hardware.rejection import printable
from clauseproof.model.errors import EvidenceRejected, LookFailed, TimedOut, Unreachable
from clauseproof.model.pace import Pace
from clauseproof.probes.deep import Target, TimeLimit, in_time, late
from clauseproof.probes.hello.starttls import CLIENT_NAME
from clauseproof.probes.traffic import pause, turn

CONNECTIONS_AT_ONCE = 5
"""Connections of one look that are open to an address at a time; see `clauseproof.probes.traffic` for all looks."""
_PATIENCE_S = 3.0
_ANY_SUITE = "ALL:COMPLEMENTOFALL:-PSK:-SRP"
_NO_HANDSHAKE = ("ServerTlsConfigurationNotSupported", "ServerRejectedTlsHandshake", "TlsHandshakeTimedOut")

_COMMANDS = {v: v.value.lower().replace(" ", "_").replace(".", "_") + "_cipher_suites" for v in TlsVersion}


@functools.cache
def engine() -> str:
    """`sslyze 6.3.1`."""
    return f"sslyze {version('sslyze')}"


def _place(target: Target, wait: Callable[[str, Pace], None] = pause) -> tuple[Any, Any]:
    """Where and how to connect, in sslyze's terms; `wait` takes the turn of each connection."""
    import sslyze

    plain = sslyze.ProtocolWithOpportunisticTlsEnum(target.starttls.upper()) if target.starttls else None
    manner = _paced()(
        target.server_name,
        tls_opportunistic_encryption=plain,
        http_user_agent=None if plain else f"clauseproof/{__version__}",  # sslyze takes no more than one of the two
        smtp_ehlo_hostname=CLIENT_NAME if target.starttls is StartTls.SMTP else None,
        network_max_retries=1,
    )
    object.__setattr__(manner, "turn", lambda: wait(target.address, target.pace))  # it is frozen
    return sslyze.ServerNetworkLocation(target.server_name, target.port, target.address), manner


@functools.cache
def _paced() -> Any:
    """How to connect, in sslyze's terms, for connections that wait for their turn.

    Its timeout does: sslyze asks for that just before it connects, also where it finds out what a server speaks, by
    about a dozen connections that nobody else can reach.
    """
    import sslyze

    def network_timeout(manner: Any) -> float:
        manner.turn()
        return _PATIENCE_S

    members = {"network_timeout": property(network_timeout, lambda manner, ignored: None)}
    return type("Paced", (sslyze.ServerNetworkConfiguration,), members)


def suites(target: Target, versions: tuple[TlsVersion, ...], limit_s: TimeLimit) -> dict[TlsVersion, Any]:
    """sslyze's cipher suites of each version, or the exception that they ended in; LookFailed where it cannot connect.

    sslyze's own scanner would do the same in threads of its own, that no limit of connections reaches.
    """
    server, ends_s = Server.reach(target), time.monotonic() + limit_s()
    plugins = {version: server.plugin(_COMMANDS[version]) for version in versions}
    jobs = [(version, job) for version in versions for job in plugins[version].scan_jobs_for_scan_command(server)]
    results: dict[TlsVersion, list[Any]] = {version: [] for version in versions}
    waiting, lock = iter(jobs), threading.Lock()

    def work() -> None:
        while time.monotonic() < ends_s:
            with lock:
                version, job = next(waiting, (None, None))
            if version is None:
                return
            results[version].append(server.result(job))

    count = min(CONNECTIONS_AT_ONCE, target.pace.at_once or CONNECTIONS_AT_ONCE)
    threads = [threading.Thread(target=work, daemon=True) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if sum(map(len, results.values())) < len(jobs):
        raise late(target)  # what was not offered must not read as refused
    return {version: _told(plugins[version], server, results[version]) for version in versions}


def _told(plugin: Any, server: "Server", results: list[Any]) -> Any:
    try:
        return _result(plugin, server, results)
    except Exception as error:  # noqa: BLE001  # of whatever class: it stands in the facts as what was seen
        return _bare(error)


def _result(plugin: Any, server: "Server", parts: list[Any]) -> Any:
    """What the parts of a test come to together, or whatever it raises."""
    try:
        return plugin.result_for_completed_scan_jobs(server, parts)
    finally:
        for part in parts:
            object.__setattr__(part, "_exception", None)  # raised by its part, and kept there, it is in a circle


def _bare(error: Exception) -> Exception:
    """An exception without the frames that it came through.

    An offer that OpenSSL cannot make raises one, and a scan makes a hundred of those: what is kept of them would keep
    their connections, 2 MiB of OpenSSL's memory an endpoint, until Python looks for circles.
    """
    BaseException.__setattr__(error, "__context__", None)  # sslyze's are frozen
    return error.with_traceback(None)


class Stapled(NamedTuple):
    """What came with one handshake: an OCSP response (DER), None where none came, and the certificate (PEM)."""

    response: bytes | None
    certificate: bytes


def stapled(target: Target, limit_s: TimeLimit) -> Stapled:
    """One handshake that asks for an OCSP response.

    Raises:
        LookFailed: neither a handshake of TLS 1.3 nor one of TLS 1.2 succeeds in the time given.
    """
    try:
        return in_time(target, limit_s, lambda: _stapled(target, TlsVersion.TLS1_3))
    except EvidenceRejected:
        return in_time(target, limit_s, lambda: _stapled(target, TlsVersion.TLS1_2))


def _stapled(target: Target, version: TlsVersion) -> Stapled:
    from sslyze import TlsVersionEnum
    from sslyze.connection_helpers.tls_connection import SslConnection
    from sslyze.errors import ConnectionToServerFailed

    number = TlsVersionEnum(list(TlsVersion).index(version) + 1)
    connection: Any = SslConnection(*_place(target, turn), number, should_ignore_client_auth=True)
    connection.ssl_client.set_tlsext_status_ocsp()
    try:
        with target.room(), contextlib.closing(connection):
            connection.connect()
            response = connection.ssl_client.get_tlsext_status_ocsp_resp()
            certificate = connection.ssl_client.get_received_chain()[0].encode()
    except ConnectionToServerFailed as error:
        raise _failure(target, type(error).__name__, str(error)) from error
    except ValueError as error:
        raise EvidenceRejected(f"{target.address} stapled something that is no OCSP response") from error
    return Stapled(bytes(response.as_der_bytes()) if response is not None else None, certificate)


def _failure(target: Target, kind: str, words: str) -> LookFailed:
    where, said = f"{target.address} port {target.port}", words.rpartition("-> ")[2].strip('".')
    if kind.endswith("ConnectionToServerTimedOut"):
        return TimedOut(f"{where} did not answer", "check that the endpoint is up and reachable from here")
    if kind.endswith(_NO_HANDSHAKE) or said.startswith("Unexpected connection error"):
        return EvidenceRejected(f"with {where} no handshake succeeded: {said}", "check that it speaks TLS on this port")
    return Unreachable(f"{where}: {said}", "check that the endpoint is up and reachable from here")


@dataclass
class Server:
    """One address as sslyze's single tests take it: pinned to a version, watched at every connection.

    Attributes:
        info: sslyze's `ServerConnectivityInfo`, which this stands in for.
        named: whether connections send the server name, whatever a test asks for.
        met: what became of each handshake that a test made: empty where it finished, else sslyze's words.
        connections: how many a test made.
        stopped: whether the time is over, so that no test connects any more.
    """

    target: Target
    info: Any
    named: bool = True
    met: list[str] = field(default_factory=list)
    connections: int = 0
    stopped: bool = False
    _current: Any = None

    @classmethod
    def reach(cls, target: Target) -> "Server":
        """The server at its newest version; LookFailed where no handshake succeeds."""
        from sslyze.errors import ConnectionToServerFailed, ServerTlsConfigurationNotSupported
        from sslyze.server_connectivity import ServerConnectivityInfo, check_connectivity_to_server

        location, configuration = _place(target)
        try:
            with target.room():
                found = check_connectivity_to_server(location, configuration)
        except ConnectionToServerFailed as error:
            server = cls._anonymous(target) if isinstance(error, ServerTlsConfigurationNotSupported) else None
            if server is None:
                raise _failure(target, type(error).__name__, str(error)) from error
            return server
        return cls(target, ServerConnectivityInfo(location, configuration, found))

    @classmethod
    def _anonymous(cls, target: Target) -> "Server | None":
        """The server where nothing but a suite of TLS 1.2 without certificates agrees, which sslyze does not try."""
        from sslyze import ClientAuthRequirementEnum, TlsVersionEnum
        from sslyze.server_connectivity import ServerConnectivityInfo, ServerTlsProbingResult

        found = ServerTlsProbingResult(TlsVersionEnum.TLS_1_2, _ANY_SUITE, ClientAuthRequirementEnum.DISABLED, True)
        server = cls(target, ServerConnectivityInfo(*_place(target), found))
        return server if server.answers(anonymous=True) else None

    @property
    def version(self) -> TlsVersion:
        """The version that it is pinned to."""
        number: int = self.info.tls_probing_result.highest_tls_version_supported.value
        return list(TlsVersion)[number - 1]

    def pinned(self, version: TlsVersion) -> "Server | None":
        """The same server at an older version; None where no handshake of that version finishes."""
        from sslyze import TlsVersionEnum

        found = replace(
            self.info.tls_probing_result,
            highest_tls_version_supported=TlsVersionEnum(list(TlsVersion).index(version) + 1),
            cipher_suite_supported=_ANY_SUITE,
        )
        server = Server(self.target, replace(self.info, tls_probing_result=found))
        return server if server.answers() else None

    def answers(self, *, anonymous: bool = False) -> bool:
        """Whether a handshake finishes, or comes as far as a request for the client's certificate."""
        with self.target.room():
            connection = self.get_preconfigured_tls_connection(should_use_legacy_openssl=anonymous or None)
            if anonymous:
                connection.ssl_client.set_cipher_list(_ANY_SUITE)
            try:
                connection.connect()
            except Exception as error:  # noqa: BLE001  # of whatever class: OpenSSL's own come through as well
                return type(error).__name__ == "ClientCertificateRequested"
            finally:
                connection.close()
            return True

    def test(self, command: str) -> Any:
        """The result of one of sslyze's tests, or whatever it raises."""
        plugin, results = self._run(command)
        return _result(plugin, self, results)

    def parts(self, command: str) -> list[Any]:
        """What each part of one of sslyze's tests gave by itself, or raised."""
        return [result._exception or result._return_value for result in self._run(command)[1]]

    def _run(self, command: str) -> tuple[Any, list[Any]]:
        """The test and the results of its parts."""
        self.met, self.connections = [], 0
        plugin = self.plugin(command)
        return plugin, [self.result(job) for job in plugin.scan_jobs_for_scan_command(self)]

    @staticmethod
    def plugin(command: str) -> Any:
        """sslyze's class for one of its tests."""
        from sslyze.plugins.scan_commands import ScanCommand, ScanCommandsRepository

        return ScanCommandsRepository.get_implementation_cls(ScanCommand(command))

    def result(self, job: Any) -> Any:
        """What a part of a test gives; it makes one connection or a few, one after the other, once there is room."""
        from sslyze.plugins.plugin_base import ScanJobResult

        try:
            with self.target.room():
                return ScanJobResult(job.function_to_call(*job.function_arguments), None)
        except Exception as error:  # noqa: BLE001  # kept, and raised again when the result is asked for
            return ScanJobResult(None, _bare(error))

    def sent_early_data(self) -> bool:
        """Whether the last connection sent early data, as a session ticket had allowed it to."""
        return self._current is not None and self._current.ssl_client.get_early_data_status().name != "NOT_SENT"

    def stop(self) -> None:
        """Break off the open connection and make no more, so that an abandoned thread ends."""
        self.stopped = True
        with contextlib.suppress(AttributeError, OSError):
            self._current.ssl_client.get_underlying_socket().shutdown(socket.SHUT_RDWR)

    def __getattr__(self, name: str) -> Any:
        """What else sslyze's tests ask a `ServerConnectivityInfo` for."""
        return getattr(self.info, name)

    def get_preconfigured_tls_connection(self, **asked: Any) -> Any:
        """As of `ServerConnectivityInfo`, with the server name as decided here, and each handshake noted."""
        if self.stopped:
            raise TimedOut(f"the tests of {self.target.address} ran out of time")
        asked["should_enable_server_name_indication"] = self.named
        self._current = connection = self.info.get_preconfigured_tls_connection(**asked)
        self.connections += 1
        connect = connection.connect

        def noted(*args: Any, **kwargs: Any) -> None:
            del connection.connect  # a circle would keep OpenSSL's memory until the collector finds it
            try:
                connect(*args, **kwargs)
            except Exception as error:
                self.met.append(words_of(error))
                raise
            finally:
                vars(connection.ssl_client).pop("do_handshake", None)  # a circle of sslyze's own, where a test set it
            self.met.append("")

        connection.connect = noted
        return connection


def words_of(error: Exception) -> str:
    """An exception of sslyze's in one line."""
    said = getattr(error, "error_message", "") or (str(error.args[0]) if error.args else "")
    return printable(f"{type(error).__name__}: {said.strip()}" if said else type(error).__name__)
