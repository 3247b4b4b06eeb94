"""What serializers of several contracts share."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.validators import UniqueValidator


class Strict(serializers.Serializer[Any]):
    """Refuses fields it does not know, by name: what a client sent is never dropped in silence."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            known = {field.field_name for field in self._writable_fields}
            unknown = [name for name in data if name not in known]
            if unknown:
                raise ValidationError({str(name): ["Unknown field."] for name in unknown})
        return super().to_internal_value(data)


class ConstraintsDecide(serializers.ModelSerializer[Any]):
    """Without DRF's unique validators: the constraint decides, the service says Conflict (409)."""

    def get_validators(self) -> list[Any]:
        return []

    def include_extra_kwargs(
        self, kwargs: MutableMapping[str, Any], extra_kwargs: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        merged = super().include_extra_kwargs(kwargs, extra_kwargs)
        if "validators" in merged:
            merged["validators"] = [kept for kept in merged["validators"] if not isinstance(kept, UniqueValidator)]
        return merged
