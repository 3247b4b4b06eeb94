"""GraphQL subscriptions: the events that the sockets at `/v1/ws` hear, as GraphQL types."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import strawberry
from channels.layers import get_channel_layer

from accounts import live
from accounts.actor import Actor
from catalog import models
from catalog.asking import key_of
from catalog.schema import Asset, asset_of
from catalog.schema_loading import Info
from contracts.errors import NotFound
from ingestion.models import Job, JobStatus
from ingestion.schema import TaskProgress, get_job, progress_of
from ingestion.services.jobs import event_of


@strawberry.type
class Subscription:
    @strawberry.subscription(description="The asset after each change; null once it is deleted, and that is the end.")
    async def asset_updated(self, info: Info, asset_id: strawberry.ID) -> AsyncGenerator[Asset | None, None]:
        key = key_of(asset_id, "asset")
        organization = await info.context.run(_organization_of, key)
        # A large batch is told only as lists of ids.
        async with heard(organization, f"asset.updates:{key}", "asset.updates") as events:
            async for event in events:
                if "ids" in event and (event["told_singly"] or str(key) not in event["ids"]):
                    continue
                info.context.forget()
                try:
                    yield asset_of(await info.context.assets.load(key))
                except NotFound:
                    yield None
                    return

    @strawberry.subscription(description="How the task stands, then each step of it until it ends.")
    async def task_progress(self, info: Info, task_id: strawberry.ID) -> AsyncGenerator[TaskProgress | None, None]:
        job = await info.context.run(get_job, task_id)
        async with heard(job.organization_id, f"task.progress:{job.pk}") as events:
            event = await info.context.run(_state_of, job)
            yield progress_of(event)
            while not JobStatus(event["status"]).is_final:
                event = await anext(events)
                yield progress_of(event)


@asynccontextmanager
async def heard(organization_id: UUID, *topics: str) -> AsyncIterator[AsyncIterator[dict[str, Any]]]:
    """The organization's events of these topics, from now on."""
    layer = get_channel_layer()
    channel = await layer.new_channel()
    groups = [live.group_name(organization_id, topic) for topic in topics]
    for group in groups:
        await layer.group_add(group, channel)

    async def events() -> AsyncIterator[dict[str, Any]]:
        while True:
            message = await layer.receive(channel)
            yield message["event"]

    try:
        yield events()
    finally:
        for group in groups:
            await layer.group_discard(group, channel)


def _organization_of(actor: Actor, key: UUID) -> UUID:
    found = models.Asset.objects.visible_to(actor).filter(pk=key).values_list("organization_id", flat=True).first()
    if found is None:
        raise NotFound(resource="asset", asset_id=str(key))
    return found


def _state_of(actor: Actor, job: Job) -> dict[str, Any]:
    job.refresh_from_db()
    return event_of(job)
