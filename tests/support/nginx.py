"""nginx as Debian ships it, on loopback, in a folder of its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.processes import free_port, program, running

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
    path = program("nginx", "nginx-light")
    port = free_port(next(iter(settings)))
    servers = [_SERVER.format(listen=f"{a}:{port}", pem=pem, settings=text) for a, text in settings.items()]
    temporary = "\n".join(f"{name}_temp_path {folder}/{name};" for name in _FOLDERS)
    configuration = folder / "nginx.conf"
    configuration.write_text(_CONFIGURATION.format(folder=folder, temporary=temporary, servers="".join(servers)))
    with running([path, "-p", folder, "-c", configuration, "-e", "stderr"], folder, port, *settings):
        yield port
