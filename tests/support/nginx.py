"""nginx as Debian ships it, on loopback, in a folder of its own."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

_CONFIGURATION = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log stderr;
events {{}}
http {{
  access_log off;
  {temporary}
  {servers}
}}
"""
_SERVER = """
  server {{
    listen {listen} ssl;
    server_name api.crm.example;
    ssl_certificate {pem};
    ssl_certificate_key {pem};
    {settings}
    return 200;
  }}
"""
_FOLDERS = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


@contextmanager
def nginx(folder: Path, pem: Path, settings: dict[str, str]) -> Iterator[int]:
    """One server per address (`{"127.0.0.2": "ssl_protocols TLSv1.3;"}`), all on one free port, which it gives."""
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if program is None:
        pytest.skip("nginx is not installed (Debian: apt-get install nginx-light)")
    port = _free_port(list(settings))
    servers = [_SERVER.format(listen=f"{a}:{port}", pem=pem, settings=text) for a, text in settings.items()]
    temporary = "\n".join(f"{name}_temp_path {folder}/{name};" for name in _FOLDERS)
    path = folder / "nginx.conf"
    path.write_text(_CONFIGURATION.format(folder=folder, temporary=temporary, servers="".join(servers)))
    process = subprocess.Popen([program, "-p", str(folder), "-c", str(path), "-e", "stderr"], stderr=subprocess.PIPE)
    try:
        for address in settings:
            _wait_for(address, port, process)
        yield port
    finally:
        process.terminate()
        process.communicate(timeout=10)


def _free_port(addresses: list[str]) -> int:
    with socket.create_server((addresses[0], 0)) as free:
        return int(free.getsockname()[1])


def _wait_for(address: str, port: int, process: "subprocess.Popen[bytes]") -> None:
    ends = time.monotonic() + 10
    while time.monotonic() < ends and process.poll() is None:
        try:
            socket.create_connection((address, port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    process.kill()
    _, words = process.communicate()
    pytest.fail(f"nginx did not start: {words.decode(errors='replace')}")
