"""The schemas of topics, from a schema registry's REST API (Confluent's, and those that speak as it does).

Subjects are matched with topics by the usual name: `<topic>-value` and `<topic>-key`.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

import httpx

from ingestion.connectors.base import SourceError
from ingestion.connectors.event_schemas import (
    Elements,
    UnreadableSchema,
    avro_elements,
    json_elements,
    protobuf_elements,
)
from ingestion.connectors.network import PASSWORD_SCHEMA, guarded_errors, json_of
from ingestion.outbound import http_client

T = TypeVar("T")

PAGE = 500

REGISTRY_SCHEMAS: dict[str, Any] = {
    "schema_registry_url": {
        "type": "string",
        "maxLength": 500,
        "pattern": r"^https?://[^\s@]+$",
        "title": "Schema registry",
        "description": "Its URL, if there is one; without a user name in it.",
    },
    "schema_registry_username": {"type": "string", "maxLength": 255, "title": "User name at the schema registry"},
    "schema_registry_password": {**PASSWORD_SCHEMA, "title": "Password at the schema registry"},
}


@dataclass(frozen=True, slots=True)
class Registered:
    """The latest version of a subject. `problem` says why its elements are not known."""

    subject: str
    version: int
    kind: str
    elements: Elements = field(default_factory=list)
    problem: str = ""


@dataclass(slots=True)
class SchemaRegistry:
    """What a registry holds, read once."""

    client: httpx.Client
    latest: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    def read(self) -> None:
        """The latest version of every subject: all at once, or one by one where the registry is too old for that."""
        offset = 0
        while True:
            response = self.client.get("/schemas", params={"latestOnly": "true", "offset": offset, "limit": PAGE})
            if response.status_code in (404, 405):
                return self._read_each()
            page = _content(response, list)
            known = len(self.latest)
            for row in page:
                self._keep(row)
            offset += len(page)
            if len(page) != PAGE or len(self.latest) == known:
                return None

    def of(self, subject: str) -> Registered | None:
        """What is registered for a subject."""
        row = self.latest.get(subject)
        if row is None:
            return None
        kind = row.get("schemaType", "AVRO")
        try:
            return Registered(subject, row["version"], kind, self._elements(kind, row))
        except (UnreadableSchema, KeyError, TypeError, AttributeError, RecursionError) as error:
            said = str(error) if isinstance(error, UnreadableSchema) else f"{error.__class__.__name__}: {error}"
            return Registered(subject, row["version"], kind, problem=said)

    def _keep(self, row: Any) -> None:
        if not isinstance(row, Mapping) or not {"subject", "version"} <= row.keys():
            message = "The schema registry lists something other than schemas: check its URL"
            raise SourceError(message, code="CONNECTION_FAILED")
        self.latest[str(row["subject"])] = row

    def _read_each(self) -> None:
        for subject in _content(self.client.get("/subjects"), list):
            response = self.client.get(f"/subjects/{quote(str(subject), safe='')}/versions/latest")
            if response.status_code != 404:  # else it was deleted meanwhile
                self._keep(_content(response, dict))

    def _elements(self, kind: str, row: Mapping[str, Any]) -> Elements:
        if kind == "AVRO":
            return avro_elements(row["schema"])
        if kind == "JSON":
            return json_elements(row["schema"])
        if kind != "PROTOBUF":
            raise UnreadableSchema(f"schemas of the type {kind} are not read")
        # Compiled, so that the language of .proto files need not be read.
        response = self.client.get(f"/schemas/ids/{row['id']}", params={"format": "serialized"})
        try:
            return protobuf_elements(base64.b64decode(_content(response, dict)["schema"], validate=True))
        except (SourceError, binascii.Error):
            raise UnreadableSchema("the registry does not give it in serialized form") from None


def _content(response: httpx.Response, shape: type[T]) -> T:
    if response.status_code in (401, 403):
        message = "The schema registry refused the user: check schema_registry_username and schema_registry_password"
        raise SourceError(message, code="AUTHENTICATION_FAILED")
    if response.status_code != 200:
        raise SourceError(f"The schema registry answered with {response.status_code} at {response.url.path}")
    return json_of(response, shape, engine="the schema registry")


@contextmanager
def schema_registry(config: Mapping[str, Any]) -> Iterator[SchemaRegistry | None]:
    """The registry of a config, read; None where none is configured. Raises SourceError."""
    url = config.get("schema_registry_url")
    if not url:
        yield None
        return
    try:
        parts = urlsplit(url)
        where = {"host": parts.hostname, "port": parts.port or (443 if parts.scheme == "https" else 80)}
    except ValueError:
        raise SourceError("The URL of the schema registry cannot be read") from None
    options: dict[str, Any] = {}
    if config.get("schema_registry_username"):
        options["auth"] = (config["schema_registry_username"], config.get("schema_registry_password") or "")
    with (
        guarded_errors({**where, "timeout": config["timeout"]}, engine="the schema registry"),
        http_client(base_url=url.rstrip("/"), timeout=config["timeout"], **options) as client,
    ):
        registry = SchemaRegistry(client)
        registry.read()
        yield registry
