"""Collection tasks and their executions as the collection contract speaks of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import F, QuerySet
from django.db.models.functions import Coalesce
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.permissions import actor_of
from audit.models import AuditEvent
from contracts.collection import Collection
from contracts.errors import NotFound
from contracts.filtering import ChoicesFilter, MomentFilter
from contracts.serializers import Strict, Text
from contracts.views import ListsAndRetrieves, uuid_of
from ingestion import differences
from ingestion.api.shared import IdFilter
from ingestion.models import CollectionTask, CollectionType, Job, JobLog, JobStatus, SchedulerType, TaskStatus
from ingestion.services import collections

EXECUTION_STATUSES = {
    JobStatus.PENDING: "pending",
    JobStatus.RUNNING: "running",
    JobStatus.COMPLETED: "success",
    JobStatus.FAILED: "failed",
    JobStatus.CANCELLED: "cancelled",
}
"""A job's status in the words of this contract."""
_JOB_STATUSES = {word: status for status, word in EXECUTION_STATUSES.items()}


class TaskFilters(filters.FilterSet):  # type: ignore[misc]
    datasource_id = IdFilter("data_source", help_text="Only the tasks of this data source.")
    status = ChoicesFilter(choices=TaskStatus.choices, help_text="Only these statuses.")
    type = ChoicesFilter(choices=CollectionType.choices, help_text="Only these types.")


class ExecutionFilters(filters.FilterSet):  # type: ignore[misc]
    status = ChoicesFilter(choices=_JOB_STATUSES, method="in_status", help_text="Only these statuses.")
    start_time = MomentFilter("began", "gte", help_text="Began then or later.")
    end_time = MomentFilter("began", "lte", help_text="Began then or earlier.")

    def in_status(self, jobs: QuerySet[Job], name: str, value: list[str]) -> QuerySet[Job]:
        return jobs.filter(status__in=[_JOB_STATUSES[word] for word in value])


class ChangeFilters(filters.FilterSet):  # type: ignore[misc]
    kind = ChoicesFilter(choices=differences.KINDS, help_text="Only what did this.")


class TaskSerializer(serializers.ModelSerializer[CollectionTask]):
    datasource_id = serializers.UUIDField(source="data_source_id")

    class Meta:
        model = CollectionTask
        fields = [
            "id",
            "name",
            "datasource_id",
            "type",
            "config",
            "schedule",
            "scheduler_type",
            "status",
            "next_run_at",
            "created_at",
            "updated_at",
        ]
        read_only_fields = fields


class TaskBody(Strict):
    """A task as a client sends it."""

    name = Text(max_length=200)
    datasource_id = Text(max_length=100)
    type = serializers.ChoiceField(CollectionType.values, required=False)
    config = serializers.DictField(required=False)
    schedule = serializers.DictField(required=False)
    scheduler_type = serializers.ChoiceField(SchedulerType.values, required=False)


class ExecutionSerializer(serializers.Serializer[Job]):
    execution_id = serializers.UUIDField(source="pk")
    task_id = serializers.UUIDField()
    status = serializers.SerializerMethodField()
    start_time = serializers.SerializerMethodField(help_text="When it began; while it waits, when it was asked for.")
    end_time = serializers.DateTimeField(source="finished_at", allow_null=True)
    duration = serializers.FloatField(allow_null=True, help_text="Seconds.")
    progress = serializers.IntegerField(help_text="Per cent.")
    phase = serializers.CharField()
    attempts = serializers.IntegerField()
    trigger = serializers.SerializerMethodField()
    result = serializers.DictField(allow_null=True, help_text="Counts and warnings.")
    error = serializers.DictField(allow_null=True, help_text="code and message")

    def get_status(self, job: Job) -> str:
        return EXECUTION_STATUSES[JobStatus(job.status)]

    def get_start_time(self, job: Job) -> str:
        field = serializers.DateTimeField()
        return str(field.to_representation(job.started_at or job.created_at))

    def get_trigger(self, job: Job) -> str:
        return str(job.payload.get("trigger", "manual"))


class LineSerializer(serializers.Serializer[Any]):
    at = serializers.DateTimeField()
    level = serializers.ChoiceField(["info", "warning", "error"])
    message = serializers.CharField()
    object = serializers.CharField(help_text="What it is about; may be empty.")


class ChangeCounts(serializers.Serializer[Any]):
    appeared = serializers.IntegerField()
    changed = serializers.IntegerField()
    renamed = serializers.IntegerField()
    vanished = serializers.IntegerField()


class ExecutionDetail(ExecutionSerializer):
    """One run with its lines, its error in full, and how many assets it changed."""

    changes = ChangeCounts(help_text="Which they are is at `…/changes`.")
    lines = LineSerializer(many=True)
    lines_left_out = serializers.IntegerField(help_text="Lines of the middle of a long run, which are not kept.")
    error_detail = serializers.CharField(help_text="The error with all that caused it; empty where there was none.")


class ExecutionChange(serializers.Serializer[AuditEvent]):
    kind = serializers.ChoiceField(differences.KINDS)
    asset_id = serializers.UUIDField(source="entity_id")
    qualified_name = serializers.CharField(source="entity_name")
    former_name = serializers.SerializerMethodField(help_text="What it was called, where it was renamed.")
    version = serializers.IntegerField(source="entity_version")
    fields_changed = serializers.SerializerMethodField()

    def get_former_name(self, event: AuditEvent) -> str | None:
        before = event.before_state or {}
        name = before.get("qualified_name")
        return None if name is None or name == event.entity_name else str(name)

    def get_fields_changed(self, event: AuditEvent) -> list[str]:
        return differences.fields_changed(event)


class ExecuteAnswer(serializers.Serializer[Job]):
    execution_id = serializers.UUIDField()
    task_id = serializers.UUIDField()
    status = serializers.ChoiceField(list(_JOB_STATUSES))
    start_time = serializers.DateTimeField()


class TaskViews(ListsAndRetrieves[CollectionTask]):
    resource = "task"
    queryset = CollectionTask.objects.none()
    serializer_class: Any = TaskSerializer
    filterset_class = TaskFilters

    def get_queryset(self) -> QuerySet[CollectionTask]:
        return CollectionTask.objects.visible_to(actor_of(self.request))

    def get_serializer_class(self) -> Any:
        sends = self.request is not None and self.action in {"create", "update"}
        return TaskBody if sends else self.serializer_class

    def create(self, request: Request) -> Response:
        task = collections.create_task(actor=actor_of(request), data=self.validated())
        return Response(TaskSerializer(task).data, status=201)

    def update(self, request: Request, pk: str) -> Response:
        changes = self.validated(partial=True)
        task = collections.update_task(actor=actor_of(request), task=self.get_object(), changes=changes)
        return Response(TaskSerializer(task).data)


@extend_schema_view(
    create=extend_schema(request=TaskBody, responses={201: TaskSerializer}),
    update=extend_schema(request=TaskBody, responses=TaskSerializer),
)
class CollectionTasks(Collection, TaskViews):
    """What is collected from a data source, and when."""

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: str) -> Response:
        collections.delete_task(actor=actor_of(request), task=self.get_object())
        return self.deleted()

    @extend_schema(request=None, responses=TaskSerializer)
    @action(detail=True, methods=["post"])
    def start(self, request: Request, pk: str) -> Response:
        """Let its schedule run it."""
        return self._changed(collections.start_task)

    @extend_schema(request=None, responses=TaskSerializer)
    @action(detail=True, methods=["post"])
    def stop(self, request: Request, pk: str) -> Response:
        """Let its schedule rest and cancel the run that waits or runs."""
        return self._changed(collections.stop_task)

    @extend_schema(request=None, responses=TaskSerializer)
    @action(detail=True, methods=["post"])
    def pause(self, request: Request, pk: str) -> Response:
        """Let its schedule rest; a run that is under way goes on."""
        return self._changed(collections.pause_task)

    @extend_schema(request=None, responses=TaskSerializer)
    @action(detail=True, methods=["post"])
    def resume(self, request: Request, pk: str) -> Response:
        """Let the schedule of a paused task run it again."""
        return self._changed(collections.resume_task)

    @extend_schema(request=None, responses={202: ExecuteAnswer})
    @action(detail=True, methods=["post"])
    def execute(self, request: Request, pk: str) -> Response:
        """Run it now, whatever its schedule says."""
        job = collections.execute_task(actor=actor_of(request), task=self.get_object())
        whole = ExecutionSerializer(job).data
        return Response({name: whole[name] for name in ExecuteAnswer().fields}, status=202)

    @extend_schema(operation_id="collection_tasks_executions", responses=ExecutionSerializer(many=True))
    @action(detail=True, methods=["get"], filterset_class=ExecutionFilters)
    def executions(self, request: Request, pk: str) -> Response:
        """The task's runs, newest first."""
        jobs: Any = Job.objects.filter(task=self.get_object()).annotate(began=Coalesce("started_at", F("created_at")))
        rows: Any = self.paginate_queryset(self.filter_queryset(jobs))
        return self.get_paginated_response(ExecutionSerializer(rows, many=True).data)

    @extend_schema(operation_id="collection_tasks_execution", responses=ExecutionDetail)
    @action(detail=True, methods=["get"], url_path="executions/(?P<execution_id>[^/]+)")
    def execution(self, request: Request, pk: str, execution_id: str) -> Response:
        """One run of the task, with its lines and its error in full."""
        job = self._execution(execution_id)
        log = JobLog.objects.filter(job=job).first() or JobLog(job=job)
        told = {
            "changes": differences.count_changes(actor_of(request), job),
            "lines": log.lines,
            "lines_left_out": log.left_out,
            "error_detail": log.error,
        }
        return Response({**ExecutionSerializer(job).data, **told})

    @extend_schema(
        operation_id="collection_tasks_execution_changes",
        responses=ExecutionChange(many=True),
    )
    @action(
        detail=True,
        methods=["get"],
        url_path="executions/(?P<execution_id>[^/]+)/changes",
        filterset_class=ChangeFilters,
    )
    def execution_changes(self, request: Request, pk: str, execution_id: str) -> Response:
        """The assets that a run changed: what appeared, changed, was renamed, vanished."""
        events: Any = differences.changes_of(actor_of(request), self._execution(execution_id))
        rows: Any = self.paginate_queryset(self.filter_queryset(events))
        return self.get_paginated_response(ExecutionChange(rows, many=True).data)

    def _execution(self, execution_id: str) -> Job:
        run_id = uuid_of(execution_id)
        job = Job.objects.filter(task=self.get_object(), pk=run_id).first() if run_id else None
        if job is None:
            raise NotFound(resource="execution", execution_id=execution_id)
        return job

    def _changed(self, change: Callable[..., CollectionTask]) -> Response:
        task = change(actor=actor_of(self.request), task=self.get_object())
        return Response(TaskSerializer(task).data)
