"""Collecting SQLite files, end to end through the queue."""

import os

import pytest
from django.db import connection

from audit.models import AuditEvent
from catalog.models import Asset, Relationship
from ingestion.models import JobStatus
from ingestion.services import sources
from ingestion.services.collections import collect_now
from ingestion.services.sources import create_data_source, ensure_self_source
from ingestion.services.worker import work_next
from tests.ingestion.conftest import run_sql


def names() -> dict[str, str]:
    return dict(Asset.objects.filter(deleted_at=None).values_list("qualified_name", "type"))


def test_file_becomes_database_tables_and_views(shop_source, collect):
    job = collect(shop_source)
    assert (job.status, job.error, job.progress, job.result["warnings"]) == (JobStatus.COMPLETED, None, 100, [])
    assert names() == {
        "shop.shop": "DATABASE",
        "shop.shop.customers": "TABLE",
        "shop.shop.orders": "TABLE",
        "shop.shop.spending": "VIEW",
    }
    assert job.result["created"] == 4
    assert job.result["warnings"] == []


def test_columns_come_with_types_keys_and_defaults(shop_source, collect):
    collect(shop_source)
    customers = Asset.objects.get(qualified_name="shop.shop.customers")
    assert customers.schema == [
        {"name": "id", "type": "INTEGER", "nullable": False, "position": 1, "primary_key": True},
        {"name": "name", "type": "TEXT", "nullable": False, "position": 2},
        {"name": "email", "type": "TEXT", "nullable": True, "position": 3, "default": "'none'"},
    ]
    orders = Asset.objects.get(qualified_name="shop.shop.orders")
    assert orders.metadata["indexes"] == [{"name": "orders_by_customer", "unique": False, "columns": ["customer_id"]}]


def test_edges_are_containment_keys_and_lineage(shop_source, collect):
    collect(shop_source)
    edges = {
        (edge.source.name, edge.type, edge.target.name): edge.metadata
        for edge in Relationship.objects.select_related("source", "target")
    }
    assert edges.keys() == {
        ("shop", "CONTAINS", "customers"),
        ("shop", "CONTAINS", "orders"),
        ("shop", "CONTAINS", "spending"),
        ("orders", "RELATED_TO", "customers"),
        ("spending", "DEPENDS_ON", "customers"),
        ("spending", "DEPENDS_ON", "orders"),
    }
    assert edges["orders", "RELATED_TO", "customers"] == {
        "foreign_keys": [{"name": "", "columns": ["customer_id"], "referred_columns": ["id"]}]
    }
    assert edges["spending", "DEPENDS_ON", "customers"] == {"column_mapping": {"customer": ["name"]}}
    assert edges["spending", "DEPENDS_ON", "orders"] == {"column_mapping": {"spent": ["total"]}}


def test_second_run_changes_nothing(shop_source, collect):
    collect(shop_source)
    versions = dict(Asset.objects.values_list("qualified_name", "version"))
    job = collect(shop_source)
    assert (job.result["created"], job.result["updated"], job.result["unchanged"]) == (0, 0, 4)
    assert job.result["relationships"] == {"created": 0, "updated": 0, "unchanged": 6, "removed": 0}
    assert dict(Asset.objects.values_list("qualified_name", "version")) == versions


def test_changes_at_the_source_are_counted(shop, shop_source, collect):
    collect(shop_source)
    run_sql(shop, "ALTER TABLE orders ADD COLUMN note TEXT; CREATE TABLE returns (id INTEGER); DROP VIEW spending;")
    job = collect(shop_source)
    assert (job.result["created"], job.result["updated"], job.result["removed"]) == (1, 1, 1)
    assert Asset.objects.get(qualified_name="shop.shop.spending").stale_since is not None


def test_what_a_table_no_longer_has_is_taken_from_its_asset(shop, shop_source, collect):
    collect(shop_source)
    assert Asset.objects.get(name="orders").metadata["indexes"]
    run_sql(shop, "DROP INDEX orders_by_customer")
    collect(shop_source)
    assert "indexes" not in Asset.objects.get(name="orders").metadata


def test_what_a_person_wrote_survives_a_collection(shop_source, collect, bob):
    collect(shop_source)
    asset = Asset.objects.get(qualified_name="shop.shop.orders")
    Asset.objects.filter(pk=asset.pk).update(description="Every sale.", curated=["description"])
    collect(shop_source)
    asset.refresh_from_db()
    assert asset.description == "Every sale."


def test_odd_names_are_collected(import_dir, bob_actor, collect):
    run_sql(
        import_dir / "odd.db",
        """
        CREATE TABLE "a ""quoted"" one" ("x.y" INTEGER, "select" TEXT);
        CREATE TABLE "dotted.name" (id INTEGER);
        CREATE TABLE "🦊" ("ключ" INTEGER);
        CREATE TABLE "table" (id INTEGER);
        CREATE TABLE "MixedCase" (Id INTEGER);
        CREATE VIEW "a view" AS SELECT "x.y" AS "out put", mixedcase.ID FROM "a ""quoted"" one", mixedcase, "🦊";
        """,
    )
    source = create_data_source(
        actor=bob_actor, data={"name": "o.dd", "type": "sqlite", "config": {"database": "odd.db"}}
    )
    job = collect(source)
    assert job.status == JobStatus.COMPLETED
    assert job.result["warnings"] == []
    assert names().keys() == {
        '"o.dd".odd',
        '"o.dd".odd."a ""quoted"" one"',
        '"o.dd".odd."dotted.name"',
        '"o.dd".odd.🦊',
        '"o.dd".odd.table',
        '"o.dd".odd.MixedCase',
        '"o.dd".odd.a view',
    }
    edges = Relationship.objects.filter(type="DEPENDS_ON").select_related("target")
    assert {edge.target.name: edge.metadata for edge in edges} == {
        'a "quoted" one': {"column_mapping": {"out put": ["x.y"]}},
        "MixedCase": {"column_mapping": {"Id": ["Id"]}},
        "🦊": {},
    }


def test_view_that_is_broken_or_cannot_be_parsed_is_reported_and_the_rest_goes_on(shop, shop_source, collect):
    run_sql(
        shop,
        """
        CREATE TABLE gone (id INTEGER); CREATE VIEW broken AS SELECT id FROM gone; DROP TABLE gone;
        """,
    )
    job = collect(shop_source)
    assert job.status == JobStatus.COMPLETED
    assert [warning["object"] for warning in job.result["warnings"]] == ["shop.shop.broken"]
    assert "gone" in job.result["warnings"][0]["message"]
    assert names()["shop.shop.spending"] == "VIEW"
    assert Relationship.objects.filter(type="DEPENDS_ON").count() == 2


def test_empty_database_is_a_success(import_dir, bob_actor, collect):
    run_sql(import_dir / "empty.db", "VACUUM")
    source = create_data_source(
        actor=bob_actor, data={"name": "empty", "type": "sqlite", "config": {"database": "empty.db"}}
    )
    job = collect(source)
    assert job.status == JobStatus.COMPLETED
    assert names() == {"empty.empty": "DATABASE"}


@pytest.mark.parametrize(
    ("database", "says"),
    [
        ("../outside.db", "not below the import folder"),
        ("/etc/passwd", "not below the import folder"),
        ("missing.db", "no file 'missing.db'"),
        ("text.db", "not a SQLite database"),
        ("x" * 900, "There is no file 'xxx"),
        ("circle", "no file 'circle'"),
    ],
)
def test_file_that_cannot_be_read_is_a_clear_failure(import_dir, bob_actor, collect, database, says):
    (import_dir / "circle").symlink_to("circle")
    (import_dir / "text.db").write_text("hello, I am no database" * 100)
    run_sql(import_dir.parent / "outside.db", "CREATE TABLE secret (id INTEGER)")
    source = create_data_source(
        actor=bob_actor, data={"name": "bad", "type": "sqlite", "config": {"database": database}}
    )
    result = sources.test_connection(actor=bob_actor, source=source)
    assert not result.success
    assert says in result.message
    job = collect(source)
    assert job.status == JobStatus.FAILED
    assert says in job.error["message"]
    source.refresh_from_db()
    assert source.status == "error"
    assert says in source.status_message
    assert not Asset.objects.exists()


def test_symbolic_link_out_of_the_import_folder_is_refused(import_dir, bob_actor):
    run_sql(import_dir.parent / "outside.db", "CREATE TABLE secret (id INTEGER)")
    os.symlink(import_dir.parent / "outside.db", import_dir / "link.db")
    source = create_data_source(
        actor=bob_actor, data={"name": "link", "type": "sqlite", "config": {"database": "link.db"}}
    )
    assert not sources.test_connection(actor=bob_actor, source=source).success


def test_connection_test_tells_version_and_latency(shop_source, bob_actor):
    result = sources.test_connection(actor=bob_actor, source=shop_source)
    assert result.success
    assert result.version.startswith("3.")
    assert result.latency_ms >= 0
    shop_source.refresh_from_db()
    assert shop_source.server_version == result.version


@pytest.mark.django_db(transaction=True)
def test_application_catalogs_its_own_database(acme, alice_actor):
    source = ensure_self_source(acme, actor=alice_actor)
    assert ensure_self_source(acme, actor=alice_actor).pk == source.pk
    assert source.type == source.origin.type == ("postgresql" if connection.vendor == "postgresql" else "sqlite")
    job = collect_now(actor=alice_actor, source=source)
    work_next()
    job.refresh_from_db()
    assert (job.status, job.error) == (JobStatus.COMPLETED, None)
    asset = Asset.objects.get(qualified_name__endswith=".ingestion_job", qualified_name__startswith="cartulary.")
    assert {"id", "status", "lease_until"} <= {column["name"] for column in asset.schema}


@pytest.mark.django_db
def test_own_database_on_another_engine_than_before_is_of_that_type(acme, alice_actor, monkeypatch):
    monkeypatch.setattr(sources, "own_type", lambda: "postgresql")
    before = ensure_self_source(acme, actor=alice_actor)
    monkeypatch.setattr(sources, "own_type", lambda: "sqlite")
    after = ensure_self_source(acme, actor=alice_actor)
    after.refresh_from_db()
    assert (after.pk, after.type, after.origin.type) == (before.pk, "sqlite", "sqlite")
    event = AuditEvent.objects.filter(entity_id=after.pk).latest("timestamp")
    assert event.before_state is not None
    assert (event.action, event.before_state["type"]) == ("UPDATE", "postgresql")


def test_file_is_only_read(shop, shop_source, collect):
    before = shop.read_bytes()
    collect(shop_source)
    assert shop.read_bytes() == before
