"""Collection tasks: what is collected, how, and when."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.timesince import timeuntil
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from accounts.actor import Actor
from accounts.admin_base import DomainForm, TenantAdmin, badge, posted
from accounts.admin_lists import DropdownFilter, VisibleFilter
from accounts.models import Role
from ingestion.admin.charts import RUNS_DRAWN, duration_chart
from ingestion.admin.runs import run_url
from ingestion.admin.schedules import SCHEDULES, schedule_from
from ingestion.admin.schema_forms import fields_of, settings_from, told
from ingestion.models import CollectionTask, CollectionType, DataSource, Job, SchedulerType, TaskStatus
from ingestion.services.collections import (
    create_task,
    delete_task,
    execute_task,
    pause_task,
    resume_task,
    start_task,
    stop_task,
    update_task,
)
from ingestion.services.delegation import is_delegated
from ingestion.services.dolphinscheduler import is_set_up
from ingestion.services.schedules import in_words
from ingestion.services.task_settings import TASK_CONFIG_SCHEMA

RUNS_LISTED = 10
STATUS_KINDS = {TaskStatus.ACTIVE: "success", TaskStatus.PAUSED: "warning", TaskStatus.STOPPED: ""}


def _only_for(*kinds: str, widget: type[Any] = UnfoldAdminTextInputWidget, **attrs: str) -> Any:
    """A widget whose row is shown for these kinds of schedule only."""
    return widget(attrs={"data-show-for": f"schedule_type:{','.join(kinds)}", **attrs})


class TaskForm(DomainForm):
    """A schedule is one of a few kinds, each with its own fields; only those are shown."""

    schedule_type = forms.ChoiceField(choices=SCHEDULES, required=False, label="When", widget=UnfoldAdminSelectWidget())
    schedule_run_at = forms.CharField(
        required=False,
        label="At",
        widget=_only_for("once", placeholder="2026-01-31T02:00:00Z"),
        help_text="With a time zone.",
    )
    schedule_cron_expr = forms.CharField(
        required=False,
        label="Cron",
        widget=_only_for("cron", placeholder="0 2 * * *"),
        help_text="Minute, hour, day of month, month, day of week.",
    )
    schedule_timezone = forms.CharField(
        required=False,
        label="Time zone",
        widget=_only_for("cron", placeholder="UTC"),
        help_text="Such as Asia/Shanghai.",
    )
    schedule_interval = forms.IntegerField(
        required=False,
        min_value=10,
        label="Every",
        widget=_only_for("interval", widget=UnfoldAdminIntegerFieldWidget),
        help_text="Seconds, at least 10.",
    )

    class Meta:
        model = CollectionTask
        fields = ("name", "data_source", "type", "scheduler_type")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for key, value in self.instance.schedule.items():
            self.initial[f"schedule_{key}"] = value


class TaskStatusFilter(DropdownFilter):
    title = "status"
    parameter_name = "status"
    options = TaskStatus.choices

    def queryset(self, request: HttpRequest, queryset: QuerySet[CollectionTask]) -> QuerySet[CollectionTask]:
        return queryset.filter(status=self.value()) if self.value() else queryset


class TaskTypeFilter(DropdownFilter):
    title = "type"
    parameter_name = "type"
    options = CollectionType.choices

    def queryset(self, request: HttpRequest, queryset: QuerySet[CollectionTask]) -> QuerySet[CollectionTask]:
        return queryset.filter(type=self.value()) if self.value() else queryset


class TaskSourceFilter(VisibleFilter):
    title = "data source"
    parameter_name = "data_source"
    model = DataSource


@admin.register(CollectionTask)
class CollectionTaskAdmin(TenantAdmin[CollectionTask]):
    form = TaskForm
    change_form_template = "cartulary/task.html"
    list_display = ("name", "data_source", "type", "when", "state", "one_click")
    list_filter = (TaskStatusFilter, TaskTypeFilter, TaskSourceFilter)
    list_select_related = ("data_source", "organization")
    ordering = ("name",)
    search_fields = ("name", "data_source__name")
    reader_fieldsets = ((None, {"fields": ("name", "data_source", "type", "settings")}),)

    def visible_to(self, actor: Actor) -> QuerySet[CollectionTask]:
        return CollectionTask.objects.visible_to(actor)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        own = fields_of(TASK_CONFIG_SCHEMA, obj.config if obj else {})
        kwargs["form"] = type("TaskFormWithSettings", (TaskForm,), dict(own))
        return super().get_form(request, obj, change=change, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is not None and not self.has_change_permission(request, obj):
            return self.reader_fieldsets
        when = [name for name in TaskForm.base_fields if name.startswith("schedule_")]
        how = list(fields_of(TASK_CONFIG_SCHEMA, obj.config if obj else {}))
        if is_set_up() or (obj and is_delegated(obj)):
            when.append("scheduler_type")
        return [
            (None, {"fields": ["name", "data_source", "type"]}),
            ("When it runs", {"fields": when}),
            ("What it collects", {"fields": how, "classes": ["collapse"]}),
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("data_source", "settings") if obj else ()

    def create(self, actor: Actor, form: Any) -> CollectionTask:
        data = form.cleaned_data
        return create_task(
            actor=actor,
            data={
                "name": data["name"],
                "datasource_id": str(data["data_source"].pk),
                "type": data["type"],
                "scheduler_type": data.get("scheduler_type") or SchedulerType.BUILTIN,
                "config": settings_from(TASK_CONFIG_SCHEMA, data, {}),
                "schedule": schedule_from(data),
            },
        )

    def update(self, actor: Actor, obj: CollectionTask, form: Any) -> CollectionTask:
        data = form.cleaned_data
        changes = {name: data[name] for name in ("name", "type", "scheduler_type") if data.get(name)}
        schedule, settings = schedule_from(data), settings_from(TASK_CONFIG_SCHEMA, data, obj.config)
        if schedule != obj.schedule:
            changes["schedule"] = schedule
        if settings:
            changes["config"] = settings
        return update_task(actor=actor, task=obj, changes=changes)

    def remove(self, actor: Actor, obj: CollectionTask) -> None:
        delete_task(actor=actor, task=obj)

    # One click -----------------------------------------------------------------------------------

    def object_views(self) -> Any:
        steps = {"start": start_task, "stop": stop_task, "pause": pause_task, "resume": resume_task}
        return {"run": posted(self.run), **{name: posted(self._step(do)) for name, do in steps.items()}}

    def run(self, request: HttpRequest, task: CollectionTask) -> HttpResponse:
        return HttpResponseRedirect(run_url(execute_task(actor=self.actor(request, task), task=task)))

    def _step(self, do: Any) -> Any:
        def view(request: HttpRequest, task: CollectionTask) -> HttpResponse:
            changed = do(actor=self.actor(request, task), task=task)
            messages.success(request, f"The task is {changed.get_status_display().lower()} now.")
            return HttpResponseRedirect(self.url("change", task.pk))

        return view

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> Any:
        task = self.get_object(request, object_id) if object_id else None
        context = dict(extra_context or {})
        if task is not None:
            runs = list(Job.objects.filter(task=task).order_by("-created_at")[:RUNS_DRAWN])
            context |= {
                "task": task,
                "title": task.name,
                "when": f"{in_words(task.schedule)}{_next(task)}",
                "status_kind": STATUS_KINDS.get(TaskStatus(task.status), ""),
                "runs": runs[:RUNS_LISTED],
                "chart": duration_chart(runs),
                "may_run": self.actor(request).may(Role.EDITOR),
            }
        return super().changeform_view(request, object_id, form_url, context)

    @admin.display(description="What it collects")
    def settings(self, task: CollectionTask) -> SafeString | str:
        return told(TASK_CONFIG_SCHEMA, task.config)

    @admin.display(description="When")
    def when(self, task: CollectionTask) -> str:
        return f"{in_words(task.schedule)}{_next(task)}"

    @admin.display(description="Status")
    def state(self, task: CollectionTask) -> SafeString:
        return badge(task.get_status_display().lower(), STATUS_KINDS.get(TaskStatus(task.status), ""))

    @admin.display(description="Actions")
    def one_click(self, task: CollectionTask) -> SafeString:
        return render_to_string("cartulary/task_buttons.html", {"task": task})


def _next(task: CollectionTask) -> str:
    """`; next in 3 hours`, who keeps the schedule where we do not, nothing for one that no schedule will run."""
    if is_delegated(task):
        return f"; by DolphinScheduler's workflow {task.external.get('workflow', '')}"
    return f"; next in {timeuntil(task.next_run_at, depth=1)}" if task.next_run_at else ""
