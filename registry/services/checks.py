"""What every write of the registry app asks of its input."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, TypeVar

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import models

from contracts.errors import Invalid, NotFound

M = TypeVar("M", bound=models.Model)


def known(data: Mapping[str, Any], fields: Collection[str]) -> None:
    """Refuse names that mean nothing here. Raises Invalid."""
    unknown = [name for name in data if name not in fields]
    if unknown:
        raise Invalid(fields={name: ["Unknown field."] for name in unknown})


def locked(rows: models.QuerySet[M], instance: M) -> M:
    """The row as it is now, held until the transaction ends. Raises NotFound where it was deleted just now."""
    found = rows.select_for_update(of=("self",)).filter(pk=instance.pk).first()
    if found is None:
        resource = rows.model.__name__.lower()
        raise NotFound(resource=resource, **{f"{resource}_id": str(instance.pk)})
    return found


def clean(instance: models.Model, *, names: Mapping[str, str] | None = None) -> None:
    """Check the fields of a row that is about to be written; uniqueness is left to the constraints.

    `names` maps a field to the path a caller knows it by. Raises Invalid.
    """
    _refuse_nul(instance)
    try:
        _check_empty_json(instance)
        instance.full_clean(validate_unique=False, validate_constraints=False)
    except ValidationError as error:
        found = error.message_dict
        fields = {(names or {}).get(name, name): words for name, words in found.items() if name != NON_FIELD_ERRORS}
        raise Invalid("; ".join(found.get(NON_FIELD_ERRORS, [])), fields=fields) from None


def _check_empty_json(instance: models.Model) -> None:
    """Django asks validators of nothing that is empty: `[]` would pass for an object."""
    for field in instance._meta.concrete_fields:
        value = getattr(instance, field.attname)
        if isinstance(field, models.JSONField) and value in ({}, [], "", None):
            for check in field._validators:  # type: ignore[attr-defined]
                try:
                    check(value)
                except ValidationError as error:
                    raise ValidationError({field.name: error}) from None


def _refuse_nul(instance: models.Model) -> None:
    for field in instance._meta.concrete_fields:
        value = getattr(instance, field.attname)
        if isinstance(value, str) and "\x00" in value:
            raise Invalid(fields={field.name: ["It holds a NUL character."]})
