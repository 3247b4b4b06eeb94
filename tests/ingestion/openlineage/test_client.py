"""The public Python client of OpenLineage, as it is, against a server that runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from openlineage.client import OpenLineageClient
from openlineage.client.event_v2 import (
    DatasetEvent,
    InputDataset,
    Job,
    JobEvent,
    OutputDataset,
    Run,
    RunEvent,
    RunState,
    StaticDataset,
)
from openlineage.client.generated import (
    column_lineage_dataset,
    documentation_dataset,
    error_message_run,
    job_type_job,
    nominal_time_run,
    output_statistics_output_dataset,
    ownership_job,
    parent_run,
    schema_dataset,
    sql_job,
    tags_dataset,
)
from openlineage.client.transport.http import HttpConfig, HttpTransport
from openlineage.client.uuid import generate_new_uuid
from requests.exceptions import HTTPError

from accounts.models import Role
from accounts.services import create_api_key
from catalog.models import Asset, Relationship
from ingestion import models
from tests.ingestion.openlineage.conftest import edges, only_run

SERVER = "postgres://db.internal:5432"
WHEN = "2026-01-31T12:0{}:00.123456+00:00"


@pytest.fixture
def connect(transactional_db, live_server, alice_actor, acme) -> Callable[..., OpenLineageClient]:
    """A client of the running server, with an API key of this role."""

    def make(role: Role = Role.EDITOR, **options: Any) -> OpenLineageClient:
        key = create_api_key(actor=alice_actor, organization=acme, name="airflow", role=role).key
        given = {"url": live_server.url, "auth": {"type": "api_key", "apiKey": key}, **options}
        return OpenLineageClient(transport=HttpTransport(HttpConfig.from_dict(given)))

    return make


def run_of(run_id: str, **facets: Any) -> Run:
    return Run(runId=run_id, facets=facets)


def orders() -> InputDataset:
    fields = [
        schema_dataset.SchemaDatasetFacetFields(name="id", type="bigint"),
        schema_dataset.SchemaDatasetFacetFields(name="total", type="numeric", description="With tax"),
    ]
    facets: dict[str, Any] = {"schema": schema_dataset.SchemaDatasetFacet(fields=fields)}
    return InputDataset(namespace=SERVER, name="shop.public.orders", facets=facets)


def spending() -> OutputDataset:
    made_of = column_lineage_dataset.InputField(namespace=SERVER, name="shop.public.orders", field="total")
    fields = {"spent": column_lineage_dataset.Fields(inputFields=[made_of])}
    return OutputDataset(
        namespace=SERVER,
        name="shop.public.spending",
        facets={
            "columnLineage": column_lineage_dataset.ColumnLineageDatasetFacet(fields=fields),
            "documentation": documentation_dataset.DocumentationDatasetFacet(description="By customer"),
            "tags": tags_dataset.TagsDatasetFacet(tags=[tags_dataset.TagsDatasetFacetFields(key="gold", value="true")]),
        },
        outputFacets={
            "outputStatistics": output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet(rowCount=7, size=70)
        },
    )


def load() -> Job:
    facets = {
        "jobType": job_type_job.JobTypeJobFacet(processingType="BATCH", integration="AIRFLOW", jobType="TASK"),
        "sql": sql_job.SQLJobFacet(query="INSERT INTO spending SELECT sum(total) FROM orders"),
        "ownership": ownership_job.OwnershipJobFacet(owners=[ownership_job.Owner(name="team:data")]),
    }
    return Job(namespace="airflow", name="daily.load", facets=facets)


@pytest.mark.parametrize("options", [{}, {"compression": "gzip"}], ids=["plain", "gzip"])
def test_a_run_from_start_to_end(connect, options):
    client = connect(**options)
    run_id = str(generate_new_uuid())
    parent = parent_run.ParentRunFacet(
        run=parent_run.Run(runId=str(generate_new_uuid())), job=parent_run.Job(namespace="airflow", name="daily")
    )
    nominal = nominal_time_run.NominalTimeRunFacet(nominalStartTime="2026-01-31T12:00:00Z")
    started = run_of(run_id, parent=parent, nominalTime=nominal)
    for state, minute, run in ((RunState.START, 1, started), (RunState.COMPLETE, 5, run_of(run_id))):
        client.emit(
            RunEvent(
                eventType=state,
                eventTime=WHEN.format(minute),
                run=run,
                job=load(),
                inputs=[orders()],
                outputs=[spending()],
            )
        )
    job = only_run()
    assert (job.external_id, job.status, job.duration) == (UUID(run_id), "COMPLETED", 240)
    assert job.result == {"inputs": 1, "outputs": 1, "rows_written": 7, "bytes_written": 70}
    root = '"postgres://db.internal:5432".shop.public'
    pipeline = 'airflow."daily.load"'
    assert edges() == {
        ("airflow.daily", "CONTAINS", pipeline),
        (pipeline, "USES", f"{root}.orders"),
        (pipeline, "PRODUCES", f"{root}.spending"),
        (f"{root}.spending", "DEPENDS_ON", f"{root}.orders"),
    }
    assert Relationship.objects.get(type="DEPENDS_ON").metadata["column_mapping"] == {"spent": ["total"]}
    made = Asset.objects.get(name="spending")
    assert (made.type, made.description, [tag.name for tag in made.tags.all()]) == ("TABLE", "By customer", ["gold"])
    assert [element["name"] for element in Asset.objects.get(name="orders").schema] == ["id", "total"]
    assert job.pipeline.metadata["openlineage"]["integration"] == "AIRFLOW"


def test_a_run_that_fails(connect):
    error = error_message_run.ErrorMessageRunFacet(message="disk full", programmingLanguage="PYTHON", stackTrace="at x")
    connect().emit(
        RunEvent(
            eventType=RunState.FAIL,
            eventTime=WHEN.format(1),
            run=run_of(str(generate_new_uuid()), errorMessage=error),
            job=load(),
        )
    )
    assert only_run().error["message"] == "disk full"


def test_job_and_dataset_events(connect):
    client = connect()
    client.emit(JobEvent(eventTime=WHEN.format(1), job=load(), inputs=[orders()], outputs=[spending()]))
    client.emit(
        DatasetEvent(
            eventTime=WHEN.format(2),
            dataset=StaticDataset(
                namespace="s3://lake",
                name="raw/users",
                facets={"documentation": documentation_dataset.DocumentationDatasetFacet(description="As they came")},
            ),
        )
    )
    assert not models.Job.objects.exists()
    assert len(edges()) == 3
    assert Asset.objects.get(name="raw/users").description == "As they came"


def test_client_learns_that_it_may_not(connect):
    with pytest.raises(HTTPError) as refused:
        connect(Role.VIEWER).emit(JobEvent(eventTime=WHEN.format(1), job=load()))
    response: Any = refused.value.response
    assert response.status_code == 403
    assert not Asset.objects.exists()
