"""Settings of a client's own for the same source: none of ours, kept for it and given back.

They are kept encrypted as a whole, since any of them may be a secret; those that by their name are, come back
as a mask, and a mask sent again leaves the secret as it was.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from catalog.jsontext import checked_json
from contracts.errors import Invalid
from ingestion.services.secrets import MASK, decrypt, encrypt

BYTES = 64 * 1024
_SECRET = re.compile(r"passw|secret|token|credential|private|api_?key|access_?key|passphrase|^key$", re.IGNORECASE)


def seal(settings: Mapping[str, Any], former: str) -> str:
    """The settings encrypted, masks among them filled from the former ones. Raises Invalid for what cannot be kept."""
    before = decrypt(former)
    whole = _unmasked(dict(settings), before)
    if whole == before:
        return former
    try:
        checked_json(whole, limit=BYTES)
    except ValueError as error:
        raise Invalid(fields={"client_settings": [str(error)]}, resource="data_source") from error
    return encrypt(whole)


def shown(sealed: str) -> dict[str, Any]:
    """The settings with masks for their secrets; none where no key of this installation opens them."""
    masked: dict[str, Any] = {}
    with suppress(Invalid):
        masked = _masked(decrypt(sealed))
    return masked


def is_mask(value: Any) -> bool:
    """Whether it is nothing but stars, which stand for the secret that is kept."""
    return isinstance(value, str) and value != "" and not value.strip("*")


def _masked(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: MASK if _is_secret(name, inner) else _masked(inner) for name, inner in value.items()}
    return [_masked(inner) for inner in value] if isinstance(value, list) else value


def _is_secret(name: str, value: Any) -> bool:
    return bool(_SECRET.search(name)) and value not in (None, "") and not isinstance(value, bool | dict)


def _unmasked(value: Any, former: Any) -> Any:
    if isinstance(value, dict):
        before = former if isinstance(former, dict) else {}
        return {name: _unmasked(inner, before.get(name)) for name, inner in value.items()}
    if isinstance(value, list):
        items = former if isinstance(former, list) else []
        return [_unmasked(inner, items[place] if place < len(items) else None) for place, inner in enumerate(value)]
    return former if is_mask(value) and former is not None else value
