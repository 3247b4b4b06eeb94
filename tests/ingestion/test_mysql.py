"""Collecting MariaDB over the MySQL protocol: real databases, thrown away afterwards."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pymysql
import pytest
from sqlalchemy import event, text
from sqlalchemy.engine import Engine

from catalog.models import Asset, Relationship
from ingestion.connectors.base import CollectOptions, SourceError
from ingestion.connectors.mysql import MySQLConnector
from ingestion.models import JobStatus
from ingestion.services import sources
from ingestion.services.sources import create_data_source
from tests.ingestion.observing import Silent

pytestmark = pytest.mark.mariadb

SHOP = [
    """
    CREATE TABLE customers (
        id BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY,
        name VARCHAR(80) NOT NULL COMMENT 'As on the invoice',
        mood ENUM('calm', 'busy') DEFAULT 'calm',
        note TEXT NULL
    ) COMMENT 'Who buys'
    """,
    "CREATE TABLE items (sku VARCHAR(20), place INT, PRIMARY KEY (place, sku))",
    """
    CREATE TABLE orders (
        id INT PRIMARY KEY, customer_id BIGINT UNSIGNED, place INT, sku VARCHAR(20), at DATE NOT NULL,
        UNIQUE INDEX once (customer_id, at),
        CONSTRAINT buyer FOREIGN KEY (customer_id) REFERENCES customers (id),
        CONSTRAINT item FOREIGN KEY (place, sku) REFERENCES items (place, sku)
    )
    """,
    """
    CREATE VIEW sales AS
        SELECT c.name AS customer, count(*) AS orders, max(o.at) AS latest
        FROM orders o JOIN customers c ON c.id = o.customer_id GROUP BY c.name
    """,
]


@pytest.fixture
def collect_database(new_mariadb, bob_actor, collect):
    """Make a database, collect it as the source `prod`; gives (job, its name)."""

    def run(*statements):
        config = new_mariadb(*statements)
        source = create_data_source(actor=bob_actor, data={"name": "prod", "type": "mysql", "config": config})
        return collect(source), config["database"]

    return run


def asset(name: str) -> Asset:
    return Asset.objects.get(name=name, deleted_at=None)


def edges(kind: str) -> dict[tuple[str, str], dict[str, Any]]:
    found = Relationship.objects.filter(type=kind).select_related("source", "target")
    return {(edge.source.name, edge.target.name): edge.metadata for edge in found}


def test_database_tables_and_views_are_collected(collect_database):
    job, name = collect_database(*SHOP)
    assert (job.status, job.error, job.result["warnings"]) == (JobStatus.COMPLETED, None, [])
    found = dict(Asset.objects.values_list("qualified_name", "type"))
    assert "`orders`" in asset("sales").metadata["definition"]
    assert found == {
        f"prod.{name}": "DATABASE",
        f"prod.{name}.customers": "TABLE",
        f"prod.{name}.items": "TABLE",
        f"prod.{name}.orders": "TABLE",
        f"prod.{name}.sales": "VIEW",
    }
    assert asset("customers").description == "Who buys"
    assert asset("sales").description == ""
    assert asset("items").metadata["primary_key"] == ["place", "sku"]
    assert {"name": "once", "unique": True, "columns": ["customer_id", "at"]} in asset("orders").metadata["indexes"]


def test_columns_are_described_as_the_server_says(collect_database):
    collect_database(*SHOP)
    columns = {column["name"]: column for column in asset("customers").schema}
    assert columns["id"] == {
        "name": "id",
        "type": "bigint(20) unsigned",
        "nullable": False,
        "position": 1,
        "primary_key": True,
    }
    assert columns["name"]["description"] == "As on the invoice"
    assert (columns["mood"]["type"], columns["mood"]["default"]) == ("enum('calm','busy')", "'calm'")
    assert columns["note"] == {"name": "note", "type": "text", "nullable": True, "position": 4}


def test_keys_and_views_become_edges(collect_database):
    collect_database(*SHOP)
    keys = edges("RELATED_TO")
    assert keys["orders", "items"]["foreign_keys"] == [
        {"name": "item", "columns": ["place", "sku"], "referred_columns": ["place", "sku"]}
    ]
    assert keys["orders", "customers"]["foreign_keys"][0]["name"] == "buyer"
    assert edges("DEPENDS_ON") == {
        ("sales", "orders"): {"column_mapping": {"latest": ["at"]}},
        ("sales", "customers"): {"column_mapping": {"customer": ["name"]}},
    }


ODD_NAMES = [
    'a "quoted" name',
    "it's",
    "dotted.name",
    "MixedCase",
    "select",
    "x" * 64,
    "表名",
    "%s :name {0}",
    "back\\slash",
]


def test_odd_names_come_through_whole(collect_database):
    statements = []
    for name in ODD_NAMES:
        statements.append(f"CREATE TABLE `{name}` (`{name}` INT)")
        statements.append(f"CREATE VIEW `v{name[:63]}` AS SELECT `{name}` AS o FROM `{name}`")
    job, _ = collect_database(*statements)
    assert (job.status, job.result["warnings"]) == (JobStatus.COMPLETED, [])
    lineage = edges("DEPENDS_ON")
    for name in ODD_NAMES:
        assert lineage["v" + name[:63], name] == {"column_mapping": {"o": [name]}}


def test_view_reaches_into_another_database(collect_database, new_mariadb, bob_actor, collect):
    other = new_mariadb("CREATE TABLE far (x INT)")
    job, _ = collect_database(f"CREATE VIEW near AS SELECT x FROM `{other['database']}`.far")
    assert [warning["object"] for warning in job.result["warnings"]] == [f"prod.{other['database']}.far"]
    source = job.task.data_source
    config = {key: value for key, value in source.config.items() if key != "database"}
    source.config = config
    source.save()
    job = collect(source, {"include_schemas": ["cartulary_source_*"]})
    assert edges("DEPENDS_ON")["near", "far"] == {"column_mapping": {"x": ["x"]}}


def test_broken_view_is_reported_and_the_rest_goes_on(collect_database):
    job, name = collect_database(
        *SHOP, "CREATE TABLE gone (i INT)", "CREATE VIEW broken AS SELECT i FROM gone", "DROP TABLE gone"
    )
    assert job.status == JobStatus.COMPLETED
    assert {warning["object"] for warning in job.result["warnings"]} <= {f"prod.{name}.broken", f"prod.{name}.gone"}
    assert "references invalid" in job.result["warnings"][0]["message"]
    assert edges("DEPENDS_ON").keys() == {("sales", "orders"), ("sales", "customers")}


def test_view_that_the_parser_does_not_know_is_told_and_the_rest_has_lineage(collect_database):
    job, name = collect_database(
        "CREATE TABLE t (a INT, b TEXT)",
        "CREATE VIEW odd AS SELECT group_concat(b ORDER BY a SEPARATOR ',' LIMIT 1) AS g FROM t",
        "CREATE VIEW plain AS SELECT a FROM t",
    )
    (told,) = job.result["warnings"]
    assert told["object"] == f"prod.{name}.odd"
    assert told["message"].startswith("Its SQL cannot be read: ")
    assert told["message"].endswith("; it has no lineage")
    assert asset("odd").schema[0]["name"] == "g"
    assert edges("DEPENDS_ON").keys() == {("plain", "t")}


def test_mysql_8_keeps_the_tables_of_a_view_that_the_parser_does_not_know(collect_database):
    """MariaDB has no VIEW_TABLE_USAGE: a table of its documented columns stands for it."""

    def moved(connection, cursor, statement, *rest):
        if "'VIEW_TABLE_USAGE'" in statement:
            return "SELECT 1", ()
        return statement.replace("information_schema.view_table_usage", "view_table_usage"), rest[0]

    columns = "view_schema VARCHAR(64), view_name VARCHAR(64), table_schema VARCHAR(64), table_name VARCHAR(64)"
    event.listen(Engine, "before_cursor_execute", moved, retval=True)
    try:
        job, _ = collect_database(
            f"CREATE TABLE view_table_usage ({columns})",
            "CREATE TABLE t (a INT, b TEXT)",
            "CREATE VIEW odd AS SELECT group_concat(b ORDER BY a SEPARATOR ',' LIMIT 1) AS g FROM t",
            "INSERT INTO view_table_usage VALUES (database(), 'odd', database(), 't')",
        )
    finally:
        event.remove(Engine, "before_cursor_execute", moved)
    assert job.result["warnings"][0]["message"].endswith("; its lineage is what the server keeps of it")
    assert edges("DEPENDS_ON") == {("odd", "t"): {}}


def test_kinds_and_estimates_are_told(collect_database):
    collect_database(
        "CREATE TABLE counted (i INT PRIMARY KEY, at DATE, g INT AS (i + 1) STORED)",
        "INSERT INTO counted (i) SELECT seq FROM seq_1_to_1234",
        "ANALYZE TABLE counted",
        "CREATE TABLE kept (i INT) WITH SYSTEM VERSIONING",
        "CREATE SEQUENCE numbers",
        "CREATE TABLE parted (i INT) PARTITION BY HASH (i) PARTITIONS 3",
    )
    assert asset("counted").metadata["row_count"] == 1200
    assert asset("kept").metadata["kind"] == "system-versioned table"
    assert asset("numbers").metadata["kind"] == "sequence"
    assert asset("parted").type == "TABLE"


def test_view_whose_sql_may_not_be_seen_is_told(new_mariadb, login, mariadb_url, bob_actor, collect):
    server = pymysql.connect(
        host=login["host"], port=login["port"], user="root", password=urlsplit(mariadb_url).password or ""
    )
    with server.cursor() as cursor:
        cursor.execute(f"CREATE VIEW `{login['database']}`.shown AS SELECT i FROM `{login['database']}`.closed")
        cursor.execute(f"GRANT SELECT ON `{login['database']}`.shown TO {login['username']}@'%'")
    server.close()
    source, _ = failing(login, bob_actor)
    job = collect(source)
    assert asset("shown").type == "VIEW"
    (told,) = job.result["warnings"]
    assert "does not show its SQL (a privilege may be missing)" in told["message"]


def test_empty_database_is_a_success(collect_database):
    job, name = collect_database()
    assert job.status == JobStatus.COMPLETED
    assert list(Asset.objects.values_list("qualified_name", flat=True)) == [f"prod.{name}"]


@pytest.fixture
def login(mariadb_url, new_mariadb):
    """A user with a password and no privilege but on one table."""
    config, name = new_mariadb("CREATE TABLE open (i INT)", "CREATE TABLE closed (i INT)"), f"u{uuid4().hex[:8]}"
    server = pymysql.connect(
        host=config["host"], port=config["port"], user=config["username"], password=config.get("password", "")
    )
    with server.cursor() as cursor:
        cursor.execute(f"CREATE USER {name}@'%' IDENTIFIED BY 's3cret-word'")
        cursor.execute(f"GRANT SELECT ON `{config['database']}`.open TO {name}@'%'")
    yield {**config, "username": name, "password": "s3cret-word"}
    with server.cursor() as cursor:
        cursor.execute(f"DROP USER {name}@'%'")
    server.close()


def failing(config, actor):
    source = create_data_source(actor=actor, data={"name": "prod", "type": "mysql", "config": config})
    return source, sources.test_connection(actor=actor, source=source)


def test_wrong_password_says_so_and_shows_it_nowhere(login, bob_actor, collect):
    source, result = failing({**login, "password": "wr0ng-word"}, bob_actor)
    assert (result.success, result.code) == (False, "AUTHENTICATION_FAILED")
    assert f"'{login['username']}': check user name and password" in result.message
    job = collect(source)
    assert (job.status, job.error) == (
        JobStatus.FAILED,
        {"code": "AUTHENTICATION_FAILED", "message": result.message},
    )
    assert "wr0ng-word" not in str(job.error)


def test_only_what_the_user_may_see_is_collected(login, bob_actor, collect):
    source, result = failing(login, bob_actor)
    assert result.success
    assert result.server_info == f"MariaDB {result.version}"
    collect(source)
    assert set(Asset.objects.filter(type="TABLE").values_list("name", flat=True)) == {"open"}


def test_missing_database_and_closed_port_say_so(login, mariadb_url, bob_actor):
    url = urlsplit(mariadb_url)
    everything = {"username": url.username or "root", "password": url.password or ""}
    _, result = failing({**login, **everything, "database": "no_such_database"}, bob_actor)
    assert (result.code, "no_such_database" in result.message) == ("NOT_FOUND", True)
    source = create_data_source(
        actor=bob_actor, data={"name": "shut", "type": "mysql", "config": {"host": "127.0.0.1", "port": 1}}
    )
    result = sources.test_connection(actor=bob_actor, source=source)
    assert (result.code, result.message) == (
        "CONNECTION_FAILED",
        "127.0.0.1:1 refused the connection: is MySQL running there?",
    )


def test_nothing_can_be_written_at_the_source(new_mariadb):
    config = {**new_mariadb(), "timeout": 60, "sslmode": "disable"}
    with pytest.raises(SourceError, match="READ ONLY"), MySQLConnector().connect(config) as connection:
        connection.execute(text(f"CREATE TABLE `{config['database']}`.t (i INT)"))


def test_statements_on_the_source_do_not_grow_with_tables_and_views(new_mariadb):
    def statements(tables: int) -> int:
        made = [f"CREATE TABLE t{i} (id INT PRIMARY KEY, a INT)" for i in range(tables)]
        made += [f"CREATE VIEW v{i} AS SELECT a FROM t{i}" for i in range(tables)]
        config, count = {**new_mariadb(*made), "timeout": 60, "sslmode": "disable"}, 0

        def note(*args):
            nonlocal count
            count += 1

        event.listen(Engine, "before_cursor_execute", note)
        try:
            list(MySQLConnector().collect(config, CollectOptions(root="r"), Silent()))
        finally:
            event.remove(Engine, "before_cursor_execute", note)
        return count

    assert statements(2) == statements(30)
