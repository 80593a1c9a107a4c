"""What is particular to LDAP: the place, attributes that others filled, and encrypted connections."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lapwing.connectors.errors import CredentialsRefused, NotFound, Rejected, Unreachable
from tests.connectors.certificates import Certificates
from tests.connectors.conftest import order
from tests.connectors.processes import free_port, listens, needs, running
from tests.connectors.systems import BASE_LDIF, SECRET, SLAPD_CONF, LdapSystem

pytestmark = pytest.mark.xdist_group("provider_ldap")


def add(system: LdapSystem, ldif: str) -> None:
    command = [needs("ldapadd", "ldap-utils"), "-x", "-H", f"ldap://127.0.0.1:{system.port}"]
    account = ["-D", "cn=admin,dc=test", "-w", SECRET]
    subprocess.run([*command, *account], input=ldif, text=True, check=True, capture_output=True)


def test_a_missing_base_is_said_in_words(ldap_system: LdapSystem, service: str):
    with ldap_system.connect(base_dn="ou=nowhere,dc=test") as connector:
        for call in (connector.check, lambda: connector.bring(order(service, 1))):
            with pytest.raises(NotFound, match="correct the base DN"):
                call()


def test_an_unknown_attribute_is_refused_for_good(ldap_system: LdapSystem, service: str):
    connector = ldap_system.connect(quantity_attribute="noSuchAttribute")
    with pytest.raises(Rejected, match=r"noSuchAttribute"):
        connector.bring(order(service, 1))
    assert ldap_system.world(service) is None


def test_an_account_without_rights_is_told_so(ldap_system: LdapSystem, service: str):
    add(
        ldap_system,
        "dn: cn=reader,dc=test\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\n"
        f"cn: reader\nuserPassword: {SECRET}\n",
    )
    with ldap_system.connect(bind_dn="cn=reader,dc=test") as connector:
        connector.check()
        with pytest.raises(CredentialsRefused, match="rights"):
            connector.bring(order(service, 1))


def test_an_entry_that_others_made_is_taken_over(ldap_system: LdapSystem):
    """Its activity is not ours to guess: neither value is there, so even a deactivation is written."""
    add(
        ldap_system,
        "dn: uid=theirs,ou=services,dc=test\nobjectClass: inetOrgPerson\nuid: theirs\ncn: T\nsn: T\n"
        "employeeNumber: E-99\nemployeeType: contractor\nmail: t@customer.example\n",
    )
    with ldap_system.connect() as connector:
        assert connector.look("theirs").active is None and connector.look("theirs").revision == 0
        assert connector.bring(order("theirs", 1, active=False)).changed
    found = ldap_system.search("(uid=theirs)")
    assert (found["employeeType"], found["employeeNumber"]) == ("inactive", "1")
    assert found["mail"] == "t@customer.example"


def test_attributes_and_values_are_those_configured(ldap_system: LdapSystem):
    values = {"active_attribute": "description", "active_value": "on", "inactive_value": "off"}
    with ldap_system.connect(
        **values, identity_attribute="displayName", quantity_attribute=None
    ) as connector:
        connector.bring(order("configured", 1, identity="jane", quantity=9))
        connector.bring(order("configured", 2, identity="jane", quantity=9, active=False))
        assert connector.look("configured").quantity is None
    found = ldap_system.search("(uid=configured)")
    assert (found["description"], found["displayName"]) == ("off", "jane") and "roomNumber" not in found


@contextmanager
def encrypted(folder: Path, certificates: Certificates) -> Iterator[tuple[int, int]]:
    """The ports of a directory of its own: encrypted from the start, and by STARTTLS."""
    program = needs("slapd", "slapd ldap-utils")
    plain, secure, conf = free_port(), free_port(), folder / "slapd.conf"
    tls = f"TLSCertificateFile {certificates.certificate}\nTLSCertificateKeyFile {certificates.key}\n"
    head, database = SLAPD_CONF.format(folder=folder, secret=SECRET).split("database mdb")
    conf.write_text(f"{head}{tls}database mdb{database}")
    (folder / "data").mkdir()
    (folder / "base.ldif").write_text(BASE_LDIF)
    load = [program, "-T", "add", "-f", str(conf), "-l", str(folder / "base.ldif")]
    subprocess.run(load, check=True, capture_output=True)
    places = f"ldap://127.0.0.1:{plain} ldaps://127.0.0.1:{secure}"
    with running(
        [program, "-d", "0", "-f", str(conf), "-h", places], lambda: listens(secure), log=folder / "log"
    ):
        yield plain, secure


def test_certificates_are_checked_by_name_and_authority(ldap_system: LdapSystem, tmp_path: Path):
    certificates = Certificates(tmp_path, "localhost")
    with encrypted(tmp_path, certificates) as (plain, secure):
        known = {"ca_file": str(certificates.authority)}
        for good in (
            {"url": f"ldaps://localhost:{secure}", **known},
            {"url": f"ldap://localhost:{plain}", "start_tls": True, **known},
        ):
            with ldap_system.connect(**good) as connector:
                connector.check()
        for bad in (
            {"url": f"ldaps://localhost:{secure}"},  # an authority nobody knows
            {"url": f"ldaps://127.0.0.1:{secure}", **known},  # another name
            {"url": f"ldap://127.0.0.1:{plain}", "start_tls": True, **known},
        ):
            with ldap_system.connect(**bad) as connector, pytest.raises(Unreachable, match="cert"):
                connector.check()


def test_a_directory_without_starttls_does_not_get_the_password(ldap_system: LdapSystem):
    connector = ldap_system.connect(start_tls=True)
    with pytest.raises(Unreachable, match=r"STARTTLS failed.*nothing was sent"):
        connector.check()
    assert ldap_system.wire.heard and SECRET.encode() not in ldap_system.wire.heard
