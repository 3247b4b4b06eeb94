"""What a socket can follow, and who may: each channel finds its thing through `visible_to`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any, ClassVar
from uuid import UUID

from django.conf import settings
from django.contrib.auth import get_user
from django.http import HttpRequest

from accounts.actor import Actor
from accounts.authentication import session_actor
from accounts.models import Organization, User
from catalog.live import AssetEvent, asset_updated
from catalog.models import Asset, AssetType
from catalog.records import read_by_id
from contracts.errors import Invalid, NotFound, Unauthenticated
from ingestion.models import Job
from ingestion.services.jobs import event_of

ALL_ASSETS = "asset.updates"
"""The topic of everything that changes in an organization's catalog, as lists of ids."""


@dataclass(frozen=True, slots=True)
class Subscription(ABC):
    """What one socket follows on a channel: the thing with this id, or all of them where the channel has that."""

    id: UUID | None
    of: str = ""
    """A type of assets, or an organization, where the channel has that."""
    channel: ClassVar[str]
    id_name: ClassVar[str]
    follows_all: ClassVar[bool] = False

    @property
    def topic(self) -> str:
        if self.of:
            return f"{self.channel}/{self.of}"
        return self.channel if self.id is None else f"{self.channel}:{self.id}"

    @property
    def topics(self) -> tuple[str, ...]:
        """The topics to listen to for it."""
        return (self.topic,)

    @property
    def named(self) -> dict[str, Any]:
        """How the socket's answers name it."""
        of = {"asset_type": self.of} if self.of else {}
        return {"channel": self.channel} | of | ({self.id_name: str(self.id)} if self.id else {})

    @abstractmethod
    def organization_for(self, actor: Actor) -> UUID:
        """The organization whose events these are. Raises NotFound where the actor does not see the thing."""

    def state_for(self, actor: Actor) -> dict[str, Any] | None:
        """The event that says how it stands now; None where only changes are told."""
        return None


class AssetUpdates(Subscription):
    channel = ALL_ASSETS
    id_name = "asset_id"
    follows_all = True

    @property
    def topics(self) -> tuple[str, ...]:
        # A large batch is told as lists only: `changes_among` finds this asset there.
        return (self.topic, ALL_ASSETS) if self.id else (self.topic,)

    def organization_for(self, actor: Actor) -> UUID:
        if self.id is None:
            return actor.tenant
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
        return event_of(self._job(actor))

    def _job(self, actor: Actor) -> Job:
        job = Job.objects.visible_to(actor).filter(pk=str(self.id)).first()
        if job is None:
            raise NotFound(f"Task with id '{self.id}' not found", resource="task", task_id=str(self.id))
        return job


class SourceUpdates(Subscription):
    """What a publisher publishes, as the registry contract follows it: public, or the actor's own."""

    channel = "source_updates"
    id_name = "source_id"
    follows_all = True

    @property
    def topics(self) -> tuple[str, ...]:
        return (self.channel,)

    @property
    def named(self) -> dict[str, Any]:
        return {"channel": self.channel, "filter": {"organization": self.of}}

    def organization_for(self, actor: Actor) -> UUID:
        found = Organization.objects.readable_by(actor).by_slug(self.of).values_list("pk", flat=True).first()
        if found is None:
            raise NotFound(f"Organization '{self.of}' not found", resource="organization", organization=self.of)
        return found


CHANNELS: dict[str, type[Subscription]] = {kind.channel: kind for kind in (AssetUpdates, TaskProgress, SourceUpdates)}


def subscription(message: dict[str, Any]) -> Subscription:
    """What a message wants to follow, or no longer. Raises Invalid."""
    channel = message.get("channel")
    kind = CHANNELS.get(channel) if isinstance(channel, str) else None
    if kind is None:
        raise Invalid(f"'channel' must be one of {', '.join(CHANNELS)}")
    if kind is SourceUpdates:
        return SourceUpdates(None, _organization_in(message))
    if kind is AssetUpdates and message.get("asset_type") is not None:
        return AssetUpdates(None, _type_in(message))
    given = message.get(kind.id_name)
    if given is None and kind.follows_all:
        return kind(None)
    try:
        return kind(UUID(given))
    except (ValueError, TypeError, AttributeError):
        raise Invalid(f"'{kind.id_name}' must be a UUID") from None


def _organization_in(message: dict[str, Any]) -> str:
    wanted = message.get("filter")
    slug = wanted.get("organization") if isinstance(wanted, dict) else None
    if not isinstance(slug, str) or not slug:
        raise Invalid('\'filter\' must name an organization: {"organization": "uniprot"}')
    return slug


def _type_in(message: dict[str, Any]) -> str:
    kind = message["asset_type"]
    if message.get("asset_id") is not None or not isinstance(kind, str) or kind not in AssetType.values:
        raise Invalid(f"'asset_type' must be one of {', '.join(AssetType.values)}, and stand without 'asset_id'")
    return str(kind)


def changes_among(event: dict[str, Any], followed: Collection[str]) -> list[dict[str, Any]]:
    """For each followed topic of one asset that a list of changes holds, its own event, with the asset as it is now."""
    ids = {UUID(each) for each in event["ids"] if f"{ALL_ASSETS}:{each}" in followed}
    return [asset_updated(AssetEvent(event["event"], record)) for record in read_by_id(ids)] if ids else []


def browser_actor(session_key: str) -> Actor:
    """The actor signed in to the admin under this session. Raises Unauthenticated."""
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(session_key)
    user = get_user(request)
    if not isinstance(user, User):
        raise Unauthenticated("The session has ended: sign in again")
    # As on the admin's pages, where a superuser sees every organization.
    return replace(session_actor(request, user, door="websocket"), sees_all=user.is_superuser)
