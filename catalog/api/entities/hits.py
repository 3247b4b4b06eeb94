"""The shape of a search engine's answer, and the window of one: what the searches of the entities contract share."""

from __future__ import annotations

import re
from typing import Any

from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.request import Request

from catalog.api.parameters import number_of, parameter

COUNTED = 10_000
"""Hits are counted to here."""
_NAMES = {"searchIndex": "search_entity"}


class HitsSerializer(serializers.Serializer[Any]):
    total = serializers.DictField(help_text="`value` and `relation`: `eq`, or `gte` where there are more.")
    hits = serializers.ListField(child=serializers.DictField(), help_text="Each with `_index`, `_id` and `_source`.")


class FoundSerializer(serializers.Serializer[Any]):
    hits = HitsSerializer()


def index_of(entity: str) -> str:
    """The index that the public clients look for an entity in: `database_schema_search_index`."""
    name = _NAMES.get(entity) or re.sub(r"(?=[A-Z])", "_", entity).lower()
    return f"{name}_search_index"


def hit(entity: str, key: Any, source: dict[str, Any], score: float | None = None) -> dict[str, Any]:
    """One that was found; without a score it stands where the order has it."""
    return {"_index": index_of(entity), "_id": str(key), "_score": score, "_source": source}


def answer(total: int, hits: list[dict[str, Any]], *, is_exact: bool = True) -> dict[str, Any]:
    """A page of hits, of so many in all, or of at least so many."""
    told = {"value": min(total, COUNTED), "relation": "eq" if is_exact and total <= COUNTED else "gte"}
    return {"hits": {"total": told, "hits": hits}}


def window_parameters(most: int) -> list[OpenApiParameter]:
    """How the window of at most so many hits is described."""
    return [
        parameter("from", "How many to pass over.", type_=int),
        parameter("size", f"How many at most, up to {most:,}.", type_=int),
    ]


def window_of(request: Request, *, most: int, within: int) -> tuple[int, int]:
    """(how many to pass over, how many at most); the window ends `within` the first so many. Raises BadRequest."""
    size = number_of(request, "size", 10, low=0, high=most)
    return number_of(request, "from", 0, low=0, high=within - size), size
