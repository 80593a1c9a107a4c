"""A real FreeRADIUS as access server: it takes CoA and Disconnect requests about users by the beginning of their names.

`offline-` has no session, `forbidden-` may not be touched, `crowded-` finds no resources; everybody else is there.
Each request that it takes is a line in its own file.
"""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lapwing.connectors.opening import open_connector, seal_configuration
from lapwing.connectors.port import ProviderConnector
from tests.connectors.processes import free_port, needs, running
from tests.connectors.systems import SECRET

CONF = """
prefix = /usr
raddbdir = {folder}
logdir = {folder}
run_dir = {folder}
libdir = /usr/lib/freeradius
max_request_time = 5
cleanup_delay = 2
log {{
    destination = stdout
}}
security {{
    max_attributes = 200
    reject_delay = 0
    status_server = no
    allow_vulnerable_openssl = 'CVE-2016-6304'
}}
client loopback {{
    ipaddr = 127.0.0.1
    secret = {secret}
}}
modules {{
    always reject {{
        rcode = reject
    }}
    always ok {{
        rcode = ok
    }}
    linelog taken {{
        filename = {folder}/taken
        format = "%{{Packet-Type}} %{{User-Name}} %{{Filter-Id}}"
    }}
}}
server coa {{
    listen {{
        type = coa
        ipaddr = 127.0.0.1
        port = {port}
    }}
    recv-coa {{
        if (&User-Name =~ /^(offline-|lapwing-check)/) {{
            update reply {{
                &Error-Cause := 503
            }}
            reject
        }}
        elsif (&User-Name =~ /^forbidden-/) {{
            update reply {{
                &Error-Cause := 501
                &Reply-Message := "not with {secret}"
            }}
            reject
        }}
        elsif (&User-Name =~ /^crowded-/) {{
            update reply {{
                &Error-Cause := 506
            }}
            reject
        }}
        else {{
            taken
            ok
        }}
    }}
    send-coa {{
        ok
    }}
}}
"""


@dataclass
class Radius:
    port: int
    folder: Path

    def connect(self, **overrides: Any) -> ProviderConnector:
        values = {"host": "127.0.0.1", "port": self.port, "secret": SECRET, **overrides}
        return open_connector("radius", *seal_configuration("radius", values))

    def taken(self, user: str) -> list[str]:
        """What it did to a user's sessions, in order."""
        file = self.folder / "taken"
        lines = file.read_text().splitlines() if file.exists() else []
        return [line.strip() for line in lines if line.split()[1:2] == [user]]


@contextmanager
def freeradius(folder: Path) -> Iterator[Radius]:
    program = needs("freeradius", "freeradius")
    port = free_port(socket.SOCK_DGRAM)
    (folder / "radiusd.conf").write_text(CONF.format(folder=folder, port=port, secret=SECRET))
    (folder / "dictionary").write_text("")
    log = folder / "radius.log"
    command = [program, "-f", "-l", "stdout", "-d", str(folder), "-n", "radiusd"]
    with running(command, lambda: "Ready to process requests" in log.read_text(errors="replace"), log=log):
        yield Radius(port, folder)
