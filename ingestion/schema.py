"""Background tasks as GraphQL types, queries, mutations and what a subscription tells of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import strawberry
from strawberry.scalars import JSON

from accounts.actor import Actor
from catalog.asking import key_of, page_keys, window
from catalog.schema_inputs import Pagination
from catalog.schema_loading import Info
from contracts.errors import NotFound
from ingestion.models import Job, JobStatus, JobType
from ingestion.services import bulk, jobs

TaskStatus = strawberry.enum(JobStatus, name="TaskStatus")
TaskType = strawberry.enum(JobType, name="TaskType")


@strawberry.type
class TaskError:
    code: str
    message: str


@strawberry.type(description="One run of anything in the background.")
class BackgroundTask:
    id: strawberry.ID
    type: JobType
    status: JobStatus
    priority: int
    progress: int
    phase: str
    payload: JSON | None
    result: JSON | None
    error: TaskError | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


@strawberry.type
class TaskProgress:
    task_id: strawberry.ID
    status: JobStatus
    progress: int
    phase: str
    done: int
    total: int | None
    result: JSON | None
    error: TaskError | None


@strawberry.input
class TaskFilter:
    status: JobStatus | None = None
    type: JobType | None = None


@strawberry.input
class TaskInput:
    type: JobType
    priority: int | None = strawberry.field(default=5, description="0 to 9; the highest is taken first.")
    payload: JSON | None = None


@strawberry.type
class TaskQuery:
    @strawberry.field
    async def task(self, info: Info, id: strawberry.ID) -> BackgroundTask | None:
        return task_of(await info.context.run(get_job, id))

    @strawberry.field
    async def tasks(
        self, info: Info, filter: TaskFilter | None = None, pagination: Pagination | None = None
    ) -> list[BackgroundTask | None] | None:
        found = await info.context.run(_tasks, filter or TaskFilter(), pagination or Pagination())
        return [task_of(job) for job in found]


@strawberry.type
class TaskMutation:
    @strawberry.mutation
    async def create_task(self, info: Info, input: TaskInput) -> BackgroundTask | None:
        return task_of(await info.context.write(_create, input))

    @strawberry.mutation(description="A waiting task ends at once, a running one at its next step.")
    async def cancel_task(self, info: Info, id: strawberry.ID) -> bool | None:
        await info.context.write(_cancel, id)
        return True


def get_job(actor: Actor, value: str) -> Job:
    """The background task of this id. Raises NotFound."""
    job = Job.objects.visible_to(actor).filter(pk=key_of(value, "task")).first()
    if job is None:
        raise NotFound(resource="task", task_id=value)
    return job


def task_of(job: Job) -> BackgroundTask:
    return BackgroundTask(
        id=strawberry.ID(str(job.pk)),
        type=JobType(job.type),
        status=JobStatus(job.status),
        priority=job.priority,
        progress=job.progress,
        phase=job.phase,
        payload=JSON(job.payload),
        result=_json(job.result),
        error=_error(job.error),
        created_at=job.created_at,
        started_at=job.started_at,
        finished_at=job.finished_at,
    )


def progress_of(event: dict[str, Any]) -> TaskProgress:
    """A `task.progress` event as its GraphQL type."""
    return TaskProgress(
        task_id=strawberry.ID(event["task_id"]),
        status=JobStatus(event["status"]),
        progress=event["progress"],
        phase=event["phase"],
        done=event["done"],
        total=event["total"],
        result=_json(event.get("result")),
        error=_error(event.get("error")),
    )


def _error(error: dict[str, Any] | None) -> TaskError | None:
    return TaskError(code=str(error["code"]), message=str(error["message"])) if error else None


def _json(value: Any) -> JSON | None:
    return None if value is None else JSON(value)


def _tasks(actor: Actor, wanted: TaskFilter, part: Pagination) -> list[Job]:
    limit, offset = window(*part.window)
    found = Job.objects.visible_to(actor).order_by("-created_at", "-id")
    if wanted.status:
        found = found.filter(status=wanted.status.value)
    if wanted.type:
        found = found.filter(type=wanted.type.value)
    return list(found.filter(pk__in=page_keys(found, limit, offset)))


def _create(actor: Actor, given: TaskInput) -> Job:
    data = {
        "type": given.type.value,
        "priority": 5 if given.priority is None else given.priority,
        "payload": given.payload,
    }
    return bulk.create_job(actor=actor, data=data)


def _cancel(actor: Actor, value: str) -> None:
    jobs.cancel(actor=actor, job=get_job(actor, value))
