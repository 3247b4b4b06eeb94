"""Oracle's connector at the driver's boundary: no server of it can be had here, so rows of its documented shape."""

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

oracledb = pytest.importorskip("oracledb", reason="needs requirements-connectors.txt")


def user(name: str, visible: int = 1) -> dict[str, Any]:
    return {"name": name, "visible": visible, "sees_all": 0, "login": "READER"}


def table(name: str, **options: Any) -> dict[str, Any]:
    plain = {"num_rows": 7, "partitioned": "NO", "temporary": "N", "remark": None, "is_materialized": 0}
    return {"_schema": "SALES", "name": name, **plain, "is_external": 0, **options}


def column(parent: str, name: str, data_type: str = "NUMBER", **options: Any) -> dict[str, Any]:
    plain = {"data_length": 22, "char_length": 0, "char_used": None, "data_precision": None, "data_scale": None}
    return {
        "parent": parent,
        "name": name,
        "data_type": data_type,
        **plain,
        "nullable": "Y",
        "data_default": None,
        "remark": None,
        **options,
    }


def key(parent: str, name: str, kind: str, own: str, referred: tuple[str, str] | None = None) -> dict[str, Any]:
    schema, target, other = ("SALES", *referred) if referred else (None, None, None)
    far = {"referred_schema": schema, "referred_table": target, "referred_column": other}
    return {"parent": parent, "name": name, "kind": kind, "column_name": own, **far}


def index(name: str, own: str, unique: int = 0, expression: str | None = None) -> dict[str, Any]:
    row = {"parent": "ORDERS", "name": name, "is_unique": unique, "column_name": own}
    return {**row, "column_expression": expression}


TABLES = [
    table("ORDERS", num_rows=12_345, partitioned="YES", remark="What is sold"),
    table("CUSTOMERS", num_rows=None),
    table("FILES", is_external=1),
    table("DAILY", is_materialized=1, remark="snapshot table for snapshot SALES.DAILY"),
    table("temp_x"),
]


STATES = [
    {"_schema": "SALES", "name": name, "estimate": rows, "is_fresh": 0, "told": "1|20260102030405"}
    for name, rows in [("BIG", None), *((row["name"], row["num_rows"]) for row in TABLES)]
]


def answers() -> list[Answer]:
    names = [{"_schema": "SALES", "name": name} for name in ("BIG", *(row["name"] for row in TABLES))]
    return [
        Answer("product_component_version", [{"product": "Oracle Database 19c Enterprise ", "version": "19.0.0.0.0"}]),
        Answer("SELECT 1.1 FROM DUAL", [{"value": "1.1"}]),
        Answer("current_schema", [{"name": "READER"}]),
        Answer("CON_NAME", [{"name": "ERP"}]),
        Answer("FROM all_users", [user("SALES"), user("SECRET", visible=0)]),
        Answer("UNION SELECT v.view_name", names),
        Answer("all_dependencies", STATES, by="name"),
        Answer("FROM all_all_tables t LEFT JOIN", TABLES, by="name"),
        Answer("FROM all_views v LEFT JOIN", [{"_schema": "SALES", "name": "BIG", "remark": "Large ones"}], by="name"),
        Answer(
            "FROM all_tab_cols",
            [
                column("BIG", "ID"),
                column("BIG", "WHO", "VARCHAR2", char_length=80, char_used="B"),
                column("CUSTOMERS", "ID", nullable="N"),
                column("CUSTOMERS", "Full Name", "NVARCHAR2", data_length=160, char_length=80, char_used="C"),
                column("CUSTOMERS", "SECRET_NO"),
                column("CUSTOMERS", "OLD", "LONG"),
                column("DAILY", "DAY", "DATE"),
                column("DAILY", "SPENT"),
                column("ORDERS", "ID", data_precision=10, data_scale=0, nullable="N", remark="Counted up"),
                column("ORDERS", "CUSTOMER", data_scale=0),
                column("ORDERS", "TOTAL", data_precision=18, data_scale=2, data_default="0 \n"),
                column("ORDERS", "NOTE", "VARCHAR2", char_length=20, char_used="C"),
                column("ORDERS", "AT", "TIMESTAMP(6)", data_scale=6),
                column("ORDERS", "TOKEN", "RAW", data_length=16),
                column("ORDERS", "SHARE", "FLOAT", data_precision=126),
            ],
            by="parent",
        ),
        Answer(
            "FROM all_constraints k JOIN",
            [
                key("CUSTOMERS", "PK_C", "P", "ID"),
                key("ORDERS", "FK_C", "R", "CUSTOMER", ("CUSTOMERS", "ID")),
                key("ORDERS", "FK_UNSEEN", "R", "TOKEN"),
                key("ORDERS", "PK_O", "P", "ID"),
            ],
            by="parent",
        ),
        Answer(
            "FROM all_indexes",
            [
                index("BY_C", "CUSTOMER"),
                index("BY_C", "AT"),
                index("BY_NOTE", "SYS_NC00012$", expression='LOWER("NOTE")'),
                index("BY_NOTE", "SYS_NC00013$", expression='"TOTAL"'),
                index("ONCE", "TOKEN", 1),
            ],
            by="parent",
        ),
        Answer(
            "text AS definition",
            [
                {
                    "parent": "BIG",
                    "definition": 'select o.id, c."Full Name" as who from orders o, customers c where c.id = customer',
                }
            ],
            by="parent",
        ),
        Answer(
            "query AS definition",
            [
                {
                    "parent": "DAILY",
                    "definition": "SELECT TRUNC(at) AS day, SUM(total) AS spent FROM sales.orders GROUP BY TRUNC(at)",
                }
            ],
            by="parent",
        ),
    ]


@pytest.fixture
def server(monkeypatch):
    found = Server(answers(), upper=True)
    monkeypatch.setattr(oracledb, "connect", found.connect)
    return found


def make(actor, **config):
    given = {"host": "127.0.0.1", "database": "erp.example", "username": "reader", "password": "s3cret-word", **config}
    return create_data_source(actor=actor, data={"name": "ora", "type": "oracle", "config": given})


@pytest.fixture
def job(server, bob_actor, collect):
    return collect(make(bob_actor), {"exclude_tables": ["temp_*"]})


def test_schemas_tables_and_views_are_collected_and_a_closed_schema_is_a_gap(job):
    assert (job.status, job.error) == (JobStatus.COMPLETED, None)
    found = {asset.qualified_name: asset for asset in Asset.objects.all()}
    assert {name: asset.type for name, asset in found.items()} == {
        "ora.ERP": "DATABASE",
        "ora.ERP.SALES": "SCHEMA",
        "ora.ERP.SECRET": "SCHEMA",
        "ora.ERP.SALES.BIG": "VIEW",
        "ora.ERP.SALES.CUSTOMERS": "TABLE",
        "ora.ERP.SALES.DAILY": "VIEW",
        "ora.ERP.SALES.FILES": "TABLE",
        "ora.ERP.SALES.ORDERS": "TABLE",
    }
    (gap,) = job.result["warnings"]
    assert gap["object"] == "ora.ERP.SECRET"
    assert gap["message"].startswith("The user 'READER' sees nothing in the schema 'SECRET': it is empty, or")
    orders = found["ora.ERP.SALES.ORDERS"]
    assert orders.description == "What is sold"
    assert orders.metadata["row_count"] == 12_000
    assert (orders.metadata["kind"], orders.metadata["primary_key"]) == ("partitioned table", ["ID"])
    assert orders.metadata["indexes"] == [
        {"name": "BY_C", "unique": False, "columns": ["CUSTOMER", "AT"]},
        {"name": "BY_NOTE", "unique": False, "columns": ['LOWER("NOTE")', "TOTAL"]},
        {"name": "ONCE", "unique": True, "columns": ["TOKEN"]},
    ]
    assert found["ora.ERP.SALES.BIG"].description == "Large ones"
    assert found["ora.ERP.SALES.DAILY"].metadata["kind"] == "materialized view"
    assert found["ora.ERP.SALES.FILES"].metadata["kind"] == "foreign table"


def test_columns_are_written_as_in_create_table(job):
    columns = {one["name"]: one for one in Asset.objects.get(name="ORDERS").schema}
    assert {name: one["type"] for name, one in columns.items()} == {
        "ID": "NUMBER(10)",
        "CUSTOMER": "NUMBER(*,0)",
        "TOTAL": "NUMBER(18,2)",
        "NOTE": "VARCHAR2(20 CHAR)",
        "AT": "TIMESTAMP(6)",
        "TOKEN": "RAW(16)",
        "SHARE": "FLOAT(126)",
    }
    assert (columns["ID"]["nullable"], columns["ID"]["description"]) == (False, "Counted up")
    assert columns["TOTAL"]["default"] == "0"
    assert [one["type"] for one in Asset.objects.get(name="CUSTOMERS").schema][:2] == ["NUMBER", "NVARCHAR2(80)"]


def test_views_keep_their_sql(job):
    assert "from orders o" in Asset.objects.get(name="BIG").metadata["definition"]
    assert "sales.orders" in Asset.objects.get(name="DAILY").metadata["definition"]


def test_keys_and_views_become_edges(job):
    edges = Relationship.objects.exclude(type="CONTAINS").select_related("source", "target")
    assert {(one.source.name, one.target.name): one.metadata for one in edges} == {
        ("ORDERS", "CUSTOMERS"): {
            "foreign_keys": [{"name": "FK_C", "columns": ["CUSTOMER"], "referred_columns": ["ID"]}]
        },
        ("BIG", "ORDERS"): {"column_mapping": {"ID": ["ID"]}},
        ("BIG", "CUSTOMERS"): {"column_mapping": {"WHO": ["Full Name"]}},
        ("DAILY", "ORDERS"): {"column_mapping": {"DAY": ["AT"], "SPENT": ["TOTAL"]}},
    }


def test_statements_do_not_grow_with_tables(server, bob_actor, collect):
    source = make(bob_actor)
    collect(source)
    few = len(server.statements)
    for one in server.answers:
        if one.marker.startswith(("UNION", "FROM all_all_tables")):
            one.rows = one.rows + [table(f"T{i}") for i in range(50)]
    server.statements.clear()
    collect(source)
    assert len(server.statements) == few
    assert Asset.objects.filter(name="T49").exists()


def test_incremental_collection_reads_what_changed(server, bob_actor, collect, incremental):
    source = make(bob_actor)
    collect(source)
    assert incremental(source)[0] == []
    (states,) = [one for one in server.answers if one.marker == "all_dependencies"]
    altered: dict[str, dict[str, Any]] = {
        "ORDERS": {"told": "1|20260102030406"},
        "CUSTOMERS": {"estimate": 8},
        "FILES": {"is_fresh": 1},
    }
    states.rows = [{**row, **altered.get(row["name"], {})} for row in STATES]
    assert incremental(source)[0] == ["CUSTOMERS", "FILES", "ORDERS"]
    # What was altered just now may be altered again in the same second: it is read until that is past.
    assert incremental(source)[0] == ["FILES"]


def test_connection_tells_the_version(server, bob_actor):
    result = connection_test(actor=bob_actor, source=make(bob_actor))
    assert result.success, result.message
    assert (result.version, result.server_info) == ("19.0.0.0.0", "Oracle Database 19c Enterprise 19.0.0.0.0")
    assert (server.options["host"], server.options["service_name"]) == ("127.0.0.1", "erp.example")


@pytest.mark.parametrize(
    ("said", "code", "words"),
    [
        ("ORA-01017: invalid credential or not authorized; logon denied", "AUTHENTICATION_FAILED", "user name and"),
        ("ORA-28000: The account is locked.", "AUTHENTICATION_FAILED", "'reader' is locked"),
        ("ORA-01045: login denied", "PERMISSION_DENIED", "GRANT CREATE SESSION TO reader"),
        ('DPY-6001: Service "x" is not registered with the listener', "NOT_FOUND", "knows no service 'erp.example'"),
        ("ORA-00942: table or view does not exist", "PERMISSION_DENIED", "may not read the catalog"),
        ("DPY-4024: call timeout of 1000 ms exceeded", "TIMEOUT", "within 10 seconds"),
        ("DPY-4011: the database or network closed the connection", "CONNECTION_LOST", "closed the connection"),
    ],
)
def test_what_the_server_says_is_told_in_plain_words(said, code, words, bob_actor, monkeypatch):
    def refuse(**options: Any) -> Any:
        raise oracledb.DatabaseError(f"{said} s3cret-word")

    monkeypatch.setattr(oracledb, "connect", refuse)
    result = connection_test(actor=bob_actor, source=make(bob_actor))
    assert (result.success, result.code) == (False, code)
    assert words in result.message
    assert "s3cret-word" not in result.message


def test_server_that_is_down_says_so(bob_actor, unused_tcp_port):
    """The real driver, which finds nobody there."""
    result = connection_test(actor=bob_actor, source=make(bob_actor, port=unused_tcp_port, timeout=2))
    assert (result.success, result.code) == (False, "CONNECTION_FAILED")
    assert result.message.endswith("cannot be connected to: is Oracle running there?")


def test_server_that_says_nothing_is_given_up(bob_actor, collect, silent_port):
    job = collect(make(bob_actor, port=silent_port, timeout=1), {"retry_count": 0})
    assert (job.status, job.error["code"]) == (JobStatus.FAILED, "TIMEOUT")


def test_metadata_address_is_refused(bob_actor):
    result = connection_test(actor=bob_actor, source=make(bob_actor, host="169.254.169.254"))
    assert result.code == "BLOCKED"


def test_missing_driver_names_its_package(bob_actor, monkeypatch):
    def missing(name):
        raise ImportError(name)

    monkeypatch.setattr(drivers, "import_module", missing)
    result = connection_test(actor=bob_actor, source=make(bob_actor))
    assert (result.code, "'oracledb'" in result.message) == ("DRIVER_MISSING", True)


def test_tables_are_profiled_by_one_statement_each(server, bob_actor, profile):
    server.answers.append(Answer("ROW_NUMBER()", ANSWER))
    job = profile(make(bob_actor), {"include_tables": ["[CF]*S"], "exclude_columns": ["CUSTOMERS.SECRET_NO"]})
    assert (job.status, job.result["profiled"]) == (JobStatus.COMPLETED, 1)
    check_answer("CUSTOMERS", "ID", "Full Name")
    (asked,) = [statement for statement in server.statements if "ROW_NUMBER()" in statement]
    assert '"SALES"."CUSTOMERS"' in asked
    assert "SECRET_NO" not in asked
    assert '"OLD"' not in asked  # a LONG can be selected, and nothing else


def test_table_that_cannot_be_profiled_is_told(server, bob_actor, profile):
    refused = oracledb.DatabaseError("ORA-01031: insufficient privileges")
    server.answers.append(Answer("ROW_NUMBER()", [{"i": 0}], error=refused))
    job = profile(make(bob_actor), {"include_tables": ["[CF]*S"]})
    assert (job.status, job.result["profiled"]) == (JobStatus.COMPLETED, 0)
    assert job.result["warnings"][-1]["message"] == "It cannot be profiled: ORA-01031: insufficient privileges"
