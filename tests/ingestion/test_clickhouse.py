"""Collecting ClickHouse: the real engine (PyPI `chdb`, half a gigabyte) where it is installed, and what it answered."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from importlib.util import find_spec
from types import SimpleNamespace
from typing import Any

import pytest

from catalog.models import Asset, Relationship
from ingestion.connectors import drivers
from ingestion.connectors.clickhouse import _DATABASES
from ingestion.models import JobStatus
from ingestion.services.sources import create_data_source
from ingestion.services.sources import test_connection as connection_test
from tests.ingestion.people import VALUES, check_people, columns_of
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
    "CREATE DATABASE census",
    "CREATE TABLE census.people (id UInt8, name LowCardinality(Nullable(String)), score Nullable(Float64)) "
    "ENGINE = MergeTree ORDER BY id",
    f"INSERT INTO census.people VALUES {VALUES}",
    """
    CREATE TABLE census.odd (
        `a:b %s` Array(String), m Map(String, Int8), u UUID, d Decimal(38, 10), big UInt64, at DateTime64(3, 'UTC'),
        state AggregateFunction(sum, UInt8), e Enum8('x' = 1), t Tuple(a Int8, b String), f Float64,
        gone String EPHEMERAL, j String MATERIALIZED toString(big)
    ) ENGINE = Memory
    """,
    "INSERT INTO census.odd (`a:b %s`, m, u, d, big, at, state, e, t, f) SELECT ['x''y'], map('k', 1), "
    "toUUID('61f0c404-5cb3-11e7-907b-a6006ad3dba0'), 1.5, 18446744073709551615, '2026-01-02 03:04:05.678', "
    "sumState(toUInt8(1)), 'x', (1, 'b'), nan",
    "CREATE TABLE census.empty (id Int8) ENGINE = Log",
    "CREATE TABLE census.large (id UInt32) ENGINE = MergeTree ORDER BY id",
    "INSERT INTO census.large SELECT number FROM numbers(50000)",
    "CREATE TABLE census.far (id Int8) ENGINE = URL('http://127.0.0.1:1/', 'CSV')",
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


def test_database_that_is_not_there_says_so(recording, bob_actor, collect):
    recording.answers[key_of(_DATABASES, {"only": "nowhere"})] = []
    job = collect(make(bob_actor, database="nowhere"))
    assert (job.status, job.error["code"]) == (JobStatus.FAILED, "NOT_FOUND")
    assert "ClickHouse has no database 'nowhere'" in job.error["message"]


def test_one_database_is_collected_by_a_constant_number_of_statements(recording, bob_actor, collect):
    source = make(bob_actor, database="shop")
    assert collect(source).result["created"] == 9
    assert len(recording.asked) == 11  # the version, what there is, then nine for its eight tables and views
    assert collect(source).result["updated"] == 0


def test_incremental_collection_reads_nothing_where_nothing_changed(recording, bob_actor, collect, incremental):
    source = make(bob_actor, database="shop")
    collect(source)
    read, job = incremental(source)
    assert (read, job.result["passed_over"]) == ([], 8)


if find_spec("chdb"):

    @pytest.mark.parametrize("recording", ["chdb"], indirect=True)
    def test_incremental_collection_reads_what_changed_and_follows_renames(
        recording, bob_actor, collect, incremental, monkeypatch
    ):
        monkeypatch.delenv("RECORD", raising=False)  # what is altered cannot be played

        def alter(*statements: str) -> None:
            client = clickhouse.driver.create_client(interface="chdb")
            for statement in statements:
                client.command(statement)
            client.close()

        alter(
            "CREATE DATABASE IF NOT EXISTS moving",
            *(f"CREATE OR REPLACE TABLE moving.{name} (id UInt8) ENGINE = MergeTree ORDER BY id" for name in "abcd"),
            "CREATE OR REPLACE VIEW moving.v AS SELECT id FROM moving.a",
        )
        source = make(bob_actor, database="moving")
        collect(source)
        assert incremental(source)[0] == []
        alter("ALTER TABLE moving.a ADD COLUMN n Int8", "ALTER TABLE moving.b COMMENT COLUMN id 'Counted up'")
        assert incremental(source)[0] == ["a", "b"]
        alter("INSERT INTO moving.c VALUES (1)", "CREATE OR REPLACE VIEW moving.v AS SELECT id + 1 AS id FROM moving.a")
        assert incremental(source)[0] == ["c", "v"]
        before = Asset.objects.get(name="d")
        alter("RENAME TABLE moving.d TO moving.e")
        read, job = incremental(source)
        assert (read, job.result["renamed"]) == (["e"], 1)
        assert Asset.objects.get(pk=before.pk).name == "e"


def test_connection_tells_the_version(recording, bob_actor):
    result = connection_test(actor=bob_actor, source=make(bob_actor))
    assert (result.success, result.server_info) == (True, f"ClickHouse {result.version}")
    assert result.version[0].isdigit()


def test_tables_are_profiled_as_everywhere(recording, bob_actor, profile):
    job = profile(make(bob_actor, database="census"), {"include_tables": ["people"]})
    assert (job.status, job.result["warnings"], job.result["profiled"]) == (JobStatus.COMPLETED, [], 1), job.error
    check_people()
    assert len([key for key in recording.asked if "`people`" in key]) == 1  # one statement a table


def test_odd_types_empty_tables_and_those_of_other_servers(recording, bob_actor, profile):
    job = profile(make(bob_actor, database="census"), {"include_tables": ["odd", "empty", "far"]})
    assert (job.result["profiled"], job.result["warnings"]) == (2, [])
    _, columns = columns_of("odd")
    assert columns["a:b %s"]["min"] == "['x\\'y']"
    assert (columns["d"]["mean"], columns["at"]["max"], columns["e"]["top"]) == (
        1.5,
        "2026-01-02 03:04:05.678",
        [["x", 1]],
    )
    assert columns["state"] == {"name": "state", "type": "AggregateFunction(sum, UInt8)", "nulls": 0}
    assert columns["f"]["max"] == "nan"
    assert "gone" not in columns
    found, columns = columns_of("empty")
    assert (found.row_count, columns["id"]["distinct"], columns["id"]["top"]) == (0, 0, [])


def test_large_table_is_sampled_and_excluded_columns_are_not_looked_at(recording, bob_actor, profile):
    config = {"include_tables": ["large", "people"], "sample_rows": 5000, "exclude_columns": ["name"]}
    profile(make(bob_actor, database="census"), config)
    found, _ = columns_of("large")
    assert (found.row_count, found.is_sampled) == (50_000, True)
    assert 3000 < found.sampled_rows < 7000
    assert columns_of("people")[1].keys() == {"id", "score"}
    assert not [key for key in recording.asked if "`people`" in key and "`name`" in key]


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


@pytest.mark.parametrize("said", [b"", b"SSH-2.0-OpenSSH_9.2\r\n"])
def test_server_that_speaks_something_else_says_so(said, bob_actor):
    """The real driver, which meets one that hangs up, and one that greets."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            with suppress(OSError):  # the listener is closed at the end
                while True:
                    client, _ = listener.accept()
                    client.recv(65536)
                    client.sendall(said)
                    client.close()

        threading.Thread(target=answer, daemon=True).start()
        result = connection_test(actor=bob_actor, source=make(bob_actor, port=listener.getsockname()[1]))
        listener.shutdown(socket.SHUT_RDWR)
    assert (result.success, result.code) == (False, "CONNECTION_FAILED")
    assert result.message.endswith("does not speak HTTP: give the port of ClickHouse's HTTP interface (8123)")


def test_metadata_address_is_refused(bob_actor):
    result = connection_test(actor=bob_actor, source=make(bob_actor, host="169.254.169.254"))
    assert result.code == "BLOCKED"


def test_missing_driver_names_its_package(bob_actor, monkeypatch):
    def missing(name):
        raise ImportError(name)

    monkeypatch.setattr(drivers, "import_module", missing)
    result = connection_test(actor=bob_actor, source=make(bob_actor))
    assert (result.code, "'clickhouse-connect'" in result.message) == ("DRIVER_MISSING", True)
