"""Datasets: what they are called, which asset they are, what is said of them."""

import pytest

from audit.models import AuditEvent
from catalog.models import Asset, Origin, Relationship
from catalog.services import create_asset, update_asset
from ingestion.models import DataSource
from ingestion.services.sources import create_data_source
from tests.ingestion.openlineage.conftest import dataset, edges, event, facet, living, run_event

SCHEMA = facet(
    fields=[
        {"name": "id", "type": "bigint", "ordinal_position": 1},
        {"name": "address", "type": "struct", "description": "Where", "fields": [{"name": "city", "type": "text"}]},
    ]
)


@pytest.mark.parametrize(
    ("namespace", "name", "qualified_name", "kind"),
    [
        ("mysql://db.example.com:3306", "shop.users", '"mysql://db.example.com:3306".shop.users', "TABLE"),
        ("postgres://db:5432", "shop.public.odd.name", "postgres://db:5432.shop.public.odd.name", "TABLE"),
        ("bigquery", "project.set.table", "bigquery.project.set.table", "TABLE"),
        ("s3://lake", "raw/users.parquet", 's3://lake."raw/users.parquet"', "DATASET"),
        ("file", "/srv/data.csv", 'file."/srv/data.csv"', "DATASET"),
        ("kafka://broker:9092", "clicks.v1", 'kafka://broker:9092."clicks.v1"', "TOPIC"),
        ("food_delivery", "public.orders", "food_delivery.public.orders", "DATASET"),
        ("food_delivery", "orders", "food_delivery.datasets.orders", "DATASET"),
        ("postgres://db:not-a-port", "a.b", 'postgres://db:not-a-port."a.b"', "DATASET"),
    ],
)
def test_names(send, namespace, name, qualified_name, kind):
    answer = send(event(dataset=dataset(name, namespace)))
    assert answer["fullyQualifiedName"] == qualified_name
    assert answer["run"] is None
    assert living() == {qualified_name: kind}


def test_job_and_dataset_of_one_name_are_two(send):
    send(run_event(job="orders", outputs=[dataset("orders", "airflow")]))
    assert living() == {"airflow.orders": "PIPELINE", "airflow.datasets.orders": "DATASET"}


@pytest.fixture
def source(bob_actor) -> DataSource:
    config = {"host": "127.0.0.1", "port": 5432, "database": "shop", "username": "x"}
    return create_data_source(actor=bob_actor, data={"name": "prod", "type": "postgresql", "config": config})


@pytest.mark.parametrize("namespace", ["postgres://127.0.0.1:5432", "postgresql://LOCALHOST", "prod"])
def test_dataset_of_a_data_source_is_its_asset(send, source, namespace):
    send(event(dataset=dataset("shop.public.users", namespace)))
    asset = Asset.objects.get()
    assert asset.qualified_name == "prod.shop.public.users"
    assert (asset.type, asset.origin_id) == ("TABLE", source.pk)


def test_symlink_leads_to_a_data_source(send, source):
    names = [{"namespace": "postgres://127.0.0.1:5432", "name": "shop.public.users", "type": "TABLE"}]
    send(event(dataset=dataset("raw/users", "s3://lake", symlinks=facet(identifiers=names))))
    assert living() == {"prod.shop.public.users": "TABLE"}


def test_other_databases_and_other_organizations_sources_are_not_met(send, source, charlie):
    send(event(dataset=dataset("crm.public.users", "postgres://127.0.0.1:5432")))
    send(event(dataset=dataset("shop.public.users", "postgres://127.0.0.1:5432")), client=charlie)
    assert set(living()) == {
        '"postgres://127.0.0.1:5432".crm.public.users',
        '"postgres://127.0.0.1:5432".shop.public.users',
    }


def test_facets_describe_a_dataset(send):
    tags = facet(
        tags=[
            {"key": "pii", "value": "true"},
            {"key": "zone", "value": "raw"},
            {"key": "geo", "value": "true", "field": "address.city"},
        ]
    )
    said = {
        "documentation": facet(description="All **users**"),
        "schema": SCHEMA,
        "tags": tags,
        "datasetType": facet(datasetType="VIEW"),
        "ownership": facet(owners=[{"name": "team:data", "type": "MAINTAINER"}]),
        "my_own": facet(anything={"goes": [1]}),
    }
    send(event(dataset=dataset("public.users", **said)))
    asset = Asset.objects.get()
    assert (asset.type, asset.name, asset.description) == ("VIEW", "users", "All **users**")
    assert asset.schema[1]["children"] == [{"name": "city", "type": "text", "position": 1, "tags": ["geo"]}]
    assert asset.schema[0] == {"name": "id", "type": "bigint", "position": 1}
    assert sorted(asset.tags.values_list("name", flat=True)) == ["pii", "zone:raw"]
    assert asset.metadata["openlineage"] == {
        "namespace": "warehouse",
        "name": "public.users",
        "dataset_type": "VIEW",
        "owners": [{"name": "team:data", "type": "MAINTAINER"}],
    }
    assert [origin.name for origin in Origin.objects.all()] == ["OpenLineage"]


def test_facets_come_in_pieces(send):
    send(run_event("START", at=1, job_facets={"sql": facet(query="SELECT 1")}))
    send(run_event("COMPLETE", at=2, job_facets={"documentation": facet(description="Loads")}))
    pipeline = Asset.objects.get()
    assert (pipeline.description, pipeline.metadata["openlineage"]["sql"]) == ("Loads", "SELECT 1")


def test_older_event_describes_no_more(send, send_all):
    def described(minute, words):
        return event(at=minute, dataset=dataset("public.users", documentation=facet(description=words)))

    send(described(5, "newer"))
    version = Asset.objects.get().version
    send(described(4, "older"))
    assert (Asset.objects.get().description, Asset.objects.get().version) == ("newer", version)
    send_all([described(9, "newest"), described(7, "between")])
    assert Asset.objects.get().description == "newest"


def test_deleted_facet_takes_away(send):
    send(event(at=1, dataset=dataset("public.users", documentation=facet(description="x"), schema=SCHEMA)))
    gone = {"documentation": facet(_deleted=True), "schema": facet(_deleted=True)}
    send(event(at=2, dataset=dataset("public.users", **gone)))
    asset = Asset.objects.get()
    assert (asset.description, asset.schema) == ("", [])


def test_what_a_person_wrote_stays(send, bob_actor):
    send(event(at=1, dataset=dataset("public.users", documentation=facet(description="machine"))))
    update_asset(actor=bob_actor, asset=Asset.objects.get(), changes={"description": "person"})
    send(event(at=2, dataset=dataset("public.users", documentation=facet(description="machine again"), schema=SCHEMA)))
    asset = Asset.objects.get()
    assert asset.description == "person"
    assert len(asset.schema) == 2


def test_collected_asset_is_only_filled(send, source, bob_actor):
    made = create_asset(
        actor=bob_actor,
        data={"type": "VIEW", "name": "users", "qualified_name": "prod.shop.public.users", "description": "collected"},
    )
    Asset.objects.filter(pk=made.pk).update(origin=source.origin)
    said = {"documentation": facet(description="told"), "schema": SCHEMA, "datasetType": facet(datasetType="TABLE")}
    for minute in (1, 2):
        send(event(at=minute, dataset=dataset("shop.public.users", "postgres://127.0.0.1:5432", **said)))
        asset = Asset.objects.get()
        assert (asset.type, asset.description, len(asset.schema)) == ("VIEW", "collected", 2)
        assert (asset.origin_id, asset.version) == (source.pk, 2)
        said["schema"] = facet(fields=[{"name": "other"}])


def test_lineage_runs_through_the_pipeline(send, bob):
    send(run_event(inputs=[dataset("public.orders"), dataset("public.users")], outputs=[dataset("public.spending")]))
    pipeline = 'airflow."daily.load"'
    assert edges() == {
        (pipeline, "USES", "warehouse.public.orders"),
        (pipeline, "USES", "warehouse.public.users"),
        (pipeline, "PRODUCES", "warehouse.public.spending"),
    }
    made = Asset.objects.get(name="spending")
    walked = bob.get(f"/v1/assets/{made.pk}/lineage?direction=upstream").json()["upstream"]
    assert [(step["asset"]["name"], step["depth"]) for step in walked] == [
        ("daily.load", 1),
        ("orders", 2),
        ("users", 2),
    ]


def test_edges_that_are_there_are_left_as_they_are(send, bob_actor):
    send(run_event(inputs=[dataset("public.orders")]))
    Relationship.objects.update(metadata={"note": "by hand"})
    send(run_event(at=1, inputs=[dataset("public.orders")]))
    assert Relationship.objects.get().metadata == {"note": "by hand"}


def lineage(**columns):
    fields = {
        column: {
            "inputFields": [{"namespace": "warehouse", "name": "public.orders", "field": each} for each in sources]
        }
        for column, sources in columns.items()
    }
    return dataset("public.spending", columnLineage=facet(fields=fields))


def column_edge():
    return Relationship.objects.get(type="DEPENDS_ON").metadata


def test_column_lineage_is_a_column_mapping(send, bob):
    send(
        run_event(
            inputs=[dataset("public.orders")], outputs=[lineage(spent=["total", "tax"], customer=["customer_id"])]
        )
    )
    assert column_edge()["column_mapping"] == {"customer": ["customer_id"], "spent": ["tax", "total"]}
    made = Asset.objects.get(name="spending")
    [step] = bob.get(f"/v1/assets/{made.pk}/lineage?column=spent&direction=upstream").json()["upstream"]
    assert (step["asset"]["name"], step["columns"]) == ("orders", {"spent": ["tax", "total"]})


def test_columns_that_only_filter_make_no_column(send):
    made = lineage(spent=["total"])
    made["facets"]["columnLineage"]["fields"]["spent"]["inputFields"].append(
        {
            "namespace": "warehouse",
            "name": "public.users",
            "field": "is_active",
            "transformations": [{"type": "INDIRECT", "subtype": "FILTER"}],
        }
    )
    send(run_event(outputs=[made]))
    found = dict(
        Relationship.objects.filter(type="DEPENDS_ON").values_list("target__qualified_name", "metadata__column_mapping")
    )
    assert found == {"warehouse.public.orders": {"spent": ["total"]}, "warehouse.public.users": None}


def test_pipelines_do_not_undo_each_others_mappings(send):
    send(run_event(at=3, job="a", outputs=[lineage(spent=["total"])]))
    send(run_event(at=1, job="b", outputs=[lineage(spent=["tax"], day=["created"])]))
    assert column_edge()["column_mapping"] == {"day": ["created"], "spent": ["tax", "total"]}
    send(run_event(at=5, job="b", outputs=[lineage(day=["created"])]))
    send(run_event(at=4, job="b", outputs=[lineage(spent=["tax"])]))  # late
    assert column_edge()["column_mapping"] == {"day": ["created"], "spent": ["total"]}


def test_job_event_relates_without_a_run(send):
    send(
        event(
            job={"namespace": "airflow", "name": "load"},
            inputs=[dataset("public.orders")],
            outputs=[dataset("public.spending")],
        )
    )
    assert len(edges()) == 2


def test_a_batch_of_runs_costs_as_many_statements_as_one(send_all, django_assert_max_num_queries):
    def batch(first, count):
        return [
            run_event(
                run=f"0190d6f1-0000-7000-8000-{number:012}",
                job=f"job{number}",
                inputs=[dataset(f"in{number}.t", schema=SCHEMA)],
                outputs=[lineage(spent=["total"])],
            )
            for number in range(first, first + count)
        ]

    send_all(batch(0, 3))
    with django_assert_max_num_queries(60) as few:
        send_all(batch(10, 2))
    with django_assert_max_num_queries(len(few) + 2):
        send_all(batch(100, 50))
    assert Asset.objects.filter(type="PIPELINE").count() == 55


def test_everything_is_on_the_trail(send, bob_member):
    send(run_event(outputs=[dataset("public.spending")]))
    told = AuditEvent.objects.values_list("entity_type", "action", "user_name")
    assert sorted(told) == [("ASSET", "CREATE", "Bob")] * 2 + [("RELATIONSHIP", "CREATE", "Bob")]
    assert Origin.objects.get().type == "openlineage"
