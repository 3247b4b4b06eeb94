"""Collecting PostgreSQL: schemas, tables, columns, keys, and what may not be read."""

from uuid import uuid4

import psycopg
import pytest

from catalog.models import Asset
from ingestion.models import JobStatus
from tests.ingestion.postgresql.reading import SHOP, assets, edges

pytestmark = pytest.mark.postgresql


def test_schemas_tables_and_views_are_collected(collect_database):
    job, name = collect_database(SHOP)
    assert (job.status, job.error, job.result["warnings"]) == (JobStatus.COMPLETED, None, [])
    found = {asset.qualified_name.removeprefix(f"prod.{name}"): asset for asset in assets().values()}
    assert {path: asset.type for path, asset in found.items()} == {
        "": "DATABASE",
        ".public": "SCHEMA",
        ".stock": "SCHEMA",
        ".public.customers": "TABLE",
        ".public.events": "TABLE",
        ".public.events_2024": "TABLE",
        ".public.orders": "TABLE",
        ".public.sales": "VIEW",
        ".stock.items": "TABLE",
        ".stock.sold": "VIEW",
    }
    assert found[".public"].description == "What customers see"
    assert found[".public.customers"].description == "Who buys"
    assert found[".stock.sold"].metadata["kind"] == "materialized view"
    for view in (".stock.sold", ".public.sales"):
        assert "public.orders" in found[view].metadata["definition"]
    assert found[".public.events"].metadata["kind"] == "partitioned table"
    assert found[".stock.items"].metadata["primary_key"] == ["place", "sku"]
    assert found[".public.orders"].metadata["indexes"][0]["columns"] == ["EXTRACT(year FROM at)", "id"]


def test_columns_are_described_as_the_server_says(collect_database):
    _, name = collect_database(SHOP)
    assert assets()[f"prod.{name}.public.customers"].schema == [
        {"name": "id", "type": "bigint", "nullable": False, "position": 1, "primary_key": True},
        {
            "name": "name",
            "type": "character varying(80)",
            "nullable": False,
            "position": 2,
            "description": "As on the invoice",
        },
        {"name": "balance", "type": "numeric(12,2)", "nullable": True, "position": 3, "default": "0"},
        {"name": "tags", "type": "text[]", "nullable": True, "position": 4},
        {"name": "mood", "type": "public.mood", "nullable": True, "position": 5},
    ]


def test_keys_and_partitions_become_edges(collect_database):
    collect_database(SHOP)
    keys = edges("RELATED_TO")
    assert keys["orders", "customers"]["foreign_keys"][0]["columns"] == ["customer_id"]
    assert keys["orders", "items"]["foreign_keys"] == [
        {"name": "item", "columns": ["place", "sku"], "referred_columns": ["place", "sku"]}
    ]
    assert ("events", "events_2024") in edges("CONTAINS")


def test_partition_in_another_schema_belongs_to_its_table(collect_database):
    collect_database(
        """
        CREATE TABLE events (at date) PARTITION BY RANGE (at); CREATE SCHEMA old;
        CREATE TABLE old.events_2019 PARTITION OF events FOR VALUES FROM ('2019-01-01') TO ('2020-01-01');
        """
    )
    assert ("events", "events_2019") in edges("CONTAINS")


def test_row_estimates_come_rounded_once_the_server_has_them(collect_database):
    script = """
        CREATE TABLE t AS SELECT generate_series(1, 1234) AS i; ANALYZE t; CREATE TABLE unknown (i int);
        CREATE TABLE parted (i int) PARTITION BY HASH (i);
        CREATE TABLE part PARTITION OF parted FOR VALUES WITH (MODULUS 1, REMAINDER 0);
        INSERT INTO parted SELECT i FROM t; ANALYZE parted;
    """
    _, name = collect_database(script)
    assert assets()[f"prod.{name}.public.t"].metadata["row_count"] == 1200
    assert assets()[f"prod.{name}.public.parted"].metadata["row_count"] == 1200
    assert "row_count" not in assets()[f"prod.{name}.public.unknown"].metadata


ODD_NAMES = [
    'a "quoted" name',
    "it's",
    "dotted.name",
    "🦊 fox",
    "MixedCase",
    "select",
    "x" * 63,
    "表名",
    "%s :name {0}",
    "back\\slash",
]


def test_odd_names_come_through_whole(collect_database):
    def quoted(name):
        return '"' + name.replace('"', '""') + '"'

    script = "".join(
        f"CREATE SCHEMA {quoted('s ' + name[:61])}; "
        f"CREATE TABLE {quoted('s ' + name[:61])}.{quoted(name)} ({quoted(name)} int PRIMARY KEY);"
        f"CREATE VIEW {quoted('s ' + name[:61])}.{quoted('v' + name[:62])} AS "
        f"SELECT {quoted(name)} AS o FROM {quoted('s ' + name[:61])}.{quoted(name)};"
        for name in ODD_NAMES
    )
    job, _ = collect_database(script)
    assert (job.status, job.result["warnings"]) == (JobStatus.COMPLETED, [])
    assert set(ODD_NAMES) <= {asset.name for asset in assets().values() if asset.type == "TABLE"}
    lineage = edges("DEPENDS_ON")
    for name in ODD_NAMES:
        assert lineage["v" + name[:62], name] == {"column_mapping": {"o": [name]}}


FOREIGN = """
CREATE EXTENSION file_fdw;
CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
CREATE FOREIGN TABLE lines (line text, n int) SERVER files OPTIONS (filename '/dev/null', format 'csv');
COMMENT ON FOREIGN TABLE lines IS 'Lines of a file';
COMMENT ON COLUMN lines.n IS 'Counted up';
CREATE VIEW some_lines AS SELECT line AS text FROM lines WHERE n > 1;
CREATE EXTENSION postgres_fdw;
CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '127.0.0.1', port '1');
CREATE FOREIGN TABLE unreachable (id int) SERVER far;
"""


def test_foreign_tables_are_described_without_asking_their_server(collect_database):
    job, name = collect_database(FOREIGN)
    assert (job.status, job.result["warnings"]) == (JobStatus.COMPLETED, [])
    lines = assets()[f"prod.{name}.public.lines"]
    assert (lines.type, lines.metadata["kind"], lines.description) == ("TABLE", "foreign table", "Lines of a file")
    assert [(one["name"], one["type"], one.get("description")) for one in lines.schema] == [
        ("line", "text", None),
        ("n", "integer", "Counted up"),
    ]
    assert edges("DEPENDS_ON")["some_lines", "lines"] == {"column_mapping": {"text": ["line"]}}
    assert assets()[f"prod.{name}.public.unreachable"].metadata["kind"] == "foreign table"


def test_empty_database_is_a_success(collect_database):
    job, name = collect_database("")
    assert job.status == JobStatus.COMPLETED
    assert assets().keys() == {f"prod.{name}", f"prod.{name}.public"}


def test_patterns_choose_schemas_and_tables(collect_database):
    job, name = collect_database(
        SHOP + "CREATE TABLE stock.temp_1 (i int)",
        {"include_schemas": ["st*"], "exclude_tables": ["temp_*", "stock.sold"]},
    )
    assert job.status == JobStatus.COMPLETED
    assert assets().keys() == {f"prod.{name}", f"prod.{name}.stock", f"prod.{name}.stock.items"}


def test_narrower_patterns_do_not_make_the_rest_stale(collect_database, collect):
    job, _ = collect_database(SHOP)
    job = collect(job.task.data_source, {"include_schemas": ["stock"]})
    assert job.result["removed"] == 0
    assert not Asset.objects.exclude(stale_since=None).exists()
    assert edges("RELATED_TO").keys() == {("orders", "customers"), ("orders", "items")}


def test_schema_without_privilege_is_a_gap_and_the_rest_is_collected(collect_database, collect, postgresql_url):
    login = f"reader_{uuid4().hex[:8]}"
    script = SHOP + f"CREATE ROLE {login} LOGIN PASSWORD 'r'; REVOKE ALL ON SCHEMA stock FROM PUBLIC"
    try:
        job, name = collect_database(script)
        assert f"prod.{name}.stock.items" in assets()
        source = job.task.data_source
        source.config["username"] = login
        source.save()
        job = collect(source)
        assert job.status == JobStatus.COMPLETED
        assert [warning["object"] for warning in job.result["warnings"]] == [f"prod.{name}.stock"]
        assert f"GRANT USAGE ON SCHEMA stock TO {login}" in job.result["warnings"][0]["message"]
        assert not Asset.objects.exclude(stale_since=None).exists()
        assert (job.result["unchanged"], job.result["removed"]) == (8, 0)
    finally:
        with psycopg.connect(postgresql_url, autocommit=True) as server:
            server.execute(f"DROP ROLE IF EXISTS {login}")
