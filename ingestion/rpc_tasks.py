"""The gRPC services `TaskService` and `WatchService` of `metastore.ingestion.v1`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from django.db.models import F
from django.db.models.functions import Coalesce
from google.protobuf.message import Message

from accounts.actor import Actor
from accounts.watching import Look, Watch
from catalog.asking import key_of, uuid_of
from catalog.models import Asset
from catalog.protos import metadata_pb2
from catalog.rpc import Call, seconds, shown
from catalog.structs import from_struct, to_struct
from contracts.errors import BadRequest, NotFound
from ingestion.models import CollectionTask, CollectionType, Job, JobStatus, TaskStatus
from ingestion.protos import ingestion_pb2 as pb
from ingestion.rpc_shared import choice, fill_outcome, page_of, set_texts
from ingestion.services import collections

Stream = Callable[[Actor, Any], Watch[Message]]
EXECUTION_STATUSES = {
    JobStatus.PENDING: "pending",
    JobStatus.RUNNING: "running",
    JobStatus.COMPLETED: "success",
    JobStatus.FAILED: "failed",
    JobStatus.CANCELLED: "cancelled",
}
"""A job's status in the words of the collection contract."""


def list_tasks(actor: Actor, request: pb.ListTasksRequest) -> pb.ListTasksResponse:
    found = CollectionTask.objects.visible_to(actor)
    if request.datasource_id:
        key = uuid_of(request.datasource_id)
        found = found.filter(data_source=key) if key else found.none()
    if request.status:
        found = found.filter(status=choice("status", request.status, TaskStatus.values))
    if request.type:
        found = found.filter(type=choice("type", request.type, CollectionType.values))
    rows, paging = page_of(found.order_by("name", "pk"), request)
    return pb.ListTasksResponse(tasks=map(task_message, rows), **paging)


def create_task(actor: Actor, request: pb.CreateTaskRequest) -> pb.Task:
    names = ("name", "datasource_id", "type", "scheduler_type")
    data: dict[str, Any] = {name: value for name in names if (value := getattr(request, name))}
    data["config"] = from_struct(request.config)
    if request.HasField("schedule"):
        data["schedule"] = _schedule(request.schedule)
    return task_message(collections.create_task(actor=actor, data=data))


def get_task(actor: Actor, request: pb.TaskRequest) -> pb.Task:
    return task_message(collections.get_task(actor, request.id))


def update_task(actor: Actor, request: pb.UpdateTaskRequest) -> pb.Task:
    changes = set_texts(request, "name", "type", "scheduler_type")
    if request.HasField("config"):
        changes["config"] = from_struct(request.config)
    if request.HasField("schedule"):
        changes["schedule"] = _schedule(request.schedule)
    task = collections.get_task(actor, request.id)
    return task_message(collections.update_task(actor=actor, task=task, changes=changes))


def delete_task(actor: Actor, request: pb.TaskRequest) -> metadata_pb2.Empty:
    collections.delete_task(actor=actor, task=collections.get_task(actor, request.id))
    return metadata_pb2.Empty()


def execute_task(actor: Actor, request: pb.TaskRequest) -> pb.Execution:
    task = collections.get_task(actor, request.id)
    return execution_message(collections.execute_task(actor=actor, task=task))


def list_executions(actor: Actor, request: pb.ListExecutionsRequest) -> pb.ListExecutionsResponse:
    task = collections.get_task(actor, request.task_id)
    jobs = Job.objects.filter(task=task).annotate(began=Coalesce("started_at", F("created_at")))
    if request.status:
        words = {word: status for status, word in EXECUTION_STATUSES.items()}
        jobs = jobs.filter(status=words[choice("status", request.status, list(words))])
    if request.start_time:
        jobs = jobs.filter(began__gte=_moment("start_time", request.start_time))
    if request.end_time:
        jobs = jobs.filter(began__lte=_moment("end_time", request.end_time))
    rows, paging = page_of(jobs.order_by("-created_at", "-pk"), request)
    return pb.ListExecutionsResponse(executions=map(execution_message, rows), **paging)


def get_execution(actor: Actor, request: pb.ExecutionRequest) -> pb.Execution:
    return execution_message(_execution(actor, request.execution_id))


def watch_execution(actor: Actor, request: pb.WatchExecutionRequest) -> Watch[Message]:
    job = _execution(actor, request.execution_id)

    def look() -> Look[Message]:
        now = _execution(actor, str(job.pk))
        return Look(execution_message(now), JobStatus(now.status).is_final)

    return Watch(job.organization_id, (f"task.progress:{job.pk}",), look)


def watch_asset(actor: Actor, request: pb.WatchAssetRequest) -> Watch[Message]:
    key = key_of(request.asset_id, "asset")
    message = shown(actor, key)
    organization = Asset.objects.values_list("organization_id", flat=True).get(pk=key)
    began: list[metadata_pb2.Asset] = [message]

    def look() -> Look[Message]:
        last = began[-1]
        try:
            now = shown(actor, key)
        except NotFound:
            return Look(pb.AssetEvent(event="DELETE", asset=last), True)
        event = "CURRENT" if now.version == message.version else "UPDATE"
        began[:] = [now]
        return Look(pb.AssetEvent(event=event, asset=now), False)

    def concerns(event: dict[str, Any]) -> bool:
        # A large batch is told only as lists of ids.
        return "ids" not in event or (not event["told_singly"] and str(key) in event["ids"])

    return Watch(organization, (f"asset.updates:{key}", "asset.updates"), look, concerns)


def _execution(actor: Actor, value: str) -> Job:
    key = uuid_of(value)
    job = Job.objects.visible_to(actor).filter(pk=key, task__isnull=False).first() if key else None
    if job is None:
        raise NotFound(resource="execution", execution_id=value)
    return job


def execution_message(job: Job) -> pb.Execution:
    message = pb.Execution(
        execution_id=str(job.pk),
        task_id=str(job.task_id or ""),
        status=EXECUTION_STATUSES[JobStatus(job.status)],
        start_time=seconds(job.started_at or job.created_at),
        end_time=seconds(job.finished_at),
        duration=job.duration or 0.0,
        progress=job.progress,
        phase=job.phase,
        attempts=job.attempts,
        trigger=str(job.payload.get("trigger", "manual")),
    )
    fill_outcome(message, job)
    return message


def task_message(task: CollectionTask) -> pb.Task:
    return pb.Task(
        id=str(task.pk),
        name=task.name,
        datasource_id=str(task.data_source_id),
        type=task.type,
        config=to_struct(task.config),
        schedule=pb.Schedule(**task.schedule) if task.schedule else None,
        scheduler_type=task.scheduler_type,
        status=task.status,
        next_run_at=seconds(task.next_run_at),
        created_at=seconds(task.created_at),
        updated_at=seconds(task.updated_at),
    )


def _changed(change: Callable[..., CollectionTask]) -> Call:
    def call(actor: Actor, request: pb.TaskRequest) -> pb.Task:
        return task_message(change(actor=actor, task=collections.get_task(actor, request.id)))

    return call


TASKS: dict[str, Call] = {
    "ListTasks": list_tasks,
    "CreateTask": create_task,
    "GetTask": get_task,
    "UpdateTask": update_task,
    "DeleteTask": delete_task,
    "StartTask": _changed(collections.start_task),
    "StopTask": _changed(collections.stop_task),
    "PauseTask": _changed(collections.pause_task),
    "ResumeTask": _changed(collections.resume_task),
    "ExecuteTask": execute_task,
    "ListExecutions": list_executions,
    "GetExecution": get_execution,
}
TASK_STREAMS: dict[str, Stream] = {"WatchExecution": watch_execution}
WATCH_STREAMS: dict[str, Stream] = {"WatchAsset": watch_asset}


def _schedule(schedule: pb.Schedule) -> dict[str, Any]:
    names = ("type", "cron_expr", "timezone", "interval", "run_at")
    return {name: value for name in names if (value := getattr(schedule, name))}


def _moment(name: str, value: int) -> datetime:
    try:
        return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        raise BadRequest(fields={name: ["It must be seconds since 1970."]}) from None
