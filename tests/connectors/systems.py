"""The real servers that the conformance suite drives, each seen through a line that can fail and, beside the
connector, through the server's own eyes.
"""

import json
import re
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import httpx

from lapwing.connectors.opening import open_connector, seal_configuration
from lapwing.connectors.port import ProviderConnector
from tests.connectors.processes import free_port, listens, needs, running
from tests.connectors.wire import Wire, changes_http, changes_ldap

SECRET = "canary-Zq8-secret"
WRONG_SECRET = "canary-wrong-Xy7"


class System(ABC):
    """`port` is the server's own, `wire` the line before it."""

    name: ClassVar[str]
    secret_field: ClassVar[str]

    def __init__(self, port: int, folder: Path) -> None:
        self.port, self.folder = port, folder
        self.wire = Wire(port, changes_http)

    @abstractmethod
    def configuration(self, port: int) -> dict[str, Any]: ...

    @abstractmethod
    def world(self, service: str) -> dict[str, Any] | None:
        """The service as the server has it: active, revision, and `stamp`, which is another after every write."""

    def connect(self, **overrides: Any) -> ProviderConnector:
        """Through the line; opened the way the product does it, secrets sealed and unsealed."""
        return self._open({**self.configuration(self.wire.port), **overrides})

    def connect_directly(self, **overrides: Any) -> ProviderConnector:
        return self._open({**self.configuration(self.port), **overrides})

    def _open(self, values: dict[str, Any]) -> ProviderConnector:
        values = {self.secret_field: SECRET, **values}
        return open_connector(self.name, *seal_configuration(self.name, values))


class ScimSystem(System):
    name = "scim"
    secret_field = "token"

    def configuration(self, port: int) -> dict[str, Any]:
        return {"url": f"http://127.0.0.1:{port}/v2"}

    def http(self) -> httpx.Client:
        return httpx.Client(
            base_url=f"http://127.0.0.1:{self.port}/v2",
            headers={"Authorization": f"Bearer {SECRET}"},
            timeout=10,
        )

    def user(self, service: str) -> dict[str, Any] | None:
        with self.http() as http:
            found = http.get("/Users", params={"filter": f"externalId eq {json.dumps(service)}"}).json()[
                "Resources"
            ]
        return found[0] if found else None

    def world(self, service: str) -> dict[str, Any] | None:
        user = self.user(service)
        if user is None:
            return None
        ours = {entry["type"]: entry["value"] for entry in user.get("entitlements", [])}
        return {
            "active": user["active"],
            "quantity": int(ours["lapwing-quantity"]),
            "revision": int(ours["lapwing-revision"]),
            "stamp": user["meta"]["version"],
        }


class SandboxSystem(System):
    name = "sandbox"
    secret_field = "token"

    def configuration(self, port: int) -> dict[str, Any]:
        return {"url": f"http://127.0.0.1:{port}"}

    def http(self) -> httpx.Client:
        return httpx.Client(
            base_url=f"http://127.0.0.1:{self.port}",
            headers={"Authorization": f"Bearer {SECRET}"},
            timeout=10,
        )

    def world(self, service: str) -> dict[str, Any] | None:
        with self.http() as http:
            found = http.get("/services").json().get(service)
            counts = http.get("/counts").json().get(service, {})
        return {**found, "stamp": counts["effects"]} if found else None

    def misbehave(self, mode: str, **rule: Any) -> None:
        with self.http() as http:
            http.post("/control/rules", json={"mode": mode, **rule}).raise_for_status()

    def behave(self) -> None:
        with self.http() as http:
            http.delete("/control/rules").raise_for_status()


class LdapSystem(System):
    name = "ldap"
    secret_field = "bind_password"

    def __init__(self, port: int, folder: Path) -> None:
        super().__init__(port, folder)
        self.wire.is_change = changes_ldap
        self.wire.is_http = False

    def configuration(self, port: int) -> dict[str, Any]:
        return {
            "url": f"ldap://127.0.0.1:{port}",
            "bind_dn": "cn=admin,dc=test",
            "base_dn": "ou=services,dc=test",
            "quantity_attribute": "roomNumber",
            "product_attribute": "title",
        }

    def world(self, service: str) -> dict[str, Any] | None:
        escaped = re.sub(
            r"[^A-Za-z0-9]", lambda found: "".join(f"\\{byte:02x}" for byte in found[0].encode()), service
        )
        found = self.search(f"(uid={escaped})")
        if not found:
            return None
        return {
            "active": found["employeeType"] == "active",
            "quantity": int(found["roomNumber"]),
            "revision": int(found["employeeNumber"]),
            "stamp": found["entryCSN"],
        }

    def search(self, condition: str) -> dict[str, str]:
        """By the directory's own client."""
        client = [needs("ldapsearch", "ldap-utils"), "-x", "-LLL", "-o", "ldif-wrap=no"]
        place = ["-H", f"ldap://127.0.0.1:{self.port}", "-b", "ou=services,dc=test"]
        account = ["-D", "cn=admin,dc=test", "-w", SECRET]
        what = [condition, "*", "entryCSN"]
        done = subprocess.run([*client, *place, *account, *what], capture_output=True, text=True, check=True)
        return dict(line.split(": ", 1) for line in done.stdout.splitlines() if ": " in line)


@contextmanager
def scim(folder: Path) -> Iterator[ScimSystem]:
    port = free_port()
    program = str(Path(sys.executable).parent / "scim2-server")
    command = [program, "--port", str(port), "--bearer-token", SECRET]
    with running(command, lambda: listens(port), log=folder / "scim.log"):
        yield ScimSystem(port, folder)


@contextmanager
def sandbox(folder: Path) -> Iterator[SandboxSystem]:
    port_file = folder / "port"
    command = [sys.executable, "-m", "lapwing.connectors.sandbox_provider"]
    command += ["--port", "0", "--journal", str(folder / "journal"), "--port-file", str(port_file)]
    token = {"LAPWING_SANDBOX_PROVIDER_TOKEN": SECRET}
    port_file.unlink(missing_ok=True)
    with running(command, port_file.exists, log=folder / "sandbox.log", env=token):
        yield SandboxSystem(int(port_file.read_text()), folder)


SLAPD_CONF = """
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
pidfile {folder}/slapd.pid
modulepath /usr/lib/ldap
moduleload back_mdb
database mdb
suffix "dc=test"
rootdn "cn=admin,dc=test"
rootpw {secret}
directory {folder}/data
maxsize 10485760
dbnosync
"""

BASE_LDIF = """
dn: dc=test
objectClass: dcObject
objectClass: organization
dc: test
o: test

dn: ou=services,dc=test
objectClass: organizationalUnit
ou: services
"""


@contextmanager
def ldap(folder: Path) -> Iterator[LdapSystem]:
    program = needs("slapd", "slapd ldap-utils")
    needs("ldapsearch", "slapd ldap-utils")
    port, conf = free_port(), folder / "slapd.conf"
    conf.write_text(SLAPD_CONF.format(folder=folder, secret=SECRET))
    (folder / "data").mkdir()
    (folder / "base.ldif").write_text(BASE_LDIF)
    add = [program, "-T", "add", "-f", str(conf), "-l", str(folder / "base.ldif")]
    subprocess.run(add, check=True, capture_output=True)
    command = [program, "-d", "0", "-f", str(conf), "-h", f"ldap://127.0.0.1:{port}"]
    with running(command, lambda: listens(port), log=folder / "slapd.log"):
        yield LdapSystem(port, folder)


SYSTEMS = {"scim": scim, "ldap": ldap, "sandbox": sandbox}
