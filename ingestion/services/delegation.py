"""Tasks whose schedule another scheduler keeps: there each is a workflow that calls `POST …/execute` back.

The rows of ours are written first, the other server is asked last, in the same transaction: when it is down or
refuses, nothing of the task was changed on either side.
"""

from __future__ import annotations

import logging
from dataclasses import replace as with_role

from django.conf import settings

from accounts.actor import Actor
from accounts.models import ApiKey, Role
from accounts.services import create_api_key, revoke_api_key
from ingestion.models import CollectionTask, SchedulerType, TaskStatus
from ingestion.services.dolphinscheduler import Refs, Workflow, dolphinscheduler, is_set_up
from ingestion.services.quartz import timing_of
from ingestion.services.secrets import decrypt, encrypt

logger = logging.getLogger(__name__)


def is_delegated(task: CollectionTask) -> bool:
    return task.scheduler_type == SchedulerType.DOLPHINSCHEDULER


def delegate(*, actor: Actor, task: CollectionTask) -> None:
    """Make the workflow of a saved task, with an API key of its own to call back with."""
    with dolphinscheduler() as server:
        timing_of(task.schedule)  # what cannot be said there is told before anything is made
        made = create_api_key(
            actor=_as_admin(actor),
            organization=task.organization,
            name=f"DolphinScheduler: {task.name}"[:200],
            role=Role.EDITOR,
        )
        task.external_secret = encrypt({"key": made.key})
        refs = server.create(workflow_of(task))
    task.external = {**refs, "api_key": str(made.api_key.pk)}
    task.save(update_fields=["external", "external_secret"])


def redelegate(*, task: CollectionTask, former: Workflow) -> None:
    """Bring the workflow of a saved task up to it."""
    with dolphinscheduler() as server:
        refs = server.replace(_refs(task), workflow_of(task), former=former)
    task.external = {**task.external, **refs}
    task.save(update_fields=["external"])


def withdraw(*, actor: Actor, task: CollectionTask) -> None:
    """Delete the workflow and end its key. Where DolphinScheduler is not set up any more, only the key."""
    key = ApiKey.objects.filter(pk=task.external.get("api_key"), organization=task.organization_id).first()
    if key is not None:
        revoke_api_key(actor=_as_admin(actor), api_key=key)
    refs = _refs(task)
    if refs and is_set_up():
        with dolphinscheduler() as server:
            server.delete(refs)
    elif refs:
        logger.warning("The workflow %s of task %s stays in DolphinScheduler", refs["workflow"], task.pk)
    task.external, task.external_secret = {}, ""


def workflow_of(task: CollectionTask) -> Workflow:
    """What the task is as a workflow; its name is unique there and tells which task it is."""
    return Workflow(
        name=f"{task.name[:80]} ({task.pk})",
        description=f"Collects {task.data_source.name} into Cartulary",
        url=f"{settings.PUBLIC_URL.rstrip('/')}/api/v1/tasks/{task.pk}/execute",
        key=str(decrypt(task.external_secret).get("key", "")),
        timing=timing_of(task.schedule),
        is_on=task.status == TaskStatus.ACTIVE,
    )


def _refs(task: CollectionTask) -> Refs:
    return {name: number for name, number in task.external.items() if name in ("workflow", "node", "schedule")}


def _as_admin(actor: Actor) -> Actor:
    """The key is the task's own, and no editor ever sees it: making it takes no administrator."""
    return with_role(actor, role=Role.ADMIN)
