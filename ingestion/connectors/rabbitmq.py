"""RabbitMQ: virtual hosts, exchanges and queues, and how they are bound, from its management API."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar
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
from ingestion.connectors.network import PASSWORD_SCHEMA, TIMEOUT_SCHEMA, guarded_errors, port_schema, server_schema
from ingestion.connectors.tables import contains
from ingestion.outbound import http_client

PAGE = 500
"""Rows the API is asked for at a time, which is also its limit."""

_OWN = "amq."


class RabbitMQConnector(Connector):
    type = "rabbitmq"
    title = "RabbitMQ"
    config_schema: ClassVar[JsonSchema] = server_schema(
        port_schema(15672, "Port of the management API"),
        {
            "vhost": {"type": "string", "maxLength": 255, "title": "Virtual host", "description": "All, if empty."},
            "username": {"type": "string", "maxLength": 255, "default": "guest", "title": "User name"},
            "password": PASSWORD_SCHEMA,
            "tls": {"type": "boolean", "default": False, "title": "HTTPS"},
            "timeout": TIMEOUT_SCHEMA,
        },
    )

    def test(self, config: Mapping[str, Any]) -> ConnectionResult:
        began = time.perf_counter()
        with _api(config) as api:
            version = str(api.get("overview").get("rabbitmq_version", ""))
        latency = round((time.perf_counter() - began) * 1000)
        return ConnectionResult(True, "Connection successful", latency, f"RabbitMQ {version}", version)

    def collect(self, config: Mapping[str, Any], options: CollectOptions, observer: Observer) -> Iterator[Batch]:
        with _api(config) as api:
            wanted = config.get("vhost")
            names = [row["name"] for row in api.get("vhosts") if not wanted or row["name"] == wanted]
            if wanted and not names:
                message = f"RabbitMQ has no virtual host '{wanted}', or '{config.get('username', '')}' may not see it"
                raise SourceError(message, code="NOT_FOUND")
            vhosts = [name for name in sorted(names) if options.wants_schema(name)]
            observer.phase("Virtual hosts", len(vhosts), until=95)
            for vhost in vhosts:
                yield from _collect_vhost(api, vhost, options, observer)
                observer.advance(1, vhost)

    def covers(self, parts: Sequence[str], options: CollectOptions) -> bool:
        if not options.wants_schema(parts[0]):
            return False
        return len(parts) < 3 or options.wants_table(parts[0], parts[2])


def _collect_vhost(api: _Api, vhost: str, options: CollectOptions, observer: Observer) -> Iterator[Batch]:
    path = [options.root, vhost]
    batch = Batch([AssetDraft("DATABASE", vhost, join_name(*path), "", {"kind": "virtual host"})])
    try:
        bindings = [row for row in api.pages(f"bindings/{quote(vhost, safe='')}") if row["source"]]
    except SourceError as error:
        if error.code != "PERMISSION_DENIED":
            raise
        observer.gap(path[1:], error.message)
        yield batch
        return
    bound = {row["source"] for row in bindings}
    for kind, type_ in (("exchanges", "EXCHANGE"), ("queues", "QUEUE")):
        for row in api.pages(f"{kind}/{quote(vhost, safe='')}"):
            observer.check()
            name = row["name"]
            # The server's own exchanges say nothing, unless somebody uses them.
            if not name or (name.startswith(_OWN) and name not in bound) or not options.wants_table(vhost, name):
                continue
            own = [*path, kind, name]
            batch.assets.append(AssetDraft(type_, name, join_name(*own), "", _metadata(vhost, row)))
            batch.relationships.append(contains(path, own))
            if len(batch.assets) >= options.batch_size:
                yield batch
                batch = Batch()
    yield batch
    edges = [edge for edge in _edges(path, bindings) if _is_wanted(edge, options)]
    for start in range(0, len(edges), options.batch_size):
        yield Batch(relationships=[edge.draft for edge in edges[start : start + options.batch_size]])


class _Edge:
    """All bindings of one exchange to one queue or exchange."""

    def __init__(self, path: Sequence[str], source: str, target: str, kind: str) -> None:
        self.vhost, self.ends = path[1], (source, target)
        # What is bound is fed by the exchange: it depends on it.
        self.draft = RelationshipDraft(
            join_name(*path, kind, target), join_name(*path, "exchanges", source), "DEPENDS_ON", {"routing_keys": []}
        )


def _edges(path: Sequence[str], bindings: Sequence[Mapping[str, Any]]) -> list[_Edge]:
    edges: dict[tuple[str, str, str], _Edge] = {}
    for row in bindings:
        kind = "queues" if row["destination_type"] == "queue" else "exchanges"
        key = (row["source"], row["destination"], kind)
        edge = edges.setdefault(key, _Edge(path, row["source"], row["destination"], kind))
        keys = edge.draft.metadata["routing_keys"]
        if row["routing_key"] not in keys:
            keys.append(row["routing_key"])
    for edge in edges.values():
        edge.draft.metadata["routing_keys"].sort()
    return list(edges.values())


def _is_wanted(edge: _Edge, options: CollectOptions) -> bool:
    return all(options.wants_table(edge.vhost, name) for name in edge.ends)


def _metadata(vhost: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """What is set on an exchange or a queue: not what passes through it, which is another number every second."""
    kept = ("type", "durable", "auto_delete", "internal", "exclusive", "arguments", "policy")
    return {"vhost": vhost, **{name: row[name] for name in kept if row.get(name) not in (None, "", {})}}


class _Api:
    """The management API, as far as it is needed."""

    def __init__(self, client: httpx.Client, config: Mapping[str, Any]) -> None:
        self.client, self.config = client, config

    def get(self, path: str, **parameters: Any) -> Any:
        response = self.client.get(f"/api/{path}", params=parameters)
        if response.status_code == 401 and "virtual host" in response.text:
            user = self.config.get("username", "")
            raise SourceError(
                f"The user '{user}' may not use this virtual host: set_permissions gives it the right to read",
                code="PERMISSION_DENIED",
            )
        if response.status_code in (401, 403):
            raise SourceError(
                f"RabbitMQ refused the user '{self.config.get('username', '')}': check user name and password, "
                "and that it has the tag 'monitoring'",
                code="AUTHENTICATION_FAILED",
            )
        if response.status_code != 200:
            raise SourceError(f"RabbitMQ answered with {response.status_code} at /api/{path}")
        return response.json()

    def pages(self, path: str) -> Iterator[dict[str, Any]]:
        """The rows of a list; those without pages come whole."""
        page, last = 1, 1
        while page <= last:
            found = self.get(path, page=page, page_size=PAGE)
            if isinstance(found, list):
                yield from found
                return
            yield from found["items"]
            page, last = page + 1, found["page_count"]


@contextmanager
def _api(config: Mapping[str, Any]) -> Iterator[_Api]:
    scheme = "https" if config["tls"] else "http"
    host = f"[{config['host']}]" if ":" in config["host"] else config["host"]
    credentials = (config.get("username") or "", config.get("password") or "")
    with (
        guarded_errors(config, engine="RabbitMQ"),
        http_client(
            base_url=f"{scheme}://{host}:{config['port']}", timeout=config["timeout"], auth=credentials
        ) as client,
    ):
        api = _Api(client, config)
        try:
            api.get("overview")
        except (httpx.RemoteProtocolError, httpx.ReadError, httpx.DecodingError, ValueError):
            raise SourceError(
                f"{config['host']}:{config['port']} does not speak the management API: give its port (15672), "
                "and enable the plugin rabbitmq_management",
                code="CONNECTION_FAILED",
            ) from None
        yield api
