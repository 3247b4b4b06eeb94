"""Collecting ClickHouse: the real engine (PyPI `chdb`, half a gigabyte) where it is installed, and what it answered."""

from __future__ import annotations

from importlib.util import find_spec
from types import SimpleNamespace
from typing import Any

import pytest

from catalog.models import Asset, Relationship
from ingestion.connectors import drivers
from ingestion.models import JobStatus
from ingestion.services.sources import create_data_source
from ingestion.services.sources import test_connection as connection_test
from tests.ingestion.recordings import Recording, key_of

clickhouse = pytest.importorskip("clickhouse_connect", reason="needs requirements-connectors.txt")

SHOP = [
    "CREATE DATABASE shop COMMENT 'What is sold'",
    """
    CREATE TABLE shop.orders (
        id UInt64 COMMENT 'Counted up', at DateTime DEFAULT now(), customer LowCardinality(Nullable(String)),
        total Decimal(18, 2), tags Array(String), double_total Decimal(19, 2) MATERIALIZED total * 2,
        INDEX by_total total TYPE minmax GRANULARITY 4
    ) ENGINE = MergeTree PARTITION BY toYYYYMM(at) ORDER BY (customer, id) PRIMARY KEY (customer, id)
    SETTINGS allow_nullable_key = 1 COMMENT 'One line an order'
    """,
    "INSERT INTO shop.orders (id, customer, total) SELECT number, 'ann', number FROM numbers(1234)",
    "CREATE TABLE shop.daily (day Date, spent Decimal(38, 2)) ENGINE = SummingMergeTree ORDER BY day",
    """
    CREATE MATERIALIZED VIEW shop.to_daily TO shop.daily AS
        SELECT toDate(at) AS day, sum(total) AS spent FROM shop.orders GROUP BY day
    """,
    """
    CREATE MATERIALIZED VIEW shop.kept ENGINE = MergeTree ORDER BY customer AS
        SELECT assumeNotNull(customer) AS customer, count() AS n FROM shop.orders GROUP BY customer
    """,
    "CREATE VIEW shop.big AS SELECT id, total AS amount FROM shop.orders WHERE total > 100",
    "CREATE TABLE shop.temp_x (i Int32) ENGINE = Memory",
    "CREATE TABLE shop.`odd.\"name' 表` (`select` Int32, `a``b` String) ENGINE = Memory",
    "CREATE VIEW shop.odd_view AS SELECT `select` AS s, `a``b` AS t FROM shop.`odd.\"name' 表`",
    "CREATE DATABASE other",
    "CREATE VIEW other.far AS SELECT amount FROM shop.big",
]


class Client:
    """Stands where the driver's HTTP client would: gives what the engine says, or what it said."""

    def __init__(self, recording: Recording, engine: Any) -> None:
        self.recording, self.engine = recording, engine
        self.settings: dict[str, Any] = {}
        self.server_settings = {"readonly": SimpleNamespace(value="0")}

    def set_client_setting(self, name: str, value: Any) -> None:
        self.settings[name] = value
        if self.engine is not None:
            self.engine.set_client_setting(name, value)

    def query(self, statement: str, parameters: dict[str, Any]) -> Any:
        key = key_of(statement, parameters)
        if self.engine is None:
            rows = self.recording.play(key)
        else:
            rows = self.recording.note(key, lambda: self._ask(statement, parameters))
        return SimpleNamespace(named_results=lambda: iter(rows))

    def close(self) -> None:
        if self.engine is not None:
            self.engine.close()

    def _ask(self, statement: str, parameters: dict[str, Any]) -> list[dict[str, Any]]:
        return list(self.engine.query(statement, parameters=parameters).named_results())


@pytest.fixture(scope="module")
def engine():
    """The engine, in this process, with the shop in it."""
    client = clickhouse.get_client(interface="chdb")
    for statement in SHOP:
        client.command(statement)
    yield client
    client.close()


@pytest.fixture(params=["recorded", "chdb"] if find_spec("chdb") else ["recorded"])
def recording(request, monkeypatch):
    """What was asked of the engine; the connector's client is made for it."""
    found = Recording("clickhouse")
    if request.param == "chdb":
        request.getfixturevalue("engine")

    def get_client(**options: Any) -> Client:
        engine = clickhouse.driver.create_client(interface="chdb") if request.param == "chdb" else None
        return Client(found, engine)

    monkeypatch.setattr(clickhouse, "get_client", get_client)
    return found


def make(actor, **config):
    data = {"name": "ch", "type": "clickhouse", "config": {"host": "127.0.0.1", **config}}
    return create_data_source(actor=actor, data=data)


@pytest.fixture
def job(recording, bob_actor, collect):
    """A collection of the whole shop, but for its temporary tables."""
    return collect(make(bob_actor), {"exclude_tables": ["temp_*"], "include_schemas": ["shop", "other"]})


def edges(kind: str) -> dict[tuple[str, str], dict[str, Any]]:
    found = Relationship.objects.filter(type=kind).select_related("source", "target")
    return {(edge.source.name, edge.target.name): edge.metadata for edge in found}


ODD = "odd.\"name' 表"


def test_databases_tables_and_views_are_collected(job):
    assert (job.status, job.error, job.result["warnings"]) == (JobStatus.COMPLETED, None, [])
    found = {(asset.type, asset.name): asset for asset in Asset.objects.all()}
    assert set(found) == {
        ("DATABASE", "shop"),
        ("DATABASE", "other"),
        ("TABLE", "orders"),
        ("TABLE", "daily"),
        ("TABLE", ODD),
        ("VIEW", "to_daily"),
        ("VIEW", "kept"),
        ("VIEW", "big"),
        ("VIEW", "odd_view"),
        ("VIEW", "far"),
    }
    assert found["DATABASE", "shop"].description == "What is sold"
    orders = found["TABLE", "orders"]
    assert (orders.qualified_name, orders.description) == ("ch.shop.orders", "One line an order")
    assert orders.metadata["row_count"] == 1200
    assert orders.metadata["primary_key"] == ["customer", "id"]
    assert orders.metadata["engine"] == "MergeTree"
    assert orders.metadata["partition_key"] == "toYYYYMM(at)"
    assert orders.metadata["indexes"][0]["columns"] == ["total"]
    assert found["VIEW", "kept"].metadata["kind"] == "materialized view"
    assert "kind" not in found["VIEW", "big"].metadata


def test_columns_are_described_as_the_engine_says(job):
    columns = {column["name"]: column for column in Asset.objects.get(name="orders").schema}
    assert columns["id"] == {
        "name": "id",
        "type": "UInt64",
        "nullable": False,
        "position": 1,
        "description": "Counted up",
        "primary_key": True,
    }
    assert columns["at"]["default"] == "now()"
    assert (columns["customer"]["type"], columns["customer"]["nullable"]) == ("LowCardinality(Nullable(String))", True)
    assert columns["tags"]["type"] == "Array(String)"
    assert columns["double_total"]["default"] == "MATERIALIZED total * 2"


def test_views_have_lineage_down_to_the_columns(job):
    assert edges("DEPENDS_ON") == {
        ("big", "orders"): {"column_mapping": {"id": ["id"], "amount": ["total"]}},
        ("kept", "orders"): {"column_mapping": {"customer": ["customer"]}},
        ("to_daily", "orders"): {"column_mapping": {"day": ["at"], "spent": ["total"]}},
        ("daily", "to_daily"): {"column_mapping": {"day": ["day"], "spent": ["spent"]}},
        ("odd_view", ODD): {"column_mapping": {"s": ["select"], "t": ["a`b"]}},
        ("far", "big"): {"column_mapping": {"amount": ["amount"]}},
    }


def test_one_database_is_collected_by_a_constant_number_of_statements(recording, bob_actor, collect):
    source = make(bob_actor, database="shop")
    assert collect(source).result["created"] == 9
    assert len(recording.asked) == 10  # the version, what there is, then eight for its eight tables and views
    assert collect(source).result["updated"] == 0


def test_connection_tells_the_version(recording, bob_actor):
    result = connection_test(actor=bob_actor, source=make(bob_actor))
    assert (result.success, result.server_info) == (True, f"ClickHouse {result.version}")
    assert result.version[0].isdigit()


def said(code: int, text: str) -> Exception:
    message = f"HTTPDriver returned response code 500 Code: {code}. DB::Exception: {text}"
    error: Exception = clickhouse.driver.exceptions.DatabaseError(message, code=code)
    return error


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (said(516, "default: Authentication failed"), "AUTHENTICATION_FAILED", "check user name and password"),
        (said(497, "bob: Not enough privileges"), "PERMISSION_DENIED", "bob: Not enough privileges"),
        (said(81, "Database nope does not exist"), "NOT_FOUND", "no database 'nope'"),
        (said(159, "Timeout exceeded"), "TIMEOUT", "too long over a statement"),
        (said(999, "Something else"), "SOURCE_ERROR", "ClickHouse says:"),
    ],
)
def test_what_the_server_says_is_told_in_plain_words(error, code, words, bob_actor, monkeypatch):
    def refuse(**options: Any) -> Any:
        raise error

    monkeypatch.setattr(clickhouse, "get_client", refuse)
    result = connection_test(actor=bob_actor, source=make(bob_actor, database="nope", password="s3cret-word"))
    assert (result.success, result.code) == (False, code)
    assert words in result.message
    assert "s3cret-word" not in result.message


def test_database_that_may_not_be_read_is_a_gap_and_the_rest_is_collected(recording, bob_actor, collect, monkeypatch):
    whole = Client.query

    def query(self: Client, statement: str, parameters: dict[str, Any]) -> Any:
        if "FROM system.tables" in statement and parameters["schema"] == "other":
            raise said(497, "bob: Not enough privileges")
        return whole(self, statement, parameters)

    source = make(bob_actor)
    monkeypatch.setattr(Client, "query", query)
    job = collect(source, {"exclude_tables": ["temp_*"], "include_schemas": ["shop", "other"]})
    assert job.status == JobStatus.COMPLETED
    assert [warning["object"] for warning in job.result["warnings"]] == ["ch.other"]
    assert Asset.objects.filter(name="orders").exists()


def test_server_that_is_down_says_so(bob_actor, unused_tcp_port):
    result = connection_test(actor=bob_actor, source=make(bob_actor, port=unused_tcp_port, timeout=1))
    assert (result.success, result.code) == (False, "CONNECTION_FAILED")
    assert "is ClickHouse running there?" in result.message


def test_metadata_address_is_refused(bob_actor):
    result = connection_test(actor=bob_actor, source=make(bob_actor, host="169.254.169.254"))
    assert result.code == "BLOCKED"


def test_missing_driver_names_its_package(bob_actor, monkeypatch):
    def missing(name):
        raise ImportError(name)

    monkeypatch.setattr(drivers, "import_module", missing)
    result = connection_test(actor=bob_actor, source=make(bob_actor))
    assert (result.code, "'clickhouse-connect'" in result.message) == ("DRIVER_MISSING", True)
