"""What a socket can follow, and who may: each channel finds its thing through `visible_to`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from importlib import import_module
from typing import Any, ClassVar
from uuid import UUID

from django.conf import settings
from django.contrib.auth import get_user
from django.http import HttpRequest

from accounts.actor import Actor, member_actor, superuser_actor
from accounts.authentication import session_membership
from accounts.models import User
from catalog.models import Asset
from contracts.errors import NotFound, Unauthenticated
from ingestion.models import Job


@dataclass(frozen=True, slots=True)
class Subscription(ABC):
    """One thing to follow: `channel` and the id under the name that the messages give it."""

    id: UUID
    channel: ClassVar[str]
    id_name: ClassVar[str]

    @property
    def topic(self) -> str:
        return f"{self.channel}:{self.id}"

    @property
    def named(self) -> dict[str, str]:
        """How the socket's answers name it."""
        return {"channel": self.channel, self.id_name: str(self.id)}

    @abstractmethod
    def organization_for(self, actor: Actor) -> UUID:
        """The organization whose events these are. Raises NotFound where the actor does not see the thing."""

    def state_for(self, actor: Actor) -> dict[str, Any] | None:
        """The event that says how it stands now; None where only changes are told."""
        return None


class AssetUpdates(Subscription):
    channel = "asset.updates"
    id_name = "asset_id"

    def organization_for(self, actor: Actor) -> UUID:
        found = Asset.objects.visible_to(actor).filter(pk=self.id).values_list("organization_id", flat=True).first()
        if found is None:
            raise NotFound(f"Asset with id '{self.id}' not found", resource="asset", asset_id=str(self.id))
        return found


class TaskProgress(Subscription):
    channel = "task.progress"
    id_name = "task_id"

    def organization_for(self, actor: Actor) -> UUID:
        return self._job(actor).organization_id

    def state_for(self, actor: Actor) -> dict[str, Any]:
        job = self._job(actor)
        return {
            "type": "task.progress",
            "task_id": str(job.pk),
            "status": job.status,
            "progress": job.progress,
            "phase": job.phase,
            "done": job.done,
            "total": job.total,
        }

    def _job(self, actor: Actor) -> Job:
        job = Job.objects.visible_to(actor).filter(pk=self.id).first()
        if job is None:
            raise NotFound(f"Task with id '{self.id}' not found", resource="task", task_id=str(self.id))
        return job


CHANNELS: dict[str, type[Subscription]] = {kind.channel: kind for kind in (AssetUpdates, TaskProgress)}


def browser_actor(session_key: str) -> Actor:
    """The actor signed in to the admin under this session. Raises Unauthenticated."""
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(session_key)
    user = get_user(request)
    if not isinstance(user, User):
        raise Unauthenticated("The session has ended: sign in again")
    membership = session_membership(request, user)
    if user.is_superuser:
        return superuser_actor(user, membership.organization if membership else None, door="websocket")
    if membership is None:
        raise Unauthenticated("You belong to no organization")
    return member_actor(membership, door="websocket")
