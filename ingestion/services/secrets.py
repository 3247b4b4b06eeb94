"""Secret settings of data sources: encrypted at rest, masked everywhere else."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from contracts.errors import Invalid

MASK = "******"
"""Stands for a secret in every answer; sent back, it means: as it was."""

_URL_PASSWORD = re.compile(r"(?<=://)[^/@\s]+@")


def encrypt(values: Mapping[str, Any]) -> str:
    """The values as one Fernet token, under the newest key; empty for none."""
    return _fernet().encrypt(json.dumps(dict(values)).encode()).decode() if values else ""


def decrypt(token: str) -> dict[str, Any]:
    """What `encrypt` was given. Raises Invalid when no key of this installation opens it."""
    if not token:
        return {}
    try:
        values = json.loads(_fernet().decrypt(token.encode()))
    except InvalidToken:
        raise Invalid(
            "The stored secrets cannot be read with the SECRET_KEY of this installation: enter them again, "
            "or add the former key to SECRET_KEY_FALLBACKS",
            resource="data_source",
            code="SECRETS_UNREADABLE",
        ) from None
    return dict(values)


def scrub(text: str, secrets: Iterable[Any]) -> str:
    """The text without these secrets, and without credentials in URLs: for what drivers say."""
    for secret in secrets:
        if secret not in ("", None):
            text = text.replace(str(secret), MASK)
    return _URL_PASSWORD.sub(f"{MASK}@", text)


def _fernet() -> MultiFernet:
    return _fernet_of((settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS))


@lru_cache(maxsize=4)
def _fernet_of(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(base64.urlsafe_b64encode(_derive(key))) for key in keys])


def _derive(key: str) -> bytes:
    """32 bytes for this purpose alone (RFC 5869), so that the signing key itself encrypts nothing."""
    return HKDF(SHA256(), 32, salt=None, info=b"cartulary data source secrets").derive(key.encode())
