"""An authority of the test and one certificate for one name."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID


class Certificates:
    """Files: `authority`, `certificate`, `key`."""

    def __init__(self, folder: Path, host: str) -> None:
        self.authority, self.certificate, self.key = (
            folder / name for name in ("ca.pem", "server.pem", "server.key")
        )
        ca_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        ca_name = _name("Lapwing test authority")
        ca = _draft(ca_name, ca_name, ca_key).add_extension(
            x509.BasicConstraints(ca=True, path_length=0), critical=True
        )
        alternative = x509.SubjectAlternativeName([x509.DNSName(host)])
        server = _draft(_name(host), ca_name, key).add_extension(alternative, critical=False)
        self.authority.write_bytes(ca.sign(ca_key, SHA256()).public_bytes(Encoding.PEM))
        self.certificate.write_bytes(server.sign(ca_key, SHA256()).public_bytes(Encoding.PEM))
        self.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _draft(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
    )
