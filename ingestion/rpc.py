"""The gRPC services of data sources and templates (`metastore.ingestion.v1`), and the metadata service's tasks.

A call takes the actor and the request's message and gives the answer's.
"""

from __future__ import annotations

from typing import Any, TypeVar

from django.db.models import QuerySet

from accounts.actor import Actor
from catalog.asking import key_of, uuid_of
from catalog.protos import metadata_pb2
from catalog.rpc import Call, seconds
from catalog.structs import from_struct, to_struct
from contracts.errors import BadRequest, NotFound
from ingestion.connectors.registry import connector_types
from ingestion.models import DataSource, Job, SourceStatus, Template
from ingestion.protos import ingestion_pb2 as pb
from ingestion.rpc_shared import choice, fill_outcome, page_of, set_texts
from ingestion.services import bulk, sources, templates

Rows = TypeVar("Rows", bound=QuerySet[Any])

# Background tasks of the metadata service --------------------------------------------------------


def create_job(actor: Actor, request: metadata_pb2.CreateTaskRequest) -> metadata_pb2.BackgroundTask:
    data: dict[str, Any] = {"type": request.type, "payload": from_struct(request.payload)}
    if request.HasField("priority"):
        data["priority"] = request.priority
    return job_message(bulk.create_job(actor=actor, data=data))


def get_job(actor: Actor, request: metadata_pb2.GetTaskRequest) -> metadata_pb2.BackgroundTask:
    key = key_of(request.id, "task")
    job = Job.objects.visible_to(actor).filter(pk=key).first()
    if job is None:
        raise NotFound(resource="task", task_id=request.id)
    return job_message(job)


def job_message(job: Job) -> metadata_pb2.BackgroundTask:
    message = metadata_pb2.BackgroundTask(
        id=str(job.pk),
        type=job.type,
        status=job.status,
        progress=job.progress,
        created_at=seconds(job.created_at),
        started_at=seconds(job.started_at),
        finished_at=seconds(job.finished_at),
        priority=job.priority,
        phase=job.phase,
        payload=to_struct(job.payload),
    )
    fill_outcome(message, job)
    return message


# Data sources ------------------------------------------------------------------------------------


def list_sources(actor: Actor, request: pb.ListDataSourcesRequest) -> pb.ListDataSourcesResponse:
    found = DataSource.objects.visible_to(actor)
    if request.type:
        found = _of_type(found, request.type)
    if request.status:
        found = found.filter(status=choice("status", request.status, SourceStatus.values))
    if request.name:
        found = found.filter(name__icontains=request.name)
    rows, paging = page_of(found.order_by("name", "pk"), request)
    return pb.ListDataSourcesResponse(data_sources=map(source_message, rows), **paging)


def _of_type(found: Rows, wanted: str) -> Rows:
    """Those of a type: of one that there is a connector for, or that a row was left of. Raises BadRequest."""
    rows = found.filter(type=wanted)
    if wanted not in connector_types() and not rows.exists():
        choice("type", wanted, connector_types())
    return rows


def create_source(actor: Actor, request: pb.CreateDataSourceRequest) -> pb.DataSource:
    data = {name: getattr(request, name) for name in ("name", "type", "description", "status")}
    data = {name: value for name, value in data.items() if value}
    config, tags = from_struct(request.config), list(request.tags)
    return source_message(sources.create_data_source(actor=actor, data={**data, "config": config, "tags": tags}))


def get_source(actor: Actor, request: pb.GetDataSourceRequest) -> pb.DataSource:
    return source_message(sources.get_data_source(actor, request.id))


def update_source(actor: Actor, request: pb.UpdateDataSourceRequest) -> pb.DataSource:
    changes = set_texts(request, "name", "description", "status")
    if request.HasField("config"):
        changes["config"] = from_struct(request.config)
    if request.HasField("tags"):
        changes["tags"] = list(request.tags.names)
    source = sources.get_data_source(actor, request.id)
    return source_message(sources.update_data_source(actor=actor, source=source, changes=changes))


def delete_source(actor: Actor, request: pb.DeleteDataSourceRequest) -> metadata_pb2.Empty:
    sources.delete_data_source(actor=actor, source=sources.get_data_source(actor, request.id))
    return metadata_pb2.Empty()


def test_source(actor: Actor, request: pb.TestConnectionRequest) -> pb.TestConnectionResponse:
    result = sources.test_connection(actor=actor, source=sources.get_data_source(actor, request.id))
    return pb.TestConnectionResponse(
        success=result.success,
        message=result.message,
        latency=result.latency_ms,
        server_info=result.server_info,
        version=result.version,
        code=result.code,
    )


def batch_status(actor: Actor, request: pb.BatchUpdateStatusRequest) -> pb.BatchUpdateStatusResponse:
    if len(request.ids) > 1000:
        raise BadRequest(fields={"ids": ["At most 1,000."]})
    result = sources.set_status(actor=actor, ids=request.ids, status=request.status)
    return pb.BatchUpdateStatusResponse(
        total=result.total,
        success=result.success,
        failed=result.total - result.success,
        errors=[pb.BatchError(**error) for error in result.errors],
    )


def source_message(source: DataSource) -> pb.DataSource:
    return pb.DataSource(
        id=str(source.pk),
        name=source.name,
        type=source.type,
        description=source.description,
        status=source.status,
        status_message=source.status_message,
        config=to_struct(source.config),
        tags=source.tags,
        server_version=source.server_version,
        tested_at=seconds(source.tested_at),
        created_at=seconds(source.created_at),
        updated_at=seconds(source.updated_at),
    )


DATA_SOURCES: dict[str, Call] = {
    "ListDataSources": list_sources,
    "CreateDataSource": create_source,
    "GetDataSource": get_source,
    "UpdateDataSource": update_source,
    "DeleteDataSource": delete_source,
    "TestConnection": test_source,
    "BatchUpdateStatus": batch_status,
}
METADATA: dict[str, Call] = {"CreateTask": create_job, "GetTask": get_job}
"""What this app adds to the metadata service."""


# Templates ---------------------------------------------------------------------------------------


def list_templates(actor: Actor, request: pb.ListTemplatesRequest) -> pb.ListTemplatesResponse:
    found = Template.objects.visible_to(actor)
    if request.type:
        found = _of_type(found, request.type)
    rows, paging = page_of(found.order_by("name", "pk"), request)
    return pb.ListTemplatesResponse(templates=map(template_message, rows), **paging)


def create_template(actor: Actor, request: pb.CreateTemplateRequest) -> pb.Template:
    data: dict[str, Any] = {"name": request.name, "type": request.type, "description": request.description}
    data["config_template"] = from_struct(request.config_template)
    return template_message(templates.create_template(actor=actor, data=data))


def get_template(actor: Actor, request: pb.TemplateRequest) -> pb.Template:
    return template_message(_template(actor, request.id))


def update_template(actor: Actor, request: pb.UpdateTemplateRequest) -> pb.Template:
    changes = set_texts(request, "name", "description")
    if request.HasField("config_template"):
        changes["config_template"] = from_struct(request.config_template)
    template = _template(actor, request.id)
    return template_message(templates.update_template(actor=actor, template=template, changes=changes))


def delete_template(actor: Actor, request: pb.TemplateRequest) -> metadata_pb2.Empty:
    templates.delete_template(actor=actor, template=_template(actor, request.id))
    return metadata_pb2.Empty()


def apply_template(actor: Actor, request: pb.ApplyTemplateRequest) -> pb.DataSource:
    data: dict[str, Any] = {"name": request.name, "config_overrides": from_struct(request.config_overrides)}
    if request.description:
        data["description"] = request.description
    if request.tags:
        data["tags"] = list(request.tags)
    template = _template(actor, request.id)
    return source_message(templates.apply_template(actor=actor, template=template, data=data))


def template_message(template: Template) -> pb.Template:
    return pb.Template(
        id=str(template.pk),
        name=template.name,
        type=template.type,
        description=template.description,
        config_template=to_struct(template.config_template),
        created_at=seconds(template.created_at),
        updated_at=seconds(template.updated_at),
    )


def _template(actor: Actor, value: str) -> Template:
    key = uuid_of(value)
    found = Template.objects.visible_to(actor).filter(pk=key).first() if key else None
    if found is None:
        raise NotFound(resource="template", template_id=value)
    return found


TEMPLATES: dict[str, Call] = {
    "ListTemplates": list_templates,
    "CreateTemplate": create_template,
    "GetTemplate": get_template,
    "UpdateTemplate": update_template,
    "DeleteTemplate": delete_template,
    "ApplyTemplate": apply_template,
}
