"""Collecting PostgreSQL: real databases, thrown away afterwards."""

import socket
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import event, text
from sqlalchemy.engine import Engine

from catalog.models import Asset, Relationship
from ingestion.connectors.base import CollectOptions, SourceError
from ingestion.connectors.postgresql import PostgreSQLConnector
from ingestion.connectors.registry import get_connector
from ingestion.models import JobStatus
from ingestion.services import sources
from ingestion.services.sources import create_data_source

pytestmark = pytest.mark.postgresql

SHOP = """
COMMENT ON SCHEMA public IS 'What customers see';
CREATE SCHEMA stock;
CREATE TYPE mood AS ENUM ('calm', 'busy');
CREATE TABLE public.customers (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name varchar(80) NOT NULL,
    balance numeric(12, 2) DEFAULT 0,
    tags text[],
    mood mood
);
COMMENT ON TABLE public.customers IS 'Who buys';
COMMENT ON COLUMN public.customers.name IS 'As on the invoice';
CREATE TABLE stock.items (sku text, place int, PRIMARY KEY (place, sku));
CREATE TABLE public.orders (
    id int PRIMARY KEY, customer_id bigint REFERENCES public.customers, place int, sku text, at date NOT NULL,
    CONSTRAINT item FOREIGN KEY (place, sku) REFERENCES stock.items (place, sku)
);
CREATE INDEX orders_by_year ON public.orders (extract(year FROM at), id);
CREATE VIEW public.sales AS
    WITH recent AS (SELECT * FROM public.orders WHERE at > '2020-01-01')
    SELECT c.name AS customer, count(*) AS orders, max(r.at) AS latest
    FROM recent r JOIN public.customers c ON c.id = r.customer_id GROUP BY c.name;
CREATE MATERIALIZED VIEW stock.sold AS SELECT sku, sum(1) AS times FROM public.orders GROUP BY sku;
CREATE TABLE public.events (id int, at date) PARTITION BY RANGE (at);
CREATE TABLE public.events_2024 PARTITION OF public.events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
"""


@pytest.fixture
def collect_database(new_database, bob_actor, collect):
    """Make a database, collect it as the source `prod`; gives (job, its name)."""

    def run(script: str, config=None, **changes):
        settings = {**new_database(script), **changes}
        source = create_data_source(actor=bob_actor, data={"name": "prod", "type": "postgresql", "config": settings})
        return collect(source, config), settings["database"]

    return run


def assets() -> dict[str, Asset]:
    return {asset.qualified_name: asset for asset in Asset.objects.filter(deleted_at=None)}


def edges(kind: str) -> dict[tuple[str, str], dict[str, Any]]:
    found = Relationship.objects.filter(type=kind).select_related("source", "target")
    return {(edge.source.name, edge.target.name): edge.metadata for edge in found}


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


def test_views_bring_lineage_to_the_column(collect_database):
    collect_database(SHOP)
    assert edges("DEPENDS_ON") == {
        ("sales", "orders"): {"column_mapping": {"latest": ["at"]}},
        ("sales", "customers"): {"column_mapping": {"customer": ["name"]}},
        ("sold", "orders"): {"column_mapping": {"sku": ["sku"]}},
    }


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


UNKNOWN_TO_THE_PARSER = """
CREATE SCHEMA far;
CREATE TABLE t (a int, doc xml, "odd (name" text, n int, unused int);
CREATE TABLE far.joined (id int, label text);
CREATE VIEW plain AS SELECT a FROM t;
CREATE VIEW odd AS
    SELECT a AS renamed, "odd (name" AS "out )name", xmlserialize(CONTENT doc AS text) AS c, label
    FROM t JOIN far.joined j ON j.id = t.n;
ALTER VIEW odd RENAME COLUMN renamed TO a;
CREATE MATERIALIZED VIEW kept AS
    WITH few AS (SELECT plain.a, doc FROM plain, t AS other WHERE other.n > 1)
    SELECT x.v, few.a FROM few, XMLTABLE('/r' PASSING doc COLUMNS v int PATH 'v') x;
CREATE VIEW either AS SELECT a FROM t WHERE xmlserialize(CONTENT doc AS text) <> '' UNION SELECT id FROM far.joined;
CREATE VIEW alone AS SELECT xmlserialize(CONTENT '<a/>'::xml AS text) AS c;
"""


def test_view_that_the_parser_does_not_know_has_the_lineage_that_the_server_keeps(collect_database):
    job, name = collect_database(UNKNOWN_TO_THE_PARSER)
    told = {one["object"].rpartition(".")[2]: one["message"] for one in job.result["warnings"]}
    assert told.keys() == {"odd", "kept", "either", "alone"}
    assert told["odd"].startswith("Its SQL cannot be read: ")
    assert told["odd"].endswith("; its lineage is what the server keeps of it")
    assert [one["name"] for one in assets()[f"prod.{name}.public.odd"].schema] == ["a", "out )name", "c", "label"]
    assert edges("DEPENDS_ON") == {
        ("plain", "t"): {"column_mapping": {"a": ["a"]}},
        ("odd", "t"): {
            "column_mapping": {"a": ["a"], "out )name": ["odd (name"]},
            "source_columns": ["a", "doc", "odd (name", "n"],
        },
        ("odd", "joined"): {"column_mapping": {"label": ["label"]}, "source_columns": ["id", "label"]},
        # The column of the CTE is a column of the view it reads.
        ("kept", "plain"): {"column_mapping": {"a": ["a"]}, "source_columns": ["a"]},
        ("kept", "t"): {"source_columns": ["doc", "n"]},
        # What a union gives is no column as it is.
        ("either", "t"): {"source_columns": ["a", "doc"]},
        ("either", "joined"): {"source_columns": ["id"]},
    }


def test_views_unknown_to_the_parser_are_asked_for_in_one_statement(new_database):
    def script(views):
        return "CREATE TABLE t (a int, doc xml);" + "".join(
            f"CREATE VIEW v{i} AS SELECT a, xmlserialize(CONTENT doc AS text) AS c FROM t;" for i in range(views)
        )

    none, one, many = (statements_of(new_database(script(views))) for views in (0, 1, 30))
    assert (one - none, many - one) == (1, 0)


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


@pytest.fixture
def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def silent_port():
    """A port that accepts and never says a word."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(8)
        yield int(server.getsockname()[1])


def failing(config, actor):
    source = create_data_source(actor=actor, data={"name": "prod", "type": "postgresql", "config": config})
    return source, sources.test_connection(actor=actor, source=source)


def test_source_that_is_down_says_so(bob_actor, closed_port, collect):
    source, result = failing({"host": "127.0.0.1", "port": closed_port, "database": "d", "password": "hush"}, bob_actor)
    assert (result.success, result.code) == (False, "CONNECTION_FAILED")
    assert result.message == f"127.0.0.1:{closed_port} refused the connection: is PostgreSQL running there?"
    job = collect(source)
    assert (job.status, job.error["code"]) == (JobStatus.FAILED, "CONNECTION_FAILED")
    source.refresh_from_db()
    assert source.status == "error"


def test_unknown_host_says_so(bob_actor):
    _, result = failing({"host": "no-such-host.invalid", "database": "d"}, bob_actor)
    assert result.message == "The host 'no-such-host.invalid' is not known: check the host"


def test_source_that_does_not_answer_ends_in_time(bob_actor, silent_port):
    _, result = failing({"host": "127.0.0.1", "port": silent_port, "database": "d", "timeout": 2}, bob_actor)
    assert (result.success, result.code) == (False, "TIMEOUT")


def test_missing_database_says_so(bob_actor, new_database):
    _, result = failing({**new_database(), "database": "no_such_database"}, bob_actor)
    assert (result.code, "no_such_database" in result.message) == ("NOT_FOUND", True)


def test_unknown_user_says_so_without_the_password(bob_actor, new_database):
    _, result = failing({**new_database(), "username": "nobody_at_all", "password": "s3cret-word"}, bob_actor)
    assert result.code == "AUTHENTICATION_FAILED"
    assert "'nobody_at_all': check user name and password" in result.message
    assert "s3cret-word" not in result.message


def test_connection_test_tells_the_version(bob_actor, new_database):
    _, result = failing(new_database(), bob_actor)
    assert result.success
    assert result.server_info == f"PostgreSQL {result.version}"


def test_nothing_can_be_written_at_the_source(new_database):
    connector = PostgreSQLConnector()
    with (
        pytest.raises(SourceError, match="read-only"),
        connector.connect({**new_database(), "timeout": 5}) as connection,
    ):
        connection.execute(text("CREATE TABLE public.t (i int)"))


class Silent:
    """An observer that hears and says nothing."""

    def check(self): ...
    def phase(self, name, total=None, *, until=90): ...
    def advance(self, count, current=""): ...
    def warn(self, message, name=""): ...
    def gap(self, parts, message): ...


def statements_of(config, batch_size=1000) -> int:
    count = 0

    def note(*args):
        nonlocal count
        count += 1

    event.listen(Engine, "before_cursor_execute", note)
    try:
        options = CollectOptions(root="r", batch_size=batch_size)
        for _ in get_connector("postgresql").collect(config, options, Silent()):
            pass
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    return count


def test_statements_on_the_source_do_not_grow_with_tables_and_views(new_database):
    def script(tables):
        return "".join(
            f"CREATE TABLE t{i} (id int PRIMARY KEY, a int); CREATE VIEW v{i} AS SELECT a FROM t{i};"
            for i in range(tables)
        )

    assert statements_of(new_database(script(2))) == statements_of(new_database(script(40)))


def test_connection_that_drops_in_the_middle_says_so(new_database, postgresql_url):
    config = new_database("CREATE TABLE a (i int); CREATE TABLE b (i int)")
    batches = get_connector("postgresql").collect(config, CollectOptions(root="r", batch_size=1), Silent())
    next(batches)
    with psycopg.connect(postgresql_url, autocommit=True) as server:
        server.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [config["database"]]
        )
    with pytest.raises(SourceError) as caught:
        list(batches)
    assert (caught.value.code, caught.value.details["retry"]) == ("CONNECTION_LOST", True)


def test_link_local_address_is_refused(bob_actor):
    _, result = failing({"host": "169.254.169.254", "database": "d"}, bob_actor)
    assert result.code == "BLOCKED"


def test_private_network_is_refused_where_the_setting_says_so(bob_actor, new_database, settings):
    settings.DENY_PRIVATE_NETWORKS = True
    _, result = failing(new_database(), bob_actor)
    assert (result.code, "DENY_PRIVATE_NETWORKS" in result.message) == ("BLOCKED", True)
