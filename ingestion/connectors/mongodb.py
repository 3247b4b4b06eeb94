"""MongoDB: databases, collections with their indexes, and a schema inferred from a bounded sample."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar

from catalog.names import join_name
from ingestion.connectors.base import (
    AssetDraft,
    Batch,
    CollectOptions,
    ConnectionResult,
    Connector,
    JsonSchema,
    Observer,
    SourceError,
    TableProfile,
)
from ingestion.connectors.document_profiles import measure, most_read, pipeline
from ingestion.connectors.documents import infer_schema
from ingestion.connectors.drivers import driver
from ingestion.connectors.network import (
    PASSWORD_SCHEMA,
    STATEMENT_SECONDS,
    TIMEOUT_SCHEMA,
    explain,
    listening_address_of,
    port_schema,
    server_schema,
)
from ingestion.connectors.tables import Column, contains, rounded

UNAUTHORIZED = 13
"""MongoDB's code of an error."""

_SYSTEM = {"admin", "config", "local"}


class MongoDBConnector(Connector):
    type = "mongodb"
    title = "MongoDB"
    config_schema: ClassVar[JsonSchema] = server_schema(
        port_schema(27017),
        {
            "database": {"type": "string", "maxLength": 63, "title": "Database", "description": "All, if empty."},
            "username": {"type": "string", "maxLength": 255, "title": "User name"},
            "password": PASSWORD_SCHEMA,
            "auth_source": {"type": "string", "maxLength": 63, "default": "admin", "title": "Database of the user"},
            "tls": {"type": "boolean", "default": False, "title": "TLS"},
            "sample_size": {
                "type": "integer",
                "minimum": 1,
                "maximum": 10_000,
                "default": 200,
                "title": "Documents a schema is inferred from",
            },
            "timeout": TIMEOUT_SCHEMA,
        },
    )

    def test(self, config: Mapping[str, Any]) -> ConnectionResult:
        began = time.perf_counter()
        with _client(config) as client:
            version = str(client.admin.command("buildInfo")["version"])
        latency = round((time.perf_counter() - began) * 1000)
        return ConnectionResult(True, "Connection successful", latency, f"MongoDB {version}", version)

    def collect(self, config: Mapping[str, Any], options: CollectOptions, observer: Observer) -> Iterator[Batch]:
        with _client(config) as client:
            for database, kinds in _databases(client, config, options, observer):
                yield from _collect_database(database, kinds, config, options, observer)
                observer.advance(1, database.name)

    def profile(self, config: Mapping[str, Any], options: CollectOptions, observer: Observer) -> Iterator[TableProfile]:
        with _client(config, statement_seconds=STATEMENT_SECONDS) as client:
            for database, kinds in _databases(client, config, options, observer):
                for name in _wanted(database, kinds, options):
                    observer.check()
                    if kinds[name] == "view":
                        continue
                    found = _profile(database[name], config["sample_size"], options, observer)
                    if found is not None:
                        yield found
                observer.advance(1, database.name)

    def covers(self, parts: Sequence[str], options: CollectOptions) -> bool:
        if not options.wants_schema(parts[0]):
            return False
        return len(parts) < 2 or options.wants_table(parts[0], parts[1])


def _databases(
    client: Any, config: Mapping[str, Any], options: CollectOptions, observer: Observer
) -> Iterator[tuple[Any, dict[str, str]]]:
    """Each database that is wanted, with its collections; one that may not be looked into is told."""
    only = config.get("database")
    names = [only] if only else [name for name in client.list_database_names() if name not in _SYSTEM]
    databases = [name for name in sorted(names) if options.wants_schema(name)]
    observer.phase("Databases", len(databases), until=95)
    denied = driver("pymongo.errors", package="pymongo", engine="MongoDB").OperationFailure
    for name in databases:
        try:
            kinds = _collections(client[name])
        except denied as error:
            if error.code != UNAUTHORIZED:
                raise
            observer.gap([name], f"The user '{config.get('username', '')}' needs the role read on '{name}'")
            continue
        yield client[name], kinds


def _collections(database: Any) -> dict[str, str]:
    """What the collections of a database are (a view, a time series), by name."""
    return {row["name"]: row.get("type", "collection") for row in database.list_collections()}


def _collect_database(
    database: Any,
    kinds: Mapping[str, str],
    config: Mapping[str, Any],
    options: CollectOptions,
    observer: Observer,
) -> Iterator[Batch]:
    path = [options.root, database.name]
    batch = Batch([AssetDraft("DATABASE", database.name, join_name(*path), "", {"engine": "MongoDB"})])
    for name in _wanted(database, kinds, options):
        observer.check()
        own = [*path, name]
        batch.assets.append(_draft(database[name], kinds[name], config["sample_size"], join_name(*own), observer))
        batch.relationships.append(contains(path, own))
        if len(batch.assets) >= options.batch_size:
            yield batch
            batch = Batch()
    yield batch


def _wanted(database: Any, kinds: Mapping[str, str], options: CollectOptions) -> list[str]:
    """The collections to look at, in order."""
    told = (name for name in sorted(kinds) if not name.startswith("system."))
    return [name for name in told if options.wants_table(database.name, name)]


def _profile(collection: Any, size: int, options: CollectOptions, observer: Observer) -> TableProfile | None:
    """What the values of a collection's top fields are like; None where it cannot be asked, which is told."""
    database, name = collection.database.name, collection.name
    qualified = join_name(options.root, database, name)
    refused = driver("pymongo.errors", package="pymongo", engine="MongoDB").OperationFailure
    try:
        columns = [
            Column(element["name"], element["type"], element["nullable"], element["position"])
            for element in infer_schema(_newest(collection, size)).schema
            if options.wants_column(database, name, element["name"])
        ]
        estimate = collection.estimated_document_count()
        is_large = estimate > options.sample_rows
        asked = pipeline([one.name for one in columns], options, is_large=is_large)
        rows = collection.aggregate(asked, allowDiskUse=True, maxTimeMS=STATEMENT_SECONDS * 1000)
        looked_at, told = measure(rows, columns, options)
    except refused as error:
        observer.warn(f"It cannot be profiled: {explain(error, {}, engine='MongoDB').message}", qualified)
        return None
    is_sampled = is_large or looked_at >= most_read(options)
    return TableProfile(qualified, max(estimate, looked_at) if is_sampled else looked_at, is_sampled, looked_at, told)


def _draft(collection: Any, kind: str, size: int, qualified: str, observer: Observer) -> AssetDraft:
    """The asset of a collection; of one that cannot be asked (a view that is broken) no more than that it is there."""
    draft = AssetDraft("COLLECTION", collection.name, qualified, "")
    refused = driver("pymongo.errors", package="pymongo", engine="MongoDB").OperationFailure
    try:
        draft.metadata, sample = _look_at(collection, kind, size)
    except refused as error:
        observer.warn(f"It cannot be looked into: {explain(error, {}, engine='MongoDB').message}", qualified)
        return draft
    found = infer_schema(sample)
    draft.metadata["types"], draft.schema = found.types or None, found.schema
    return draft


def _look_at(collection: Any, kind: str, size: int) -> tuple[dict[str, Any], list[Mapping[str, Any]]]:
    """(metadata, a sample of the documents)."""
    metadata: dict[str, Any] = {"database": collection.database.name}
    if kind != "collection":
        metadata["kind"] = kind
    else:
        metadata["document_count"] = rounded(collection.estimated_document_count())
        indexes = sorted(collection.index_information().items())
        metadata["indexes"] = [
            {"name": name, "unique": bool(index.get("unique")), "columns": [str(key) for key, _ in index["key"]]}
            for name, index in indexes
            if name != "_id_"
        ]
    return metadata, _newest(collection, size)


def _newest(collection: Any, size: int) -> list[Mapping[str, Any]]:
    """The newest documents by key, so that an unchanged collection looks the same."""
    return list(collection.find().sort("_id", -1).limit(size))


@contextmanager
def _client(config: Mapping[str, Any], *, statement_seconds: int = 60) -> Iterator[Any]:
    """A client of one server; an answer may take `statement_seconds`."""
    pymongo = driver("pymongo", package="pymongo", engine="MongoDB")
    milliseconds = config["timeout"] * 1000
    # With TLS the certificate is checked against the name, so the name it must be.
    host = config["host"] if config["tls"] else listening_address_of(config)
    client = pymongo.MongoClient(
        host=f"[{host}]" if ":" in host else host,
        port=config["port"],
        username=config.get("username") or None,
        password=config.get("password") or None,
        authSource=config["auth_source"],
        tls=config["tls"],
        directConnection=True,
        connectTimeoutMS=milliseconds,
        serverSelectionTimeoutMS=milliseconds,
        socketTimeoutMS=max(milliseconds, statement_seconds * 1000),
        appname="cartulary",
        # Values that Python has no like of (a date of the year 20,000, text cut amid a letter) must not end the run.
        datetime_conversion="DATETIME_AUTO",
        unicode_decode_error_handler="replace",
    )
    where = f"{config['host']}:{config['port']}"
    try:
        yield client
    except pymongo.errors.ServerSelectionTimeoutError:
        message = f"{where} does not answer within {config['timeout']} seconds: is MongoDB running there?"
        raise SourceError(message, code="CONNECTION_FAILED", retry=True) from None
    except pymongo.errors.AutoReconnect:
        raise SourceError("MongoDB closed the connection", code="CONNECTION_LOST", retry=True) from None
    except pymongo.errors.OperationFailure as error:
        if error.code in {UNAUTHORIZED, 18}:  # 18 is AuthenticationFailed
            user = config.get("username", "")
            code = "AUTHENTICATION_FAILED" if error.code == 18 else "PERMISSION_DENIED"
            message = f"MongoDB refused the user '{user}': check user name, password and roles"
            raise SourceError(message, code=code) from None
        raise explain(error, config, engine="MongoDB") from None
    except pymongo.errors.PyMongoError as error:
        raise explain(error, config, engine="MongoDB") from None
    finally:
        client.close()
