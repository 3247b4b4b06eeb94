"""SQL Server's connector at the driver's boundary: no server of it can be had here, so rows of its documented shape."""

from __future__ import annotations

from typing import Any

import pytest

from catalog.models import Asset, Relationship
from ingestion.connectors import drivers
from ingestion.models import JobStatus
from ingestion.services.sources import create_data_source
from ingestion.services.sources import test_connection as connection_test
from tests.ingestion.fake_dbapi import Answer, Server
from tests.ingestion.people import ANSWER, check_answer

pymssql = pytest.importorskip("pymssql", reason="needs requirements-connectors.txt")

VIEW = """
CREATE VIEW sales.[big orders] (id, who) AS
SELECT TOP 10 o.id, c.[full name] FROM sales.orders AS o JOIN crm.customers c ON c.id = o.customer
"""


def schema(name: str, usable: int = 1, remark: str | None = None) -> dict[str, Any]:
    login = {"quoted": f"[{name}]", "login": "reader", "quoted_login": "[reader]"}
    return {"name": name, "remark": remark, "usable": usable, **login}


def table(oid: int, parent: str, name: str, **options: Any) -> dict[str, Any]:
    plain = {"type": "U ", "remark": None, "is_external": False, "is_temporal": 0, "is_indexed": 1, "row_count": 7}
    return {"_schema": parent, "oid": oid, "name": name, **plain, "partitions": 1, **options}


def column(oid: int, name: str, type_name: str = "int", **options: Any) -> dict[str, Any]:
    plain = {"max_length": 4, "precision": 10, "scale": 0, "is_nullable": False, "remark": None}
    return {
        "oid": oid,
        "name": name,
        "type_name": type_name,
        **plain,
        "default_value": None,
        "computed": None,
        **options,
    }


def index(oid: int, name: str, column_name: str, primary: bool = False, unique: bool = False) -> dict[str, Any]:
    return {"oid": oid, "name": name, "is_primary_key": primary, "is_unique": unique, "column_name": column_name}


TABLES = [
    table(1, "sales", "orders", remark="What is sold", row_count=12_345, partitions=3),
    table(2, "sales", "big orders", type="V ", is_external=None, is_indexed=0, row_count=None, partitions=0),
    table(3, "crm", "customers"),
    table(4, "crm", "elsewhere", is_external=True, row_count=0),
    table(5, "crm", "hidden_sql", type="V ", is_external=None, is_indexed=0, row_count=None),
]


STATES = [
    {
        "_schema": row["_schema"],
        "name": row["name"],
        "estimate": row["row_count"],
        "is_fresh": 0,
        "told": "1|2026-01-02",
    }
    for row in TABLES
]


def answers() -> list[Answer]:
    started = [
        Answer("select @@version", [{"v": "Microsoft SQL Server 2022 (RTM-CU1) - 16.0.4003.1 (X64)"}]),
        Answer("sys.system_views", []),
        Answer("schema_name()", [{"name": "dbo"}]),
        Answer("CAST('test max support'", [{"v": 1}]),
        Answer("fn_listextendedproperty", [{"v": 1}]),
    ]
    return [
        *started,
        Answer("SERVERPROPERTY", [{"version": "16.0.4003.1", "edition": "Developer Edition (64-bit)"}]),
        Answer("DB_NAME()", [{"name": "erp", "remark": "The ERP"}]),
        Answer("HAS_PERMS_BY_NAME", [schema("crm"), schema("sales", remark="Sales"), schema("secret", usable=0)]),
        Answer("SELECT o.name FROM sys.objects", [{"_schema": row["_schema"], "name": row["name"]} for row in TABLES]),
        Answer("sql_expression_dependencies", STATES, by="name"),
        Answer("OUTER APPLY", TABLES, by="name"),
        Answer(
            "FROM sys.columns c LEFT JOIN sys.types",
            [
                column(1, "id", remark="Counted up"),
                column(1, "customer", is_nullable=True),
                column(1, "total", "decimal", max_length=9, precision=18, scale=2, default_value="((0))"),
                column(1, "note", "nvarchar", max_length=-1, is_nullable=True),
                column(1, "code", "nvarchar", max_length=40),
                column(1, "at", "datetime2", max_length=8, precision=27, scale=7),
                column(1, "twice", "decimal", precision=18, scale=2, computed="([total]*(2))"),
                column(2, "id"),
                column(2, "who", "varchar", max_length=80),
                column(3, "id"),
                column(3, "full name", "varchar", max_length=80),
                column(3, "secret no"),
            ],
            by="oid",
        ),
        Answer(
            "FROM sys.indexes i JOIN",
            [
                index(1, "PK_orders", "id", primary=True, unique=True),
                index(1, "by_customer", "customer"),
                index(1, "by_customer", "at"),
                index(3, "PK_customers", "id", primary=True, unique=True),
            ],
            by="oid",
        ),
        Answer("sys.sql_modules", [{"oid": 2, "definition": VIEW}, {"oid": 5, "definition": None}], by="oid"),
        Answer(
            "sys.foreign_keys",
            [
                {
                    "oid": 1,
                    "name": "FK_customer",
                    "column_name": "customer",
                    "referred_schema": "crm",
                    "referred_table": "customers",
                    "referred_column": "id",
                }
            ],
            by="oid",
        ),
    ]


@pytest.fixture
def server(monkeypatch):
    found = Server(answers())
    monkeypatch.setattr(pymssql, "connect", found.connect)
    return found


def make(actor, **config):
    given = {"host": "127.0.0.1", "database": "erp", "username": "reader", "password": "s3cret-word", **config}
    return create_data_source(actor=actor, data={"name": "ms", "type": "sqlserver", "config": given})


def test_schemas_tables_and_views_are_collected_and_a_closed_schema_is_a_gap(server, bob_actor, collect):
    job = collect(make(bob_actor))
    assert (job.status, job.error) == (JobStatus.COMPLETED, None)
    assert {name: (kind, text) for name, kind, text in named("description")} == {
        "ms.erp": ("DATABASE", "The ERP"),
        "ms.erp.crm": ("SCHEMA", ""),
        "ms.erp.sales": ("SCHEMA", "Sales"),
        "ms.erp.secret": ("SCHEMA", ""),
        "ms.erp.sales.orders": ("TABLE", "What is sold"),
        "ms.erp.sales.big orders": ("VIEW", ""),
        "ms.erp.crm.customers": ("TABLE", ""),
        "ms.erp.crm.elsewhere": ("TABLE", ""),
        "ms.erp.crm.hidden_sql": ("VIEW", ""),
    }
    assert [(one["object"], one["message"]) for one in job.result["warnings"]] == [
        (
            "ms.erp.secret",
            "The user 'reader' sees nothing in the schema 'secret'. "
            "To collect it: GRANT VIEW DEFINITION ON SCHEMA::[secret] TO [reader];",
        ),
        (
            "ms.erp.crm.hidden_sql",
            "The source does not show its SQL (a privilege may be missing): it has no lineage",
        ),
    ]
    orders = Asset.objects.get(name="orders").metadata
    assert (orders["row_count"], orders["primary_key"], orders["partitions"]) == (12_000, ["id"], 3)
    assert orders["indexes"] == [{"name": "by_customer", "unique": False, "columns": ["customer", "at"]}]
    assert Asset.objects.get(name="big orders").metadata["definition"] == VIEW
    assert Asset.objects.get(name="elsewhere").metadata["kind"] == "foreign table"


def named(field: str) -> list[tuple[str, str, str]]:
    return list(Asset.objects.values_list("qualified_name", "type", field))


def test_columns_are_written_as_in_create_table(server, bob_actor, collect):
    collect(make(bob_actor))
    columns = {one["name"]: one for one in Asset.objects.get(name="orders").schema}
    assert {name: one["type"] for name, one in columns.items()} == {
        "id": "int",
        "customer": "int",
        "total": "decimal(18,2)",
        "note": "nvarchar(max)",
        "code": "nvarchar(20)",
        "at": "datetime2(7)",
        "twice": "decimal(18,2)",
    }
    assert columns["id"]["description"] == "Counted up"
    assert columns["total"]["default"] == "((0))"
    assert columns["twice"]["default"] == "AS ([total]*(2))"


def test_keys_and_views_become_edges(server, bob_actor, collect):
    collect(make(bob_actor))
    edges = Relationship.objects.exclude(type="CONTAINS").select_related("source", "target")
    assert {(one.source.name, one.target.name): one.metadata for one in edges} == {
        ("orders", "customers"): {
            "foreign_keys": [{"name": "FK_customer", "columns": ["customer"], "referred_columns": ["id"]}]
        },
        ("big orders", "orders"): {"column_mapping": {"id": ["id"]}},
        ("big orders", "customers"): {"column_mapping": {"who": ["full name"]}},
    }


def test_patterns_choose_schemas_and_tables(server, bob_actor, collect):
    collect(make(bob_actor), {"include_schemas": ["sales"], "exclude_tables": ["big*"]})
    names = {name for name, *_ in named("name")}
    assert names == {"ms.erp", "ms.erp.sales", "ms.erp.sales.orders"}


def test_statements_do_not_grow_with_tables(server, bob_actor, collect):
    source = make(bob_actor)
    collect(source, {"include_schemas": ["crm"]})
    few = len(server.statements)
    more = [table(100 + i, "crm", f"t{i}") for i in range(50)]
    for one in server.answers:
        if one.marker in ("OUTER APPLY", "SELECT o.name FROM sys.objects"):
            one.rows = one.rows + more
    server.statements.clear()
    collect(source, {"include_schemas": ["crm"]})
    # What SQLAlchemy asks a server it meets for the first time is asked each time.
    assert len(server.statements) == few
    assert Asset.objects.filter(name="t49").exists()


def test_incremental_collection_reads_what_changed(server, bob_actor, collect, incremental):
    source = make(bob_actor)
    collect(source)
    assert incremental(source)[0] == []
    (states,) = [one for one in server.answers if one.marker == "sql_expression_dependencies"]
    altered: dict[str, dict[str, Any]] = {
        "orders": {"told": "1|2026-01-03"},
        "customers": {"estimate": 8},
        "elsewhere": {"is_fresh": 1},
    }
    states.rows = [{**row, **altered.get(row["name"], {})} for row in STATES]
    assert incremental(source)[0] == ["customers", "elsewhere", "orders"]
    # What was altered just now may be altered again at the same time: it is read until that is past.
    assert incremental(source)[0] == ["elsewhere"]


def test_connection_tells_version_and_edition(server, bob_actor):
    result = connection_test(actor=bob_actor, source=make(bob_actor))
    assert result.success, result.message
    assert (result.version, result.server_info) == (
        "16.0.4003.1",
        "SQL Server 16.0.4003.1 (Developer Edition (64-bit))",
    )
    assert (server.options["server"], server.options["login_timeout"]) == ("127.0.0.1", 10)


@pytest.mark.parametrize(
    ("said", "code", "words"),
    [
        (b"Login failed for user 'reader'.DB-Lib error message 20018", "AUTHENTICATION_FAILED", "user name and"),
        (b'Cannot open database "erp" requested by the login. The login failed.', "NOT_FOUND", "'erp'"),
        (b"The SELECT permission was denied on the object 'objects'", "PERMISSION_DENIED", "may not read"),
        (b"DB-Lib error message 20003, severity 6:\nTDS server connection timed out\n", "TIMEOUT", "10 seconds"),
    ],
)
def test_what_the_server_says_is_told_in_plain_words(said, code, words, bob_actor, monkeypatch):
    def refuse(**options: Any) -> Any:
        raise pymssql.OperationalError((20018, said + b" s3cret-word"))

    monkeypatch.setattr(pymssql, "connect", refuse)
    result = connection_test(actor=bob_actor, source=make(bob_actor))
    assert (result.success, result.code) == (False, code)
    assert words in result.message
    assert "s3cret-word" not in result.message


def test_server_that_is_down_says_so(bob_actor, unused_tcp_port):
    """The real driver, which finds nobody there."""
    result = connection_test(actor=bob_actor, source=make(bob_actor, port=unused_tcp_port, timeout=2))
    assert (result.success, result.code) == (False, "CONNECTION_FAILED")
    assert result.message.endswith("refused the connection: is SQL Server running there?")


def test_metadata_address_is_refused(bob_actor):
    result = connection_test(actor=bob_actor, source=make(bob_actor, host="169.254.169.254"))
    assert result.code == "BLOCKED"


def test_missing_driver_names_its_package(bob_actor, monkeypatch):
    def missing(name):
        raise ImportError(name)

    monkeypatch.setattr(drivers, "import_module", missing)
    result = connection_test(actor=bob_actor, source=make(bob_actor))
    assert (result.code, "'pymssql'" in result.message) == ("DRIVER_MISSING", True)


def test_tables_are_profiled_by_one_statement_each(server, bob_actor, profile):
    server.answers.append(Answer("ROW_NUMBER()", ANSWER))
    job = profile(make(bob_actor), {"include_tables": ["c*"], "exclude_columns": ["customers.secret no"]})
    assert (job.status, job.result["profiled"]) == (JobStatus.COMPLETED, 1)
    check_answer("customers", "id", "full name")
    (asked,) = [statement for statement in server.statements if "ROW_NUMBER()" in statement]
    assert "[crm].[customers]" in asked
    assert "secret no" not in asked


def test_table_that_cannot_be_profiled_is_told(server, bob_actor, profile):
    refused = pymssql.DatabaseError("The SELECT permission was denied")
    server.answers.append(Answer("ROW_NUMBER()", [{"i": 0}], error=refused))
    job = profile(make(bob_actor), {"include_tables": ["c*"]})
    assert (job.status, job.result["profiled"]) == (JobStatus.COMPLETED, 0)
    assert job.result["warnings"][-1]["message"] == "It cannot be profiled: The SELECT permission was denied"
