"""What serializers of several contracts share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ValidationError


class Strict(serializers.Serializer[Any]):
    """Refuses fields it does not know, by name: what a client sent is never dropped in silence."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            known = {field.field_name for field in self._writable_fields}
            unknown = [name for name in data if name not in known]
            if unknown:
                raise ValidationError({str(name): ["Unknown field."] for name in unknown})
        return super().to_internal_value(data)
