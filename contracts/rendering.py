"""JSON out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import orjson
from django.utils.functional import Promise
from rest_framework.renderers import BaseRenderer
from rest_framework.utils.encoders import JSONEncoder

_OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_NAIVE_UTC | orjson.OPT_NON_STR_KEYS
_ENCODER = JSONEncoder()


def _other(value: Any) -> Any:
    """What orjson does not know, as DRF would have it: lazy text, Decimal, bytes, sets, querysets …"""
    if isinstance(value, Promise):
        return str(value)
    return _ENCODER.default(value)


class JSONRenderer(BaseRenderer):
    """UTF-8 JSON by orjson; times are ISO 8601, those in UTC end in Z."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Mapping[str, Any] | None = None
    ) -> bytes:
        if data is None:
            return b""
        indented = bool(renderer_context and renderer_context.get("indent"))
        try:
            return orjson.dumps(data, default=_other, option=_OPTIONS | (orjson.OPT_INDENT_2 if indented else 0))
        except TypeError:
            # Integers beyond 64 bits (a sequence's upper end, say) and very deep values: slower, but right.
            return json.dumps(data, cls=JSONEncoder, indent=2 if indented else None).encode()
