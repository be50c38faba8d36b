"""A certificate authority of our own, and a certificate that it gives to a broker on loopback."""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from dataflow.services.addresses import LOOPBACK

VALID: Final = timedelta(days=3650)
SKEW: Final = timedelta(days=1)


def make_certificates(folder: Path) -> None:
    """Write `ca.pem`, for clients to trust, and `broker.pem`, key and certificate. The authority's key is not kept."""
    folder.mkdir(parents=True, exist_ok=True)
    authority, broker = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    issuer = _name("tapeline test authority")
    trusted = (
        _begun(issuer, authority.public_key())
        .issuer_name(issuer)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(authority.public_key()), critical=False)
        .sign(authority, hashes.SHA256())
    )
    given = (
        _begun(_name("broker"), broker.public_key())
        .issuer_name(issuer)
        .add_extension(x509.SubjectAlternativeName(_addresses()), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(authority, hashes.SHA256())
    )
    secret = broker.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    chain = given.public_bytes(serialization.Encoding.PEM)
    _write(folder / "broker.pem", secret + chain)
    _write(folder / "ca.pem", trusted.public_bytes(serialization.Encoding.PEM))


def _begun(subject: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - SKEW)
        .not_valid_after(now + VALID)
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _addresses() -> list[x509.GeneralName]:
    return [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address(LOOPBACK))]


def _write(path: Path, text: bytes) -> None:
    path.touch(mode=0o600)
    path.write_bytes(text)
