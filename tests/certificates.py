"""Certificates for servers that tests speak to over TLS."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import grpc
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


class Pair(NamedTuple):
    """A certificate that is signed by itself, and its key, as files."""

    cert: Path
    key: Path

    def channel(self, port: str, client: Pair | None = None) -> grpc.Channel:
        """To a server that has this one, as a client that shows the other."""
        shown = (client.key.read_bytes(), client.cert.read_bytes()) if client else (None, None)
        trust = grpc.ssl_channel_credentials(self.cert.read_bytes(), *shown)
        return grpc.secure_channel(f"localhost:{port}", trust)


def make_pair(folder: Path, host: str) -> Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pair = Pair(folder / f"{host}.pem", folder / f"{host}.key")
    pair.cert.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    form = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    pair.key.write_bytes(key.private_bytes(serialization.Encoding.PEM, *form))
    return pair
