"""Collecting Hive: Spark's server of its protocol where PySpark and Java are installed, and what that answered.

HIVE_TEST_PORT names the port of a server that runs already; without it one is started, which takes a minute or more.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from catalog.models import Asset, Relationship
from ingestion.connectors import drivers
from ingestion.models import JobStatus
from ingestion.services.sources import create_data_source
from ingestion.services.sources import test_connection as connection_test
from tests.config.ports import free_port
from tests.ingestion.people import VALUES, check_people, columns_of
from tests.ingestion.recordings import Recording

impala = pytest.importorskip("impala.dbapi", reason="needs requirements-connectors.txt")

HAS_SPARK = bool(os.environ.get("HIVE_TEST_PORT") or (find_spec("pyspark") and shutil.which("java")))
SHOP = [
    "DROP DATABASE IF EXISTS cartulary_shop CASCADE",
    "DROP DATABASE IF EXISTS cartularyxshop CASCADE",
    "CREATE DATABASE cartulary_shop COMMENT 'What is sold'",
    "CREATE DATABASE cartularyxshop",
    """
    CREATE TABLE cartulary_shop.orders (
        id BIGINT COMMENT 'Counted up', at TIMESTAMP, total DECIMAL(18, 2), tags ARRAY<STRING>,
        who STRUCT<name: STRING, age: INT>, day DATE
    ) USING parquet PARTITIONED BY (day) COMMENT 'One line an order'
    """,
    """
    CREATE VIEW cartulary_shop.big (id, amount) COMMENT 'Large AS SELECT' AS
        SELECT o.ID, o.total FROM cartulary_shop.Orders o WHERE total > 100
    """,
    "CREATE TABLE cartulary_shop.temp_x (i INT) USING parquet",
    "CREATE VIEW cartularyxshop.far AS SELECT amount FROM cartulary_shop.big",
    "CREATE TABLE cartularyxshop.orders (i INT) USING parquet",
    "DROP DATABASE IF EXISTS cartulary_census CASCADE",
    "CREATE DATABASE cartulary_census",
    "CREATE TABLE cartulary_census.people (id INT, name STRING, score DOUBLE) USING parquet",
    f"INSERT INTO cartulary_census.people VALUES {VALUES}",
    """
    CREATE TABLE cartulary_census.odd (
        `a:b %s` ARRAY<STRING>, m MAP<STRING, INT>, who STRUCT<a: INT>, raw BINARY, d DECIMAL(18, 2), at TIMESTAMP,
        day DATE, yes BOOLEAN
    ) USING parquet
    """,
    """
    INSERT INTO cartulary_census.odd SELECT array('x'), map('k', 1), named_struct('a', 1), CAST('x' AS BINARY), 1.5,
        TIMESTAMP '2026-01-02 03:04:05', DATE '2026-01-02', true
    """,
    "CREATE TABLE cartulary_census.empty (id INT) USING parquet",
    "CREATE TABLE cartulary_census.many USING parquet AS SELECT id, 'x' AS name FROM range(300)",
]


class Operation:
    """A metadata call: its rows once, then none."""

    def __init__(self, rows: list[Any]) -> None:
        self.rows = rows

    def get_result_schema(self) -> list[Any]:
        return []

    def fetch(self, schema: Any, max_rows: int) -> list[Any]:
        found, self.rows = self.rows, []
        return found

    def close(self) -> None: ...


class Cursor:
    """Stands where the driver's cursor would: gives what the server says, or what it said."""

    closed = False

    def __init__(self, recording: Recording, engine: Any) -> None:
        self.recording, self.engine = recording, engine
        self.answer: list[Any] = []
        calls = ("get_databases", "get_tables", "get_table_schema")
        self.session = SimpleNamespace(**{name: self._metadata(name) for name in calls})

    def execute(self, statement: str) -> None:
        self.answer = self._answered(" ".join(statement.split()), lambda: self._ask(statement))

    def fetchall(self) -> list[Any]:
        return self.answer

    def close(self) -> None:
        self.closed = True
        if self.engine is not None:
            self.engine.close()

    def _metadata(self, name: str) -> Any:
        def call(*arguments: str) -> Operation:
            return Operation(self._answered(f"{name}{arguments}", lambda: self._read(name, arguments)))

        return call

    def _answered(self, key: str, ask: Any) -> Any:
        if self.engine is not None:
            return self.recording.note(key, ask)
        found = self.recording.play(key)
        if isinstance(found, dict):
            raise impala.OperationalError(found["error"])
        return found

    def _ask(self, statement: str) -> list[Any]:
        self.engine.execute(statement)
        return [list(row) for row in self.engine.fetchall()]

    def _read(self, name: str, arguments: tuple[str, ...]) -> list[Any]:
        operation = getattr(self.engine.session, name)(*arguments)
        rows = [list(row) for row in operation.fetch(operation.get_result_schema(), max_rows=10_000)]
        operation.close()
        return rows


@pytest.fixture(scope="module")
def spark_port(tmp_path_factory, worker_port):
    """Spark's Thrift server, with the shop in it."""
    running = os.environ.get("HIVE_TEST_PORT")
    port = int(running or worker_port)
    process = None if running else started(port, tmp_path_factory.mktemp("spark"))
    deadline = time.monotonic() + 600
    while True:
        try:
            connection = impala.connect("127.0.0.1", port, auth_mechanism="PLAIN", user="x", password="x")
            break
        except Exception:
            if time.monotonic() > deadline:
                raise
            time.sleep(1)
    cursor = connection.cursor()
    for statement in SHOP:
        cursor.execute(statement)
    cursor.close()
    connection.close()
    yield port
    if process is not None:
        process.terminate()
        process.wait(30)


@pytest.fixture(scope="module")
def worker_port():
    return free_port()


def started(port: int, folder: Path) -> subprocess.Popen[bytes]:
    spec = find_spec("pyspark")
    assert spec is not None
    assert spec.origin is not None
    home = Path(spec.origin).parent
    derby = f"jdbc:derby:;databaseName={folder}/metastore;create=true"
    command = [
        str(home / "bin" / "spark-submit"),
        *("--master", "local[1]", "--conf", "spark.ui.enabled=false"),
        *("--conf", f"spark.sql.warehouse.dir={folder}/warehouse"),
        *("--conf", f"spark.hadoop.javax.jdo.option.ConnectionURL={derby}"),
        *("--class", "org.apache.spark.sql.hive.thriftserver.HiveThriftServer2", "spark-internal"),
        *("--hiveconf", f"hive.server2.thrift.port={port}", "--hiveconf", "hive.server2.thrift.bind.host=127.0.0.1"),
    ]
    environment = {**os.environ, "SPARK_HOME": str(home)}
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)


@pytest.fixture(params=["recorded", "spark"] if HAS_SPARK else ["recorded"])
def recording(request, monkeypatch):
    """What was asked of the server; the connector's cursor is made for it."""
    found, real = Recording("hive"), impala.connect
    port = request.getfixturevalue("spark_port") if request.param == "spark" else None

    def connect(**options: Any) -> Any:
        if port is None:
            return SimpleNamespace(cursor=lambda: Cursor(found, None), close=lambda: None)
        connection = real(**{**options, "port": port})
        return SimpleNamespace(cursor=lambda: Cursor(found, connection.cursor()), close=connection.close)

    monkeypatch.setattr(impala, "connect", connect)
    return found


def make(actor, **config):
    data = {"name": "lake", "type": "hive", "config": {"host": "127.0.0.1", "timeout": 60, **config}}
    return create_data_source(actor=actor, data=data)


def test_named_database_is_found_in_whatever_case(recording, bob_actor, collect):
    job = collect(make(bob_actor, database="Cartulary_Shop"))
    assert job.status == JobStatus.COMPLETED, job.error
    assert Asset.objects.filter(qualified_name="lake.cartulary_shop.orders").exists()


def test_database_that_is_not_there_says_so(recording, bob_actor, collect):
    job = collect(make(bob_actor, database="nowhere"))
    assert (job.status, job.error["code"]) == (JobStatus.FAILED, "NOT_FOUND")
    assert "Hive has no database 'nowhere'" in job.error["message"]


@pytest.fixture
def job(recording, bob_actor, collect):
    return collect(make(bob_actor), {"exclude_tables": ["temp_*"], "include_schemas": ["cartulary*shop"]})


def test_databases_tables_and_views_are_collected(job):
    assert (job.status, job.error, job.result["warnings"]) == (JobStatus.COMPLETED, None, [])
    found = {asset.qualified_name: asset for asset in Asset.objects.all()}
    assert {name: asset.type for name, asset in found.items()} == {
        "lake.cartulary_shop": "DATABASE",
        "lake.cartularyxshop": "DATABASE",
        "lake.cartulary_shop.orders": "TABLE",
        "lake.cartulary_shop.big": "VIEW",
        "lake.cartularyxshop.far": "VIEW",
        "lake.cartularyxshop.orders": "TABLE",
    }
    assert found["lake.cartulary_shop"].description == "What is sold"
    assert "o.ID, o.total" in found["lake.cartulary_shop.big"].metadata["definition"]
    assert found["lake.cartulary_shop.orders"].description == "One line an order"
    assert [(one["name"], one["type"]) for one in found["lake.cartulary_shop.orders"].schema] == [
        ("id", "bigint"),
        ("at", "timestamp"),
        ("total", "decimal(18,2)"),
        ("tags", "array<string>"),
        ("who", "struct<name: string, age: int>"),
        ("day", "date"),
    ]
    assert found["lake.cartulary_shop.orders"].schema[0]["description"] == "Counted up"


def test_views_have_lineage_down_to_the_columns(job):
    edges = Relationship.objects.filter(type="DEPENDS_ON").select_related("source", "target")
    assert {(one.source.name, one.target.qualified_name): one.metadata for one in edges} == {
        ("big", "lake.cartulary_shop.orders"): {"column_mapping": {"id": ["id"], "amount": ["total"]}},
        ("far", "lake.cartulary_shop.big"): {"column_mapping": {"amount": ["amount"]}},
    }


def test_tables_are_profiled_as_everywhere(recording, bob_actor, profile):
    job = profile(make(bob_actor, database="cartulary_census"), {"exclude_tables": ["many"]})
    assert (job.status, job.result["warnings"], job.result["profiled"]) == (JobStatus.COMPLETED, [], 3), job.error
    check_people()
    assert len([key for key in recording.asked if "`people`" in key]) == 1  # one statement a table
    _, columns = columns_of("odd")
    assert columns["a:b %s"] == {"name": "a:b %s", "type": "array<string>", "nulls": 0}
    assert columns["who"]["nulls"] == columns["raw"]["nulls"] == columns["m"]["nulls"] == 0
    assert (columns["d"]["mean"], columns["at"]["min"], columns["yes"]["top"]) == (
        1.5,
        "2026-01-02 03:04:05",
        [["true", 1]],
    )
    found, columns = columns_of("empty")
    assert (found.row_count, columns["id"]["distinct"], columns["id"]["top"]) == (0, 0, [])


def test_large_table_is_sampled_and_excluded_columns_are_not_looked_at(recording, bob_actor, profile):
    config = {"include_tables": ["many"], "exclude_columns": ["name"], "sample_rows": 100}
    profile(make(bob_actor, database="cartulary_census"), config)
    found, columns = columns_of("many")
    assert (found.is_sampled, found.sampled_rows) == (True, 200)  # it is not known how many there are: more than that
    assert columns.keys() == {"id"}
    assert not [key for key in recording.asked if "`many`" in key and "`name`" in key]


def test_incremental_collection_reads_views_alone_where_nothing_changed(recording, bob_actor, collect, incremental):
    source = make(bob_actor, database="cartulary_shop")
    collect(source)
    read, job = incremental(source)
    assert (read, job.result["passed_over"]) == (["big"], 2)  # its SQL would have to be asked for


def test_session_is_ended_at_the_server(bob_actor, monkeypatch):
    cursor = Cursor(Recording("hive"), None)
    connection = SimpleNamespace(cursor=lambda: cursor, close=lambda: None)
    monkeypatch.setattr(impala, "connect", lambda **options: connection)
    assert connection_test(actor=bob_actor, source=make(bob_actor)).success
    assert cursor.closed


def test_connection_tells_the_version(recording, bob_actor):
    result = connection_test(actor=bob_actor, source=make(bob_actor))
    assert (result.success, result.server_info) == (True, f"Hive {result.version}")
    assert result.version[0].isdigit()


@pytest.fixture
def played(monkeypatch):
    """The recorded answers, to be changed."""
    found = Recording("hive")
    monkeypatch.setattr(
        impala, "connect", lambda **options: SimpleNamespace(cursor=lambda: Cursor(found, None), close=lambda: None)
    )
    return found


def test_sys_database_brings_rows_and_saves_asking_for_each_view(played, bob_actor, collect):
    """The shape of Hive's own metastore views, which Spark does not have."""
    played.answers["get_databases('sys',)"] = [["sys", ""]]
    asked = "SELECT t.tbl_name, t.view_expanded_text, s.num_rows FROM sys.tbls t"
    shop = [["orders", None, 12345], ["big", "SELECT `o`.`id`, `o`.`total` FROM `cartulary_shop`.`orders` `o`", None]]
    whole = Recording.play

    def play(self: Recording, key: str) -> Any:
        if key.startswith(asked):
            self.asked.append(key)
            return shop if "'cartulary_shop'" in key else []
        return whole(self, key)

    played.play = play.__get__(played)
    job = collect(make(bob_actor, database="cartulary_shop"))
    assert (job.status, job.error) == (JobStatus.COMPLETED, None)
    assert Asset.objects.get(name="orders").metadata["row_count"] == 12_000
    assert not [key for key in played.asked if key.startswith("SHOW CREATE")]
    edge = Relationship.objects.get(type="DEPENDS_ON")
    assert edge.metadata == {"column_mapping": {"id": ["id"], "amount": ["total"]}}


def test_database_that_may_not_be_read_is_a_gap_and_the_rest_is_collected(played, bob_actor, collect):
    said = "HiveAccessControlException Permission denied: user [bob] does not have [USE] privilege on [cartularyxshop]"
    played.answers["get_tables('cartularyxshop', '%')"] = {"error": said}
    job = collect(make(bob_actor), {"include_schemas": ["cartulary*"]})
    assert job.status == JobStatus.COMPLETED, job.error
    (gap,) = job.result["warnings"]
    assert (gap["object"], "privilege on [cartularyxshop]" in gap["message"]) == ("lake.cartularyxshop", True)
    assert Asset.objects.filter(name="big").exists()


def test_wrong_password_says_so(bob_actor, monkeypatch):
    thrift = pytest.importorskip("thrift.transport.TTransport")

    def refuse(**options: Any) -> Any:
        raise thrift.TTransportException(message="Bad status: 3 (b'Error validating the login')")

    monkeypatch.setattr(impala, "connect", refuse)
    result = connection_test(actor=bob_actor, source=make(bob_actor, password="s3cret-word", auth="LDAP"))
    assert (result.success, result.code) == (False, "AUTHENTICATION_FAILED")
    assert "s3cret-word" not in result.message


def test_server_that_is_down_says_so(bob_actor, unused_tcp_port):
    """The real driver, which finds nobody there."""
    result = connection_test(actor=bob_actor, source=make(bob_actor, port=unused_tcp_port, timeout=1))
    assert (result.success, result.code) == (False, "CONNECTION_FAILED")
    assert result.message.endswith("refused the connection: is Hive running there?")


def test_server_that_says_nothing_is_given_up(bob_actor, silent_port):
    result = connection_test(actor=bob_actor, source=make(bob_actor, port=silent_port, timeout=1))
    assert (result.success, result.code) == (False, "TIMEOUT")


def test_metadata_address_is_refused(bob_actor):
    result = connection_test(actor=bob_actor, source=make(bob_actor, host="169.254.169.254"))
    assert result.code == "BLOCKED"


def test_missing_driver_names_its_package(bob_actor, monkeypatch):
    def missing(name):
        raise ImportError(name)

    monkeypatch.setattr(drivers, "import_module", missing)
    result = connection_test(actor=bob_actor, source=make(bob_actor))
    assert (result.code, "'impyla'" in result.message) == ("DRIVER_MISSING", True)
