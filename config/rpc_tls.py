"""TLS of the gRPC server, from files that settings name. Whatever is wrong with them is told before it starts."""

from __future__ import annotations

from pathlib import Path

import grpc
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from django.conf import settings

from config.prepare import CannotStart


def credentials() -> grpc.ServerCredentials | None:
    """None where nothing is set. Clients must show a certificate where an authority for theirs is named.

    Raises CannotStart.
    """
    certificate, key, authority = settings.GRPC_TLS_CERT, settings.GRPC_TLS_KEY, settings.GRPC_TLS_CLIENT_CA
    if not (certificate or key or authority):
        return None
    if not (certificate and key):
        raise CannotStart("gRPC over TLS needs both GRPC_TLS_CERT and GRPC_TLS_KEY: one of them is not set")
    chain, secret = _bytes("GRPC_TLS_CERT", certificate), _bytes("GRPC_TLS_KEY", key)
    _check_pair(chain, secret)
    clients = None
    if authority:
        clients = _bytes("GRPC_TLS_CLIENT_CA", authority)
        _certificates("GRPC_TLS_CLIENT_CA", clients)
    return grpc.ssl_server_credentials([(secret, chain)], clients, require_client_auth=clients is not None)


def _bytes(name: str, path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise CannotStart(f"{name} must name a file that can be read: {error}") from None


def _certificates(name: str, pem: bytes) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(pem)
    except ValueError:
        raise CannotStart(f"{name} must name a file with certificates in PEM form") from None


def _check_pair(chain: bytes, secret: bytes) -> None:
    """gRPC itself says of a bad pair only that the port cannot be bound."""
    first = _certificates("GRPC_TLS_CERT", chain)[0]
    try:
        key = load_pem_private_key(secret, password=None)
    except (ValueError, TypeError):  # TypeError: it is encrypted
        raise CannotStart("GRPC_TLS_KEY must name a file with an unencrypted private key in PEM form") from None
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if key.public_key().public_bytes(*form) != first.public_key().public_bytes(*form):
        raise CannotStart("GRPC_TLS_KEY is not the key of the certificate in GRPC_TLS_CERT")
