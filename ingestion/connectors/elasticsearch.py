"""Elasticsearch, and OpenSearch: indexes, aliases and data streams with their mappings, over the REST API.

Elastic's own client refuses other servers of the API, and versions of its own; what is asked here is the same in all.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeVar
from urllib.parse import quote

import httpx

from catalog.names import join_name
from ingestion.connectors.base import (
    AssetDraft,
    Batch,
    CollectOptions,
    ConnectionResult,
    Connector,
    JsonSchema,
    Observer,
    RelationshipDraft,
    SourceError,
)
from ingestion.connectors.documents import DEEPEST
from ingestion.connectors.network import (
    PASSWORD_SCHEMA,
    TIMEOUT_SCHEMA,
    guarded_errors,
    json_of,
    port_schema,
    server_schema,
)
from ingestion.connectors.tables import chunks, rounded
from ingestion.outbound import http_client

T = TypeVar("T")

_LEFT_OUT = {"PERMISSION_DENIED", "NOT_FOUND", "CLOSED"}
"""Why one index may not be described: the others are."""
NAMES_LENGTH = 3000
"""Characters of index names in one request: the server takes a line of 4096."""


class ElasticsearchConnector(Connector):
    type = "elasticsearch"
    title = "Elasticsearch"
    config_schema: ClassVar[JsonSchema] = server_schema(
        port_schema(9200),
        {
            "username": {"type": "string", "maxLength": 255, "title": "User name"},
            "password": PASSWORD_SCHEMA,
            "api_key": {
                "type": "string",
                "maxLength": 1000,
                "writeOnly": True,
                "title": "API key",
                "description": "In its encoded form; it goes before user name and password.",
            },
            "tls": {"type": "boolean", "default": False, "title": "HTTPS"},
            "verify": {"type": "boolean", "default": True, "title": "Verify the certificate"},
            "timeout": TIMEOUT_SCHEMA,
        },
    )

    def test(self, config: Mapping[str, Any]) -> ConnectionResult:
        began = time.perf_counter()
        with _api(config) as api:
            version = api.about["version"]
        latency = round((time.perf_counter() - began) * 1000)
        name = "OpenSearch" if version.get("distribution") == "opensearch" else self.title
        number = str(version["number"])
        return ConnectionResult(True, "Connection successful", latency, f"{name} {number}", number)

    def collect(self, config: Mapping[str, Any], options: CollectOptions, observer: Observer) -> Iterator[Batch]:
        with _api(config) as api:
            found = _listed(api, options)
            sizes = _sizes(api, observer)
            observer.phase("Indexes", len(found), until=95)
            for some in chunks(sorted(found), min(options.batch_size, 500)):
                observer.check()
                entries = [found[name] for name in some]
                mappings = _mappings(api, [one.described_by for one in entries], options.root, observer)
                yield Batch([one.draft(options.root, sizes, mappings) for one in entries])
                observer.advance(len(some), some[-1])
            edges = [
                RelationshipDraft(join_name(options.root, alias), join_name(options.root, behind), "DEPENDS_ON")
                for alias, behind in _behind_aliases(found)
            ]
            for drafts in chunks(edges, options.batch_size):
                yield Batch(relationships=drafts)

    def covers(self, parts: Sequence[str], options: CollectOptions) -> bool:
        return options.wants_table("", parts[-1])


@dataclass(slots=True)
class _Entry:
    """An index, or a name for several: `parts` are the indexes behind an alias or a data stream."""

    name: str
    kind: str
    parts: list[str] = field(default_factory=list)

    @property
    def described_by(self) -> str:
        """The index whose mapping this one shows: the newest of several."""
        return self.parts[-1] if self.parts else self.name

    def draft(self, root: str, sizes: Mapping[str, tuple[int, int]], mappings: Mapping[str, Any]) -> AssetDraft:
        metadata: dict[str, Any] = {"kind": self.kind} if self.kind != "index" else {}
        if self.parts:
            metadata["indexes"] = self.parts[-100:]
        counted = [sizes[name] for name in self.parts or [self.name] if name in sizes]
        if counted:
            metadata["document_count"] = rounded(sum(documents for documents, _ in counted))
            metadata["bytes"] = rounded(sum(size for _, size in counted))
        mapping = mappings.get(self.described_by)
        schema = None if mapping is None else elements(mapping)
        return AssetDraft("INDEX", self.name, join_name(root, self.name), "", metadata, schema)


def elements(mapping: Mapping[str, Any], depth: int = 0) -> list[dict[str, Any]]:
    """The fields of a mapping as elements of an asset's schema; other ways a field is indexed are its children."""
    found = []
    for position, (name, told) in enumerate(sorted(mapping.get("properties", {}).items()), 1):
        element: dict[str, Any] = {
            "name": name,
            "type": told.get("type", "object"),
            "nullable": True,  # no field must be there, nor be there once
            "position": position,
        }
        inner = {"properties": {**told.get("fields", {}), **told.get("properties", {})}}
        if inner["properties"] and depth < DEEPEST:
            element["children"] = elements(inner, depth + 1)
        found.append(element)
    return found


def _listed(api: _Api, options: CollectOptions) -> dict[str, _Entry]:
    """What there is by name, but for the server's own (`.security`) and the indexes that are parts of data streams."""
    # An index that is closed is there, and may be opened again.
    told = api.get("_resolve/index/*", dict, expand_wildcards="open,closed")
    entries = [
        _Entry(row["name"], "closed index" if "closed" in row.get("attributes", ()) else "index")
        for row in told["indices"]
        if "data_stream" not in row
    ]
    entries += [_Entry(row["name"], "alias", _listing(row["indices"])) for row in told["aliases"]]
    entries += [_Entry(row["name"], "data stream", _listing(row["backing_indices"])) for row in told["data_streams"]]
    return {one.name: one for one in entries if not one.name.startswith(".") and options.wants_table("", one.name)}


def _behind_aliases(found: Mapping[str, _Entry]) -> Iterator[tuple[str, str]]:
    """Each alias with the indexes and data streams that it stands for; of a data stream it tells the parts."""
    wholes = {part: one.name for one in found.values() if one.kind == "data stream" for part in one.parts}
    for one in found.values():
        if one.kind == "alias":
            behind = dict.fromkeys(wholes.get(part, part) for part in one.parts)
            yield from ((one.name, name) for name in behind if name in found)


def _listing(names: Any) -> list[str]:
    """One name comes alone from some versions."""
    return [names] if isinstance(names, str) else sorted(names)


def _sizes(api: _Api, observer: Observer) -> dict[str, tuple[int, int]]:
    """(documents, bytes) of every index; empty, and told, where the user may not see them."""
    try:
        rows = api.get(
            "_cat/indices", list, format="json", bytes="b", h="index,docs.count,store.size", expand_wildcards="all"
        )
    except SourceError as error:
        if error.code != "PERMISSION_DENIED":
            raise
        observer.warn(f"How many documents there are is not known: {error.message}")
        return {}
    return {row["index"]: (int(row["docs.count"] or 0), int(row["store.size"] or 0)) for row in rows}


def _mappings(api: _Api, names: Sequence[str], root: str, observer: Observer) -> dict[str, Any]:
    """The mappings of indexes by name, by few requests; one that may not be read is told, the rest comes."""
    found: dict[str, Any] = {}
    for some in _fitting(sorted(set(names))):
        try:
            found |= _mapping(api, some)
        except SourceError as error:
            if error.code not in _LEFT_OUT:
                raise
            for name in some:
                try:
                    found |= _mapping(api, [name])
                except SourceError as reason:
                    if reason.code not in _LEFT_OUT:
                        raise
                    observer.warn(f"Its mapping cannot be read: {reason.message}", join_name(root, name))
    return found


def _mapping(api: _Api, names: Sequence[str]) -> dict[str, Any]:
    told = api.get(f"{','.join(quote(name, safe='') for name in names)}/_mapping", dict)
    return {name: row["mappings"] for name, row in told.items()}


def _fitting(names: Sequence[str]) -> Iterator[list[str]]:
    some: list[str] = []
    length = 0
    for name in names:
        size = len(quote(name, safe="")) + 1
        if some and length + size > NAMES_LENGTH:
            yield some
            some, length = [], 0
        some.append(name)
        length += size
    if some:
        yield some


@dataclass(slots=True)
class _Api:
    """The REST API, as far as it is needed. `about` is what the server says of itself."""

    client: httpx.Client
    config: Mapping[str, Any]
    about: dict[str, Any] = field(default_factory=dict)

    def get(self, path: str, shape: type[T], **parameters: Any) -> T:
        response = self.client.get(f"/{path}", params=parameters)
        if response.status_code == 200:
            return json_of(response, shape, engine="Elasticsearch")
        said = _reason(response)
        user = self.config.get("username") or "of the API key"
        if response.status_code == 401:
            message = f"Elasticsearch refused the user '{user}': check user name and password, or the API key"
            raise SourceError(message, code="AUTHENTICATION_FAILED")
        if response.status_code == 403:
            raise SourceError(f"The user '{user}' may not read this: {said}", code="PERMISSION_DENIED")
        if response.status_code == 404:
            raise SourceError(f"Elasticsearch does not find it: {said}", code="NOT_FOUND")
        if response.status_code == 400 and "closed" in said:
            raise SourceError(said, code="CLOSED")
        message = f"Elasticsearch answered with {response.status_code}: {said}"
        raise SourceError(message, retry=response.status_code in (429, 502, 503, 504))


def _reason(response: httpx.Response) -> str:
    try:
        error = response.json()["error"]
    except (ValueError, KeyError, TypeError):
        return response.reason_phrase
    return str(error.get("reason", error) if isinstance(error, dict) else error)[:300]


@contextmanager
def _api(config: Mapping[str, Any]) -> Iterator[_Api]:
    host = f"[{config['host']}]" if ":" in config["host"] else config["host"]
    options: dict[str, Any] = {"headers": {"Accept": "application/json"}}
    if config.get("api_key"):
        options["headers"]["Authorization"] = f"ApiKey {config['api_key']}"
    elif config.get("username"):
        options["auth"] = (config["username"], config.get("password") or "")
    with (
        guarded_errors(config, engine="Elasticsearch"),
        http_client(
            base_url=f"{'https' if config['tls'] else 'http'}://{host}:{config['port']}",
            timeout=config["timeout"],
            verify=config["verify"],
            **options,
        ) as client,
    ):
        api = _Api(client, config)
        try:
            api.about = api.get("", dict)
            str(api.about["version"]["number"])
        except SourceError as error:
            if error.code == "CONNECTION_FAILED":
                raise _stranger(config) from None
            raise
        except (httpx.RemoteProtocolError, httpx.ReadError, httpx.DecodingError, KeyError, TypeError):
            raise _stranger(config) from None
        yield api


def _stranger(config: Mapping[str, Any]) -> SourceError:
    where = f"{config['host']}:{config['port']}"
    message = f"{where} does not speak Elasticsearch's API: check the port, and whether it takes HTTPS"
    return SourceError(message, code="CONNECTION_FAILED")
