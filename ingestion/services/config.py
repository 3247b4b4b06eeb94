"""A data source's settings: checked by its connector's JSON Schema, the secret ones kept apart.

What is stored and shown as `config` has a mask for each secret that is set; the values are in `secrets`,
encrypted.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jsonschema_rs

from contracts.errors import Invalid
from ingestion.connectors.base import JsonSchema
from ingestion.connectors.registry import get_connector
from ingestion.services.secrets import MASK, decrypt, encrypt


def secret_names(source_type: str) -> set[str]:
    """The settings that the connector's schema marks as write-only."""
    properties = get_connector(source_type).config_schema.get("properties", {})
    return {name for name, schema in properties.items() if schema.get("writeOnly")}


def open_config(source_type: str, config: Mapping[str, Any], secrets: str) -> dict[str, Any]:
    """Everything the connector needs, defaults filled in, secrets in the clear: never to be logged, kept or sent."""
    properties = get_connector(source_type).config_schema.get("properties", {})
    defaults = {name: schema["default"] for name, schema in properties.items() if "default" in schema}
    return {**defaults, **config, **decrypt(secrets)}


def merge_config(
    source_type: str, changes: Any, *, config: Mapping[str, Any] | None = None, secrets: str = ""
) -> tuple[dict[str, Any], str]:
    """The settings with these changes laid over: (config with masks, secrets encrypted).

    A null removes a setting, a mask sent back leaves the secret as it was. Raises Invalid, which names
    each wrong setting as `config.<name>` and shows no value.
    """
    if not isinstance(changes, Mapping):
        raise Invalid(fields={"config": ["It must be an object."]})
    hidden = secret_names(source_type)
    former = decrypt(secrets)
    whole = {**(config or {}), **former}
    for name, value in changes.items():
        if value is None:
            whole.pop(name, None)
        elif name not in hidden or value != MASK:
            whole[name] = value
        elif name not in former:
            raise Invalid(fields={f"config.{name}": ["There is no stored value that the mask could stand for."]})
    schema = get_connector(source_type).schema_of(whole)
    check(schema, whole, prefix="config")
    whole = with_integers(schema, whole)
    kept = {name: whole[name] for name in sorted(hidden & whole.keys())}
    shown = {name: MASK if name in hidden else value for name, value in whole.items()}
    return shown, secrets if kept == former else encrypt(kept)


def merge_template(source_type: str, changes: Any, config: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Part of a source's settings, without secrets, with these laid over; a null removes one. Raises Invalid."""
    if not isinstance(changes, Mapping):
        raise Invalid(fields={"config_template": ["It must be an object."]})
    secret = sorted(secret_names(source_type) & changes.keys())
    if secret:
        reason = "A template holds no secrets: give them when it is applied."
        raise Invalid(fields={f"config_template.{name}": [reason] for name in secret})
    whole = {name: value for name, value in {**(config or {}), **changes}.items() if value is not None}
    schema = get_connector(source_type).config_schema
    check({**schema, "required": []}, whole, prefix="config_template")
    return with_integers(schema, whole)


def check(schema: JsonSchema, value: Any, *, prefix: str) -> None:
    """Raise Invalid unless the schema holds; each error under its path (`config.port`), without the value."""
    fields: dict[str, list[str]] = {}
    for error in jsonschema_rs.validator_for(schema, mask="The value").iter_errors(value):
        path = [prefix, *(str(part) for part in error.instance_path)]
        kind = error.kind
        if isinstance(kind, jsonschema_rs.ValidationErrorKind.Required):
            fields.setdefault(".".join([*path, kind.property]), []).append("This setting is required.")
        elif isinstance(kind, jsonschema_rs.ValidationErrorKind.AdditionalProperties):
            for name in kind.unexpected:
                fields.setdefault(".".join([*path, name]), []).append("There is no such setting.")
        elif isinstance(kind, jsonschema_rs.ValidationErrorKind.Pattern) and (wanted := _described(schema, path[1:])):
            fields.setdefault(".".join(path), []).append(f"It must be: {wanted}")
        else:
            fields.setdefault(".".join(path), []).append(f"{error.message}.")
    if fields:
        raise Invalid(fields=fields)


def with_integers(schema: JsonSchema, config: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that the schema holds for, with 5432 for 5432.0: JSON Schema takes both, drivers do not."""
    integers = {name for name, rule in schema.get("properties", {}).items() if rule.get("type") == "integer"}
    return {name: int(value) if name in integers else value for name, value in config.items()}


def _described(schema: JsonSchema, path: list[str]) -> str:
    """What a setting's schema says of it, in words."""
    return str(schema.get("properties", {}).get(path[0], {}).get("description", "")) if len(path) == 1 else ""
