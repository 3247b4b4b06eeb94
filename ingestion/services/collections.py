"""Collection tasks: made, changed, started and stopped, and run."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any, TypeVar
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import TextChoices

from accounts.actor import Actor
from accounts.checks import as_line
from accounts.models import Role
from audit.services import Change, record_many
from contracts.errors import Conflict, Invalid, NotFound
from ingestion.connectors.own import OWN_TYPES, is_own
from ingestion.connectors.registry import get_connector
from ingestion.models import (
    CollectionTask,
    CollectionType,
    DataSource,
    Job,
    JobStatus,
    JobType,
    SchedulerType,
    SourceStatus,
    TaskStatus,
)
from ingestion.services import jobs
from ingestion.services.delegation import delegate, is_delegated, redelegate, withdraw, workflow_of
from ingestion.services.dolphinscheduler import Workflow
from ingestion.services.fields import read_name, read_text, refuse_unknown
from ingestion.services.schedules import set_next_run
from ingestion.services.sources import get_data_source
from ingestion.services.task_settings import check_schedule, merge_task_config

Choice = TypeVar("Choice", bound=TextChoices)

FIELDS = {"name", "datasource_id", "type", "config", "schedule", "scheduler_type"}


def snapshot(task: CollectionTask) -> dict[str, Any]:
    """The whole state for the trail."""
    return {
        "name": task.name,
        "data_source": str(task.data_source_id),
        "type": task.type,
        "config": task.config,
        "schedule": task.schedule,
        "scheduler_type": task.scheduler_type,
        "status": task.status,
    }


@transaction.atomic
def create_task(*, actor: Actor, data: Mapping[str, Any]) -> CollectionTask:
    """A new task from `name`, `datasource_id`, `type` and, as wanted, `config`, `schedule`, `scheduler_type`.

    One whose schedule is `immediate` is run at once. Raises Invalid (fields named), Conflict (the name is taken, or
    the scheduler refuses), Unavailable (the scheduler does not answer).
    """
    actor.require(Role.EDITOR)
    refuse_unknown(data, FIELDS)
    source = _source_of(actor, data)
    task = CollectionTask(
        organization_id=source.organization_id,
        data_source=source,
        created_by_id=actor.user_id,
        name=read_name(data, resource="task"),
        type=_choice(data, "type", CollectionType, CollectionType.FULL),
        config=merge_task_config(data.get("config", {})),
        schedule=check_schedule(data.get("schedule")),
        scheduler_type=_choice(data, "scheduler_type", SchedulerType, SchedulerType.BUILTIN),
    )
    _refuse_profile(task)
    set_next_run(task)
    _save(task)
    _record(actor, "CREATE", task, before=None)
    if task.schedule.get("type") == "immediate":
        execute_task(actor=actor, task=task)
    if is_delegated(task):
        delegate(actor=actor, task=task)
    return task


@transaction.atomic
def update_task(*, actor: Actor, task: CollectionTask, changes: Mapping[str, Any]) -> CollectionTask:
    """Change what is named: `config` is merged (a null removes a setting), `schedule` is replaced.

    One whose schedule becomes `immediate` is run at once, as a new one is. Raises Invalid, Conflict, NotFound,
    Unavailable (another scheduler does not answer).
    """
    task = _locked(actor, task)
    refuse_unknown(changes, FIELDS)
    before, former = snapshot(task), _workflow_if_delegated(task)
    if "datasource_id" in changes and str(changes["datasource_id"]) != str(task.data_source_id):
        raise Invalid(fields={"datasource_id": ["A task stays with its data source. Make a new one."]})
    if "name" in changes:
        task.name = read_name(changes, task.name, resource="task")
    if "config" in changes:
        task.config = merge_task_config(changes["config"], task.config)
    if "schedule" in changes:
        task.schedule = check_schedule(changes["schedule"])
    task.type = _choice(changes, "type", CollectionType, CollectionType(task.type))
    task.scheduler_type = _choice(changes, "scheduler_type", SchedulerType, SchedulerType(task.scheduler_type))
    if task.type != before["type"]:
        _refuse_profile(task)
    if snapshot(task) != before:
        if any(getattr(task, name) != before[name] for name in ("schedule", "scheduler_type")):
            set_next_run(task)
        _save(task)
        _record(actor, "UPDATE", task, before=before)
        if task.schedule != before["schedule"] and task.schedule.get("type") == "immediate":
            execute_task(actor=actor, task=task)
        _tell_scheduler(actor, task, former)
    return task


def _workflow_if_delegated(task: CollectionTask) -> Workflow | None:
    return workflow_of(task) if is_delegated(task) else None


def _tell_scheduler(actor: Actor, task: CollectionTask, former: Workflow | None) -> None:
    """Bring the other scheduler up to a task that was saved; `former` is what it is there now."""
    if former is None and is_delegated(task):
        delegate(actor=actor, task=task)
    elif former is not None and is_delegated(task):
        if workflow_of(task) != former:
            redelegate(task=task, former=former)
    elif former is not None:
        withdraw(actor=actor, task=task)
        task.save(update_fields=["external", "external_secret"])


@transaction.atomic
def delete_task(*, actor: Actor, task: CollectionTask) -> None:
    """Delete the task and the record of its runs. Raises Conflict while it runs."""
    task = _locked(actor, task)
    if task.jobs.filter(status=JobStatus.RUNNING).exists():
        raise Conflict("The task is running: stop it first", resource="task", task_id=str(task.pk))
    before, pk = snapshot(task), task.pk
    task.delete()
    change = Change("DELETE", "COLLECTION_TASK", pk, before["name"], before, None)
    record_many(actor, [change], organization_id=task.organization_id)
    if is_delegated(task):
        withdraw(actor=actor, task=task)


def start_task(*, actor: Actor, task: CollectionTask) -> CollectionTask:
    """Let its schedule run it."""
    return _set_status(actor, task, TaskStatus.ACTIVE, after=set(TaskStatus))


def stop_task(*, actor: Actor, task: CollectionTask) -> CollectionTask:
    """Let its schedule rest, and cancel the run that waits or runs."""
    with transaction.atomic():
        task = _set_status(actor, task, TaskStatus.STOPPED, after=set(TaskStatus))
        for job in task.jobs.filter(status__in=(JobStatus.PENDING, JobStatus.RUNNING)):
            with suppress(Conflict):  # it has ended by itself meanwhile
                jobs.cancel(actor=actor, job=job)
    return task


def pause_task(*, actor: Actor, task: CollectionTask) -> CollectionTask:
    """Let its schedule rest; the run that is under way goes on. Raises Conflict for a stopped task."""
    return _set_status(actor, task, TaskStatus.PAUSED, after={TaskStatus.ACTIVE, TaskStatus.PAUSED})


def resume_task(*, actor: Actor, task: CollectionTask) -> CollectionTask:
    """Let the schedule of a paused task run it again. Raises Conflict for a stopped one."""
    return _set_status(actor, task, TaskStatus.ACTIVE, after={TaskStatus.ACTIVE, TaskStatus.PAUSED})


def execute_task(*, actor: Actor, task: CollectionTask) -> Job:
    """Queue a run now, whatever the schedule says.

    Raises Conflict when one waits or runs already, or the source is inactive.
    """
    _ensure_ready(actor, task)
    called_back = actor.api_key_id is not None and str(actor.api_key_id) == task.external.get("api_key")
    payload = _payload(task, "dolphinscheduler" if called_back else "manual")
    return jobs.enqueue(actor=actor, type=JobType.COLLECTION, payload=payload, task=task)


def begin_here(*, actor: Actor, task: CollectionTask) -> Job:
    """A run that this process itself carries out (a command in the foreground)."""
    _ensure_ready(actor, task)
    payload = {"trigger": "command", "retries": 0}
    return jobs.begin(actor=actor, type=JobType.COLLECTION, payload=payload, task=task)


def collect_now(*, actor: Actor, source: DataSource) -> Job:
    """Queue a full collection of the source."""
    return execute_task(actor=actor, task=full_collection_of(actor=actor, source=source))


@transaction.atomic
def full_collection_of(*, actor: Actor, source: DataSource) -> CollectionTask:
    """The source's first full-collection task; made when missing."""
    source = get_data_source(actor, source.pk)
    actor.require(Role.EDITOR)
    task = source.tasks.filter(type=CollectionType.FULL).order_by("created_at", "id").first()
    if task is None:
        name, number = f"Full collection of {as_line(source.name)}"[:190], 1
        taken = set(CollectionTask.objects.filter(organization=source.organization_id).values_list("name", flat=True))
        while (unique := name if number == 1 else f"{name} {number}") in taken:
            number += 1
        task = create_task(actor=actor, data={"name": unique, "datasource_id": str(source.pk)})
    return task


def get_task(actor: Actor, task_id: str | UUID) -> CollectionTask:
    """The task of this id. Raises NotFound, also for what is no id at all."""
    try:
        return CollectionTask.objects.visible_to(actor).select_related("data_source").get(pk=task_id)
    except (CollectionTask.DoesNotExist, ValidationError, ValueError):
        raise _not_found(task_id) from None


def _not_found(task_id: str | UUID) -> NotFound:
    return NotFound(f"Task with id '{task_id}' not found", resource="task", id=str(task_id))


def _payload(task: CollectionTask, trigger: str) -> dict[str, Any]:
    return {"trigger": trigger, "retries": task.config.get("retry_count", 0)}


def _ensure_ready(actor: Actor, task: CollectionTask) -> None:
    actor.require(Role.EDITOR)
    source = get_task(actor, task.pk).data_source
    if source.status == SourceStatus.INACTIVE:
        raise Conflict(
            f"The data source '{source.name}' is inactive: activate it first",
            resource="task",
            data_source_id=str(source.pk),
        )


@transaction.atomic
def _set_status(actor: Actor, task: CollectionTask, status: TaskStatus, *, after: set[TaskStatus]) -> CollectionTask:
    task = _locked(actor, task)
    if task.status not in after:
        raise Conflict(f"The task is {task.status}: start it first", resource="task", task_id=str(task.pk))
    if task.status != status:
        before, former = snapshot(task), _workflow_if_delegated(task)
        task.status = status
        set_next_run(task)
        _save(task)
        _record(actor, "UPDATE", task, before=before)
        _tell_scheduler(actor, task, former)
    return task


def _locked(actor: Actor, task: CollectionTask) -> CollectionTask:
    found = CollectionTask.objects.visible_to(actor).select_for_update().filter(pk=task.pk).first()
    if found is None:
        raise _not_found(task.pk)
    actor.require(Role.EDITOR)
    return found


def _source_of(actor: Actor, data: Mapping[str, Any]) -> DataSource:
    source_id = read_text(data, "datasource_id", 100, required=True)
    try:
        return get_data_source(actor, source_id)
    except NotFound as error:
        raise Invalid(fields={"datasource_id": [error.message]}) from None


def _refuse_profile(task: CollectionTask) -> None:
    """Raise Invalid for a task that would profile what cannot be profiled: it could only fail."""
    source = task.data_source
    if task.type != CollectionType.PROFILE or get_connector(source.type).can_profile(source.config):
        return
    is_ours = source.type in OWN_TYPES and is_own(source.config)
    what = "The application's own database is" if is_ours else f"Data sources of type '{source.type}' are"
    raise Invalid(fields={"type": [f"{what} not profiled: choose another type of task."]})


def _choice(data: Mapping[str, Any], name: str, choices: type[Choice], default: Choice) -> Choice:
    value = data.get(name, default)
    try:
        return choices(value)
    except ValueError:
        raise Invalid(fields={name: [f"It must be one of {', '.join(str(one) for one in choices)}."]}) from None


def _save(task: CollectionTask) -> None:
    try:
        with transaction.atomic():
            task.save()
    except IntegrityError:
        raise Conflict(f"A task named '{task.name}' exists already", resource="task", name=task.name) from None


def _record(actor: Actor, action: str, task: CollectionTask, before: dict[str, Any] | None) -> None:
    change = Change(action, "COLLECTION_TASK", task.pk, task.name, before, snapshot(task))
    record_many(actor, [change], organization_id=task.organization_id)
